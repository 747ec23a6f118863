"""A sample class that hands in a week, and is graded."""
