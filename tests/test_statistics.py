"""Item statistics against published numbers, and what is said about exercises that look broken."""

import numpy as np
import pytest

from grader.reports.statistics import alpha, alpha_of_variances, items, reliability
from grader.reports.week_results import ExerciseResult, StudentResult, WeekResults


def test_alpha_is_that_of_bland_and_altman():
    """Statistics notes: Cronbach's alpha, BMJ 314 (1997) 572: ten items, variances 11.16 in all, 77.44 of the sum."""
    assert alpha_of_variances(np.full(10, 1.116), 77.44) == pytest.approx(0.95, abs=0.005)


def test_alpha_of_equal_items_is_1_and_of_independent_ones_near_0():
    column = np.arange(10.0)
    assert alpha(np.stack([column, column, column], axis=1)) == pytest.approx(1)
    independent = np.random.default_rng(0).normal(size=(100_000, 5))
    assert alpha(independent) == pytest.approx(0, abs=0.02)
    parallel = independent + np.random.default_rng(1).normal(size=(100_000, 1))
    assert alpha(parallel) == pytest.approx(5 * 0.5 / (1 + 4 * 0.5), abs=0.01)  # Spearman and Brown


def test_students_with_unknown_results_are_left_out_of_alpha():
    column = np.arange(10.0)
    scores = np.stack([column, column], axis=1)
    assert alpha(np.vstack([scores, [5, np.nan]])) == pytest.approx(1)
    assert alpha(np.ones((5, 3))) is None
    assert alpha(np.ones((1, 3))) is None
    assert alpha(np.ones((5, 1))) is None


def answers(rng, students=200):
    """Right or wrong answers of students of different ability to items that get harder; the last is a coin."""
    ability = rng.normal(size=(students, 1))
    right = (rng.normal(size=(students, 6)) < ability - np.linspace(-1.5, 1.5, 6)).astype(float)
    return np.hstack([right, rng.integers(0, 2, size=(students, 1))])


def test_the_correlation_is_the_point_biserial_one_with_the_rest():
    shares = answers(np.random.default_rng(0))
    found = items("abcdefg", shares, np.ones(7))
    right, rest = shares[:, 2] == 1, np.delete(shares, 2, axis=1).sum(axis=1)
    p = right.mean()
    textbook = (rest[right].mean() - rest[~right].mean()) / rest.std() * np.sqrt(p * (1 - p))
    assert found[2].correlation == pytest.approx(textbook)
    assert found[2].facility == pytest.approx(p)


def test_the_difference_is_that_of_the_upper_and_the_lower_27_per_cent():
    shares = np.stack([np.r_[np.zeros(50), np.ones(50)], np.linspace(0, 1, 100)], axis=1)
    assert items("ab", shares, np.array([1.0, 10.0]))[0].difference == pytest.approx(1)
    reverse = shares[:, ::-1][:, [1, 0]].copy()
    reverse[:, 0] = 1 - reverse[:, 0]
    assert items("ab", reverse, np.array([1.0, 10.0]))[0].difference == pytest.approx(-1)


def test_ties_at_a_groups_border_do_not_depend_on_the_students_order():
    rng = np.random.default_rng(3)
    shares = rng.integers(0, 2, size=(40, 5)).astype(float)
    found = items("abcde", shares, np.ones(5))
    shuffled = items("abcde", rng.permutation(shares), np.ones(5))
    assert [item.difference for item in found] == pytest.approx([item.difference for item in shuffled])


def test_an_exercise_that_measures_something_else_is_called_out():
    shares = answers(np.random.default_rng(0))
    whole = alpha(shares)
    found = items("abcdefg", shares, np.ones(7))
    assert "little to do with the rest" in found[6].remark(whole)
    assert found[2].remark(whole) == ""
    shares[:, 6] = 1 - shares[:, 2]
    assert "may be broken" in items("abcdefg", shares, np.ones(7))[6].remark(whole)
    shares[:, 6] = 0
    assert "Hardly anybody" in items("abcdefg", shares, np.ones(7))[6].remark(whole)


def test_few_students_and_open_answers_are_not_judged():
    found = items("ab", np.array([[1.0, np.nan], [0.5, np.nan]]), np.ones(2))
    assert (found[0].facility, found[0].correlation, found[0].difference) == (0.75, None, None)
    assert (found[1].facility, found[1].graded, found[1].remark(None)) == (None, 0, "")


def test_an_exercise_is_not_called_out_while_answers_wait_or_from_four_students():
    def remark(blank, waiting):
        written = np.r_[np.zeros(blank), np.full(waiting, np.nan)]
        return items("ab", np.stack([np.ones(blank + waiting), written], axis=1), np.ones(2))[1].remark(None)

    assert "Hardly anybody" in remark(blank=7, waiting=0)
    assert remark(blank=7, waiting=5) == ""  # blank answers are known first
    assert "Hardly anybody" in remark(blank=60, waiting=1)  # of one who was ill
    assert remark(blank=4, waiting=0) == ""


def test_reliability_needs_ten_students_whose_answers_are_all_marked():
    column = np.arange(12.0)
    scores = np.stack([column, column], axis=1)
    assert reliability(scores) == pytest.approx(1)
    scores[:3, 1] = np.nan
    assert alpha(scores) == pytest.approx(1)
    assert reliability(scores) is None


def test_shares_are_of_graded_students_and_unknown_where_nobody_has_marked():
    def student(name, score, note=""):
        results = {
            "f": ExerciseResult("f", score, 4.0),
            "written": ExerciseResult("written", None if score < 4 else 3.0, 6.0),
        }
        return StudentResult(name, "", "", score, 10.0, 0.0, "", False, note=note, exercises=results)

    students = [student("a", 4.0), student("b", 1.0), student("c", 0.0, note="nothing handed in")]
    shares = WeekResults("week1", [], {"f": 4.0, "written": 6.0}, students).shares()
    np.testing.assert_array_equal(shares, [[1.0, 0.5], [0.25, np.nan]])
