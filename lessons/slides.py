"""What a lesson's source says its slides are.

Inside prose, on a line of its own, and right below it one or two lines:

    % slide: A short sentence that says the point
    What stands on the slide below its title.

All that follows, up to the next such line, belongs to the slide: the first figure or
widget stands beside the sentence, and the other prose is what the speaker says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from lessons import source
from lessons.tasks import announced

ROOT = Path(__file__).resolve().parent.parent
_MARK = re.compile(r"^% slide:(.*)\n?", re.MULTILINE)
_HEADING = re.compile(r"^##? ", re.MULTILINE)
_LEFT_OUT = re.compile(r"^#+ .*|^\*\*Exercise \d(?:.|\n)*", re.MULTILINE)


class Slide(NamedTuple):
    """A slide: Markdown, and which of the lesson's code cells belong to it.

    `near` and `prose` are the cells and the prose up to the next heading.
    """

    title: str
    sentence: str
    notes: list[str]
    cells: list[int]
    near: list[int]
    prose: list[str]


def of(name: str) -> list[Slide]:
    """Return the slides of a lesson of this course, by the lesson's name."""
    return read(ROOT / "lessons" / f"{name}.md")


def read(path: Path) -> list[Slide]:
    """Return the slides that a lesson marks, in order; none if it marks none."""
    found: list[Slide] = []
    code, near = 0, False
    for cell in source.cells(path):
        if cell.cell_type == "code":
            if found:
                found[-1].cells.append(code)
                found[-1].near.extend([code] * near)
            code += 1
            continue
        before, *marked = _MARK.split(cell.source)
        if found:
            near = _add(found[-1], before, near)
        for title, text in zip(marked[::2], marked[1::2], strict=True):
            sentence, *more = re.split(r"\n\s*\n", text.strip(), maxsplit=1)
            found.append(Slide(title.strip(), sentence, [], [], [], []))
            near = all([_add(found[-1], prose, True) for prose in more])
    return found


def _add(slide: Slide, prose: str, near: bool) -> bool:
    """Add prose to a slide; whether its section goes on behind it."""
    slide.notes.append(_said(prose))
    own, *beyond = _HEADING.split(prose, maxsplit=1)
    slide.prose.extend([own] * near)
    return near and not beyond


def _said(prose: str) -> str:
    """Return prose as notes: no headings, and of an exercise only which one it is."""
    task = announced(prose)
    now = f"\n\nNow exercise {task.number}: {task.minutes} minutes." if task else ""
    return (_LEFT_OUT.sub("", prose) + now).strip()
