"""All that one class gets of one lesson, before it becomes a notebook and a key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ifcn_course.assignment.task import Lead, Task
from ifcn_course.assignment.variant import Variant

STRIDE, SIDE = 4, 32
"""Of every class's scene: image pixels per place, and places per side."""

IMPORTS = """\
import numpy as np

from ifcn_lab import draw, scenes
from ifcn_course.assignment import pictures
from ifcn_course.assignment.trial import trial"""


@dataclass(frozen=True)
class Sheet:
    """A lesson's tasks for one class.

    Args:
        title: of the lesson.
        promise: one sentence under the title.
        opening: cells before the first task.
        tasks: in order, from easy to hard.
        extra: what else was drawn, for the key; whole numbers, texts, lists of them.
        uses: what of the variant the tasks go by, for the key.
    """

    title: str
    promise: str
    opening: tuple[Lead, ...]
    tasks: tuple[Task, ...]
    extra: Mapping[str, object] = field(default_factory=dict)
    uses: tuple[str, ...] = ("k", "m", "numbering", "order", "scene")

    @property
    def points(self) -> int:
        """The sum over the tasks."""
        return sum(task.points for task in self.tasks)


def first_steps(variant: Variant, said: str = "", more: str = "") -> tuple[Lead, ...]:
    """The cell that runs first, with `more` lines and what is `said` of them; parts."""
    code = f"{IMPORTS}\n\n{constants(variant)}{more}"
    return Lead(f"Run this cell first.{said}", code), parts_step(variant)


def first_step(variant: Variant) -> Lead:
    """The cell that runs first, of a lesson that counts no parts."""
    return Lead("Run this cell first.", f"{IMPORTS}\n\nM = {variant.m}")


def constants(variant: Variant) -> str:
    """The lines of a notebook that give k, m and, if shuffled, the order."""
    lines = f"K, M = {variant.k}, {variant.m}"
    if isinstance(variant.numbers, list):
        lines += f"\nORDER = {wrapped(variant.numbers)}"
    return lines


def wrapped(numbers: Sequence[float | int], width: int = 68) -> str:
    """A list as source, broken into lines where it is long.

    >>> wrapped([1, 2, 3])
    '[1, 2, 3]'
    """
    whole = str(list(numbers))
    if len(whole) <= width:
        return whole
    words, lines = [f"{number}," for number in numbers], [""]
    for word in words:
        if len(lines[-1]) + len(word) > width - 4:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "[\n" + "".join(f"    {line}\n" for line in lines) + "]"


def parts_step(variant: Variant) -> Lead:
    """How the class counts its parts: in words and as a figure."""
    name = "ORDER" if isinstance(variant.numbers, list) else repr(variant.numbers)
    prose = (
        f"## Your numbering\n\nYour window has m = {variant.m} places per side and "
        f"k = {variant.k} parts per side.\nIts parts are counted **{variant.words}**."
        "\nThe map of a place is the number of the part that it lies in.\nOffset i of "
        "the window lies in grid row i * k // m, and offset j in grid column j * k // "
        "m.\nThe window at (y, x), its centre, begins at row y - m // 2 and column "
        "x - m // 2.\n\n"
        "The lessons and `ifcn_lab.assemble` count row by row. You do not.")
    if name == "ORDER":
        prose += "\n`ORDER[a * K + b]` is the number of the part in row a, column b."
    return Lead(prose, f"draw.show(pictures.numbered_parts({name}, K, M))")


def number_in(text: str, number: object) -> bool:
    """Whether a number stands in a text, as a word of its own.

    >>> number_in("maps 12, 13", 12), number_in("maps 123", 12)
    (True, False)
    """
    return bool(re.search(rf"(?<![\w.]){re.escape(str(number))}(?![\w.]*\w)", text))
