"""What tests of widgets move, and the functions that unfinished, wrong or careless students bring."""

import numpy as np

__all__ = ["Tiring", "answering", "moved", "other_values", "spoiling", "unwritten"]


def other_values(control):
    """Other values that a control can take: all options, or both ends and something between."""
    if hasattr(control, "options"):
        values = [option[1] if isinstance(option, tuple) else option for option in control.options]
    elif isinstance(control.value, bool):
        values = [not control.value]
    elif hasattr(control, "base"):
        ends = (control.min, control.max)
        values = [control.base**exponent for exponent in (*ends, sum(ends) / 2)]
    else:
        far = max(control.step, type(control.value)((control.max - control.min) / 4))
        between = control.value + far if control.value + far <= control.max else control.value - far
        values = dict.fromkeys((control.min, control.max, between))
    return [value for value in values if value != control.value]


def moved(control):
    """Another value that the control can take."""
    return other_values(control)[0]


def unwritten(*_, **__):
    raise NotImplementedError


def answering(result):
    """A student's function that always returns `result`."""

    def mine(*_, **__):
        return result

    return mine


class Tiring:
    """The same function, which raises ValueError once it was called `left` times more."""

    def __init__(self, function):
        self.function, self.left = function, 10**9

    def __call__(self, *given):
        self.left -= 1
        if self.left < 0:
            raise ValueError("tired")
        return self.function(*given)


def spoiling(function):
    """The same function, written by someone who overwrites the arrays that it is given."""

    def mine(*args, **options):
        result = function(*_copied(args), **_copied(options))
        _overwrite([args, options])
        return result

    return mine


def _copied(given):
    if isinstance(given, np.ndarray):
        return given.copy()
    if isinstance(given, dict):
        return {name: _copied(part) for name, part in given.items()}
    if isinstance(given, list | tuple):
        return type(given)(_copied(part) for part in given)
    return given


def _overwrite(given):
    if isinstance(given, np.ndarray):
        given[...] = 0
    elif isinstance(given, dict):
        _overwrite(list(given.values()))
        given.update({name: 0.0 for name, part in given.items() if isinstance(part, float)})
    elif isinstance(given, list | tuple):
        for part in given:
            _overwrite(part)
