"""The files of a folder or a .zip that nobody vouches for, each read when asked for."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

MOST_BYTES = 128 * 2**20
"""Bytes of one file, and of all that a student hands in, at most."""
_MOST_ENTRIES = 20_000
_JUNK = re.compile(r"\.(?!ipynb$).*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini",
                   re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile("[A-Za-z]:")
_NOT_ORDINARY = "is no ordinary file"
_UTF8 = 0x800  # an archive's flag: this name is written in UTF-8


@dataclass(frozen=True)
class File:
    """One file or folder as it was handed in, and why it is `refused`, if it is.

    `parts` of its name are composed (NFC) and do not lead out of its folder; `when` it
    was changed is comparable within one folder and within one archive.
    """

    parts: tuple[str, ...]
    when: tuple[int, ...] = ()
    folder: bool = False
    refused: str = ""
    read: Callable[[], bytes] = bytes

    def content(self) -> bytes:
        """What is in the file, or a little more than may be.

        Raises:
            ValueError: it cannot be read, or is refused; says why.
        """
        if self.refused:
            raise ValueError(self.refused)
        return self.read()


def walked(folder: Path, closed: Collection[Path] = ()) -> Iterator[File]:
    """All in a folder but what is `closed`; links are refused, never followed."""
    folder = folder.resolve()
    for at, folders, names in os.walk(folder):
        both = sorted(n for n in [*folders, *names]
                      if not _JUNK.fullmatch(n) and Path(at, n) not in closed)
        folders[:] = sorted(set(folders) & set(both))
        for name in both:
            path = Path(at, name)
            yield on_disk(path, str(path.relative_to(folder)))


def on_disk(path: Path, name: str) -> File:
    """One file or folder of the disk, under the name that it was handed in with."""
    parts, refused = _parts(_decoded(os.fsencode(name)))
    about = path.lstat()
    folder = stat.S_ISDIR(about.st_mode)
    if folder and not os.access(path, os.R_OK | os.X_OK):
        refused = "cannot be read"
    elif not folder and not stat.S_ISREG(about.st_mode):
        refused = _NOT_ORDINARY
    return File(parts, (about.st_mtime_ns,), folder, refused, partial(_read, path))


def _read(path: Path) -> bytes:
    """What is in an ordinary file, also if it becomes a link or a pipe meanwhile."""
    names = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
    flags = sum(getattr(os, name, 0) for name in names)
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError(_NOT_ORDINARY)
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from None


def zipped(source: Path | bytes) -> list[File]:
    """All in a .zip, given by its place or as bytes.

    Raises:
        ValueError: it is none, or holds far too many files.
    """
    try:
        if isinstance(source, bytes) and source.count(b"PK\1\2") > _MOST_ENTRIES:
            raise ValueError(f"more than {_MOST_ENTRIES} files")
        opened = _opened(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, IndexError,
            struct.error) as error:
        raise ValueError(f"cannot be unpacked ({error})") from None
    files = [_entry(opened, about) for about in opened.infolist()]
    return [file for file in files if not any(map(_JUNK.fullmatch, file.parts))
            and not (file.folder and file.refused)]  # what lies in it is refused too


def _opened(source: Path | bytes) -> zipfile.ZipFile:
    """An archive, also where a name is not the UTF-8 that its flag says."""
    held = isinstance(source, bytes)
    try:
        return zipfile.ZipFile(io.BytesIO(source) if held else source)
    except UnicodeDecodeError:
        data = bytearray(source if held else source.read_bytes())
    end = data.rfind(b"PK\5\6")
    at = end - int.from_bytes(data[end + 12:end + 16], "little")
    while data[at:at + 4] == b"PK\1\2":
        data[at + 9] &= ~(_UTF8 >> 8)
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    return zipfile.ZipFile(io.BytesIO(data))


def _entry(opened: zipfile.ZipFile, about: zipfile.ZipInfo) -> File:
    name = about.orig_filename
    if not about.flag_bits & _UTF8:
        name = _decoded(name.encode("cp437"))
    parts, refused = _parts(name)
    kind = stat.S_IFMT(about.external_attr >> 16)
    folder = name.endswith(("/", "\\")) or kind == stat.S_IFDIR
    if not folder and kind not in (0, stat.S_IFREG):
        refused = refused or _NOT_ORDINARY
    return File(parts, about.date_time, folder, refused,
                partial(_unpacked, opened, about))


def _unpacked(opened: zipfile.ZipFile, about: zipfile.ZipInfo) -> bytes:
    try:
        with opened.open(about) as source:
            return source.read(MOST_BYTES + 1)
    except MemoryError:
        raise
    except Exception as error:  # damaged in one of many ways; the others are read
        raise ValueError(f"cannot be unpacked ({error})") from None


def _decoded(raw: bytes) -> str:
    """A name as it was meant: UTF-8, or what DOS and old tools write.

    >>> _decoded("Jörg".encode()), _decoded("Jörg".encode("cp437"))
    ('Jörg', 'Jörg')
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _parts(name: str) -> tuple[tuple[str, ...], str]:
    r"""The parts of a name that can be told, and why the name is refused, if it is.

    >>> _parts("Ada\\hw.ipynb"), _parts("../a")
    ((('Ada', 'hw.ipynb'), ''), (('a',), 'leads out of its folder'))
    """
    pieces = unicodedata.normalize("NFC", name).replace("\\", "/").split("/")
    parts = tuple(p for p in pieces
                  if p.strip() and p not in (".", "..") and not _DRIVE.fullmatch(p))
    if not parts:
        return ("unnamed",), "has no name"
    if not pieces[0] or ".." in pieces or any(map(_DRIVE.match, pieces)):
        return parts, "leads out of its folder"
    if any(unicodedata.category(c) == "Cc" for c in name):
        return parts, "has control characters in its name"
    longest = max(len(part.encode("utf-8", "replace")) for part in parts)
    if longest > 255 or len("/".join(parts)) > 1000:
        return parts, "has a name that is too long"
    return parts, ""
