"""Shape families, each a signed distance in pixels, negative inside.

Every shape fits into a circle of radius `radius` around its own centre, so the object's
longest side is at most 2 * radius.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float
from numpy.random import Generator

Field = Float[np.ndarray, "n n"]
Number = float | int
RAYS = 1024  # directions in which the outline of a radial shape is tabulated


@dataclass(frozen=True)
class Outline:
    """One shape drawn in a square box: its distance field and its own axes."""

    distance: Field  # pixels, negative inside
    u: Field  # pixels along the object's own axes, 0 at its centre
    v: Field
    radius: float
    family: str

    @cached_property
    def mask(self) -> Bool[np.ndarray, "n n"]:
        """The pixels at least half covered."""
        return self.distance <= 0

    @cached_property
    def area(self) -> int:
        """How many pixels the mask has."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def coverage(self) -> Field:
        """The share of each pixel that the shape covers, in [0, 1]."""
        return np.clip(0.5 - self.distance, 0, 1)


def outline(
    rng: Generator, family: str, length: Number, margin: int, shift: Number = 1
) -> Outline:
    """Draw a shape at a random angle, `margin` pixels clear of its box's border.

    Its centre lies up to half a pixel off the box's, times `shift`.
    """
    radius = length / 2
    half = int(np.ceil(radius)) + margin
    steps = np.arange(-half, half + 1, dtype=np.float32)
    dy, dx, angle = (rng.random(3) - 0.5) * (shift, shift, 2 * np.pi)
    y, x = (steps - np.float32(dy))[:, None], (steps - np.float32(dx))[None]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u, v = cos * x + sin * y, cos * y - sin * x  # (n, n)
    distance = FAMILIES[family](rng, u, v, radius)
    return Outline(distance.astype(np.float32, copy=False), u, v, radius, family)


def disc(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """A circle."""
    return np.hypot(u, v) - np.float32(radius)


def ellipse(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """An ellipse, the short axis 0.4 to 0.9 of the long one."""
    a, b = np.float32(radius), np.float32(radius * rng.uniform(0.4, 0.9))
    level = np.hypot(u / a, v / b)  # 1 on the outline
    slope = np.hypot(u / a**2, v / b**2)  # level * slope of the level
    tiny = np.float32(1e-3)  # at the centre both are 0
    return (level - 1) * (level + tiny) / (slope + tiny / b)


def rectangle(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """A rectangle with rounded corners, from a square to one half as wide."""
    slant = rng.uniform(0.45, np.pi / 4)
    a, b, corner = np.cos(slant), np.sin(slant), rng.uniform(0.05, 0.6) * np.sin(slant)
    # A rounded corner reaches less far: enlarge until it meets the circle.
    grow = radius / (np.hypot(a - corner, b - corner) + corner)
    a, b, corner = grow * (a - corner), grow * (b - corner), grow * corner
    p, q = np.abs(u) - np.float32(a), np.abs(v) - np.float32(b)
    outside = np.hypot(np.maximum(p, 0), np.maximum(q, 0))
    return outside + np.minimum(np.maximum(p, q), 0) - np.float32(corner)


def bar(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """A bar with round ends."""
    thick = np.float32(max(2.5, radius * rng.uniform(0.25, 0.5)))
    beyond = np.maximum(np.abs(u) - (np.float32(radius) - thick), 0)
    return np.hypot(beyond, v) - thick


def bean(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """A bent bar: an arc of a circle, thickened."""
    thick = np.float32(max(2.5, radius * rng.uniform(0.28, 0.45)))
    bow = rng.uniform(0.7, 1.4)  # half the opening angle, radians
    arc = (radius - thick) / np.hypot(np.sin(bow), (1 - np.cos(bow)) / 2)
    lift = arc * (1 + np.cos(bow)) / 2  # brings the middle of the arc to the centre
    p, q = np.abs(u), v + np.float32(lift)
    end_u, end_v = np.float32(arc * np.sin(bow)), np.float32(arc * np.cos(bow))
    inside = p * end_v <= q * end_u  # within the opening angle
    along = np.abs(np.hypot(p, q) - np.float32(arc))
    return np.where(inside, along, np.hypot(p - end_u, q - end_v)) - thick


def polygon(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """An irregular convex polygon with three to eight corners on the circle."""
    n = int(rng.integers(3, 9))
    corners = (np.arange(n) + rng.uniform(-0.3, 0.3, n)) * 2 * np.pi / n
    width = np.diff(np.append(corners, corners[0] + 2 * np.pi)) / 2
    middle, gap = corners + width, radius * np.cos(width)
    result = np.full_like(u, -radius)
    for angle, reach in zip(middle, gap, strict=True):
        edge = np.float32(np.cos(angle)) * u + np.float32(np.sin(angle)) * v
        np.maximum(result, edge - np.float32(reach), out=result)
    return result


def star(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """A star or flower with four to seven points."""
    points, depth = int(rng.integers(4, 8)), rng.uniform(0.25, 0.5)
    phase = np.abs(np.arange(RAYS) * points / RAYS % 1 * 2 - 1)
    reach = 1 - depth * (phase if rng.random() < 0.5 else np.sin(phase * np.pi / 2))
    return radial(u, v, radius * reach)


def blob(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """A smooth irregular blob: a circle whose radius is a random Fourier series."""
    order = np.arange(2, 6)
    size = rng.normal(size=4) * rng.uniform(0.1, 0.35) / order
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    reach = np.exp(size @ np.cos(order[:, None] * angle + rng.uniform(0, 7, (4, 1))))
    return radial(u, v, radius * reach / reach.max())


def pebble(rng: Generator, u: Field, v: Field, radius: float) -> Field:
    """Almost a circle: a worn coin, a nucleus, a pebble."""
    order = np.arange(2, 9)
    size = rng.normal(size=7) * rng.uniform(0.02, 0.06) / np.sqrt(order)
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    reach = 1 + size @ np.cos(order[:, None] * angle + rng.uniform(0, 7, (7, 1)))
    return radial(u, v, radius * reach / reach.max())


def radial(u: Field, v: Field, reach: Float[np.ndarray, " rays"]) -> Field:
    """The distance to an outline given by how far it reaches in each direction."""
    n = len(reach)
    ray = (np.arctan2(v, u) * np.float32(n / (2 * np.pi))).astype(np.intp) % n
    slope = (np.roll(reach, -1) - np.roll(reach, 1)) * n / (4 * np.pi)
    # Across a slanted outline the way along the ray is longer than the distance.
    tilt = (1 / np.hypot(1, slope / reach)).astype(np.float32)
    return (np.hypot(u, v) - reach.astype(np.float32)[ray]) * tilt[ray]


FAMILIES = {
    "disc": disc, "ellipse": ellipse, "rectangle": rectangle, "bar": bar,
    "bean": bean, "polygon": polygon, "star": star, "blob": blob,
    "pebble": pebble,
}  # fmt: skip
