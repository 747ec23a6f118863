"""Python's collector of garbage, in processes that do nothing but grade."""

import gc

__all__ = ["tune_gc"]


def tune_gc() -> None:
    """Look through young objects less often, and through what is loaded by now never again.

    Nearly nothing here is part of a cycle, and the collector took a quarter of
    the processor time of grading a submission.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
