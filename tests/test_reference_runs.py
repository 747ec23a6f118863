import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from grader.errors import BuildError
from grader.execution.step_runner import run_steps_now
from grader.execution.steps import Part
from grader.lessons import reference_runs
from grader.lessons.load_reference import load_reference
from tests.small_lesson import NAME, ROW_MEANS, ROW_MEANS_VARIANTS, TEXT, VARIANTS, reference_of


def changed(*replacements, text=TEXT):
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


MEANS = "    return X.mean(axis=1, keepdims=True)\n"
BUILDS_ON = changed((MEANS, f"    X = double(X) / 2\n{MEANS}"))  # row_means uses double


@dataclasses.dataclass
class Watched:
    """A folder with a lesson; counts the runs, and keeps the keys of their steps but for the notebook's own cells."""

    folder: Path
    kernels: int = 0
    keys: set = dataclasses.field(default_factory=set)

    def run(self, text=TEXT, variants=VARIANTS):
        """The steps that are run for the lesson as it is now."""
        self.keys.clear()
        reference_of(self.folder, text, variants)
        return set(self.keys)

    def refused(self, text=TEXT, variants=VARIANTS):
        with pytest.raises(BuildError) as caught:
            reference_of(self.folder, text, variants)
        return caught.value

    @property
    def cache(self):
        return self.folder / ".cache" / "week1" / NAME

    def evidence(self):
        """What the cache has for each exercise."""
        return {path.stem: json.loads(path.read_text()) for path in sorted(self.cache.iterdir())}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Fills a cache for a text; gives back the folder, and all steps that were run."""
    made = {}

    def fill(text=TEXT):
        if text not in made:
            with pytest.MonkeyPatch.context() as patch:
                watched = Watched(tmp_path_factory.mktemp("filled"))
                watch(watched, patch)
                made[text] = watched.folder, watched.run(text)
        return made[text]

    return fill


def watch(watched, patch):
    def run(steps, limits, **options):
        steps = list(steps)
        watched.kernels += 1
        watched.keys |= {step.key for step in steps if step.key.part is not Part.CELL}
        return run_steps_now(steps, limits, **options)

    patch.setattr(reference_runs, "run_steps_now", run)


@pytest.fixture
def watched(tmp_path, monkeypatch):
    watched = Watched(tmp_path)
    watch(watched, monkeypatch)
    return watched


@pytest.fixture
def filled(watched, everything):
    """The small lesson, of which everything is in the cache."""
    shutil.copytree(everything()[0], watched.folder, dirs_exist_ok=True)
    return watched


@pytest.fixture
def filled_further(watched, everything):
    """The lesson that builds on its first exercise, of which everything is in the cache."""
    shutil.copytree(everything(BUILDS_ON)[0], watched.folder, dirs_exist_ok=True)
    return watched


def exercise_of(key):
    return key.name.partition("-check")[0]


def of(keys, exercise, variant=None):
    """The steps of an exercise, or of one of its variants."""
    return {key for key in keys if exercise_of(key) == exercise and variant in (None, key.of)}


# What is run


def test_everything_is_run_once_and_in_one_kernel(watched):
    keys = watched.run()
    assert watched.kernels == 1
    assert {exercise_of(key) for key in keys} == {"double", "row_means", "quiz_sign"}
    assert {key.of for key in of(keys, "row_means")} - {""} == {
        *(f"misconception {name}" for name in ("sum", "rank-1", "other-axis", "one-mean")),
        *(f"alternative {name}" for name in ("product", "loop")),
    }
    assert {key.part for key in of(keys, "double", "")} == {
        Part.VISIBLE,
        Part.ALL,
        Part.AGAIN,
        Part.GUARDED,
        Part.GUARDED_CHECKS,
        Part.UNGUARDED,
    }
    assert watched.run() == set()
    assert watched.kernels == 1


def test_evidence_from_the_cache_is_that_of_a_run(filled):
    kept = reference_of(filled.folder)
    assert filled.kernels == 0
    shutil.rmtree(filled.cache)
    fresh = reference_of(filled.folder)
    assert filled.kernels == 1
    for name, exercise in kept.exercises.items():
        for cell, other in zip(exercise.cells, fresh.exercises[name].cells, strict=True):
            assert cell.hidden == other.hidden
            assert facts(cell.records) == facts(other.records)
            for ours, theirs in ((cell.wrong, other.wrong), (cell.right, other.right)):
                assert {key: facts(records) for key, records in ours.items()} == {
                    key: facts(records) for key, records in theirs.items()
                }


def facts(records):
    """What evidence says, apart from how long it took."""
    return [(record.label, record.call, record.outcome.to_json() | {"seconds": 0}) for record in records]


NOTHING = {
    "a sentence": (changed(("## Doubling\n", "## Doubling\n\nTwice is two times.\n")), VARIANTS),
    "a cell of text": (changed(("## Doubling\n", "## Doubling\n\nOne.\n\n+++\n\nTwo.\n")), VARIANTS),
    "a demo": (changed(("raise SystemExit(", "# Why not?\nraise SystemExit(")), VARIANTS),
    "a demo more": (changed(("## Doubling\n", "```{code-cell} ipython3\n:role: demo\n\nx = 1\n```\n")), VARIANTS),
    "a hint to ask for": (changed(("1. Which axis", "1. Tell: which axis")), VARIANTS),
    "points": (changed((":points: 2.5", ":points: 3")), VARIANTS),
    "a model answer": (changed(("keeps the sign", "does not change the sign")), VARIANTS),
    "why a choice is wrong": (changed(("That is −1 itself", "Twice −1 is not −1")), VARIANTS),
    "what a misconception is told": (TEXT, changed(("You halved z.", "That is a half."), text=VARIANTS)),
    "the form of a misconception": (
        TEXT,
        changed(
            (
                "- `2 * np.asarray(z)` → `np.asarray(z) / 2`",
                "```python\ndef double(z):\n    return np.asarray(z) / 2\n```",
            ),
            text=VARIANTS,
        ),
    ),
}


@pytest.mark.parametrize(("text", "variants"), NOTHING.values(), ids=NOTHING)
def test_what_is_not_run_needs_no_run(filled, text, variants):
    assert filled.run(text, variants) == set()
    assert filled.kernels == 0


OWN_EXERCISE = {
    "an input": ((", np.array([0.25, 3.0])", ", np.array([0.25, 4.0])"), "double"),
    "a label": (('label="memory of its own"', 'label="its own memory"'), "double"),
    "a hidden check": (("size=(5, 1)", "size=(6, 1)"), "row_means"),
    "a new line": (("rng = np.random.default_rng(7)\n", "rng = np.random.default_rng(7)\n\n"), "row_means"),
    "a solution": ((MEANS, MEANS.replace("X.mean(", "np.mean(X, ")), "row_means"),
    "a docstring": (("Return 2z, entry", "Return twice z, entry"), "double"),
    "a choice more": (("  c: That is", "  d: No.\n  c: That is"), "quiz_sign"),
}


@pytest.mark.parametrize(("change", "exercise"), OWN_EXERCISE.values(), ids=OWN_EXERCISE)
def test_a_changed_check_or_solution_runs_its_own_exercise_only(filled, everything, change, exercise):
    variants = VARIANTS.replace("`X.mean` → `X.sum`", "`np.mean` → `np.sum`") if "np.mean" in change[1] else VARIANTS
    keys = filled.run(changed(change), variants)
    assert of(keys, exercise) == keys
    assert keys >= of(everything()[1], exercise)
    assert filled.kernels == 1


ONE_VARIANT = {
    "a misconception": (("    return X.mean()\n", "    return X.sum()\n"), "misconception one-mean"),
    "an alternative": (("row.mean()", "np.mean(row)"), "alternative loop"),
    "a name": (("misconception: one-mean", "misconception: single-mean"), "misconception single-mean"),
    "a new misconception": (
        (
            "### alternative: product",
            "### misconception: new\n\nNo.\n\n- `X.mean` → `X.max`\n\n### alternative: product",
        ),
        "misconception new",
    ),
}


@pytest.mark.parametrize(("change", "variant"), ONE_VARIANT.values(), ids=ONE_VARIANT)
def test_a_changed_variant_runs_only_itself(filled, change, variant):
    keys = filled.run(variants=changed(change, text=VARIANTS))
    assert {key.of for key in keys} == {variant}
    assert [(key.part, key.name) for key in sorted(keys, key=lambda key: list(Part).index(key.part))] == [
        (Part.VARIANT, "row_means"),
        (Part.VARIANT_CHECKS, "row_means-check"),
        (Part.VARIANT_UNDONE, "row_means"),
    ]


def test_a_changed_order_of_variants_runs_nothing(filled):
    start, middle = VARIANTS.index("### misconception: squares"), VARIANTS.index("### misconception: halves")
    stop = VARIANTS.index("### misconception: in-place")
    squares, halves = VARIANTS[start:middle], VARIANTS[middle:stop]
    assert filled.run(variants=VARIANTS[:start] + halves + squares + VARIANTS[stop:]) == set()


def test_a_changed_solution_runs_those_that_use_it_too(filled_further, everything):
    keys = everything(BUILDS_ON)[1]
    text = changed(("return 2 * np.asarray(z)", "return np.asarray(z) * 2"), text=BUILDS_ON)
    variants = VARIANTS.replace("2 * np.asarray(z)", "np.asarray(z) * 2").replace(
        "- `2 *` →", "- `np.asarray(z) * 2` →"
    )
    variants = variants.replace("`np.asarray(z) +`", "`np.asarray(z) + z`")
    assert filled_further.run(text, variants) == of(keys, "double") | of(keys, "row_means")


def test_a_changed_solution_runs_those_that_use_it_through_another_too(watched):
    third = ROW_MEANS.replace("row_means", "third").replace(MEANS, f"    X = row_means(X)\n{MEANS}")
    variants = VARIANTS + ROW_MEANS_VARIANTS.replace("row_means", "third")
    text = BUILDS_ON + third
    keys = watched.run(text, variants)
    assert watched.run(changed(("Return 2z, entry", "Return twice z, entry"), text=text), variants) == {
        key for key in keys if exercise_of(key) in ("double", "row_means", "third")
    }


def test_a_changed_solution_does_not_run_those_that_it_uses(filled_further, everything):
    text = changed(("double(X) / 2", "0.5 * double(X)"), text=BUILDS_ON)
    assert filled_further.run(text) == of(everything(BUILDS_ON)[1], "row_means")


def test_a_changed_check_does_not_run_those_that_use_its_exercise(filled_further, everything):
    text = changed(("np.array([0.25, 3.0])", "np.array([0.25, 4.0])"), text=BUILDS_ON)
    assert filled_further.run(text) == of(everything(BUILDS_ON)[1], "double")


def test_an_exercise_that_one_variant_uses_is_run_again_for_it_alone(filled, everything):
    variants = changed(("[[row.mean()] for", "[[double(row).mean() / 2] for"), text=VARIANTS)
    again = filled.run(variants=variants)
    traced = {key for key in again if key.part in (Part.TRACED, Part.TRACED_CHECKS, Part.DELEGATES)}
    assert traced
    assert {key.of for key in again - traced} == {"alternative loop"}
    text = changed(("Return 2z, entry", "Return twice z, entry"))
    keys = everything()[1]
    assert filled.run(text, variants) == of(keys, "double") | of(keys, "row_means", "alternative loop") | traced


EVERYTHING = {
    "a plain cell": changed(("offset = 1.0", "offset = 2.0")),
    "a new plain cell": changed(("## Doubling\n", "```{code-cell} ipython3\nx = 1\n```\n")),
    "a lost plain cell": changed(("```{code-cell} ipython3\noffset = 1.0\n```\n\n", "")),
    "the setup": changed(("import numpy as np\n", "import math\n\nimport numpy as np\n")),
}


@pytest.mark.parametrize("text", EVERYTHING.values(), ids=EVERYTHING)
def test_a_changed_plain_cell_runs_everything(filled, everything, text):
    assert filled.run(text) == everything()[1]


def test_a_new_changed_or_lost_support_module_runs_everything(filled, everything):
    module = filled.folder / "source" / "week1" / "helper.py"
    for change in (lambda: module.write_text("x = 1\n"), lambda: module.write_text("x = 2\n"), module.unlink):
        change()
        assert filled.run() == everything()[1]
        assert filled.run() == set()


# The cache

OTHER_INPUT = changed(("size=(5, 1)", "size=(6, 1)"))


def digests(evidence):
    return {name: known.keys() for name, known in evidence.items()}


def test_evidence_that_is_no_longer_needed_is_removed(filled):
    before = filled.evidence()
    assert filled.run(OTHER_INPUT)
    after = filled.evidence()
    assert len(after["row_means"]) == len(before["row_means"])
    assert not after["row_means"].keys() & before["row_means"].keys()
    assert (after["double"], after["quiz_sign"]) == (before["double"], before["quiz_sign"])
    assert filled.run()
    assert digests(filled.evidence()) == digests(before)


def test_evidence_of_a_variant_that_was_removed_is_removed(filled):
    before = filled.evidence()
    third = "### alternative: third\n\n```python\ndef row_means(X):\n    return X.mean(1)[:, None]\n```\n"
    assert filled.run(variants=VARIANTS + third)
    assert len(filled.evidence()["row_means"]) == len(before["row_means"]) + 1
    assert filled.run() == set()
    assert filled.evidence() == before


def test_without_the_lesson_evidence_is_used_and_kept(filled):
    before = filled.evidence()
    source = filled.folder / "source" / "week1" / f"{NAME}.ipynb"
    reference = load_reference(source, None, filled.folder / ".cache")
    assert [len(cell.records) for exercise in reference.exercises.values() for cell in exercise.cells] == [4, 1, 2, 1]
    assert filled.kernels == 0
    assert filled.evidence() == before


def test_without_the_lesson_what_is_missing_is_run_and_the_rest_kept(filled):
    before = filled.evidence()
    source = filled.folder / "source" / "week1" / f"{NAME}.ipynb"
    source.write_text(source.read_text().replace("size=(5, 1)", "size=(6, 1)"))
    load_reference(source, None, filled.folder / ".cache")
    assert {exercise_of(key) for key in filled.keys} == {"row_means"}
    assert {key.of for key in filled.keys} == {""}
    after = filled.evidence()
    assert after["row_means"].keys() > before["row_means"].keys()
    assert (after["double"], after["quiz_sign"]) == (before["double"], before["quiz_sign"])
    assert filled.run() == set()


@pytest.mark.parametrize("data", [b"", b'{"a": {"double', b"\xff\xfe", b"[]", b"3", b"null"])
def test_a_damaged_cache_file_is_made_anew(filled, everything, data):
    before = filled.evidence()
    (filled.cache / "double.json").write_bytes(data)
    assert filled.run() == of(everything()[1], "double")
    assert digests(filled.evidence()) == digests(before)
    assert filled.run() == set()


def test_a_lost_cache_file_is_made_anew(filled, everything):
    (filled.cache / "quiz_sign.json").unlink()
    assert filled.run() == of(everything()[1], "quiz_sign")
    assert filled.run() == set()


def test_what_fails_leaves_the_cache_as_it_was(filled):
    before = filled.evidence()
    filled.refused(changed(("size=(5, 1)", "size=nothing")))
    assert filled.evidence() == before
    assert filled.run() == set()


# Checks that call other exercises' functions

CHECK = 'check(row_means, rng.normal(size=(2, 3)), label="two rows")'
CALLS = (
    "the check cell row_means-check calls double, which the student writes: whoever has double wrong would fail here, "
    "too. Make the input without it"
)
HELPER = ("offset = 1.0", "def helper(z):\n    return double(z) / 2")
REFUSED = {
    "in an argument": changed((CHECK, CHECK.replace("rng.normal(size=(2, 3))", "double(rng.normal(size=(2, 3)))"))),
    "before the check": changed(
        (CHECK, CHECK.replace("rng.normal(size=(2, 3))", "X")), ("rng = np", "X = double(np.eye(2))\nrng = np")
    ),
    "in a hidden check": changed(("rng.normal(size=(5, 1)), label", "double(rng.normal(size=(5, 1))), label")),
    "through a helper": changed(
        (CHECK, CHECK.replace("rng.normal(size=(2, 3))", "helper(rng.normal(size=(2, 3)))")), HELPER
    ),
    "through a second helper": changed(
        (CHECK, CHECK.replace("rng.normal(size=(2, 3))", "other(rng.normal(size=(2, 3)))")),
        (HELPER[0], f"{HELPER[1]}\n\n\ndef other(z):\n    return helper(z)"),
    ),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_check_that_calls_another_exercise_is_refused_with_its_line(filled, text):
    error = filled.refused(text)
    assert (error.reason, error.path.name) == (CALLS, f"{NAME}.md")
    line = text.splitlines()[error.line - 1]
    assert line.startswith(("check(row_means, ", "X = "))
    assert "double(" in line or "helper(" in line or "other(" in line


def test_a_check_of_another_exercise_is_refused(filled):
    text = changed((CHECK, f"check(double, 3.5)\n{CHECK}"))
    error = filled.refused(text)
    assert (error.reason, error.path.name) == (CALLS, f"{NAME}.md")


ALLOWED = {
    "in a solution": BUILDS_ON,
    "in a solution through a helper": changed((MEANS, f"    X = helper(X)\n{MEANS}"), HELPER),
    "in a function within a solution": changed(
        (MEANS, f"    def half(X):\n        return double(X) / 2\n\n    X = half(X)\n{MEANS}")
    ),
    "in a loop within a solution": changed((MEANS, f"    X = np.array([double(x) / 2 for x in X])\n{MEANS}")),
    "in a helper of a solution": changed(
        ('def row_means(X):\n    """', 'def half(X):\n    return double(X) / 2\n\n\ndef row_means(X):\n    """'),
        (MEANS, f"    X = half(X)\n{MEANS}"),
    ),
    "in an argument that the solution calls": changed(
        ("def row_means(X):\n", "def row_means(X, f=np.positive):\n"),
        (MEANS, f"    X = f(X)\n{MEANS}"),
        (CHECK, CHECK.replace("rng.normal(size=(2, 3))", "rng.normal(size=(2, 3)), lambda X: double(X)")),
    ),
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_a_solution_may_call_an_earlier_exercise(filled, text):
    variants = VARIANTS
    if "f=np.positive" in text:
        variants = variants.replace("def row_means(X):", "def row_means(X, f=None):")
    assert of(filled.run(text, variants), "row_means")


def test_variants_may_call_an_earlier_exercise_after_the_checks_that_could_not(watched):
    reference = reference_of(watched.folder, BUILDS_ON)
    (cell,) = reference.exercises["row_means"].cells
    outcomes = [record.outcome for records in (*cell.wrong.values(), *cell.right.values()) for record in records]
    assert {outcome.kind for outcome in outcomes} == {"returned"}


# What does not run


def place(error, text, variants=VARIANTS):
    """The line of an error, as it is written."""
    written = text if error.path.name == f"{NAME}.md" else variants
    return error.path.name, written.splitlines()[error.line - 1]


NAME_ERROR = "raises NameError: name 'nothing' is not defined"
ONE_COLUMN = 'label="one column")\n### END HIDDEN TESTS'
THREE_LINES = "first = 1\n\nsecond = [\n    nothing,\n]"
BROKEN = {
    "a plain cell": (changed(("offset = 1.0", THREE_LINES)), f"a cell {NAME_ERROR}", "    nothing,"),
    "a call in a plain cell": (
        changed(("offset = 1.0", "def f():\n    return nothing\n\n\nx = f()")),
        f"a cell {NAME_ERROR}",
        "x = f()",
    ),
    "the setup": (
        changed(('begin("small")', f'begin("small")\n{THREE_LINES}')),
        f"the setup cell {NAME_ERROR}",
        "    nothing,",
    ),
    "a solution": (
        changed(('def double(z):\n    """', 'limit = 1\nother = nothing\n\n\ndef double(z):\n    """')),
        f"the solution cell of double {NAME_ERROR}",
        "other = nothing",
    ),
    "a default of a solution": (
        changed(('def double(z):\n    """', 'def double(z=nothing):\n    """')),
        f"the solution cell of double {NAME_ERROR}",
        "def double(z=nothing):",
    ),
    "a check in its third line": (
        changed((CHECK, f"{CHECK}\nnothing")),
        f"the check cell row_means-check {NAME_ERROR}",
        "nothing",
    ),
    "an argument of a check": (
        changed(("check(double, np.array([0.25, 3.0]), fresh", "check(\n    double,\n    nothing,\n    fresh")),
        f"the check cell double-check-2 {NAME_ERROR}",
        "    nothing,",
    ),
    "a hidden check": (
        changed(("check(double, np.zeros((0, 2))", "check(double, nothing")),
        f"the check cell double-check {NAME_ERROR}",
        'check(double, nothing, label="no entries at all")',
    ),
    "a visible check after hidden ones": (
        changed((f"{ONE_COLUMN}\n", f"{ONE_COLUMN}\ncheck(row_means, np.eye(2))\ncheck(row_means, nothing)\n")),
        f"the check cell row_means-check {NAME_ERROR}",
        "check(row_means, nothing)",
    ),
    "a visible check that needs hidden lines": (
        changed(
            ("check(row_means, rng.normal(size=(5, 1))", "x = 1\ncheck(row_means, rng.normal(size=(5, 1))"),
            (f"{ONE_COLUMN}\n", f"{ONE_COLUMN}\nx + 1\n"),
        ),
        "the check cell row_means-check raises NameError: name 'x' is not defined",
        "x + 1",
    ),
    "a cell that ends Python": (
        changed(("offset = 1.0", 'first = 1\nraise SystemExit("enough")')),
        "a cell raises SystemExit: enough",
        'raise SystemExit("enough")',
    ),
}


@pytest.mark.parametrize(("text", "reason", "line"), BROKEN.values(), ids=BROKEN)
def test_a_cell_that_raises_is_named_with_its_line(filled, text, reason, line):
    error = filled.refused(text)
    assert error.reason == reason
    assert place(error, text) == (f"{NAME}.md", line)


def test_a_cell_that_kills_its_kernel_is_named(filled):
    text = changed(("offset = 1.0", "import os\n\nos._exit(1)"))
    error = filled.refused(text)
    assert error.reason == "a cell ends the kernel: exit"
    first = text[: text.index("```{code-cell} ipython3\nimport os")].count("\n") + 1
    assert (error.path.name, error.line) == (f"{NAME}.md", first)


def test_without_the_lesson_there_is_a_reason_and_no_place(filled):
    source = filled.folder / "source" / "week1" / f"{NAME}.ipynb"
    source.write_text(source.read_text().replace("offset = 1.0", "offset = nothing"))
    with pytest.raises(BuildError) as caught:
        load_reference(source, None, filled.folder / ".cache")
    assert str(caught.value) == f"a cell {NAME_ERROR}"


LAST = "    return X.mean()\n"
BROKEN_VARIANTS = {
    "raises when it is defined": (f"{LAST}\n\nnothing\n", f"the misconception one-mean of row_means {NAME_ERROR}"),
    "ends the kernel when it is called": (
        "    import os\n\n    os._exit(1)\n",
        "on the misconception one-mean of row_means, the check cell row_means-check ends the kernel: exit",
    ),
}


@pytest.mark.parametrize(("source", "reason"), BROKEN_VARIANTS.values(), ids=BROKEN_VARIANTS)
def test_a_variant_that_does_not_run_is_named_with_its_line(filled, source, reason):
    variants = changed((LAST, source), text=VARIANTS)
    error = filled.refused(variants=variants)
    assert error.reason == reason
    assert place(error, TEXT, variants) == (f"{NAME}.variants.md", "### misconception: one-mean")


def test_a_variant_that_raises_when_it_is_called_is_evidence(filled):
    assert filled.run(variants=changed((LAST, "    return nothing\n"), text=VARIANTS))


NEVER = {
    "when it is called": (
        "    while True:\n        pass\n",
        "on the misconception one-mean of row_means, the check cell row_means-check does not end: stopped after 5 s",
    ),
    "when it is defined": (
        f"{LAST}\n\nwhile True:\n    pass\n",
        "the misconception one-mean of row_means does not end: stopped after 5 s",
    ),
}


@pytest.mark.sweep
@pytest.mark.parametrize(("source", "reason"), NEVER.values(), ids=NEVER)
def test_a_variant_that_never_ends_is_stopped_and_named(filled, monkeypatch, source, reason):
    limits = dataclasses.replace(reference_runs.AUTHOR_LIMITS, cell_seconds=5)
    monkeypatch.setattr(reference_runs, "AUTHOR_LIMITS", limits)
    variants = changed((LAST, source), text=VARIANTS)
    error = filled.refused(variants=variants)
    assert error.reason == reason
    assert place(error, TEXT, variants) == (f"{NAME}.variants.md", "### misconception: one-mean")


@pytest.mark.sweep
def test_nothing_is_run_after_a_step_that_never_ends(filled, monkeypatch):
    """An endless solution ends the build after one limit, not after one for each check and variant that needs it."""
    limits = dataclasses.replace(reference_runs.AUTHOR_LIMITS, cell_seconds=5)
    monkeypatch.setattr(reference_runs, "AUTHOR_LIMITS", limits)
    came = []
    real = reference_runs.run_steps_now

    def run(steps, *args, **kwargs):
        came.append(real(steps, *args, **kwargs))
        return came[-1]

    monkeypatch.setattr(reference_runs, "run_steps_now", run)
    error = filled.refused(
        changed(
            ("    return 2 * np.asarray(z)\n", "    while z is not None:\n        pass\n    return 2 * np.asarray(z)\n")
        )
    )
    assert error.reason == "the check cell double-check does not end: stopped after 5 s"
    (runs,) = came
    assert [run.status for run in runs.values()].count("timeout") == 1
