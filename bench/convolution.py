"""Benchmark the convolution of the lesson on LeNet against loops, SciPy, PyTorch and the machine's limit.

Run with `make bench`, or `python bench/convolution.py` with any Python that
has NumPy; no other part of the course is needed. All implementations do the same
work, in float64 and with one thread, and must give equal results before anything is
timed. PyTorch and SciPy are optional. To compare all:

    python -m venv torchenv
    torchenv/bin/pip install numpy scipy
    torchenv/bin/pip install torch --index-url https://download.pytorch.org/whl/cpu
    torchenv/bin/python bench/convolution.py

The layers are the reference solutions of the lessons `week7/convolution` (loops over
positions) and `week7/lenet` (im2col and one matrix product), read from the built
notebooks in `source/`. The limit is the time of as many multiplications in a large
square matrix product.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded
os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

WEEK = Path(__file__).parent.parent / "source" / "week7"
ROUNDS = 9
INSTALL = "pip install torch scipy   (for this comparison only, best into an environment of its own)"


class Layer(NamedTuple):
    """A convolution to time: the input's shape, the filters' shape, padding; stride 1."""

    name: str
    shape: tuple[int, int, int, int]
    filters: tuple[int, int, int, int]
    pad: int

    @property
    def multiplications(self) -> int:
        """How many there are in the forward pass."""
        m, n_H, n_W, _ = self.shape
        f, _, _, n_C = self.filters
        return m * (n_H + 2 * self.pad - f + 1) * (n_W + 2 * self.pad - f + 1) * n_C * f * f * self.filters[2]


LAYERS = [
    Layer("LeNet, convolution 1", (32, 28, 28, 1), (5, 5, 1, 6), 2),
    Layer("LeNet, convolution 2", (32, 14, 14, 6), (5, 5, 6, 16), 0),
    Layer("3 × 3, 32 to 32 channels", (8, 28, 28, 32), (3, 3, 32, 32), 1),
]
Job = Callable[[], Any]


def solutions(lesson: str) -> dict[str, Any]:
    """The reference solutions of a lesson of week 7, by name."""
    space: dict[str, Any] = {"np": np}
    for cell in json.loads((WEEK / f"{lesson}.ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("solution"):
            exec("".join(cell["source"]), space)
    return space


def optional(name: str) -> Any:
    """A module, or None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def numpy_jobs(space: dict[str, Any], suffix: str, layer: Layer, data: dict[str, Any]) -> tuple[Job, Job]:
    """Forward and backward pass of a lesson's layer."""
    forward, backward = space[f"conv_forward{suffix}"], space[f"conv_backward{suffix}"]
    _, cache = forward(data["A"], data["W"], data["b"], 1, layer.pad)
    return (lambda: forward(data["A"], data["W"], data["b"], 1, layer.pad)[0]), lambda: backward(data["dZ"], cache)


def scipy_jobs(signal: Any, layer: Layer, data: dict[str, Any]) -> tuple[Job, Job | None]:
    """Forward pass by `scipy.signal.correlate`, one call for each example and filter; it has no backward pass."""
    X = np.pad(data["A"], ((0, 0), (layer.pad, layer.pad), (layer.pad, layer.pad), (0, 0)))

    def forward() -> Any:
        maps = [
            [signal.correlate(image, data["W"][..., k], mode="valid")[..., 0] for k in range(layer.filters[3])]
            for image in X
        ]
        return np.array(maps).transpose(0, 2, 3, 1) + data["b"]

    return forward, None


def torch_jobs(torch: Any, layer: Layer, data: dict[str, Any]) -> tuple[Job, Job]:
    """Forward and backward pass of PyTorch; tensors are made before, results are turned into arrays by `as_ours`."""
    torch.set_num_threads(1)

    def tensor(array: Any, axes: tuple[int, ...]) -> Any:
        return torch.from_numpy(np.ascontiguousarray(array.transpose(axes))).requires_grad_()

    A, W = tensor(data["A"], (0, 3, 1, 2)), tensor(data["W"], (3, 2, 0, 1))
    b = torch.from_numpy(data["b"].ravel().copy()).requires_grad_()
    dZ = torch.from_numpy(np.ascontiguousarray(data["dZ"].transpose(0, 3, 1, 2)))
    Z = torch.nn.functional.conv2d(A, W, b, padding=layer.pad)

    def forward() -> Any:
        with torch.no_grad():
            return torch.nn.functional.conv2d(A, W, b, padding=layer.pad)

    return forward, lambda: torch.autograd.grad(Z, (A, W, b), dZ, retain_graph=True)


def as_ours(result: Any) -> list[Any]:
    """Results of any way as a list of arrays with our axes."""
    parts = list(result) if isinstance(result, tuple) else [result]
    if all(isinstance(part, np.ndarray) for part in parts):
        return parts
    arrays = [part.detach().numpy() for part in parts]
    if len(arrays) == 1:
        return [arrays[0].transpose(0, 2, 3, 1)]
    return [arrays[0].transpose(0, 2, 3, 1), arrays[1].transpose(2, 3, 1, 0), arrays[2].reshape(1, 1, 1, -1)]


def shortest(jobs: dict[str, Job]) -> dict[str, float]:
    """The shortest time of each job, in seconds; they take turns, so that all meet the same disturbances."""
    times = dict.fromkeys(jobs, np.inf)
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name] = min(times[name], time.perf_counter() - start)
    return times


def compare(layer: Layer, ways: dict[str, tuple[Job, Job | None]], square: Any) -> None:
    """Check that all ways agree, time them, and print."""
    print(f"\n{layer.name}: {layer.shape}, filters {layer.filters}, pad {layer.pad}")
    for number, direction, work in ((0, "forward", 1), (1, "backward", 2)):
        jobs = {name: job for name, pair in ways.items() if (job := pair[number]) is not None}
        right = as_ours(jobs["fast"]())
        for name, job in jobs.items():
            for ours, theirs in zip(right, as_ours(job()), strict=True):
                np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9, err_msg=f"{name}, {direction}")
        times = shortest({**jobs, "limit": lambda: square @ square})
        times["limit"] *= work * layer.multiplications / len(square) ** 3
        print(f"  {direction}, {work * layer.multiplications / 1e6:.1f} million multiplications; results are equal")
        for name, seconds in times.items():
            print(f"    {name:<8} {1e3 * seconds:9.2f} ms   {seconds / times['fast']:7.2f} × fast", end="")
            print(f"   {seconds / times['limit']:8.2f} × limit")


def main() -> None:
    """Compare all layers."""
    loops, fast = solutions("convolution"), solutions("lenet")
    signal, torch = optional("scipy.signal"), optional("torch")
    for name, module in (("scipy", signal), ("torch", torch)):
        if module is None:
            print(f"{name} is not installed, so it is left out. To compare with it: {INSTALL}")
    rng = np.random.default_rng(0)
    square = rng.normal(size=(512, 512))
    for layer in LAYERS:
        data = {
            "A": rng.normal(size=layer.shape),
            "W": rng.normal(size=layer.filters),
            "b": rng.normal(size=(1, 1, 1, layer.filters[3])),
        }
        data["dZ"] = rng.normal(size=fast["conv_forward_fast"](data["A"], data["W"], data["b"], 1, layer.pad)[0].shape)
        ways: dict[str, tuple[Job, Job | None]] = {
            "loops": numpy_jobs(loops, "", layer, data),
            "fast": numpy_jobs(fast, "_fast", layer, data),
        }
        if signal is not None:
            ways["scipy"] = scipy_jobs(signal, layer, data)
        if torch is not None:
            ways["torch"] = torch_jobs(torch, layer, data)
        compare(layer, ways, square)


main()
