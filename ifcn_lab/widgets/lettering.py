"""Words on still pictures."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

INK = "#1a1a1a"
SIZE = 12


def write(sheet: Image.Image, x: int, y: int, text: str, ink: str = INK) -> None:
    """Words with their top left corner at a place; the font comes with Pillow."""
    ImageDraw.Draw(sheet).text((x, y), text, ink, ImageFont.load_default(SIZE))


def width_of(text: str) -> int:
    """How many pixels words take.

    >>> width_of("") < width_of("step") < width_of("step 1")
    True
    """
    return round(ImageFont.load_default(SIZE).getlength(text))
