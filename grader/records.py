"""Evidence as it is read on the trusted side: what one check handed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dlcore.codec import decode
from dlcore.compare import COMPARISONS, Settings, agree
from dlcore.errors import CodecError
from dlcore.evidence import Outcome
from dlcore.key import SAME_ARGUMENTS

__all__ = ["Record", "match_records", "read_records"]

MAX_LABEL = 200


@dataclass(frozen=True)
class Record:
    """One check: its arguments as described, how it compares, and what came of it."""

    label: str
    call: str
    arguments: Any
    lengths: tuple[int, ...]
    settings: Settings
    outcome: Outcome

    @classmethod
    def from_json(cls, form: Any) -> Record:
        """The record in `form`, which may come from anywhere; raises CodecError."""
        if not isinstance(form, dict) or form.get("version") != 1:
            raise CodecError("This is not evidence of version 1.")
        lengths = form.get("lengths")
        if not isinstance(lengths, list) or not all(type(item) is int for item in lengths):
            raise CodecError("The lengths are not whole numbers.")
        return cls(
            str(form.get("label") or "")[:MAX_LABEL],
            str(form.get("call", ""))[:MAX_LABEL],
            decode(form.get("arguments")),
            tuple(lengths[:32]),
            _settings(form.get("settings")),
            Outcome.from_json(form.get("outcome")),
        )


def _settings(form: Any) -> Settings:
    if not isinstance(form, dict) or form.get("compare") not in COMPARISONS:
        raise CodecError("The settings name no known comparison.")
    rtol, atol = form.get("rtol"), form.get("atol")
    if not isinstance(rtol, int | float) or not (atol is None or isinstance(atol, int | float)):
        raise CodecError("The tolerances are not numbers.")
    return Settings(form["compare"], rtol, atol)


def read_records(evidence: Iterable[Any]) -> list[Record]:
    """The well-formed records in a cell's evidence; others are left out."""
    records = []
    for form in evidence:
        try:
            records.append(Record.from_json(form))
        except (CodecError, RecursionError):
            continue
    return records


def match_records(expected: Sequence[Record], got: Sequence[Record]) -> list[Record | None]:
    """For each expected record the next one got, in order, with the same arguments."""
    matches: list[Record | None] = []
    position = 0
    for want in expected:
        found = next(
            (i for i in range(position, len(got)) if agree(want.arguments, got[i].arguments, SAME_ARGUMENTS)), None
        )
        matches.append(None if found is None else got[found])
        position = position if found is None else found + 1
    return matches
