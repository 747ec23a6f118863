"""A lesson that is small and right, for tests that read, build or play one."""

from __future__ import annotations

import json
from pathlib import Path

from dlcore.checks.answer_key import SUFFIX
from grader.lessons.build import answer_key
from grader.lessons.notebooks import compose_source, write_notebook
from grader.lessons.parser import read_lesson
from grader.lessons.reference import Reference, load_reference

NAME = "small"

HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
course:
  title: A small lesson
---

# A small lesson

```{code-cell} ipython3
:role: setup

import numpy as np

from dlcore import begin, check, check_choice, progress

begin("small")
```

```{code-cell} ipython3
offset = 1.0
```

```{code-cell} ipython3
:role: demo

raise SystemExit("demo cells are not run while grading")
```
"""

DOUBLE = '''
## Doubling

```{code-cell} ipython3
:exercise: double
:role: solution

def double(z):
    """Return 2z, entry by entry, for a number or an array."""
    ### BEGIN SOLUTION
    return 2 * np.asarray(z)
    ### END SOLUTION
```

```{code-cell} ipython3
:exercise: double
:points: 5
:role: check

check(double, 1.5)
check(double, np.array([[1.0, -2.0, 3.0]]), label="a row")
### BEGIN HIDDEN TESTS
check(double, np.array([[4711], [-4712]]), label="a column of whole numbers")
check(double, np.zeros((0, 2)), label="no entries at all")
### END HIDDEN TESTS
```

```{code-cell} ipython3
:exercise: double
:points: 2.5
:role: check

check(double, np.array([0.25, 3.0]), fresh=True, label="memory of its own")
```

```{code-cell} ipython3
:exercise: double
:hint: You squared z. Twice a number is something else.
:name: squares
:role: misconception

def double(z):
    return np.asarray(z) ** 2
```

```{code-cell} ipython3
:exercise: double
:hint: You halved z.
:name: halves
:role: misconception

def double(z):
    return np.asarray(z) / 2
```

```{code-cell} ipython3
:exercise: double
:hint: You changed the array that you were given.
:name: in-place
:role: misconception

def double(z):
    z *= 2
    return z
```

```{code-cell} ipython3
:exercise: double
:hint: 'You turn z into whole numbers: what stands after the point is lost.'
:name: whole-numbers
:role: misconception

def double(z):
    return 2 * np.asarray(z).astype(int)
```

```{code-cell} ipython3
:exercise: double
:name: adds
:role: alternative

def double(z):
    return np.asarray(z) + np.asarray(z)
```

```{code-cell} ipython3
:exercise: double
:name: lambda
:role: alternative

double = lambda z: np.multiply(z, 2.0)
```
'''

ROW_MEANS = '''
## Averaging

```{code-cell} ipython3
:exercise: row_means
:role: solution

def row_means(X):
    """Return the mean of each row of `X` (n, m) as a column (n, 1)."""
    ### BEGIN SOLUTION
    return X.mean(axis=1, keepdims=True)
    ### END SOLUTION
```

```{code-cell} ipython3
:exercise: row_means
:points: 4
:role: check

rng = np.random.default_rng(7)
check(row_means, rng.normal(size=(2, 3)), label="two rows")
### BEGIN HIDDEN TESTS
check(row_means, rng.normal(size=(5, 1)), label="one column")
### END HIDDEN TESTS
```

```{code-cell} ipython3
:exercise: row_means
:hint: That is the sum.
:name: sum
:role: misconception

def row_means(X):
    return X.sum(axis=1, keepdims=True)
```

```{code-cell} ipython3
:exercise: row_means
:hint: Your result has a single axis.
:name: rank-1
:role: misconception

def row_means(X):
    return X.mean(axis=1)
```

```{code-cell} ipython3
:exercise: row_means
:hint: You averaged the columns.
:name: other-axis
:role: misconception

def row_means(X):
    return X.mean(axis=0, keepdims=True)
```

```{code-cell} ipython3
:exercise: row_means
:hint: You averaged everything.
:name: one-mean
:role: misconception

def row_means(X):
    return X.mean()
```

```{code-cell} ipython3
:exercise: row_means
:name: product
:role: alternative

def row_means(X):
    return X @ np.ones((X.shape[1], 1)) / X.shape[1]
```

```{code-cell} ipython3
:exercise: row_means
:name: loop
:role: alternative

def row_means(X):
    return np.array([[row.mean()] for row in X])
```
'''

QUESTIONS = """
## Questions

**Question 1.** What is twice −1? (a) 2 (b) −2 (c) −1

```{code-cell} ipython3
---
exercise: quiz_sign
points: 1
role: quiz
wrong:
  a: 'The sign stays: −1 is doubled.'
  c: That is −1 itself.
---
quiz_sign = "b"
```

**Question 2.** Why?

+++ {"exercise": "explain", "points": 3, "role": "written"}

### BEGIN SOLUTION
Because multiplying by 2 keeps the sign.
### END SOLUTION
"""

TEXT = HEADER + DOUBLE + ROW_MEANS + QUESTIONS


def lesson_file(folder: Path, text: str = TEXT, name: str = NAME) -> Path:
    """The lesson as course/week1/small.md under a folder."""
    path = folder / "course" / "week1" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def reference_of(folder: Path, text: str = TEXT) -> Reference:
    """The lesson's reference, run in a kernel."""
    lesson = read_lesson(lesson_file(folder, text))
    source = folder / "source" / "week1" / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(write_notebook(compose_source(lesson)), encoding="utf-8")
    return load_reference(source, lesson, folder / ".cache")


def write_key(folder: Path, reference: Reference) -> Path:
    """The answer key that students get, in a folder."""
    path = folder / f"{NAME}{SUFFIX}"
    path.write_text(json.dumps(answer_key(reference, hidden=False)), encoding="utf-8")
    return path
