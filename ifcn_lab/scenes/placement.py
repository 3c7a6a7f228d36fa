"""Where the objects stand: touching, partly hiding each other, or apart."""
from __future__ import annotations

from collections.abc import Iterator
from operator import sub
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from numpy.random import Generator

from .settings import Settings
from .shapes import Number, Outline, outline

MARGIN = 5  # pixels drawn around a shape: its shadow falls there
CLOSE = 1.5  # pixels between objects that touch, at most
APART = 4  # pixels between objects meant to stand alone
TRIES = 16  # positions tried before an object is given up


class Body(NamedTuple):
    """One placed object: its outline, its colour group, its box's corner."""

    outline: Outline
    group: int
    top: int
    left: int


class Wish(NamedTuple):
    """What an object to be placed shall be."""

    outline: Outline
    group: int
    attach: bool  # to one of its group, else away from all of them


class Board:
    """Objects placed so far, and which of them each pixel shows."""

    def __init__(self, size: tuple[int, int], visible: Number = 0.4) -> None:
        self.visible = visible  # an object keeps at least this share of its pixels
        self.owner = np.zeros(size, np.int16)  # 0: background; i + 1: object i
        self.bodies: list[Body] = []
        self.order: list[int] = []  # from the hindmost to the foremost
        self.full: list[int] = []  # pixels of each object if nothing hid it
        self.seen: list[int] = []  # pixels of each that nothing hides so far

    def masks(self) -> Bool[np.ndarray, "n h w"]:
        """The visible pixels of every object."""
        labels = np.arange(1, len(self.bodies) + 1, dtype=np.int16)
        return self.owner == labels[:, None, None]

    def try_add(self, body: Body, behind: bool, lonely: bool) -> bool:
        """Add an object if the rules allow it, and say whether they did."""
        inside, box = crop(body, self.owner.shape)
        shown, outline = self.owner[inside], body.outline
        mask = outline.mask[box]
        if behind:
            mask = mask & (shown == 0)
        seen = int(np.count_nonzero(mask))
        if seen < self.visible * outline.area:
            return False
        lost = np.bincount(shown[mask], minlength=len(self.bodies) + 1)[1:].tolist()
        counts = zip(self.seen, lost, self.full, strict=True)
        if any(n and left - n < self.visible * full for left, n, full in counts):
            return False  # another would be hidden too much
        reach = APART if lonely else CLOSE
        near = np.bincount(shown[outline.distance[box] < reach], minlength=1)[1:]
        mates = [self.bodies[i].group == body.group for i in np.flatnonzero(near)]
        if lonely == any(mates):
            return False
        shown[mask] = len(self.bodies) + 1
        self.order.insert(0 if behind else len(self.order), len(self.bodies))
        self.bodies.append(body)
        self.full.append(outline.area)
        self.seen = [*map(sub, self.seen, lost), seen]
        return True


def crop(body: Body, size: tuple[int, int]) -> tuple[tuple, tuple]:
    """The body's box cut at the image border: slices of the image, and of the box."""
    n = len(body.outline.distance)
    inside, box = [], []
    for start, limit in zip((body.top, body.left), size, strict=True):
        first, last = max(start, 0), max(min(start + n, limit), max(start, 0))
        inside.append(slice(first, last))
        box.append(slice(first - start, last - start))
    return tuple(inside), tuple(box)


def arrange(rng: Generator, settings: Settings, names: tuple, lone: bool) -> Board:
    """Place objects of the named families; with little room, smaller ones."""
    small, large = settings.sizes
    for attempt in range(24):
        largest = small * (large / small) ** (0.85**attempt)
        board = _attempt(rng, settings, names, lone, largest)
        if len(board.bodies) >= settings.objects[0]:
            return board
    raise ValueError(
        f"no room for {settings.objects[0]} objects of {small} px in "
        f"{settings.size} px; give a larger size, fewer objects or smaller sizes"
    )


def _attempt(
    rng: Generator, settings: Settings, names: tuple, lone: bool, largest: Number
) -> Board:
    """Place as many of the drawn number of objects as find a place."""
    board = Board(settings.size, settings.least_visible)
    share = settings.share_touching
    attach = 0.0 if lone else 2 * share / (1 + share)  # with lone scenes: `share`
    count = int(rng.integers(settings.objects[0], settings.objects[1] + 1))
    sizes = settings.sizes[0], largest
    for wish in _wishes(rng, names, sizes, count, attach, settings):
        behind = bool(rng.random() < 0.4)
        for _ in range(TRIES):
            place = _beside if wish.attach else _anywhere
            if board.try_add(place(rng, board, wish), behind, not wish.attach):
                break
    return board


def _wishes(
    rng: Generator, names: tuple, sizes: tuple[Number, Number], count: int,
    attach: float, settings: Settings,
) -> Iterator[Wish]:
    """Draw kinds, lengths, colour groups and who is to touch."""
    groups = _groups(rng, count)
    kinds = _kinds(rng, names, count, settings.one_kind)
    lengths = _lengths(rng, sizes, count, settings.share_alike)
    drawn = rng.random(count) < attach
    for i in range(count):
        shape = outline(rng, kinds[i], lengths[i], MARGIN)
        # The first of a group has no mate yet.
        yield Wish(shape, groups[i], groups[i] in groups[:i] and bool(drawn[i]))


def _groups(rng: Generator, count: int) -> list[int]:
    """One to three colours, each for at least two objects where there are enough."""
    most = max(1, min(3, count // 2))
    number = int(min(most, rng.choice((1, 1, 1, 2, 2, 3))))
    return [int(g) for g in rng.permutation(np.arange(count) % number)]


def _kinds(rng: Generator, names: tuple, count: int, one: Number) -> list[str]:
    """A family for each object: in a share `one` of the scenes the same for all."""
    picks = rng.integers(len(names), size=1 if rng.random() < one else count)
    return [names[i] for i in np.resize(picks, count)]


def _lengths(
    rng: Generator, sizes: tuple[Number, Number], count: int, alike: float
) -> list[float]:
    """Log-uniform lengths; in some of the scenes, `alike` of them, nearly equal."""
    spread = rng.random(count)
    if rng.random() < alike:
        spread = np.clip(spread[0] + (spread - 0.5) * 0.3, 0, 1)
    return [float(sizes[0] * (sizes[1] / sizes[0]) ** s) for s in spread]


def _anywhere(rng: Generator, board: Board, wish: Wish) -> Body:
    """A position with the centre inside the image, a little away from its border."""
    half = len(wish.outline.distance) // 2
    inset = 0.7 * wish.outline.radius
    y, x = (rng.uniform(inset, n - inset) for n in board.owner.shape)
    return Body(wish.outline, wish.group, int(y) - half, int(x) - half)


def _beside(rng: Generator, board: Board, wish: Wish) -> Body:
    """A position against, or partly over, a random object of the same group."""
    mates = [b for b in board.bodies if b.group == wish.group]
    if not mates:
        return _anywhere(rng, board, wish)
    mate, half = mates[rng.integers(len(mates))], len(wish.outline.distance) // 2
    there = len(mate.outline.distance) // 2
    angle = rng.uniform(0, 2 * np.pi)
    reach = _reach(mate.outline, angle) + _reach(wish.outline, angle + np.pi)
    # From just touching to well inside; half of the contacts are shallow.
    depth = rng.random() ** 2 * 0.7 * min(mate.outline.radius, wish.outline.radius)
    y = mate.top + there + np.sin(angle) * (reach - depth)
    x = mate.left + there + np.cos(angle) * (reach - depth)
    return Body(wish.outline, wish.group, round(y) - half, round(x) - half)


def _reach(shape: Outline, angle: float) -> float:
    """How far from its centre the shape reaches in one direction, in pixels."""
    half, mask = len(shape.mask) // 2, shape.mask
    sin, cos = float(np.sin(angle)), float(np.cos(angle))
    return next((float(step) for step in range(half - 1, 0, -1)
                 if mask[round(half + sin * step), round(half + cos * step)]), 0.0)
