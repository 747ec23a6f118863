"""One submission: run it, judge the evidence, score it, follow through."""
