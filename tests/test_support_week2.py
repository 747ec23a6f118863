"""The random weights from which the lesson on a shallow network starts."""

from __future__ import annotations

import numpy as np
import pytest

from grader.lessons.parser import read_lesson
from tests.classroom import REPOSITORY
from tests.solutions import load_support

pytestmark = pytest.mark.week2

WEEK = REPOSITORY / "course" / "week2"


@pytest.mark.parametrize("scale", [0.01, 2.0, 0.0])
def test_the_random_start_is_that_of_the_exercise(scale):
    support = load_support(WEEK / "support_shallow_network.py")
    names = {"np": np}
    exec(read_lesson(WEEK / "shallow_network.md").exercises["initialize"].solution.source, names)
    given = support.random_start(3, 4, 2, np.random.default_rng(1), scale)
    asked = names["initialize"](3, 4, 2, np.random.default_rng(1), scale)
    assert given.keys() == asked.keys()
    for name, value in given.items():
        np.testing.assert_array_equal(value, asked[name], err_msg=name)
