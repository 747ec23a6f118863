"""Warm, single-use, sandboxed kernels.

Starting Python and importing libraries takes far longer than running most
notebooks. One *parent* process does it once, inside a bubblewrap sandbox. It
never runs student code: it forks a child for each kernel, and the child enters
its own namespaces, mounts its own file systems and sets its limits before it
becomes a kernel. A kernel is used once; every process that it started dies with it.

`WarmParent` controls the parent from outside; `WarmProvisioner` makes its
kernels available to `jupyter_client`, under the name ``warm-sandbox``::

    register()
    spec = KernelSpec(metadata={"kernel_provisioner": {"provisioner_name": "warm-sandbox"}})

This package does not depend on the course and can be used on its own.
"""
