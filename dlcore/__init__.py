"""The package that lessons import: checks, progress, data, plots and widgets.

Plots and widgets are separate modules (`dlcore.plots`, `dlcore.widgets`), so that
``import dlcore`` needs only NumPy.
"""

from dlcore.checks.api import begin, check, check_choice
from dlcore.checks.guesses import guess, reveal
from dlcore.checks.progress import progress
from dlcore.checks.requested_hints import hint
from dlcore.errors import CheckFailed, CodecError, CourseError, NotAttempted, SetupError
from dlcore.gradients import gradient_check
from dlcore.study.start import start

__all__ = [
    "CheckFailed",
    "CodecError",
    "CourseError",
    "NotAttempted",
    "SetupError",
    "begin",
    "check",
    "check_choice",
    "gradient_check",
    "guess",
    "hint",
    "progress",
    "reveal",
    "start",
]
