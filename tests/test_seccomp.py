"""The filter of system calls: what the program says, and what a kernel in the sandbox may do."""

import socket
import struct

import pytest

from grader.execution.cell_run import Status
from grader.execution.sandbox import Limits
from grader.execution.step_runner import run_steps_now
from grader.execution.steps import Part, Step, StepKey
from grader.execution.warm.seccomp import ALLOW, ARCHITECTURE, MMAP, REFUSE, REFUSED, SOCKETS, call_filter

MACHINES = sorted(ARCHITECTURE)
NETLINK, VSOCK, PACKET, ALG = 16, 40, 17, 38
SHARED, PRIVATE, ANONYMOUS = 0x01, 0x02, 0x20


def answer(machine, number, *arguments, architecture=None):
    """What the filter says to a call, worked out as Linux would."""
    words = [number, architecture or ARCHITECTURE[machine], 0, 0]
    data = struct.pack("=4I6Q", *words, *[*arguments, *[0] * 6][:6])
    program = list(struct.iter_unpack("=HBBI", call_filter(machine)))
    place = value = 0
    while True:
        code, yes, no, constant = program[place]
        place += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, constant)
        elif code == 0x54:
            value &= constant
        elif code == 0x15:
            place += yes if value == constant else no
        elif code == 0x35:
            place += yes if value >= constant else no
        else:
            return constant


@pytest.mark.parametrize("machine", MACHINES)
def test_only_sockets_that_the_network_namespace_confines_can_be_made(machine):
    for number in SOCKETS[machine]:
        for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, NETLINK):
            assert answer(machine, number, family) == ALLOW
        for family in (0, VSOCK, PACKET, ALG, 2**31):
            assert answer(machine, number, family) == REFUSE


@pytest.mark.parametrize("machine", MACHINES)
def test_memory_that_belongs_to_nobody_and_the_listed_calls_are_refused(machine):
    for number in REFUSED[machine].values():
        assert answer(machine, number) == REFUSE
    flags = {SHARED | ANONYMOUS: REFUSE, SHARED: ALLOW, PRIVATE | ANONYMOUS: ALLOW}
    for flag, expected in flags.items():
        assert answer(machine, MMAP[machine], 0, 4096, 3, flag) == expected
    assert answer(machine, 0) == ALLOW
    assert answer(machine, 0x40000000) == REFUSE
    assert answer(machine, 0, architecture=0x40000003) == REFUSE


def test_an_unknown_machine_has_no_filter():
    assert call_filter("riscv64") is None


TRY = """
import socket
refused = []
for family in (getattr(socket, "AF_VSOCK", 40), getattr(socket, "AF_ALG", 38)):
    try:
        socket.socket(family, socket.SOCK_STREAM if family != 38 else socket.SOCK_SEQPACKET).close()
    except OSError:
        refused.append(family)
assert len(refused) == 2, refused
for family in (socket.AF_UNIX, socket.AF_INET):
    socket.socket(family, socket.SOCK_STREAM).close()
a, b = socket.socketpair()
"""


@pytest.mark.usefixtures("needs_sandbox")
def test_a_kernel_gets_no_socket_that_leaves_its_network_namespace():
    step = Step(StepKey(Part.CELL, "0"), TRY)
    run = run_steps_now([step], Limits(), sandboxed=True)[step.key]
    assert run.status is Status.OK, run
