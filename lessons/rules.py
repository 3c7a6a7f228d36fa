"""What every lesson's source keeps to; `problems` says where it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from lessons.source import MARKED, exercises

LINES, WIDTH = 12, 79


def problems(lesson: NotebookNode, number: int) -> list[str]:
    """Return one sentence for each rule that lesson `number` breaks."""
    return [
        *_opening(lesson),
        *_prose_first(lesson),
        *_exercises(lesson, number),
        *(p for cell in code_cells(lesson) for p in _code(cell)),
    ]


def code_cells(lesson: NotebookNode) -> list[NotebookNode]:
    """Return the code cells in order."""
    return [cell for cell in lesson.cells if cell["cell_type"] == "code"]


def length(cell: NotebookNode) -> int:
    """Return how many lines of a code cell hold something, marks left out."""
    lines = MARKED.sub(lambda match: match["lines"], cell["source"]).splitlines()
    return sum(bool(line.strip()) for line in lines)


def _opening(lesson: NotebookNode) -> Iterator[str]:
    prose = [c["source"] for c in lesson.cells if c["cell_type"] == "markdown"]
    first = "\n".join(prose[:3])
    if not first.startswith("# "):
        yield "the lesson does not begin with a title, `# Title`"
    for unit in ("minutes", "seconds"):
        if not re.search(rf"\d+ {unit}\b", first):
            yield f"the opening does not say how many {unit}: reading, and Run All"


def _prose_first(lesson: NotebookNode) -> Iterator[str]:
    kinds = [cell["cell_type"] for cell in lesson.cells]
    for before, cell in zip([None, *kinds], lesson.cells, strict=False):
        if cell["cell_type"] == "code" and before != "markdown":
            yield f"no prose stands before the cell {_name(cell)}"
    if kinds[-1:] != ["markdown"]:
        yield "the lesson ends without prose"


def _exercises(lesson: NotebookNode, number: int) -> Iterator[str]:
    prose = ""
    for cell in lesson.cells:
        if cell["cell_type"] == "markdown":
            prose += cell["source"]
        for exercise in exercises(cell):
            if not exercise.number.startswith(f"{number}."):
                yield f"exercise {exercise.number} stands in lesson {number}"
            if f"Exercise {exercise.number}" not in prose:
                yield f"no prose announces Exercise {exercise.number}"
        marks = re.findall(r"^ *# (?:solution|end)\b", cell["source"], re.MULTILINE)
        if cell["cell_type"] == "code" and len(marks) != 2 * len(exercises(cell)):
            yield f"`# solution N.M` or `# end` stands alone in {_name(cell)}"


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
