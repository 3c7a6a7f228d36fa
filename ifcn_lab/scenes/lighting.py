"""Painting with light: surfaces, background, and what a camera adds."""
from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from .looks import Look
from .shapes import Outline
from .textures import clouds, weave

Field = Float[np.ndarray, "a b"]
Planes = Float[np.ndarray, "c h w"]


def background(rng: Generator, look: Look, size: tuple[int, int]) -> Planes:
    """The empty scene: its colour, clouds and texture."""
    y, x = (np.arange(n, dtype=np.float32) for n in size)
    y, x = y[:, None], x[None]
    turn = np.float32(rng.uniform(0, np.pi))
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    field = weave(rng, look.ground_cloth, u, v, float(max(size)))
    if look.light:
        amount = rng.uniform(0, 0.3)
        field = field + np.float32(amount) * clouds(rng, size, max(size) / 3)
    return tint(look.ground, field)


def surface(
    rng: Generator, look: Look, group: int, shape: Outline, box: tuple[slice, slice]
) -> Planes:
    """The colour of one object at the pixels of its box that the image shows."""
    field = weave(rng, look.cloths[group], shape.u, shape.v, shape.radius)[box]
    depth = -shape.distance[box]
    edge = np.clip(1 - np.abs(depth) / np.float32(look.rim_width), 0, 1)
    hump = np.clip(depth * np.float32(2.2 / shape.radius), 0, 1)
    hump = hump * (2 - hump) - np.float32(0.6)
    across = np.linspace(-1, 1, len(shape.distance), dtype=np.float32)
    field += np.float32(look.rims[group]) * edge + np.float32(look.dome) * hump
    field += np.float32(look.slant[0]) * across[box[0], None]
    field += np.float32(look.slant[1]) * across[box[1]]
    field += np.float32(rng.uniform(-1, 1) * look.jitter)
    return tint(look.colours[group], field)


def tint(colour: Float[np.ndarray, " c"], field: Field) -> Planes:
    """Brighten or darken a colour by a field; dark colours too, or nothing shows."""
    gain = np.float32(0.45) * colour + np.float32(40)
    return colour[:, None, None] + gain[:, None, None] * field


def photograph(rng: Generator, look: Look, planes: Planes) -> Planes:
    """Light the finished scene unevenly, blur it and add noise."""
    if look.light:
        planes = planes * _light(rng, look.light, planes.shape[1:])
    planes = planes * np.float32(min(1, 250 / planes.max()))  # no glare hides objects
    for _ in range(look.blur):
        planes = _soften(_soften(planes, 1), 2)
    if look.noise:
        grain = rng.standard_normal(planes.shape, dtype=np.float32)
        grain *= np.float32(look.noise)
        planes += grain
    return planes


def _light(rng: Generator, amount: float, size: tuple[int, int]) -> Field:
    """A slanting light with soft clouds, about 1 on the whole."""
    turn = rng.uniform(0, 2 * np.pi)
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in size)
    slope = np.float32(np.sin(turn)) * y[:, None] + np.float32(np.cos(turn)) * x
    soft = np.float32(rng.uniform(0, 0.4)) * clouds(rng, size, max(size) / 2)
    return np.maximum(1 + np.float32(amount / 1.2) * (slope + soft), np.float32(0.15))


def _soften(planes: Planes, axis: int) -> Planes:
    """Blur along one axis with weights 1/4, 1/2, 1/4."""
    result = planes * np.float32(0.5)
    into, quarter = np.moveaxis(result, axis, 0), np.moveaxis(planes, axis, 0)
    quarter = quarter * np.float32(0.25)
    into[1:] += quarter[:-1]
    into[:-1] += quarter[1:]
    into[0] += quarter[0]
    into[-1] += quarter[-1]
    return result
