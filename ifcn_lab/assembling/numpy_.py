"""Assembling in NumPy: k * k copies of blocks, one for each part of the grid.

The file is called `numpy_` so that nobody takes it for NumPy itself.
"""

from __future__ import annotations

from itertools import pairwise, product

from numpy.lib.stride_tricks import sliding_window_view

from ifcn_lab.assembling.arrays import Call, Maps, Windows, pad


def assemble_into(windows: Windows, score_maps: Maps, call: Call) -> None:
    """Copy one part of all windows at a time.

    Every place takes slices, which are quicker than lists of places.
    """
    if windows.size == 0:
        return
    m, edges = call.grid.m, call.grid.edges
    padded = pad(score_maps, m, call.fill)
    crops = sliding_window_view(padded, (m, m), axis=(2, 3))  # a view, (B,k*k,H,W,m,m)
    b, *y_x = (slice(None),) * 3 if call.places is None else call.places.T
    parts = [slice(*pair) for pair in pairwise(edges)]
    for channel, (rows, columns) in enumerate(product(parts, parts)):
        windows[..., rows, columns] = crops[(b, channel, *y_x, rows, columns)]
