"""Warm, single-use, sandboxed kernels.

Starting Python and importing its libraries takes far longer than most
notebooks run. Here one *parent* process does it once, inside a bubblewrap
sandbox. It never runs anybody's code: for each kernel it forks, and the child
moves into namespaces, file systems and limits of its own before it becomes a
kernel. A kernel is used once; everything that it started dies with it.

`WarmParent` is the parent as seen from outside; `WarmProvisioner` offers its
kernels to `jupyter_client`, under the name ``warm-sandbox``::

    spec = KernelSpec(metadata={"kernel_provisioner": {"provisioner_name": "warm-sandbox"}})

Nothing here knows of the course: use it wherever kernels are started often.
"""
