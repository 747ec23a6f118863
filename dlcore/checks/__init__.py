"""The implementation of `check`: evidence, codec, comparison, verdict, diagnosis, and the answer key."""
