"""Still pictures of questions: what stands where a quiz cannot run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from ifcn_lab.widgets.lettering import INK

WIDTH, LINE, MARGIN, SIZE = 640, 24, 14, 15
EDGE = "#767676"


def question(
    text: str, choices: Sequence[str], marks: bool, below: str = ""
) -> UInt8[np.ndarray, "h w 3"]:
    """A question, its choices with a ring before each (`marks`), and a last line.

    >>> question("Why?", ["a", "b"], True).shape
    (100, 640, 3)
    """
    asked = wrapped(text.replace("`", ""), WIDTH - 2 * MARGIN)
    rows = [wrapped(each.replace("`", ""), WIDTH - 2 * MARGIN - 28) for each in choices]
    count = len(asked) + sum(map(len, rows)) + bool(below)
    sheet = Image.new("RGB", (WIDTH, 2 * MARGIN + LINE * count), "#ffffff")
    pen, y = ImageDraw.Draw(sheet), MARGIN
    for line in asked:
        pen.text((MARGIN, y), line, INK, _font())
        y += LINE
    for lines in rows:
        if marks:
            pen.ellipse((MARGIN + 4, y + 3, MARGIN + 16, y + 15), outline=INK)
        for line in lines:
            pen.text((MARGIN + 28, y), line, INK, _font())
            y += LINE
    pen.text((MARGIN, y), below, EDGE, _font())
    pen.rectangle((0, 0, WIDTH - 1, sheet.height - 1), outline=EDGE)
    return np.array(sheet)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of words that are at most so many pixels wide; one line at least.

    >>> wrapped("one two three four", 80)
    ['one two', 'three four']
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _font().getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(SIZE)
