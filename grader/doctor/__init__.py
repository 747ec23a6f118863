"""Whether this machine can grade safely."""
