"""Figures of an exam, as SVG that a copier does not spoil: grids of black and white."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

SIDE = 24
_DASHES = ("none", "7 4", "2 3", "10 3 2 3")
Box = tuple[int, int, int, int]


def grids(
    named: Mapping[str, Sequence | np.ndarray], words: str,
    outlines: Mapping[str, Box] | None = None, *, numbered: bool = False,
) -> str:
    """Grids side by side, each under its name; a `#` is a dark square.

    Args:
        named: the rows of each grid, by what stands above it.
        words: what the figure shows, for who cannot see it.
        outlines: (x0, y0, x1, y1), half-open, on the first grid, by their names.
        numbered: whether rows and columns have their numbers beside them.
    """
    left, drawn, tall = 20, [], 0
    for name, rows in named.items():
        drawn.append(_text(left + SIDE * len(rows[0]) / 2, 14, name, bold=True))
        drawn += _squares(rows, left)
        if numbered:
            drawn += [_text(left - 9, 40 + SIDE * n, str(n)) for n in range(len(rows))]
            drawn += [_text(left + SIDE * (n + 0.5), 36 + SIDE * (len(rows) + 0.5),
                            str(n)) for n in range(len(rows[0]))]
        tall, left = max(tall, len(rows)), left + SIDE * (len(rows[0]) + 1)
    for n, (name, box) in enumerate((outlines or {}).items()):
        drawn += _outline(name, box, n)
    drawn.sort(key=lambda tag: tag.startswith("<text"))  # no line runs through words
    height = 40 + SIDE * (tall + numbered)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left}" height="{height}" '
            f'viewBox="0 0 {left} {height}" role="img" font-family="sans-serif" '
            f'font-size="13" aria-label="{escape(words)}"><rect width="100%" '
            f'height="100%" fill="#fff"/>{"".join(drawn)}</svg>')


def _squares(rows: Sequence | np.ndarray, left: int) -> list[str]:
    drawn = []
    for (i, j), value in np.ndenumerate(np.array(rows, object)):
        x, y = left + SIDE * j, 24 + SIDE * i
        fill = "#555" if value == "#" else "#fff"
        drawn.append(f'<rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" '
                     f'fill="{fill}" stroke="#aaa"/>')
        if value not in ("#", "", " "):
            drawn.append(_text(x + SIDE / 2, y + 17, str(value)))
    return drawn


def _outline(name: str, box: Box, number: int) -> list[str]:
    """A rectangle in dashes of its own, a little smaller than those before it."""
    x0, y0, x1, y1 = (at + SIDE * each for at, each in zip(
        (20 + 2 * number, 24 + 2 * number, 20 - 2 * number, 24 - 2 * number), box,
        strict=True))
    x, y = ((x0, y0), (x1, y1), (x1, y0), (x0, y1))[number % 4]
    return [f'<rect x="{x0}" y="{y0}" width="{x1 - x0}" height="{y1 - y0}" fill="none" '
            f'stroke="#000" stroke-width="3" stroke-dasharray="{_DASHES[number % 4]}"/>'
            f'<circle cx="{x}" cy="{y}" r="9" fill="#000"/>',
            _text(x, y + 5, name, bold=True, ink="#fff")]


def _text(
    x: float, y: float, text: str, *, bold: bool = False, ink: str = "#000"
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{ink}"{weight}>'
            f"{escape(text)}</text>")
