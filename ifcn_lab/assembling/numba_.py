"""Assembling with numba, on all cores of the processor, at about the memory's speed.

A kernel is compiled for its k and m: the compiler then knows how long each part is,
and copies its few scores with one or two instructions. The first call with a new k or
m compiles for about a second. What was compiled is kept on disk, if there is a place
(`kernel_cache`); the next process loads it in a quarter of a second.

The file is called `numba_` so that nobody takes it for numba itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from threading import Lock
from typing import no_type_check

import numpy as np
from jaxtyping import Shaped
from numba import prange

from ifcn_lab.assembling.arrays import Call, Maps, Windows, planes_of
from ifcn_lab.assembling.kernel_cache import copy_numbers, kernel
from ifcn_lab.grid import Grid

WIDE = 8
"""Numbers in the widest move that is asked of the processor at once."""

_NO_PLACES = np.empty((0, 3), np.int64)
_ONE_AT_A_TIME = Lock()  # not every threading layer of numba bears two callers


def assemble_into(windows: Windows, score_maps: Maps, call: Call) -> None:
    """Copy with the kernel that fits how `windows` lies in memory.
    """
    if windows.size == 0:
        return
    planes = planes_of(windows) if call.places is None else None  # (B, m, m, H, W)
    if planes is not None:
        return _planes(planes, score_maps, call)
    in_order = windows if windows.flags.c_contiguous else \
        np.empty(windows.shape, windows.dtype)
    _windows(in_order, score_maps, call)
    if in_order is not windows:
        windows[...] = in_order
    return None


def _planes(
    planes: Shaped[np.ndarray, "B m m H W"], score_maps: Maps, call: Call
) -> None:
    (B, _, H, W), k, m = score_maps.shape, call.grid.k, call.grid.m
    maps = np.ascontiguousarray(score_maps).reshape(-1)
    fills = np.full((m // 2 + 1) * W + WIDE, call.fill, maps.dtype)
    with _ONE_AT_A_TIME:
        planes_kernel(k, m)(planes.reshape(-1), maps, fills, B, H, W)


def _windows(windows: Windows, score_maps: Maps, call: Call) -> None:
    (B, kk, H, W), k, m = score_maps.shape, call.grid.k, call.grid.m
    maps = np.ascontiguousarray(score_maps).reshape(-1)
    fills = np.full(m * (W + m), call.fill, maps.dtype)
    chosen = call.places is not None
    places = call.places if chosen else _NO_PLACES
    with _ONE_AT_A_TIME:
        padded = _scratch(B * kk * (H + m - 1) * (W + m - 1), maps.dtype)
        copy_padded(padded, maps, fills, B * kk, H, W, m)
        windows_kernel(k, m, chosen)(windows.reshape(-1), padded, places, B, H, W)


@lru_cache(maxsize=1)
def _scratch(size: int, dtype: np.dtype) -> Shaped[np.ndarray, " size"]:
    """Memory for maps with their margin, kept for the next call of the same size.

    Fresh memory would cost more than what is written into it.
    """
    return np.empty(size, dtype)


@lru_cache(maxsize=64)
@no_type_check
def planes_kernel(k: int, m: int) -> Callable:
    """Compile the copy into planes (B, m, m, H, W): one shifted map for each pixel.

    Plane (i, j) holds pixel (i, j) of every window. That is one whole map, moved by
    (i - m // 2, j - m // 2). So it is copied in one go; what the move brought round
    the left and right edges is then filled.
    """
    part_of = tuple(Grid(k, m).part_of.tolist())
    half = m // 2

    def copy_planes(planes, maps, fills, B, H, W):
        size = H * W
        for p in prange(B * m * m):
            b, i, j = p // (m * m), p // m % m, p % m
            channel = (b * k + part_of[i]) * k + part_of[j]
            down, right = i - half, j - half
            # Rows and columns of the plane whose score lies on the map.
            top, bottom = max(0, -down), min(H, H - down)
            left, end = max(0, -right), min(W, W - right)
            if top >= bottom or left >= end:
                for row in range(H):
                    copy_numbers(planes, p * size + row * W, fills, 0, W)
            else:
                first, last = top * W + left, (bottom - 1) * W + end
                moved = channel * size + first + down * W + right
                copy_numbers(planes, p * size, fills, 0, first)
                copy_numbers(planes, p * size + first, maps, moved, last - first)
                copy_numbers(planes, p * size + last, fills, 0, size - last)
                gap, rows = W - end + left, bottom - 1 - top
                fill_gaps(planes, p * size + top * W + end, gap, W, rows, fills)

    return kernel(copy_planes)


@partial(kernel, parallel=False)
@no_type_check
def fill_gaps(planes, first, gap, step, rows, fills):
    """Fill `gap` numbers in each of some rows, `step` apart, by the widest moves."""
    for row in range(rows):
        at = first + row * step
        if gap >= WIDE:
            for skip in range(0, gap - WIDE, WIDE):
                copy_numbers(planes, at + skip, fills, 0, WIDE)
            copy_numbers(planes, at + gap - WIDE, fills, 0, WIDE)
        elif gap >= WIDE // 2:  # twice half of it, one over the other
            copy_numbers(planes, at, fills, 0, WIDE // 2)
            copy_numbers(planes, at + gap - WIDE // 2, fills, 0, WIDE // 2)
        else:
            for skip in range(gap):
                planes[at + skip] = fills[0]


@lru_cache(maxsize=64)
@no_type_check
def windows_kernel(k: int, m: int, chosen: bool) -> Callable:
    """Compile the copy of padded maps into windows: at every place, or at chosen ones.

    A row of a window is k short runs, one from each map of a row of parts. Their
    lengths are constants here, so the innermost loop has no test and no counter left.
    """
    edges = tuple(Grid(k, m).edges.tolist())

    def copy_windows(windows, padded, places, B, H, W):
        width, size = W + m - 1, (H + m - 1) * (W + m - 1)
        lines, run = (len(places), 1) if chosen else (B * H, W)
        for line in prange(lines):
            if chosen:  # one window
                n, b, y, left = line, places[line, 0], places[line, 1], places[line, 2]
            else:  # all windows of a row of the map
                n, b, y, left = line * W, line // H, line % H, 0
            for x in range(run):
                for a in range(k):
                    for i in range(edges[a], edges[a + 1]):
                        at = ((n + x) * m + i) * m
                        start = (b * k + a) * k * size + (y + i) * width + left + x
                        for c in range(k):
                            skip, count = edges[c], edges[c + 1] - edges[c]
                            source = start + c * size + skip
                            copy_numbers(windows, at + skip, padded, source, count)

    return kernel(copy_windows)


@kernel
@no_type_check
def copy_padded(padded, maps, fills, count, H, W, m):
    """Write `count` maps with their margin: rows of fill, rows of scores between."""
    before, width = m // 2, W + m - 1
    size = (H + m - 1) * width
    for n in prange(count):
        start = n * size
        first = start + before * width + before  # of the map itself
        copy_numbers(padded, start, fills, 0, first - start)
        for y in range(H):
            row = first + y * width
            copy_numbers(padded, row, maps, (n * H + y) * W, W)
            if y < H - 1:  # this row's margin and the next one's, which touch
                copy_numbers(padded, row + W, fills, 0, m - 1)
        last = first + (H - 1) * width + W
        copy_numbers(padded, last, fills, 0, start + size - last)
