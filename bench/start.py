"""Benchmark what users wait for: importing dlcore, and one check.

Run with `make bench`, or `python bench/start.py`.
"""

import statistics
import subprocess
import sys
import time
import timeit

import numpy as np

REPEATS = 15


def seconds_of(code: str) -> float:
    """Median wall-clock time of a fresh interpreter that runs `code`."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    bare, numpy, dlcore = (seconds_of(code) for code in ("pass", "import numpy", "import dlcore"))
    print(f"interpreter                {1000 * bare:6.0f} ms")
    print(f"import numpy               {1000 * (numpy - bare):6.0f} ms")
    ratio = (dlcore - bare) / (numpy - bare)
    print(f"import dlcore, with numpy  {1000 * (dlcore - bare):6.0f} ms   {ratio:.2f} × numpy")

    from dlcore.checks.evidence import observe

    rng = np.random.default_rng(0)
    w, X = rng.normal(size=(20, 1)), rng.normal(size=(20, 50))

    def neuron(w: np.ndarray, X: np.ndarray) -> np.ndarray:
        return np.tanh(w.T @ X)

    call = min(timeit.repeat(lambda: neuron(w, X), number=1000, repeat=5))
    checked = min(timeit.repeat(lambda: observe(neuron, (w, X), {}), number=1000, repeat=5))
    print(f"a call of a small function {1000 * call:6.1f} µs")
    print(f"the same call, observed    {1000 * checked:6.1f} µs   {checked / call:.1f} ×")


main()
