"""Solutions that are more alike than chance would have it: places to look."""
