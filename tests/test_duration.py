import pytest

from grader.lessons.duration import core_minutes, misjudged
from grader.lessons.parser import read_lesson
from grader.lessons.variants import lesson_files
from tests.conftest import ROOT
from tests.small_lesson import TEXT, lesson_file

WORDS = "word " * 250  # to read


def minutes(folder, text):
    folder.mkdir()
    return core_minutes(read_lesson(lesson_file(folder, text)))


def test_words_take_time_and_those_of_optional_sections_none(tmp_path):
    before = minutes(tmp_path / "before", TEXT)
    assert minutes(tmp_path / "longer", f"{TEXT}\n+++\n\n{WORDS}\n") == pytest.approx(before + 2, abs=0.05)
    extra = minutes(tmp_path / "extra", f"{TEXT}\n+++\n\n## More (optional)\n\n{WORDS}\n\n### Deeper\n\n{WORDS}\n")
    assert extra == pytest.approx(before, abs=0.05)


def test_the_core_goes_on_after_an_optional_section_in_the_same_cell(tmp_path):
    before = minutes(tmp_path / "before", TEXT)
    text = f"{TEXT}\n+++\n\n### More (optional)\n\n{WORDS}\n\n### On\n\n{WORDS}\n"
    assert minutes(tmp_path / "after", text) == pytest.approx(before + 2, abs=0.05)


def test_exercises_questions_and_written_answers_take_time(tmp_path):
    solutions, quizzes, written = TEXT.count(":role: solution"), TEXT.count("role: quiz"), TEXT.count('"written"')
    assert minutes(tmp_path / "all", TEXT) > 4 * solutions + 2 * quizzes + 10 * written


@pytest.mark.parametrize(("said", "is_named"), [(30, False), (140, True)])
def test_minutes_far_from_the_estimate_are_named(tmp_path, said, is_named):
    text = TEXT.replace("  title: A small", f"  minutes: {said}\n  title: A small", 1)
    found = misjudged(read_lesson(lesson_file(tmp_path, text)))
    assert ("the header says 140 minutes" in found) == is_named


def test_a_core_above_two_and_a_half_hours_is_named(tmp_path):
    text = TEXT.replace("  title: A small", "  minutes: 170\n  title: A small", 1)
    assert misjudged(read_lesson(lesson_file(tmp_path, text))).startswith("the core takes 170 minutes")
    long = f"{TEXT}\n+++\n\n{WORDS * 90}\n"
    assert misjudged(read_lesson(lesson_file(tmp_path, long))).startswith("the core takes")


@pytest.mark.parametrize("path", lesson_files(ROOT / "course"), ids=lambda path: path.stem)
def test_each_lesson_says_how_long_it_takes_and_its_core_at_most_two_and_a_half_hours(path):
    lesson = read_lesson(path)
    assert 0 < lesson.header.minutes <= 150
    assert misjudged(lesson) == ""
