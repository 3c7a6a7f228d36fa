"""Seeded synthetic scenes in which objects of one colour touch and hide each other."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from .lighting import background, photograph, surface
from .looks import THEMES, Look, draw_look, draw_theme
from .measure import shares
from .placement import MARGIN, Board, Body, arrange, crop
from .settings import Settings, check_seed
from .shapes import FAMILIES, Number, outline

__all__ = ["FAMILIES", "Scene", "families_in", "families_of", "make", "shares",
           "stream", "two_touching"]


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
    visible: Number | None = None,
    style: str = "lesson",
) -> Scene:
    """Draw a scene; the same seed and wishes give the same scene.

    size: height and width in pixels. objects: the fewest and the most. sizes: the
    shortest and longest object in pixels, drawn log-uniformly; within a lesson scene
    nearly equal, so that neighbours fit one window. families: names out of `FAMILIES`,
    None for all. touching: the share of objects meant to touch or partly hide one of
    their own colour; None: 1 in lesson scenes, else 0.8. visible: the share of its
    pixels that every object keeps, however it is hidden or cut; None: 0.75, in wild
    scenes 0.4.

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
    settings = Settings(size, objects, sizes, families, touching, visible, style)
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

    def scenes() -> Iterator[Scene]:
        number = 0
        while True:
            # A spawn key keeps these scenes apart from those of make(seed).
            source = np.random.SeedSequence(seed, spawn_key=(number,))
            yield _draw(np.random.default_rng(source), settings)
            number += 1

    return scenes()


def two_touching(seed: Integral | None = None, *, diameter: Number = 46) -> Scene:
    """Draw two flat discs of one colour that just touch, whole, in 128 x 128 px.

    None draws the standard pair: side by side, in the middle. A seed draws a pair
    somewhere, at some angle. Raises ValueError where the pair has no room.

    >>> two_touching().masks.sum((1, 2)).tolist()
    [1653, 1653]
    """
    if not 4 <= diameter <= 60:
        raise ValueError(f"diameter is {diameter}; give 4 to 60 px, both must fit")
    rng = np.random.default_rng(0 if seed is None else check_seed(seed))
    middles = _pair(rng, diameter, seed is None)
    for closer in range(3):  # whole pixels may leave a gap: then one step nearer
        nearer = np.sign(middles[1] - middles[0]) * closer
        board = _discs(rng, diameter, (middles[0] + nearer, middles[1]))
        if len(board.bodies) == 2 and _adjoin(*board.masks()):
            break
    return _photo(rng, board, draw_look(rng, "plain", 1))


def _discs(
    rng: np.random.Generator, diameter: Number, middles: Sequence[np.ndarray]
) -> Board:
    """A board with discs of one colour at these middles."""
    board = Board((128, 128))
    for y, x in middles:
        shape = outline(rng, "disc", diameter, MARGIN, shift=0)
        half = len(shape.distance) // 2
        body = Body(shape, 0, int(y) - half, int(x) - half)
        board.try_add(body, behind=False, lonely=not board.bodies)
    return board


def _adjoin(a: Bool[np.ndarray, "h w"], b: Bool[np.ndarray, "h w"]) -> bool:
    """Whether a pixel of one mask has a pixel of the other beside it."""
    beside = ((a[1:] & b[:-1]).any(), (a[:-1] & b[1:]).any(),
              (a[:, 1:] & b[:, :-1]).any(), (a[:, :-1] & b[:, 1:]).any())
    return any(beside)


def _pair(
    rng: np.random.Generator, diameter: Number, standard: bool
) -> Int[np.ndarray, "2 2"]:
    """The centres (y, x) of two touching discs, both inside 128 x 128 px."""
    turn = 0.0 if standard else rng.uniform(0, np.pi)
    # Rounding to whole pixels must leave no gap at a slant.
    apart = diameter + (1 if standard else -0.5)
    step = np.array([np.sin(turn), np.cos(turn)]) * apart / 2
    room = 62 - diameter / 2 - np.abs(step)
    middle = 63.5 + (0 if standard else rng.uniform(-room, room))
    return np.rint([middle - step, middle + step]).astype(int)


def _draw(rng: np.random.Generator, settings: Settings) -> Scene:
    """Place the objects, paint them from the back to the front, photograph them."""
    board, theme = _place(rng, settings)
    groups = 1 + max(body.group for body in board.bodies)
    look = draw_look(rng, theme, groups)
    return _photo(rng, board, look)


def _place(rng: np.random.Generator, settings: Settings) -> tuple[Board, str]:
    """Draw the theme and place the objects."""
    lone = bool(rng.random() < (1 - settings.share_touching) / 2)
    theme = draw_theme(rng, lone) if settings.style == "wild" else settings.style
    names = tuple(settings.families or THEMES[theme].families or FAMILIES)
    return arrange(rng, settings, names, lone), theme


def _photo(rng: np.random.Generator, board: Board, look: Look) -> Scene:
    """Paint the objects, then take the picture."""
    planes = _paint(rng, board, look)
    planes = photograph(rng, look, planes)
    planes = np.clip(np.rint(planes, out=planes), 0, 255, out=planes)
    image = np.broadcast_to(planes.astype(np.uint8), (3, *board.owner.shape))
    return Scene(np.ascontiguousarray(image.transpose(1, 2, 0)), board.masks())


def _paint(
    rng: np.random.Generator, board: Board, look: Look
) -> Float[np.ndarray, "c h w"]:
    """Paint every object over what is behind it, its shadow first."""
    planes = background(rng, look, board.owner.shape)
    for i in board.order:
        body = board.bodies[i]
        inside, box = crop(body, board.owner.shape)
        distance = body.outline.distance[box]
        near = np.clip(1 - distance / np.float32(look.shadow_width), 0, 1)
        behind = planes[:, *inside] * (1 - np.float32(look.shadow) * near)
        colour = surface(rng, look, body.group, body.outline)[:, *box]
        cover = body.outline.coverage[box]
        planes[:, *inside] = behind + cover * (colour - behind)
    return planes
