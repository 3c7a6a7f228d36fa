"""What a submission's process may use: places, memory, time."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import ifcn_course
import ifcn_lab

_LIBRARY, _COURSE = (Path(package.__file__).resolve().parent
                     for package in (ifcn_lab, ifcn_course))
_ASSIGNMENT, _GRADING = _COURSE / "assignment", _COURSE / "grading"
# What makes keys and what grades is of no use to a submission.
_CLOSED = frozenset({"handout.py", "key.py", "nbgrader.py", "notebook.py", "scores.py",
                     "sheet.py", "task.py", "tasks", "variant.py"})
_OPEN = frozenset({"__init__.py", "worker.py", "cells.py", "channel.py", "sandbox",
                   "__pycache__"})
_SYSTEM = """
/usr /lib /lib32 /lib64 /nix/store /etc/fonts /etc/ld.so.cache /etc/localtime
/etc/os-release /etc/mime.types /etc/nsswitch.conf /var/cache/fontconfig
/sys/devices/system /proc/cpuinfo /proc/meminfo /proc/stat /proc/filesystems
/proc/loadavg /proc/uptime /proc/sys/kernel /proc/sys/vm
/dev/null /dev/zero /dev/full /dev/random /dev/urandom
""".split()
DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


@dataclass(frozen=True)
class Plan:
    """The walls around one process.

    Args:
        home: its folder, the only one to write to.
        given: a folder of files that are copied into it at the start.
        hide: what must not be seen even where a layer is missing.
        memory: bytes of address space.
        disk: bytes that it may write.
        seconds: of processor time.
        leave_out: walls of `walls.KERNEL` that are not put up.
    """

    home: str
    given: str
    hide: tuple[str, ...] = ()
    memory: int = 4 * 2**30
    disk: int = 256 * 2**20
    seconds: int = 600
    leave_out: tuple[str, ...] = ()

    def line(self) -> bytes:
        """The plan as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Plan:
        """The plan that `line` wrote."""
        made = json.loads(line)
        many = {name: tuple(made[name]) for name in ("hide", "leave_out")}
        return cls(**{**made, **many})


def readable() -> list[Path]:
    """What every submission may read: Python, this package, the system's libraries."""
    return [*map(Path, _SYSTEM), *_python(), *_package()]


def listable() -> list[Path]:
    """Folders whose names may be listed while some of their files stay closed."""
    return [_LIBRARY, _COURSE, _ASSIGNMENT, _GRADING]


def closed() -> list[Path]:
    """The parts of this package that a submission has no use for."""
    return [_ASSIGNMENT / name for name in sorted(_CLOSED)]


def _python() -> Iterable[Path]:
    for base in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        for part in ("lib", "lib64", "include", "share", "bin", "etc", "pyvenv.cfg",
                     "Lib", "DLLs", "Library"):
            yield Path(base) / part
    yield from (Path(p) for p in sys.path
                if p.rstrip("/").endswith(("site-packages", "dist-packages", ".zip")))


def _package() -> Iterable[Path]:
    yield from _LIBRARY.iterdir()
    yield from (p for p in _COURSE.iterdir() if p not in (_ASSIGNMENT, _GRADING))
    yield from (p for p in _ASSIGNMENT.iterdir() if p.name not in _CLOSED)
    yield from (p for p in _GRADING.iterdir() if p.name in _OPEN)
    root = _LIBRARY.parent
    if (root / "pyproject.toml").is_file():  # a checkout: what ships lies beside
        yield from (root / "data", root / "constraints.txt")
