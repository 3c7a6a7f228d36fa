"""Try the walls: does a process behind them really reach nothing?

Each attempt goes past Python's audit hook, straight to the C library, so that what
holds is the kernel's doing.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ifcn_course.assignment.values import decode, encode
from ifcn_course.grading.process import Ended, Process
from ifcn_course.grading.sandbox.clearing import remove
from ifcn_course.grading.sandbox.plan import Plan

ESSENTIAL = {
    "files": "changing files outside its folder",
    "secrets": "reading the key, the other submissions or files of yours",
    "network": "the network",
    "processes": "starting other processes",
    "signals": "ending other processes",
}
"""What a submission must be kept from, by the name of the attempt."""

_ATTEMPTS = '''
import ctypes, mmap, os, struct
c = ctypes.CDLL(None, use_errno=True)
name = os.fsencode

def files(victim):
    free = c.open(name(victim), 1) >= 0
    free |= c.open(name(victim), 0o1000) >= 0
    free |= c.open(name(victim + ".new"), 0o101, 0o600) >= 0
    free |= c.truncate(name(victim), ctypes.c_long(0)) == 0
    free |= c.unlink(name(victim)) == 0
    c.chmod(name(victim), 0o777)
    return free

def secrets(paths):
    return any(_reads(path) for path in paths)

def _reads(path):
    if os.path.isdir(path):
        try:
            return bool(os.listdir(path))
        except OSError:
            return False
    found = c.open(name(path), 0)
    return found >= 0 and c.read(found, ctypes.create_string_buffer(1), 1) > 0

def network(port):
    made = c.socket(2, 1, 0)
    there = struct.pack("=H", 2) + struct.pack(">HI8x", port, 0x7F000001)
    return made >= 0 and c.connect(made, there, 16) == 0

def processes():
    child = c.fork()
    if child == 0:
        c._exit(0)
    return child > 0

def signals(number):
    return c.kill(number, 0) == 0

def memory(size):
    try:
        mmap.mmap(-1, size)
    except (OSError, ValueError):
        return False
    return True
'''


def reached(plan: Plan, secrets: Sequence[Path], work: Path) -> tuple[set[str], list]:
    """What a process behind these walls still reaches, and the names of the walls.

    Args:
        plan: of the process.
        secrets: what it must not read.
        work: a folder for a file that it will try to change.
    """
    with tempfile.TemporaryDirectory(dir=work) as outside, socket.socket() as server:
        victim = Path(outside, "victim")
        victim.write_bytes(b"whole")
        victim.chmod(0o600)
        server.bind(("127.0.0.1", 0))
        server.listen()
        private = Path(outside, "private")
        private.write_bytes(b"secret")
        asked = {"files": str(victim), "secrets": [str(p) for p in (private, *secrets)],
                 "network": server.getsockname()[1], "processes": None,
                 "signals": os.getpid(), "memory": 2 * plan.memory}
        process = Process(replace(plan, seconds=60))
        try:
            process.ask(30.0, do="cell", source=_ATTEMPTS)
            found = {name for name, value in asked.items()
                     if _succeeds(process, name, value)}
        finally:
            process.end()
        if not _whole(victim):
            found.add("files")
    return found, process.walls


def _succeeds(process: Process, name: str, value: object) -> bool:
    """Whether an attempt gets through; one that gives no answer might have."""
    args = [] if value is None else [encode(value)]
    try:
        told = process.ask(10.0, do="call", name=name, args=args)
    except Ended:
        return True
    return told.get("state") != "value" or bool(decode(told["value"]))


def _whole(victim: Path) -> bool:
    try:
        mode = victim.stat().st_mode & 0o777
        return victim.read_bytes() == b"whole" and mode == 0o600
    except OSError:
        return False


def trial(plan: Plan, secrets: Sequence[Path]) -> tuple[set[str], list]:
    """`reached`, with folders of its own that are removed afterwards."""
    work = Path(tempfile.mkdtemp(prefix="ifcn-grade-"))
    try:
        for name in ("home", "given"):
            (work / name).mkdir()
        own = replace(plan, home=str(work / "home"), given=str(work / "given"))
        return reached(own, secrets, work)
    finally:
        remove(work)
