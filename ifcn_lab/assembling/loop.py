"""The definition of assembling, one pixel at a time: slow and obvious.

Every other implementation is tested against this one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_lab.grid import Grid, every_center


def assemble(
    score_maps: Shaped[np.ndarray, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "*places 2"] | None,
    fill: int | float | np.number,
) -> Shaped[np.ndarray, "*places m m"]:
    """Copy the window around each centre, pixel by pixel.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = np.arange(4).reshape(4, 1, 1) * np.ones((4, 3, 3), int)
    >>> assemble(maps, Grid(k=2, m=2), np.array([[1, 1]]), fill=-1)
    array([[[0, 1],
            [2, 3]]])
    """
    _, H, W = score_maps.shape
    m = grid.m
    centers = every_center(H, W) if centers is None else centers  # (..., 2)
    windows = np.full((*centers.shape[:-1], m, m), fill, score_maps.dtype)
    for place in np.ndindex(centers.shape[:-1]):
        y, x = centers[place]
        for i in range(m):
            for j in range(m):
                row, column = y - m // 2 + i, x - m // 2 + j
                if 0 <= row < H and 0 <= column < W:
                    score = score_maps[grid.channel[i, j], row, column]
                    windows[(*place, i, j)] = score
    return windows
