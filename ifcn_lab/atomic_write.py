"""The one way to write a file here: whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A new file beside `path` to write to; it takes the name when the block ends well.

    Its bytes reach the disk before it takes the name, so a reader finds the old file
    or the new one, also after a loss of power. If the block fails the old file stays
    and nothing is left beside it. Folders are made, a link is followed, and what is no
    file (``/dev/stdout``) is written as it stands.

    Raises:
        OSError: the place cannot be written.

    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "found.json")
    >>> with replacing(path) as new:
    ...     _ = new.write_text("whole")
    >>> path.read_text(), len(os.listdir(folder.name))
    ('whole', 1)
    >>> folder.cleanup()
    """
    if _is_special(path):
        yield Path(path)
        return
    path = Path(os.path.realpath(path))
    check_writable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:80]}.",
                                     ignore_cleanup_errors=True) as work:
        new = Path(work, path.name)
        yield new
        with suppress(FileNotFoundError):
            shutil.copymode(path, new)
        with open(new, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(new, path)


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write text (UTF-8, line ends as given) or bytes by `replacing`."""
    with replacing(path) as new:
        new.write_bytes(content.encode() if isinstance(content, str) else content)


def check_writable(path: str | Path) -> None:
    """Ask before long work whether its result can be written to `path`.

    Raises:
        OSError: it cannot; the sentence says why.
    """
    if _is_special(path):
        return
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    above = next(up for up in path.parents if os.path.lexists(up))
    if not above.is_dir():
        raise NotADirectoryError(f"{above} is a file, so {path} cannot lie in it; give "
                                 "another place")
    for place in (above, *([path] if path.exists() else [])):
        if not os.access(place, os.W_OK):
            raise PermissionError(f"{place} cannot be written; give another place")


def _is_special(path: str | Path) -> bool:
    """Whether this is a pipe, a terminal or the like: nothing to put in its place."""
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))
