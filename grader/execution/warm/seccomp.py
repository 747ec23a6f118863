"""A seccomp filter against unaccounted memory, communication between kernels, and attacks on the host.

Memory is limited by watching the resident memory of a kernel's processes. Some
calls allocate memory that is not attributed to a process: memory files, System V
segments, anonymous shared mappings. Linux keyrings are not namespaced, so two
kernels could exchange data through them. A socket of some families (AF_VSOCK, for
example) is not confined by the network namespace, so only sockets of families
that are can be made. None of these calls is needed here. The other refused calls
are only of use in attacks on the system.

The BPF program is assembled here, since bindings to libseccomp need the shared
library, which pip cannot install, and the program has some twenty instructions.
"""

from __future__ import annotations

import platform
import struct

__all__ = ["call_filter"]

REFUSED = {
    "x86_64": {
        "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "add_key": 248, "request_key": 249, "keyctl": 250,
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "perf_event_open": 298, "bpf": 321,
        "userfaultfd": 323, "io_uring_setup": 425,
    },
    "aarch64": {
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "add_key": 217, "request_key": 218, "keyctl": 219,
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "perf_event_open": 241, "bpf": 280,
        "userfaultfd": 282, "io_uring_setup": 425,
    },
}  # fmt: skip
MMAP = {"x86_64": 9, "aarch64": 222}
SOCKETS = {"x86_64": (41, 53), "aarch64": (198, 199)}  # socket and socketpair
FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6; AF_NETLINK, without which libzmq aborts
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SHARED_WITHOUT_FILE = 0x01 | 0x20  # of mmap's flags
OTHER_ABI = 0x40000000  # x32: the same calls under other numbers
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06  # classic BPF instructions
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM
NUMBER_AT, ARCHITECTURE_AT, FAMILY_AT, FLAGS_AT = 0, 4, 16, 16 + 3 * 8


def call_filter(machine: str | None = None) -> bytes | None:
    """The filter for bubblewrap's ``--seccomp``; None for an unknown architecture."""
    machine = machine or platform.machine()
    if machine not in REFUSED:
        return None
    refused = sorted(REFUSED[machine].values())
    # Jumps are relative to the next instruction; the last two instructions are "allow" and "refuse".
    program: list[tuple[int, int | str, int | str, int]] = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 0, "refuse", ARCHITECTURE[machine]),
        (LOAD, 0, 0, NUMBER_AT),
        (AT_LEAST, "refuse", 0, OTHER_ABI),
        *((EQUAL, "refuse", 0, number) for number in refused),
        *((EQUAL, "socket", 0, number) for number in SOCKETS[machine]),
        (EQUAL, 0, "allow", MMAP[machine]),
        (LOAD, 0, 0, FLAGS_AT),
        (AND, 0, 0, SHARED_WITHOUT_FILE),
        (EQUAL, "refuse", "allow", SHARED_WITHOUT_FILE),
        (LOAD, 0, 0, FAMILY_AT),
        *((EQUAL, "allow", 0, family) for family in FAMILIES[:-1]),
        (EQUAL, "allow", "refuse", FAMILIES[-1]),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    places = {"socket": len(program) - 3 - len(FAMILIES), "allow": len(program) - 2, "refuse": len(program) - 1}
    lines = []
    for number, (code, *jumps, value) in enumerate(program):
        yes, no = (places[jump] - number - 1 if isinstance(jump, str) else int(jump) for jump in jumps)
        lines.append(struct.pack("=HBBI", code, yes, no, value))
    return b"".join(lines)
