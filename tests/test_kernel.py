"""What runs in the sandbox sees nothing, changes nothing and leaves nothing behind."""

import asyncio
import contextlib
import os
from pathlib import Path

import psutil
import pytest

from grader.execution import kernel, shared_parent
from grader.execution.cell_run import MAX_LINES
from grader.execution.evidence_pipe import EvidencePipe
from grader.execution.kernel import Kernel
from grader.execution.sandbox import Limits
from grader.execution.step_runner import run_steps_now
from grader.execution.steps import Part, Step, StepKey
from grader.execution.warm.parent import WarmParent
from grader.grading.scoring import submission_steps
from grader.lessons.load_reference import load_reference
from grader.lessons.parser import read_lesson
from tests.processes import descendants, eventually

pytestmark = [pytest.mark.usefixtures("needs_sandbox"), pytest.mark.slow]
LIMITS = Limits(cell_seconds=5, memory_mb=600, processes=40, file_mb=5, total_seconds=600)


def run_cells(*sources, limits=LIMITS, files=None, sandboxed=True):
    steps = [Step(StepKey(Part.CELL, str(number)), source) for number, source in enumerate(sources)]
    runs = run_steps_now(steps, limits, sandboxed=sandboxed, files=files)
    return [runs[step.key] for step in steps]


def told(run):
    """What a cell told us through the message of an error."""
    assert run.status == "error", run
    return run.text


def test_a_cell_that_runs_has_status_ok():
    assert [run.status for run in run_cells("x = 1", "assert x == 1")] == ["ok", "ok"]


def test_the_error_of_a_cell_is_reported_and_the_rest_goes_on():
    first, second = run_cells("1 / 0", "x = 1")
    assert (first.status, first.error, second.status) == ("error", "ZeroDivisionError", "ok")


def test_cells_that_run_together_find_what_ipython_adds_to_the_builtins():
    source = "import builtins\ndisplay(builtins.get_ipython())\nassert not hasattr(builtins, 'exit')"
    assert [run.status for run in run_cells("x = 1", source)] == ["ok", "ok"]


def test_an_endless_loop_is_interrupted_and_the_state_kept():
    runs = run_cells("x = 5", "while True: pass", "assert x == 5")
    assert [run.status for run in runs] == ["ok", "timeout", "ok"]


def test_a_cell_that_ignores_interrupts_dies_and_the_others_do_not():
    stubborn = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    pass
"""
    runs = run_cells("x = 5", stubborn, "assert x == 5")
    assert [(run.status, run.cause) for run in runs] == [("ok", ""), ("died", "time"), ("ok", "")]


def test_a_cell_that_ends_the_kernel_costs_itself_alone():
    runs = run_cells(
        "x = 5", "import os; os._exit(0)", "assert x == 5", "import ctypes; ctypes.string_at(0)", "assert x == 5"
    )
    assert [run.status for run in runs] == ["ok", "died", "ok", "died", "ok"]


def test_too_much_memory_kills_the_kernel_and_says_so():
    runs = run_cells("x = bytearray(10**9)\nfor i in range(0, 10**9, 4096): x[i] = 1", "y = 1")
    assert (runs[0].status, runs[0].cause or runs[0].error) in (("died", "memory"), ("error", "MemoryError"))
    assert runs[1].status == "ok"


def end(parent):
    parent._process.kill()
    parent._process.wait()


def test_warm_parents_that_end_before_they_have_forked_cost_no_cell_anything(monkeypatch):
    start, ends = WarmParent._start, iter(range(4))

    def started_in_vain(parent):
        start(parent)
        if next(ends, None) is not None:
            end(parent)

    shared_parent.warm_up()
    monkeypatch.setattr(WarmParent, "_start", started_in_vain)
    assert [run.status for run in run_cells("x = 1", "assert x == 1")] == ["ok", "ok"]
    assert next(ends, None) is None


def test_a_warm_parent_that_ends_as_its_kernel_becomes_ready_costs_no_cell_anything(monkeypatch):
    ends = iter(range(2))

    def pipe(path, *arguments):
        if next(ends, None) is not None:
            end(shared_parent.warm_parent())
            eventually(lambda: not Path(path).parent.exists())
        return EvidencePipe(path, *arguments)

    monkeypatch.setattr(kernel, "EvidencePipe", pipe)
    assert [run.status for run in run_cells("x = 1", "assert x == 1")] == ["ok", "ok"]
    assert next(ends, None) is None


def test_a_fork_bomb_is_stopped():
    runs = run_cells("import os\nwhile True:\n    os.fork()", "x = 1")
    # Killed for its processes or their memory; or, where the system counts processes (not root's), refused.
    assert runs[0].status == "died" or (runs[0].status, runs[0].error) == ("error", "BlockingIOError")
    assert runs[1].status == "ok"


def test_a_flood_of_output_is_stopped():
    flood = "from IPython.display import display\nwhile True:\n    display({'text/plain': 'x' * 100000}, raw=True)"
    runs = run_cells(flood, "x = 1")
    assert runs[0].status in ("timeout", "died")
    assert runs[1].status == "ok"


def test_files_can_be_written_only_in_memory_and_only_so_large():
    source = """
problems = []
for folder in ("/", "/usr", "/opt", "/opt/course/dlcore", "/etc", "/dev", "/proc"):
    try:
        open(folder + "/mine", "w").write("x")
        problems.append(folder)
    except OSError:
        pass
try:
    open("large", "wb").write(b"x" * 20_000_000)
    problems.append("large")
except OSError:
    pass
open("small", "w").write("fine")
raise Exception(problems)
"""
    assert told(run_cells(source)[0]) == "[]"


def test_nothing_of_the_host_can_be_read():
    """Nothing but the interpreter, wherever on this machine it is installed, and the folders that lead to it."""
    here = Path(__file__).parent.parent
    source = f"""
import os, sys
leading = set()
for place in (sys.prefix, sys.base_prefix):
    while (place := os.path.dirname(place)) != "/":
        leading.add(place)
expected = leading | {{sys.prefix, sys.base_prefix}}
def shows(path):
    real = path.removeprefix("/proc/1/root")
    names = os.listdir(path) if os.path.isdir(path) else []
    return os.path.isfile(path) or any(os.path.join(real, name) not in expected for name in names)
places = [{str(here)!r}, {str(here / "source")!r}, {str(here / "nbgrader_config.py")!r}, "/root/.ssh", "/home",
          "/etc/shadow", "/etc/passwd", "/var", "/proc/1/root/home", *leading]
raise Exception([path for path in places if shows(path)])
"""
    assert told(run_cells(source)[0]) == "[]"


def test_there_is_no_network_and_no_other_process():
    source = """
import os, socket
reached = []
for address in (("127.0.0.1", 80), ("192.0.2.1", 80)):
    try:
        socket.create_connection(address, timeout=0.5)
        reached.append(address)
    except OSError:
        pass
others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
raise Exception((reached, others, sorted(os.listdir("/sys/class/net")) if os.path.isdir("/sys/class/net") else []))
"""
    assert told(run_cells(source)[0]) == "([], [], [])"


def test_the_environment_holds_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("GRADER_SECRET", "s3cret")
    source = "import os; raise Exception([name for name in os.environ if 'SECRET' in name or 'TOKEN' in name])"
    assert told(run_cells(source)[0]) == "[]"


def test_limits_cannot_be_raised():
    source = """
import resource
for name in ("CPU", "FSIZE", "NOFILE", "AS"):
    which = getattr(resource, "RLIMIT_" + name)
    try:
        resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        raise Exception(name)
    except (ValueError, OSError):
        pass
"""
    assert run_cells(source)[0].status == "ok"


def test_files_that_students_are_given_lie_in_the_working_folder():
    runs = run_cells("assert open('given.txt').read() == 'hello'", files={"given.txt": b"hello"})
    assert runs[0].status == "ok", runs


def test_modules_in_the_working_folder_can_be_imported():
    (run,) = run_cells("import helper\nassert helper.x == 5", files={"helper.py": b"x = 5"})
    assert run.status == "ok", run


def test_no_memory_is_written_to_disk_when_a_kernel_crashes():
    (run,) = run_cells("import resource\nassert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)")
    assert run.status == "ok", run


def test_a_daemon_ends_with_its_kernel():
    mark = f"sleep-{os.getpid()}"
    source = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{mark}"], start_new_session=True)
"""
    assert run_cells(source)[0].status == "ok"
    assert eventually(lambda: not [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])])


EVERYWHERE = """
import os
folders = ["/", "/run", "/dev", "/tmp", "/var/tmp", "/student", "/run/kernel", "/dev/shm", "/dev/mqueue", "/opt/course"]
folders += [line.split()[1] for line in open("/proc/mounts")]
notes = [os.path.join(folder, "note") for folder in folders if os.path.isdir(folder)]
"""


def test_two_kernels_see_nothing_of_each_other():
    write = (
        EVERYWHERE
        + """
written = []
for note in notes:
    try:
        open(note, "w").write("hi")
        written.append(note)
    except OSError:
        pass
raise Exception(sorted(set(written)))
"""
    )
    look = EVERYWHERE + "raise Exception([note for note in notes if os.path.exists(note)])"

    async def both():
        async with Kernel(LIMITS) as one, Kernel(LIMITS) as two:
            return await one.run(write), await two.run(look)

    first, second = asyncio.run(both())
    assert "/student/note" in told(first)
    assert told(second) == "[]"


def test_the_process_list_of_the_host_is_out_of_reach():
    source = """
import os
found = []
for folder in ("/proc", "/run/outer-proc", "/proc/1/root/run/outer-proc"):
    try:
        found += [name for name in os.listdir(folder) if name.isdigit() and name != str(os.getpid())]
    except OSError:
        pass
raise Exception(found)
"""
    assert told(run_cells(source)[0]) == "[]"


def test_no_more_namespaces_can_be_made():
    source = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
raise Exception([flag for flag in (0x10000000, 0x00020000, 0x20000000) if libc.unshare(flag) == 0])
"""
    assert told(run_cells(source)[0]) == "[]"


def test_without_a_sandbox_limits_still_hold():
    runs = run_cells("while True: pass", "import os; os._exit(1)", "x = 1", sandboxed=False)
    assert [run.status for run in runs] == ["timeout", "died", "ok"]


def test_a_further_kernel_takes_less_than_sixty_megabytes(course_root):
    """Proportional memory, after a whole lesson: a page counts by the share of those that have it."""
    source = course_root / "source" / "week1" / "logistic_regression.ipynb"
    lesson = read_lesson(course_root / "course" / "week1" / "logistic_regression.md")
    reference = load_reference(source, lesson, course_root / ".cache" / "reference")
    steps = submission_steps(reference.notebook, reference)

    def megabytes():
        found = 0
        for process in descendants(os.getpid()):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += process.memory_full_info().pss
        return found / 1e6

    async def run():
        taken = []
        async with Kernel(Limits(), files=reference.files) as one, Kernel(Limits(), files=reference.files) as two:
            for kernel in (one, two):
                for stage in ("", "hidden"):
                    runs = await kernel.run_together(
                        [(str(s.key), s.source, s.private) for s in steps if s.stage == stage]
                    )
                    assert all(run.status == "ok" for run in runs.values())
                taken.append(megabytes())
            async with Kernel(Limits(), files=reference.files) as three:
                for stage in ("", "hidden"):
                    await three.run_together([(str(s.key), s.source, s.private) for s in steps if s.stage == stage])
                taken.append(megabytes())
        return taken

    one, two, three = asyncio.run(run())
    print(f"MB with the second and a third lesson run: {one:.0f}, {two:.0f}, {three:.0f}")
    assert 10 < three - two < 60


def test_a_flood_of_small_messages_is_interrupted_and_the_rest_goes_on():
    source = "from IPython.display import display\nwhile True: display({'text/plain': 'x'}, raw=True)"
    first, flood, last = run_cells("x = 1", source, "assert x == 1")
    assert [first.status, flood.status, last.status] == ["ok", "timeout", "ok"]


def test_a_cell_that_starts_too_many_threads_is_the_only_one_that_fails():
    source = "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(1000,)).start()"
    first, second = run_cells(source, "import time\ntime.sleep(0.5)")
    assert (first.status, first.cause or first.error) in (
        ("error", "RuntimeError"),
        ("died", "processes"),
    )  # the latter for root
    assert second.status == "ok"


FLOODS = {
    "empty lines": "[b'\\n' * 60_000]",
    "many lists": "[b'[' * 40_000 + b']' * 40_000 + b'\\n']",
    "many objects, a few a line": "[b'{}' * 2000 + b'\\n'] * 20",
    "a long line": "[b'x' * 1_000_000] * 4 + [b'\\n']",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_evidence_that_takes_long_to_read_ends_its_own_cell_alone(flood):
    source = f"""
import os
pipe = os.open(os.environ["DLCORE_EVIDENCE"], os.O_WRONLY)
for piece in {flood}:
    while piece:
        piece = piece[os.write(pipe, piece):]
"""
    first, second, third = run_cells("x = 1", source, "assert x == 1")
    assert (first.status, second.status, second.cause, third.status) == ("ok", "died", "evidence", "ok")
    assert len(second.evidence) <= MAX_LINES


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (
            """
import contextlib, threading, time
with contextlib.suppress(RuntimeError):  # refused, except to root
    for _ in range(100):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
""",
            "processes",
        ),
        ("import numpy as np\nkept = np.ones(100_000_000)", "memory"),
    ],
    ids=["threads", "memory"],
)
def test_what_is_noticed_a_little_later_costs_no_other_cell(source, cause):
    """The limit is enforced ten times a second; by then another exercise may be running."""
    runs = run_cells("x = 1", source, *["import time\ntime.sleep(0.4)"] * 2, "assert x == 1")
    assert [run.status for run in runs[2:]] == ["ok"] * 3
    assert (runs[1].status, runs[1].cause) in (("died", cause), ("ok", ""))


def test_a_students_own_cells_have_their_own_time():
    steps = [Step(StepKey(Part.CELL, str(number)), "import time\ntime.sleep(0.3)", extra=True) for number in range(40)]
    steps.insert(3, Step(StepKey(Part.SOLUTION, "one"), "import time\ntime.sleep(1)\nx = 1", group="one"))
    steps.append(Step(StepKey(Part.ALL, "one"), "assert x == 1", group="one"))
    limits = Limits(cell_seconds=5, extra_seconds=1.5, total_seconds=600)
    runs = run_steps_now(steps, limits, sandboxed=True)
    own = [runs[step.key] for step in steps if step.extra]
    assert [run.status for run in own[:3]] == ["ok"] * 3
    assert {run.status for run in own} == {"ok", "timeout", "not run"}
    assert {run.cause for run in own if run.status == "not run"} == {"extra"}
    assert [runs[step.key].status for step in steps if not step.extra] == ["ok", "ok"]


def test_a_cell_with_magics_takes_from_the_same_time():
    steps = [
        Step(StepKey(Part.CELL, str(number)), "%matplotlib inline\nimport time\ntime.sleep(1)", extra=True)
        for number in range(4)
    ]
    runs = run_steps_now(steps, Limits(cell_seconds=5, extra_seconds=1.5, total_seconds=600), sandboxed=True)
    assert {runs[step.key].cause for step in steps[2:]} == {"extra"}
