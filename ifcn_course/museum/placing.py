"""Mistakes of placing windows on the maps, each a whole `assemble`."""

from __future__ import annotations

from math import isqrt

import numpy as np

from ifcn_course.museum.assembling import COUNTED, Centers, Maps, Windows
from ifcn_course.museum.specimen import mistake
from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid

BORDER = "assemble", "count_copies", "assemble_whole"


@mistake(
    "Window offsets as map places",
    "It looks as if window offsets are used as places on the map.",
    "Place (i, j) lies at row y - m // 2 + i and column x - m // 2 + j of the map.",
    *COUNTED,
)
def offsets_as_places(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Reads the top left corner of the maps, wherever the window stands."""
    channel = Grid(isqrt(len(score_maps)), m).channel                # (m, m)
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        windows[n, i, j] = score_maps[channel[i, j], i, j]
    return windows


@mistake(
    "Centre taken as corner",
    "It looks as if the window begins at its centre.",
    "The first row is y - m // 2, the first column x - m // 2.",
    *COUNTED,
)
def center_as_corner(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Stands half a window too low and too far to the right."""
    channel, (_, H, W) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i, j)
        if 0 <= y < H and 0 <= x < W:
            windows[n, i, j] = score_maps[channel[i, j], y, x]
    return windows


@mistake(
    "Half a place off",
    "It looks as if half of the window is taken as (m - 1) // 2.",
    "It is m // 2; the two differ where m is even.",
    *COUNTED,
)
def half_place_off(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Puts windows with an even side one place too low and too far to the right."""
    channel, (_, H, W) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - (m - 1) // 2, j - (m - 1) // 2)
        if 0 <= y < H and 0 <= x < W:
            windows[n, i, j] = score_maps[channel[i, j], y, x]
    return windows


@mistake(
    "Centre read as (x, y)",
    "It looks as if y and x of the centre are swapped.",
    "The centre is (y, x): y goes with the row, x with the column.",
    *COUNTED,
)
def center_as_xy(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Takes the first number of a centre for its column."""
    channel, (_, H, W) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        x, y = centers[n] + (j - m // 2, i - m // 2)
        if 0 <= y < H and 0 <= x < W:
            windows[n, i, j] = score_maps[channel[i, j], y, x]
    return windows


@mistake(
    "Clipped, not padded",
    "It looks as if places off the map are moved to its edge.",
    "Off the map there is no score: leave those places alone, they hold fill.",
    *BORDER,
)
def clipped(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Repeats the map's outermost scores beyond its border."""
    channel, (_, H, W) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        y, x = min(max(y, 0), H - 1), min(max(x, 0), W - 1)
        windows[n, i, j] = score_maps[channel[i, j], y, x]
    return windows


@mistake(
    "Pushed back on the map",
    "It looks as if a window that reaches over the border is pushed back on the map.",
    "The window stays where it is, and what lies off the map holds fill.",
    *BORDER,
)
def pushed_inside(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Moves the window until all of it lies on the map."""
    channel, (_, H, W) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, (y, x) in enumerate(centers):
        top, left = max(0, min(y - m // 2, H - m)), max(0, min(x - m // 2, W - m))
        for i, j in np.ndindex(m, m):
            windows[n, i, j] = score_maps[channel[i, j], top + i, left + j]
    return windows


@mistake(
    "Wrapped round the border",
    "It looks as if negative places are read from the other end of the map.",
    "NumPy takes row -1 for the last one: ask for 0 <= row as well.",
    *BORDER,
)
def wrapped(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Asks only whether a place lies beyond the end."""
    channel, (_, H, W) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if y < H and x < W:
            windows[n, i, j] = score_maps[channel[i, j], y, x]
    return windows


@mistake(
    "Last row of the map missed",
    "It looks as if the last row and column of the map are taken for outside.",
    "Rows go from 0 to H - 1, so ask for row < H.",
    *BORDER,
)
def last_row_missed(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Ends the map one row and one column too early."""
    channel, (_, H, W) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H - 1 and 0 <= x < W - 1:
            windows[n, i, j] = score_maps[channel[i, j], y, x]
    return windows


@mistake(
    "Height and width swapped",
    "It looks as if height and width of the maps are swapped.",
    "The maps have shape (k * k, H, W): rows are limited by H, columns by W.",
    *BORDER,
)
def limits_swapped(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Limits rows by the width; only maps that are not square show it."""
    channel, (_, W, H) = Grid(isqrt(len(score_maps)), m).channel, score_maps.shape
    windows = np.full((len(centers), m, m), fill, score_maps.dtype)
    for n, i, j in np.ndindex(windows.shape):
        y, x = centers[n] + (i - m // 2, j - m // 2)
        if 0 <= y < H and 0 <= x < W:
            windows[n, i, j] = score_maps[channel[i, j], y, x]
    return windows


@mistake(
    "Fill forgotten",
    "It looks as if 0 stands outside the map instead of fill.",
    "Begin with windows full of fill: np.full((N, m, m), fill).",
    "assemble", "assemble_whole",
)
def zero_for_fill(score_maps: Maps, m: int, centers: Centers, fill: float) -> Windows:
    """Knows no other score for outside than 0."""
    return assemble(score_maps, m, centers=centers, fill=0)


@mistake(
    "One window written over",
    "It looks as if all windows share one array, so each holds the last one.",
    "Make a new array for each window, inside the loop.",
    *BORDER,
)
def one_array_for_all(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Appends the same array again and again."""
    windows, window = [], np.empty((m, m), score_maps.dtype)
    for center in centers:
        window[:] = assemble(score_maps, m, centers=[center], fill=fill)[0]
        windows.append(window)
    return np.array(windows)


@mistake(
    "First centre only",
    "It looks as if all windows are taken at the first centre.",
    "Inside the loop use the centre of this round.",
    *BORDER,
)
def first_center_only(
    score_maps: Maps, m: int, centers: Centers, fill: float
) -> Windows:
    """Never goes on to the second centre."""
    first = np.repeat(centers[:1], len(centers), axis=0)             # (N, 2)
    return assemble(score_maps, m, centers=first, fill=fill)
