"""Unpacking an archive that somebody else made, without trusting it."""

from __future__ import annotations

import gzip
import lzma
import posixpath
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, NamedTuple

__all__ = ["unpack"]

MOST_FILES = 2_000_000
CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, gzip.BadGzipFile, tarfile.TarError, zlib.error,
           lzma.LZMAError, EOFError, struct.error, NotImplementedError, RuntimeError,
           UnicodeError)


class _Entry(NamedTuple):
    name: str
    kind: str  # "file", "folder", "link" or "device"
    size: int
    target: str
    content: IO[bytes] | None


def unpack(
    archive: str | Path,
    folder: str | Path,
    most_bytes: int,
    most_files: int = MOST_FILES,
) -> int:
    """Unpack a zip or tar file, compressed or not, into a folder.

    Only plain files and folders are made. A link that stays inside is left out; the
    number of these is returned. No permission, owner or time is taken over.

    Raises ValueError, naming the archive and what is wrong, for anything that would
    leave the folder (an absolute path, "..", a link to outside), devices, a name that
    comes twice or is there already, more than ``most_bytes`` or ``most_files``, and an
    archive that is damaged, cut short, encrypted or none at all; OSError if the disk is
    full. What was written by then stays: unpack into a new folder that you throw away.

    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> archive, target = Path(place.name, "a.zip"), Path(place.name, "a")
    >>> with zipfile.ZipFile(archive, "w") as made:
    ...     made.writestr("pictures/one.txt", "1")
    >>> links = unpack(archive, target, most_bytes=100)
    >>> (target / "pictures" / "one.txt").read_text()
    '1'
    >>> place.cleanup()
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise ValueError(f"{archive}: there is no such archive")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        entries = _zipped if zipfile.is_zipfile(archive) else _tarred
        return _write_all(entries(archive), folder, most_bytes, most_files)
    except _Refused as error:
        raise ValueError(f"{archive}: {error}; nothing of it is used") from None
    except _BROKEN as error:
        raise ValueError(
            f"{archive}: is no whole zip or tar archive ({error}); download it again"
        ) from error


class _Refused(Exception):
    """The archive can be read, and holds what no archive of pictures should."""


def _write_all(
    entries: Iterator[_Entry], folder: Path, most_bytes: int, most_files: int
) -> int:
    left, links = most_bytes, 0
    for number, entry in enumerate(entries, start=1):
        target = folder / _inside(entry.name)
        left -= entry.size
        if left < 0 or number > most_files:
            raise _Refused(f"it unpacks to more than {most_bytes:,} bytes or "
                           f"{most_files:,} files")
        if entry.kind == "link":
            _check_link(entry)
            links += 1
        elif entry.kind == "folder":
            _make(target, entry.name)
        elif entry.kind == "file":
            _make(target.parent, entry.name)
            _write(entry, target)
        else:
            raise _Refused(f"{entry.name!r} is a device, no file")
    return links


def _inside(name: str) -> PurePosixPath:
    """Return a name that stays in the folder it is put in, on any system.

    >>> _inside("./a//b.png")
    PurePosixPath('a/b.png')
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(name).drive or ".." in path.parts:
        raise _Refused(f"{name!r} leads out of the folder")
    if not name or "\0" in name or any(":" in part for part in path.parts):
        raise _Refused(f"{name!r} is no name of a file")
    return path


def _check_link(entry: _Entry) -> None:
    """Refuse a link to outside; no link is made, so none is followed."""
    end = posixpath.normpath(entry.target.replace("\\", "/"))
    if posixpath.isabs(end) or PureWindowsPath(end).drive or end.split("/")[0] == "..":
        raise _Refused(f"{entry.name!r} is a link to {entry.target!r}, outside")


def _make(folder: Path, name: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _Refused(f"{name!r} lies in what is a file") from None


def _write(entry: _Entry, target: Path) -> None:
    """Write one file, never over another."""
    left = entry.size
    try:
        with open(target, "xb") as file:
            while piece := entry.content.read(min(CHUNK, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise _Refused(f"{entry.name!r} holds more than it says")
                file.write(piece)
    except (FileExistsError, IsADirectoryError):
        raise _Refused(f"it holds {entry.name!r} twice") from None
    if left:
        raise EOFError(f"{entry.name} is cut short")


def _zipped(archive: Path) -> Iterator[_Entry]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            mode = info.external_attr >> 16
            name, size = info.filename, info.file_size
            if stat.S_ISLNK(mode):
                end = opened.read(info) if size < 4096 else b"/"
                link = _from(name, end.decode("utf-8", "replace"))
                yield _Entry(name, "link", size, link, None)
            elif info.is_dir():
                yield _Entry(name, "folder", 0, "", None)
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                yield _Entry(name, "device", 0, "", None)
            else:
                with opened.open(info) as content:
                    yield _Entry(name, "file", size, "", content)


def _tarred(archive: Path) -> Iterator[_Entry]:
    with tarfile.open(archive, "r:*", tarinfo=_Member) as opened:
        for member in opened:
            name, size = member.name, member.size
            if member.issym():
                yield _Entry(name, "link", 0, _from(name, member.linkname), None)
            elif member.islnk():  # its target counts from the archive's top
                yield _Entry(name, "link", 0, member.linkname, None)
            elif member.isdir():
                yield _Entry(name, "folder", 0, "", None)
            elif member.isreg():
                yield _Entry(name, "file", size, "", opened.extractfile(member))
            else:
                yield _Entry(name, "device", 0, "", None)
            opened.members = []  # else it remembers every one
        while opened.fileobj.read(CHUNK):
            pass  # only at its very end does gzip or xz compare its sum


class _Member(tarfile.TarInfo):
    """A member of a tar file that takes only the mark of the end for its end.

    tarfile itself stops in silence where a header is damaged or missing.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Read the next member."""
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error}, its end is missing") from error


def _from(name: str, link: str) -> str:
    """Where a symbolic link leads, seen from the archive's top.

    >>> _from("a/b/link", "../c"), _from("link", "/etc")
    ('a/b/../c', '/etc')
    """
    return posixpath.join(posixpath.dirname(name), link)
