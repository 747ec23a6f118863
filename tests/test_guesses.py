"""A guess before a demo and the result beside it: quiet, without a score, and nothing at all while grading."""

import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbgrader.utils import determine_grade

from dlcore import guess, reveal
from dlcore.checks import guesses
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def no_guesses(monkeypatch):
    monkeypatch.setattr(guesses, "_guesses", {})
    monkeypatch.delenv("DLCORE_MODE", raising=False)


def said(capsys, function, *args, **kwargs):
    assert function(*args, **kwargs) is None
    return capsys.readouterr().out.strip()


def test_a_guess_is_noted_and_shown_beside_the_result(capsys):
    assert said(capsys, guess, "loss", 0.9) == "Noted: 0.9. Run on, and see."
    assert said(capsys, reveal, "loss", 0.62) == "Your guess: 0.9. It is 0.62. It is 0.28 less than you guessed."


def test_without_a_guess_there_is_only_the_result(capsys):
    assert said(capsys, guess, "loss", ...).startswith("Replace the ... by your guess")
    assert said(capsys, reveal, "loss", 0.62, "s") == "It is 0.62 s."


def test_a_guess_that_was_taken_back_is_forgotten(capsys):
    guess("loss", 1)
    guess("loss")
    capsys.readouterr()
    assert said(capsys, reveal, "loss", 2) == "It is 2."


@pytest.mark.parametrize("value", [None, [1, 2], np.zeros(3), 1j, "", object()])
def test_what_is_neither_a_number_nor_a_text_is_no_guess_and_no_error(capsys, value):
    assert said(capsys, guess, "loss", value).startswith("Replace what stands after the comma by your guess")
    assert said(capsys, reveal, "loss", 2) == "It is 2."


@pytest.mark.parametrize(
    ("guessed", "actual", "words"),
    [
        (0.62, 0.62, "As you guessed."),
        (0.62, 0.6204, "As you guessed."),
        (97, 95.0, "Very close."),
        (0.5, -0.5, "It has the other sign."),
        (1, 5.2, "It is about 5.2 times your guess."),
        (-1, -5.2, "It is about 5.2 times your guess."),
        (30, 0.1, "Your guess is about 300 times that."),
        (1, 1e9, "It is about 10^9 times your guess."),
        (0, 0.25, "It is 0.25 more than you guessed."),
        (2, 1, "It is 1 less than you guessed."),
        ("(3,3)", "(3, 3)", "As you guessed."),
        ((3, 3), "(3, 3)", "As you guessed."),
        (3, 0, "It is 3 less than you guessed."),
        (10**400, 1.0, ""),
        (1, float("nan"), ""),
        (float("inf"), 2, ""),
        ("0,5", 0.5, "As you guessed."),
        ("a lot", 0.5, ""),
        (np.float32(2), np.int64(2), "As you guessed."),
        (np.array([[2.0]]), 2, "As you guessed."),
        ("B", "b", "As you guessed."),
        ("(b)", "b", "As you guessed."),
        ("a", "b", "It came out differently."),
        (True, "yes", "As you guessed."),
        (3, "b", "It came out differently."),
    ],
)
def test_the_comparison_is_in_words(capsys, guessed, actual, words):
    guess("it", guessed)
    capsys.readouterr()
    line = said(capsys, reveal, "it", actual)
    assert line.startswith("Your guess: ")
    assert line.rpartition("It is ")[2].partition(".")[0]
    assert line.endswith(words)
    if not words:
        assert line.count(". ") == 1


def test_a_unit_of_one_is_a_singular(capsys):
    guess("nodes", 5)
    capsys.readouterr()
    reveal("nodes", 6, "nodes")
    assert capsys.readouterr().out.strip() == "Your guess: 5 nodes. It is 6 nodes. It is 1 node more than you guessed."


def test_units_stand_behind_all_numbers(capsys):
    guess("time", "9 s")
    capsys.readouterr()
    assert said(capsys, reveal, "time", 12.0, "s") == "Your guess: 9 s. It is 12 s. It is 3 s more than you guessed."
    guess("time", "long")
    capsys.readouterr()
    assert said(capsys, reveal, "time", 12.0, "s") == "Your guess: long. It is 12 s."


def test_a_difference_of_ratios_or_percentages_is_not_said_as_a_ratio(capsys):
    guess("ratio", 2)
    guess("share", 30)
    capsys.readouterr()
    assert said(capsys, reveal, "ratio", 1.014, "times").endswith(
        "It is 1.01 times. It is 0.986 less than you guessed."
    )
    assert said(capsys, reveal, "share", 35, "%").endswith("It is 35 %. It is 5 points more than you guessed.")


def test_of_numbers_to_choose_from_it_is_said_only_whether_the_guess_is_right(capsys):
    guess("size", 64)
    capsys.readouterr()
    assert said(capsys, reveal, "size", "1") == "Your guess: 64. It is 1. It came out differently."
    assert said(capsys, reveal, "size", "64").endswith("As you guessed.")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.123456, "0.123"), (1234567, "1,234,567"), (1234.56, "1,235"), (100.0, "100"), (-0.0, "0"), (2.5e-8, "2.5e-08")],
)
def test_a_result_has_three_digits_or_its_whole_part(capsys, number, text):
    assert said(capsys, reveal, "it", number) == f"It is {text}."


CELLS = [
    "from dlcore import guess, reveal",
    'guess("loss", ...)',
    'guess("loss", "<b>0.9</b>")',
    'reveal("loss", 0.62)',
]


def run(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def test_in_a_notebook_they_are_displayed_and_are_no_results_that_nbgrader_takes_for_scores(tmp_path):
    outputs = run(tmp_path)
    assert [[output.output_type for output in of] for of in outputs[1:]] == [["display_data"]] * 3
    assert outputs[3][0].data["text/plain"] == "Your guess: <b>0.9</b>. It is 0.62."
    assert "&lt;b&gt;0.9&lt;/b&gt;" in outputs[3][0].data["text/html"]
    graded = nbformat.v4.new_code_cell(CELLS[3], outputs=outputs[3])
    graded.metadata["nbgrader"] = {"grade": True, "grade_id": "loss", "points": 2, "solution": False, "locked": True}
    assert determine_grade(graded) == (2, 2)  # as of a cell that ran without an error


def test_while_grading_they_show_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCORE_MODE", "evidence")
    assert run(tmp_path) == [[]] * 4


def test_they_need_neither_ipython_nor_a_lesson():
    code = (
        "import sys; from dlcore import guess, reveal; guess('a', 1); reveal('a', 2); print('IPython' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "False"
    assert "Your guess: 1. It is 2." in done.stdout
