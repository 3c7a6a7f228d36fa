"""Whole numbers that stand for score maps, and the scene of a class.

Both are the same on every machine, and no two classes share them.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from ifcn_course.assignment.sheet import SIDE, STRIDE
from ifcn_course.assignment.task import Lead
from ifcn_course.assignment.variant import Variant
from ifcn_lab import scenes
from ifcn_lab.grid import Grid
from ifcn_lab.windows.oracle import coverage, object_centers, oracle_maps


class Scores(NamedTuple):
    """Score maps of whole numbers, and the line of a notebook that makes them."""

    maps: Int[np.ndarray, "kk H W"]
    line: str
    factor: int
    prime: int


def class_scores(variant: Variant) -> Scores:
    """The class's own scores, (k*k, 32, 32) whole numbers below 1000.

    >>> from ifcn_course.assignment.variant import drawn
    >>> class_scores(drawn(3, 2027)).maps.shape[1:]
    (32, 32)
    """
    prime = variant.draws.one("prime", (883, 907, 929, 947, 967, 983, 997))
    factor = variant.draws.whole("factor", 101, 799)
    count = variant.k**2 * SIDE**2
    maps = (factor * np.arange(count) % prime).reshape(-1, SIDE, SIDE)
    line = (f"scores = {factor} * np.arange(K * K * {SIDE} * {SIDE}) % {prime}\n"
            f"scores = scores.reshape(K * K, {SIDE}, {SIDE})")
    return Scores(maps, line, factor, prime)


def told(k: int, rows: int, columns: int | None = None) -> Int[np.ndarray, "kk h w"]:
    """Scores that say where they stand: 100 * map + 10 * row + column; int16.

    >>> told(2, 3)[3].tolist()
    [[300, 301, 302], [310, 311, 312], [320, 321, 322]]
    """
    number, row, column = np.indices((k * k, rows, columns or rows))
    return (100 * number + 10 * row + column).astype(np.int16)


def grids(variant: Variant, others: tuple[int, ...] = (2, 3)) -> list[int]:
    """The k that a task may ask for: a shuffled numbering knows its own only."""
    if isinstance(variant.numbers, list):
        return [variant.k]
    return [*(k for k in others if k != variant.k), variant.k]


def turned(variant: Variant, k: int, m: int) -> tuple[int, int]:
    """An offset (i, j) whose map is another one when counted row by row.

    >>> from ifcn_course.assignment.variant import drawn
    >>> ours = drawn(3, 2027)
    >>> place = turned(ours, ours.k, ours.m)
    >>> grid = Grid(ours.k, ours.m)
    >>> bool(ours.channels(ours.k, ours.m)[place] == grid.channel[place])
    False
    """
    ours = variant.channels(k, m)
    places = np.argwhere(ours != Grid(k, m).channel).tolist()
    i, j = places[len(places) // 2]
    return i, j


def borders(variant: Variant) -> list[tuple[int, int, int, int]]:
    """Window offsets (i, j, k, m) on both sides of every border of a class's parts.

    A rule that is right there is right at every offset. So that none is right by
    accident, some of other windows are asked as well.

    >>> from ifcn_course.assignment.variant import drawn
    >>> len(borders(drawn(3, 2027)))
    7
    """
    k = variant.k
    others = grids(variant, (4,))[:-1] if k == 3 else []
    asked = on_borders(variant, k, variant.m) + on_borders(variant, k, 2 * k)[:1]
    for other in (k, *others):
        asked += on_borders(variant, other, 4 * other - 2)
    return list(dict.fromkeys(asked))


def on_borders(variant: Variant, k: int, m: int) -> list[tuple[int, int, int, int]]:
    """As few as show all offsets at a border, none where the paper counts so."""
    first = Grid(k, m).edges[1:-1].tolist()
    left, asked = {*first, *(each - 1 for each in first)}, []
    ours = variant.channels(k, m)
    telling = [(i, j) for i, j in np.argwhere(ours != Grid(k, m).channel).tolist()
               if {i, j} <= left]
    while place := max(telling, key=lambda each: len(left & {*each}), default=None):
        if not left & {*place}:
            break
        asked.append((*place, k, m))
        left -= {*place}
    return asked


class ClassScene:
    """The scene of a class, its objects on the feature map, and perfect score maps.

    The notebook makes the same with the lines of `SCENE`.
    """

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.scene = scenes.make(variant.scene)

    @cached_property
    def covered(self) -> Bool[np.ndarray, "N H W"]:
        """The places that each object covers by more than half."""
        return coverage(self.scene.masks, STRIDE) > 0.5

    @cached_property
    def centers(self) -> Int[np.ndarray, "N 2"]:
        """The centre (y, x) of each object's window."""
        return object_centers(self.scene.masks, STRIDE, self.variant.m)

    @cached_property
    def paper_maps(self) -> Bool[np.ndarray, "kk H W"]:
        """What a perfect network would give, counted row by row."""
        return oracle_maps(self.covered, self.centers, self.variant.k, self.variant.m)

    @cached_property
    def maps(self) -> Bool[np.ndarray, "kk H W"]:
        """The same maps in the class's order."""
        return self.variant.from_paper(self.paper_maps)

    def step(self) -> Lead:
        """The cells that show the scene and make its perfect maps."""
        return Lead("## Your scene\n\nA scene of your class, with the window of each "
                    "object.\n`maps` are the maps that a perfect network would give, "
                    "in your order, and `centers` are the windows' centres.",
                    self.lines())

    def lines(self, *, maps: bool = True, draw: bool = True) -> str:
        """Lines of a notebook that make `scene`, `covered`, `centers` and `maps`."""
        imports = ["from ifcn_lab.windows.oracle import coverage, object_centers"]
        made = [f"scene = scenes.make({self.variant.scene})",
                f"covered = coverage(scene.masks, {STRIDE}) > 0.5  # (objects, 32, 32)",
                f"centers = object_centers(scene.masks, {STRIDE}, M)"]
        if maps:
            made += [f"maps = pictures.stored_maps({stored(self.maps)}, K)"]
        if draw:
            made += [DRAWN]
        return "\n".join([*imports, "", *made])


def stored(maps: Bool[np.ndarray, "kk H W"]) -> str:
    """Maps as source: what `pictures.stored_maps` reads, in lines of 79 at the most."""
    from pycocotools.mask import encode

    flat = np.asfortranarray(maps.reshape(-1, SIDE), np.uint8)
    text = encode(flat)["counts"].decode()
    lines = [f"    {text[n:n + 60]!r}\n" for n in range(0, len(text), 60)]
    return "(\n" + "".join(lines) + ")"


DRAWN = "draw.show(pictures.scene_windows(scene.image, scene.masks, centers, M))"
