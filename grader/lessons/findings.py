"""What was found in a lesson, as an author reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.lessons.audit import AuditRow, Defect
from grader.lessons.finished import FinishedRun
from grader.lessons.mutation import Report
from grader.lessons.sweep import Sweep

__all__ = ["LessonCheck"]

SURVIVORS = 0.01  # the share of wrong mutants that may pass all checks


@dataclass
class LessonCheck:
    """What was found in one lesson.

    Attributes:
        name: week and name of the lesson.
        rows: the audit, exercise by exercise.
        defects: what has to be put right.
        notes: what is worth knowing.
        finished: the run of the finished notebook; None if it was not run.
        sweep: along which dimensions the checks' inputs vary.
        mutants: what became of the mutants; None if they were not judged.
        seconds: the time that each stage took.
    """

    name: str
    rows: list[AuditRow] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    finished: FinishedRun | None = None
    sweep: Sweep | None = None
    mutants: Report | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether nothing has to be put right, and few enough mutants survive."""
        weak = self.mutants and len(self.mutants.survivors) > SURVIVORS * self.mutants.running
        return not self.defects and not weak

    def __str__(self) -> str:
        return "\n\n".join(filter(None, [self.name, self._table(), self._swept(), self._listing(), self._times()]))

    def _table(self) -> str:
        head = ["exercise", "points", "checks", "hidden", "caught", "by name", "accepted", "mutants", "survive"]
        lines = [head]
        for row in self.rows:
            results = [item for item in self.mutants.results if item.exercise == row.exercise] if self.mutants else []
            wrong = [item for item in results if item.verdict in ("caught", "survives")]
            left = sum(item.verdict == "survives" for item in results)
            lines.append(
                [
                    row.exercise,
                    f"{row.points:g}",
                    str(row.visible + row.hidden),
                    str(row.hidden),
                    f"{row.caught} of {row.misconceptions}",
                    str(row.named),
                    f"{row.accepted} of {row.alternatives}" if row.alternatives else "",
                    str(len(wrong)) if results else "",
                    str(left) if results else "",
                ]
            )
        widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
        columns = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
        return "\n".join("  ".join(cells).rstrip() for cells in columns)

    def _swept(self) -> str:
        return str(self.sweep) if self.sweep and self.sweep.places else ""

    def _listing(self) -> str:
        parts = []
        if self.defects:
            parts.append("\n".join([f"To put right ({len(self.defects)}):", *(f"  {item}" for item in self.defects)]))
        survivors = self.mutants.survivors if self.mutants else []
        if survivors:
            text = ["Wrong solutions that pass all checks; an input like the one shown would tell them apart:"]
            for item in survivors:
                text += [f"  {item.path}:{item.line}: {item.exercise}, {item.mutant}", f"    {item.why}"]
            parts.append("\n".join(text))
        unnamed = [(row.exercise, name, said) for row in self.rows for name, said in row.unnamed.items()]
        if unnamed:
            text = ["Misconceptions that no visible check names, and what the student reads instead:"]
            text += [f"  {exercise}, {name}: {said}" for exercise, name, said in unnamed]
            parts.append("\n".join(text))
        if self.notes:
            parts.append("\n".join(["Worth knowing:", *(f"  {note}" for note in self.notes)]))
        left = len(survivors)
        if self.is_right:
            parts.append("Nothing to put right." + (f" ({left} surviving: few enough)" if left else ""))
        elif not self.defects:
            parts.append(f"To put right: {left} surviving, more than one in a hundred.")
        return "\n\n".join(parts)

    def _times(self) -> str:
        return "Time: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
