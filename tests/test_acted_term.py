"""A term, acted out with the commands that an instructor types; every number is computed apart, too."""

import pytest

from tests.term.acting import Term


@pytest.mark.slow
@pytest.mark.parametrize(
    ("students", "weeks"),
    [(8, 2), pytest.param(120, 3, marks=[pytest.mark.sweep, pytest.mark.minutes])],
    ids=["small", "whole"],
)
def test_every_number_of_a_term_is_the_one_that_was_computed_apart(tmp_path, students, weeks):
    term = Term(tmp_path / "course", students, weeks, seed=2)
    term.enrol()
    for week in term.weeks:
        term.collect_and_grade(week)
    term.mark()
    assert term.change_points() == []
    assert list(term.differences()) == []
    recall, precision, truth = term.recognised()
    assert truth > students
    assert recall >= 0.9
    assert precision >= 0.95
