"""Python's errors that students meet, and what they mean in the course's words."""

from __future__ import annotations

__all__ = ["PYTHON_ERRORS"]

# The exception's class (or several), a pattern of its message, the hint, and what the message says in
# numbers and names, with the pattern's groups. The first that fits counts.
PYTHON_ERRORS: tuple[tuple[str, str, str, str], ...] = (
    # Names
    (
        "UnboundLocalError",
        r"local variable '(?P<name>\w+)'",
        "This name was read before it had a value. Was the line that sets it skipped, by an `if` say? "
        "Or is a variable of yours called like a function that you call?",
        "`{name}` has no value yet.",
    ),
    (
        "NameError",
        r"name '(?P<name>\w+)' is not defined",
        "No variable has this name here. Is it misspelt, or does the line that sets it come later, or not at all?",
        "`{name}` is not known.",
    ),
    (
        "AttributeError",
        r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'",
        "The module has no function of this name. Is it misspelt, or one of your own functions?",
        "There is no `{module}.{name}`.",
    ),
    (
        "AttributeError",
        r"'numpy.ndarray' object has no attribute '(?P<name>append|add|extend)'",
        "An array does not grow. Collect the values in a list, or make the whole array first.",
        "",
    ),
    (
        "AttributeError",
        r"'(list|tuple|int|float|range)' object has no attribute",
        "Lists and plain numbers do not have the methods of arrays. Make an array of it first.",
        "",
    ),
    (
        "AttributeError|TypeError",
        r"'dict' object (has no attribute|is not callable)|unhashable type: 'slice'",
        'This is a dict, so its values are found by their names, as in `W["W1"]`.',
        "",
    ),
    (
        "AttributeError|TypeError",
        r"'NoneType'|NoneType object",
        "Something is None. A function without `return` returns None, and so do methods that work in place.",
        "",
    ),
    (
        "KeyError",
        r"^'[Wb]0'$|^'d[Wb]0'$",
        "There is no layer 0 among the parameters: layers are counted from 1, and layer 0 is the input.",
        "",
    ),
    (
        "KeyError",
        r"^(?P<key>'d?[A-Za-z]\d*')$",
        "The name is not in the dict. Gradients begin with d (`dW1`), parameters do not (`W1`); "
        "capital letters count, and so does the layer's number.",
        "There is no entry {key}.",
    ),
    (
        "KeyError",
        r"^(?P<key>-?\d{1,18})$",
        "The dict has no such entry, or not yet: is it put in only later?",
        "There is no entry {key}.",
    ),
    ("KeyError", r"^(?P<key>.{1,40})$", "The name is not in the dict. Is it misspelt?", "There is no entry {key}."),
    # Arguments and results of functions
    (
        "TypeError",
        r"missing \d+ required (positional|keyword-only) arguments?: (?P<names>[\w', ]+)",
        "The function is called with fewer arguments than its first line names.",
        "It lacks {names}.",
    ),
    (
        "TypeError",
        r"unexpected keyword argument '(?P<name>\w+)'",
        "The function is called with other arguments than its first line names: "
        "this keyword is misspelt, or in the wrong pair of brackets.",
        "There is no argument `{name}`.",
    ),
    (
        "TypeError",
        r"multiple values for argument '(?P<name>\w+)'|got multiple values",
        "An argument was given twice: by its place and by its name. Is a pair of brackets around a shape missing?",
        "",
    ),
    (
        "TypeError",
        r"positional argument|unexpected keyword|takes no keyword",
        "The function is called with other arguments than its first line names.",
        "",
    ),
    (
        "TypeError",
        r"Cannot interpret '.*' as a data type|data type '.*' not understood",
        "A shape is one argument, a tuple: it needs brackets of its own, as in `np.zeros((2, 3))`.",
        "",
    ),
    (
        "ValueError",
        r"too many values to unpack \(expected (?P<size>\d+)\)",
        "There are fewer names to the left of `=` than values to the right. How many values does the function return?",
        "{size} names are on the left.",
    ),
    (
        "ValueError",
        r"not enough values to unpack \(expected (?P<size>\d+), got (?P<got>\d+)\)",
        "There are more names to the left of `=` than values to the right. How many values does the function return, "
        "or how many axes has the array?",
        "{size} names are on the left, {got} on the right.",
    ),
    (
        "TypeError",
        r"cannot unpack non-iterable",
        "Several names are to the left of `=`, but only one value is to the right.",
        "",
    ),
    (
        "TypeError",
        r"tuple indices must be integers or slices, not (?P<kind>\w+)",
        "This is a tuple, and not a dict or an array. A function that returns several values returns a tuple: "
        "give each of them a name of its own, as in `a, b = f(x)`.",
        "",
    ),
    (
        "TypeError",
        r"list indices must be integers or slices, not (?P<kind>\w+)",
        "This is a list, which takes one whole number as an index. Make an array of it for `[i, j]`, "
        "or is it a dict that you meant?",
        "",
    ),
    (
        "TypeError",
        r"unsupported operand type\(s\) for \^|bitwise_xor",
        "A power is written `**` in Python; `^` is something else.",
        "",
    ),
    (
        "UFuncTypeError|TypeError",
        r"ufunc 'bitwise_xor'",
        "A power is written `**` in Python; `^` is something else.",
        "",
    ),
    (
        "TypeError",
        r"unsupported operand type\(s\) for (?P<sign>\S+): .*'(?P<kind>tuple|list|dict|str|function|set)'",
        "Numbers and arrays can be added and multiplied, but not a list, a tuple, a dict or a function: "
        "make an array of it, take the entry that you mean, or call it.",
        "A {kind} stands beside `{sign}`.",
    ),
    (
        "TypeError",
        r"can only concatenate str|must be str, not int",
        'A text and a number cannot be joined by `+`. An f-string puts a number into a name: `f"W{layer}"`.',
        "",
    ),
    (
        "TypeError",
        r"can't multiply sequence|can only concatenate|can't multiply",
        "A list or tuple cannot be added or multiplied like an array. Make an array of it first.",
        "",
    ),
    (
        "TypeError",
        r"bad operand type for (unary -|abs\(\)): '(?P<kind>\w+)'",
        "A list, tuple or dict has no sign. Make an array of it, or take the entry that you mean.",
        "It was a {kind}.",
    ),
    (
        "TypeError",
        r"'function' object is not subscriptable|'builtin_function_or_method' object is not subscriptable|"
        r"'type' object is not subscriptable",
        "A function is called with round brackets; square ones take an entry of an array, a list or a dict.",
        "",
    ),
    (
        "TypeError|IndexError",
        r"'(float|int|numpy\.\w+)' object (is not subscriptable|does not support item)|invalid index to scalar",
        "This is a single number and has no entries. Was it passed in as one (`np.asarray` makes an array of it), "
        "summed over everything, or overwritten in a loop?",
        "",
    ),
    (
        "TypeError",
        r"'(float|int|numpy\.\w+)' object is not iterable|object of type '(float|int|numpy\.\w+)' has no len|"
        r"iteration over a 0-d array|len\(\) of unsized object",
        "This is a single number, so there is nothing to go through. `range(n)` counts to a number.",
        "",
    ),
    (
        "TypeError",
        r"'tuple' object does not support item assignment",
        "A tuple cannot be changed. Make a list or an array, or a new tuple.",
        "",
    ),
    (
        "TypeError",
        r"'float' object cannot be interpreted as an integer|slice indices must be integers|"
        r"expected a sequence of integers",
        "A whole number is needed here. `/` always gives a float; `//` divides whole numbers.",
        "",
    ),
    (
        "TypeError",
        r"'(tuple|list)' object cannot be interpreted as an integer",
        "A number is needed here, but it is a tuple or list. Is a pair of brackets too many, or one missing?",
        "",
    ),
    (
        "TypeError",
        r"not callable",
        "Something is called like a function and is none. Is a variable called like a function, "
        "or a sign such as `*` missing before a bracket?",
        "",
    ),
    (
        "TypeError",
        r"only (length-1|0-dimensional|size-1) arrays",
        "A function for one number was given an array. NumPy's functions take arrays, those of `math` do not.",
        "",
    ),
    (
        "TypeError",
        r"only integer scalar arrays can be converted to a scalar index",
        "A list or a slice takes one whole number as an index, not an array. Make an array of the list; "
        "or is the result of a reduction over one axis only?",
        "",
    ),
    (
        "TypeError|UFuncTypeError|UFuncNoLoopError",
        r"loop of ufunc does not support|not supported for the input types|did not contain a loop",
        "NumPy cannot calculate with this kind of value: a dict, a text, None, or a list of arrays of several shapes. "
        "Which entry of it do you mean?",
        "",
    ),
    (
        "UFuncTypeError|TypeError",
        r"Cannot cast|ufunc '(?P<name>\w+)' output",
        "The result does not fit into the array that it is written to. An array of whole numbers stays one.",
        "",
    ),
)
