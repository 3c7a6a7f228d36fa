"""The box that opens a lesson: its minutes, and what Run All takes."""

from __future__ import annotations

import re
from typing import NamedTuple

from nbformat import NotebookNode

_BOX = re.compile(
    r"\*\*Time\*\* (?P<minutes>\d+) minutes: "
    r"(?P<explaining>\d+) explaining, (?P<doing>\d+) doing\. "
    r"Run All takes about (?P<seconds>\d+) seconds on (?P<machine>[^,]+), "
    r"and at most (?P<megabytes>\d+) MB\b"
)
EXAMPLE = (
    "> **Time** 75 minutes: 35 explaining, 40 doing. "
    "Run All takes about 25 seconds on two Xeon cores with AMX, and at most 700 MB."
)


class Opening(NamedTuple):
    """What the box states.

    `seconds` were measured on `machine`; `megabytes` (10**6 bytes) are a budget.
    """

    minutes: int
    explaining: int
    doing: int
    seconds: int
    megabytes: int
    machine: str


def opening(lesson: NotebookNode) -> Opening | None:
    """Return what the first three prose cells state; None if they hold no such box."""
    prose = [c["source"] for c in lesson.cells if c["cell_type"] == "markdown"]
    plain = re.sub(r"\s+(?:> )?", " ", "\n".join(prose[:3]))
    found = _BOX.search(plain)
    return found and Opening(**{
        name: int(said) if said.isdecimal() else said
        for name, said in found.groupdict().items()
    })
