"""A download that goes on where it was cut off."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifcn_lab.data.sources import Archive

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Resuming", "check_room", "download", "told"]

CHUNK = 1 << 16
PATIENCE = (10.0, 60.0)  # seconds to connect, and to wait for the next byte


def download(archive: Archive, folder: Path, growth: float = 1.0) -> Path:
    """Download an archive into a folder and check its sum; returns the file.

    A file that is there already is checked and not loaded again. What a broken
    connection leaves is kept as ``NAME.part``, and the next call goes on from there.

    Raises ValueError if the sum is wrong (then nothing is kept), there is too little
    room, or the server has another file; OSError if the server cannot be reached or
    the connection keeps breaking (then the part is kept, if there is one).
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / archive.name
    if path.exists() and not pooch.hashes.hash_matches(path, archive.checksum):
        path.unlink()
    fetch = Resuming(folder / f"{archive.name}.part", archive.size, growth,
                     checked=archive.checksum is not None)
    try:
        pooch.retrieve(archive.url, archive.checksum, archive.name, folder,
                       downloader=fetch)
    except ValueError as error:
        if "does not match the known hash" not in str(error):
            raise
        raise ValueError(
            f"{archive.url}: the file that came has not the checksum "
            f"{archive.checksum}; it is damaged or another one, and was deleted"
        ) from error
    return path


@dataclass
class Resuming:
    """A downloader for pooch that keeps what came, and asks only for the rest.

    Args:
        part: where to keep it until it is whole.
        size: the number of bytes that the file must have, if known.
        growth: room to ask for on the disk, besides the file: so many times its size.
        checked: whether the whole is compared with a checksum afterwards.
        tries: connections that may break in turn without a single new byte.

    Beside the part lies ``NAME.part.json`` with the address and the server's mark of
    the version (ETag or date), so that never two versions are put together. Where
    there is neither mark nor checksum, and from a server that cannot send the rest of
    a file, everything is asked for again.
    """

    part: Path
    size: int | None = None
    growth: float = 1.0
    checked: bool = False
    tries: int = 3

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download to ``part``, then move it to where pooch wants it."""
        self._goes_on = True  # until the server shows that it cannot
        if self._noted().get("url") != url:
            self._forget()
        failed, best, problem = 0, self._have(), ""
        while failed < self.tries:
            try:
                if self._once(url):
                    self._note.unlink(missing_ok=True)
                    os.replace(self.part, output_file)
                    return
                problem = "the connection ended too early"
            except _broken() as error:
                problem = _reason(error)
            failed = 0 if self._have() > best else failed + 1
            best = max(best, self._have())
            time.sleep(0.3 * failed if failed < self.tries else 0.0)
        raise OSError(self._cut(url, problem))

    @property
    def _note(self) -> Path:
        return self.part.with_name(f"{self.part.name}.json")

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _noted(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return {}

    def _once(self, url: str) -> bool:
        """Read from one connection; says whether the file is whole."""
        import requests

        have, headers = self._have(), self._headers()
        with requests.get(url, headers=headers, stream=True, timeout=PATIENCE) as got:
            if got.status_code == 416:  # there is nothing beyond what we have
                return self._whole(got, have)
            _check_answer(got, url)
            start, total = _extent(got, have)
            self._goes_on &= start == have
            self._check(url, start, total)
            self._begin(url, got, start)
            self._read(got, start, total)
        return total is None or self._have() == total

    def _headers(self) -> dict[str, str]:
        have, mark = self._have(), self._noted().get("mark")
        headers = {"Accept-Encoding": "identity"}
        if have and (mark or self.checked):
            headers["Range"] = f"bytes={have}-"
        return headers | ({"If-Range": mark} if have and mark else {})

    def _whole(self, answer: Response, have: int) -> bool:
        if answer.headers.get("Content-Range", "").endswith(f"/{have}"):
            return True
        self._forget()
        return False

    def _check(self, url: str, start: int, total: int | None) -> None:
        if total is not None and self.size not in (None, total):
            raise ValueError(
                f"{url}: the server's file has {total:,} bytes, the published one "
                f"{self.size:,}; it is another file"
            )
        size = total or self.size or 0
        check_room(self.part.parent, size - start, self.growth * size)

    def _begin(self, url: str, answer: Response, start: int) -> None:
        """Cut the part to where the answer starts; note whose it is."""
        mark, date = (answer.headers.get(h, "") for h in ("ETag", "Last-Modified"))
        mark = date if mark[:2] in ("", "W/") else mark  # a weak tag will not do
        self._note.write_text(json.dumps({"url": url, "mark": mark}), "utf-8")
        with open(self.part, "ab") as file:
            file.truncate(start)

    def _read(self, answer: Response, start: int, total: int | None) -> None:
        from tqdm import tqdm

        bar = tqdm(total=total, initial=start, unit="B", unit_scale=True, leave=False,
                   desc=self.part.stem, disable=None)
        with open(self.part, "ab", buffering=0) as file, bar:
            for piece in _pieces(answer):
                self._write(file, piece)
                bar.update(len(piece))
                if self.size is not None and file.tell() > self.size:
                    self._forget()
                    raise ValueError(f"{answer.url}: sends more than the {self.size:,} "
                                     "bytes of the published file; it is another file")

    def _write(self, file: FileIO, piece: bytes) -> None:
        try:
            while piece:
                piece = piece[file.write(piece):]
        except OSError as error:
            raise OSError(f"{self.part}: cannot be written on ({error.strerror}); "
                          f"{told(self._have())} are kept: make room, and run the same "
                          "command again to go on") from error

    def _cut(self, url: str, problem: str) -> str:
        have = self._have()
        if not have or not self._goes_on:
            self._forget()
            return (f"{url}: {problem} after {told(have)}, and there is nothing to go "
                    "on from; try again later, or another --url")
        return (f"{url}: {problem} after {told(have)}; they are kept in {self.part}: "
                "run the same command again to go on")


def check_room(folder: Path, download: float, unpacked: float) -> None:
    """Raise ValueError if the folder's disk has too little room; both sizes are said.

    >>> check_room(Path("."), download=1e18, unpacked=2e18)
    Traceback (most recent call last):
    ValueError: .: the disk has ... free, but 1,000,000.0 TB are to be downloaded and...
    """
    free = shutil.disk_usage(folder).free
    if download + unpacked > free:
        raise ValueError(
            f"{folder}: the disk has {told(free)} free, but {told(download)} are to be "
            f"downloaded and about {told(unpacked)} to be unpacked; make room, or name "
            "a folder on another disk"
        )


def told(size: float) -> str:
    """Say a number of bytes for a person to read.

    >>> told(999), told(53_723_336), told(1_999_639_040)
    ('999 bytes', '53.7 MB', '2.0 GB')
    """
    if size < 1000:
        return f"{size:.0f} bytes"
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1000:.1f} kB"


def _pieces(answer: Response) -> Iterator[bytes]:
    """Yield the bytes as they were sent: a .tgz is not to be unpacked on the way."""
    return answer.raw.stream(CHUNK, decode_content=False)


def _broken() -> tuple[type[Exception], ...]:
    """What a connection raises that breaks or cannot be made."""
    from requests.exceptions import ConnectionError, Timeout
    from urllib3.exceptions import HTTPError

    return ConnectionError, Timeout, HTTPError, ConnectionResetError


def _reason(error: Exception) -> str:
    """Say what broke, without the library's nested names."""
    inner = error
    while isinstance(getattr(inner, "reason", None) or inner.__cause__, Exception):
        inner = getattr(inner, "reason", None) or inner.__cause__
    return str(inner).split(": ")[-1].strip("()'\" ") or type(error).__name__


def _check_answer(answer: Response, url: str) -> None:
    if answer.status_code not in (200, 206):
        raise ValueError(
            f"{url}: the server says {answer.status_code} {answer.reason}; the address "
            "may have moved: look on the publisher's page and give --url, or download "
            "it there and give --archive"
        )


def _extent(answer: Response, have: int) -> tuple[int, int | None]:
    """Where the bytes that come belong, and how many the whole file has."""
    if answer.status_code == 200:
        length = answer.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    sent, _, total = answer.headers.get("Content-Range", "").partition("/")
    start = sent.removeprefix("bytes ").split("-")[0]
    if start != str(have):
        raise ValueError(f"{answer.url}: asked for bytes from {have}, the server sends "
                         f"{sent or 'a part that it does not name'}")
    return have, int(total) if total.isdigit() else None
