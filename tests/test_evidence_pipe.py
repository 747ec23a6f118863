"""Evidence through a pipe: whatever is written comes out line by line."""

import asyncio
import os
import threading

import pytest

from grader.execution.evidence_pipe import EvidencePipe


def through(tmp_path, *pieces: bytes, most: int = 1_000_000):
    """What is taken in when `pieces` are written by another thread."""
    path = str(tmp_path / "pipe")

    async def run():
        taken = []
        pipe = EvidencePipe(path, most, taken.append)

        def write():
            for piece in pieces:
                descriptor = os.open(path, os.O_WRONLY)
                rest = piece
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.close(descriptor)

        await asyncio.to_thread(write)
        pipe.drain()
        pipe.close()
        pipe.close()
        return taken, pipe.size

    return asyncio.run(run())


def test_every_line_is_one_piece(tmp_path):
    assert through(tmp_path, b'{"a": 1}\n[2]\n', b'"three"\n') == ([b'{"a": 1}', b"[2]", b'"three"'], 21)


def test_a_line_may_come_in_parts(tmp_path):
    assert through(tmp_path, b'{"a"', b": 1}\n")[0] == [b'{"a": 1}']


def test_more_than_the_pipe_holds_arrives(tmp_path):
    long = b"x" * 500_000
    assert through(tmp_path, long + b"\n")[0] == [long]


def test_a_line_without_an_end_is_given_up(tmp_path):
    taken, size = through(tmp_path, b"x" * 300_000, b"\n7\n", most=100_000)
    assert len(taken[0]) <= 100_000
    assert taken[1:] == [b"7"]
    assert size == 300_003


def test_nobody_can_put_something_else_in_its_place_before(tmp_path):
    (tmp_path / "pipe").symlink_to("/etc/passwd")

    async def make():
        EvidencePipe(str(tmp_path / "pipe"), 10, print)

    with pytest.raises(FileExistsError):
        asyncio.run(make())


def test_a_writer_that_fills_the_pipe_waits_for_the_reader(tmp_path):
    path = str(tmp_path / "pipe")

    async def run():
        taken = []
        pipe = EvidencePipe(path, 10_000_000, taken.append)
        line = b"y" * 500_000 + b"\n"
        done = threading.Event()

        def write():
            descriptor, rest = os.open(path, os.O_WRONLY), line
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.close(descriptor)
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        while not done.is_set():
            await asyncio.sleep(0.01)
        thread.join()
        pipe.drain()
        pipe.close()
        return taken

    assert asyncio.run(run()) == [b"y" * 500_000]
