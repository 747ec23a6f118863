"""Run untrusted cells: sandbox, warm kernels, limits, and the evidence that comes out."""
