"""What the tests of assignments share: one assignment each, and grading in process."""

from __future__ import annotations

import json
import re
import warnings
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ifcn_course.assignment.agreement import agrees
from ifcn_course.assignment.handout import Assignment, assignment
from ifcn_course.assignment.key import Key, KeyFunction
from ifcn_course.contents import LESSONS
from lessons import source

ROOT = Path(__file__).parent.parent
SEEDS = (0, 1, 2, 3, 5, 8, 13, 2026, 2027, 2028, 31337, 987654321)

made = cache(assignment)
"""The assignment of a lesson and a seed, made once."""


def code_of(notebook: str) -> list[str]:
    """The code cells of a notebook's text."""
    cells = json.loads(notebook)["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


def words_of(notebook: str) -> str:
    """All that a reader of a notebook sees."""
    return "\n".join("".join(cell["source"]) for cell in json.loads(notebook)["cells"])


def namespace_of(cells: list[str]) -> dict[str, Any]:
    """Run the cells in order, without drawing; what they leave behind."""
    names: dict[str, Any] = {}
    for cell in cells:
        exec(re.sub(r"^draw\.show\(.*\)$", "", cell, flags=re.M), names)
    return names


def points_of(one: KeyFunction, names: dict[str, Any]) -> int:
    """What a function of a namespace gets, case by case."""
    return sum(case.points for case in one.cases if right(one, case, names))


def right(one: KeyFunction, case: Any, names: dict[str, Any]) -> bool:
    """Whether the function gives what a case expects; an exception does not."""
    try:
        with warnings.catch_warnings(action="ignore"):  # the mean of nothing
            returned = names[one.name](*deepcopy(case.args))
    except Exception:
        return False
    return agrees(case.expected, returned, one.agree)


def total(key: Key, names: dict[str, Any]) -> int:
    """All points of a namespace."""
    return sum(points_of(one, names) for one in key.functions)


@cache
def public_cells(lesson: int) -> tuple[str, ...]:
    """Every cell of a lesson that holds a public solution, its marks taken out."""
    written = source.read(ROOT / "lessons" / f"{LESSONS[lesson].name}.md")
    cells = [cell for cell in written.cells if source.exercises(cell)]
    return tuple(source.solution(cell) for cell in cells)


def with_public_solutions(one: Assignment) -> dict[str, Any]:
    """A class's notebook, nothing done, with the public solutions pasted under it."""
    names = namespace_of(code_of(one.handout()))
    exec("import ifcn_lab\nfrom ifcn_lab import Grid\nfrom numba import cuda\n"
         "from ifcn_course import check", names)
    for cell in public_cells(one.variant.lesson):
        exec(cell, names)
    return names
