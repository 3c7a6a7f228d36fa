"""The definition of assembling, one pixel at a time: slow and obvious.

Every other implementation is tested against this one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_lab.grid import Grid, every_place


def assemble_into(
    windows: Shaped[np.ndarray, "*where m m"],
    score_maps: Shaped[np.ndarray, "B kk H W"],
    grid: Grid,
    places: Int[np.ndarray, "N 3"] | None,
    fill: int | float | np.number,
) -> None:
    """Copy the window around each place, pixel by pixel.

    Args:
        windows: what is written: (N, m, m), or (B, H, W, m, m) for every place.
        score_maps: the maps of B images.
        grid: k and m.
        places: (image, y, x) of each window, on the map; None: every place.
        fill: the score outside the map.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = np.arange(4).reshape(1, 4, 1, 1) * np.ones((1, 4, 3, 3), int)
    >>> windows = np.zeros((1, 2, 2), int)
    >>> assemble_into(windows, maps, Grid(k=2, m=2), np.array([[0, 1, 1]]), fill=-1)
    >>> windows
    array([[[0, 1],
            [2, 3]]])
    """
    B, _, H, W = score_maps.shape
    m = grid.m
    places = every_place(B, H, W) if places is None else places  # (..., 3)
    for window in np.ndindex(places.shape[:-1]):
        b, y, x = places[window]
        for i in range(m):
            for j in range(m):
                row, column = y - m // 2 + i, x - m // 2 + j
                score = fill
                if 0 <= row < H and 0 <= column < W:
                    score = score_maps[b, grid.channel[i, j], row, column]
                windows[(*window, i, j)] = score
