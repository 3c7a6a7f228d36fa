"""The definition of assembling, one pixel at a time: slow and obvious.

Every other implementation is tested against this one.
"""

from __future__ import annotations

import numpy as np

from ifcn_lab.assembling.arrays import Call, Maps, Windows
from ifcn_lab.grid import every_place


def assemble_into(windows: Windows, score_maps: Maps, call: Call) -> None:
    """Copy the window around each place, pixel by pixel.

    Args:
        windows: what is written: (N, m, m), or (B, H, W, m, m) for every place.
        score_maps: the maps of B images.
        call: k, m, places and fill.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> from ifcn_lab.grid import Grid
    >>> maps = np.arange(4).reshape(1, 4, 1, 1) * np.ones((1, 4, 3, 3), int)
    >>> windows = np.zeros((1, 2, 2), int)
    >>> call = Call(Grid(k=2, m=2), places=np.array([[0, 1, 1]]), fill=-1)
    >>> assemble_into(windows, maps, call)
    >>> windows
    array([[[0, 1],
            [2, 3]]])
    """
    B, _, H, W = score_maps.shape
    m, channel = call.grid.m, call.grid.channel
    places = every_place(B, H, W) if call.places is None else call.places  # (..., 3)
    for window in np.ndindex(places.shape[:-1]):
        b, y, x = places[window]
        for i in range(m):
            for j in range(m):
                row, column = y - m // 2 + i, x - m // 2 + j
                score = call.fill
                if 0 <= row < H and 0 <= column < W:
                    score = score_maps[b, channel[i, j], row, column]
                windows[(*window, i, j)] = score
