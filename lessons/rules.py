"""What every lesson's source keeps to; `problems` says where it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from nbformat import NotebookNode

from lessons.opening import EXAMPLE, opening
from lessons.source import (
    MARKED,
    Exercise,
    announcing,
    exercises,
    solved,
    student,
    written,
)
from lessons.tasks import Announcement, announced

LINES, WIDTH = 12, 79
EXERCISES = 4


def problems(lesson: NotebookNode, number: int) -> list[str]:
    """Return one sentence for each rule that lesson `number` breaks."""
    return [
        *_opening(lesson),
        *_prose_first(lesson),
        *_exercises(lesson, number),
        *_choice(lesson),
        *_headings(lesson),
        *(p for cell in code_cells(lesson) for p in _code(cell)),
    ]


def code_cells(lesson: NotebookNode) -> list[NotebookNode]:
    """Return the code cells in order."""
    return [cell for cell in lesson.cells if cell["cell_type"] == "code"]


def length(cell: NotebookNode) -> int:
    """Return how many lines of a code cell hold something, marks left out."""
    lines = MARKED.sub(lambda match: match["lines"], cell["source"]).splitlines()
    return sum(bool(line.strip()) for line in lines)


def tasks(lesson: NotebookNode) -> list[Announcement]:
    """Return the exercises that the lesson announces, in order."""
    prose = [c["source"] for c in lesson.cells if c["cell_type"] == "markdown"]
    return [task for text in prose if (task := announced(text))]


def _opening(lesson: NotebookNode) -> Iterator[str]:
    first = lesson.cells[0]["source"] if lesson.cells else ""
    if not first.startswith("# "):
        yield "the lesson does not begin with a title, `# Title`"
    box = opening(lesson)
    if box is None:
        yield f"no box opens the lesson; it reads: {EXAMPLE}"
        return
    if box.explaining + box.doing != box.minutes:
        yield f"{box.explaining} + {box.doing} minutes are not {box.minutes}"
    doing = sum(t.minutes for t in tasks(lesson) if not t.open_problem)
    if box.doing != doing:
        yield f"the exercises take {doing} minutes, the opening says {box.doing}"


def _prose_first(lesson: NotebookNode) -> Iterator[str]:
    kinds = [cell["cell_type"] for cell in lesson.cells]
    for before, cell in zip([None, *kinds], lesson.cells, strict=False):
        if cell["cell_type"] == "code" and before != "markdown":
            yield f"no prose stands before the cell {_name(cell)}"
    if kinds[-1:] != ["markdown"]:
        yield "the lesson ends without prose"


def _exercises(lesson: NotebookNode, number: int) -> Iterator[str]:
    for cell, task in announcing(lesson.cells):
        marked = exercises(cell)
        for exercise in marked:
            if not exercise.number.startswith(f"{number}."):
                yield f"exercise {exercise.number} stands in lesson {number}"
            yield from _announcement(exercise, task)
        if task and task.number not in [exercise.number for exercise in marked]:
            yield f"no solution of Exercise {task.number} follows its announcement"
        marks = re.findall(r"^ *# (?:solution|end)\b", cell["source"], re.MULTILINE)
        if cell["cell_type"] == "code" and len(marks) != 2 * len(marked):
            yield f"`# solution N.M` or `# end` stands alone in {_name(cell)}"


def _announcement(exercise: Exercise, task: Announcement | None) -> Iterator[str]:
    """Say what the prose before a marked cell lacks."""
    number, lines = exercise.number, written(exercise.lines)
    if task is None or task.number != number:
        yield f"the prose right before its cell does not end with Exercise {number}"
        return
    if task.lines != lines:
        yield f"Exercise {number} says about {task.lines}, its solution has {lines}"
    if not 1 <= task.difficulty <= 5:
        yield f"the difficulty of Exercise {number} is {task.difficulty}, not 1 to 5"
    for what in ("task", "hint", "why"):
        if not getattr(task, what):
            yield f"Exercise {number} has no {_LACKS[what]}"


_LACKS = {
    "task": "task",
    "hint": "line that begins with `Hint: `",
    "why": "line that begins with `Why it matters: `",
}


def _choice(lesson: NotebookNode) -> Iterator[str]:
    every = tasks(lesson)
    places = [int(task.number.split(".")[1]) for task in every]
    if places != list(range(1, len(every) + 1)):
        yield f"the exercises are numbered {places}, not from 1 in order"
    if len(every) < EXERCISES:
        yield f"{len(every)} exercises; a lesson has at least {EXERCISES}"
    if not any(task.lines == 1 for task in every):
        yield "no exercise of about 1 line"
    problems = [task for task in every if task.open_problem]
    if len(problems) != 1:
        yield f"{len(problems)} open problems; a lesson has one"
    if any(task.difficulty < 4 for task in problems):
        yield "an open problem has difficulty 4 or 5"


def headings(notebook: NotebookNode) -> list[tuple[int, str]]:
    """Return the level and the words of each heading of a notebook, in order."""
    prose = [c["source"] for c in notebook.cells if c["cell_type"] == "markdown"]
    text = re.sub(r"^(```+).*?^\1", "", "\n\n".join(prose), flags=re.M | re.S)
    found = re.findall(r"^(#+) (.*)", text, re.MULTILINE)
    return [(len(marks), words) for marks, words in found]


def _headings(lesson: NotebookNode) -> Iterator[str]:
    """Follow the headings of both notebooks: one title, and no level is skipped."""
    found = [line for make in (student, solved) for line in _skipped(make(lesson))]
    yield from dict.fromkeys(found)


def _skipped(notebook: NotebookNode) -> Iterator[str]:
    levels = headings(notebook)
    for (before, _), (level, words) in pairwise([(0, ""), *levels]):
        if level > before + 1:
            yield f"heading {words!r} is of level {level}, the one before of {before}"
    if sum(level == 1 for level, _ in levels) > 1:
        yield "more than one title"


def _code(cell: NotebookNode) -> Iterator[str]:
    tags = cell["metadata"].get("tags", [])
    if length(cell) > LINES and "long" not in tags:
        yield f"more than {LINES} lines in {_name(cell)}"
    if any(len(line) > WIDTH for line in cell["source"].splitlines()):
        yield f"a line of more than {WIDTH} characters in {_name(cell)}"
    if "http" in cell["source"]:
        yield f"an address in {_name(cell)}: nothing is fetched while a lesson runs"


def _name(cell: NotebookNode) -> str:
    return repr(cell["source"].split("\n", 1)[0])
