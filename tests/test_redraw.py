"""Hidden checks get other numbers of the same kind; all else stays as it is written."""

import ast
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader.lessons.hidden_tests import visible_part
from grader.lessons.parser import read_lesson
from grader.offering.decimals import other_numbers
from grader.offering.redraw import KEEP, Amount, redraw

KEY, OTHER = b"a key", b"another key"
CELL = """
rng = np.random.default_rng(7)
check(f, rng.normal(size=(2, 3)), 0.25, label="shown")
### BEGIN HIDDEN TESTS
check(f, rng.normal(size=(5, 1)), label="random")
X, Y = np.array([[0.5, -2.0, 0.0], [0.5, 3.0, 1.0]]), np.array([[0, 1, 2]])
check(f, X, Y, rate=0.125, rtol=1e-3, label="β, written out")
check(f, (784, 20), label="sizes")
### END HIDDEN TESTS
""".strip()


def values(source: str, *names: str) -> list:
    """What is assigned to names in a cell, whose checks do nothing."""
    found = {"np": np, "check": lambda *args, **kwargs: None, "f": None}
    exec(source, found)
    return [found[name] for name in names]


def given_to_check(source: str) -> list:
    """The arguments of each check in a cell."""
    calls: list = []
    exec(source, {"np": np, "check": lambda *args, **kwargs: calls.append((args[1:], kwargs)), "f": None})
    return calls


def test_what_students_see_stays_as_it_is():
    assert visible_part(redraw(CELL, KEY)) == visible_part(CELL)
    assert "label" in visible_part(CELL)
    before, after = given_to_check(CELL)[0], given_to_check(redraw(CELL, KEY))[0]
    assert np.array_equal(before[0][0], after[0][0])
    assert before[1] == after[1]


def test_the_same_key_draws_the_same_and_another_one_others():
    assert redraw(CELL, KEY) == redraw(CELL, KEY) != redraw(CELL, OTHER)


def test_random_numbers_of_hidden_checks_are_drawn_anew():
    before, after = given_to_check(CELL)[1][0][0], given_to_check(redraw(CELL, KEY))[1][0][0]
    assert before.shape == after.shape
    assert not np.isclose(before, after).any()


def test_examples_change_places_together_and_decimals_move_alike():
    X, Y = values(redraw(CELL, KEY), "X", "Y")
    assert sorted(Y[0]) == [0, 1, 2]
    assert list(Y[0]) != [0, 1, 2]
    X = X[:, np.argsort(Y[0])]  # as before
    half, two, three = X[0, 0], -X[0, 1], X[1, 1]
    assert X[1, 0] == half  # still a tie
    assert (X[0, 2], X[1, 2]) == (0, 1)
    assert 0 < half < 1 < two < three
    assert (half, two, three) != (0.5, 2, 3)


def test_tolerances_labels_and_sizes_stay():
    calls = given_to_check(redraw(CELL, KEY))
    assert (calls[2][1]["rtol"], calls[2][1]["label"]) == (1e-3, "β, written out")
    assert 0 < calls[2][1]["rate"] != 0.125
    assert calls[3][0] == ((784, 20),)


def test_less_is_drawn_where_less_is_asked_for():
    assert redraw(CELL, KEY, Amount.NOTHING) == CELL
    assert np.array_equal(values(redraw(CELL, KEY, Amount.SEEDS), "X")[0], values(CELL, "X")[0])
    arrays = given_to_check(redraw(CELL, KEY, Amount.ARRAYS))
    assert arrays[2][1]["rate"] == 0.125
    assert not np.array_equal(arrays[2][0][0], values(CELL, "X")[0])


def test_a_symmetric_matrix_stays_symmetric():
    cell = "### BEGIN HIDDEN TESTS\nA = np.array([[2.5, -3.0], [-3.0, 0.5]])\n### END HIDDEN TESTS"
    (before,), (after,) = values(cell, "A"), values(redraw(cell, KEY), "A")
    assert np.array_equal(after, after.T)
    assert not np.isclose(before, after).any()


def test_a_number_that_the_label_names_stays():
    cell = '### BEGIN HIDDEN TESTS\ncheck(f, 0.2, np.array([[0.2, 0.7]]), label="slope 0.2")\n### END HIDDEN TESTS'
    (call,) = given_to_check(redraw(cell, KEY))
    assert call[0][0] == 0.2
    assert 0.2 in call[0][1]
    assert 0.7 not in call[0][1]


def test_a_line_that_asks_for_it_keeps_its_numbers():
    cell = f"""
rng = np.random.default_rng(7)  {KEEP}
### BEGIN HIDDEN TESTS
X = np.array([[0.5, 2.5]])  {KEEP}
Z = np.array([[0.5, 2.5]])
a = rng.normal()
### END HIDDEN TESTS
""".strip()
    before, after = values(cell, "X", "Z", "a"), values(redraw(cell, KEY), "X", "Z", "a")
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])
    assert before[2] == after[2]


def test_equal_seeds_stay_equal_and_a_seed_in_a_loop_still_varies():
    cell = """
### BEGIN HIDDEN TESTS
a, b = np.random.default_rng((3, 4)).normal(), np.random.default_rng((3, 4)).normal()
c = [np.random.default_rng(seed).normal() for seed in range(3)]
### END HIDDEN TESTS
""".strip()
    (a, b, c), (_, _, before) = values(redraw(cell, KEY), "a", "b", "c"), values(cell, "a", "b", "c")
    assert a == b
    assert len({*c, *before}) == 6


def test_a_cell_without_hidden_checks_stays():
    cell = "rng = np.random.default_rng(7)\ncheck(f, rng.normal(), 0.5)"
    assert redraw(cell, KEY) == cell


positive = st.floats(1e-12, 1e12)


@given(st.lists(positive, max_size=8), st.integers(0, 2**32))
def test_other_numbers_have_the_order_and_the_side_of_one_that_they_had(numbers, seed):
    known = [0.0, 1.0, *numbers]
    found = other_numbers(known, np.random.default_rng(seed))
    assert set(found) == set(known)
    assert (found[0.0], found[1.0]) == (0, 1)
    assert all(found[a] < found[b] for a, b in pairwise(sorted(found)))
    for number in numbers:
        assert (found[number] < 1) == (number < 1)
        assert number / 2 < found[number] < number * 2


@given(st.integers(1, 5000), st.integers(0, 2**32))
def test_what_float32_holds_exactly_it_still_does(quarters, seed):
    (found,) = other_numbers([quarters / 4], np.random.default_rng(seed)).values()
    assert np.float32(found) == found


def test_every_check_cell_of_the_course_is_still_code_with_its_checks(course_root):
    lessons = [path for path in course_root.glob("course/*/*.md") if not path.name.endswith(".variants.md")]
    changed = 0
    for path in lessons:
        for exercise in read_lesson(path).exercises.values():
            for cell in exercise.checks:
                drawn = redraw(cell.source, KEY)
                count = [ast.dump(ast.parse(text)).count("Name(id='check'") for text in (cell.source, drawn)]
                assert count[0] == count[1]
                assert visible_part(drawn) == visible_part(cell.source)
                changed += drawn != cell.source
    assert changed > 10 * len(lessons)


def test_code_that_is_not_plain_python_stays():
    cell = "### BEGIN HIDDEN TESTS\n%time check(f, 0.5)\n### END HIDDEN TESTS"
    assert redraw(cell, KEY) == cell
