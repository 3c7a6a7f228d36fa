"""Archives are unpacked as they are, and nothing in one leaves its folder."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ifcn_lab.data.downloads import unpack

NOISE = np.random.default_rng(0).bytes(200_000)
FILES = {"a/one.png": NOISE, "a/b/two.txt": b"two", "three.txt": b"", "a/ä.txt": b"4"}
MUCH = 10**9


def zipped(path: Path, files: dict[str, bytes], method: int = 8) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            add(archive, name, content)
    return path


def add(
    archive: tarfile.TarFile, name: str, content: bytes = b"", **more: object
) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in more.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(content))


def with_member(path: Path, name: str, **more: object) -> Path:
    with tarfile.open(path, "w") as archive:
        add(archive, "before.txt", b"before")
        add(archive, name, **more)
        add(archive, "after.txt", b"after")
    return path


def found(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


MAKERS = {
    "zip": zipped,
    "stored": lambda path, files: zipped(path, files, 0),
    "tar": tarred,
    "tgz": lambda path, files: tarred(path, files, "w:gz"),
    "txz": lambda path, files: tarred(path, files, "w:xz"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_what_was_packed_is_unpacked(tmp_path: Path, kind: str) -> None:
    path = MAKERS[kind](tmp_path / "archive", FILES)
    unpack(path, tmp_path / "out", MUCH)
    assert found(tmp_path / "out") == FILES


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.9])
def test_an_archive_cut_short_is_refused(
    tmp_path: Path, kind: str, share: float
) -> None:
    path = MAKERS[kind](tmp_path / "archive", FILES)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match="archive: is not unpacked"):
        unpack(path, tmp_path / "out", MUCH)


@pytest.mark.parametrize("kind", ["zip", "stored", "tgz", "txz"])
def test_no_damaged_byte_is_passed_on_where_there_are_sums(
    tmp_path: Path, kind: str
) -> None:
    path = MAKERS[kind](tmp_path / "archive", FILES)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for turn in range(20):
        hurt = bytearray(whole)
        hurt[rng.integers(len(hurt))] ^= 0xFF
        path.write_bytes(hurt)
        target, told = tmp_path / str(turn), ""
        try:
            unpack(path, target, MUCH)
        except ValueError as error:
            told = str(error)
        assert "archive: " in told or set(found(target).values()) == set(FILES.values())


@pytest.mark.parametrize("content", [b"", b"<html>not here</html>" * 100])
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "page.zip").write_bytes(content)
    with pytest.raises(ValueError, match="page.zip: .*expected a whole zip or tar"):
        unpack(tmp_path / "page.zip", tmp_path / "out", MUCH)


OUTSIDE = ["../escaped.txt", "a/../../escaped.txt", "/escaped.txt", "..\\escaped.txt",
           "C:\\escaped.txt", "\\\\host\\share\\escaped.txt", "//escaped.txt"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("make", [zipped, tarred])
def test_no_path_leaves_the_folder(
    tmp_path: Path, make: Callable, name: str
) -> None:
    path = make(tmp_path / "archive", {"good.txt": b"1", name: b"2"})
    before = set(tmp_path.iterdir())
    try:
        unpack(path, tmp_path / "deep" / "out", MUCH)
    except ValueError as error:
        assert make is tarred and "outside the destination" in str(error)
        assert ".." in name
    assert set(tmp_path.iterdir()) - before == {tmp_path / "deep"}
    assert all(path.startswith("out/") for path in found(tmp_path / "deep"))
    assert not Path("/escaped.txt").exists()


LINKS = {
    "a symbolic link up": ("a/link", tarfile.SYMTYPE, "../../outside"),
    "a symbolic link to a path": ("link", tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link up": ("a/link", tarfile.LNKTYPE, "../outside"),
    "a hard link to a path": ("link", tarfile.LNKTYPE, "/etc/passwd"),
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_to_outside_is_refused(tmp_path: Path, kind: str) -> None:
    name, type_, target = LINKS[kind]
    path = with_member(tmp_path / "archive", name, type=type_, linkname=target)
    with pytest.raises(ValueError, match=r"archive: .*link'"):
        unpack(path, tmp_path / "out", MUCH)
    assert found(tmp_path / "out") == {"before.txt": b"before"}


def zip_link(path: Path, target: str, then: str = "") -> Path:
    info = zipfile.ZipInfo("folder")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, target)
        if then:
            archive.writestr(then, "through the link")
    return path


@pytest.mark.parametrize("target", ["../outside", "/etc", "x" * 5000, "elsewhere"])
def test_no_link_is_made_of_what_a_zip_calls_one(tmp_path: Path, target: str) -> None:
    unpack(zip_link(tmp_path / "archive", target), tmp_path / "out", MUCH)
    assert (tmp_path / "out" / "folder").read_text() == target
    assert not (tmp_path / "out" / "folder").is_symlink()
    path = zip_link(tmp_path / "archive", target, then="folder/file.txt")
    with pytest.raises(ValueError, match="folder"):
        unpack(path, tmp_path / "more", MUCH)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_left_out(tmp_path: Path, kind: bytes) -> None:
    path = with_member(tmp_path / "archive", "link", type=kind, linkname="before.txt")
    unpack(path, tmp_path / "out", MUCH)
    assert set(found(tmp_path / "out")) == {"before.txt", "after.txt"}


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    path = with_member(tmp_path / "archive", "null", type=kind, devmajor=1, devminor=3)
    with pytest.raises(ValueError, match="'null' is a special file"):
        unpack(path, tmp_path / "out", MUCH)


@pytest.mark.parametrize("kind", ["zip", "tgz", "txz"])
def test_a_bomb_is_stopped_before_it_is_written(tmp_path: Path, kind: str) -> None:
    files = {"small": b"1", "bomb": bytes(30_000_000)}
    path = MAKERS[kind](tmp_path / "archive", files)
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match="too much.* 1,000,000 bytes"):
        unpack(path, tmp_path / "out", 1_000_000)
    assert "bomb" not in found(tmp_path / "out")


def test_a_zip_that_lies_about_its_sizes_writes_no_more_than_it_says(
    tmp_path: Path,
) -> None:
    path = zipped(tmp_path / "archive", {"bomb": bytes(3_000_000)})
    size = (3_000_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(ValueError, match="archive"):
        unpack(path, tmp_path / "out", 2000)
    assert (tmp_path / "out" / "bomb").stat().st_size <= 1000


def test_a_sparse_file_counts_with_its_full_size(tmp_path: Path) -> None:
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
           "GNU.sparse.name": "hole", "GNU.sparse.realsize": str(10**12)}
    block = b"1\n0\n0\n".ljust(512, b"\0")
    path = tmp_path / "archive"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "hole", block, pax_headers=pax)
    with pytest.raises(ValueError, match="too much.* 1,000,000 bytes"):
        unpack(path, tmp_path / "out", 1_000_000)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "archive", {str(i): b"" for i in range(12)})
    with pytest.raises(ValueError, match="too much.* 10 files"):
        unpack(path, tmp_path / "out", MUCH, most_files=10)


@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_file_in_a_file_is_refused(tmp_path: Path, make: Callable) -> None:
    path = make(tmp_path / "archive", {"a": b"", "a/b": b""})
    with pytest.raises(ValueError, match="archive: .*a"):
        unpack(path, tmp_path / "out", MUCH)


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "archive", {"x": b"1"})
    path.write_bytes(path.read_bytes().replace(b"x", b"\0"))
    with pytest.raises(ValueError, match="without a name"):
        unpack(path, tmp_path / "out", MUCH)


def test_neither_owner_nor_permissions_are_taken_over(tmp_path: Path) -> None:
    path = with_member(tmp_path / "archive", "tool", mode=0o6777, uid=0, gid=0, mtime=1)
    unpack(path, tmp_path / "out", MUCH)
    made = (tmp_path / "out" / "tool").stat()
    assert made.st_mode & 0o7022 == 0
    assert made.st_uid == os.getuid()


def test_an_encrypted_zip_is_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "archive", {"one": b"1"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the bit that says so, in the file's header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="encrypted"):
        unpack(path, tmp_path / "out", MUCH)
