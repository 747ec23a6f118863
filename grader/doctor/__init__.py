"""Check whether this machine can grade safely."""
