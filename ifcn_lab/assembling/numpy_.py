"""Assembling in NumPy: k * k copies of blocks, one for each cell of the grid.

The file is called `numpy_` so that nobody takes it for NumPy itself.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from jaxtyping import Int, Shaped
from numpy.lib.stride_tricks import sliding_window_view

from ifcn_lab.assembling.margin import pad
from ifcn_lab.grid import Grid


def assemble_into(
    windows: Shaped[np.ndarray, "*where m m"],
    score_maps: Shaped[np.ndarray, "B kk H W"],
    grid: Grid,
    places: Int[np.ndarray, "N 3"] | None,
    fill: int | float | np.number,
) -> None:
    """Copy one cell of all windows at a time.

    `places=None` means every place and takes slices, which are quicker than lists of
    places.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = np.arange(4).reshape(1, 4, 1, 1) * np.ones((1, 4, 3, 3), int)
    >>> windows = np.zeros((1, 2, 2), int)
    >>> assemble_into(windows, maps, Grid(k=2, m=2), np.array([[0, 1, 1]]), fill=-1)
    >>> windows
    array([[[0, 1],
            [2, 3]]])
    """
    if windows.size == 0:
        return
    padded, m = pad(score_maps, grid.m, fill), grid.m
    crops = sliding_window_view(padded, (m, m), axis=(2, 3))  # a view, (B,k*k,H,W,m,m)
    b, *y_x = (slice(None),) * 3 if places is None else places.T
    cells = [slice(*pair) for pair in zip(grid.edges, grid.edges[1:], strict=False)]
    for channel, (rows, columns) in enumerate(product(cells, cells)):
        windows[..., rows, columns] = crops[(b, channel, *y_x, rows, columns)]
