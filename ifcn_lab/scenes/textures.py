"""Surface textures: fields of about -1 to 1 in an object's own axes."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

Field = Float[np.ndarray, "a b"]


class Cloth(NamedTuple):
    """The texture that all objects of one colour share; its phase is each one's own."""

    name: str
    period: float  # pixels
    strength: float
    sharpness: float


def cloth(rng: Generator, names: tuple[str, ...]) -> Cloth:
    """Draw a texture: which, how coarse, how strong, how sharp."""
    period, strength = np.exp(rng.uniform(np.log((4, 0.08)), np.log((16, 0.6))))
    name = names[rng.integers(len(names))]
    return Cloth(name, float(period), float(strength), float(rng.uniform(1, 4)))


def weave(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """The texture at the points (u, v), in pixels, times its strength."""
    field = TEXTURES[cloth.name](rng, cloth, u, v, radius)
    return field * np.float32(cloth.strength)


def flat(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """No texture."""
    return np.zeros_like(u)


def stripes(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """Parallel stripes, soft or sharp."""
    return _wave(rng, cloth, u)


def checks(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """A chess board."""
    return _wave(rng, cloth, u) * _wave(rng, cloth, v)


def rings(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """Circles around the centre, like a dart board."""
    return _wave(rng, cloth, np.hypot(u, v))


def noise(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """Smooth clouds."""
    return clouds(rng, u.shape, cloth.period)


def speckle(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """Small spots, all bright or all dark."""
    spots = clouds(rng, u.shape, max(2.0, cloth.period / 4))
    return np.clip(spots * 3 - 1, 0, 1) * np.float32(1 if cloth.period < 8 else -1)


def relief(rng: Generator, cloth: Cloth, u: Field, v: Field, radius: float) -> Field:
    """A coin: a raised picture lit from one side, often with a ring around it."""
    ring = np.hypot(u, v) * np.float32(1 / (radius * rng.uniform(0.75, 0.95))) - 1
    height = clouds(rng, u.shape, max(3.0, radius / 3))
    height += clouds(rng, u.shape, max(2.0, radius / 8)) * np.float32(0.6)
    lit = height - np.roll(height, (1, 1), (0, 1))  # bright where it rises
    lit = np.clip(lit * np.float32(min(radius / 8, 3)), -1.2, 1.2) * (ring < 0)
    return lit + np.float32(rng.uniform(0, 1)) * np.exp(-((ring * 12) ** 2))


def clouds(rng: Generator, shape: tuple[int, int], period: float) -> Field:
    """Smooth noise: a coarse grid of random numbers, enlarged to `shape`."""
    rows, cols = (_spread(n, period) for n in shape)
    coarse = rng.standard_normal((rows.shape[1], cols.shape[1]), dtype=np.float32)
    return np.clip(np.float32(1.25) * (rows @ coarse @ cols.T), -1.6, 1.6)


def _spread(n: int, period: float) -> Field:
    """Cubic B-spline weights: knots `period` pixels apart, spread over n pixels."""
    knots = np.arange(-1, int(n / period) + 3, dtype=np.float32)
    place = np.arange(n, dtype=np.float32)[:, None] / np.float32(period)
    gap = np.abs(place - knots)  # (n, knots)
    near, wide = np.maximum(1 - gap, 0), np.maximum(2 - gap, 0)
    return (wide * wide * wide - 4 * near * near * near) / 6


def _wave(rng: Generator, cloth: Cloth, along: Field) -> Field:
    """A sine of random phase, clipped into bands where the cloth is sharp."""
    turn = along * np.float32(2 * np.pi / cloth.period)
    wave = np.sin(turn + np.float32(rng.uniform(0, 2 * np.pi)))
    return np.clip(wave * np.float32(cloth.sharpness), -1, 1)


TEXTURES = {
    "flat": flat, "stripes": stripes, "checks": checks, "rings": rings,
    "noise": noise, "speckle": speckle, "relief": relief,
}  # fmt: skip
