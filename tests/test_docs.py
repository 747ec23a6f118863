import ast
import collections
import enum
import importlib
import inspect
import json
import re
import shlex
import subprocess
import sys
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest

import dlcore
import grader
from dlcore import data
from dlcore.checks.compare import Settings
from dlcore.checks.evidence import Outcome, observe
from dlcore.checks.verdict import judge, passes
from grader.cli import parser
from grader.nbgrader_plugins.deadlines import read_deadline
from grader.submissions.names import read_names
from grader.submissions.roster import read_roster
from tests.classroom import make_course
from tests.conftest import ROOT

PAGES = sorted(ROOT.glob("docs/*.md"))
MODULES = ["dlcore", "dlcore.data", "dlcore.plots", "dlcore.live"]
SOURCES = sorted(path for package in (dlcore, grader) for path in Path(package.__file__).parent.rglob("*.py"))


def sections(page):
    """The parts of a page by their headings, without the backticks."""
    parts = re.split(r"^## `?([^`\n]+)`?$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def documented(section):
    """The names in the first column of a section's tables."""
    first = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [name for cell in first for name in re.findall(r"`(\w+)(?:\([^`]*)?`", cell)]


@pytest.mark.parametrize("module", MODULES)
def test_the_page_documents_what_is_public_and_nothing_else(module):
    names = documented(sections(ROOT / "docs" / "dlcore.md")[module])
    extra = {"STYLE"} & set(importlib.import_module(module).__all__)  # in the line of `style`
    assert sorted({*names, *extra}) == sorted(importlib.import_module(module).__all__)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("module", MODULES)
def test_signatures_on_the_page_are_those_of_the_code(module):
    page = sections(ROOT / "docs" / "dlcore.md")[module]
    for name, text in re.findall(r"`(\w+)\(([^`]+)\)`", page):
        if not hasattr(importlib.import_module(module), name):
            continue
        parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters
        written = ast.parse(f"def f({text}): pass").body[0].args
        shown = [a.arg for a in (*written.args, written.vararg, *written.kwonlyargs, written.kwarg) if a is not None]
        required = [
            p.name for p in parameters.values() if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD,)
        ]
        assert set(shown) <= set(parameters)
        assert set(required) <= set(shown)
        for argument, default in zip(written.kwonlyargs, written.kw_defaults, strict=True):
            assert ast.literal_eval(default) == parameters[argument.arg].default


def test_the_public_names_exist_and_stand_once():
    for module in map(importlib.import_module, MODULES):
        assert len(module.__all__) == len(set(module.__all__))
        assert [name for name in module.__all__ if not hasattr(module, name)] == []


def public_definitions(path):
    """A module's public functions and classes, and the public methods of those."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    queue = [("", node) for node in tree.body]
    while queue:
        owner, node = queue.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{owner}{node.name}", node
            if isinstance(node, ast.ClassDef):
                queue += [(f"{node.name}.", inner) for inner in node.body]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_whatever_is_public_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or path.stat().st_size == 0
    if path.name == "bootstrap.py":  # handed to the kernel as text
        return
    missing = [name for name, node in public_definitions(path) if not ast.get_docstring(node)]
    assert missing == []


def test_the_first_line_of_a_docstring_is_a_sentence():
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                first = inspect.getdoc(value).splitlines()[0]
                assert first[0].isupper() or first[0] == "`", name
                assert first.endswith((".", ":")), name


def test_arguments_of_public_functions_are_described():
    """Each argument of a function that students call stands in its docstring, or in its module's."""
    for module in (dlcore, data):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                text = f"{module.__doc__}\n{inspect.getdoc(value)}"
                missing = [item for item in inspect.signature(value).parameters if not re.search(rf"\b{item}\b", text)]
                assert missing == [], name


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        path = page.parent / file if file else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_settings_and_commands_are_those_of_the_code(tmp_path):
    page = tmp_path / "configuration.md"
    subprocess.run([sys.executable, ROOT / "scripts" / "make_configuration.py", page], cwd=ROOT, check=True)
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8") == text, "run python scripts/make_configuration.py"


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_commands_on_pages_are_understood(page):
    """Each line of a block that calls the grader is taken by its parser; what they do is tested where they are."""
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for line in "\n".join(blocks).splitlines():
        if line.startswith("python -m grader ") and not set("<[…") & set(line):
            parser().parse_args(shlex.split(line, comments=True)[3:])


def test_words_in_the_vocabulary_are_explained_once_and_the_fields_are_there():
    text = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\*\*(.+?)\*\*:", text, re.MULTILINE)
    assert len(words) == len(set(words))
    needed = (
        "Evidence,Verdict,Check,Misconception,Alternative,Follow-through,Item analysis,Facility,Discrimination,"
        "Reference,Role,Exercise,Practice mode,Evidence mode"
    )
    assert set(needed.split(",")) <= set(words)


def test_every_role_is_in_the_vocabulary_and_in_the_guide_for_authors():
    from grader.lessons.cells import ROLES

    vocabulary = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
    authoring = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    for role in ROLES:
        assert f"`{role}`" in vocabulary
        assert f"| `{role}` |" in authoring


def test_the_guide_for_authors_has_the_dimensions_of_the_sweep_and_their_meaning():
    from grader.lessons.excuses import DIMENSIONS

    section = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8").split("### What the inputs must cover")[1]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", section.split("### Hints")[0], re.MULTILINE)
    assert dict(rows) == DIMENSIONS
    assert [name for name, _ in rows] == list(DIMENSIONS)


def test_limits_on_the_page_are_those_of_the_code():
    from dataclasses import fields

    from grader.execution.sandbox import Limits

    table = sections(ROOT / "docs" / "grading.md")["Limits"]
    rows = [(name, float(value)) for name, value in re.findall(r"^\| `(\w+)` \| (\S+) \|", table, re.MULTILINE)]
    assert rows == [(field.name, field.default) for field in fields(Limits)]


def test_settings_on_the_page_are_settings_of_the_grader():
    from grader.nbgrader_plugins.preprocessors import RunSubmission

    for text in ((ROOT / "docs" / "grading.md").read_text(), (ROOT / "nbgrader_config.py").read_text()):
        names = re.findall(r"c\.RunSubmission\.(\w+)", text)
        assert names
        assert set(names) <= set(RunSubmission.class_trait_names(config=True))


def table_of_what_counts():
    """The rows of the table: what is expected, what is returned, and whether it is accepted."""
    page = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    part = page.partition("### What counts as what")[2].partition("###")[0]
    return re.findall(r"^\| `(.+?)` \| `(.+?)` \| (yes|no)\b.*\|$", part, re.MULTILINE)


@pytest.mark.parametrize(("expected", "returned", "accepted"), table_of_what_counts())
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_what_counts_as_what_is_as_the_table_says(expected, returned, accepted):
    """While practising, where the value itself is compared, and while grading, where it comes as evidence."""
    names = {name: getattr(collections, name) for name in ("Counter", "OrderedDict", "defaultdict", "namedtuple")}
    names |= {"np": np, "IntEnum": enum.IntEnum}
    reference, value = (eval(text, names) for text in (expected, returned))
    wanted, got = (observe(lambda value=value: value, (), {}) for value in (reference, value))
    assert passes(wanted, got, Settings()) == (accepted == "yes")
    graded = [Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) for outcome in (wanted, got)]
    assert passes(*graded, Settings()) == (accepted == "yes")
    assert judge(*graded, Settings()).kind != "incomparable"


def test_the_table_of_what_counts_has_all_its_rows():
    assert len(table_of_what_counts()) > 30


def test_every_promise_names_tests_that_exist():
    page = (ROOT / "docs" / "threat-model.md").read_text()
    promises = [line for line in page.splitlines() if line.startswith("| ") and "tests/" in line]
    assert len(promises) >= 18
    for path, name in re.findall(r"`(tests/\w+\.py)::(\w+)`", "\n".join(promises)):
        assert f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"


def test_quizzes_carry_few_points():
    """Their answers can be looked up in the key that lies beside the notebook."""
    for path in sorted((ROOT / "release").glob("week*/*.key.json")):
        exercises = json.loads(path.read_text())["exercises"]
        quizzes = [item["points"] for item in exercises if item["name"].startswith("quiz_")]
        assert quizzes, path
        assert sum(quizzes) <= 0.08 * sum(item["points"] for item in exercises), path


def test_the_files_of_the_first_week_are_understood(tmp_path):
    text = (ROOT / "docs" / "term.md").read_text(encoding="utf-8")
    roster, deadlines, times = re.findall(r"```(?:toml)?\n(id,.*?|timezone.*?)```", text, re.DOTALL)
    course = make_course(tmp_path / "course")
    (course.root / "deadlines.toml").write_text(deadlines, encoding="utf-8")
    (tmp_path / "class.csv").write_text(roster, encoding="utf-8")
    (tmp_path / "times1.csv").write_text(times, encoding="utf-8")
    deadline, names = read_deadline(course, "week1"), read_names(tmp_path / "times1.csv")
    late = names.submitted["chen"].astimezone(UTC).replace(tzinfo=None) - deadline.due
    assert late.total_seconds() == 11 * 60
    assert deadline.policy.penalty(80, late.total_seconds()) is None
    assert deadline.extension("ada").days == 2
    assert names.by_user == {"340934": "ada", "340935": "chen"}
    assert set(read_roster(tmp_path / "class.csv").students) == names.ids


def test_git_ignores_what_the_pages_for_instructors_let_them_write_about_students():
    """Lists, times, grades, templates and backups, by the names in term.md, grading.md and where-it-runs.md."""
    names = set()
    for page in ("term", "grading", "where-it-runs"):
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        names |= set(re.findall(r"[\w-]+\.(?:csv|toml|dump)\b", text)) - {"pyproject.toml"}
    assert {"class.csv", "times1.csv", "week1.csv", "canvas.csv", "gradebook.dump"} <= names
    for name in sorted({*names, "gradebook-2026-11-30.db"}):
        answer = subprocess.run(["git", "-C", ROOT, "check-ignore", "-q", name], check=False)
        assert answer.returncode == 0, name
