"""Shapes that a reader draws become a picture; `front_end/painting.js` does the same.

Flat colours and a thin dark line where an object ends: the plain look of
`ifcn_lab.scenes`, which the shipped networks know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import cos, radians, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

Field = Float[np.ndarray, "h w"]
Shape = Mapping[str, Any]
"""family, y and x of its middle, size (longest side), turn in degrees, colour."""

GROUND = [235, 235, 235]
COLOURS = [[70, 110, 180], [200, 110, 60], [90, 150, 90]]
RIM_WIDTH, RIM = 1.5, -0.3
TINY = 1e-9
"""So far may a distance of 0 be off after a turn; such a pixel is inside."""
SLANT = cos(0.6), sin(0.6)
CORNER = 0.3 * SLANT[1]
GROW = 1 / (sqrt((SLANT[0] - CORNER) ** 2 + (SLANT[1] - CORNER) ** 2) + CORNER)


class Drawing(NamedTuple):
    """A picture, and to which shape each pixel belongs: its number from 1, else 0."""

    image: UInt8[np.ndarray, "h w 3"]
    owner: UInt8[np.ndarray, "h w"]


def length(u: Field, v: Field) -> Field:
    """The length of (u, v), rounded as the page rounds it."""
    return np.sqrt(u * u + v * v)


def disc(u: Field, v: Field, radius: float) -> Field:
    """The signed distance to a circle, negative inside."""
    return length(u, v) - radius


def ellipse(u: Field, v: Field, radius: float) -> Field:
    """The same of an ellipse 0.6 times as wide as long, nearly."""
    a, b = radius, 0.6 * radius
    level, slope = length(u / a, v / b), length(u / a**2, v / b**2)
    return (level - 1) * (level + 1e-3) / (slope + 1e-3 / b)


def rectangle(u: Field, v: Field, radius: float) -> Field:
    """The same of a rectangle with round corners."""
    p = np.abs(u) - radius * GROW * (SLANT[0] - CORNER)
    q = np.abs(v) - radius * GROW * (SLANT[1] - CORNER)
    outside = length(np.maximum(p, 0), np.maximum(q, 0))
    return outside + np.minimum(np.maximum(p, q), 0) - radius * GROW * CORNER


def bar(u: Field, v: Field, radius: float) -> Field:
    """The same of a bar with round ends."""
    thick = 0.3 * radius
    return length(np.maximum(np.abs(u) - (radius - thick), 0), v) - thick


DISTANCES: dict[str, Callable[[Field, Field, float], Field]] = {
    "disc": disc, "ellipse": ellipse, "rectangle": rectangle, "bar": bar}


def drawing(shapes: Sequence[Shape], h: int, w: int) -> Drawing:
    """Paint shapes one over the other, the last one in front.

    >>> shape = dict(family="disc", y=4, x=5, size=6, turn=0, colour=0)
    >>> int((drawing([shape], 9, 10).owner == 1).sum())
    29
    """
    light = np.tile(np.array(GROUND, float), (h, w, 1))             # (h, w, 3)
    owner = np.zeros((h, w), np.uint8)
    for number, shape in enumerate(shapes, start=1):
        distance = distance_to(shape, h, w)
        owner[distance <= TINY] = number
        rim = RIM * np.maximum(0, 1 - np.abs(distance) / RIM_WIDTH)
        colour = np.array(COLOURS[shape["colour"]], float)
        own = colour + (0.45 * colour + 40) * rim[..., None]
        light += np.clip(0.5 - distance, 0, 1)[..., None] * (own - light)
    return Drawing(np.floor(light + 0.5).astype(np.uint8), owner)


def distance_to(shape: Shape, h: int, w: int) -> Field:
    """How far each pixel is from a shape's outline, negative inside."""
    down = np.arange(h)[:, None] - shape["y"]
    right = np.arange(w)[None] - shape["x"]
    turn = radians(shape["turn"])
    u, v = (cos(turn) * right + sin(turn) * down, cos(turn) * down - sin(turn) * right)
    return DISTANCES[shape["family"]](u, v, shape["size"] / 2)


def any_touch(owner: UInt8[np.ndarray, "h w"]) -> bool:
    """Whether a pixel of one shape lies beside a pixel of another.

    >>> any_touch(np.array([[1, 0], [0, 2]], np.uint8))
    True
    """
    pairs = ((owner[:, 1:], owner[:, :-1]), (owner[1:], owner[:-1]),
             (owner[1:, 1:], owner[:-1, :-1]), (owner[1:, :-1], owner[:-1, 1:]))
    return any(((a > 0) & (b > 0) & (a != b)).any() for a, b in pairs)
