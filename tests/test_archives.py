"""Archives that are damaged or hostile are refused in a sentence, and nothing but counted bytes comes out of them."""

import contextlib
import dataclasses
import gzip
import io
import os
import random
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.submissions.archives import is_archive_name, open_archive
from grader.submissions.members import MAX_DEPTH, UPLOAD, Folder, Limits, safe_parts
from grader.submissions.reader import UnusableFile
from tests.archive_files import special, stating, tarred, zipped, zipped_link

SMALL = Limits(members=50, member_bytes=10_000_000, total_bytes=20_000_000)
NOISE = random.Random(1).randbytes(3_000_000)  # what no compression makes smaller


def contents(archive: bytes, folder, limits: Limits = SMALL) -> dict[str, bytes | str]:
    """What each member holds, or why it cannot be read, by the member's path or its refused name."""
    path = folder / "archive"
    path.write_bytes(archive)
    with path.open("rb") as stream, open_archive(stream, limits) as container:
        return everything(container)


def everything(container) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    for member in container.members:
        target = io.BytesIO()
        try:
            container.copy(member, target)
            value: bytes | str = target.getvalue()
        except UnusableFile as problem:
            value = str(problem)
        found["/".join(member.parts) or member.name] = value
    return found


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar.gz"])
def test_an_ordinary_archive_is_read(pack, tmp_path):
    files = [("week1/a.ipynb", b"one"), ("./b.ipynb", NOISE), ("empty.ipynb", b"")]
    assert contents(pack(*files), tmp_path) == {"week1/a.ipynb": b"one", "b.ipynb": NOISE, "empty.ipynb": b""}


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_each_kind_of_tar_is_read(mode, form, tmp_path):
    assert contents(tarred(("a/b.ipynb", b"x" * 512), mode=mode, format=form), tmp_path) == {"a/b.ipynb": b"x" * 512}


def test_of_which_kind_an_archive_is_says_its_content():
    assert all(map(is_archive_name, ("a.zip", "A.ZIP", "a.tar.gz", "a.tgz", "a.rar", "a.7z")))
    assert not any(map(is_archive_name, ("a.ipynb", "a.gz", "zip")))


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar.gz"])
@pytest.mark.parametrize(
    "name",
    ["../x.ipynb", "a/../../x.ipynb", "..\\x.ipynb", "/tmp/x.ipynb", "\\\\server\\x.ipynb", "C:\\x.ipynb", "c:x.ipynb"],
)
def test_a_path_that_leads_elsewhere_is_refused_and_the_rest_is_read(pack, name, tmp_path):
    found = contents(pack((name, b"evil"), ("good.ipynb", b"good")), tmp_path)
    assert found["good.ipynb"] == b"good"
    assert found[name].startswith(("has a path that leads out of the archive", "has an absolute path"))


@given(st.text(st.characters(), max_size=300))
def test_whatever_a_path_is_its_parts_are_file_names(name):
    try:
        parts = safe_parts(name)
    except UnusableFile:
        return
    for part in parts:
        assert part not in ("", ".", "..")
        assert part.isprintable()
        assert not set(part) & set("/\\")
        assert len(part.encode()) <= 200


def test_names_that_are_no_file_names_are_made_into_some(tmp_path):
    names = ["a\x1b[2J\n.ipynb", "x" * 300 + ".ipynb", "é" * 150 + ".ipynb", "cut.ipynb\0.exe", "sub\\folder.ipynb"]
    found = contents(zipped(*((name, b"1") for name in names)), tmp_path)
    wanted = ["a_[2J_.ipynb", "x" * 194 + ".ipynb", "é" * 97 + ".ipynb", "cut.ipynb_.exe", "sub/folder.ipynb"]
    assert list(found) == wanted
    for name in found:
        (tmp_path / name.replace("/", " ")).write_text("a name that can be written")


def test_a_name_that_is_not_utf8_is_made_into_one(tmp_path):
    archive = tarred(
        (os.fsdecode(b"\xe9t\xe9.ipynb"), b"1"), encoding="utf-8", errors="surrogateescape", format=tarfile.GNU_FORMAT
    )
    assert contents(archive, tmp_path) == {"_t_.ipynb": b"1"}


def test_names_from_macos_are_read_as_the_utf8_that_they_are(tmp_path):
    archive = zipped(("Zoë/Übung.ipynb", b"1"))
    assert list(contents(stating(archive, "flags", 0), tmp_path)) == ["Zoë/Übung.ipynb"]
    assert list(contents(archive, tmp_path)) == ["Zoë/Übung.ipynb"]


def test_what_lies_very_deep_is_refused(tmp_path):
    found = contents(zipped(("d/" * MAX_DEPTH + "x.ipynb", b"1"), ("d/x.ipynb", b"2")), tmp_path)
    assert found.pop("d/x.ipynb") == b"2"
    assert list(found.values()) == [f"lies more than {MAX_DEPTH} folders deep."]


def test_links_and_devices_are_not_followed(tmp_path):
    assert contents(zipped_link("a.ipynb", "/etc/passwd"), tmp_path) == {
        "a.ipynb": "is a link or a device, not a file."
    }
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE]
    more = [special(f"{number}.ipynb", kind, "real.ipynb") for number, kind in enumerate(kinds)]
    found = contents(tarred(("real.ipynb", b"real"), more=more, format=tarfile.GNU_FORMAT), tmp_path)
    assert found.pop("real.ipynb") == b"real"
    assert len(found) == len(kinds)
    assert set(found.values()) == {"is a link or a device, not a file."}


def test_an_encrypted_member_is_named_as_such(tmp_path):
    archive = stating(zipped(("a.ipynb", b"secret")), "flags", 1)
    assert contents(archive, tmp_path) == {"a.ipynb": "is encrypted; the archive has to be made without a password."}


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_compressions_that_may_take_any_memory_are_refused(method, tmp_path):
    found = contents(zipped(("a.ipynb", b"text"), method=method), tmp_path)
    assert "unusual way" in found["a.ipynb"]


def test_members_of_one_name_are_all_read(tmp_path):
    path = tmp_path / "twice.zip"
    with pytest.warns(UserWarning, match="Duplicate name"):
        path.write_bytes(zipped(("a.ipynb", b"first"), ("a.ipynb", b"second")))
    with path.open("rb") as stream, open_archive(stream) as container:
        targets = [io.BytesIO(), io.BytesIO()]
        for member, target in zip(container.members, targets, strict=True):
            container.copy(member, target)
    assert [target.getvalue() for target in targets] == [b"first", b"second"]


def test_a_member_that_is_too_large_is_refused_while_it_is_read(tmp_path):
    limits = Limits(members=9, member_bytes=1_000_000, total_bytes=20_000_000)
    found = contents(zipped(("big.ipynb", NOISE), ("a.ipynb", b"1")), tmp_path, limits)
    assert found == {"big.ipynb": "is larger than 1,000,000 bytes.", "a.ipynb": b"1"}


def test_no_more_than_the_limit_is_written_of_a_bomb(tmp_path):
    path, target = tmp_path / "bomb.zip", io.BytesIO()
    path.write_bytes(zipped(("a.ipynb", bytes(300_000_000))))
    any_ratio = dataclasses.replace(UPLOAD, ratio=10**9)
    with path.open("rb") as stream, open_archive(stream, any_ratio) as container:
        with pytest.raises(UnusableFile, match=r"is larger than 20,000,000 bytes"):
            container.copy(container.members[0], target)
        assert len(target.getvalue()) <= UPLOAD.member_bytes


def test_what_is_compressed_further_than_any_notebook_is_refused(tmp_path):
    found = contents(zipped(("bomb.ipynb", bytes(9_000_000)), ("zeros.ipynb", bytes(900_000))), tmp_path)
    assert found["bomb.ipynb"] == "unpacks to more than 200 times its size, as no notebook does."
    assert found["zeros.ipynb"] == bytes(900_000)


def test_a_bomb_cannot_state_that_it_is_large_already(tmp_path):
    limits = dataclasses.replace(SMALL, ratio=2)
    archive = zipped(("bomb.ipynb", bytes(9_000_000)), ("padding", NOISE))
    lying = stating(archive, "packed", 2**31, only_directory=True)
    found = contents(lying, tmp_path, limits)["bomb.ipynb"]
    assert "2 times its size" in found or "is damaged" in found  # by the version of zipfile


def test_all_members_together_may_not_be_too_much(tmp_path):
    limits = Limits(members=50, member_bytes=4_000_000, total_bytes=5_000_000)
    found = contents(zipped(("a.ipynb", NOISE), ("b.ipynb", NOISE), ("c.ipynb", b"")), tmp_path, limits)
    assert found["a.ipynb"] == NOISE
    assert found["b.ipynb"] == "is in an archive that unpacks to more than 5,000,000 bytes."


@pytest.mark.parametrize("stated", [10, 2**31])
def test_sizes_that_an_archive_states_are_not_believed(stated, tmp_path):
    archive = stating(zipped(("a.ipynb", NOISE)), "size", stated)
    limits = Limits(members=9, member_bytes=1_000_000, total_bytes=20_000_000)
    assert contents(archive, tmp_path, limits)["a.ipynb"] in (
        "is larger than 1,000,000 bytes.",
        "is damaged, or was not downloaded completely.",
    )


def test_a_size_that_is_stated_too_large_costs_no_memory_and_no_notebook(tmp_path):
    archive = stating(zipped(("a.ipynb", b"small")), "size", 2**31)
    tracemalloc.start()
    found = contents(archive, tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {"a.ipynb": b"small"}
    assert peak < 50_000_000


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar.gz"])
def test_too_many_members_are_refused(pack, tmp_path):
    with pytest.raises(UnusableFile, match=r"holds (51 files, )?more than 50"):
        contents(pack(*((f"{number}.ipynb", b"") for number in range(51))), tmp_path)


def test_a_directory_of_gigabytes_is_not_read(tmp_path):
    """Before its entries can be counted, zipfile would have read and parsed all of it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(40):
            info = zipfile.ZipInfo(f"{number}.ipynb")
            info.comment = bytes(60_000)
            archive.writestr(info, "")
    with pytest.raises(UnusableFile, match="directory or a header that is too large"):
        contents(stream.getvalue(), tmp_path)


def test_a_tar_header_of_megabytes_is_not_read(tmp_path):
    archive = tarred(("a.ipynb", b"1"), pax_headers={"comment": "x" * 5_000_000}, format=tarfile.PAX_FORMAT)
    with pytest.raises(UnusableFile, match=r"too large|unpacks to far more"):
        contents(archive, tmp_path)
    with pytest.raises(UnusableFile, match="too large"):
        contents(gzip.decompress(archive), tmp_path)


def test_a_tar_bomb_is_stopped_while_it_is_unpacked(tmp_path):
    with pytest.raises(UnusableFile, match="unpacks to far more"):
        contents(tarred(("a.ipynb", bytes(50_000_000))), tmp_path)


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar.gz"])
def test_an_incomplete_download_is_named_as_the_likely_cause(pack, tmp_path):
    archive = pack(("a.ipynb", NOISE), ("b.ipynb", NOISE))
    with pytest.raises(UnusableFile, match="is damaged, or was not downloaded completely"):
        contents(archive[: len(archive) * 3 // 4], tmp_path)


def test_a_damaged_member_costs_only_itself(tmp_path):
    archive = bytearray(zipped(("a.ipynb", NOISE), ("b.ipynb", b"good")))
    archive[1000] ^= 255
    found = contents(bytes(archive), tmp_path)
    assert found == {"a.ipynb": "is damaged, or was not downloaded completely.", "b.ipynb": b"good"}


def test_a_damaged_tar_header_is_not_taken_for_the_end(tmp_path):
    archive = bytearray(tarred(("a.ipynb", b"1"), ("b.ipynb", b"2"), mode="w:"))
    archive[1024:1030] = b"broken"
    with pytest.raises(UnusableFile, match="is damaged"):
        contents(bytes(archive), tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (bytes(2000), "is empty"),
        (b"\n<!DOCTYPE html><title>Log in</title>", "is a web page; perhaps the page for logging in"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "is a 7z archive"),
        (b"Rar!\x1a\x07\x00", "is a RAR archive"),
        (b"\xfd7zXZ\x00", "compressed by xz"),
        (b'{"cells": []}', "is neither a .zip nor a .tar"),
        (gzip.compress(b'{"cells": []}', mtime=0), "is neither a .zip nor a .tar"),
    ],
)
def test_what_is_no_archive_is_said_to_be_what_it_is(content, reason, tmp_path):
    with pytest.raises(UnusableFile, match=reason):
        contents(content, tmp_path)


SOUND = [
    zipped(("a.ipynb", b"text" * 50), ("b/c.ipynb", NOISE[:300])),
    tarred(("a.ipynb", b"text" * 50), ("b/c.ipynb", NOISE[:300]), mode="w:"),
    tarred(("a.ipynb", b"text" * 50), ("b/c.ipynb", NOISE[:300])),
]


@given(st.sampled_from(SOUND), st.data())
@settings(max_examples=300)
def test_however_an_archive_is_damaged_it_is_refused_or_read(tmp_path_factory, archive, data):
    changed = bytearray(archive)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(0, len(changed))) :]
    with contextlib.suppress(UnusableFile):
        found = contents(bytes(changed), tmp_path_factory.getbasetemp())
        assert all(len(value) < 10**6 for value in found.values())


def test_in_a_folder_links_and_pipes_are_named_and_not_opened(tmp_path):
    (tmp_path / "ada" / "deep").mkdir(parents=True)
    (tmp_path / "ada" / "deep" / "a.ipynb").write_bytes(b"1")
    (tmp_path / "ada" / "b.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "ben").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe.ipynb")
    problem = "is a link or a device, not a file."
    assert everything(Folder(tmp_path)) == {
        "ada/b.ipynb": problem,
        "ada/deep/a.ipynb": b"1",
        "ben": problem,
        "pipe.ipynb": problem,
    }


def test_of_a_huge_file_in_a_folder_only_the_limit_is_read(tmp_path):
    with open(tmp_path / "a.ipynb", "wb") as stream:
        stream.truncate(10**9)
    assert everything(Folder(tmp_path)) == {"a.ipynb": "is larger than 20,000,000 bytes."}


def test_what_a_file_in_a_folder_has_become_since_it_was_listed_is_not_opened(tmp_path):
    for name in ("link.ipynb", "pipe.ipynb"):
        (tmp_path / name).write_bytes(b"1")
    folder = Folder(tmp_path)
    (tmp_path / "link.ipynb").unlink()
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "pipe.ipynb").unlink()
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = everything(folder)
    assert found["link.ipynb"].startswith("cannot be read (")
    assert found["pipe.ipynb"] == "is a link or a device, not a file."
