"""Fetching a public data set: download, check, unpack, and only then show it."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from ifcn_lab.data.download import check_room, download, told
from ifcn_lab.data.sources import SOURCES, Source
from ifcn_lab.data.unpack import unpack

__all__ = ["announced", "fetch"]

# More than this no archive of pictures grows: JPEG and PNG hardly shrink, JSON to 1/5.
MOST_GROWTH, MOST_MORE = 10, 100_000_000


def fetch(
    name: str,
    to: str | Path,
    *,
    urls: Sequence[str] = (),
    archives: Sequence[str | Path] = (),
    tell: Callable[[str], None] = print,
) -> Path:
    """Bring a data set into the folder ``to``, which appears only when all is there.

    Args:
        name: one of `ifcn_lab.data.sources.SOURCES`.
        to: the folder to make; it must not hold anything yet.
        urls: other addresses for its archives, as many and in their order.
        archives: files that were downloaded by hand, instead; they are left as they
            are.
        tell: is called with each message.

    Downloads lie in the sibling ``to.download`` until all is done, and what broke off
    goes on from there in the next call; unpacking is done in ``to.unpacking``.

    Raises ValueError for an unknown name, a folder that holds something, too little
    room on the disk, a wrong checksum, a refused or damaged archive; OSError for a
    connection or a disk that fails. Then there is no folder ``to``.
    """
    source, to = _source(name, urls), Path(to)
    _check_free(to)
    tell(announced(name))
    loads = to.with_name(f"{to.name}.download")
    try:
        files = [Path(path) for path in archives] or _download(source, loads, tell)
        _check_given(source, files)
        _check_sums(source, archives, tell)
        _unpack(source, files, to, loads, tell)
    finally:
        if loads.is_dir() and not any(loads.iterdir()):
            loads.rmdir()
    shutil.rmtree(loads, ignore_errors=True)
    return to


def announced(name: str) -> str:
    """What is to be known before a data set is fetched: title, size and licence.

    >>> print(announced("pennfudan"))
    Penn-Fudan pedestrians, 170 images
      size: 53.7 MB to download
      licence: None is stated. Treat it as for research, and do not pass it on.
      note: No checksum is published.
    """
    source = SOURCES[name]
    size = (f"{told(source.expected)} to download" if source.expected
            else "not confirmed by a source; the server will say")
    lines = [source.title, f"  size: {size}", f"  licence: {source.licence}"]
    return "\n".join([*lines, *([f"  note: {source.note}"] if source.note else [])])


def _source(name: str, urls: Sequence[str]) -> Source:
    if name not in SOURCES:
        raise ValueError(f"no data set {name!r} to fetch; there are "
                         f"{', '.join(SOURCES)}")
    source = SOURCES[name]
    if not urls:
        return source
    if len(urls) != len(source.archives):
        raise ValueError(f"{name} has the archives {_names(source)}; give a URL for "
                         f"each, in this order ({len(urls)} given)")
    changed = [dataclasses.replace(archive, url=url)
               for archive, url in zip(source.archives, urls, strict=True)]
    return dataclasses.replace(source, archives=tuple(changed))


def _names(source: Source) -> str:
    return ", ".join(archive.name for archive in source.archives)


def _check_free(to: Path) -> None:
    if to.is_symlink() or (to.exists() and not to.is_dir()):
        raise ValueError(f"{to}: is no folder; name one that is not there yet")
    if to.is_dir() and any(to.iterdir()):
        raise ValueError(f"{to}: holds something already; name a new folder, or remove "
                         "this one first")
    to.absolute().parent.mkdir(parents=True, exist_ok=True)


def _check_given(source: Source, files: Sequence[Path]) -> None:
    if len(files) != len(source.archives):
        raise ValueError(f"expected the archives {_names(source)}, {len(files)} given")
    for file in files:
        if not file.is_file():
            raise ValueError(f"{file}: there is no such archive")


def _download(source: Source, loads: Path, tell: Callable[[str], None]) -> list[Path]:
    """Download every archive; several have the disk checked for all of them first."""
    loads.mkdir(parents=True, exist_ok=True)
    have = sum(path.stat().st_size for path in loads.iterdir())
    check_room(loads, max(source.expected - have, 0), source.growth * source.expected)
    files = []
    for archive in source.archives:
        files.append(download(archive, loads, source.growth))
        if archive.checksum is None:
            tell(f"{archive.name}: {told(files[-1].stat().st_size)} came, of "
                 f"{_sha256(files[-1])}; no checksum is known to compare it with, "
                 "so note it down")
    return files


def _check_sums(
    source: Source, given: Sequence[str | Path], tell: Callable[[str], None]
) -> None:
    """Compare archives that were given by hand with their sums, where known."""
    from pooch.hashes import hash_matches

    for archive, file in zip(source.archives, given, strict=bool(given)):
        if not hash_matches(str(file), archive.checksum):
            raise ValueError(f"{file}: has not the checksum {archive.checksum} of "
                             f"{archive.name}; it is damaged or another file")
        if archive.checksum is None:
            tell(f"{file}: {_sha256(Path(file))}; no checksum is known to compare with")


def _sha256(path: Path) -> str:
    from pooch import file_hash

    return f"sha256:{file_hash(str(path))}"


def _unpack(
    source: Source, files: Sequence[Path], to: Path, loads: Path,
    tell: Callable[[str], None],
) -> None:
    """Unpack everything beside the folder, then give it its name."""
    staging = to.with_name(f"{to.name}.unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for archive, file in zip(source.archives, files, strict=True):
            tell(f"unpacking {file.name}")
            if links := _unpack_one(file, staging, file.parent == loads
                                    and archive.checksum is None):
                tell(f"{file.name}: {links} links left out")
        if to.is_dir():
            to.rmdir()  # it is empty
        staging.rename(to)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _unpack_one(file: Path, staging: Path, doubtful: bool) -> int:
    """Unpack one archive; one of ours that is no good and had no sum is deleted."""
    size = file.stat().st_size
    check_room(staging.absolute().parent, 0, size)
    try:
        return unpack(file, staging, MOST_GROWTH * size + MOST_MORE)
    except ValueError:
        if doubtful:
            file.unlink()
        raise
