"""Warm kernels on their own, through jupyter_client as any program would use them."""

import asyncio
import os
import signal

import psutil
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec

from grader.execution.warm.parent import KernelRequest, WarmError, WarmParent
from grader.execution.warm.provisioner import register
from tests.processes import PATIENCE, eventually, gone

pytestmark = [pytest.mark.usefixtures("needs_sandbox"), pytest.mark.slow]
FOLDERS = {"/home/kernel": 5_000_000, "/tmp": 5_000_000, "/run/kernel": 1_000_000}


def manager_of(**config) -> AsyncKernelManager:
    register()
    manager = AsyncKernelManager()
    provisioner = {"provisioner_name": "warm-sandbox", "config": config}
    manager._kernel_spec = KernelSpec(argv=["python"], language="python", metadata={"kernel_provisioner": provisioner})
    return manager


async def tell(client, source: str) -> str:
    """What a cell printed, or its error."""
    reply = []

    def note(message):
        content = message["content"]
        reply.append(content.get("text", "") or content.get("evalue", ""))

    await client.execute_interactive(source, timeout=PATIENCE, output_hook=note, allow_stdin=False)
    return "".join(reply).strip()


async def in_session(work, **config):
    """What `work(manager, client)` returns, with a kernel of its own."""
    manager = manager_of(**config)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=PATIENCE)
        return await work(manager, client)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


def session(work, **config):
    """The same, for a test."""
    return asyncio.run(in_session(work, **config))


def test_a_kernel_starts_with_its_modules_imported_and_runs_code():
    async def work(manager, client):
        return await tell(client, "import sys; print('numpy' in sys.modules, 6 * 7)")

    assert session(work, modules=["numpy"]) == "True 42"


def test_a_kernel_can_be_interrupted_and_keeps_its_state():
    async def work(manager, client):
        await tell(client, "x = 5")
        client.execute("print('begun', flush=True)\nwhile True: pass", stop_on_error=False)
        while (await client.get_iopub_msg(timeout=PATIENCE))["msg_type"] != "stream":
            pass  # an interrupt before the cell has begun would be lost
        await manager.interrupt_kernel()
        return await tell(client, "print(x)")

    assert session(work) == "5"


def test_the_end_of_a_kernel_is_noticed():
    async def work(manager, client):
        client.execute("import os; os._exit(3)")
        async with asyncio.timeout(PATIENCE):
            while await manager.is_alive():
                await asyncio.sleep(0.05)
        return await manager.provisioner.poll()

    assert session(work) == 3


def test_two_kernels_of_one_parent_share_nothing_that_can_be_written():
    async def look(manager, client):
        return await tell(client, "import os; print('x' in dir(), os.path.exists('/tmp/note'), os.listdir('.'))")

    async def write(manager, client):
        await tell(client, "x = 1; open('/tmp/note', 'w').write('hi'); open('note', 'w').write('hi')")
        return await in_session(look)

    assert session(write) in ("False False []", "False False ['.ipython']")


def parent_with(*modules: str) -> WarmParent:
    return WarmParent(modules, folders=FOLDERS, home="/home/kernel")


def request() -> KernelRequest:
    files = {"/run/kernel/connection.json": '{"transport": "ipc", "ip": "/run/kernel/k", "key": "k"}'}
    return KernelRequest(files, "/run/kernel/connection.json", FOLDERS, home="/home/kernel")


def test_a_parent_that_cannot_import_says_why():
    parent = parent_with("no_such_module")
    with pytest.raises(WarmError, match="no_such_module"):
        parent.start()


def test_a_parent_that_was_killed_is_started_anew():
    parent = parent_with()
    try:
        first = parent.fork(request())
        parent._process.kill()
        assert first.wait(PATIENCE) is not None
        second = parent.fork(request())
        assert second.poll() is None
        second.kill()
        assert second.wait(PATIENCE) == -signal.SIGKILL
    finally:
        parent.close()


def test_closing_a_parent_ends_its_kernels():
    parent = parent_with()
    try:
        kernels = [parent.fork(request()) for _ in range(3)]
        pids = [kernel.pid for kernel in kernels]
        assert all(psutil.pid_exists(pid) for pid in pids)
    finally:
        parent.close()
    assert all(kernel.wait(PATIENCE) is not None for kernel in kernels)
    assert gone(pids)


def test_the_parent_ends_with_the_process_that_started_it():
    held = []  # a kernel ends with the object that stands for it

    def work():
        parent = parent_with()
        kernel = parent.fork(request())
        held.extend([parent, kernel])
        return kernel.pid, parent._process.pid

    assert gone(in_a_fork(work))


def in_a_fork(work) -> list[int]:
    """The numbers that `work()` returns in a forked process, which is killed then."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, " ".join(map(str, work())).encode())
        finally:  # it must not go on as a second pytest
            os.kill(os.getpid(), signal.SIGKILL)
    os.close(writer)
    numbers = list(map(int, os.read(reader, 100).split()))
    os.close(reader)
    os.waitpid(child, 0)
    return numbers


def test_forked_processes_share_a_parent_that_was_begun_and_a_kernel_ends_with_who_asked_for_it():
    parent = parent_with()
    try:
        kernel = parent.fork(request())
        (pid,) = in_a_fork(lambda: [parent.fork(request()).pid])
        assert gone([pid])
        assert kernel.poll() is None
        assert parent.alive
        kernel.kill()
        assert kernel.wait(PATIENCE) == -signal.SIGKILL
    finally:
        parent.close()


def test_a_fork_begins_a_parent_of_its_own_where_the_shared_one_has_ended():
    parent = parent_with()
    try:
        parent.start()
        parent._process.kill()
        eventually(lambda: not parent.alive)

        def work():
            return parent.fork(request()).pid, parent._process.pid

        assert gone(in_a_fork(work))
    finally:
        parent.close()


def test_a_kernel_that_ends_with_its_parent_is_lost_and_one_that_is_killed_is_not():
    parent = parent_with()
    try:
        killed, lost = parent.fork(request()), parent.fork(request())
        killed.kill()
        assert killed.wait(PATIENCE) == -signal.SIGKILL
        parent._process.kill()
        assert lost.wait(PATIENCE) == -signal.SIGKILL
        assert (killed.lost, lost.lost) == (False, True)
    finally:
        parent.close()


def test_a_kernel_that_nobody_holds_any_more_ends():
    parent = parent_with()
    try:
        kernel = parent.fork(request())
        pid = kernel.pid
        kernel._channel.close()
        assert gone([pid])
    finally:
        parent.close()


def test_kernels_cannot_ask_for_kernels():
    async def work(manager, client):
        source = """
import os, socket, stat
inherited = []
for number in map(int, os.listdir("/proc/self/fd")):
    try:
        kind = socket.socket(fileno=os.dup(number))
        inherited += [number] if kind.family == socket.AF_UNIX and kind.type == socket.SOCK_SEQPACKET else []
        kind.detach()
    except OSError:
        pass
print(inherited)
"""
        return await tell(client, source)

    assert session(work) == "[]"


def test_two_kernels_have_identities_of_their_own():
    async def work(manager, client):
        return await tell(client, "kernel = get_ipython().kernel; print(kernel.session.session, kernel.session.key)")

    assert set(session(work).split()).isdisjoint(session(work).split())


def test_what_ipython_prepared_before_the_fork_works_in_the_kernel():
    async def work(manager, client):
        source = """
import os, sys
from IPython import get_ipython
shell, answer = get_ipython(), 42
print(
    shell.kernel is shell.parent, shell.user_ns is sys.modules["__main__"].__dict__, os.environ["TERM"],
    os.path.isdir(shell.profile_dir.startup_dir), sys.argv[0], "prepared_kernel" in sys.modules,
)
"""
        return [await tell(client, source), await tell(client, "%who int")]

    assert session(work) == ["True True xterm-color True kernel False", "answer"]


def test_ends_are_told_of_many_kernels_that_end_at_once():
    parent = parent_with()
    try:
        kernels = [parent.fork(request()) for _ in range(12)]
        assert len({kernel.pid for kernel in kernels}) == 12
        for kernel in kernels:
            os.kill(kernel.pid, signal.SIGKILL)
        assert [kernel.wait(PATIENCE) for kernel in kernels] == [-signal.SIGKILL] * 12
        another = parent.fork(request())
        assert another.poll() is None
        another.kill()
        assert another.wait(PATIENCE) == -signal.SIGKILL
    finally:
        parent.close()
