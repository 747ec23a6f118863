"""``python -m grader``."""

import sys

import grader.fast_imports  # noqa: F401 (first)
from grader.cli import main

sys.exit(main())
