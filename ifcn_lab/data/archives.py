"""Unpacking an archive that somebody else made, without trusting it."""

from __future__ import annotations

import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error,
           lzma.LZMAError, EOFError, struct.error, NotImplementedError, RuntimeError,
           UnicodeError, FileExistsError, IsADirectoryError, NotADirectoryError)


def unpack(
    archive: Path, folder: Path, most_bytes: int, most_files: int = 2_000_000
) -> None:
    """Unpack a zip or tar file, compressed or not, into a folder.

    Nothing is written outside the folder, and links are left out.

    Raises ValueError, naming the archive and what is wrong, if it is damaged, cut
    short, encrypted or no archive, or brings more than ``most_bytes`` or
    ``most_files``; in a tar file also for a path or link to outside and for devices.
    OSError if the disk is full. What was written by then stays: give a new folder.

    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> archive, target = Path(place.name, "a.zip"), Path(place.name, "a")
    >>> with zipfile.ZipFile(archive, "w") as made:
    ...     made.writestr("pictures/one.txt", "1")
    >>> unpack(archive, target, most_bytes=100)
    >>> (target / "pictures" / "one.txt").read_text()
    '1'
    >>> place.cleanup()
    """
    left = [most_bytes, most_files]
    try:
        (_unzip if zipfile.is_zipfile(archive) else _untar)(archive, folder, left)
    except _BROKEN as error:
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
        raise ValueError(f"{archive}: is not unpacked, {why}; expected a whole zip or "
                         f"tar archive of plain files, of at most "
                         f"{most_bytes:,} bytes and {most_files:,} files"
                         ) from error


def _unzip(archive: Path, folder: Path, left: list[int]) -> None:
    """zipfile itself keeps every name inside the folder, and makes no links."""
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if not info.filename:
                raise zipfile.BadZipFile("it holds a file without a name")
            _spend(left, info.file_size)
        opened.extractall(folder)


def _untar(archive: Path, folder: Path, left: list[int]) -> None:
    """Unpack with tarfile's filter for data, but without the links that it allows."""
    def plain(member: tarfile.TarInfo, path: str | Path) -> tarfile.TarInfo | None:
        _spend(left, member.size)
        kept = tarfile.data_filter(member, path)
        return None if kept.issym() or kept.islnk() else kept

    if not hasattr(tarfile, "data_filter"):
        raise tarfile.TarError("this needs Python 3.11.4 or newer to be done safely")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter=plain)
        while opened.fileobj.read(1 << 20):
            pass  # only at its very end does gzip or xz compare its sum


def _spend(left: list[int], size: int) -> None:
    """Take one file of so many bytes from the bytes and files that may still come."""
    left[:] = left[0] - size, left[1] - 1
    if min(left) < 0:
        raise RuntimeError("it brings too much")
