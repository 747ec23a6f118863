import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import BuildError, Problem
from grader.lessons.cells import ROLES, bound_at_top, quiz_answer
from grader.lessons.hidden_tests import BEGIN_HIDDEN, END_HIDDEN, hidden_part, visible_part
from grader.lessons.parser import read_lesson
from grader.lessons.variants import variants_path
from tests.small_lesson import (
    DOUBLE,
    DOUBLE_VARIANTS,
    HEADER,
    QUESTIONS,
    ROW_MEANS,
    ROW_MEANS_VARIANTS,
    TEXT,
    VARIANTS,
    lesson_file,
)


def changed(*replacements, text=TEXT):
    """The small lesson with parts replaced; each stands in it as often as `count` says, once by default."""
    for old, new, *count in replacements:
        assert text.count(old) == (count or [1])[0], old
        text = text.replace(old, new)
    return text


def without(cell_start, text=TEXT):
    """The lesson without the first cell that has these options."""
    place = text.index(cell_start)
    start = text.rindex("```{code-cell}", 0, place)
    return text[:start] + text[text.index("\n```\n", place) + 5 :]


WRITTEN = '+++ {"exercise": "explain", "points": 3, "role": "written"}'

# What is wrong, the lesson with it, a text at which the line is named, and a part of the reason.
REFUSED = {
    "empty": ("", None, "the header has no course title"),
    "without a header": ("# A lesson", None, "the header has no course title"),
    "without a title": (
        changed(("\n  draft: true\n  title: A small lesson", " {}")),
        "---",
        "the header has no course title",
    ),
    "with an empty title": (changed(("title: A small lesson", 'title: ""')), "---", "the header has no course title"),
    "with a text for the course": (
        changed(("course:\n  draft: true\n  title: A small", "course: A")),
        "---",
        "no course title",
    ),
    "with minutes in words": (
        changed(("title: A small", "minutes: an hour\n  title: A small")),
        "---",
        "minutes: 'an hour'",
    ),
    "with no minutes at all": (changed(("title: A small", "minutes: 0\n  title: A small")), "---", "minutes: 0"),
    "with a place that is none": (changed(("title: A small", "place: b\n  title: A small")), "---", "place: 'b'"),
    "with a list of what one makes": (
        changed(("title: A small", "makes: [a, b]\n  title: A small")),
        "---",
        "it takes one sentence",
    ),
    "with an unknown entry for the course": (
        changed(("title: A small", "minute: 5\n  title: A small")),
        "---",
        "the option 'minute'",
    ),
    "with a fold that is neither true nor false": (
        changed((":role: demo", ":fold: open\n:role: demo")),
        "SystemExit",
        "fold: 'open'; it takes true or false",
    ),
    "with a folded solution": (
        changed((":exercise: row_means\n:role: solution", ":exercise: row_means\n:fold: true\n:role: solution")),
        "def row_means",
        "unknown option 'fold'",
    ),
    "with a broken header": (changed(("course:\n", "course: [\n")), "course: [", "Notebook metadata"),
    "with a broken written cell": (changed((WRITTEN, '+++ {"role": written}')), "Because", "could not be read"),
    "with an unknown role": (changed((":role: demo", ":role: demonstration")), "SystemExit", "'demonstration' is not"),
    "with an empty role": (changed((":role: demo", ":role:")), "SystemExit", "the role None is not one of"),
    "with a list of roles": (changed((":role: demo", ":role: [demo]")), "SystemExit", "the role ['demo'] is not one"),
    "with no role in a list": (changed((":role: demo", ":role: []")), "SystemExit", "the role [] is not one of"),
    "with an unknown option": (
        changed((":points: 5\n", ":points: 5\n:point: 5\n")),
        "check(double, 1.5)",
        "unknown option 'point'; a check cell takes: exercise, fold, points, role",
    ),
    "with an option in a plain cell": (
        changed(("offset = 1.0", ":points: 3\n\noffset = 1.0")),
        "offset = 1.0",
        "unknown option 'points'; a plain cell takes: role",
    ),
    "with a number for an option": (
        changed((":role: demo", "---\nrole: demo\n1: one\n---")),
        "SystemExit",
        "unknown option '1'",
    ),
    "with a written code cell": (changed((":role: demo", ":role: written")), "SystemExit", "cannot be a code cell"),
    "with a solution in a Markdown cell": (
        changed((WRITTEN, '+++ {"exercise": "explain", "role": "solution"}')),
        "### BEGIN SOLUTION\nBecause",
        "a solution cell cannot be a markdown cell",
    ),
    "with a solution without an exercise": (
        changed((":exercise: row_means\n:role: solution", ":role: solution")),
        'def row_means(X):\n    "',
        "the solution cell needs an exercise name",
    ),
    "with a name that is no name": (
        changed(("exercise: quiz_sign", "exercise: Quiz-Sign")),
        'quiz_sign = "b"',
        "needs an exercise name (lower case, digits, _)",
    ),
    "with an exercise called setup": (
        changed(("quiz_sign", "setup", 2)),
        'setup = "b"',
        "no exercise can be called setup",
    ),
    "with no points": (changed((":points: 5\n", "")), "check(double, 1.5)", "has points None, not a number from 0"),
    "with negative points": (changed((":points: 5", ":points: -1")), "check(double, 1.5)", "has points -1,"),
    "with points in words": (changed((":points: 5", ":points: five")), "check(double, 1.5)", "has points 'five',"),
    "with points that are true": (changed((":points: 5", ":points: true")), "check(double, 1.5)", "has points True,"),
    "with infinite points": (changed((":points: 5", ":points: .inf")), "check(double, 1.5)", "has points inf,"),
    "with points that are no number": (changed((":points: 5", ":points: .nan")), "check(double, 1.5)", "points nan,"),
    "with a written answer without points": (
        changed(('"points": 3, ', "")),
        "### BEGIN SOLUTION\nB",
        "has points None",
    ),
    "with a quiz whose wrong answers are missing": (
        re.sub(r"wrong:\n.*\n.*\n---", "---", TEXT),
        'quiz_sign = "b"',
        "the quiz cell of quiz_sign has no `wrong`",
    ),
    "with a solution that is not Python": (
        changed(("return X.mean(axis=1, keepdims=True)", "return X.mean(axis=1")),
        'def row_means(X):\n    "',
        "the solution cell of row_means is not Python",
    ),
    "with a check that is not Python": (
        changed(("check(double, 1.5)", "check(double")),
        "check(double\n",
        "not Python",
    ),
    "with two solutions of one exercise": (
        TEXT + DOUBLE,
        'last def double(z):\n    "',
        "double is defined twice; the first",
    ),
    "with a quiz called like an exercise": (
        changed(("quiz_sign", "double", 2)),
        'double = "b"',
        "the exercise double is defined twice; the first is in line",
    ),
    "with a check before its solution": (
        HEADER + without(":exercise: double\n:role: solution", DOUBLE) + ROW_MEANS,
        "check(double, 1.5)",
        "the check cell of double has no solution cell before it",
    ),
    "with a check of nothing": (
        changed((":exercise: row_means\n:points: 4", ":exercise: means\n:points: 4")),
        "size=(2, 3)",
        "the check cell of means has no solution cell before it",
    ),
    "without a setup cell": (changed((":role: setup", ":role: demo")), "---", "there must be one setup cell"),
    "with two setup cells": (
        changed((":role: demo", ":role: setup"), ("raise SystemExit(", "begin('small')\nraise SystemExit(")),
        "---",
        "must be one setup",
    ),
    "with a solution without a region": (
        changed(("    ### BEGIN SOLUTION\n    return X", "    return X"), ("True)\n    ### END SOLUTION", "True)")),
        'def row_means(X):\n    "',
        "the solution cell of row_means needs ### BEGIN SOLUTION and ### END SOLUTION",
    ),
    "with a written answer without a region": (
        changed(("### BEGIN SOLUTION\nBecause", "Because"), ("sign.\n### END SOLUTION", "sign.")),
        "Because",
        "the written cell of explain needs ### BEGIN SOLUTION",
    ),
    "with a solution region that does not end": (
        changed(("keepdims=True)\n    ### END SOLUTION", "keepdims=True)")),
        'def row_means(X):\n    "',
        "'### BEGIN SOLUTION' has no '### END SOLUTION' after it",
    ),
    "with a solution region the wrong way round": (
        changed(
            ("### BEGIN SOLUTION\n    return X", "### END SOLUTION\n    return X"),
            ("keepdims=True)\n    ### END", "keepdims=True)\n    ### BEGIN"),
        ),
        'def row_means(X):\n    "',
        "'### END SOLUTION' is misspelt or out of place",
    ),
    "with a misspelt marker": (
        changed(("### BEGIN HIDDEN TESTS\ncheck(row", "### BEGIN HIDDEN TEST\ncheck(row")),
        "size=(2, 3)",
        "'### BEGIN HIDDEN TEST' is misspelt",
    ),
    "with a marker in small letters": (
        changed(("# BEGIN SOLUTION\n    return X", "# Begin solution\n    return X")),
        'def row_means(X):\n    "',
        "'### END SOLUTION' is misspelt or out of place",
    ),
    "with hidden tests that do not end": (
        changed(('label="one column")\n### END HIDDEN TESTS', 'label="one column")')),
        "size=(2, 3)",
        "'### BEGIN HIDDEN TESTS' has no '### END HIDDEN TESTS' after it",
    ),
    "with hidden tests in a solution": (
        changed(
            ("    return X.mean(axis=1, keepdims=True)\n", "    ### BEGIN HIDDEN TESTS\n    ### END HIDDEN TESTS\n")
        ),
        'def row_means(X):\n    "',
        "'### BEGIN HIDDEN TESTS' is misspelt or out of place: '### END SOLUTION' comes here",
    ),
    "without a check cell": (
        without(":exercise: row_means\n:points"),
        'def row_means(X):\n    "',
        "the exercise row_means has no check cell",
    ),
    "with a solution of another name": (
        changed(('def row_means(X):\n    """', 'def means(X):\n    """')),
        'def means(X):\n    "',
        "the solution cell does not define row_means",
    ),
    "with hidden checks only": (
        changed(
            ('check(row_means, rng.normal(size=(2, 3)), label="two rows")\n', ""),
        ),
        "rng = np.random",
        "a check cell of row_means has no visible check",
    ),
    "with a list of wrong answers": (
        re.sub(r"wrong:\n.*\n.*\n---", "wrong: [a, c]\n---", TEXT),
        'quiz_sign = "b"',
        "`wrong` of quiz_sign must map letters to explanations",
    ),
    "with a reason that is no text": (
        changed(("right: Doubling", "right: [Doubling]\nfold: Doubling")).replace("fold: Doubling", "#"),
        'quiz_sign = "b"',
        "`right` of quiz_sign must be a text",
    ),
    "with a word for a letter": (
        changed(("  c: That is", "  see: That is")),
        'quiz_sign = "b"',
        "`wrong` of quiz_sign must map letters",
    ),
    "with a number for a letter": (
        changed(("  c: That is", "  3: That is")),
        'quiz_sign = "b"',
        "`wrong` of quiz_sign must map letters",
    ),
    "with a right answer that is wrong": (
        changed(('quiz_sign = "b"', 'quiz_sign = "a"')),
        'quiz_sign = "a"',
        'must be one line, quiz_sign = "letter", with a letter that is not in `wrong`',
    ),
    "with a quiz of two lines": (
        changed(('quiz_sign = "b"', 'quiz_sign = "b"\nprint(quiz_sign)')),
        'quiz_sign = "b"',
        "the quiz cell must be one line",
    ),
    "with a quiz that answers something else": (
        changed(('quiz_sign = "b"', 'quiz = "b"')),
        'quiz = "b"',
        "the quiz cell must be one line",
    ),
}


def cell_lines(text, mark):
    """The first and the last line of the cell that holds a mark; of the mark itself if no cell does."""
    place = text.rindex(mark[5:]) if mark.startswith("last ") else text.index(mark)
    if text[:place].count("---\n") < 2:
        return [text[:place].count("\n") + 1] * 2
    fence = max(text.rfind("```{code-cell}", 0, place + 1), text.rfind("+++", 0, place + 1))
    end = text.find("\n```\n", place)
    return text[:fence].count("\n") + 1, text[: end if end > 0 else None].count("\n") + 1


@pytest.mark.parametrize(("text", "mark", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_lesson_is_refused(tmp_path, text, mark, reason):
    path = lesson_file(tmp_path, text)
    with pytest.raises(BuildError) as caught:
        read_lesson(path)
    assert reason in caught.value.reason
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}:")
    if mark:
        first, last = cell_lines(text, mark)
        assert first <= caught.value.line <= last


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        (REFUSED["with a solution that is not Python"][0], "return X.mean(axis=1"),
        (REFUSED["with a misspelt marker"][0], "### BEGIN HIDDEN TEST\n"),
        (REFUSED["with hidden tests in a solution"][0], "    ### BEGIN HIDDEN TESTS\n"),
    ],
)
def test_the_line_of_the_cause_is_named(tmp_path, text, mark):
    with pytest.raises(BuildError) as caught:
        read_lesson(lesson_file(tmp_path, text))
    assert caught.value.line == text[: text.index(mark)].count("\n") + 1


def variants(*replacements):
    return changed(*replacements, text=VARIANTS)


# What is wrong with the variants, the file with it, the text in the line that is named, and a part of the reason.
REFUSED_VARIANTS = {
    "an exercise that is not there": (
        variants(("## double", "## doubles")),
        "### misconception: squares",
        "small.md has no exercise doubles; it has: double, row_means",
    ),
    "a quiz": (variants(("## row_means", "## quiz_sign")), "### misconception: sum", "has no exercise quiz_sign"),
    "a variant of nothing": (
        variants(("## double\n", "")),
        "### misconception: squares",
        "needs a heading “## exercise” before it",
    ),
    "a misspelt heading": (
        variants(("misconception: halves", "misconeption: halves")),
        "### misconeption",
        "is neither “### misconception: name” nor",
    ),
    "a name with a space": (
        variants(("misconception: halves", "misconception: one half")),
        "one half",
        "a name has lower-case letters, digits and hyphens",
    ),
    "a text that belongs to nothing": (
        variants(("## row_means\n", "## row_means\n\nMeans.\n")),
        "Means.",
        "a text needs a heading “### misconception: name” before it",
    ),
    "code that belongs to nothing": (
        variants(("## row_means\n", "## row_means\n\n```python\nx\n```\n")),
        "```python\nx",
        "code needs a heading",
    ),
    "no hint": (variants(("You halved z.\n", "")), "### misconception: halves", "halves of double has no hint"),
    "a hint of what is right": (
        variants(("### alternative: adds\n", "### alternative: adds\n\nAdd.\n")),
        "### alternative: adds",
        "the alternative adds is right, and has no hint",
    ),
    "a hint too late": (
        variants(("    return X.mean()\n```\n", "    return X.mean()\n```\n\nToo late.\n")),
        "Too late.",
        "a hint stands before what differs",
    ),
    "nothing that differs": (
        variants(("- `X.mean` → `X.sum`\n", "")),
        "### misconception: sum",
        "has nothing that differs",
    ),
    "both": (
        variants(("    return X.mean()\n```\n", "    return X.mean()\n```\n\n- `X.mean` → `X.sum`\n")),
        "### misconception: one-mean",
        "has both replacements and whole code",
    ),
    "two codes": (
        variants(("    return X.mean()\n```\n", "    return X.mean()\n```\n\n```python\nx = 1\n```\n")),
        "```python\nx = 1",
        "one-mean has two blocks of python",
    ),
    "another fence": (
        variants(("```diff", "```patch")),
        "```patch",
        "a fenced block is `diff` or `python`, not 'patch'",
    ),
    "a number for a list": (
        variants(("- `X.mean` → `X.sum`", "1. `X.mean` → `X.sum`")),
        "1. `X.mean`",
        "a ordered list has no meaning here",
    ),
    "an arrow of another kind": (
        variants(("`X.mean` → `X.sum`", "`X.mean` -> `X.sum`")),
        "`X.mean` ->",
        "is neither “`old` → `new`” nor “delete `old`”",
    ),
    "a text that the solution does not have": (
        variants(("`2 * np.asarray(z)` → `np.asarray(z) / 2`", "`2 * np.array(z)` → `np.asarray(z) / 2`")),
        "- `2 * np.array(z)`",
        "`2 * np.array(z)` does not occur in the reference solution (it has `return 2 * np.asarray(z)`)",
    ),
    "a text of the docstring": (
        variants(("`X.mean` → `X.sum`", "`(n, 1)` → `sum`")),
        "`(n, 1)`",
        "does not occur in the reference solution; its docstring and markers do not count",
    ),
    "a text that occurs twice": (
        variants(("- `2 *` → `np.asarray(z) +`", "- `z` → `Z`")),
        "- `z` →",
        "`z` occurs 2 times in the reference solution; write more of what stands around it",
    ),
    "replacements that overlap": (
        variants(("- `axis=1` → `axis=0`", "- `axis=1` → `axis=0`\n- `(axis` → `(dim`")),
        "- `axis=1`",
        "`axis=1` overlaps with another replacement",
    ),
    "a diff that changes nothing": (
        variants(("+    z *= 2\n+    return z\n", "+    return 2 * np.asarray(z)\n")),
        "```diff",
        "the diff changes nothing",
    ),
    "a diff without a place": (variants(("-    return 2 * np.asarray(z)\n", "")), "```diff", "a line that says where"),
    "a diff of something else": (
        variants(("-    return 2 * np.asarray(z)\n", "-    return 3 * np.asarray(z)\n")),
        "```diff",
        "does not occur in the reference solution (it has",
    ),
    "a diff with a line of its own": (
        variants(("+    z *= 2", "z *= 2")),
        "z *= 2",
        "a diff's lines begin with a space, - or +, not 'z *= 2'",
    ),
    "code that is not Python": (
        variants(("    return X.mean()\n", "    return X.mean(\n")),
        "    return X.mean(\n",
        "the misconception one-mean of row_means is not Python: '(' was never closed: `return X.mean(`",
    ),
    "a replacement that leaves no Python": (
        variants(("- `X.mean` → `X.sum`", "- `X.mean` → `X.sum(`")),
        "### misconception: sum",
        "the misconception sum of row_means is not Python after its replacements",
    ),
    "a marker in a misconception": (
        variants(("    return X.mean()\n", "    ### BEGIN SOLUTION\n    return X.mean()\n    ### END SOLUTION\n")),
        "    ### BEGIN SOLUTION\n",
        "the misconception one-mean takes no line '### BEGIN SOLUTION'",
    ),
    "another function": (
        variants(("double = lambda z", "twice = lambda z")),
        "### alternative: lambda",
        "the alternative lambda does not define double",
    ),
    "too few misconceptions": (
        variants(("### misconception: halves\n\nYou halved z.\n\n- `2 * np.asarray(z)` → `np.asarray(z) / 2`\n", "")),
        "",
        "the exercise double has 3 misconceptions in small.variants.md, not 4 or more",
    ),
    "two of one name": (
        variants(("misconception: halves", "misconception: squares")),
        "last ### misconception: squares",
        "the exercise double has two misconceptions called squares; the first is in line 5",
    ),
    "two that are the same": (
        variants(("np.asarray(z) / 2", "np.asarray(z)  **  2")),
        "### misconception: halves",
        "the misconception halves of double is the same code as squares (line 5)",
    ),
    "one that is the reference": (
        variants(("return X.mean()", "return X.mean(axis=1, keepdims=True)")),
        "### misconception: one-mean",
        "the misconception one-mean of row_means is the same code as the reference solution",
    ),
}


@pytest.mark.parametrize(("text", "mark", "reason"), REFUSED_VARIANTS.values(), ids=REFUSED_VARIANTS)
def test_a_file_of_variants_is_refused(tmp_path, text, mark, reason):
    path = lesson_file(tmp_path, variants=text)
    with pytest.raises(BuildError) as caught:
        read_lesson(path)
    assert reason in caught.value.reason
    if mark:
        assert caught.value.path == variants_path(path)
        place = text.rindex(mark[5:]) if mark.startswith("last ") else text.index(mark)
        assert caught.value.line == text[:place].count("\n") + 1


def test_a_variant_that_stands_in_the_lesson_is_shown_its_place(tmp_path):
    with pytest.raises(BuildError, match=re.escape("does not stand in the lesson but in small.variants.md beside it")):
        read_lesson(lesson_file(tmp_path, changed((":role: demo", ":role: misconception"))))


def test_variants_are_the_reference_but_for_what_differs(tmp_path):
    double = read_lesson(lesson_file(tmp_path)).exercises["double"]
    sources = {cell.options["name"]: cell.source for cell in (*double.misconceptions, *double.alternatives)}
    assert sources == {
        "squares": "def double(z):\n    return np.asarray(z) ** 2",
        "halves": "def double(z):\n    return np.asarray(z) / 2",
        "in-place": "def double(z):\n    z *= 2\n    return z",
        "whole-numbers": "def double(z):\n    return 2 * np.asarray(z).astype(int)",
        "adds": "def double(z):\n    return np.asarray(z) + np.asarray(z)",
        "lambda": "double = lambda z: np.multiply(z, 2.0)",
    }
    assert double.misconceptions[2].options["hint"] == "You changed the array that you were given."


def test_a_good_lesson_is_read_as_it_is_written(tmp_path):
    lesson = read_lesson(lesson_file(tmp_path))
    assert (lesson.name, lesson.week, lesson.title) == ("small", "week1", "A small lesson")
    assert list(lesson.exercises) == ["double", "row_means", "quiz_sign", "explain"]
    double = lesson.exercises["double"]
    assert double.kind == "solution"
    assert [cell.points for cell in double.checks] == [5, 2.5]
    assert [cell.options["name"] for cell in double.misconceptions] == [
        "squares",
        "halves",
        "in-place",
        "whole-numbers",
    ]
    assert double.misconceptions[1].options["hint"] == "You halved z."
    assert [cell.options["name"] for cell in double.alternatives] == ["adds", "lambda"]
    assert (lesson.exercises["quiz_sign"].kind, lesson.exercises["explain"].kind) == ("quiz", "written")
    assert {cell.role for cell in lesson.cells} == {"", *ROLES}


def test_every_cell_knows_its_line(tmp_path):
    lines = TEXT.splitlines()
    for cell in read_lesson(lesson_file(tmp_path)).cells:
        first = cell.source.splitlines()[0]
        assert first in lines[cell.line - 1 : cell.line + 10]


@pytest.mark.parametrize(
    ("part", "variants"), [(DOUBLE, DOUBLE_VARIANTS), (ROW_MEANS, ROW_MEANS_VARIANTS), (QUESTIONS, "")]
)
def test_a_lesson_may_consist_of_any_kind_of_exercise(tmp_path, part, variants):
    assert read_lesson(lesson_file(tmp_path, HEADER + part, variants=variants)).exercises


def test_a_file_that_is_missing_or_not_text_is_refused(tmp_path):
    with pytest.raises(BuildError, match="cannot be read: No such file"):
        read_lesson(tmp_path / "none.md")
    with pytest.raises(BuildError, match="cannot be read"):
        read_lesson(tmp_path)
    path = lesson_file(tmp_path)
    path.write_bytes(b"---\n\xff")
    with pytest.raises(BuildError, match="is not UTF-8 text"):
        read_lesson(path)


@given(st.data())
def test_a_damaged_lesson_is_read_or_refused(tmp_path_factory, data):
    """Whatever a slip of the hand does to a lesson, an author gets a reason and no traceback."""
    lines = TEXT.splitlines(keepends=True)
    start = data.draw(st.integers(0, len(lines) - 1))
    stop = data.draw(st.integers(start, min(start + 4, len(lines))))
    junk = data.draw(
        st.sampled_from(["", "```\n", "---\n", "+++\n", ":x: 1\n", "\t[:}\n", "```{code-cell} ipython3\n"])
    )
    path = lesson_file(tmp_path_factory.mktemp("lesson"), "".join([*lines[:start], junk, *lines[stop:]]))
    with contextlib.suppress(BuildError):
        assert read_lesson(path).path == path


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ("check(f)", "check(f)"),
        ("check(f)\n### BEGIN HIDDEN TESTS\ncheck(g)\n### END HIDDEN TESTS", "check(f)"),
        ("a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc", "a\nc"),
        ("a\n  ### BEGIN HIDDEN TESTS\nb\n  ### END HIDDEN TESTS\n\n", "a"),
        ("a\n### BEGIN HIDDEN TESTS\nb", "a"),
    ],
)
def test_the_visible_part_of_a_check_has_no_hidden_lines(source, visible):
    assert visible_part(source) == visible


HIDDEN = f"{BEGIN_HIDDEN}\ncheck(f, x)\n{END_HIDDEN}"


@pytest.mark.parametrize(
    ("visible", "left"),
    [
        ("x = 1\ncheck(f, x)\ny = 2", "x = 1\n\ny = 2"),
        ("check(\n    f,\n    1,\n)\nx = 1", "\n\n\n\nx = 1"),
        ('check_choice("f", f, "abc")', ""),
        ("check(f, rng.normal(size=2), 3, k=rng)", "(rng.normal(size=2),)"),
        ("check(f, 1, k=[draw(1)], label=text)", "([draw(1)],)"),
        ("check(f, (x := 1))", "((x := 1),)"),
        ("check(f, lambda: draw())", "(lambda: draw(),)"),
        ("for x in (1, 2):\n    check(f, x)", "for x in (1, 2):\n    check(f, x)"),
        ("x = 1; check(f, x)", "x = 1; check(f, x)"),
        ("check(f, 1); x = 1", "check(f, 1); x = 1"),
        ("checks(f, 1)", "checks(f, 1)"),
        ("%magic\ncheck(f, 1)", "%magic\ncheck(f, 1)"),
    ],
)
def test_the_hidden_part_of_a_check_leaves_out_visible_calls_but_not_what_they_draw(visible, left):
    assert hidden_part(f"{visible}\n{HIDDEN}") == f"{left}\n{HIDDEN}"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): pass", {"f"}),
        ("@wraps\ndef f(): pass", {"f"}),
        ("class C: pass", {"C"}),
        ("f = g = 1", {"f", "g"}),
        ("from numpy import tanh as f, exp", {"f", "exp"}),
        ("def outer():\n    def inner(): pass", {"outer"}),
        ("f(1)", set()),
    ],
)
def test_the_names_that_a_cell_binds_are_found(source, names):
    assert bound_at_top(source) == names


def test_the_answer_of_a_quiz_is_its_letter(tmp_path):
    assert quiz_answer(read_lesson(lesson_file(tmp_path)).exercises["quiz_sign"].solution) == "b"


def test_errors_of_authors_name_the_place_and_can_be_caught_together():
    assert str(BuildError("is wrong", "a.md", 3)) == "a.md:3: is wrong"
    assert str(BuildError("is wrong", "a.md")) == "a.md: is wrong"
    assert str(BuildError("is wrong")) == "is wrong"
    assert issubclass(BuildError, Problem)
