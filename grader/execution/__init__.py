"""Run untrusted cells: the sandbox, warm kernels, resource limits, and the collected evidence."""
