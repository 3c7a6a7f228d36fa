"""A process and all that came of it: how much it holds, and its end."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_MOST_ENTRIES = 20_000


def signal_name(number: int) -> str:
    """The name of a signal.

    >>> signal_name(11)
    'SIGSEGV'
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def memory(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not tell."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def disk(folder: Path, most: int) -> int:
    """Bytes below a folder; counting ends above `most`, or at too many files."""
    used, seen, left = 0, 0, [folder]
    while left and used <= most:
        with suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                seen += 1
                if entry.is_dir(follow_symlinks=False):
                    left.append(Path(entry.path))
                else:
                    with suppress(OSError):
                        used += entry.stat(follow_symlinks=False).st_size
                if seen > _MOST_ENTRIES:
                    return most + 1
    return used


def kill(first: int, worker: int = 0) -> None:
    """Kill a process and its descendants; `first`, which adopts orphans, comes last."""
    if sys.platform == "linux":
        for _ in range(100):
            below = descendants(first)
            for pid in below:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not [pid for pid in below if not _is_dead(pid)]:
                break
            time.sleep(0.002)
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(first, signal.SIGKILL)
    for pid in filter(None, (worker, first)):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def descendants(first: int) -> list[int]:
    """Every process below this one, by what /proc says."""
    children = defaultdict(list)
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            children[_stat(int(entry.name))[1]].append(int(entry.name))
    found, left = [], [first]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def _is_dead(pid: int) -> bool:
    return _stat(pid)[0] in ("Z", "X", "")


def _stat(pid: int) -> tuple[str, int]:
    """A process's state and its parent."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return "", 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)
