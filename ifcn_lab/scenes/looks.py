"""How a scene looks: its theme, colours, textures, border cues and camera."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from .textures import TEXTURES, Cloth, cloth

FLAT = Cloth("flat", 8.0, 0.0, 1.0)
DARK = 60  # levels: below this a shadow or a dark rim would not show


class Theme(NamedTuple):
    """A kind of picture: which shapes and textures it draws from, and its odds."""

    families: tuple[str, ...] | None  # None: all
    cloths: tuple[str, ...]
    odds: float  # among scenes whose objects touch
    odds_lone: float  # among scenes whose objects stand alone


THEMES = {
    "free": Theme(None, tuple(TEXTURES), 0.76, 0.35),
    "coins": Theme(("disc", "pebble", "pebble"), ("relief",), 0.1, 0.45),
    "cells": Theme(("ellipse", "blob", "pebble", "disc"), ("flat", "noise", "speckle"),
                   0.14, 0.2),
    "lesson": Theme(("disc", "ellipse", "rectangle", "blob", "pebble"),
                    ("flat", "stripes", "checks", "noise"), 0.0, 0.0),
    "plain": Theme(None, ("flat",), 0.0, 0.0),
}


class Look(NamedTuple):
    """How one scene is lit, coloured and photographed."""

    ground: Float[np.ndarray, " c"]  # levels, 0..255
    colours: Float[np.ndarray, "g c"]
    cloths: tuple[Cloth, ...]  # one per colour
    ground_cloth: Cloth
    rims: tuple[float, ...]  # per colour: the border line brighter, or darker (< 0)
    rim_width: float  # pixels
    shadow: float  # share of light that an object takes from what lies behind it
    shadow_width: float
    dome: float  # signed: how much brighter the middle is than the border
    slant: tuple[float, float]  # brightening along y and x across one object
    jitter: float  # how much objects of one colour differ in brightness
    light: float  # unevenness of the light over the image
    blur: int  # passes of a three-pixel blur
    noise: float  # levels


def draw_theme(rng: Generator, lone: bool) -> str:
    """Draw what kind of picture the scene shall resemble."""
    odds = [t.odds_lone if lone else t.odds for t in THEMES.values()]
    return str(rng.choice(list(THEMES), p=odds))


def draw_look(rng: Generator, theme: str, groups: int) -> Look:
    """Draw the look of one scene."""
    if theme == "plain":
        return _plain(groups)
    grey, least = theme in ("coins", "cells"), 80 if theme == "lesson" else 25
    look = _free(rng, THEMES[theme].cloths, groups, 1 if grey else 3, least)
    tame = {"coins": _coins, "cells": _cells, "lesson": _lesson}.get(theme)
    return tame(rng, look) if tame else look


def _plain(groups: int) -> Look:
    """Flat colours, even light, no noise: only a thin line where objects meet."""
    ground = np.array([235, 235, 235], np.float32)
    palette = np.array([[70, 110, 180], [200, 110, 60], [90, 150, 90]], np.float32)
    return Look(
        ground, palette[:groups], (FLAT,) * groups, FLAT, rims=(-0.3,) * groups,
        rim_width=1.5, shadow=0.0, shadow_width=1.0, dome=0.0, slant=(0.0, 0.0),
        jitter=0.0, light=0.0, blur=0, noise=0.0,
    )  # fmt: skip


def _free(
    rng: Generator, cloths: tuple[str, ...], groups: int, channels: int, least: float
) -> Look:
    """Anything goes, with at least so much contrast between objects and ground."""
    ground, colours, contrast = _colours(rng, groups, channels, least)
    rim, shadow, dome = _cues(rng)
    turn, slant = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.35)
    slant *= rng.random() < 0.5
    return Look(
        ground=ground,
        colours=colours,
        cloths=tuple(cloth(rng, cloths) for _ in range(groups)),
        ground_cloth=_ground_cloth(rng),
        rims=tuple(_visible(rim, float(colour.mean())) for colour in colours),
        rim_width=rng.uniform(1.2, 4),
        shadow=shadow,
        shadow_width=rng.uniform(1.5, 4.5),
        dome=dome,
        slant=(float(np.sin(turn) * slant), float(np.cos(turn) * slant)),
        jitter=rng.uniform(0, 0.12) * (rng.random() < 0.4),
        light=rng.uniform(0, 0.55) * (rng.random() < 0.7),
        blur=int(rng.integers(0, 4)),
        noise=min(float(np.exp(rng.uniform(np.log(0.5), np.log(9)))), contrast / 6),
    )


def _lesson(rng: Generator, look: Look) -> Look:
    """Clear pictures: mild textures, a dark line round every object, little noise."""
    cloths, means = (*look.cloths, look.ground_cloth), look.colours.mean(1)
    *cloths, ground_cloth = (c._replace(strength=0.4 * c.strength) for c in cloths)
    return look._replace(
        cloths=tuple(cloths), ground_cloth=ground_cloth,
        rims=tuple(_visible(-rng.uniform(0.3, 0.6), float(mean)) for mean in means),
        rim_width=float(rng.uniform(1.5, 3)), dome=0.5 * look.dome,
        light=0.6 * look.light, blur=min(look.blur, 1), noise=min(look.noise, 3.0),
    )  # fmt: skip


def _coins(rng: Generator, look: Look) -> Look:
    """Grey coins with a relief, on a darker ground in uneven light."""
    relief = look.cloths[0]._replace(strength=float(rng.uniform(0.2, 0.7)))
    return look._replace(
        ground=rng.uniform(15, 90, 1).astype(np.float32),
        colours=rng.uniform(110, 190, (len(look.cloths), 1)).astype(np.float32),
        cloths=(relief,) * len(look.cloths),
        jitter=float(rng.uniform(0, 0.25)),
        dome=look.dome * 0.4,
        light=float(rng.uniform(0.1, 0.6)),
        noise=float(rng.uniform(1, 6)),
    )


def _cells(rng: Generator, look: Look) -> Look:
    """Glowing nuclei in a dark field, unequally bright, a little out of focus."""
    count = len(look.cloths)
    level = np.exp(rng.uniform(np.log(30), np.log(190)))
    return look._replace(
        ground=rng.uniform(2, 22, 1).astype(np.float32),
        colours=np.full((count, 1), level, np.float32),
        rims=tuple(-float(rim) for rim in rng.uniform(0.05, 0.4, count)),
        shadow=float(rng.uniform(0, 0.35)),
        dome=float(rng.uniform(0.05, 0.5)),
        jitter=float(rng.uniform(0.05, 0.5)),
        ground_cloth=FLAT,
        blur=int(rng.integers(1, 5)),
        noise=float(rng.uniform(0.3, 0.05 * level)),
    )


def _cues(rng: Generator) -> tuple[float, float, float]:
    """Rim, shadow and dome: never all absent, or nobody could see the border."""
    has_rim, has_shadow, has_dome = rng.random(3) < (0.6, 0.5, 0.5)
    has_rim = has_rim or not has_shadow
    rim = np.exp(rng.uniform(np.log(0.15), np.log(0.9))) * (1, -1)[rng.random() < 0.7]
    shadow, dome = rng.uniform((0.15, 0.1), (0.7, 0.5))
    dome *= (-1, 1)[rng.random() < 0.7]
    return float(rim * has_rim), float(shadow * has_shadow), float(dome * has_dome)


def _visible(rim: float, level: float) -> float:
    """The rim, turned bright on a dark surface, where nothing else would show."""
    return rim if level > DARK else max(abs(rim), 0.25)


def _ground_cloth(rng: Generator) -> Cloth:
    """A background texture, mostly weaker than those of objects."""
    if rng.random() < 0.4:
        return FLAT
    drawn = cloth(rng, ("noise", "noise", "speckle", "stripes", "checks"))
    return drawn._replace(strength=drawn.strength * 0.6)


def _colours(
    rng: Generator, groups: int, channels: int, least: float
) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, "g c"], float]:
    """A background, object colours some contrast away, and the least contrast."""
    if rng.random() < 0.4:
        channels = 1
    vivid = rng.random()
    ground = _candidates(rng, 1, channels, vivid)[0]
    if rng.random() < 0.2:
        ground *= np.float32(0.15)  # a dark field, as under a microscope
    chosen: list[np.ndarray] = []
    for contrast in np.exp(rng.uniform(np.log(least), np.log(170), groups)):
        tries = _candidates(rng, 48, channels, vivid)
        miss = np.abs(np.abs(tries - ground).max(1) - contrast)
        for other in chosen:
            miss += 10 * np.maximum(0, 55 - np.abs(tries - other).max(1))
        chosen.append(tries[miss.argmin()])
    colours = np.stack(chosen)
    return ground, colours, float(np.abs(colours - ground).max(1).min())


def _candidates(
    rng: Generator, count: int, channels: int, vivid: float
) -> Float[np.ndarray, "count channels"]:
    """Random colours: from greys (vivid 0) to anything (vivid 1)."""
    colours = rng.uniform(12, 240, (count, channels))
    grey = colours.mean(1, keepdims=True)
    return (grey + (0.2 + 0.8 * vivid) * (colours - grey)).astype(np.float32)
