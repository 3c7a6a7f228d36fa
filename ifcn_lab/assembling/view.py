"""Assembling as a view: where k divides m, not one score has to be copied.

Take one step down inside a part: the score is one row further in the same map. Take
one step from a part to the part below: it is m / k rows further, and k maps further.
Both steps are the same for every window and every part, so each is one stride.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.lib.stride_tricks import as_strided

from ifcn_lab.assembling import arguments
from ifcn_lab.grid import Grid


def view_windows(
    padded: Shaped[Any, "*B kk Y X"], grid: Grid
) -> Shaped[Any, "*B H W k c k c"]:
    """Every window of padded score maps, without a copy; c = m // k places per part.

    Args:
        padded: maps with their margin, as `pad` makes it; any strides.
        grid: k and m, where k divides m.

    Returns:
        Axes: window row and column, part row, row in the part, part column, column in
        the part. It shares the memory of `padded`. A NumPy view is read-only; torch
        has no read-only tensors, and writing into one shows in every window.

    Raises:
        ValueError: k does not divide m, or the maps are smaller than the margin.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = np.arange(16).reshape(4, 2, 2)          # one window of 2 x 2 parts
    >>> view_windows(maps, Grid(k=2, m=2))[0, 0].squeeze()
    array([[ 0,  5],
           [10, 15]])
    """
    k, c = grid.k, _places_per_part(grid)
    *front, _, height, width = padded.shape
    H, W = height - grid.m + 1, width - grid.m + 1
    if H < 0 or W < 0:
        raise ValueError(
            f"padded maps of {height} rows and {width} columns have no room for their "
            f"margin of {grid.m - 1}; make them with ifcn_lab.assembling.pad.")
    of = padded.stride() if arguments.is_tensor(padded) else padded.strides
    channel, row, column = of[-3:]
    down, across = k * channel + c * row, channel + c * column  # one part further
    shape = (*front, H, W, k, c, k, c)
    strides = (*of[:-3], row, column, down, row, across, column)
    if arguments.is_tensor(padded):
        return padded.as_strided(shape, strides)
    return as_strided(padded, shape, strides, writeable=False)


def _places_per_part(grid: Grid) -> int:
    if grid.m % grid.k:
        sides, below = np.diff(grid.edges).tolist(), grid.m // grid.k * grid.k
        raise ValueError(
            f"backend 'view' needs parts of one size: {grid.m} places in {grid.k} "
            f"parts make {sides}, and one stride cannot take steps of two lengths. "
            f"Choose m = {below} or {below + grid.k}, or another back end.")
    return grid.m // grid.k
