"""Code that runs inside a kernel, injected as source; it must not import the grader."""
