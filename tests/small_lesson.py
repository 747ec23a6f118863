"""A lesson that is small and right, for tests that read, build or play one."""

from __future__ import annotations

import json
from pathlib import Path

from dlcore.checks.answer_key import SUFFIX
from grader.lessons.build import answer_key
from grader.lessons.load_reference import load_reference
from grader.lessons.notebooks import compose_source, write_notebook
from grader.lessons.parser import read_lesson
from grader.lessons.reference import Reference
from grader.lessons.variants import variants_path

NAME = "small"

HEADER = """\
---
course:
  draft: true
  title: A small lesson
jupytext:
  cell_metadata_filter: role,exercise,points,right,wrong,uses,fold,-all
  notebook_metadata_filter: course,-jupytext.text_representation.format_version,\
-jupytext.text_representation.jupytext_version
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3 (ipykernel)
  language: python
---

# A small lesson

```{code-cell} ipython3
:role: setup

import numpy as np

from dlcore import begin, check, check_choice, hint, progress

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

+++ {"exercise": "row_means", "role": "hint"}

1. Which axis do the numbers of one row lie along?
2. `mean` takes an axis, and `keepdims=True`
   keeps $(n, 1)$.

+++
'''

QUESTIONS = """
## Questions

**Question 1.** What is twice −1? (a) 2 (b) −2 (c) −1

```{code-cell} ipython3
---
exercise: quiz_sign
points: 1
right: Doubling moves a number away from 0, on its own side.
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

DOUBLE_VARIANTS = """
## double

### misconception: squares

You squared z. Twice a number is something else.

- `2 * np.asarray(z)` → `np.asarray(z) ** 2`

### misconception: halves

You halved z.

- `2 * np.asarray(z)` → `np.asarray(z) / 2`

### misconception: in-place

You changed the array
that you were given.

```diff
-    return 2 * np.asarray(z)
+    z *= 2
+    return z
```

### misconception: whole-numbers

You turn z into whole numbers: what stands after the point is lost.

- `np.asarray(z)` → `np.asarray(z).astype(int)`

### alternative: adds

- `2 *` → `np.asarray(z) +`

### alternative: lambda

```python
double = lambda z: np.multiply(z, 2.0)
```
"""

ROW_MEANS_VARIANTS = """
## row_means

### misconception: sum

That is the sum.

- `X.mean` → `X.sum`

### misconception: rank-1

Your result has a single axis.

- delete `, keepdims=True`

### misconception: other-axis

You averaged the columns.

- `axis=1` → `axis=0`

### misconception: one-mean

You averaged everything.

```python
def row_means(X):
    return X.mean()
```

### alternative: product

```python
def row_means(X):
    return X @ np.ones((X.shape[1], 1)) / X.shape[1]
```

### alternative: loop

```python
def row_means(X):
    return np.array([[row.mean()] for row in X])
```
"""

TEXT = HEADER + DOUBLE + ROW_MEANS + QUESTIONS
VARIANTS = "# A small lesson: misconceptions and alternatives\n" + DOUBLE_VARIANTS + ROW_MEANS_VARIANTS


def lesson_file(folder: Path, text: str = TEXT, name: str = NAME, variants: str = VARIANTS) -> Path:
    """The lesson as course/week1/small.md under a folder, with its variants beside it."""
    path = folder / "course" / "week1" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(f'begin("{NAME}")', f'begin("{name}")'), encoding="utf-8")
    variants_path(path).write_text(variants, encoding="utf-8")
    return path


def reference_of(folder: Path, text: str = TEXT, variants: str = VARIANTS) -> Reference:
    """The lesson's reference, run in a kernel."""
    lesson = read_lesson(lesson_file(folder, text, variants=variants))
    source = folder / "source" / "week1" / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(write_notebook(compose_source(lesson)), encoding="utf-8")
    return load_reference(source, lesson, folder / ".cache")


def write_key(folder: Path, reference: Reference) -> Path:
    """The answer key that students get, in a folder."""
    path = folder / f"{NAME}{SUFFIX}"
    path.write_text(json.dumps(answer_key(reference, hidden=False)), encoding="utf-8")
    return path
