"""Parse lessons, build notebooks from them, run the reference, audit the checks."""
