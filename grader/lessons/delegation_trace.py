"""Find out which earlier functions give a function's result by themselves; runs inside a kernel.

A function *delegates* to another if, in every call, its arguments reach the other one
unchanged but for their order and shape, or after one operation (+, -, *, /) on two of
them, and the other's result comes back in some order and shape: whoever may call the
other one has next to nothing left to do.

It is injected as source, so it imports nothing from the project.
"""

import contextlib
import copy
import functools
import itertools
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

ROUNDING = 1e-12
OPERATIONS = (np.add, np.subtract, np.multiply, np.true_divide)
SIMPLE = (None, True, False, 0, 1, 2, "")  # values that take no thought


Call = tuple[str, list[Any], list[Any]]  # the function's name, the values that it was given, and those it returned


class DelegationTrace:
    """A record of what a function's calls pass to others and get from them.

    Args:
        namespace: the notebook's names.
        function: the name of the function to observe.
        others: the names of those that it may call.
    """

    def __init__(self, namespace: dict[str, Any], function: str, others: Sequence[str]):
        self.namespace, self.function = namespace, function
        self.others = {name: namespace[name] for name in others if isinstance(namespace.get(name), types.FunctionType)}
        # For each version of the function: what explains all its calls so far, and what gave it more than it was given.
        self.explained: list[set[str]] = []
        self.contributing: list[set[str]] = []
        self.calls: list[Call] = []
        self.observing = False

    def install(self) -> None:
        """Observe the version of the function that is defined now."""
        self.explained.append(set(self.others))
        self.contributing.append(set())
        own = self.namespace[self.function]
        self.namespace.update({name: self._recorded(name, other) for name, other in self.others.items()})
        self.namespace[self.function] = self._observed(own)

    def restore(self) -> None:
        """Put back the functions that were replaced."""
        self.namespace.update(self.others)

    def delegates(self) -> list[str]:
        """The names of functions that explain all calls of one version."""
        return sorted(set[str]().union(*map(set.intersection, self.explained, self.contributing)))

    def _recorded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            sent = leaves(copy.deepcopy((args, kwargs))) if self.observing else []
            result = function(*args, **kwargs)
            if self.observing:
                self.calls.append((name, sent, leaves(copy.deepcopy(result))))
            return result

        return call

    def _observed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.observing:  # it calls itself
                return function(*args, **kwargs)
            given = copy.deepcopy((args, kwargs))
            self.observing, self.calls = True, []
            try:
                result = function(*args, **kwargs)
            finally:
                self.observing = False
            self._learn(given, leaves(result))
            return result

        return call

    def _learn(self, given: Any, result: list[Any]) -> None:
        """Keep what explains one more call, by a call of its own or one with the same arguments."""
        inputs = leaves(given)
        sides = {side for item in inputs if isinstance(item, np.ndarray) for side in item.shape}
        known = [*inputs, *sides, *SIMPLE]
        calls = [*self.calls, *self._direct_calls(given)]
        explaining = {
            name
            for name, sent, got in calls
            if all(is_among(item, [*got, *known]) for item in result)
            and all(is_among(item, known) or is_one_step_from(item, inputs) for item in sent)
        }
        self.explained[-1] &= explaining
        for name, _, got in calls:
            if any(is_among(item, got) and not is_among(item, known) for item in result):
                self.contributing[-1].add(name)

    def _direct_calls(self, given: Any) -> Iterator[Call]:
        for name, function in self.others.items():
            with contextlib.suppress(Exception):
                args, kwargs = copy.deepcopy(given)
                yield name, [], leaves(function(*args, **kwargs))


def leaves(value: Any) -> list[Any]:
    """The arrays, numbers and other values in nested containers."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def is_one_step_from(value: Any, inputs: list[Any]) -> bool:
    """Whether a value is what one operation makes of two of the inputs."""
    numbers = [item for item in inputs if isinstance(item, np.ndarray | float) and np.asarray(item).dtype.kind in "iuf"]
    if not isinstance(value, np.ndarray | float):
        return False
    for operation, (first, second) in itertools.product(OPERATIONS, itertools.product(numbers, repeat=2)):
        with contextlib.suppress(ValueError), np.errstate(all="ignore"):
            if is_among(value, [operation(first, second)]):
                return True
    return False


def are_close(mine: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays agree up to rounding."""
    size = np.abs(np.append(mine, 0)).max()
    return bool(np.allclose(mine.astype(float), other.astype(float), 1e-7, 1e-9 * size + ROUNDING, equal_nan=True))


def is_among(value: Any, others: list[Any]) -> bool:
    """Whether a value is, in some order and shape, one of the others, or an array of one and the same number."""
    if isinstance(value, np.random.Generator):
        return True
    if isinstance(value, np.ndarray | np.number | int | float) and not isinstance(value, bool):
        mine = np.sort(np.ravel(value))
        if isinstance(value, np.ndarray) and mine.size > 1 and abs(mine[-1] - mine[0]) < ROUNDING:
            return True
        numbers = (np.sort(np.ravel(item)) for item in others if isinstance(item, np.ndarray | np.number | int | float))
        return any(mine.shape == other.shape and are_close(mine, other) for other in numbers)
    return any(value is other or (type(value) is type(other) and isinstance(value, str)) for other in others)
