"""The page about the term: its numbers, what it says of code that did not run, and the page in a browser."""

import html
import json
import os
import re
from pathlib import Path

import nbformat
import pytest

from dlcore.checks.compare import Settings
from dlcore.checks.evidence import Outcome as Observed
from dlcore.checks.evidence import OutcomeKind
from grader.cli import main
from grader.execution.cell_run import Cause, CellRun, Status
from grader.execution.evidence import Record
from grader.execution.steps import Part, StepKey
from grader.grading.cell_report import CellReport, CheckReport
from grader.grading.failures import FailureKind, Place, RunFailure
from grader.grading.scoring import score
from grader.lessons.reference import CheckCell, Reference, ReferenceExercise
from grader.reports.outcomes import Outcome, failure_of, is_unattempted
from grader.reports.term_page import term_page
from grader.reports.term_students import misconception_rows, student_rows
from grader.reports.term_tables import exercise_rows, week_rows
from grader.reports.week_results import UNREADABLE, read_results
from tests.classroom import WEEK, grader, hand_in, make_course, reference_solutions, released, with_solutions
from tests.jupyterlab import BROWSER_OPTIONS
from tests.processes import PATIENCE
from tests.term_class import HINTS, LOOP, made_up_term


def report(*notes, checks=(), failure=None):
    return CellReport("f-check", "f", 2.0, 0.0, list(checks), list(notes), failure=failure)


def older(*notes):
    """A report as versions wrote it that had no field `failure`, read again."""
    form = report(*notes).to_json()
    del form["failure"], form["own_misconceptions"]
    return CellReport.from_json(json.loads(json.dumps(form)))


def check(kind, *, passed=False):
    return CheckReport("a number", False, passed, kind)


# ---- what became of an exercise


@pytest.mark.parametrize(
    ("note", "kind", "said"),
    [
        ("The solution cell stopped with SyntaxError: '(' was never closed", Outcome.SYNTAX, "'(' was never closed"),
        ("The solution cell stopped with IndentationError: unexpected indent", Outcome.SYNTAX, "is no Python"),
        ("The solution cell stopped with NameError: name 'nump' is not defined", Outcome.ERROR, "name 'nump'"),
        ("The solution cell was stopped: it took longer than 10 seconds.", Outcome.ENDLESS, "when it is defined"),
        ("The hidden checks were stopped: it took longer than 10 seconds.", Outcome.ENDLESS, "in the hidden checks"),
        ("The checks were stopped: it used more memory than it may.", Outcome.CRASH, "more memory than it may"),
        ("The checks were stopped: it ended the kernel.", Outcome.CRASH, "Its kernel was ended: it ended the kernel"),
        ("The checks did not find the function (name 'f' is not defined).", Outcome.ERROR, "no function of this name"),
        ("The checks were not reached: the notebook used up its time.", Outcome.ENDLESS, "used up the time"),
    ],
)
def test_graded_notebooks_that_have_only_sentences_are_explained(note, kind, said):
    failure = failure_of([older("Something else.", note)])
    assert failure.kind is kind
    assert said in failure.text
    assert failure_of([report(note)]) is None  # where there is the field, sentences can be any


KINDS = {
    FailureKind.SYNTAX: Outcome.SYNTAX,
    FailureKind.ERROR: Outcome.ERROR,
    FailureKind.MISSING: Outcome.ERROR,
    FailureKind.TIME: Outcome.ENDLESS,
    FailureKind.UNREACHED: Outcome.ENDLESS,
    FailureKind.KILLED: Outcome.CRASH,
}


@pytest.mark.parametrize("kind", FailureKind)
@pytest.mark.parametrize("place", Place)
def test_every_kind_of_failure_is_told_whatever_the_sentences_and_survives_the_notebook(kind, place):
    written = report("A sentence.", failure=RunFailure(kind, place, "x\x1b[2J"))
    again = CellReport.from_json(json.loads(json.dumps(written.to_json())))
    assert again == written
    failure = failure_of([report(), again])
    assert failure.kind is KINDS[kind]
    assert "\x1b" not in failure.text


def test_the_kind_that_explains_the_others_is_named():
    later = report(failure=RunFailure(FailureKind.MISSING, Place.CHECKS, "name 'f' is not defined"))
    first = report(failure=RunFailure(FailureKind.SYNTAX, Place.SOLUTION, "SyntaxError: x"))
    assert failure_of([later, first]).kind is Outcome.SYNTAX
    assert failure_of([report("Follow-through: …"), older("Follow-through: …")]) is None


def test_what_an_error_says_cannot_act_on_a_terminal():
    said = failure_of([report(failure=RunFailure(FailureKind.ERROR, Place.SOLUTION, "ValueError: a\x1b[2J"))]).text
    assert said.endswith(r"ValueError: a\x1b[2J")


EARLIER = CellRun(cause=Cause.EARLIER)
RUNS = [
    (CellRun(Status.ERROR, "TabError", "tabs"), EARLIER, "The solution cell stopped with TabError: tabs"),
    (CellRun(Status.ERROR, "NameError", "nump"), EARLIER, "The solution cell stopped with NameError: nump"),
    (CellRun(Status.TIMEOUT, seconds=10), EARLIER, "The solution cell was stopped: it took longer than 10 seconds."),
    (CellRun(Status.OK), CellRun(Status.TIMEOUT, seconds=9.6), "The checks were stopped: it took longer than 10 sec"),
    (CellRun(Status.OK), CellRun(Status.DIED, cause=Cause.TIME), "The checks were stopped: it ran too long and could"),
    (CellRun(Status.OK), CellRun(Status.DIED, cause=Cause.EXIT), "The checks were stopped: it ended the kernel."),
    (CellRun(Status.OK), CellRun(Status.ERROR, "NameError", "name 'f'"), "The checks did not find the function (name"),
    (CellRun(Status.OK), CellRun(), "The checks were not reached: the notebook used up its time."),
]
EXPECTED = [
    (FailureKind.SYNTAX, Place.SOLUTION),
    (FailureKind.ERROR, Place.SOLUTION),
    (FailureKind.TIME, Place.SOLUTION),
    (FailureKind.TIME, Place.CHECKS),
    (FailureKind.TIME, Place.CHECKS),
    (FailureKind.KILLED, Place.CHECKS),
    (FailureKind.MISSING, Place.CHECKS),
    (FailureKind.UNREACHED, Place.CHECKS),
]


@pytest.mark.parametrize(
    ("solution", "checks", "sentence", "kind", "place"),
    [(*run, *expected) for run, expected in zip(RUNS, EXPECTED, strict=True)],
)
def test_scoring_notes_why_code_did_not_run_beside_the_sentence(solution, checks, sentence, kind, place):
    cell = nbformat.v4.new_code_cell("", metadata={"course": {"exercise": "f", "role": "solution"}})
    record = Record("", "f(1)", (1,), (), Settings(), Observed(OutcomeKind.RETURNED, 1.0))
    check_cell = CheckCell("f-check", 2.0, "check(f, 1)", "check(f, 1)", "", "f", records=[record], hidden=[False])
    exercise = ReferenceExercise("f", "solution", "", [check_cell])
    reference = Reference("small", "Small", {"f": exercise}, None, {})
    runs = {StepKey(Part.CELL, "0"): solution, StepKey(Part.VISIBLE, "f-check"): checks}
    found = score(nbformat.v4.new_notebook(cells=[cell]), reference, runs)["f-check"]
    assert (found.failure.kind, found.failure.place) == (kind, place)
    assert found.notes[0].startswith(sentence)


def test_only_what_is_as_released_counts_as_not_attempted():
    assert is_unattempted([report(checks=[check("unattempted"), check("unattempted")])])
    assert not is_unattempted([report(checks=[check("unattempted"), check("values")])])
    assert not is_unattempted([report(checks=[check("unattempted"), check("passed", passed=True)])])
    assert not is_unattempted([report()])


@pytest.mark.slow
@pytest.mark.usefixtures("needs_sandbox")
@pytest.mark.xdist_group("grading")
def test_real_submissions_that_do_not_run_are_told_apart(tmp_path, capsys, monkeypatch):
    course = make_course(tmp_path / "course", cell_seconds=3)
    solutions = reference_solutions(course)
    broken = {
        "loop": "def predict(*arguments):\n    while True:\n        pass",
        "crash": "import os\n\n\ndef predict(*arguments):\n    os._exit(1)",
        "syntax": "def predict(:\n    return 1",
        "error": "nothing_of_this_name\n\n\ndef predict(*arguments):\n    return 1",
    }
    for student, code in broken.items():
        hand_in(course, student, with_solutions(released(course), solutions | {"predict": code}))
    hand_in(course, "blank", with_solutions(released(course), {}))
    assert grader(course, "grade", WEEK, "--workers", "0").returncode == 0
    results = read_results(course, WEEK)
    assert {student.outcome("explain_the_gradient") for student in results.students} == {Outcome.UNATTEMPTED}
    assert set(results.exercises) - results.checked == {"explain_the_gradient"}
    found = {student.student: student.outcome("predict") for student in results.students}
    assert found == {
        "loop": Outcome.ENDLESS, "crash": Outcome.CRASH, "syntax": Outcome.SYNTAX, "error": Outcome.ERROR,
        "blank": Outcome.UNATTEMPTED,
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["--root", str(course.root), "report"]) == 0
    assert "term.html" in capsys.readouterr().out
    page = (tmp_path / "term.html").read_text()
    assert "An endless loop, or far too slow: it took longer than 3 seconds" in page
    assert main(["--root", str(course.root), "report", WEEK]) == 0
    assert "Its kernel was ended: it ended the kernel in the checks." in (tmp_path / "report.html").read_text()


def test_a_term_in_which_nothing_is_graded_is_said_so(tmp_path, capsys):
    course = make_course(tmp_path / "course")
    assert main(["--root", str(course.root), "report"]) == 2
    assert "nothing is graded in any week" in capsys.readouterr().err
    assert main(["--root", str(course.root), "report", WEEK, "week99"]) == 2
    assert "there is no week99" in capsys.readouterr().err


# ---- the tables


def test_the_numbers_of_a_week_are_those_of_its_students():
    term = made_up_term()
    for week, row in zip(term.weeks, week_rows(term), strict=True):
        assert row.graded + row.nothing + row.not_graded + row.unreadable == 24
        assert row.mean == pytest.approx(sum(student.share for student in week.graded) / row.graded)
    assert [(row.nothing, row.not_graded, row.waiting) for row in week_rows(term)] == [(1, 0, 0), (1, 0, 0), (1, 1, 2)]


def test_who_could_not_be_read_and_whose_marks_are_to_be_reviewed_is_in_a_column():
    term = made_up_term()
    first, second, third = term.weeks[0].students[:3]
    first.note, third.to_grade = UNREADABLE, True
    row = week_rows(term)[0]
    assert (row.graded, row.nothing, row.unreadable, row.to_review) == (22, 1, 1, 1)
    waits = {row.student: row.waits for row in student_rows(term)}
    assert (waits[first.student], waits[second.student], waits[third.student]) == ([], [], ["week1"])
    assert "Could not be read" in term_page(term)


def test_each_exercise_has_one_outcome_for_each_graded_student():
    term = made_up_term()
    rows = exercise_rows(term)
    graded = {week.week: len(week.graded) for week in term.weeks}
    assert [row.outcomes.total() for row in rows] == [graded[row.week] for row in rows]
    backward = next(row for row in rows if row.item.name == "backward")
    assert {kind: len(students) for kind, students in backward.failures.items()} == {
        Outcome.ENDLESS: 5, Outcome.CRASH: 1, Outcome.SYNTAX: 1,
    }  # fmt: skip


def test_an_exercise_in_which_many_fail_alike_is_called_out():
    rows = {row.item.name: " ".join(row.remarks) for row in exercise_rows(made_up_term())}
    assert "5 of 23 never end here: is the input too large, or the time too short?" in rows["backward"]
    assert "lose their kernel" not in rows["backward"]
    assert "15 of 23 are wrong in a way that no misconception of the lesson explains" in rows["cost"]
    assert "no misconception" not in rows["sigmoid"]


def test_an_exercise_that_most_leave_out_is_called_out():
    term = made_up_term()
    for student in term.weeks[0].graded[:12]:
        student.exercises["sigmoid"].score, student.misconceptions = 0.0, []
        student.unattempted.add("sigmoid")
    row = next(row for row in exercise_rows(term) if row.item.name == "sigmoid")
    assert "12 of 23 did not attempt it: do they see it, and is there time for it?" in row.remarks


def test_a_few_students_raise_no_alarm():
    term = made_up_term()
    for student in term.weeks[0].graded[:4]:
        student.section = "few"
        student.exercises["sigmoid"].score, student.misconceptions = 0.0, [("to_column", "row"), ("sigmoid", "sign")]
        student.exercises["to_column"].score = 0.0
        student.unattempted.add("sigmoid")
    for week in term.weeks[1:]:
        for student in week.graded[:4]:
            student.section = "few"
    small = term.of_section("few")
    assert {row.item.name: row.remarks for row in exercise_rows(small)}["sigmoid"] == []
    for week in term.weeks:
        for student in week.students:
            student.misconceptions = []
    term.weeks[0].graded[3].misconceptions = term.weeks[0].graded[4].misconceptions = [("sigmoid", "sign")]
    (sign,) = misconception_rows(term)
    assert (sign.shares[0][1], sign.shares[1], sign.trend) == (2, (0.0, 0), "")


def test_answers_that_a_person_marked_need_no_misconception():
    term = made_up_term()
    for student in term.weeks[2].graded:
        student.exercises["why"].score, student.exercises["why"].by_hand = 0.5, True
    row = next(row for row in exercise_rows(term) if row.item.name == "why")
    assert row.marked == row.outcomes["partly right"] > 0
    assert (row.outcomes[Outcome.PARTLY], row.unexplained) == (22, 0)


def test_a_misconception_is_followed_over_the_weeks():
    term = made_up_term()
    rows = {row.name: row for row in misconception_rows(term)}
    sign = rows["sign"]
    assert [share is None for share in sign.shares] == [False, False, True]  # week 3 does not know it
    counts = [
        sum(any(name == "sign" for _, name in item.misconceptions) for item in week.graded) for week in term.weeks
    ]
    assert [count for _, count in sign.shares[:2]] == counts[:2]
    assert sign.trend == f"rarer: {counts[0] / 23:.0%} → {counts[1] / 23:.0%}"
    assert rows["row"].trend == ""
    assert [(week, exercise, hint) for week, exercise, hint, _ in sign.places] == [
        ("week1", "sigmoid", HINTS["week1"]["sigmoid", "sign"]),
        ("week2", "forward", HINTS["week2"]["forward", "sign"]),
    ]
    assert sign.students == {name for *_, names in sign.places for name in names}


def test_a_misconception_that_nobody_has_any_more_went_to_0():
    term = made_up_term()
    for student in term.weeks[1].students:
        student.misconceptions = []
    sign = next(row for row in misconception_rows(term) if row.name == "sign")
    assert sign.shares[1] == (0.0, 0)
    assert sign.trend.endswith("→ 0%")


def test_a_student_without_a_grade_is_no_zero():
    rows = {row.student: row for row in student_rows(made_up_term())}
    assert rows["s00"].shares == [1.0, 1.0, 1.0]
    assert rows["s23"].shares == [None, None, None]
    assert rows["s23"].missing == ["week1", "week2", "week3"]
    assert rows["s23"].mean is None
    assert rows["s05"].shares[2] is None
    assert rows["s05"].missing == []
    assert rows["s03"].waits == ["week3"]
    assert [(week, exercise, kind) for week, exercise, kind, _ in rows["s09"].failures] == [
        ("week2", "backward", Outcome.CRASH)
    ]


def test_sections_add_up_to_everybody():
    term = made_up_term()
    assert term.sections == ["<i>C</i>", "A", "B"]
    parts = [week_rows(term.of_section(section)) for section in term.sections]
    for number, row in enumerate(week_rows(term)):
        assert sum(part[number].graded for part in parts) == row.graded
        assert sum(part[number].misled for part in parts) == row.misled


# ---- the page


def test_the_page_fetches_nothing_and_runs_only_its_own_script():
    page = term_page(made_up_term())
    assert not re.search(r"(?:src|href)=[\"'](?!#)", page)
    assert not re.search(r"url\(|@import", page)
    assert "default-src 'none'" in page
    assert "<i>C</i>" not in page  # a section's name is no markup
    assert page.count(html.escape("Section <i>C</i>")) == 2


def test_names_that_are_no_text_do_nothing_to_the_page():
    term = made_up_term()
    for week in term.weeks:
        week.students[9].student = "\udcff\x1b[2J\u202e"
        week.students[9].section = "\u202eB"
    page = term_page(term)
    assert page.encode()
    assert r"\udcff\x1b[2J\u202e" in page
    assert "\u202e" not in page


def test_a_reason_that_many_share_is_given_once_with_their_names():
    page = term_page(made_up_term())
    assert f"<li>{html.escape(LOOP.text)} <b>s03, s04, s06, s07, s08</b></li>" in page


def test_an_empty_section_and_a_class_without_sections_have_a_page():
    term = made_up_term()
    for week in term.weeks:
        for student in week.students:
            student.section = "Z" if student.student == "s23" else ""
    assert "Section Z" in term_page(term)
    for week in term.weeks:
        week.students[-1].section = ""
    assert 'id="section"' not in term_page(term)


@pytest.fixture(params=["light", "dark"])
def page(request, chromium, tmp_path):
    """The page in a browser that may not reach anything."""
    from playwright.sync_api import sync_playwright

    path = tmp_path / "term.html"
    path.write_text(term_page(made_up_term()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=request.param)
        page.set_default_timeout(PATIENCE * 1000)
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        yield page
        assert page.said == []
        assert page.asked == [path.as_uri()]
        browser.close()


def first_column(page, table):
    rows = page.locator(f".block:not([hidden]) [aria-label={table}] tbody tr:not([hidden]) th")
    return [text.split("\n")[0] for text in rows.all_inner_texts()]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_page_works_with_the_keyboard_alone(page):
    header = page.locator(".block:not([hidden]) [aria-label=Exercises] th", has_text="Facility")
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    rows = {row.item.name: row.item.facility for row in exercise_rows(made_up_term())}
    assert first_column(page, "Exercises") == sorted(rows, key=rows.get, reverse=True)
    page.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "ascending"
    assert first_column(page, "Exercises") == sorted(rows, key=rows.get)
    assert page.locator("#said").inner_text() == "Sorted by Facility, ascending"
    page.get_by_label("Section", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator("#said").inner_text() == "Shown: Section A"
    assert page.get_by_role("heading", level=2).all_inner_texts() == ["Section A"]
    assert first_column(page, "Students") == [f"s{number:02}" for number in range(0, 24, 3)]
    page.keyboard.press("Tab")
    page.keyboard.type("First9")
    assert first_column(page, "Students") == ["s09"]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_students_without_a_grade_stay_last_however_they_are_sorted(page):
    button = page.locator(".block:not([hidden]) [aria-label=Students] th", has_text="Mean").get_by_role("button")
    means = {row.student: row.mean for row in student_rows(made_up_term()) if row.mean is not None}
    for sign in (-1, 1):
        button.click()
        names = first_column(page, "Students")
        assert names == [*sorted(means, key=lambda name: sign * means[name]), "s23"]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_page_can_be_read_at_400_pixels_and_in_its_theme(page):
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    contrast = """() => {
        const light = (colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((value) => {
                value /= 255;
                return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const probe = document.createElement("div");
        document.body.append(probe);
        const of = (name) => { probe.style.color = `var(--${name})`; return light(getComputedStyle(probe).color); };
        const pairs = [];
        for (const text of ["ink", "soft", "bad", "link"]) pairs.push([text, "page"]);
        pairs.push(["ink", "fill"]);
        const found = pairs.map(([text, back]) => {
            const [low, high] = [of(text), of(back)].sort((one, other) => one - other);
            return [text, back, (high + 0.05) / (low + 0.05)];
        });
        probe.remove();
        return found;
    }"""
    assert {(text, back): ratio for text, back, ratio in page.evaluate(contrast) if ratio < 4.5} == {}
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / "term-narrow.png", full_page=True)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_a_printed_page_cuts_nothing_off_and_unfolds_what_is_folded(page):
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1047, "height": 718})  # A4, without its margins
    cut = """[...document.querySelectorAll(".block:not([hidden]) .wide")]
        .filter((wide) => wide.scrollWidth > wide.clientWidth).map((wide) => wide.ariaLabel)"""
    assert page.evaluate(cut) == []
    assert not page.locator(".controls").is_visible()
    assert page.locator("details").first.locator("li, p, div").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
