"""Read a lesson and make its two notebooks: one with stubs, one with solutions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lessons.tasks import Announcement, about, announced, last_level, shown

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MARKED = re.compile(
    r"^(?P<indent> +)# solution (?P<number>\d+\.\d+)\n"
    r"(?P<lines>.*?)"
    r"^(?P=indent)# end(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
CHECK = re.compile(r"^check\.\w+\(", re.MULTILINE)
_COMMENT = re.compile(r"^% .*\n?", re.MULTILINE)


class Exercise(NamedTuple):
    """A marked stretch of a code cell: its number and the lines a learner writes."""

    number: str
    lines: str


def read(path: Path) -> NotebookNode:
    """Read a lesson (MyST Markdown) as a notebook, its exercises still marked."""
    return notebook([_cell(cell) for cell in cells(path)])


def cells(path: Path) -> list[NotebookNode]:
    """Return a lesson's cells as they are written, `% slide:` lines and all."""
    return jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst").cells


def notebook(cells: list[NotebookNode]) -> NotebookNode:
    """Return a notebook of these cells with ids that follow from their text alone."""
    taken: set[str] = set()
    for cell in cells:
        cell["id"] = _free_id(cell, taken)
        taken.add(cell["id"])
    return new_notebook(
        cells=cells, metadata={"kernelspec": dict(KERNEL)}, nbformat_minor=5
    )


def exercises(cell: NotebookNode) -> list[Exercise]:
    """Return what is marked `# solution N.M` ... `# end` in a code cell."""
    if cell["cell_type"] != "code":
        return []
    found = MARKED.finditer(cell["source"])
    return [Exercise(match["number"], match["lines"]) for match in found]


def solved(lesson: NotebookNode) -> NotebookNode:
    """Return the notebook with solutions: the marks go, the lines stay."""
    cells = _derived(lesson, solution, _reason)
    cells[0]["source"] = re.sub(
        r"\A(# .*)", r"\1: with solutions", cells[0]["source"], count=1
    )
    return notebook(cells)


def student(lesson: NotebookNode) -> NotebookNode:
    """Return the notebook students open: stubs, and each solution folded below."""
    return notebook(_derived(lesson, stub, _fold))


Answer = Callable[[NotebookNode, str, Announcement | None], str]


def _derived(
    lesson: NotebookNode, code: Callable[[NotebookNode], str], answer: Answer
) -> list[NotebookNode]:
    """Return the cells of a notebook; an `answer` stands below the exercise's check."""
    cells: list[NotebookNode] = []
    waiting: list[NotebookNode] = []
    for cell, task in announcing(deepcopy(lesson.cells)):
        if cell["cell_type"] == "code" and not _checks(cell):
            cells, waiting = cells + waiting, []
        told = [answer(cell, found.number, task) for found in exercises(cell)[:1]]
        waiting += [new_markdown_cell(text) for text in told if text]
        cells.append(_with_source(cell, code(cell)))
        if _checks(cell):
            cells, waiting = cells + waiting, []
    return _with_headings(cells + waiting)


def _checks(cell: NotebookNode) -> bool:
    return cell["cell_type"] == "code" and bool(CHECK.search(cell["source"]))


def announcing(
    cells: Sequence[NotebookNode],
) -> Iterator[tuple[NotebookNode, Announcement | None]]:
    """Yield each cell and the exercise that the prose right before it announces."""
    task = None
    for cell in cells:
        yield cell, task
        prose = cell["cell_type"] == "markdown"
        task = announced(cell["source"]) if prose else None


def _with_headings(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Show each announcement under a heading one level below its section's."""
    level = 1
    for cell in cells:
        if cell["cell_type"] == "markdown":
            prose = cell["source"]
            cell["source"] = shown(prose, level)
            level = last_level(prose, level)
    return cells


def solution(cell: NotebookNode) -> str:
    """Return a cell's source without the marks."""
    return MARKED.sub(lambda match: match["lines"], cell["source"]).rstrip("\n")


def stub(cell: NotebookNode) -> str:
    """Return a cell's source with each marked stretch replaced by a calm refusal."""
    return MARKED.sub(_refusal, cell["source"]).rstrip("\n")


def written(lines: str) -> int:
    """Return how many lines of a solution a learner writes: no blanks, no comments."""
    said = [line.strip() for line in lines.splitlines()]
    return sum(bool(line) and not line.startswith("#") for line in said)


def _refusal(match: re.Match[str]) -> str:
    message = f"Exercise {match['number']} is not done yet"
    indent = match["indent"]
    return (
        f"{indent}# your code, {about(written(match['lines']))}\n"
        f'{indent}raise NotImplementedError("{message}")\n'
    )


def _fold(cell: NotebookNode, number: str, task: Announcement | None) -> str:
    name, why = f"Solution of exercise {number}", ""
    if task is not None:
        name, why = f"{name}, and why it matters", f"**Why it matters:** {task.why}\n\n"
    return (
        f"<details><summary>{name}</summary>\n\n"
        f"```python\n{solution(cell)}\n```\n\n{why}</details>"
    )


def _reason(cell: NotebookNode, number: str, task: Announcement | None) -> str:
    return f"**Why exercise {number} matters:** {task.why}" if task else ""


def _cell(cell: NotebookNode) -> NotebookNode:
    """Return a bare copy: the source, and tags if there are any; no `%` lines."""
    tags = cell["metadata"].get("tags")
    metadata = {"tags": tags} if tags else {}
    if cell["cell_type"] == "code":
        return new_code_cell(cell["source"], metadata=metadata)
    return new_markdown_cell(_COMMENT.sub("", cell["source"]), metadata=metadata)


def _with_source(cell: NotebookNode, source: str) -> NotebookNode:
    if cell["cell_type"] == "code":
        cell["source"] = source
    return cell


def _free_id(cell: NotebookNode, taken: set[str]) -> str:
    digest = sha256(f"{cell['cell_type']}\n{cell['source']}".encode()).hexdigest()[:12]
    names = (digest if n == 0 else f"{digest}-{n}" for n in range(len(taken) + 1))
    return next(name for name in names if name not in taken)
