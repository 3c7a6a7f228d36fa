"""Colours, shading and what a camera adds: light, blur and noise."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .shapes import Outline
from .textures import TEXTURES, Cloth, cloth, clouds, weave

Field = Float[np.ndarray, "a b"]
Planes = Float[np.ndarray, "c h w"]
FLAT = Cloth("flat", 8.0, 0.0, 1.0)


class Look(NamedTuple):
    """How one scene is lit, coloured and photographed."""

    ground: Float[np.ndarray, "c"]  # levels, 0..255
    colours: Float[np.ndarray, "g c"]
    cloths: tuple[Cloth, ...]  # one per colour
    ground_cloth: Cloth
    rim: float  # signed: the border line darker or brighter than the surface
    rim_width: float  # pixels
    shadow: float  # share of light that an object takes from what lies behind it
    shadow_width: float
    dome: float  # signed: how much brighter the middle is than the border
    slant: tuple[float, float]  # brightening along y and x across one object
    jitter: float  # how much objects of one colour differ in brightness
    light: float  # unevenness of the light over the image
    blur: int  # passes of a three-pixel blur
    noise: float  # levels


def draw_look(rng: np.random.Generator, groups: int) -> Look:
    """Draw the look of one scene."""
    ground, colours = _colours(rng, groups, 1 if rng.random() < 0.5 else 3)
    names = tuple(TEXTURES)
    rim, shadow, dome = _cues(rng)
    turn = rng.uniform(0, 2 * np.pi)
    slant = rng.uniform(0, 0.35) * (rng.random() < 0.5)
    return Look(
        ground=ground,
        colours=colours,
        cloths=tuple(cloth(rng, names) for _ in range(groups)),
        ground_cloth=_ground_cloth(rng),
        rim=rim,
        rim_width=rng.uniform(1.2, 4),
        shadow=shadow,
        shadow_width=rng.uniform(1.5, 4.5),
        dome=dome,
        slant=(float(np.sin(turn) * slant), float(np.cos(turn) * slant)),
        jitter=rng.uniform(0, 0.12) * (rng.random() < 0.4),
        light=rng.uniform(0, 0.6) * (rng.random() < 0.7),
        blur=int(rng.integers(0, 4)),
        noise=float(np.exp(rng.uniform(np.log(0.5), np.log(9)))),
    )


def plain_look(rng: np.random.Generator, groups: int) -> Look:
    """Flat colours, even light, no noise: only a thin line where objects meet."""
    ground = np.array([235, 235, 235], np.float32)
    palette = np.array([[70, 110, 180], [200, 110, 60], [90, 150, 90]], np.float32)
    colours = palette[:groups]
    return Look(
        ground, colours, (FLAT,) * groups, FLAT, rim=-0.3, rim_width=1.5, shadow=0.0,
        shadow_width=1.0, dome=0.0, slant=(0.0, 0.0), jitter=0.0, light=0.0, blur=0,
        noise=0.0,
    )  # fmt: skip


def background(
    rng: np.random.Generator, look: Look, size: tuple[int, int]
) -> Planes:
    """The empty scene: its colour, clouds and texture."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    turn = np.float32(rng.uniform(0, np.pi))
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    field = weave(rng, look.ground_cloth, u, v, float(max(size)))
    if look.light:
        amount = rng.uniform(0, 0.3)
        field = field + np.float32(amount) * clouds(rng, size, max(size) / 3)
    return tint(look.ground, field)


def surface(rng: np.random.Generator, look: Look, group: int, shape: Outline) -> Planes:
    """The colour of one object at every pixel of its box."""
    field = weave(rng, look.cloths[group], shape.u, shape.v, shape.radius)
    depth = -shape.distance
    edge = np.clip(1 - np.abs(depth) / np.float32(look.rim_width), 0, 1)
    hump = np.clip(depth * np.float32(2.2 / shape.radius), 0, 1)
    hump = hump * (2 - hump) - np.float32(0.6)
    n = len(depth)
    across = np.linspace(-1, 1, n, dtype=np.float32)
    field += np.float32(look.rim) * edge + np.float32(look.dome) * hump
    field += np.float32(look.slant[0]) * across[:, None]
    field += np.float32(look.slant[1]) * across
    field += np.float32(rng.uniform(-1, 1) * look.jitter)
    return tint(look.colours[group], field)


def tint(colour: Float[np.ndarray, "c"], field: Field) -> Planes:
    """Brighten or darken a colour by a field; dark colours too, or nothing shows."""
    gain = np.float32(0.45) * colour + np.float32(40)
    return colour[:, None, None] + gain[:, None, None] * field


def photograph(rng: np.random.Generator, look: Look, planes: Planes) -> Planes:
    """Light the finished scene unevenly, blur it and add noise."""
    if look.light:
        planes = planes * _light(rng, look.light, planes.shape[1:])
    for _ in range(look.blur):
        planes = _soften(_soften(planes, 1), 2)
    if look.noise:
        grain = rng.standard_normal(planes.shape, dtype=np.float32)
        planes = planes + np.float32(look.noise) * grain
    return planes


def _light(rng: np.random.Generator, amount: float, size: tuple[int, int]) -> Field:
    """A slanting light with soft clouds, about 1 on the whole."""
    turn = rng.uniform(0, 2 * np.pi)
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in size)
    slope = np.float32(np.sin(turn)) * y[:, None] + np.float32(np.cos(turn)) * x
    soft = np.float32(rng.uniform(0, 0.4)) * clouds(rng, size, max(size) / 2)
    return np.maximum(1 + np.float32(amount) * (slope + soft), np.float32(0.15))


def _soften(planes: Planes, axis: int) -> Planes:
    """Blur along one axis with weights 1/4, 1/2, 1/4."""
    moved = np.moveaxis(planes, axis, 0)
    result = moved * np.float32(0.5)
    result[1:] += moved[:-1] * np.float32(0.25)
    result[:-1] += moved[1:] * np.float32(0.25)
    result[0] += moved[0] * np.float32(0.25)
    result[-1] += moved[-1] * np.float32(0.25)
    return np.moveaxis(result, 0, axis)


def _cues(rng: np.random.Generator) -> tuple[float, float, float]:
    """Rim, shadow and dome: never all absent, or nobody could see the border."""
    has_rim, has_shadow, has_dome = rng.random(3) < (0.6, 0.5, 0.5)
    has_rim = has_rim or not has_shadow
    rim = np.exp(rng.uniform(np.log(0.15), np.log(0.9))) * (1, -1)[rng.random() < 0.7]
    shadow, dome = rng.uniform((0.15, 0.1), (0.7, 0.5))
    dome *= (-1, 1)[rng.random() < 0.7]
    return float(rim * has_rim), float(shadow * has_shadow), float(dome * has_dome)


def _ground_cloth(rng: np.random.Generator) -> Cloth:
    """A background texture, mostly weaker than those of objects."""
    if rng.random() < 0.4:
        return FLAT
    drawn = cloth(rng, ("noise", "noise", "speckle", "stripes", "checks"))
    return drawn._replace(strength=drawn.strength * 0.6)


def _colours(
    rng: np.random.Generator, groups: int, channels: int
) -> tuple[Float[np.ndarray, "c"], Float[np.ndarray, "g c"]]:
    """A background and object colours: a drawn contrast away, and from each other."""
    ground = rng.uniform(5, 240, channels).astype(np.float32)
    if rng.random() < 0.25:
        ground *= np.float32(0.15)  # a dark field, as under a microscope
    chosen: list[np.ndarray] = []
    for _ in range(groups):
        contrast = np.exp(rng.uniform(np.log(25), np.log(170)))
        tries = rng.uniform(15, 245, (48, channels)).astype(np.float32)
        miss = np.abs(np.abs(tries - ground).max(1) - contrast)
        for other in chosen:
            miss += 10 * np.maximum(0, 55 - np.abs(tries - other).max(1))
        chosen.append(tries[miss.argmin()])
    return ground, np.stack(chosen)
