import ast
import base64
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dlcore
import grader
from dlcore.checks.codec import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, decode, encode, only_moments
from dlcore.checks.codec.limits import MAX_AXES, MAX_KEYS
from dlcore.checks.compare import flatness
from dlcore.errors import CodecError

CODES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
SHAPES = [(), (0,), (3,), (1, 4), (2, 0, 3), (2, 3, 2), (1,) * 7]

dtypes = st.sampled_from([np.dtype(order + code) for code in CODES for order in "<>"])
arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, st.sampled_from(SHAPES)))
scalars = arrays.map(lambda array: array.ravel()[0] if array.size else np.float64(0))
texts = st.text(st.characters(codec="utf-8"), max_size=20)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**300), 10**300),
    st.floats(),
    st.complex_numbers(),
    texts,
    arrays,
    scalars,
)
pairs = st.sampled_from(SHAPES).flatmap(
    lambda shape: st.tuples(*[dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shape))] * 2)
)  # of arrays that differ in their entries alone
keys = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.tuples(st.integers(), texts))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=6), inner, max_size=5)),
    max_leaves=20,
)


def through_json(value):
    """What arrives after the value has crossed between processes."""
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


def same(a, b):
    """Whether two values are of the same types throughout, with the same bits (any NaN is as good as another)."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a), list(b)) and same(list(a.values()), list(b.values()))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    return a == b or (a != a and b != b)


def native(value):
    """The value with arrays in the machine's byte order, in which they arrive."""
    if isinstance(value, np.ndarray | np.generic):
        return value.astype(value.dtype.newbyteorder("="))
    if isinstance(value, list | tuple):
        return type(value)(map(native, value))
    if isinstance(value, dict):
        return {key: native(item) for key, item in value.items()}
    return value


@given(values)
def test_whatever_is_encoded_comes_back_the_same(value):
    assert same(through_json(value), native(value))


@given(values)
def test_encoding_twice_gives_the_same_text(value):
    assert json.dumps(encode(value)) == json.dumps(encode(through_json(value)))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_of_every_kind_and_shape_travel(code, shape):
    array = np.random.default_rng(0).integers(0, 2, size=shape).astype(code)
    assert same(through_json(array), array)


@pytest.mark.parametrize("code", CODES)
def test_numpy_scalars_stay_numpy_scalars(code):
    scalar = np.ones((), dtype=code)[()]
    assert same(through_json(scalar), scalar)
    assert type(through_json(scalar)) is type(scalar)


def test_negative_zero_keeps_its_sign():
    assert np.signbit(through_json(-0.0))
    assert np.signbit(through_json(np.array([-0.0]))).all()


@given(arrays, st.randoms(use_true_random=False))
def test_views_and_foreign_byte_orders_arrive_as_plain_arrays(array, random):
    view = array.T[..., ::-1] if array.ndim and random.random() < 0.5 else array.T
    back = through_json(view)
    assert same(back, native(view))
    assert back.flags.c_contiguous
    assert back.dtype.isnative


def test_what_is_decoded_can_be_written_to_and_shares_no_memory():
    form = encode([np.zeros(3), np.zeros(3)])
    first, second = decode(form)
    first[0] = 1
    assert second[0] == 0
    assert decode(form)[0][0] == 0


def test_long_doubles_travel_as_doubles():
    assert same(through_json(np.longdouble("0.5")), np.float64(0.5))
    assert same(through_json(np.array([1, 2j], dtype=np.clongdouble)), np.array([1, 2j]))
    assert through_json(np.finfo(np.longdouble).max) in (np.inf, np.finfo(np.float64).max)


class Lookalike(np.ndarray):
    pass


def test_subclasses_of_arrays_arrive_as_arrays():
    assert same(through_json(np.arange(3.0).view(Lookalike)), np.arange(3.0))


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        range(3),
        b"bytes",
        print,
        np.array(["text"]),
        np.array([None]),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.array("2020-01-01", dtype="datetime64[D]"),
        np.void(b"12"),
        "half a character \ud800",
        10**5000,
        np.random.default_rng(0),
        (x for x in ()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_everything_else_is_refused(value):
    for wrapped in (value, [value], (1, {"deep": value})):
        with pytest.raises(CodecError):
            encode(wrapped)


def test_a_list_that_holds_itself_is_refused():
    circle = []
    circle.append(circle)
    with pytest.raises(CodecError, match="deeper"):
        encode(circle)


def nested(depth):
    value = 1.0
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_bounded_in_both_directions():
    assert through_json(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(CodecError, match="deeper"):
        encode(nested(MAX_DEPTH + 1))
    form = encode(1.0)
    for _ in range(100_000):
        form = {"list": [form]}
    with pytest.raises(CodecError, match="deeper"):
        decode(form)
    while isinstance(form, dict) and "list" in form:  # taken apart by hand: freeing it at once would recurse
        form = form["list"].pop()


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(MAX_BYTES // 8 + 1),
        [np.zeros(MAX_BYTES // 16)] * 3,
        "x" * (MAX_BYTES + 1),
        [0] * (MAX_ITEMS + 1),
        [[None] * (MAX_ITEMS // 2)] * 3,
        [10**3000] * 3000,
        dict.fromkeys(range(MAX_KEYS + 1)),
        np.broadcast_to(0.0, (10**6, 10**6)),
        np.zeros((1,) * (MAX_AXES + 1)),
        np.zeros((0, MAX_BYTES + 1)),
    ],
    ids=["array", "arrays", "text", "list", "lists", "integers", "dict", "broadcast", "axes", "empty"],
)
def test_what_is_too_large_is_refused_before_it_is_copied(value):
    tracemalloc.start()
    try:
        with pytest.raises(CodecError):
            encode(value)
        assert tracemalloc.get_traced_memory()[1] < 12 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_the_largest_array_travels():
    array = np.arange(MAX_BYTES // 8, dtype=float)
    assert np.array_equal(through_json(array), array)


@pytest.mark.parametrize("shape", [(1,) * MAX_AXES, (0, MAX_BYTES), (MAX_BYTES, 0)])
def test_the_largest_shapes_travel(shape):
    assert same(through_json(np.zeros(shape, dtype=np.int8)), np.zeros(shape, dtype=np.int8))


def test_the_largest_dict_travels():
    value = dict.fromkeys(range(MAX_KEYS))
    assert through_json(value) == value


def test_truth_values_from_anywhere_are_0_or_1_inside():
    entries = decode(array_form([3], b"\x00\x01\xff", "<b1"))
    assert entries.view(np.uint8).tolist() == [0, 1, 1]


def array_form(shape, data=b"", code="<f8"):
    return {"array": code, "shape": shape, "data": base64.b64encode(data).decode()}


COLLIDING = [{"int": str(n * (2**61 - 1))} for n in range(MAX_KEYS + 1)]  # all with the hash 0
MALFORMED = {
    "a bare number": 1,
    "a bare float": 0.5,
    "a bare list": [],
    "no tag": {},
    "an unknown tag": {"object": "x"},
    "two tags": {"int": "1", "float": "0x1p0"},
    "an extra field": {"int": "1", "more": 1},
    "a missing field": {"array": "<f8", "shape": []},
    "an integer that is a number": {"int": 1},
    "an integer in words": {"int": "one"},
    "an integer with two signs": {"int": "--1"},
    "an empty integer": {"int": ""},
    "an integer with underscores": {"int": "1_0"},
    "a very long integer": {"int": "9" * 5000},
    "many long integers": {"list": [{"int": "9" * 4000}] * 5000},
    "a float that is a number": {"float": 1.5},
    "a float in words": {"float": "one"},
    "a float beyond floats": {"float": "0x1p99999"},
    "a very long float": {"float": "0x" + "0" * 100 + "1p0"},
    "a complex number of one part": {"complex": ["0x1p0"]},
    "a complex number that is a text": {"complex": "0x"},
    "an array of objects": array_form([1], b"12345678", "|O"),
    "an array of texts": array_form([1], b"1234", "<U1"),
    "an array of records": array_form([1], b"1234", "i4,i4"),
    "an array with a list for a type": array_form([1], b"12345678", ["<f8"]),
    "an array in the other byte order": array_form([1], b"12345678", ">f8"),
    "an array of long doubles": array_form([1], bytes(16), "<f16"),
    "an array of 10**12 entries": array_form([10**12]),
    "an array of 10**36 entries": array_form([10**6] * 6),
    "an array of so many entries that their number is long": array_form([MAX_BYTES] * 32),
    "an empty array with sides beyond NumPy": array_form([0] + [MAX_BYTES] * 20),
    "an array with a negative side": array_form([-1], b"12345678"),
    "an array with a broken side": array_form([1.0], b"12345678"),
    "an array with a truth value for a side": array_form([True], b"12345678"),
    "an array with a text for a side": array_form(["1"], b"12345678"),
    "an array whose shape is a number": array_form(1, b"12345678"),
    "an array with too many axes": array_form([1] * 33, b"12345678"),
    "an array with too few bytes": array_form([2], b"12345678"),
    "an array with too many bytes": array_form([1], bytes(16)),
    "an array with far too many bytes": array_form([1], bytes(10**6)),
    "an array whose data are no text": {"array": "<f8", "shape": [1], "data": 1},
    "an array whose data are not base64": {"array": "<f8", "shape": [1], "data": "!!!!!!!!!!!="},
    "an array whose data are not ASCII": {"array": "<f8", "shape": [1], "data": "äöüäöüäöüäö="},
    "an array whose data hold a line break": {"array": "<f8", "shape": [1], "data": "AAAAAAAA\n8D8="},
    "many arrays": {"list": [array_form([125_000], bytes(1_000_000))] * (MAX_BYTES // 1_000_000 + 1)},
    "an array whose data are cut off": {"array": "<f8", "shape": [1], "data": "AAAAAAAA8D8"},
    "a scalar of two entries": {"scalar": "<f8", "data": base64.b64encode(bytes(16)).decode()},
    "a tuple that is a dict": {"tuple": {}},
    "a list that is a text": {"list": "abc"},
    "a list of bare numbers": {"list": [1]},
    "a dict that is a dict": {"dict": {"a": None}},
    "a dict of triples": {"dict": [["a", None, None]]},
    "a dict of texts": {"dict": ["ab"]},
    "a dict with a list for a key": {"dict": [[{"list": []}, None]]},
    "a dict with an array for a key": {"dict": [[array_form([]), None], [array_form([1], bytes(8)), None]]},
    "a dict with a list in a tuple for a key": {"dict": [[{"tuple": [{"list": []}]}, None]]},
    "a dict whose keys collide": {"dict": [[key, None] for key in COLLIDING]},
    "half a character": "\udfff",
    "too many entries": {"list": [None] * (MAX_ITEMS + 1)},
    "too much text": {"list": ["x" * 1000] * (MAX_BYTES // 1000 + 1)},
}


@pytest.mark.parametrize("form", MALFORMED.values(), ids=MALFORMED)
def test_malformed_values_are_refused_at_little_cost(form):
    tracemalloc.start()
    try:
        with pytest.raises(CodecError):
            decode(form)
        assert tracemalloc.get_traced_memory()[1] < 2 * MAX_BYTES
    finally:
        tracemalloc.stop()


def quietly_decoded(form):
    """The decoded value, or None where it was refused; any other error passes through."""
    try:
        return decode(form)
    except CodecError:
        return None


@given(json_values)
def test_arbitrary_json_decodes_or_is_refused(form):
    value = quietly_decoded(form)
    assert value is None or same(through_json(value), value)


def replaced(form, random, junk):
    """The form with one part, anywhere in it, replaced by junk, left out or doubled."""
    if isinstance(form, dict) and form and random.random() < 0.8:
        name = random.choice(list(form))
        how = random.random()
        if how < 0.1:
            return {key: value for key, value in form.items() if key != name}
        if how < 0.2:
            return {(str(junk)[:8] if key == name else key): value for key, value in form.items()}
        return form | {name: replaced(form[name], random, junk)}
    if isinstance(form, list) and form and random.random() < 0.8:
        place = random.randrange(len(form))
        how = random.random()
        middle = [] if how < 0.1 else [form[place]] * 2 if how < 0.2 else [replaced(form[place], random, junk)]
        return form[:place] + middle + form[place + 1 :]
    if isinstance(form, str) and form and random.random() < 0.5:
        place = random.randrange(len(form))
        return form[:place] + random.choice("0=A/-x.é\ud800") + form[place + 1 :]
    return junk


@given(values, st.randoms(use_true_random=False), json_values)
def test_damaged_encodings_decode_or_are_refused(value, random, junk):
    damaged = replaced(encode(value), random, junk)
    back = quietly_decoded(damaged)
    assert back is None or same(through_json(back), back)


SOURCES = sorted(path for package in (dlcore, grader) for path in Path(package.__file__).parent.rglob("*.py"))
UNSAFE = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle", "copyreg"}


def unsafe_uses(tree):
    """Imports of modules that unpickle, and loads that may."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in UNSAFE)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNSAFE:
            yield node.module
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.endswith(("__import__", "import_module")) and UNSAFE & set(ast.unparse(node).split("'")):
                yield called
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
                    yield f"{called}({ast.unparse(keyword)})"


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import os, marshal as m",
        "from shelve import open",
        "def f():\n    from dill.source import x",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "importlib.import_module('pickle')",
    ],
)
def test_the_search_for_unpickling_finds_it(code):
    assert list(unsafe_uses(ast.parse(code)))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_is_ever_unpickled(path):
    assert list(unsafe_uses(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_numpys_own_texts_travel_as_texts():
    assert decode(encode(np.str_("both"))) == "both"
    assert decode(encode(np.where(True, "both", "none"))) == "both"
    with pytest.raises(CodecError):
        encode(np.array(["both", "none"]))


def test_of_random_numbers_only_shape_mean_spread_and_flatness_are_kept():
    draws = np.random.default_rng(5).normal(3, 2, (40, 30))
    form = only_moments(encode({"W1": draws, "b1": np.zeros((3, 1)), "n": [1, 0.5]}))
    assert len(json.dumps(form)) < 450
    back = decode(form)
    assert np.isclose(flatness(back["W1"]), flatness(draws))
    assert back["W1"].shape == draws.shape
    assert np.isclose(back["W1"].mean(), draws.mean())
    assert np.isclose(back["W1"].std(), draws.std())
    assert np.array_equal(back["b1"], np.zeros((3, 1)))
    assert back["n"] == [1, 0.5]


def test_numbers_for_which_there_is_no_stand_in_are_kept():
    spikes = np.zeros((10, 10))
    spikes[0, 0] = 1
    assert np.array_equal(decode(only_moments(encode(spikes))), spikes)
    assert np.array_equal(decode(only_moments(encode(np.full(20, 3.0)))), np.full(20, 3.0))
    infinite = np.array([np.inf] * 20)
    assert np.array_equal(decode(only_moments(encode(infinite))), infinite)


@pytest.mark.parametrize("shape", [[10**9, 10**9], [-1], "x", [1.5], [1] * 33, [MAX_BYTES], [0] + [MAX_BYTES] * 20])
def test_a_stand_in_for_random_numbers_is_bounded_too(shape):
    with pytest.raises(CodecError):
        decode({"moments": shape, "mean": "0x0p+0", "std": "0x1p+0", "flatness": "0x1p+0"})


@given(st.lists(st.integers(0, 5), max_size=4), st.floats(), st.floats(), st.floats())
def test_a_stand_in_for_random_numbers_decodes_whatever_its_moments_are(shape, mean, std, flat):
    back = decode({"moments": shape, "mean": mean.hex(), "std": std.hex(), "flatness": flat.hex()})
    assert back.shape == tuple(shape)
    assert back.dtype == float
