"""Grade one submission: run it, judge the evidence, score it, follow through."""
