"""Mistakes of kernels: lesson 3, one thread for each place of a window."""

from __future__ import annotations

from typing import Any, no_type_check

from numba import cuda

from ifcn_course.museum.specimen import mistake


@mistake(
    "Guard one too far",
    "It looks as if threads number m pass the guard.",
    "Places go from 0 to m - 1: send home i >= m and j >= m.",
    "copy_one",
)
@no_type_check
def guard_too_wide(maps, channel, top, left, fill, window) -> Any:
    """Asks with > where it should ask with >=."""
    j, i = cuda.grid(2)
    m = window.shape[0]
    if i > m or j > m:
        return
    _, H, W = maps.shape
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[i, j], y, x]
    else:
        window[i, j] = fill


@mistake(
    "Guard one too narrow",
    "It looks as if the last row and column of threads are sent home.",
    "Thread m - 1 still has a place: send home i >= m and j >= m only.",
    "copy_one",
)
@no_type_check
def guard_too_narrow(maps, channel, top, left, fill, window) -> Any:
    """Sends home one row and one column too many."""
    j, i = cuda.grid(2)
    m = window.shape[0]
    if i >= m - 1 or j >= m - 1:
        return
    _, H, W = maps.shape
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[i, j], y, x]
    else:
        window[i, j] = fill


@mistake(
    "Map of the mirrored place",
    "It looks as if i and j are swapped where the map is looked up.",
    "channel[i, j]: the row comes first.",
    "copy_one",
)
@no_type_check
def mirrored_channel(maps, channel, top, left, fill, window) -> Any:
    """Looks up channel[j, i]."""
    j, i = cuda.grid(2)
    m = window.shape[0]
    if i >= m or j >= m:
        return
    _, H, W = maps.shape
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[j, i], y, x]
    else:
        window[i, j] = fill


@mistake(
    "Height and width swapped",
    "It looks as if height and width of the maps are swapped.",
    "maps.shape is (k * k, H, W).",
    "copy_one",
)
@no_type_check
def swapped_limits_kernel(maps, channel, top, left, fill, window) -> Any:
    """Limits rows by the width."""
    j, i = cuda.grid(2)
    m = window.shape[0]
    if i >= m or j >= m:
        return
    _, W, H = maps.shape
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[i, j], y, x]
    else:
        window[i, j] = fill


@mistake(
    "Fill forgotten",
    "It looks as if places off the map are left unwritten.",
    "Nobody else writes them: write fill.",
    "copy_one",
)
@no_type_check
def fill_unwritten(maps, channel, top, left, fill, window) -> Any:
    """Leaves what was in the window before."""
    j, i = cuda.grid(2)
    m = window.shape[0]
    if i >= m or j >= m:
        return
    _, H, W = maps.shape
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[i, j], y, x]


@mistake(
    "Numbers within the block",
    "It looks as if threads are numbered within their block only.",
    "cuda.grid(2) counts over all blocks; cuda.threadIdx begins anew in each.",
    "copy_one",
)
@no_type_check
def every_block_alike(maps, channel, top, left, fill, window) -> Any:
    """Lets every block copy the same places."""
    j, i = cuda.threadIdx.x, cuda.threadIdx.y
    m = window.shape[0]
    if i >= m or j >= m:
        return
    _, H, W = maps.shape
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[i, j], y, x]
    else:
        window[i, j] = fill


@mistake(
    "Negative places read",
    "It looks as if places above or left of the map are read from its other end.",
    "Row -1 is the last row: ask for 0 <= y and 0 <= x as well.",
    "copy_one",
)
@no_type_check
def wrapped_kernel(maps, channel, top, left, fill, window) -> Any:
    """Asks only whether a place lies beyond the end."""
    j, i = cuda.grid(2)
    m = window.shape[0]
    if i >= m or j >= m:
        return
    _, H, W = maps.shape
    y, x = top + i, left + j
    if y < H and x < W:
        window[i, j] = maps[channel[i, j], y, x]
    else:
        window[i, j] = fill


@mistake(
    "Threads without a window",
    "It looks as if threads beyond the last window pass the guard.",
    "Blocks are whole in every dimension: send home n >= N as well.",
    "copy_all",
)
@no_type_check
def guard_of_places_only(maps, channel, centers, fill, windows) -> Any:
    """Asks for a place in the window, and not for a window."""
    j, i, n = cuda.grid(3)
    m = windows.shape[1]
    if i >= m or j >= m:
        return
    _, H, W = maps.shape
    y = centers[n, 0] - m // 2 + i
    x = centers[n, 1] - m // 2 + j
    if 0 <= y < H and 0 <= x < W:
        windows[n, i, j] = maps[channel[i, j], y, x]
    else:
        windows[n, i, j] = fill


@mistake(
    "Centre taken for the corner",
    "It looks as if the windows begin at their centres.",
    "A window begins m // 2 rows and columns before its centre.",
    "copy_all",
)
@no_type_check
def corner_kernel(maps, channel, centers, fill, windows) -> Any:
    """Begins where the middle should be."""
    j, i, n = cuda.grid(3)
    m = windows.shape[1]
    if n >= len(centers) or i >= m or j >= m:
        return
    _, H, W = maps.shape
    y = centers[n, 0] + i
    x = centers[n, 1] + j
    if 0 <= y < H and 0 <= x < W:
        windows[n, i, j] = maps[channel[i, j], y, x]
    else:
        windows[n, i, j] = fill


@mistake(
    "Centre read as x, y",
    "It looks as if the centres are read as (x, y).",
    "A row of centers is (y, x): the row comes first.",
    "copy_all",
)
@no_type_check
def swapped_centres_kernel(maps, channel, centers, fill, windows) -> Any:
    """Takes the column for the row."""
    j, i, n = cuda.grid(3)
    m = windows.shape[1]
    if n >= len(centers) or i >= m or j >= m:
        return
    _, H, W = maps.shape
    y = centers[n, 1] - m // 2 + i
    x = centers[n, 0] - m // 2 + j
    if 0 <= y < H and 0 <= x < W:
        windows[n, i, j] = maps[channel[i, j], y, x]
    else:
        windows[n, i, j] = fill


@mistake(
    "First window again and again",
    "It looks as if every window stands at the first centre.",
    "Thread (i, j, n) belongs to window n: read centers[n].",
    "copy_all",
)
@no_type_check
def first_centre_only(maps, channel, centers, fill, windows) -> Any:
    """Reads the centre of window 0, always."""
    j, i, n = cuda.grid(3)
    m = windows.shape[1]
    if n >= len(centers) or i >= m or j >= m:
        return
    _, H, W = maps.shape
    y = centers[0, 0] - m // 2 + i
    x = centers[0, 1] - m // 2 + j
    if 0 <= y < H and 0 <= x < W:
        windows[n, i, j] = maps[channel[i, j], y, x]
    else:
        windows[n, i, j] = fill
