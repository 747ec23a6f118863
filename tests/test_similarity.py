"""Copies are found through their disguise; what everybody writes alike is no copy."""

import random
import re

import nbformat
import pytest

from grader.cli import main
from grader.similarity.identical import Identical, identical_groups
from grader.similarity.likeness import alike_pairs
from grader.similarity.normal_form import normal_form, normal_lines
from grader.similarity.page import Solution, similarity_page, write_similarity
from tests.classroom import LESSON, WEEK, make_course, reference_solutions, released, with_solutions

SOLUTION = '''
def cost(A, Y):
    """Return the mean loss."""
    m = Y.shape[1]  # examples
    total = np.sum(Y * np.log(A))
    return -total / m
'''
DISGUISED = """
def cost(predicted: np.ndarray, truth) -> float:
    # my own idea
    number = truth.shape[1]
    s: float = np.sum(
        truth * np.log(predicted)
    )
    return -s/number
"""


def test_names_layout_comments_docstrings_and_annotations_do_not_count():
    assert normal_form(SOLUTION) == normal_form(DISGUISED)


@pytest.mark.parametrize(
    "other",
    [
        SOLUTION.replace("np.log", "np.exp"),
        SOLUTION.replace("-total / m", "-total * m"),
        SOLUTION.replace("shape[1]", "shape[0]"),
    ],
)
def test_what_a_solution_does_counts(other):
    assert normal_form(SOLUTION) != normal_form(other)


@pytest.mark.parametrize("source", ["def f(:\n    return", "x = " + "(" * 500 + "1" + ")" * 500, "", "'\x00'"])
def test_any_source_has_a_normal_form(source):
    assert isinstance(normal_form(source), str)
    assert len(normal_lines(source)) == len(source.splitlines())


def variants(rng, count=12):
    """Solutions to one exercise that differ in more than names."""
    operators, functions = ["+", "-", "*", "/"], ["exp", "log", "sqrt", "tanh", "cosh", "sinh", "square"]
    return [
        f"def f(x):\n    return np.{rng.choice(functions)}(x) {rng.choice(operators)} {rng.randrange(9)} "
        f"{rng.choice(operators)} np.{rng.choice(functions)}(x)"
        for _ in range(count)
    ]


def a_class(number, rng):
    pool = {f"exercise {place}": variants(rng) for place in range(8)}
    return {
        f"s{place}": {name: normal_form(rng.choice(found)) for name, found in pool.items()} for place in range(number)
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_is_the_pair_that_chance_does_not_explain(seed):
    rng = random.Random(seed)
    solutions = a_class(60, rng)
    solutions["copy"] = solutions["s7"] | {name: solutions["s9"][name] for name in list(solutions["s7"])[:1]}
    pairs = alike_pairs(solutions, 30)
    assert {pairs[0].first, pairs[0].second} == {"s7", "copy"}
    assert pairs[0].by_chance < 0.5
    assert sum(pair.by_chance < 0.5 for pair in pairs) <= 2
    assert sorted(pairs, key=lambda pair: -pair.surprise) == pairs


def test_what_everybody_writes_alike_is_no_surprise():
    same = {f"s{place}": {"f": normal_form(SOLUTION)} for place in range(10)}
    assert all(pair.surprise == 0 and pair.by_chance >= 1 for pair in alike_pairs(same, 5))


def test_pairs_are_compared_in_what_both_solved():
    rng = random.Random(0)
    solutions = a_class(20, rng)
    solutions["one"], solutions["two"] = {"exercise 0": "abc"}, {"exercise 1": "abc"}
    pairs = alike_pairs(solutions, 1000)
    assert not [pair for pair in pairs if {pair.first, pair.second} == {"one", "two"}]
    assert len(alike_pairs({"a": {}, "b": {}}, 5)) == 0


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which ten students have results; the last one copied from the first."""
    course = make_course(tmp_path_factory.mktemp("similar"))
    rng = random.Random(1)
    right = reference_solutions(course)
    lesson = course.lesson(WEEK, LESSON)
    choices = {
        name: [item.source for item in (*found.alternatives, *found.misconceptions)]
        for name, found in lesson.exercises.items()
        if found.kind == "solution"
    }
    works = [{name: rng.choice(found) for name, found in choices.items()} for _ in range(9)]
    works.append({name: re.sub(r"\btotal\b", "mine", text) + "\n# mine" for name, text in works[0].items()})
    for place, work in enumerate(works):
        folder = course.autograded / f"s{place}" / WEEK
        folder.mkdir(parents=True)
        answer = {"explain_the_gradient": f"Because <b>{place}</b>."}
        notebook = with_solutions(released(course), right | work | answer)
        nbformat.write(notebook, folder / f"{LESSON}.ipynb")
    folder = course.autograded / "blank" / WEEK
    folder.mkdir(parents=True)
    nbformat.write(released(course), folder / f"{LESSON}.ipynb")
    return course


@pytest.mark.week1
def test_the_page_shows_the_copy_first_and_side_by_side(course, tmp_path):
    found = write_similarity(course, WEEK, tmp_path / "similar.html")
    assert {found.pairs[0].first, found.pairs[0].second} == {"s0", "s9"}
    page = (tmp_path / "similar.html").read_text()
    assert page.index("s0 and s9") < page.index('id="pair-2"')
    assert "<mark>" in page
    assert "blank" not in page  # who wrote nothing is like nobody
    assert "<b>0</b>" not in page
    assert "default-src 'none'" in page


@pytest.mark.week1
def test_the_command_names_the_pairs_and_the_page(course, tmp_path, capsys):
    output = tmp_path / "page.html"
    assert main(["--root", str(course.root), "similar", WEEK, "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "s0 and s9" in said
    assert str(output) in said
    assert "In so small a class hardly any pair can stand out" in said


def page_about(works):
    """The page about solutions that are code, and the pairs."""
    return similarity_page(
        "week1", {who: {name: Solution(text, True) for name, text in work.items()} for who, work in works.items()}, 30
    )


def test_a_mistake_that_two_of_a_small_class_share_is_shown_side_by_side():
    right = {"f": "def f(x):\n    return np.exp(x)", "g": "def g(x):\n    return np.log(x)"}
    wrong = right | {"f": "def f(x):\n    return np.exp(x) - 17"}
    page, pairs = page_about({f"s{place}": right for place in range(5)} | {"one": wrong, "two": wrong})
    assert all(min(pair.exercises.values()) > 0.2 for pair in pairs)  # nothing that the class's shares call unusual
    theirs = page[page.index("one and two") :].split("</section>")[0]
    assert theirs.count("<mark>    return np.exp(x) - 17</mark>") == 2
    assert "1 more has lines in common that few others wrote" in " ".join(theirs.split())
    assert "In a class of 7 hardly any pair can stand out" in page


def test_no_pair_is_on_the_page_with_nothing_to_show():
    same = {"f": "def f(x):\n    return np.exp(x)"}
    page, pairs = page_about({f"s{place}": same for place in range(25)})
    sections = page.split("<section")[1:]
    assert 0 < len(sections) < len(pairs)
    assert all("<pre>" in section for section in sections)
    assert "hardly any pair" not in page


# ---- the same to the letter


def groups(own, **works):
    """Who wrote the same; `own` are the exercises that nobody solved as the course does."""
    return identical_groups(works, {student: frozenset(own) & set(work) for student, work in works.items()})


WORK = {"f": "def f(x):\n    return x", "g": "def g(x):\n    return 2 * x", "h": "def h(x):\n    return 3 * x"}


def test_two_of_three_students_with_the_same_file_are_named():
    other = {name: text + " + 1" for name, text in WORK.items()}
    spaced = {name: text + "  \n" for name, text in WORK.items()}
    assert groups("f", ana=WORK, bo=other, chi=spaced) == [Identical(("ana", "chi"), ("f",), 3)]


def test_the_same_mistakes_in_three_exercises_are_named_though_the_rest_is_written_otherwise():
    right = {"right": "def right(x):\n    return x"}, {"right": "def right(y):\n    return y"}
    found = groups("fgh", ana=WORK | right[0], bo=WORK | right[1])
    assert found == [Identical(("ana", "bo"), ("f", "g", "h"))]
    assert groups("fg", ana=WORK | right[0], bo=WORK | right[1]) == []  # two are too few
    assert groups("fgh", ana=WORK, bo=WORK | {"h": "def h(x):\n    return 4"}) == []


def test_the_courses_own_solutions_and_what_only_two_exercises_have_are_no_copies():
    assert groups("", ana=WORK, bo=WORK) == []
    few = {"f": WORK["f"], "g": WORK["g"]}
    assert groups("fg", ana=few, bo=few) == []


@pytest.mark.week1
def test_identical_files_are_said_in_a_class_of_three(tmp_path, capsys):
    course = make_course(tmp_path / "course")
    right = reference_solutions(course)
    (mistake, *_) = course.lesson(WEEK, LESSON).exercises["sigmoid"].misconceptions
    for student, work in {"ana": {"sigmoid": mistake.source}, "bo": {"sigmoid": mistake.source}, "chi": {}}.items():
        folder = course.autograded / student / WEEK
        folder.mkdir(parents=True)
        nbformat.write(with_solutions(released(course), right | work), folder / f"{LESSON}.ipynb")
    output = tmp_path / "page.html"
    assert main(["--root", str(course.root), "similar", WEEK, "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "ana, bo: the same to the letter in all 10 exercises that they solved, in 1 of which it is not" in said
    assert "no other pair stands out among 3 students" in said
    page = output.read_text()
    assert "<b>ana, bo</b>: all 10 exercises that they solved" in page
    assert "no other pair stands out" in page
