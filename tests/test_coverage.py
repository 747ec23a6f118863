"""docs/coverage.md: what it says of each topic is so."""

import re

import pytest

from grader.lessons.parser import read_lesson
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "coverage.md"
ROWS = re.findall(
    r"^\| (.+?) \| (practised|taught|left out) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)
PLACE = re.compile(r"\[`(\w+)` (\d+)\]\(\.\./course/(week\d+)/(\w+)\.md#(\d+)-[\w-]+\)((?: `\w+`,?)*)")
# That a section of the linked name exists is tested with the links of all pages.


@pytest.fixture(scope="module")
def exercises():
    """The exercises of each lesson."""
    paths = [path for path in ROOT.glob("course/week*/*.md") if ".variants" not in path.name]
    return {path.stem: set(read_lesson(path).exercises) for path in paths}


def test_every_row_of_a_table_is_read():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(lines) - sum(line == "| topic | | where |" for line in lines) == len(ROWS)
    assert len({topic for topic, _, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("topic", "kind", "where"), ROWS, ids=[row[0][:60] for row in ROWS])
def test_a_topic_names_sections_and_exercises_of_their_lessons(topic, kind, where, exercises):
    if kind == "left out":
        assert where.endswith(".")
        return
    places = PLACE.findall(where)
    assert PLACE.sub("", where).strip("; ") == ""
    named = [(lesson, name) for lesson, *_, names in places for name in re.findall(r"`(\w+)`", names)]
    assert [(lesson, name) for lesson, name in named if name not in exercises[lesson]] == []
    assert all(lesson == file and section == anchor for lesson, section, _, file, anchor, _ in places)
    assert named or kind == "taught"


def test_the_counts_are_those_of_the_table():
    kinds = [kind for _, kind, _ in ROWS]
    said = re.search(r"Of (\d+) topics\s+(\d+) are practised, (\d+) are taught, (\d+) are left out", PAGE.read_text())
    counts = [len(ROWS), *(kinds.count(kind) for kind in ("practised", "taught", "left out"))]
    assert list(map(int, said.groups())) == counts
