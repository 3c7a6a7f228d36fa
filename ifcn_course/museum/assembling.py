"""Mistakes of assembling, each a whole `assemble(score_maps, m, centers, fill)`."""

from __future__ import annotations

from math import isqrt

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_course.museum.specimen import mistake
from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid

Maps = Shaped[np.ndarray, "kk H W"]
Centers = Int[np.ndarray, "N 2"]
Windows = Shaped[np.ndarray, "N m m"]
INSIDE = "assemble", "assemble_loop", "assemble_blocks", "assemble_whole"
COUNTED = *INSIDE, "count_copies"


@mistake(
    "Rows and columns swapped",
    "It looks as if rows and columns of the window are swapped.",
    "Look at where you write: place (i, j) is row i, column j.",
    *INSIDE,
)
def transposed(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Writes place (i, j) to (j, i)."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = (i * k // m) * k + j * k // m
            windows[n, j, i] = score_maps[channel, y, x]
    return windows


@mistake(
    "Fortran order of the maps",
    "It looks as if the maps are numbered down the columns of the grid.",
    "The map is number (grid row) * k + (grid column), not the other way round.",
    *COUNTED,
)
def fortran_channels(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Numbers the parts column by column."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = (j * k // m) * k + i * k // m
            windows[n, i, j] = score_maps[channel, y, x]
    return windows


@mistake(
    "Grid row without k",
    "It looks as if the grid row is not multiplied by k.",
    "Each row of the grid has k maps: number = (grid row) * k + (grid column).",
    *COUNTED,
)
def row_without_k(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Adds grid row and grid column."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = i * k // m + j * k // m
            windows[n, i, j] = score_maps[channel, y, x]
    return windows


@mistake(
    "Maps counted from 1",
    "It looks as if the maps are counted from 1.",
    "The first map is number 0 and the last is k * k - 1.",
    *COUNTED,
)
def counted_from_one(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Takes the next map each time; behind the last one there is none."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = (i * k // m) * k + j * k // m
            windows[n, i, j] = score_maps[channel + 1, y, x]
    return windows


@mistake(
    "One map for all",
    "It looks as if the whole window is copied from one map.",
    "Each part of the window has a map of its own.",
    *COUNTED,
)
def one_map_for_all(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Copies every part from the middle map, as an ordinary FCN would."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            windows[n, i, j] = score_maps[k * k // 2, y, x]
    return windows


@mistake(
    "Rounded to the nearest part",
    "It looks as if i * k / m is rounded to the nearest number.",
    "Round down: i * k // m, or int() of the quotient.",
    *COUNTED,
)
def nearest_part(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Rounds where it should round down; the last places fall behind the last part."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = round(i * k / m) * k + round(j * k / m)
            windows[n, i, j] = score_maps[channel, y, x]
    return windows


@mistake(
    "Rounded too early",
    "It looks as if offsets are divided by m // k, which is rounded already.",
    "Multiply by k first, then divide by m: i * k // m.",
    *COUNTED,
)
def rounded_too_early(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Makes every part m // k wide; what is left over has no part."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = (i // (m // k)) * k + j // (m // k)
            windows[n, i, j] = score_maps[channel, y, x]
    return windows


@mistake(
    "Last part takes the rest",
    "It looks as if all parts are m // k wide and the last takes what is left over.",
    "Parts differ by one place at most: use i * k // m.",
    *COUNTED,
)
def last_part_wider(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Rounds too early and then cuts the part number off at k - 1."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    part = np.minimum(np.arange(m) // (m // k), k - 1)               # (m,)
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            windows[n, i, j] = score_maps[part[i] * k + part[j], y, x]
    return windows


@mistake(
    "Parts all rounded up",
    "It looks as if all parts are ceil(m / k) wide and the last gets what is left.",
    "Parts differ by one place at most: use i * k // m.",
    *COUNTED,
)
def wide_parts(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Makes parts of 21 in 5 of 5, 5, 5, 5 and 1."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = i // -(-m // k) * k + j // -(-m // k)
            windows[n, i, j] = score_maps[channel, y, x]
    return windows


@mistake(
    "Averaged, not copied",
    "It looks as if each part holds the mean of its scores.",
    "Copy every score for itself; averaging belongs to pooling, not to assembling.",
    *INSIDE,
)
def averaged(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Shaped[np.ndarray, "N m m"]:
    """Gives every place of a part the part's mean, as pooling does."""
    windows = assemble(score_maps, m, centers=centers, fill=fill).astype(float)
    edges = Grid(isqrt(len(score_maps)), m).edges
    for top, bottom in zip(edges, edges[1:], strict=False):
        for left, right in zip(edges, edges[1:], strict=False):
            part = windows[:, top:bottom, left:right]                # (N, h, w)
            part[:] = part.mean((1, 2), keepdims=True)
    return windows


@mistake(
    "Last row and column missed",
    "It looks as if the last row and the last column of the window are missed.",
    "Offsets go from 0 to m - 1, and range(m) gives them all.",
    *COUNTED,
)
def last_pixels_missed(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Stops one offset too early."""
    k, (_, H, W) = isqrt(len(score_maps)), score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(len(centers), m - 1, m - 1):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            channel = (i * k // m) * k + j * k // m
            windows[n, i, j] = score_maps[channel, y, x]
    return windows
