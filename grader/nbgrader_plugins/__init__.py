"""The grader as parts of nbgrader's own commands."""
