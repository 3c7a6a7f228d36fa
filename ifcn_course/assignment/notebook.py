"""A sheet as a notebook: for students with stubs, for the lecturer with solutions.

The form is that of the lessons' own notebooks: sorted keys, no outputs, ids that
follow from the text of the cells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256

from ifcn_course.assignment.sheet import Sheet
from ifcn_course.assignment.task import Task, numbered
from ifcn_course.assignment.variant import Variant

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
Cell = dict[str, object]

RULES = """\
**How it is graded.** The program that grades looks for the functions by their names and calls them.
So you may copy, split, move and delete cells, and write helper functions and cells of your own.
Do not rename the functions, and do not change what their arguments are.
Each task has several cases, and each case has its points: half right counts half.
A task that is not done leaves the others alone.
Where an earlier answer is wrong, a later task is marked with the right one in its place too, and the better result counts.

Below each task stands a cell that tries your function once.
It knows what kind of value is asked for, not which value."""  # noqa: E501

LAST = """\
## Hand in

Restart the kernel, run all cells, save, and hand in this file.
Every task that says "not done yet" gets no points; all others are graded."""


def cells(
    sheet: Sheet, variant: Variant, *, solved: bool = False, suffix: str = ""
) -> list[Cell]:
    """The cells of the notebook that students get; `solved`: the lecturer's, with
    solutions, and a `suffix` to its title."""
    return with_ids([*_opening(sheet, variant, suffix), *_tasks(sheet, solved=solved),
                     markdown(LAST)])


def text(cells: list[Cell], name: str) -> str:
    """The notebook's file; `name` says whose it is, and the grader compares it."""
    metadata = {"kernelspec": dict(KERNEL), "ifcn_lab": {"assignment": name}}
    document = {"cells": cells, "metadata": metadata,
                "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def markdown(source: str) -> Cell:
    """A prose cell, without its id."""
    return {"cell_type": "markdown", "metadata": {}, "source": lines_of(source)}


def code(source: str) -> Cell:
    """A code cell that has not run, without its id."""
    return {"cell_type": "code", "execution_count": None, "metadata": {},
            "outputs": [], "source": lines_of(source)}


def source_of(cell: Cell) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def with_ids(cells: list[Cell]) -> list[Cell]:
    """The cells with ids that follow from their text alone, each another one."""
    taken: set[str] = set()
    for cell in cells:
        words = f"{cell['cell_type']}\n{source_of(cell)}"
        digest = sha256(words.encode()).hexdigest()[:12]
        names = (digest if n == 0 else f"{digest}-{n}" for n in range(len(cells) + 1))
        cell["id"] = next(name for name in names if name not in taken)
        taken.add(cell["id"])
    return cells


def _opening(sheet: Sheet, variant: Variant, suffix: str) -> Iterator[Cell]:
    rows = "\n".join(f"> {number}. `{task.name}`: {points(task.points)}"
                     for number, task in numbered(sheet.tasks))
    count = f"{points(sheet.points)}** in {len(sheet.tasks)} tasks, from easy to hard"
    yield markdown(f"# {sheet.title}: assignment {variant.seed}{suffix}\n\n"
                   f"{sheet.promise}\n\n> **{count}:\n>\n{rows}\n\n{RULES}")
    for step in sheet.opening:
        yield from _pair(step.prose, step.code)


def _tasks(sheet: Sheet, *, solved: bool) -> Iterator[Cell]:
    for number, task in numbered(sheet.tasks):
        for step in task.before:
            yield from _pair(step.prose, step.code)
        yield from _pair(f"## Task {number}: {task.title}\n\n{_asked(task)}",
                         task.solution if solved else task.stub(number))
        if task.tried and task.tried.prose:
            yield markdown(task.tried.prose)
        yield code(task.trial(number))


def _asked(task: Task) -> str:
    many = len(task.cases)
    how = "one number" if task.is_number else f"{many} cases"
    return f"{task.prose}\n\n`{task.name}`, {points(task.points)} for {how}."


def points(number: int) -> str:
    """The number with its noun.

    >>> points(1), points(2)
    ('1 point', '2 points')
    """
    return f"{number} point" + ("s" if number != 1 else "")


def _pair(prose: str, source: str) -> Iterator[Cell]:
    yield markdown(prose)
    if source:
        yield code(source)


def lines_of(source: str) -> list[str]:
    """The text of a cell as a notebook's file has it."""
    return source.splitlines(keepends=True)
