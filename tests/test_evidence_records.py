import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcore.checks.codec import MAX_ITEMS, encode
from dlcore.checks.compare import Settings
from dlcore.checks.evidence import Outcome, describe
from grader.execution.evidence import MAX_LABEL, Record, match_records, read_records
from tests.test_codec import json_values, values


def form(argument=1.5, value=3.0, **parts):
    """A piece of evidence as `check` hands it over."""
    return {
        "version": 1,
        "names": ["double"],
        "arguments": encode(describe(((argument,), {}))),
        "lengths": [2, 3],
        "label": "a row",
        "call": f"double({argument})",
        "settings": {"compare": "close", "rtol": 1e-5, "atol": None},
        "outcome": Outcome("returned", value).to_json(),
    } | parts


def records(*arguments):
    return read_records([form(argument, number) for number, argument in enumerate(arguments)])


def test_evidence_is_read_as_it_was_handed_over():
    (record,) = read_records([form()])
    assert record == Record(
        "a row", "double(1.5)", describe(((1.5,), {})), (2, 3), Settings(), Outcome("returned", 3.0)
    )


def test_what_repeats_an_expected_record_is_not_decoded_again():
    expected = read_records([form(1), form(2)])
    slower = form(2, outcome=form()["outcome"] | {"seconds": 9.0})
    same, slow, other, stranger = read_records([form(1), slower, form(1, 4.0), form(5)], expected)
    assert same.outcome is expected[0].outcome
    assert same.arguments is expected[0].arguments
    assert slow.outcome is expected[1].outcome
    assert other.arguments is expected[0].arguments
    assert other.outcome == Outcome("returned", 4.0)
    assert stranger == read_records([form(5)])[0]


def line(**parts) -> bytes:
    """A piece of evidence as `check` writes it to the pipe, the time last."""
    data = form(**parts)
    data["outcome"]["seconds"] = parts.get("outcome", data["outcome"]).pop("seconds")
    return json.dumps(data).encode()


def test_a_line_says_the_same_as_its_data():
    assert read_records([line()]) == read_records([form()])


def test_a_line_of_an_expected_record_is_that_record():
    expected = read_records(map(json.loads, [line(argument=1), line(argument=2)]))
    slower = line(argument=2).replace(b'"seconds": 0.0}}', b'"seconds": 1.5e-05}}')
    assert b"1.5e-05" in slower
    first, second = read_records([line(argument=1), slower], expected)
    assert first is expected[0]
    assert second is expected[1]


@pytest.mark.parametrize(
    "other",
    [
        line(argument=2, value=4.0),
        line(argument=3),
        line(argument=2).replace(b'"seconds": 0.0}}', b'"seconds": 0.0, "value": {"float": "0x1.0p+2"}}}'),
        line(argument=2).replace(b"0.0}}", b"0.0}, "),
    ],
    ids=["another value", "another argument", "a second value after the time", "no end"],
)
def test_a_line_that_differs_is_not_taken_for_an_expected_one(other):
    expected = read_records([json.loads(line(argument=2))])
    assert all(record is not expected[0] for record in read_records([other], expected))


def test_an_expected_record_in_which_the_time_is_not_last_has_no_line():
    (record,) = read_records([form()])
    assert record.head == b""
    forged = line().partition(b'"outcome": ')[0] + b'"outcome": {"kind": "returned", "seconds": 0.0}}'
    assert all(found is not record for found in read_records([forged], [record]))


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"{", b"", b"[" * 100_000, b"NaN,", b'"seconds": 0.0}}'])
def test_lines_that_are_no_json_are_left_out(junk):
    assert len(read_records([line(argument=1), junk, line(argument=2)])) == 2


BROKEN = {
    "no dict": [],
    "another version": form(version=2),
    "no lengths": form(lengths=None),
    "lengths in words": form(lengths=["2"]),
    "lengths that are true": form(lengths=[True]),
    "no settings": form(settings=None),
    "an unknown comparison": form(settings={"compare": "equal", "rtol": 0, "atol": 0}),
    "a tolerance in words": form(settings={"compare": "close", "rtol": "0", "atol": None}),
    "an absolute tolerance in words": form(settings={"compare": "close", "rtol": 0, "atol": "0"}),
    "arguments that are not encoded": form(arguments=3),
    "an unknown outcome": form(outcome={"kind": "passed"}),
    "a score for an outcome": form(outcome=100),
    "a value that is none": form(outcome={"kind": "returned", "value": {"object": "x"}}),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_malformed_evidence_is_left_out_and_the_rest_is_read(broken):
    assert len(read_records([form(1), broken, form(2)])) == 2


def test_labels_and_calls_are_short_whatever_was_handed_over():
    (record,) = read_records([form(label="x" * 10_000, call=["y"] * 10_000, lengths=list(range(100)))])
    assert len(record.label) == len(record.call) == MAX_LABEL
    assert len(record.lengths) == 32


@given(st.lists(json_values), st.dictionaries(st.sampled_from(sorted(form())), json_values))
def test_arbitrary_evidence_is_read_or_left_out(junk, parts):
    found = read_records([*junk, parts, form() | parts, form()])
    assert found[-1].outcome == Outcome("returned", 3.0)
    for record in found:
        assert match_records([record], found)[0] is not None
        assert json.dumps(record.outcome.to_json())


def numbers(matches):
    return [None if match is None else match.outcome.value for match in matches]


def test_records_are_matched_by_their_arguments_in_order():
    expected = records(1, 2, 3)
    assert numbers(match_records(expected, records(1, 2, 3))) == [0, 1, 2]
    assert numbers(match_records(expected, records(0, 1, 0, 2, 3, 0))) == [1, 3, 4]


def test_a_missing_record_leaves_the_others_matched():
    assert numbers(match_records(records(1, 2, 3), records(1, 3))) == [0, None, 1]
    assert numbers(match_records(records(1, 2, 3), [])) == [None] * 3


def test_a_record_is_used_once():
    assert numbers(match_records(records(1, 1), records(1))) == [0, None]
    assert numbers(match_records(records(1, 1), records(1, 1, 1))) == [0, 1]


def test_records_in_another_order_do_not_count():
    assert numbers(match_records(records(1, 2), records(2, 1))) == [1, None]


@given(values, st.lists(values, max_size=4))
def test_evidence_for_other_arguments_never_matches_by_accident(argument, others):
    expected = read_records([form(("mine", argument))])
    assert numbers(match_records(expected, read_records([form(("theirs", other)) for other in others]))) == [None]


def test_the_values_of_one_cell_share_a_limit():
    """Each may be large, but not all of them: what a cell hands over is read in bounded time."""
    expected = records(1)
    large = [form(2, list(range(MAX_ITEMS * 2 // 3))) for _ in range(3)]
    assert len(read_records([*large, form(1)], expected)) == 2
    assert len(read_records([form(2, list(range(MAX_ITEMS // 4))) for _ in range(3)], expected)) == 3


def test_a_reference_may_hold_more():
    assert len(read_records([form(number, list(range(MAX_ITEMS * 2 // 3))) for number in range(3)])) == 3
