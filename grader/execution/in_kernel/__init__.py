"""Code that runs inside a kernel, injected as source; it imports nothing of the grader."""
