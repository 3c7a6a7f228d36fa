"""Fetching a public data set: download, check, unpack, and only then show it."""

from __future__ import annotations

import dataclasses
import gzip
import lzma
import re
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ifcn_lab.data.faults import absent
from ifcn_lab.data.sources import SOURCES, Archive, Source, announced, told

PATIENCE = (10.0, 60.0)  # seconds to connect, and to wait for the next byte
MOST_UNKNOWN = 1_000_000_000  # bytes of an archive whose size nobody says
# More than this no archive of pictures grows: JPEG and PNG hardly shrink, JSON to 1/5.
MOST_GROWTH, MOST_MORE = 10, 100_000_000


def fetch(
    name: str,
    to: str | Path,
    *,
    urls: Sequence[str] = (),
    archives: Sequence[str | Path] = (),
    sha256: Sequence[str] = (),
    tell: Callable[[str], None] = print,
) -> Path:
    """Bring a data set into the folder ``to``, which appears only when all is there.

    Args:
        name: one of `SOURCES`.
        to: the folder to make; it must not hold anything yet.
        urls: other addresses for its archives, as many and in their order.
        archives: files that came by other means, instead; they are left as they are.
        sha256: checksums to compare with instead of the known ones, in that order.
        tell: is called with each message.

    Until all is done everything lies in the sibling ``to.partial``. If the call fails
    or is killed, archives with a known checksum stay there for the next call.

    Raises ValueError for an unknown name, a folder that holds something, a wrong
    checksum, an archive that is refused or damaged or holds no such data; OSError for
    a server, a connection or a disk that fails. Then there is no folder ``to``.
    """
    source, to = _source(name, urls, sha256, archives), Path(to).absolute()
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise ValueError(f"{to}: is there already; name a new folder, or remove it")
    tell(announced(source))
    work = to.with_name(f"{to.name}.partial")
    _tidy(work, source)
    try:
        work.mkdir(parents=True, exist_ok=True)
        check_room(work, 2.1 * source.size * (not archives))
        files = [*map(Path, archives)] or [download(archive, work)
                                           for archive in source.archives]
        _check_sums(source, files, tell)
        _unpack(source, files, work / "unpacked", tell)
        if to.is_dir():
            to.rmdir()  # it is empty
        (work / "unpacked").rename(to)
        for archive in source.archives:
            (work / archive.name).unlink(missing_ok=True)
    finally:
        _tidy(work, source)
    return to


def download(archive: Archive, folder: Path, tries: int = 3) -> Path:
    """Download an archive into a folder and check its sum; returns the file.

    A file that is there already is checked and not loaded again.

    Raises ValueError if it is no address or the sum is wrong (then nothing is kept);
    OSError if the server cannot be reached, refuses, breaks off every time or sends
    too much, or if there is too little room.
    """
    import pooch
    from requests.exceptions import ChunkedEncodingError, RequestException

    if not archive.url.startswith(("http://", "https://")):
        raise ValueError(f"{archive.url}: is no address; expected http:// or https://")
    pooch.get_logger().setLevel("ERROR")
    cache = pooch.create(folder, "", registry={archive.name: archive.checksum},
                         urls={archive.name: archive.url}, retry_if_failed=tries - 1)
    try:
        return Path(cache.fetch(archive.name, downloader=partial(_stream, archive)))
    except RequestException as error:
        why = ("the connection broke off" if isinstance(error, ChunkedEncodingError)
               else str(error).rpartition(": ")[2].rstrip("()'\" "))
        raise OSError(f"{archive.url}: cannot be downloaded ({why}); try again later, "
                      "or bring the file by other means") from error
    except ValueError as error:
        raise ValueError(f"{archive.url}: the file that came has not the checksum "
                         f"{archive.checksum}; it is damaged or another one, and was "
                         "deleted") from error


def check_room(folder: Path, needed: float) -> None:
    """Raise OSError if the folder's disk has too little room; both sizes are said.

    >>> check_room(Path("."), needed=1e18)
    Traceback (most recent call last):
    OSError: .: the disk has ... free, but about 1,000,000.0 TB are needed; make room...
    """
    if needed > (free := shutil.disk_usage(folder).free):
        raise OSError(f"{folder}: the disk has {told(free)} free, but about "
                      f"{told(needed)} are needed; make room, or name a folder on "
                      "another disk")


def _stream(archive: Archive, url: str, output_file: str, _: Any) -> None:
    """Read one answer of the server into a file, for pooch.

    It tries again after a ValueError or what requests raises, not after an OSError.
    """
    import requests
    from tqdm import tqdm

    most = 2 * archive.size or MOST_UNKNOWN
    with requests.get(url, stream=True, timeout=PATIENCE) as answer:
        if not answer.ok:
            failure = OSError if answer.status_code < 500 else requests.HTTPError
            raise failure(f"{url}: the server says {answer.status_code} "
                          f"{answer.reason}, perhaps the address has moved; look on "
                          "the publisher's page")
        said = answer.headers.get("Content-Length", "")
        length = int(said) if said.isdecimal() else 0
        check_room(Path(output_file).parent, length)
        answer.raw.headers.pop("Content-Encoding", None)  # a .tgz is to stay one
        bar = tqdm(total=length or None, unit="B", unit_scale=True, leave=False,
                   desc=archive.name, disable=None)
        with open(output_file, "wb") as file, bar:
            for piece in answer.iter_content(1 << 18):
                bar.update(file.write(piece))
                if max(length, file.tell()) > most:
                    raise OSError(f"{url}: sends more than {told(most)}; it is another "
                                  "file than the published one")


def _source(name: str, urls: Sequence, sha256: Sequence, files: Sequence) -> Source:
    """The source of that name, with other addresses and checksums where given."""
    if name not in SOURCES:
        raise ValueError(f"no data set {name!r} to fetch; there are "
                         f"{', '.join(SOURCES)}")
    archives = SOURCES[name].archives
    for given in filter(None, (urls, sha256, files)):
        if len(given) != len(archives):
            names = ", ".join(archive.name for archive in archives)
            raise ValueError(f"{name} has the archives {names}; give one for each, in "
                             f"this order ({len(given)} given)")
    if urls:
        archives = [dataclasses.replace(archive, url=url)
                    for archive, url in zip(archives, urls, strict=True)]
    for digest in sha256:
        if not re.fullmatch("[0-9a-fA-F]{64}", digest):
            raise ValueError(f"{digest} is no SHA-256 checksum; expected 64 digits, 0 "
                             "to 9 and a to f, as `sha256sum FILE` prints")
    if sha256:
        archives = [dataclasses.replace(archive, checksum=f"sha256:{digest}")
                    for archive, digest in zip(archives, sha256, strict=True)]
    return dataclasses.replace(SOURCES[name], archives=tuple(archives))


def _check_sums(
    source: Source, files: Sequence[Path], tell: Callable[[str], None]
) -> None:
    """Compare the archives with their sums; one that has none is told."""
    from pooch import file_hash
    from pooch.hashes import hash_matches

    for archive, file in zip(source.archives, files, strict=True):
        if not file.is_file():
            raise absent(file, "archive")
        if not hash_matches(str(file), archive.checksum):
            raise ValueError(f"{file}: has not the checksum {archive.checksum} of "
                             f"{archive.name}; it is damaged or another file")
        if archive.checksum is None:
            tell(f"{file.name}: no checksum is known to compare with; note down this "
                 f"one, for --sha256: {file_hash(str(file))}")


def _unpack(
    source: Source, files: Sequence[Path], folder: Path, tell: Callable[[str], None]
) -> None:
    """Unpack the archives into one folder, and look whether it holds the data set."""
    from ifcn_lab.data.catalogue import open_dataset

    folder.mkdir()
    for file in files:
        tell(f"unpacking {file.name}")
        size = file.stat().st_size
        check_room(folder, size)
        unpack(file, folder, MOST_GROWTH * size + MOST_MORE)
    try:
        if any(len(open_dataset(source.opens, folder, split))
               for split in ("val", "train")):
            return
        found = "not one picture"
    except ValueError as error:
        found = str(error).replace(str(folder), "what was unpacked")
    raise ValueError(f"the archive held no data of {source.opens} ({found}); nothing "
                     "of it is kept")


def _tidy(work: Path, source: Source) -> None:
    """Leave only what the next call can use: archives that have a checksum."""
    shutil.rmtree(work / "unpacked", ignore_errors=True)
    useless = [work / a.name for a in source.archives if not a.checksum]
    with suppress(OSError):
        for path in [*useless, *work.glob("tmp*")]:  # pooch's name for half a file
            path.unlink(missing_ok=True)
        work.rmdir()  # if nothing is left


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
