"""Evidence as read on the trusted side: one record per check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dlcore.checks.answer_key import SAME_ARGUMENTS
from dlcore.checks.codec import MAX_BYTES, Budget, decode
from dlcore.checks.compare import COMPARISONS, Settings, agree
from dlcore.checks.evidence import Outcome
from dlcore.errors import CodecError

__all__ = ["Record", "evidence_forms", "match_records", "read_records"]

MAX_LABEL = 200
CELL_BYTES = 2 * MAX_BYTES  # of the values in the evidence of one cell
SECONDS = b'"seconds": '  # last in a line of evidence; the only value that differs between equal runs
LAST = re.compile(rb"[0-9.e-]{1,30}\}\}")


@dataclass(frozen=True)
class Record:
    """One check: its described arguments, its comparison settings, and its outcome."""

    label: str
    call: str
    arguments: Any
    lengths: tuple[int, ...]
    settings: Settings
    outcome: Outcome
    form: Any = field(default=None, compare=False, repr=False)

    @cached_property
    def head(self) -> bytes:
        """The line that `check` writes for it, up to the duration; empty unless the duration comes last."""
        head, _, rest = json.dumps(self.form).encode().rpartition(SECONDS)
        return head if LAST.fullmatch(rest) else b""

    @classmethod
    def from_json(cls, form: Any, expected: Sequence[Record] = (), budget: Budget | None = None) -> Record:
        """The record in `form`, which is untrusted; raises CodecError.

        Arguments and outcomes that equal those of an `expected` record, bit for bit,
        are not decoded again: that record's objects are reused.
        """
        if not isinstance(form, dict) or form.get("version") != 1:
            raise CodecError("This is not evidence of version 1.")
        lengths = form.get("lengths")
        if not isinstance(lengths, list) or not all(type(item) is int for item in lengths):
            raise CodecError("The lengths are not whole numbers.")
        arguments, outcome = form.get("arguments"), form.get("outcome")
        like = next((item for item in expected if item.form["arguments"] == arguments), None)
        unchanged = like is not None and _timeless(outcome) == _timeless(like.form["outcome"])
        return cls(
            str(form.get("label") or "")[:MAX_LABEL],
            str(form.get("call", ""))[:MAX_LABEL],
            like.arguments if like is not None else decode(arguments, budget),
            tuple(lengths[:32]),
            _settings(form.get("settings")),
            like.outcome if like is not None and unchanged else Outcome.from_json(outcome, budget),
            form,
        )


def _timeless(outcome: Any) -> Any:
    """An outcome's form without the duration of the call."""
    return {**outcome, "seconds": 0} if isinstance(outcome, dict) else outcome


def _settings(form: Any) -> Settings:
    if not isinstance(form, dict) or form.get("compare") not in COMPARISONS:
        raise CodecError("The settings name no known comparison.")
    rtol, atol = form.get("rtol"), form.get("atol")
    if not isinstance(rtol, int | float) or not (atol is None or isinstance(atol, int | float)):
        raise CodecError("The tolerances are not numbers.")
    return Settings(form["compare"], rtol, atol)


def evidence_forms(evidence: Iterable[Any]) -> Iterator[Any]:
    """A cell's evidence as JSON data; invalid lines are skipped."""
    for item in evidence:
        try:
            yield json.loads(item) if isinstance(item, bytes) else item
        except (ValueError, RecursionError):
            continue


def read_records(evidence: Iterable[Any], expected: Sequence[Record] = ()) -> list[Record]:
    """The well-formed records in a cell's evidence; others are skipped.

    Args:
        evidence: what the kernel sent.
        expected: records read before, most of which will recur. A line equal to one
            of theirs is not parsed; that record is returned for it.
    """
    records = []
    budget = Budget(CELL_BYTES) if expected else None  # what is read first is the reference's, which is trusted
    known = {record.head: record for record in expected}
    for item in evidence:
        like = _known_line(item, known) if isinstance(item, bytes) else None
        if like is not None:
            records.append(like)
            continue
        for form in evidence_forms([item]):
            try:
                records.append(Record.from_json(form, expected, budget))
            except (CodecError, RecursionError):
                continue
    return records


def _known_line(line: bytes, known: dict[bytes, Record]) -> Record | None:
    """The known record whose line equals this one except for the duration."""
    head, _, rest = line.rpartition(SECONDS)
    return known.get(head) if head and LAST.fullmatch(rest) else None


def _same_arguments(want: Record, got: Record) -> bool:
    return got.arguments is want.arguments or agree(want.arguments, got.arguments, SAME_ARGUMENTS)


def match_records(expected: Sequence[Record], got: Sequence[Record]) -> list[Record | None]:
    """For each expected record, in order, the next received one with the same arguments, or None."""
    matches: list[Record | None] = []
    position = 0
    for want in expected:
        found = next(
            (i for i in range(position, len(got)) if _same_arguments(want, got[i])),
            None,
        )
        matches.append(None if found is None else got[found])
        position = position if found is None else found + 1
    return matches
