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
"""family, y and x of its middle, size (longest side), turn in degrees, colour, and,
unless it is plain, texture."""

GROUND = [235, 235, 235]
COLOURS = [[70, 110, 180], [200, 110, 60], [90, 150, 90]]
RIM_WIDTH, RIM = 1.5, -0.3
TEXTURES = ("plain", "striped", "checked")
PERIOD, STRENGTH = 10, 0.4
"""Of a texture: pixels from light to light, and how much lighter and darker."""
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


def drawing(
    shapes: Sequence[Shape], h: int, w: int, *, light: int = 100, noise: int = 0
) -> Drawing:
    """Paint shapes one over the other, the last one in front.

    Args:
        shapes: what is painted.
        h, w: pixels down and across.
        light: how bright the scene is lit, in per cent.
        noise: standard deviation of the grain over it, in steps of 255.

    >>> shape = dict(family="disc", y=4, x=5, size=6, turn=0, colour=0)
    >>> int((drawing([shape], 9, 10).owner == 1).sum())
    29
    """
    painted = np.tile(np.array(GROUND, float), (h, w, 1))           # (h, w, 3)
    owner = np.zeros((h, w), np.uint8)
    for number, shape in enumerate(shapes, start=1):
        u, v = axes_of(shape, h, w)
        distance = DISTANCES[shape["family"]](u, v, shape["size"] / 2)
        owner[distance <= TINY] = number
        field = (RIM * np.maximum(0, 1 - np.abs(distance) / RIM_WIDTH)
                 + STRENGTH * weave(shape.get("texture", 0), u, v))
        colour = np.array(COLOURS[shape["colour"]], float)
        own = colour + (0.45 * colour + 40) * field[..., None]
        painted += np.clip(0.5 - distance, 0, 1)[..., None] * (own - painted)
    seen = painted * (light / 100) + noise * grain(h, w)
    return Drawing(np.floor(seen.clip(0, 255) + 0.5).astype(np.uint8), owner)


def axes_of(shape: Shape, h: int, w: int) -> tuple[Field, Field]:
    """Each pixel along a shape's own two axes, in pixels from its middle."""
    down = np.arange(h)[:, None] - shape["y"]
    right = np.arange(w)[None] - shape["x"]
    turn = radians(shape["turn"])
    return cos(turn) * right + sin(turn) * down, cos(turn) * down - sin(turn) * right


def weave(texture: int, u: Field, v: Field) -> Field:
    """A texture, -1 dark to 1 light; its number is that of `TEXTURES`."""
    if texture == 0:
        return np.zeros_like(u)
    return wave(u) if texture == 1 else wave(u) * wave(v)


def wave(u: Field) -> Field:
    """Up from -1 to 1 and down again on straight lines, once in `PERIOD`.

    >>> wave(np.array([[0.0, 2.5, 5.0, 7.5]])).tolist()
    [[-1.0, 0.0, 1.0, 0.0]]
    """
    return 4 * np.abs(u / PERIOD - np.floor(u / PERIOD + 0.5)) - 1


def grain(h: int, w: int) -> Float[np.ndarray, "h w 3"]:
    """Noise of mean 0 and deviation 1, the same in every drawing and in the page.

    The number of each value is mixed to 32 random bits; three uniform numbers of ten
    bits each, summed up, are nearly of normal distribution.

    >>> noise = grain(64, 64)
    >>> round(abs(float(noise.mean())), 1), round(float(noise.std()), 1)
    (0.0, 1.0)
    """
    bits = np.arange(h * w * 3, dtype=np.uint32) * np.uint32(0x9E3779B1)
    for shift, factor in ((15, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
    bits ^= bits >> np.uint32(16)
    total = sum((bits >> np.uint32(at) & np.uint32(1023)) for at in (0, 10, 20))
    return ((total.astype(float) - 1534.5) / 512).reshape(h, w, 3)


def any_touch(owner: UInt8[np.ndarray, "h w"]) -> bool:
    """Whether a pixel of one shape lies beside a pixel of another.

    >>> any_touch(np.array([[1, 0], [0, 2]], np.uint8))
    True
    """
    pairs = ((owner[:, 1:], owner[:, :-1]), (owner[1:], owner[:-1]),
             (owner[1:, 1:], owner[:-1, :-1]), (owner[1:, :-1], owner[:-1, 1:]))
    return any(((a > 0) & (b > 0) & (a != b)).any() for a, b in pairs)
