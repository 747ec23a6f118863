import json
import re
import subprocess
import sys

import pytest

from grader.lessons.formulas import FormulaParser, why_no_formulas
from grader.lessons.parser import read_lesson
from grader.lessons.prose import conspicuous_answers, external_links, incomplete, prose_defects
from grader.lessons.variants import lesson_files, variants_path
from tests.conftest import ROOT
from tests.processes import PATIENCE
from tests.small_lesson import TEXT, VARIANTS, lesson_file

LESSONS = lesson_files(ROOT / "course")[:2]


def with_text(text, place="## Doubling\n"):
    """The small lesson with a text after some place."""
    assert TEXT.count(place) == 1, place
    return TEXT.replace(place, f"{place}\n{text}\n")


def replaced(*replacements, text=TEXT):
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def line_of(text, mark):
    assert text.count(mark) == 1, mark
    return text[: text.index(mark)].count("\n") + 1


@pytest.fixture
def defects(tmp_path):
    """Finds the defects in the text of a lesson, as pairs of line and message."""

    def find(text=TEXT):
        lesson = read_lesson(lesson_file(tmp_path, text))
        found = prose_defects(lesson, tmp_path / "cache" / "formulas.json")
        assert {defect.path for defect in found} <= {lesson.path}
        return [(defect.line, defect.text) for defect in found]

    return find


def test_a_right_lesson_has_no_defects(defects):
    assert why_no_formulas() == ""
    assert defects() == []


@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_the_first_lessons_of_the_course_have_no_defects(path, tmp_path):
    lesson = read_lesson(path)
    assert prose_defects(lesson, tmp_path / "formulas.json") == []
    assert lesson.is_draft or incomplete(lesson) == []


# Formulas


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    return FormulaParser(tmp_path_factory.mktemp("formulas") / "none.json")


WRONG_FORMULAS = {
    "an open brace": (r"\frac{1}{2", "Missing close brace"),
    "a brace too many": ("x}", "Extra close brace or missing open brace"),
    "an unknown command": (r"\sigmoid(z)", r"Undefined control sequence \sigmoid"),
    "two exponents": ("x^2^3", "Double exponent: use braces to clarify"),
    "two indices": ("x_1_2", "Double subscripts: use braces to clarify"),
    "no exponent": ("x^", "Missing superscript or subscript argument"),
    "no argument": (r"\mathbb", r"Missing argument for \mathbb"),
    "an open parenthesis": (r"\left( x", r"Extra \left or missing \right"),
    "a closed parenthesis": (r"x \right)", r"Missing \left or extra \right"),
    "an environment that does not end": (r"\begin{pmatrix} 1 & 2", r"Missing \end{pmatrix}"),
    "an environment that ends as another": (
        r"\begin{matrix} x \end{pmatrix}",
        r"\begin{matrix} ended with \end{pmatrix}",
    ),
    "columns without an environment": ("a & b", "Misplaced &"),
    "a package that is not loaded": (r"\require{physics} x", r"Undefined control sequence \require"),
}


@pytest.mark.parametrize(("formula", "reason"), WRONG_FORMULAS.values(), ids=WRONG_FORMULAS)
@pytest.mark.parametrize("display", [False, True])
def test_a_formula_that_does_not_render_has_the_reason_that_mathjax_gives(parser, formula, reason, display):
    assert parser.problem(formula, display=display) == reason


@pytest.mark.parametrize("dollars", ["$", "$$"])
def test_formulas_that_do_not_render_are_named_with_their_lines_and_the_reasons(defects, dollars):
    text = with_text(
        "\n\n".join(
            f"About {name},\n{dollars}{formula}{dollars} for example." for name, (formula, _) in WRONG_FORMULAS.items()
        )
    )
    assert defects(text) == [
        (line_of(text, f"About {name},") + 1, f"the formula ${formula}$ does not render: {reason}")
        for name, (formula, reason) in WRONG_FORMULAS.items()
    ]


RIGHT_FORMULAS = [
    r"\begin{bmatrix} | & | \\ x^{(1)} & x^{(2)} \end{bmatrix}",
    r"\begin{align} a &= b \\ c &= d \end{align}",
    r"\begin{cases} 1 & z > 0 \\ 0 & \text{if not} \end{cases}",
    r"\mathbb{R}^{n_x \times m}, \quad \mathcal{L}(\hat y, y), \quad \operatorname{tr}",
    r"\underbrace{a}_{b} \xrightarrow{c} \color{red}{d} \cancel{e} \boxed{f}",
    r"a < b > c, \# 5\% \& \$ 3",
    r"x* y* z_1 * _{2}",
    r"\partial J / \partial W^{[l]}",
]


def test_formulas_that_render_are_no_defects(defects):
    text = "\n\n".join(f"One ${formula}$ and\n\n$$\n{formula}\n$$\n\none more." for formula in RIGHT_FORMULAS)
    assert defects(with_text(text)) == []


def test_formulas_of_one_paragraph_are_told_apart_by_their_lines(defects):
    text = with_text(
        "First $\\first$ and $x$ and $\\second$,\nthen $a\n= \\third$ and $\\fourth$,\n"
        "**bold $\\fifth$**\\\n*more* $$b\n= c$$ and `code` $y$\n$\\sixth$."
    )
    first = line_of(text, "First")
    assert [(line - first, re.search(r"\\(\w+)\$", said)[1]) for line, said in defects(text)] == [
        (0, "first"),
        (0, "second"),
        (1, "third"),
        (2, "fourth"),
        (3, "fifth"),
        (6, "sixth"),
    ]


def test_a_formula_over_several_lines_is_named_at_its_first(defects):
    text = with_text("Text.\n\n$$\nx \\\\\n\\wrong\n$$\n\nMore $text\n\\wrong$.")
    assert [line for line, _ in defects(text)] == [line_of(text, "$$\nx"), line_of(text, "More")]


def test_a_long_formula_is_shortened(defects):
    text = with_text("$" + "x + " * 30 + "\\wrong$")
    assert defects(text) == [
        (line_of(text, "$x +"), f"the formula ${'x + ' * 12}x…$ does not render: Undefined control sequence \\wrong")
    ]


def test_a_formula_is_found_wherever_it_stands(defects):
    text = replaced(
        ("keeps $(n, 1)$", "keeps $\\hint$"),
        ("keeps the sign.\n", "keeps\n$\\answer$.\n"),
        text=with_text(
            "### On $\\heading$\n\n"
            "| a | b |\n|---|---|\n| $x$ | 1 |\n| 2 | $\\table$ |\n\n"
            "- one\n\n  two\n- three\n  $\\list$\n\n"
            "> one\n> $\\quotation$\n\n"
            "One\n[two $\\link$](small.md).\n\n"
            "![one\ntwo](small.md) $\\picture$\n\n"
            "One `two\nthree` and ``f`\n g`` and `four` and\n$\\code$, `five`.\n\n"
            "+++\n\n"
            "Another cell,\nwith spaces at its end: $\\spaces$  \n"
        )
        + "\nThe end is\nnear $\\end$",
    )
    assert [(line, re.search(r"\\(\w+)\$", said)[1]) for line, said in defects(text)] == [
        (line_of(text, f"$\\{name}$"), name)
        for name in ("heading table list quotation link picture code spaces hint answer end").split()
    ]


def test_code_and_escaped_dollars_are_no_formulas(defects):
    paragraphs = [
        "Code like `$x_1_2$` or `a $ b` or ``c ` $ d``.",
        "A price of \\$5, one of \\$6, and a formula of $7\\$$.",
        "Dollars (\\$) and &#36;, before $x$ and after \\\\$y$.",
        "```python\nprice = '$5'\n```",
        "    indented = '$x_1_2$'",
        "<!-- $5 and $x_1_2$ -->",
    ]
    assert defects(with_text("\n\n".join(paragraphs))) == []


def test_a_dollar_without_a_partner_is_named_with_its_line(defects):
    text = with_text(
        "It costs $5.\n\n"
        "In a line $x in the middle\nof a paragraph.\n\n"
        "After $x$,\nthere comes $y\n\n"
        "After \\$5\nand \\$6, there is $7\n\n"
        "After `a $`\nin code, $b *in* the text.\n\n"
        "| a |\n|---|\n| $x$ |\n| $z |\n\n"
        "A block\n\n$$\nx + y\n\nof a formula."
    )
    assert defects(text) == [
        (line_of(text, mark), f"the $ of “{rest}” has no partner: close the formula, or write \\$")
        for mark, rest in [
            ("It costs", "$5."),
            ("In a line", "$x in the middle"),
            ("there comes", "$y"),
            ("and \\$6", "$7"),
            ("in code", "$b"),
            ("| $z", "$z"),
            ("$$", "$$"),
        ]
    ]


# The cache of formulas


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "folder" / "formulas.json"


def test_right_formulas_are_kept_and_wrong_ones_are_not(tmp_path, cache):
    lesson = read_lesson(lesson_file(tmp_path, with_text("$x$, $\\wrong$, $a\nb$, $$ü$$ and $x$")))
    for _ in range(2):
        assert len(prose_defects(lesson, cache)) == 1
        assert json.loads(cache.read_text(encoding="utf-8")) == sorted(["(n, 1)", "x", "a\nb", "ü"])


def test_a_formula_in_the_cache_is_not_parsed_again(tmp_path, cache):
    cache.parent.mkdir()
    written = '["\\\\wrong",  "(n, 1)"]'
    cache.write_text(written)
    lesson = read_lesson(lesson_file(tmp_path, with_text("One formula $\\wrong$.")))
    assert prose_defects(lesson, cache) == []
    assert cache.read_text() == written


def test_two_lessons_share_a_cache(tmp_path, cache):
    for name, formula in (("one", "x"), ("two", "y")):
        text = with_text(f"${formula}$")
        assert prose_defects(read_lesson(lesson_file(tmp_path / name, text, name)), cache) == []
    assert json.loads(cache.read_text()) == ["(n, 1)", "x", "y"]


@pytest.mark.parametrize(
    "data", [b"", b"[", b"\xff", b"3", b"null", b'"x"', b'{"\\\\wrong": 1}', b'[3, null, ["x"], "y"]']
)
def test_a_damaged_cache_is_made_anew(cache, data):
    cache.parent.mkdir()
    cache.write_bytes(data)
    parser = FormulaParser(cache)
    assert parser.problem("\\wrong", display=False)
    assert parser.problem("x", display=False) == ""
    parser.save()
    assert set(json.loads(cache.read_text())) - {"y"} == {"x"}


def test_what_a_formula_defines_holds_for_those_after_it_with_and_without_a_cache(tmp_path, cache):
    defined = "First $x$, then $\\newcommand{\\R}{\\mathbb{R}} \\R$ and $\\R^n$"
    for text in (f"{defined}.", f"{defined}.", f"{defined} and $\\R^m$."):
        assert prose_defects(read_lesson(lesson_file(tmp_path, with_text(text))), cache) == []
    assert json.loads(cache.read_text()) == ["x"]
    (defect,) = prose_defects(read_lesson(lesson_file(tmp_path, with_text("Only $\\R^n$."))), cache)
    assert defect.text == "the formula $\\R^n$ does not render: Undefined control sequence \\R"


def test_the_interpreter_ends_while_a_parser_is_in_use(tmp_path):
    code = (
        "from pathlib import Path\nfrom grader.lessons.formulas import FormulaParser\n"
        "parser = FormulaParser(Path('none.json'))\nprint(parser.problem('x', display=True) == '')"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (run.returncode, run.stdout, run.stderr) == (0, "True\n", "")


def test_a_parser_that_parsed_nothing_new_writes_nothing(cache):
    parser = FormulaParser(cache)
    assert parser.problem("\\wrong", display=False)
    parser.save()
    assert not cache.exists()


# Links

ANCHOR = "no heading has this anchor (a heading's words, joined by hyphens)"
DEAD = [
    ("none.md", "leads nowhere: there is no {0}/none.md"),
    ("none.ipynb", "leads nowhere: there is no {0}/none.md"),
    ("../week2/small.md#Doubling", "leads nowhere: there is no {1}/week2/small.md"),
    ("#Halving", f"leads nowhere: {ANCHOR}"),
    ("#a-small-lesson", f"leads nowhere: {ANCHOR}"),
    ("https://", "names no host"),
    ("mailto:ada@example.org", "is neither a web address nor a file of the course"),
    ("ftp://example.org/a", "is neither a web address nor a file of the course"),
]


@pytest.mark.parametrize("form", ["[here]({0})", "![here]({0})", "[here][{1}]\n\n[{1}]: {0}"])
def test_links_that_lead_nowhere_are_named_with_their_lines_and_the_reasons(defects, tmp_path, form):
    links = [form.format(target, number) for number, (target, _) in enumerate(DEAD)]
    text = with_text("\n\n".join(f"Look\nno. {number}: {link}" for number, link in enumerate(links)))
    folder = tmp_path / "course" / "week1"
    assert defects(text) == [
        (line_of(text, f"no. {number}:"), f"the link {target} {reason.format(folder, folder.parent)}")
        for number, (target, reason) in enumerate(DEAD)
    ]


def test_each_dead_link_of_a_paragraph_has_its_line(defects):
    text = with_text("[one](one.md) and [two](two.md),\n[right](small.md),\n![three](three.png) <https://>.")
    first = line_of(text, "[one]")
    assert [(line - first, said.split()[2]) for line, said in defects(text)] == [
        (0, "one.md"),
        (0, "two.md"),
        (2, "three.png"),
        (2, "https://"),
    ]


def test_right_links_are_no_defects(defects, tmp_path):
    other = lesson_file(tmp_path, name="other").parent.parent / "week2" / "a picture.png"
    other.parent.mkdir()
    other.write_bytes(b"")
    text = with_text(
        "[this](small.md), [its notebook](small.ipynb), [another](other.ipynb#Doubling), [folder](..),\n"
        "![picture](../week2/a%20picture.png) ![again](<../week2/a picture.png>)\n"
        "[heading](#Doubling), [words](#A-small-lesson), [letters](#Größe-von-$x$), [web](https://example.org/a?b#c),\n"
        "<http://example.org>, `[code](none.md)`, [no link], [top](#)\n\n### Größe von $x$ ###"
    )
    assert defects(text) == []


def test_links_to_the_web_are_listed_with_their_cells_and_lines(tmp_path):
    text = with_text(
        "[one](https://example.org/one)\nand [two](small.md)\n![three](http://example.org/three.png)\n\n"
        "+++\n\nMore: <https://example.org/four>, [five](#Doubling), `https://example.org/code`."
    )
    found = external_links(read_lesson(lesson_file(tmp_path, text)))
    assert [(line, target) for _, line, target in found] == [
        (line_of(text, "[one]"), "https://example.org/one"),
        (line_of(text, "![three]"), "http://example.org/three.png"),
        (line_of(text, "More"), "https://example.org/four"),
    ]
    assert [cell.source.split()[0] for cell, _, _ in found] == ["##", "##", "More:"]


# Questions

QUIZ = """
{1}

```{{code-cell}} ipython3
---
exercise: quiz_{0}
points: 1
role: quiz
wrong:
  a: The sign stays.
  c: Nothing is doubled.
---
quiz_{0} = "b"
```
"""
EXPLAIN, OFFER = "is neither the answer nor explained in `wrong`", "write it as “- **{0})** …”"
QUESTIONS = {
    "in_a_row": ("(a) 2 (b) −2 (c) −1", "", ""),
    "in_a_list": ("- **a)** 2\n- **b)** −2, not as in (d)\n* **c)** −1", "", ""),
    "with_arguments": ("With $f(x) = 2x$, or g(z) for short: (a) 2\n(b) −2\n(c) −1", "", ""),
    "one_more": ("(a) 2 (b) −2 (c) −1 (d) 0", "d", ""),
    "two_more": ("- **a)** 2\n- **b)** −2\n- **c)** −1\n- **e)** 0\n- **d)** 1", "de", ""),
    "one_less": ("(a) 2 (b) −2", "", "c"),
    "no_answer": ("(a) 2 (c) −1", "", "b"),
    "another_letter": ("(a) 2 (b) −2 (d) −1", "d", "c"),
    "no_options": ("Tell.", "", "abc"),
    "too_early": ("(a) 2 (b) −2 (c) −1\n\n+++\n\nThink!", "", "abc"),
}


def test_options_and_explanations_of_a_question_belong_together(defects):
    text = TEXT + "".join(QUIZ.format(name, options) for name, (options, _, _) in QUESTIONS.items())
    assert defects(text) == [
        (line_of(text, f"exercise: quiz_{name}\n") - 2, said)
        for name, (_, more, less) in QUESTIONS.items()
        for said in (
            *(f"option {letter} of quiz_{name} {EXPLAIN}" for letter in more),
            *(f"the question before quiz_{name} has no option {letter}; {OFFER.format(letter)}" for letter in less),
        )
    ]


# Spelling

MISSPELT = "{} is misspelt: {}? (codespell; ignore a word in pyproject.toml)"


def test_a_misspelt_word_is_named_with_its_line(defects):
    text = with_text("One\nocc" + "urence of tw" + "o words, and recie" + "ve.")
    assert defects(text) == [
        (line_of(text, "\nocc") + 1, MISSPELT.format("occ" + "urence", "occurrence")),
        (line_of(text, "\nocc") + 1, MISSPELT.format("recie" + "ve", "receive")),
    ]


def test_a_misspelt_word_in_code_or_in_a_variant_is_named(tmp_path):
    word = "recie" + "ve"
    text = replaced(("offset = 1.0", f"offset = 1.0  # {word}"))
    variants = replaced(("You halved z.", f"You halved\nwhat you {word}."), text=VARIANTS)
    lesson = read_lesson(lesson_file(tmp_path, text, variants=variants))
    assert [(item.path, item.line) for item in prose_defects(lesson, tmp_path / "formulas.json")] == [
        (lesson.path, line_of(text, word)),
        (variants_path(lesson.path), line_of(variants, word)),
    ]


def test_a_word_that_the_course_ignores_is_right(defects, tmp_path):
    settings = '[tool.codespell]\nignore-words-list = "recie' + 've,dout"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    text = with_text("We recie" + "ve dout, as an occ" + "urence.")
    assert defects(text) == [(line_of(text, "We "), MISSPELT.format("occ" + "urence", "occurrence"))]


# What every lesson has


def question(number):
    return QUIZ.format(number, "(a) 2 (b) −2 (c) −1")


HINTS = '\n+++ {"exercise": "double", "role": "hint"}\n\n1. Twice.\n2. Times 2.\n\n+++\n'
FINISHED = (
    replaced(
        ("# A small lesson\n", "# A small lesson\n\n## What you will be able to do\n"),
        ("\n## Averaging", f"{HINTS}\n## Averaging"),
    )
    + "".join(question(number) for number in (2, 3, 4))
    + "\n## What to remember\n"
)
WRITTEN = TEXT[TEXT.index('+++ {"exercise": "explain"') :]
SOLUTION = "```{code-cell} ipython3\n:exercise: double\n:role: solution"
LACKING = {
    "goals": (replaced(("able to do", "learn"), text=FINISHED), "a heading “What you will be able to do”"),
    "a summary": (replaced(("What to remember", "The end"), text=FINISHED), "a heading “What to remember”"),
    "questions": (
        replaced((question(3), ""), text=FINISHED),
        "4 to 6 quiz questions (it has 3)",
    ),
    "an end of questions": (
        FINISHED + "".join(question(number) for number in (5, 6, 7)),
        "4 to 6 quiz questions (it has 7)",
    ),
    "a written question": (replaced((WRITTEN, ""), text=FINISHED), "a written question"),
}
COUNTS = {
    "no hints": ((HINTS, ""), 0),
    "one hint": (("2. Times 2.\n", ""), 1),
    "four hints": (("2. Times 2.\n", "2. Times 2.\n3. z + z.\n4. z * 2.\n"), 4),
}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("(a) two (b) minus two, which is right (c) one", "stands out, with 25 characters against 3 at most"),
        ("(a) two, which is right (b) minus two (c) one", ""),
        ("(a) two and (b) minus two (c) one", ""),
    ],
)
def test_an_answer_much_longer_than_all_other_options_is_named(tmp_path, options, said):
    lesson = read_lesson(lesson_file(tmp_path, replaced(("(a) 2 (b) −2 (c) −1", options))))
    found = list(conspicuous_answers(lesson))
    assert [said in item for item in found] == [True] * bool(said)


def test_a_finished_lesson_lacks_nothing(tmp_path):
    lesson = read_lesson(lesson_file(tmp_path, FINISHED))
    assert incomplete(lesson) == prose_defects(lesson, tmp_path / "formulas.json") == []


@pytest.mark.parametrize(("text", "what"), LACKING.values(), ids=LACKING)
def test_what_a_lesson_lacks_is_named(tmp_path, text, what):
    (defect,) = incomplete(read_lesson(lesson_file(tmp_path, text)))
    assert (defect.line, defect.text) == (1, f"the lesson lacks {what}")


@pytest.mark.parametrize(("change", "count"), COUNTS.values(), ids=COUNTS)
def test_an_exercise_has_two_or_three_hints(tmp_path, change, count):
    text = replaced(change, text=FINISHED)
    (defect,) = incomplete(read_lesson(lesson_file(tmp_path, text)))
    assert (defect.line, defect.text) == (line_of(text, SOLUTION), f"double has {count} hints, not two or three")


def test_what_is_left_to_write_is_named_with_its_line(tmp_path):
    text = replaced(
        ("## Averaging\n", "## Averaging\n\nSome text.\n\n<!-- WRITE: why -->\n"),
        ("offset = 1.0", "offset = 1.0  # <!-- WRITE: no text -->"),
        text=FINISHED,
    )
    (defect,) = incomplete(read_lesson(lesson_file(tmp_path, text)))
    assert (defect.line, defect.text) == (line_of(text, "<!-- WRITE: why"), "there is something left to write here")


def test_a_draft_is_told_everything_that_it_lacks(tmp_path):
    text = replaced((WRITTEN, ""))
    lesson = read_lesson(lesson_file(tmp_path, text))
    assert lesson.is_draft
    assert [(item.path, item.line, item.text) for item in incomplete(lesson)] == [
        (lesson.path, 1, "the lesson lacks a heading “What you will be able to do”"),
        (lesson.path, 1, "the lesson lacks a heading “What to remember”"),
        (lesson.path, 1, "the lesson lacks 4 to 6 quiz questions (it has 1)"),
        (lesson.path, 1, "the lesson lacks a written question"),
        (lesson.path, line_of(text, SOLUTION), "double has 0 hints, not two or three"),
    ]


GUESS = """
```{code-cell} ipython3
:role: demo

guess("twice", ...)
```
"""
REVEAL = """
```{code-cell} ipython3
:role: demo

four = 4
reveal("twice", four)
```
"""


@pytest.mark.parametrize(
    ("text", "mark", "problem"),
    [
        (GUESS + REVEAL, "", ""),
        (GUESS, "guess(", "no cell calls reveal(“twice”, …)"),
        (REVEAL, "reveal(", "reveal(“twice”) has no guess before it"),
        (REVEAL + GUESS, "reveal(", "reveal(“twice”) has no guess before it"),
        (GUESS.replace("...", "4") + REVEAL, "guess(", 'a guess is a cell of one line: guess("twice", ...)'),
        (GUESS.replace("guess", "x = 1\nguess") + REVEAL, "guess(", "a guess is a cell of one line"),
    ],
)
def test_a_guess_is_a_cell_of_its_own_before_the_demo_that_reveals_it(defects, text, mark, problem):
    text = with_text(text)
    found = defects(text)
    if not problem:
        assert found == []
        return
    line, said = found[0]
    assert said.startswith(problem)
    assert line_of(text, mark) - 4 <= line <= line_of(text, mark)


def test_a_guess_is_asked_once(defects):
    assert [said for _, said in defects(with_text(GUESS + GUESS + REVEAL))] == ["the guess “twice” is asked twice"]


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("## Averaging (optional)", ["row_means"]),
        ("# More (Optional)\n\n## Averaging", ["row_means", "quiz_sign", "explain"]),
        ("## More (optional)\n\nText.\n\n+++\n\n## Averaging", []),
        ("## Averaging (optional reading)", []),
    ],
)
def test_what_has_points_does_not_stand_in_an_optional_section(defects, heading, names):
    text = replaced(("## Averaging", heading))
    found = defects(text)
    assert [said.partition(" ")[0] for _, said in found] == names
    assert all("has points, but stands in the optional section" in said for _, said in found)
    if names:
        assert found[0][0] == text[: text.index(":exercise: row_means\n:points: 4")].count("\n")


def test_an_optional_exercise_gives_no_points_and_every_other_one_does(defects):
    no_points = (":points: 4\n", ":points: 0\n")
    assert defects(replaced(("## Averaging", "## Averaging (optional)"), no_points)) == []
    (defect,) = defects(replaced(no_points))
    assert defect[1].startswith("row_means has no points, but stands in no section")


def test_what_is_not_optional_does_not_need_what_is(defects):
    text = replaced(("## Averaging", "## Averaging (optional)"), (":points: 4\n", ":points: 0\n"))
    used = "```{code-cell} ipython3\n:role: demo\n\nprint(row_means(np.zeros((2, 3))))\n```\n"
    below = text.replace("## Questions\n", f"## Questions\n\n{used}")
    ((line, said),) = defects(below)
    assert said == "the optional row_means is used here, where the lesson is not optional"
    assert line == line_of(below, "print(row_means") - 3
    assert defects(text.replace("## Questions\n", f"{used}\n## Questions\n")) == []


def test_optional_text_has_cells_of_its_own(defects):
    mixed = [
        "Core.\n\n### Deeper (optional)\n\nText.",
        "### Deeper (optional)\n\nText.\n\n### On\n\nCore.",
        "### Deeper (optional)\n\n#### Still\n\nText.\n\n### On\n\nCore.",
    ]
    for text in mixed:
        said = [said for _, said in defects(with_text(f"+++\n\n{text}\n\n+++\n\n### Last\n"))]
        assert [item[:36] for item in said] == ["a cell holds optional and other text"]
    for text in [part.replace("\n\n### ", "\n\n+++\n\n### ") for part in mixed]:
        assert defects(with_text(f"+++\n\n{text}\n\n+++\n\n### Last\n")) == []
