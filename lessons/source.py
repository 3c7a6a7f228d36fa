"""Read a lesson and make its two notebooks: one with stubs, one with solutions."""

from __future__ import annotations

import re
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MARKED = re.compile(
    r"^(?P<indent> +)# solution (?P<number>\d+\.\d+)\n"
    r"(?P<lines>.*?)"
    r"^(?P=indent)# end(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


class Exercise(NamedTuple):
    """A marked stretch of a code cell: its number and the lines a learner writes."""

    number: str
    lines: str


def read(path: Path) -> NotebookNode:
    """Read a lesson (MyST Markdown) as a notebook, its exercises still marked."""
    text = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    return notebook([_cell(cell) for cell in text.cells])


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
    cells = [_with_source(cell, solution(cell)) for cell in deepcopy(lesson.cells)]
    cells[0]["source"] = re.sub(
        r"\A(# .*)", r"\1: with solutions", cells[0]["source"], count=1
    )
    return notebook(cells)


def student(lesson: NotebookNode) -> NotebookNode:
    """Return the notebook students open: stubs, and each solution folded below."""
    cells: list[NotebookNode] = []
    folded: list[NotebookNode] = []
    for cell in deepcopy(lesson.cells):
        if cell["cell_type"] == "code" and "check." not in cell["source"]:
            cells, folded = cells + folded, []
        folded += [_fold(cell, exercise.number) for exercise in exercises(cell)[:1]]
        cells.append(_with_source(cell, stub(cell)))
        if "check." in cell["source"]:
            cells, folded = cells + folded, []
    return notebook(cells + folded)


def solution(cell: NotebookNode) -> str:
    """Return a cell's source without the marks."""
    return MARKED.sub(lambda match: match["lines"], cell["source"]).rstrip("\n")


def stub(cell: NotebookNode) -> str:
    """Return a cell's source with each marked stretch replaced by a calm refusal."""
    return MARKED.sub(_refusal, cell["source"]).rstrip("\n")


def _refusal(match: re.Match[str]) -> str:
    lines = [line for line in match["lines"].splitlines() if line.strip()]
    written = sum(not line.strip().startswith("#") for line in lines)
    about = f"about {written} line" + ("s" if written != 1 else "")
    message = f"Exercise {match['number']} is not done yet"
    indent = match["indent"]
    return (
        f"{indent}# your code, {about}\n"
        f'{indent}raise NotImplementedError("{message}")\n'
    )


def _fold(cell: NotebookNode, number: str) -> NotebookNode:
    return new_markdown_cell(
        f"<details><summary>Solution of exercise {number}</summary>\n\n"
        f"```python\n{solution(cell)}\n```\n\n</details>"
    )


def _cell(cell: NotebookNode) -> NotebookNode:
    """Return a bare copy: the source, and tags if there are any."""
    new = new_code_cell if cell["cell_type"] == "code" else new_markdown_cell
    tags = cell["metadata"].get("tags")
    return new(cell["source"], metadata={"tags": tags} if tags else {})


def _with_source(cell: NotebookNode, source: str) -> NotebookNode:
    if cell["cell_type"] == "code":
        cell["source"] = source
    return cell


def _free_id(cell: NotebookNode, taken: set[str]) -> str:
    digest = sha256(f"{cell['cell_type']}\n{cell['source']}".encode()).hexdigest()[:12]
    names = (digest if n == 0 else f"{digest}-{n}" for n in range(len(taken) + 1))
    return next(name for name in names if name not in taken)
