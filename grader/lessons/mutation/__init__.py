"""Mutation testing of the lessons: do the checks notice every small change of a solution?

Every exercise's reference solution is changed in one place at a time, in all
the ways that `operators` knows. Each such mutant is judged by all checks of
the exercise, hidden ones included, as a submission would be. A mutant that
passes them is a *survivor*, unless it also agrees with the reference on many
inputs that the checks do not have: then it is *equivalent*, and no check could
tell it from the reference.
"""

from grader.lessons.mutation.judge import Report, Result, judge_lesson
from grader.lessons.mutation.operators import Mutant, mutants

__all__ = ["Mutant", "Report", "Result", "judge_lesson", "mutants"]
