"""The commands of ``python -m grader``, by who uses them."""
