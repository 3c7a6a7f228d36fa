"""Seeded synthetic scenes in which objects of one colour touch and hide each other."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from numbers import Integral
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy.random import Generator

from .lighting import background, photograph, surface
from .looks import THEMES, Look, draw_look, draw_theme
from .placement import MARGIN, Board, Body, arrange, crop
from .settings import Settings, check_seed
from .shapes import FAMILIES, Number, outline

__all__ = ["FAMILIES", "Scene", "families_in", "families_of", "make", "stream",
           "two_touching"]


class Scene(NamedTuple):
    """An image and the visible pixels of each object in it."""

    image: UInt8[np.ndarray, "h w 3"]
    masks: Bool[np.ndarray, "n h w"]


def make(
    seed: Integral,
    *,
    size: tuple[int, int] = (128, 128),
    objects: tuple[int, int] = (2, 8),
    sizes: tuple[Number, Number] = (28, 86),
    families: Sequence[str] | None = None,
    touching: Number | None = None,
    alike: Number | None = None,
    one_kind: Number = 0.5,
    style: str = "lesson",
) -> Scene:
    """Draw a scene; the same seed and wishes give the same scene.

    size: height and width in pixels. objects: the fewest and the most. sizes: the
    shortest and longest object in pixels, drawn log-uniformly; within a lesson scene
    nearly equal, so that neighbours fit one window. families: names out of `FAMILIES`,
    None for all. touching: the share of objects meant to touch or partly hide one of
    their own colour; None: 1 in lesson scenes, else 0.8. However it is hidden or
    cut, every object keeps 0.75 of its pixels, in wild scenes 0.4. alike: the share of
    scenes whose objects are nearly of one size; None: 1 in lesson scenes, else 0.33.
    one_kind: the share of scenes whose objects are of one family by design.

    style: "lesson": five simple families, mild textures, a visible border; "wild":
    anything goes, for networks that shall work on photographs; "plain": flat colours,
    even light, no noise.

    Raises TypeError or ValueError for wishes that cannot be met.

    >>> scene = make(7)
    >>> scene.image.shape, scene.masks.shape[1:]
    ((128, 128, 3), (128, 128))
    >>> int(scene.masks.sum(0).max())  # no pixel belongs to two objects
    1
    """
    settings = Settings(size, objects, sizes, families, touching, alike, one_kind,
                        style)
    return _draw(np.random.default_rng(check_seed(seed)), settings)


def families_of(seed: Integral, **wishes: object) -> tuple[str, ...]:
    """Name the shape family of each object of `make(seed, **wishes)`, in its order.

    The objects are placed again, not painted: about half of the time of `make`.

    >>> families_of(7)
    ('pebble', 'disc', 'rectangle', 'pebble', 'disc', 'blob')
    """
    rng, settings = np.random.default_rng(check_seed(seed)), Settings(**wishes)
    return tuple(body.outline.family for body in _place(rng, settings)[0].bodies)


def families_in(style: str = "lesson") -> tuple[str, ...]:
    """Name the shape families that scenes of a style draw from, in `FAMILIES`' order.

    >>> families_in("lesson")
    ('disc', 'ellipse', 'rectangle', 'blob', 'pebble')
    """
    theirs = THEMES[style].families if style in THEMES else None
    return tuple(name for name in FAMILIES if theirs is None or name in theirs)


def stream(seed: Integral, **wishes: object) -> Iterator[Scene]:
    """Yield scenes without end; `wishes` are those of `make`.

    >>> scenes = stream(0, size=(96, 96), objects=(2, 3))
    >>> next(scenes).image.shape
    (96, 96, 3)
    """
    settings, seed = Settings(**wishes), check_seed(seed)

    # A spawn key keeps these scenes apart from those of make(seed).
    sources = (np.random.SeedSequence(seed, spawn_key=(n,)) for n in count())
    return (_draw(np.random.default_rng(source), settings) for source in sources)


def two_touching(*, diameter: Number = 46) -> Scene:
    """Draw two flat discs of one colour that just touch, whole, in 128 x 128 px.

    They stand side by side in the middle; always the same. Raises ValueError where the
    pair has no room.

    >>> two_touching().masks.sum((1, 2)).tolist()
    [1653, 1653]
    """
    if not 4 <= diameter <= 60:
        raise ValueError(f"diameter is {diameter}; give 4 to 60 px, both must fit")
    rng, apart = np.random.default_rng(0), (diameter + 1) / 2
    for closer in range(3):  # whole pixels may leave a gap: then one step nearer
        board = Board((128, 128))
        for x in (round(63.5 - apart) + closer, round(63.5 + apart)):
            shape = outline(rng, "disc", diameter, MARGIN, shift=0)
            half = len(shape.distance) // 2
            body = Body(shape, 0, 64 - half, x - half)
            board.try_add(body, behind=False, lonely=not board.bodies)
        if set(np.trim_zeros(board.owner[64])) == {1, 2}:
            break
    return _photo(rng, board, draw_look(rng, "plain", 1))


def _draw(rng: Generator, settings: Settings) -> Scene:
    """Place the objects, paint them from the back to the front, photograph them."""
    board, theme = _place(rng, settings)
    groups = 1 + max(body.group for body in board.bodies)
    look = draw_look(rng, theme, groups)
    return _photo(rng, board, look)


def _place(rng: Generator, settings: Settings) -> tuple[Board, str]:
    """Draw the theme and place the objects."""
    lone = bool(rng.random() < (1 - settings.share_touching) / 2)
    theme = draw_theme(rng, lone) if settings.style == "wild" else settings.style
    names = tuple(settings.families or THEMES[theme].families or FAMILIES)
    return arrange(rng, settings, names, lone), theme


def _photo(rng: Generator, board: Board, look: Look) -> Scene:
    """Paint the objects, then take the picture."""
    planes = _paint(rng, board, look)
    planes = photograph(rng, look, planes)
    planes = np.clip(np.rint(planes, out=planes), 0, 255, out=planes)
    image = np.broadcast_to(planes.astype(np.uint8), (3, *board.owner.shape))
    return Scene(np.ascontiguousarray(image.transpose(1, 2, 0)), board.masks())


def _paint(rng: Generator, board: Board, look: Look) -> Float[np.ndarray, "c h w"]:
    """Paint every object over what is behind it, its shadow first."""
    planes = background(rng, look, board.owner.shape)
    for i in board.order:
        body = board.bodies[i]
        inside, box = crop(body, board.owner.shape)
        distance = body.outline.distance[box]
        near = np.clip(1 - distance / np.float32(look.shadow_width), 0, 1)
        behind = planes[:, *inside] * (1 - np.float32(look.shadow) * near)
        colour = surface(rng, look, body.group, body.outline, box)
        cover = body.outline.coverage[box]
        planes[:, *inside] = behind + cover * (colour - behind)
    return planes
