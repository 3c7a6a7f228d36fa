"""The last wall, and the only one without bubblewrap: Python's own audit hook.

It stops what a program does by mistake and says so plainly. A program that is meant to
break out gets past it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty",
           "os.posix_spawn", "os.spawn", "os.startfile"}
_TALKS = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto",
          "socket.sendmsg"}
_CHANGES = {"os.chmod": 1, "os.chown": 1, "os.link": 2, "os.mkdir": 1, "os.remove": 1,
            "os.rename": 2, "os.rmdir": 1, "os.symlink": 2, "os.truncate": 1,
            "os.utime": 1, "shutil.rmtree": 1}
_OUTSIDE = ("while grading, files can be written only in the current folder, "
            "not at {}")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC


def enter(home: Path, hide: list[Path]) -> None:
    """Refuse new processes, the network, and files that are none of its business."""
    sys.addaudithook(_hook(os.path.realpath(home), [os.path.realpath(p) for p in hide]))


def _hook(home: str, hide: list[str]) -> Callable[[str, tuple], None]:
    real, inside_of = os.path.realpath, _inside
    starts, talks, changes = frozenset(_STARTS), frozenset(_TALKS), dict(_CHANGES)
    refused, null = PermissionError, os.devnull

    def hook(event: str, args: tuple) -> None:
        if event in starts:
            raise refused("while grading, no other program can be started")
        if event in talks:
            raise refused("while grading, there is no network")
        if event == "os.kill" and args[0] != os.getpid():
            raise refused("while grading, other processes cannot be signalled")
        if event == "open" and isinstance(args[0], str | bytes) and args[0] != null:
            place = real(os.fsdecode(args[0]))
            if any(inside_of(place, closed) for closed in hide):
                raise refused("while grading, this file cannot be read")
            if args[2] and args[2] & _WRITING and not inside_of(place, home):
                raise refused(_OUTSIDE.format(place))
        for path in args[:changes.get(event, 0)]:
            place = path if isinstance(path, str | bytes) else ""
            if place and not inside_of(real(os.fsdecode(place)), home):
                raise refused(_OUTSIDE.format(os.fsdecode(place)))

    return hook


def _inside(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)
