"""A small key, a folder of the whole zoo, and a run of `ifcn-lab grade` over it."""

from __future__ import annotations

import csv
import json
import os
import socket
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np

import ifcn_course
from ifcn_course.assignment.key import Key, KeyCase, KeyFunction, key_text
from ifcn_lab.__main__ import main
from ifcn_lab.atomic_write import write_whole
from tests.zoo import honest, liars, loops, thieves

SLOW = ("magics", "types")  # they import matplotlib and torch
ZOO = {**honest.SPECIMENS, **loops.SPECIMENS, **liars.SPECIMENS, **thieves.SPECIMENS}
LIMITS = ("--case-seconds 1.5 --cell-seconds 3 --total-seconds 60 --restarts 3 "
          "--memory 1.5 --disk 8").split()


def small_key() -> Key:
    """Ten points: `add` 3, `table` 4, `target` 3."""
    sums = [(1, 2), (5, 7), (0, 0)]
    add = [KeyCase(f"a = {a}, b = {b}", (a, b), a + b, 1) for a, b in sums]
    table = [KeyCase(f"k = {k}", (k,), np.arange(k * k).reshape(k, k), 2, "Row-major.")
             for k in (2, 3)]
    target = [KeyCase("the target", (), 42, 3)]
    named = {"add": add, "table": table, "target": target}
    functions = [KeyFunction(name, str(i + 1), "exact", tuple(cases), "")
                 for i, (name, cases) in enumerate(named.items())]
    return Key("03_assembling", 2027, "Assembling", {"k": 3}, tuple(functions))


def notebook(cells: Sequence[str]) -> str:
    """A notebook of code cells, as students save it."""
    made = [{"cell_type": "code", "execution_count": None, "metadata": {},
             "outputs": [], "source": cell.splitlines(keepends=True)} for cell in cells]
    prose = {"cell_type": "markdown", "metadata": {}, "source": ["# Task 1"]}
    return json.dumps({"cells": [prose, *made], "metadata": {}, "nbformat": 4,
                       "nbformat_minor": 5})


TRUST = "--trust-submissions"
"""For tests that shall run on systems without walls too."""


class Ground:
    """A class's folders: submissions, a key, a bystander, a place for reports."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "submissions"
        self.report, self.temporary = root / "out" / "grades.csv", root / "temporary"
        self.bystander = root / "beside" / "bystander.txt"
        for folder in (self.folder, self.temporary, self.bystander.parent):
            folder.mkdir()
        self.bystander.write_text("whole")
        self.key = root / "class.key.json"
        write_whole(self.key, key_text(small_key()))

    def hand_in(self, name: str, cells: Sequence[str]) -> None:
        """Put one notebook into the folder of submissions."""
        (self.folder / f"{name}.ipynb").write_text(notebook(cells), "utf-8")

    def prelude(self, port: int, name: str) -> str:
        """A cell that names the places to attack."""
        package = Path(ifcn_course.__file__).parent / "assignment"
        places = {"KEY": str(self.key), "FOLDER": str(self.folder), "PORT": port,
                  "BYSTANDER": str(self.bystander), "PACKAGE": str(package),
                  "SOCKET": name, "GRADER": os.getpid()}
        return "\n".join(f"{name} = {value!r}" for name, value in places.items())

    def grade(self, *options: str) -> int:
        """Run the command over the folder, with folders for work in a known place."""
        before, tempfile.tempdir = tempfile.tempdir, str(self.temporary)
        try:
            return main(["grade", str(self.folder), "--key", str(self.key), "--report",
                         str(self.report), *LIMITS, *options])
        finally:
            tempfile.tempdir = before

    def students(self) -> dict[str, dict]:
        """What the JSON report says, by student."""
        document = json.loads(self.report.with_suffix(".json").read_text("utf-8"))
        return {one["name"]: one for one in document["students"]}

    def rows(self) -> dict[str, list[str]]:
        """What the table says, by student; its head is the row "name"."""
        with self.report.open(encoding="utf-8-sig", newline="") as file:
            return {row[0]: row[1:] for row in csv.reader(file)}

    def snapshot(self) -> dict[str, tuple]:
        """Every file outside the reports: kind, mode, time, owner and content."""
        return {str(path): _state(path) for path in sorted(self.root.rglob("*"))
                if "out" not in path.relative_to(self.root).parts}


def _state(path: Path) -> tuple:
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        return about.st_mode, about.st_uid
    content = sha256(path.read_bytes()).hexdigest()
    return about.st_mode, about.st_uid, about.st_mtime_ns, content


def hand_in_zoo(ground: Ground, port: int, name: str) -> None:
    """Put every specimen into the folder that needs little time."""
    prelude = ground.prelude(port, name)
    for title, specimen in ZOO.items():
        if title in SLOW:
            continue
        places = [prelude] if title in thieves.SPECIMENS else []
        ground.hand_in(title, [*places, *specimen.cells])


def reasons(student: dict) -> str:
    """All that a report says about a student, in one string."""
    cases = [case["reason"] for one in student["functions"] for case in one["cases"]]
    return "\n".join([*student["problems"], *cases])


@contextmanager
def listening() -> Iterator[tuple[int, str, list[socket.socket]]]:
    """Servers, by TCP, UDP and an abstract name, that nobody may reach."""
    name = f"ifcn-zoo-{os.getpid()}"
    tcp = socket.socket()
    tcp.bind(("127.0.0.1", 0))
    tcp.listen()
    port = tcp.getsockname()[1]
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    made = [tcp, udp]
    if hasattr(socket, "AF_UNIX") and os.path.isdir("/proc/self"):
        made.append(socket.socket(socket.AF_UNIX))
        made[-1].bind("\0" + name)
        made[-1].listen()
    for one in made:
        one.setblocking(False)
    try:
        yield port, name, made
    finally:
        for one in made:
            one.close()


def was_called(server: socket.socket) -> bool:
    """Whether anybody connected or sent something."""
    try:
        server.recv(1) if server.type == socket.SOCK_DGRAM else server.accept()
    except BlockingIOError:
        return False
    return True
