"""Call a function and record its outcome as plain data.

`observe` calls a student's function on copies of the arguments and records what it
returned or raised, and which arguments it changed. The resulting `Outcome` can be
serialised as JSON, so it can be compared in another process.
"""

from __future__ import annotations

import copy
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np

from dlcore.checks.codec import MAX_DEPTH, Budget, decode, encode
from dlcore.checks.raised import place_of
from dlcore.errors import CodecError

__all__ = ["MIME", "Outcome", "OutcomeKind", "bound_names", "describe", "observe"]

MIME = "application/vnd.dlcore.evidence+json"
SMALL = 32  # maximum size of an array that is described by its entries
MAX_DESCRIBED = MAX_DEPTH // 3 - 2  # levels; a description is nested up to three times as deep as the value
MAX_TEXT = 600  # characters kept of an error's message


class OutcomeKind(StrEnum):
    """How a call ended."""

    RETURNED = "returned"
    RAISED = "raised"
    UNATTEMPTED = "unattempted"  # the placeholder was called
    FOREIGN = "foreign"  # the result cannot be compared


@dataclass(frozen=True)
class Outcome:
    """The outcome of one call.

    Attributes:
        kind: how it ended.
        value: the return value.
        error: the class name of the exception, or of a foreign result.
        text: the exception's message, or why the result is foreign.
        where: the line that raised, as text, if known.
        failed: the operands of the operation that raised, if known.
        changed: names of arguments that the call modified.
        shared: names of arguments that the result shares memory with.
        undrawn: names of random generators that the call did not use.
        seconds: the duration of the call.
        form: the value's JSON form, if already computed.
    """

    kind: OutcomeKind
    value: Any = None
    error: str = ""
    text: str = ""
    where: str = ""
    failed: str = ""
    changed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    undrawn: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    form: Any = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON data."""
        form: dict[str, Any] = {"kind": self.kind, "seconds": round(self.seconds, 6)}
        if self.kind == OutcomeKind.RETURNED:
            form["value"] = encode(self.value) if self.form is None else self.form
        form |= {name: text for name in ("error", "text", "where", "failed") if (text := getattr(self, name))}
        return form | {name: list(names) for name in ("changed", "shared", "undrawn") if (names := getattr(self, name))}

    @classmethod
    def from_json(cls, form: Any, budget: Budget | None = None) -> Outcome:
        """The outcome in `form`, which is untrusted; raises CodecError. For `budget` see `decode`."""
        if not isinstance(form, dict) or form.get("kind") not in list(OutcomeKind):
            raise CodecError("This is not an outcome.")
        kind = OutcomeKind(form["kind"])
        seconds = form.get("seconds", 0.0)
        return cls(
            kind,
            decode(form.get("value"), budget) if kind == OutcomeKind.RETURNED else None,
            error=_short(form.get("error")),
            text=_short(form.get("text")),
            where=_short(form.get("where")),
            failed=_short(form.get("failed")),
            changed=_short_names(form.get("changed")),
            shared=_short_names(form.get("shared")),
            undrawn=_short_names(form.get("undrawn")),
            seconds=seconds if isinstance(seconds, float | int) else 0.0,
        )


def _short(text: Any) -> str:
    """The first MAX_TEXT characters, with "?" for lone surrogates, which cannot be encoded."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def _short_names(names: Any) -> tuple[str, ...]:
    return tuple(map(_short, names[:16])) if isinstance(names, list) else ()


def observe(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    quiet: bool = False,
    fresh: bool = False,
) -> Outcome:
    """The outcome of `function(*args, **kwargs)`, called on copies.

    Args:
        function: any callable.
        args, kwargs: its arguments, which are not modified.
        quiet: whether NumPy's overflow, division and invalid-value warnings become errors.
        fresh: whether to record which arguments the result shares memory with.

    Returns:
        The outcome. Exceptions raised by student code become part of it;
        KeyboardInterrupt and SystemExit propagate.
    """
    mine_args, mine_kwargs = _copied(args), _copied(kwargs)
    given = (*mine_args, *mine_kwargs.values())
    states = [_state(arg) for arg in given]
    stance: Literal["raise"] | None = "raise" if quiet else None
    start = time.perf_counter()
    try:
        with np.errstate(over=stance, divide=stance, invalid=stance):
            value = function(*mine_args, **mine_kwargs)
    except Exception as error:  # noqa: BLE001 (any exception of student code is its outcome)
        return _raised(error, time.perf_counter() - start)
    seconds = time.perf_counter() - start
    before = (*args, *kwargs.values())
    places = range(len(given))
    found = (
        [i for i in places if not _same(before[i], given[i])],
        [i for i in places if fresh and _overlap(value, given[i])],
        [i for i in places if states[i] and _same(states[i], _state(given[i]))],
    )
    names = _argument_names(function, args, kwargs) if any(found) else []  # slow to determine
    changed, shared, undrawn = (tuple(names[i] for i in which) for which in found)
    try:
        form = encode(value)
    except CodecError as problem:
        return Outcome(
            OutcomeKind.FOREIGN, error=type(value).__name__, text=str(problem), changed=changed, seconds=seconds
        )
    return Outcome(
        OutcomeKind.RETURNED,
        _copied(value),
        changed=changed,
        shared=shared,
        undrawn=undrawn,
        seconds=seconds,
        form=form,
    )


def _raised(error: Exception, seconds: float) -> Outcome:
    place = place_of(error.__traceback__)
    unattempted = isinstance(error, NotImplementedError)
    return Outcome(
        OutcomeKind.UNATTEMPTED if unattempted else OutcomeKind.RAISED,
        error=type(error).__name__,
        text=_message(error),
        where=_short(place.name if unattempted else place.where),
        failed=_short(place.failed),
        seconds=seconds,
    )


def _message(error: Exception) -> str:
    try:
        return _short(str(error))
    except Exception:  # noqa: BLE001 (`__str__` of a student's exception class may raise)
        return ""


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple | list):
        return type(value)([_copied(item) for item in value]) if type(value) in (tuple, list) else value
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return copy.deepcopy(value) if isinstance(value, np.random.Generator) else value


def _same(old: Any, new: Any) -> bool:
    """Whether an argument is unchanged."""
    if isinstance(old, np.ndarray):
        return (
            isinstance(new, np.ndarray)
            and old.shape == new.shape
            and old.dtype == new.dtype
            and bool(np.array_equal(old, new, equal_nan=old.dtype.kind in "fc"))
        )
    if isinstance(old, tuple | list):
        return isinstance(new, tuple | list) and len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, dict):
        return isinstance(new, dict) and list(old) == list(new) and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, str | bytes | bool | int | float | complex | np.generic | None):
        return type(old) is type(new) and bool(old == new or old != old)
    return True


def _state(value: Any) -> list[Any]:
    """The state of a random generator, which drawing or spawning changes; empty for other values."""
    if not isinstance(value, np.random.Generator):
        return []
    seeds = getattr(value.bit_generator, "seed_seq", None)
    return [value.bit_generator.state, getattr(seeds, "n_children_spawned", 0)]


def _leaves(value: Any, depth: int = 0) -> list[np.ndarray]:
    """The arrays in a value."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list) and depth < MAX_DEPTH:
        return [leaf for item in value for leaf in _leaves(item, depth + 1)]
    return []


def _overlap(result: Any, argument: Any) -> bool:
    return any(np.may_share_memory(a, b) for a in _leaves(result) for b in _leaves(argument))


def _argument_names(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    positional = [named[i] if i < len(named) else f"argument {i + 1}" for i in range(len(args))]
    return [*positional, *kwargs]


def describe(value: Any, depth: int = 0) -> Any:
    """A short description of an argument, equal up to rounding for equal arguments.

    Small arrays are described by their entries, large ones by kind, shape and four
    statistics, random generators by their type, and all functions alike.
    """
    if depth > MAX_DESCRIBED:
        return ("deep",)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        if value.size <= SMALL:
            return ("array", value.dtype.kind, value)
        entries = value.ravel().astype(complex if value.dtype.kind == "c" else float)
        with np.errstate(all="ignore"):
            sums = (entries.mean(), entries.std(), np.abs(entries).max(), entries @ np.cos(np.arange(entries.size)))
        return ("array", value.dtype.kind, value.shape, sums)
    if isinstance(value, tuple | list):
        return (type(value).__name__, [describe(item, depth + 1) for item in value])
    if isinstance(value, dict):
        return ("dict", [(str(key), describe(item, depth + 1)) for key, item in value.items()])
    if value is None or isinstance(value, bool | int | float | complex | str | np.bool_ | np.number):
        return value
    if isinstance(value, np.random.Generator):
        return ("generator", type(value.bit_generator).__name__)
    if isinstance(value, range):
        return ("range", [value.start, value.stop, value.step])
    return ("function",) if callable(value) else ("other", type(value).__name__)


def bound_names(function: Any, namespace: dict[str, Any]) -> list[str]:
    """The names bound to `function` in `namespace`, then its `__name__`."""
    names = [name for name, value in list(namespace.items()) if value is function and not name.startswith("_")]
    own = getattr(function, "__name__", None)
    return [*names, own] if isinstance(own, str) and own not in names else names
