"""NumPy's errors that students meet, and what they mean in the course's words; shapes are in `shape_words`."""

from __future__ import annotations

__all__ = ["NUMPY_ERRORS"]

# The exception's class (or several), a pattern of its message, the hint, and what the message says in
# numbers and names, with the pattern's groups. The first that fits counts.
NUMPY_ERRORS: tuple[tuple[str, str, str, str], ...] = (
    (
        "IndexError",
        r"index (?P<index>-?\d+) is out of bounds for axis (?P<axis>\d+) with size (?P<size>\d+)",
        "An index points beyond the array. Does the loop run over another axis, one too far, or from 1; "
        "are rows and columns exchanged in the index; or is the array of another shape?",
        "Axis {axis} has {size} entries, numbered 0 to {last}, so there is no entry {index}.",
    ),
    (
        "IndexError",
        r"too many indices for array: array is (?P<size>\d+)-dimensional, but (?P<got>\d+) were indexed",
        "There are more indices than the array has axes, so they point beyond the array. Was an axis dropped before, "
        "by a sum without `keepdims=True` or by an index?",
        "The array has {size} axes and got {got} indices.",
    ),
    (
        "IndexError",
        r"out of range|pop from empty",
        "An index points beyond the array or list. Does the loop go one too far, or count from 1?",
        "",
    ),
    (
        "IndexError",
        r"boolean index did not match .* axis (?P<axis>\d+)",
        "The truth values are of another shape than the array that they pick from.",
        "",
    ),
    (
        "IndexError",
        r"indexing arrays could not be broadcast",
        "Each entry needs one row index and one column index, but the two are not equally many. "
        "Is one of them counted along the wrong axis?",
        "",
    ),
    (
        "IndexError",
        r"only integers, slices|must be of integer",
        "An index is a whole number, and `/` always gives a float (`//` a whole number). "
        "Only a dict has names: is this an array where a dict is meant?",
        "",
    ),
    (
        "AxisError",
        r"axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<size>\d+)",
        "There is no such axis: they are counted from 0. Was one dropped before, or is the axis one too far?",
        "The array has {size} axes, and axis {axis} was asked for.",
    ),
    (
        "ValueError",
        r"truth value of an array",
        "An `if` (also `and`, `or`, `max`) decides once, but an array holds many answers, one per entry. "
        "Decide entry by entry instead, with `np.where` or a mask.",
        "",
    ),
    (
        "ValueError",
        r"matmul: .*not have enough dimensions",
        "`@` multiplies matrices, and one factor is a plain number. Write `*` for a number.",
        "",
    ),
    (
        "ValueError",
        r"matmul|not aligned|core dimension",
        "In a matrix product the columns of the left factor must be as many as the rows of the right one.",
        "",
    ),
    (
        "ValueError",
        r"could not be broadcast|cannot be broadcast|could not broadcast",
        "Shapes do not fit, entry by entry. Write them down: which axis of one belongs to which of the other?",
        "",
    ),
    (
        "ValueError",
        r"inhomogeneous shape",
        "Arrays of several shapes were taken for one array. Is it a tuple, because a function returns several "
        "values, of which one is meant?",
        "",
    ),
    (
        "ValueError",
        r"setting an array element with a sequence",
        "A whole array is put where one number belongs. Does an index lack its second axis, or the value a sum?",
        "",
    ),
    (
        "ValueError",
        r"array dimensions except for the concatenation axis must match exactly",
        "The pieces are put together along the wrong axis: only along the axis of joining may they differ.",
        "",
    ),
    (
        "ValueError",
        r"zero-dimensional arrays cannot be concatenated|need at least one array|must have the same number of dim",
        "`concatenate` joins a list of arrays with equally many axes. Is one of them a number, or the list empty?",
        "",
    ),
    (
        "ValueError",
        r"axes don't match array",
        "`transpose` needs each axis of the array once. How many axes does it have?",
        "",
    ),
    (
        "ValueError",
        r"cannot select an axis to squeeze out",
        "Only an axis of length 1 can be squeezed out. Is it another axis?",
        "",
    ),
    (
        "ValueError",
        r"zero-size array|attempt to get arg(max|min) of an empty|arg is an empty sequence|iterable argument is empty",
        "The array or list is empty: does a slice begin beyond the end, or the loop go too far?",
        "",
    ),
    (
        "ValueError",
        r"index can't contain negative values",
        "The number of rows or columns to pad is negative.",
        "",
    ),
    (
        "ValueError",
        r"einstein sum|einsum|operand has (more|fewer) dimensions|too many subscripts|fewer operands",
        "The letters of `einsum` must be as many as the axes of each array.",
        "",
    ),
    (
        "ValueError",
        r"zip\(\) argument (?P<number>\d+) is (shorter|longer)",
        "The lists that are walked through together are not equally long: one begins or ends an entry too early.",
        "",
    ),
    (
        "ValueError",
        r"(is not in list|assignment destination is read-only)",
        "What you look for is not in the list, or the array must not be changed: work on a copy.",
        "",
    ),
    (
        "ValueError|OverflowError",
        r"cannot convert float (NaN|infinity)",
        "NaN or infinity cannot become a whole number. Where does it come from: a division by 0, a logarithm of 0?",
        "",
    ),
    (
        "ValueError",
        r"math domain error",
        "A logarithm or root of a number that has none: 0, or less.",
        "",
    ),
    (
        "ZeroDivisionError",
        r"",
        "A division by 0: does a count begin at 0 that should begin at 1, or is a sum empty?",
        "",
    ),
    (
        "OverflowError",
        r"math range error|too large",
        "The number is too large for a float: which exponential or power grows so fast?",
        "",
    ),
    (
        "RecursionError",
        r"",
        "The function calls itself without end. Has another function the same name?",
        "",
    ),
    ("RuntimeError", r"dictionary changed size", "The dict is changed while it is walked through. Make a new one.", ""),
    (
        "FloatingPointError",
        r"overflow",
        "A number became too large: which exponential (or power) is of a large number? Make its exponent at most 0.",
        "",
    ),
    (
        "FloatingPointError",
        r"divide by zero",
        "A division by 0, or a logarithm of 0. `np.where` calculates both sides, also the one that it does not take.",
        "",
    ),
    ("FloatingPointError", r"invalid", "NaN arose: from 0/0, infinity minus infinity, or the root of a negative.", ""),
)
