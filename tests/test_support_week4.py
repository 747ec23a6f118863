"""The column of all parameters that the lesson on gradient checking is given."""

from __future__ import annotations

import numpy as np
import pytest

from grader.lessons.parser import read_lesson
from tests.classroom import REPOSITORY
from tests.solutions import load_support

pytestmark = pytest.mark.week4

WEEK = REPOSITORY / "course" / "week4"


def test_the_column_is_what_the_exercise_takes_apart():
    support = load_support(WEEK / "support.py")
    names = {"np": np}
    exec(read_lesson(WEEK / "gradient_checking.md").exercises["vector_to_parameters"].solution.source, names)
    parameters = support.initialize([3, 4, 1], np.random.default_rng(1))
    column = support.parameters_to_vector(parameters)
    assert column.shape == (21, 1)
    np.testing.assert_array_equal(column[:3, 0], parameters["W1"][0])
    for name, array in names["vector_to_parameters"](column, parameters).items():
        np.testing.assert_array_equal(array, parameters[name], err_msg=name)


def test_the_column_of_one_array_is_new():
    support = load_support(WEEK / "support.py")
    weights = np.ones((3, 1))
    support.parameters_to_vector({"w": weights})[0] = 7
    assert weights[0] == 1
