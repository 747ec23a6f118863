"""What a process and its descendants use."""

import subprocess
import sys

import psutil
import pytest

from grader.execution import resource_usage as usage

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"


@pytest.fixture
def parent():
    """A process with a child, both waiting."""
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.communicate(b"\n")


def test_the_family_is_the_process_and_its_descendants(parent):
    (child,) = psutil.Process(parent.pid).children()
    assert usage.family(parent.pid) == [parent.pid, child.pid]


def test_both_ways_of_counting_agree(parent, monkeypatch):
    memory, threads = usage.usage(parent.pid)
    monkeypatch.setattr(usage, "KNOWS_CHILDREN", False)
    slow_memory, slow_threads = usage.usage(parent.pid)
    assert (memory, threads) == (pytest.approx(slow_memory, rel=0.05), slow_threads)
    assert threads == 2


def test_a_process_that_is_gone_uses_nothing(parent, monkeypatch):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    pid = int(gone.stdout)
    assert usage.usage(pid) == (0, 0)
    monkeypatch.setattr(usage, "KNOWS_CHILDREN", False)
    assert usage.usage(pid) == (0, 0)
