"""The sweep: along which dimensions do the inputs of an exercise's checks vary?

A wrong solution can pass every check because no input is of the kind that shows
the mistake: no whole numbers, no 300 examples of type uint8, no score with which
exp overflows. `grader.lessons.excuses.DIMENSIONS` lists the kinds. For each exercise
and dimension the sweep says which check covers it, why it cannot apply, which reason
the author gives for leaving it out, or that it is missing.
"""

from grader.lessons.sweep.report import Sweep, sweep_lesson

__all__ = ["Sweep", "sweep_lesson"]
