import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlcore.checks import verdict as verdicts
from dlcore.checks.compare import COMPARISONS, Settings
from dlcore.checks.evidence import Outcome, OutcomeKind
from dlcore.checks.verdict import Misconception, Seen, judge, passes
from tests.test_codec import values

CLOSE, MOMENTS = Settings(), Settings("moments")
RIGHT = Outcome("returned", 1.5)
HINT = "The exponent is −z, not z."
SAMPLES = {
    "right": RIGHT,
    "wrong": Outcome("returned", 2.5),
    "none": Outcome("returned", None),
    "foreign": Outcome("foreign", error="set", text="A value of type set cannot be compared."),
    "unattempted": Outcome("unattempted", error="NotImplementedError", where="sigmoid"),
    "value error": Outcome("raised", error="ValueError", text="no"),
    "type error": Outcome("raised", error="TypeError", text="no", where="line 3 of sigmoid: return z + 'a'"),
    "changed": Outcome("returned", 1.5, changed=("z",)),
    "changed two": Outcome("returned", 1.5, changed=("z", "b")),
    "shared": Outcome("returned", 1.5, shared=("z",)),
    "undrawn": Outcome("returned", 2.5, undrawn=("rng",)),
}


def slip(name, outcome, hint=HINT):
    return Misconception(name, hint, outcome)


@pytest.mark.parametrize(("want", "have"), list(itertools.product(SAMPLES, SAMPLES)))
def test_only_an_outcome_as_good_as_the_references_passes(want, have):
    as_good = {("value error", "value error"), ("type error", "type error"), ("unattempted", "unattempted")}
    for good in ("right", "changed", "changed two", "shared"):
        as_good |= {(good, "right"), (good, good)}
    as_good |= {("changed two", "changed"), ("wrong", "wrong"), ("none", "none")}
    as_good |= {("undrawn", "undrawn"), ("undrawn", "wrong"), ("wrong", "undrawn")}
    verdict = judge(SAMPLES[want], SAMPLES[have], CLOSE)
    assert verdict.passed == ((want, have) in as_good)
    assert verdict.passed == passes(SAMPLES[want], SAMPLES[have], CLOSE)
    assert verdict.passed == (verdict.kind == "passed")
    assert verdict.passed or (verdict.gist and verdict.message)


@given(values, values)
def test_every_wrong_value_gets_a_message(expected, got):
    verdict = judge(Outcome("returned", expected), Outcome("returned", got), CLOSE, lengths=[3])
    assert verdict.passed or (verdict.gist and verdict.message)


def test_the_placeholder_is_neither_right_nor_diagnosed():
    verdict = judge(RIGHT, SAMPLES["unattempted"], CLOSE, [slip("stub", SAMPLES["unattempted"])])
    assert (verdict.passed, verdict.kind, verdict.misconception) == (False, "unattempted", "")


def test_a_known_misconception_is_named_with_its_hint_before_the_diagnosis():
    verdict = judge(RIGHT, Outcome("returned", -1.5), CLOSE, [slip("sign", Outcome("returned", -1.5))])
    assert not verdict.passed
    assert (verdict.kind, verdict.misconception, verdict.gist) == ("misconception", "sign", HINT)
    assert verdict.message.startswith(HINT + "\n")
    assert verdict.message == f"{HINT}\nExpected 1.5, got -1.5."


def test_the_first_of_several_misconceptions_that_do_the_same_is_named():
    slips = [slip("other", Outcome("returned", 9.0)), slip("first", RIGHT), slip("second", Outcome("returned", 2.5))]
    slips.append(slip("third", Outcome("returned", 2.5)))
    assert judge(RIGHT, Outcome("returned", 2.5), CLOSE, slips).misconception == "second"


def test_a_misconception_that_is_right_here_explains_nothing():
    side_effect = Outcome("returned", 1.5, changed=("z",))
    assert judge(RIGHT, side_effect, CLOSE, [slip("right here", RIGHT)]).misconception == ""
    assert judge(side_effect, side_effect, CLOSE, [slip("same", side_effect)]).passed


def test_a_misconception_is_met_up_to_rounding_but_not_up_to_a_lax_tolerance():
    lax = Settings(rtol=0.1)
    wrong = [slip("double", Outcome("returned", 3.0))]
    assert judge(RIGHT, Outcome("returned", 3.0 + 1e-9), lax, wrong).misconception == "double"
    assert judge(RIGHT, Outcome("returned", 3.1), lax, wrong).misconception == ""


def test_a_misconception_is_met_only_with_the_same_side_effects():
    wrong = [slip("in place", Outcome("returned", 2.5, changed=("z",)))]
    assert judge(RIGHT, Outcome("returned", 2.5), CLOSE, wrong).misconception == ""
    assert judge(RIGHT, Outcome("returned", 2.5, changed=("z",)), CLOSE, wrong).misconception == "in place"


def test_a_misconception_that_raises_is_met_by_the_same_error():
    wrong = [slip("list", Outcome("raised", error="AttributeError", text="'list' object has no attribute 'T'"))]
    same_error = Outcome("raised", error="AttributeError", text="'list' object has no attribute 'T'", where="line 9")
    other_error = Outcome("raised", error="AttributeError", text="'tuple' object has no attribute 'T'")
    assert judge(RIGHT, same_error, CLOSE, wrong).misconception == "list"
    assert judge(RIGHT, other_error, CLOSE, wrong).misconception == ""


def test_a_misconception_of_another_kind_is_not_met():
    """What returns None is not what raises, though neither has a value."""
    wrong = [slip("raises", SAMPLES["value error"]), slip("foreign", SAMPLES["foreign"])]
    assert judge(RIGHT, SAMPLES["none"], CLOSE, wrong).kind == "none"


NO_PRODUCT = "matmul: size 2 is different from 3"


@pytest.mark.parametrize(
    ("failed", "named"),
    [
        ("W1.T X", "transposed"),  # the very same product
        ("weights.T inputs", "transposed"),  # other names, so nothing speaks against it
        ("W2 X", ""),  # another product
        ("", "transposed"),  # unknown
    ],
)
def test_a_misconception_that_raises_is_met_by_the_same_operation(failed, named):
    wrong = [slip("transposed", Outcome("raised", error="ValueError", text=NO_PRODUCT, failed="W1.T X"))]
    got = Outcome("raised", error="ValueError", text=NO_PRODUCT, failed=failed)
    assert judge(RIGHT, got, CLOSE, wrong).misconception == named


def seen(got, **wrong):
    """Another check, whose right value is 1.0: what the student's function and the misconceptions returned."""
    return Seen(
        Outcome("returned", 1.0),
        Outcome("returned", got),
        CLOSE,
        [slip(name, Outcome("returned", value)) for name, value in wrong.items()],
    )


def test_of_several_misconceptions_the_one_that_fits_the_other_checks_is_named():
    slips = [slip("first", Outcome("returned", 2.5)), slip("second", Outcome("returned", 2.5))]
    got = Outcome("returned", 2.5)

    def named(*others):
        return judge(RIGHT, got, CLOSE, slips, seen=others).misconception

    assert named() == "first"
    assert named(seen(7.0, first=8.0, second=7.0)) == "second"
    assert named(seen(1.0, first=8.0, second=1.0)) == "second"  # it is right there, as the student's is
    assert named(seen(1.0, first=1.0, second=1.0)) == "first"
    assert named(seen(7.0, first=7.0, second=8.0), seen(9.0, first=9.0, second=9.0)) == "first"
    assert named(seen(7.0, second=7.0)) == "second"


def test_a_misconception_that_fits_no_other_check_is_named_if_it_is_the_only_one():
    wrong = [slip("only", Outcome("returned", 2.5))]
    assert judge(RIGHT, Outcome("returned", 2.5), CLOSE, wrong, seen=[seen(7.0, only=8.0)]).misconception == "only"


def test_beside_a_misconceptions_hint_no_other_cause_is_guessed():
    expected = Outcome("returned", np.arange(12.0).reshape(3, 4) ** 2)
    got = Outcome("returned", expected.value[::-1])
    assert "in reverse order" in judge(expected, got, CLOSE).message
    message = judge(expected, got, CLOSE, [slip("reversed", got)]).message
    assert message.startswith(f"{HINT}\n8 of 12 entries differ, the first at index [0, 0]: expected 0.0")
    assert "in reverse order" not in message


def test_what_the_names_of_a_line_stood_for_has_a_line_of_its_own():
    where = "line 2 of f: return w @ X\nThere `w` has the shape (2, 1)."
    message = judge(RIGHT, Outcome("raised", error="KeyError", text="'W1'", where=where), CLOSE).message
    assert message.split("\n")[1:3] == ["(line 2 of f: return w @ X)", "There `w` has the shape (2, 1)."]


def test_a_foreign_result_is_explained():
    verdict = judge(RIGHT, SAMPLES["foreign"], CLOSE)
    assert (verdict.kind, verdict.message) == ("type", "A value of type set cannot be compared.")
    assert "set" not in verdict.gist


def test_a_changed_argument_is_named_in_the_message_only():
    verdict = judge(RIGHT, SAMPLES["changed two"], CLOSE)
    assert verdict.kind == "changed"
    assert "its arguments `b` and `z`" in verdict.message
    assert "`" not in verdict.gist


def test_a_wrong_value_is_more_important_than_a_changed_argument():
    assert judge(RIGHT, Outcome("returned", -1.5, changed=("z",)), CLOSE).kind == "negated"


def test_shared_memory_is_named_after_a_right_value():
    verdict = judge(RIGHT, SAMPLES["shared"], CLOSE)
    assert verdict.kind == "shared"
    assert "the argument `z`" in verdict.message
    assert "`" not in verdict.gist


DRAWS = np.random.default_rng(1).normal(size=50)
OWN = Outcome("returned", np.random.default_rng(2).normal(size=50), undrawn=("rng",))


def test_random_numbers_of_a_generator_of_ones_own_are_not_what_is_asked_for():
    verdict = judge(Outcome("returned", DRAWS), OWN, MOMENTS)
    assert verdict.kind == "undrawn"
    assert verdict.message.startswith("Your function never drew from `rng`, the generator that it was given")
    assert "`" not in verdict.gist
    assert judge(OWN, OWN, MOMENTS).passed  # the reference does not draw from it either


def test_where_values_count_a_generator_may_be_left_alone():
    assert passes(Outcome("returned", DRAWS), Outcome("returned", DRAWS, undrawn=("rng",)), CLOSE)


def test_wrong_values_are_explained_by_the_generator_as_well():
    verdict = judge(Outcome("returned", DRAWS), Outcome("returned", -DRAWS, undrawn=("rng",)), CLOSE)
    assert verdict.kind == "negated"
    assert "never drew from `rng`" in verdict.message
    assert "never drew" not in judge(Outcome("returned", DRAWS), Outcome("returned", -DRAWS), CLOSE).message


def test_a_misconception_that_ignores_the_generator_is_met_by_any_other_stream():
    other = Outcome("returned", np.random.default_rng(3).normal(size=50), undrawn=("rng",))
    assert judge(Outcome("returned", DRAWS), other, MOMENTS, [slip("own", OWN)]).misconception == "own"


def test_an_error_where_a_value_is_asked_for_is_shown_with_its_line():
    verdict = judge(RIGHT, SAMPLES["type error"], CLOSE)
    assert verdict.kind == "raised"
    assert verdict.message == "It raised TypeError: no\n(line 3 of sigmoid: return z + 'a')"
    assert verdict.gist == "It raised TypeError."


def test_a_value_where_an_error_is_asked_for_is_named():
    verdict = judge(SAMPLES["value error"], RIGHT, CLOSE)
    assert verdict.kind == "no-error"
    assert verdict.message == "It should raise ValueError here, but it returned 1.5."
    assert "1.5" not in verdict.gist


def test_another_error_than_the_one_asked_for_is_named():
    verdict = judge(SAMPLES["value error"], SAMPLES["type error"], CLOSE)
    assert verdict.gist == "It raised TypeError, not ValueError."
    assert verdict.message.startswith("It raised TypeError, not ValueError: no")


def test_an_error_without_words_ends_with_a_full_stop():
    verdict = judge(SAMPLES["value error"], Outcome("raised", error="AssertionError", where="line 2 of f"), CLOSE)
    assert verdict.message == "It raised AssertionError, not ValueError.\n(line 2 of f)"


def test_numerical_warnings_are_explained():
    outcome = Outcome("raised", error="FloatingPointError", text="overflow encountered in exp")
    verdict = judge(RIGHT, outcome, CLOSE)
    assert verdict.kind == "floating-point"
    assert verdict.message.startswith("NumPy warns on the way: overflow encountered in exp.\nA number became too large")


@given(st.text(max_size=30))
def test_a_gist_about_an_error_repeats_nothing_that_a_student_could_choose(name):
    """A class of errors named after a hidden input must not carry it out."""
    secret = f"Leak_{name}"
    gist = judge(RIGHT, Outcome("raised", error=secret, text=secret, where=secret), CLOSE).gist
    assert gist == "It raised an error."


def test_gists_tell_nothing_of_a_hidden_value():
    secret = Outcome("returned", np.array([[271.828, 3.14159]]))
    for have in (*SAMPLES.values(), *(Outcome("returned", value) for value in (-secret.value, secret.value * [1, 2]))):
        gist = judge(secret, have, CLOSE).gist
        assert not any(digits in gist for digits in ("271", "828", "3.14", "14159", "272", "4.14"))


HUGE = st.one_of(
    st.integers(-(10**500), 10**500),
    st.lists(st.one_of(st.integers(-(10**400), 10**400), st.floats(), st.booleans()), max_size=12),
    st.dictionaries(st.sampled_from("abc"), st.integers(-(10**330), 10**330), max_size=3),
    st.complex_numbers(),
    st.sampled_from([np.array(2**63, dtype=np.uint64), np.array([1e308, -1e308]), np.zeros((0, 3)), np.float16(6e4)]),
)


@given(HUGE, HUGE, st.sampled_from(COMPARISONS), st.sampled_from([None, 0.0, 1e-3]))
@example(5, 10**400, "close", None)
@example([1.0] * 9, [10**400] * 9, "moments", 0.0)
def test_no_value_stops_the_judge(expected, got, compare, atol):
    """The inner function, so that its last resort hides nothing."""
    outcomes = (Outcome(OutcomeKind.RETURNED, value) for value in (expected, got))
    verdict = verdicts._judge(*outcomes, Settings(compare, atol=atol), (), (3, 400))
    assert verdict.passed or verdict.gist


def test_what_cannot_be_compared_costs_its_own_check_and_says_so(monkeypatch):
    monkeypatch.setattr(verdicts, "passes", lambda *_: 1 / 0)
    verdict = judge(Outcome(OutcomeKind.RETURNED, 1), Outcome(OutcomeKind.RETURNED, 2), Settings())
    assert (verdict.passed, verdict.kind) == (False, "incomparable")
    assert "cannot be compared" in verdict.message


def test_a_wrong_value_can_be_told_without_looking_for_its_cause():
    got = Outcome("returned", -1.5)
    assert judge(RIGHT, got, CLOSE).kind == "negated"
    verdict = judge(RIGHT, got, CLOSE, diagnosed=False)
    assert (verdict.passed, verdict.kind, verdict.message) == (False, "values", "Expected 1.5, got -1.5.")
    known = judge(RIGHT, got, CLOSE, [slip("sign", got)], diagnosed=False)
    assert known.misconception == "sign"
