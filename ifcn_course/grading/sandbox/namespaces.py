"""Namespaces: a process that sees no network, no other process, no file to write to.

See namespaces(7). They need no privilege on most systems, and are refused on some:
in many containers, and where the administrator switched them off.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from struct import pack

from ifcn_course.grading.sandbox import kernel

# user, PID, network, IPC, host name, mounts
_ALL = 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x00020000
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18
_HERE, _RECURSIVE = -100, 0x8000
_MOUNT_SETATTR = 442  # on both machines


def separate() -> bool:
    """Leave the host's namespaces; the next child is alone in its own.

    Users stay who they are, and root becomes root of nothing.
    """
    user, group = os.geteuid(), os.getegid()
    if kernel.libc().unshare(_ALL) != 0:
        return False
    with suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def furnish(home: Path, disk: int, hide: Iterable[Path]) -> list[str]:
    """Give this process its own view of the files; returns what worked.

    Args:
        home: becomes a small disk in memory, the only place that can be written to.
        disk: its size, in bytes.
        hide: files and folders that become empty.
    """
    if not _tried(lambda: _mount("none", "/", None, _REC | _PRIVATE)):
        return []
    size = f"size={disk},nr_inodes=20000,mode=700"
    own = _tried(lambda: _mount("tmpfs", home, "tmpfs", _NOSUID | _NODEV, size))
    if not own:
        _tried(lambda: _mount(home, home, None, _BIND))
    _tried(lambda: _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC))
    empty = home / ".empty"
    _tried(empty.touch)
    for place in hide:
        _tried(lambda place=place: _cover(place, empty))
    _tried(empty.unlink)
    held = _tried(lambda: _protect(home))
    return ["own disk"] * own + ["read-only files"] * held


def _tried(step: Callable[[], None]) -> bool:
    try:
        step()
    except OSError:
        return False
    return True


def _mount(
    source: str | Path, target: str | Path, kind: str | None, flags: int,
    options: str = "",
) -> None:
    arguments = [ctypes.c_char_p(os.fsencode(text)) for text in (source, target)]
    name = ctypes.c_char_p(kind.encode() if kind else None)
    kernel.call("mount", *arguments, name, flags, ctypes.c_char_p(options.encode()))


def _cover(place: Path, empty: Path) -> None:
    """Put something empty over a file or folder."""
    if place.is_dir():
        _mount("tmpfs", place, "tmpfs", _RDONLY | _NOSUID | _NODEV, "size=4k")
    elif place.exists():
        _mount(empty, place, None, _BIND)


def _protect(home: Path) -> None:
    """Make everything read-only but the home."""
    _attributes("/", _RECURSIVE, _RDONLY | _NOSUID, 0)
    _attributes(home, 0, _NOSUID, _RDONLY)


def _attributes(place: str | Path, flags: int, put: int, take: int) -> None:
    given = pack("<QQQQ", put, take, 0, 0)
    arguments = [ctypes.c_long(_MOUNT_SETATTR), ctypes.c_long(_HERE),
                 ctypes.c_char_p(os.fsencode(place)), ctypes.c_long(flags),
                 ctypes.c_char_p(given), ctypes.c_long(len(given))]
    if kernel.libc().syscall(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount_setattr: {os.strerror(number)}")
