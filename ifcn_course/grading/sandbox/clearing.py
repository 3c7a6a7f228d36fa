"""Empty a folder that a submission wrote to, whatever it left there."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path


def clear(folder: Path) -> None:
    """Make the folder anew and empty. Links are removed, never followed.

    A folder in a folder is first moved up, so that no path gets too long, however deep
    they lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number, mark = 0, secrets.token_hex(8)
    while entries := list(os.scandir(folder)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            with suppress(OSError):
                os.chmod(entry.path, stat.S_IRWXU)
            for inner in list(os.scandir(entry.path)):
                if inner.is_dir(follow_symlinks=False):
                    with suppress(OSError):
                        os.chmod(inner.path, stat.S_IRWXU)
                    number += 1
                    os.rename(inner.path, folder / f".{mark}.{number}")
                else:
                    os.unlink(inner.path)
            os.rmdir(entry.path)


def remove(folder: Path) -> None:
    """Remove the folder and all that is in it."""
    clear(folder)
    folder.rmdir()
