"""What authors need: parse a lesson, build it, run its reference, audit its checks."""
