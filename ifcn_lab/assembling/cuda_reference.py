"""Assembling in numba-CUDA, as plain as the definition: one thread for each pixel.

`cuda` is the fast one; this is the one to read first.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import cuda

from ifcn_lab.assembling.arrays import Call, Maps, Windows
from ifcn_lab.assembling.device import launch
from ifcn_lab.grid import every_place

THREADS = (1, 8, 8)
"""Threads per block: one window, 8 columns, 8 rows."""


@no_type_check  # numba compiles the function itself; a type checker's wrapper hides it
def copy_one_score(score_maps, channel, places, fill, windows):
    """What one thread does: it finds out which pixel is its own, and copies one score.

    Columns run fastest, so neighbouring threads write to neighbouring addresses.
    """
    n, j, i = cuda.grid(3)  # window, column, row
    N, m, _ = windows.shape
    if n >= N or i >= m or j >= m:
        return  # blocks are whole: some threads stand beyond the window's edge

    b = places[n, 0]
    y = places[n, 1] - m // 2 + i
    x = places[n, 2] - m // 2 + j
    _, _, H, W = score_maps.shape
    if 0 <= y < H and 0 <= x < W:
        windows[n, i, j] = score_maps[b, channel[i, j], y, x]
    else:
        windows[n, i, j] = fill


def assemble_into(windows: Windows, score_maps: Maps, call: Call) -> None:
    """Start one thread for each pixel of each window.
    """
    B, _, H, W = score_maps.shape
    places = every_place(B, H, W).reshape(-1, 3) if call.places is None else \
        call.places  # (N, 3)
    result = np.empty((len(places), *windows.shape[-2:]), windows.dtype)  # (N, m, m)
    if result.size:
        fill = score_maps.dtype.type(call.fill)
        result = launch(copy_one_score, blocks_for(result.shape), THREADS, score_maps,
                        call.grid.channel, places, fill, result)
    windows[...] = result.reshape(windows.shape)


def blocks_for(windows: tuple[int, int, int]) -> tuple[int, int, int]:
    """How many blocks of `THREADS` cover windows of shape (N, m, m).

    >>> blocks_for((128, 21, 21))
    (128, 3, 3)
    """
    n, rows, columns = windows
    work = (n, columns, rows)
    return tuple(-(-size // t) for size, t in zip(work, THREADS, strict=True))
