"""What the process loads from which workers are forked; see `grader.early`.

The warm parent is begun first, since it loads as long as all the rest.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # see grader/__main__.py

from grader.processes import begin_parent  # noqa: E402

begin_parent(wait=True)  # two cores have no room for three that load

import distributed.nanny  # noqa: E402, F401

import grader.worker  # noqa: E402, F401
from grader.garbage import leave_garbage  # noqa: E402

leave_garbage()
