"""Unpack a .zip of submissions that nobody vouches for."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path, PurePosixPath

_MOST_FILES, _MOST_BYTES = 20_000, 2**30


def unpack(archive: Path, into: Path) -> Path:
    """Unpack ordinary files into a folder; returns the folder of submissions.

    Where several students lie in one folder of the archive, that folder is returned.

    Raises:
        ValueError: no archive, one that is far too large, or one with a name that
            leads out of the folder.
    """
    left = _MOST_BYTES
    try:
        with zipfile.ZipFile(archive) as opened:
            if len(opened.infolist()) > _MOST_FILES:
                raise ValueError(f"{archive}: more than {_MOST_FILES} files")
            for about in opened.infolist():
                left -= _unpack_one(opened, about, into, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(f"{archive}: cannot be unpacked ({error}); unpack it by hand "
                         "and give the folder") from None
    inside = [p for p in into.iterdir() if not p.name.startswith((".", "__"))]
    if len(inside) != 1 or not inside[0].is_dir():
        return into
    below = list(inside[0].iterdir())
    students = sum(p.is_dir() or p.suffix.lower() == ".ipynb" for p in below)
    return inside[0] if students > 1 else into


def _unpack_one(
    opened: zipfile.ZipFile, about: zipfile.ZipInfo, into: Path, left: int
) -> int:
    """Unpack one file; returns its bytes, whatever the archive says of them."""
    kind = stat.S_IFMT(about.external_attr >> 16)
    if about.is_dir() or kind not in (0, stat.S_IFREG):
        return 0  # a link or a device: left out
    name = PurePosixPath(about.filename.replace("\\", "/"))
    parts = name.parts
    if name.is_absolute() or ".." in parts or any(":" in part for part in parts):
        raise ValueError(f"the archive holds {about.filename!r}, which leads out of "
                         "its folder; unpack it by hand")
    with opened.open(about) as source:
        content = source.read(left + 1)
    if len(content) > left:
        raise ValueError(f"the archive holds more than {_MOST_BYTES >> 20} MB")
    target = into.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return len(content)
