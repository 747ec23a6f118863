"""What the lessons import: checks, progress, data, pictures and widgets.

Pictures and widgets are modules of their own (`dlcore.plots`,
`dlcore.widgets`), so that ``import dlcore`` needs NumPy alone.
"""

from dlcore.checks.api import begin, check, check_choice
from dlcore.checks.progress import progress
from dlcore.errors import CheckFailed, CodecError, CourseError, NotAttempted, SetupError
from dlcore.gradients import gradient_check

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
    "progress",
]
