"""Assembling in NumPy: k * k copies of blocks, one for each cell of the grid.

The file is called `numpy_` so that nobody takes it for NumPy itself.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Int, Shaped
from numpy.lib.stride_tricks import sliding_window_view

from ifcn_lab.grid import Grid


def assemble(
    score_maps: Shaped[np.ndarray, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "*places 2"] | None,
    fill: int | float | np.number,
) -> Shaped[np.ndarray, "*places m m"]:
    """Copy one cell of all windows at a time.

    `centers=None` means every position and takes slices, which are quicker than lists
    of positions.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = np.arange(4).reshape(4, 1, 1) * np.ones((4, 3, 3), int)
    >>> assemble(maps, Grid(k=2, m=2), np.array([[1, 1]]), fill=-1)
    array([[[0, 1],
            [2, 3]]])
    """
    m, (_, H, W) = grid.m, score_maps.shape
    shape = (H, W) if centers is None else centers.shape[:-1]
    windows = np.empty((*shape, m, m), score_maps.dtype)  # (..., m, m)
    if windows.size == 0:
        return windows
    crops = _every_crop(score_maps, m, fill)  # (k*k, H, W, m, m)
    where = np.s_[:, :] if centers is None else tuple(np.moveaxis(centers, -1, 0))
    cells = [slice(*pair) for pair in zip(grid.edges, grid.edges[1:], strict=False)]
    for channel, (rows, columns) in enumerate(product(cells, cells)):
        windows[..., rows, columns] = crops[(channel, *where, rows, columns)]
    return windows


def _every_crop(
    score_maps: Shaped[np.ndarray, "kk H W"], m: int, fill: Any
) -> Shaped[np.ndarray, "kk H W m m"]:
    """The m x m crop of every map around every position: a view, nothing is copied."""
    around = (m // 2, m - 1 - m // 2)
    padded = np.pad(score_maps, ((0, 0), around, around), constant_values=fill)
    return sliding_window_view(padded, (m, m), axis=(1, 2))
