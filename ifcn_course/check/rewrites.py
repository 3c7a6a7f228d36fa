"""Correct assemblers that look different: what no test may accuse.

Each is a whole `assemble(score_maps, m, centers, fill)`, written in its own way. A
test that fails for one of them tests how the code is written, not what it does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import product
from math import isqrt

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid

Maps = Shaped[np.ndarray, "kk H W"]
Centers = Int[np.ndarray, "N 2"]
Windows = Shaped[np.ndarray, "N m m"]
Function = Callable[..., Windows]


def by_definition(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """The library's loop, place by place.

    >>> maps = np.arange(16).reshape(4, 2, 2)
    >>> by_definition(maps, 2, np.array([(1, 1)]), 0).tolist()
    [[[0, 5], [10, 15]]]
    """
    return assemble(score_maps, m, centers=centers, fill=fill, backend="loop")


def by_padding(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Puts a margin of fill around the maps, and asks for no limits."""
    k = isqrt(len(score_maps))
    edge = ((0, 0), (m, m), (m, m))
    wide = np.pad(score_maps, edge, constant_values=fill)
    windows = np.empty((len(centers), m, m), score_maps.dtype)
    for n, (y, x) in enumerate(centers):
        top, left = y + m - m // 2, x + m - m // 2
        crop = wide[:, top : top + m, left : left + m]               # (k*k, m, m)
        for i, j in np.ndindex(m, m):
            windows[n, i, j] = crop[i * k // m * k + j * k // m, i, j]
    return windows


def by_blocks(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Copies part by part, as far as it lies on the map."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    edges = Grid(k, m).edges.tolist()
    for (n, (y, x)), a, b in product(enumerate(centers.tolist()), range(k), range(k)):
        top, left = y - m // 2, x - m // 2
        i0, i1 = max(edges[a], -top), min(edges[a + 1], H - top)
        j0, j1 = max(edges[b], -left), min(edges[b + 1], W - left)
        if i0 < i1 and j0 < j1:
            windows[n, i0:i1, j0:j1] = score_maps[
                a * k + b, top + i0 : top + i1, left + j0 : left + j1]
    return windows


def by_index(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """One fancy index for all places of all windows."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    offsets = np.arange(m)
    rows = centers[:, 0, None, None] + offsets[:, None] - m // 2     # (N, m, 1)
    columns = centers[:, 1, None, None] + offsets - m // 2           # (N, 1, m)
    part = offsets * k // m
    channel = part[:, None] * k + part                               # (m, m)
    on_map = (rows >= 0) & (rows < H) & (columns >= 0) & (columns < W)
    found = score_maps[channel, rows.clip(0, H - 1), columns.clip(0, W - 1)]
    return np.where(on_map, found, np.asarray(fill, score_maps.dtype))


def by_map(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Goes through the maps and asks of each score which place wants it."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, channel in np.ndindex(len(centers), k * k):
        top, left = centers[n] - m // 2
        for row, column in np.ndindex(H, W):
            i, j = row - top, column - left
            if 0 <= i < m and 0 <= j < m and channel == i * k // m * k + j * k // m:
                windows[n, i, j] = score_maps[channel, row, column]
    return windows


STYLES = by_definition, by_padding, by_blocks, by_index, by_map


def rewrites(count: int, seed: int) -> Iterator[Function]:
    """Correct assemblers at random: a style, an order of the windows, a memory order.

    >>> maps = np.arange(16).reshape(4, 2, 2)
    >>> place = np.array([(1, 1)])
    >>> {str(f(maps, 2, place, 0).tolist()) for f in rewrites(9, 0)}
    {'[[[0, 5], [10, 15]]]'}
    """
    draw = random.Random(seed)
    for number in range(count):
        style = STYLES[number] if number < len(STYLES) else draw.choice(STYLES)
        yield _shuffled(style, draw.random(), draw.choice("CF"))


def _shuffled(style: Function, seed: float, order: str) -> Function:
    def rewritten(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
        turn = random.Random(seed).sample(range(len(centers)), len(centers))
        windows = np.empty((len(centers), m, m), score_maps.dtype, order=order)
        if turn:
            windows[turn] = style(score_maps.copy(order), m, centers[turn], fill)
        return windows

    return rewritten
