"""One trainer at a time in a folder: a lock that goes when its holder does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

from ifcn_lab.atomic_write import check_writable
from ifcn_lab.training.log import tell

tell_once = cache(tell)  # the command takes the lock, and so does the training in it


@contextmanager
def sole_trainer(checkpoint: str | Path | None) -> Iterator[None]:
    """Hold the lock of a checkpoint; None: there is none, and nothing to hold.

    The system itself holds it, so that it goes also when the process is killed; the
    empty file beside the checkpoint may stay. The same thread may hold it again. What a
    killed trainer had half written is removed. A folder that cannot be locked, as over
    some networks, is told and trained in all the same.

    Raises:
        OSError: another trainer holds it, or nothing can be written there.

    Example:
        >>> import tempfile
        >>> with sole_trainer(Path(tempfile.mkdtemp()) / "checkpoint.pt"):
        ...     print("nobody else trains here")
        nobody else trains here
    """
    if checkpoint is None:
        yield
        return
    path = Path(checkpoint).resolve()
    check_writable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=0, is_singleton=True,
                    fallback_to_soft=False)
    take(lock, path)
    try:
        yield
    finally:
        lock.release()


def take(lock: FileLock, path: Path) -> None:
    """Take the lock of a checkpoint, and sweep; say so where there are no locks.

    Raises:
        BlockingIOError: another trainer holds it.
    """
    try:
        lock.acquire()
    except Timeout:
        raise BlockingIOError(f"another process is training in {path.parent}; wait for "
                              "its end, stop it, or give another folder") from None
    except (OSError, NotImplementedError) as error:
        tell_once(f"{path.parent} cannot be locked ({error}): see to it that no second "
                  "process trains there; training goes on")
        return
    for left in path.parent.glob(f".{path.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
