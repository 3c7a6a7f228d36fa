"""The margin around score maps, so that no window reaches past their edge."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Shaped

from ifcn_lab.assembling import arguments
from ifcn_lab.grid import whole_number


def pad(
    score_maps: Shaped[Any, "*B kk H W"], m: int | np.integer, fill: Real = 0.0
) -> Shaped[Any, "*B kk H+{m}-1 W+{m}-1"]:
    """Score maps with a margin of `fill`: the window at (y, x) begins at row y there.

    The margin is m // 2 before and m - 1 - m // 2 after, so that the maps grow by
    m - 1. `assemble(pad(maps, m), m, backend="view", padded=True)` copies nothing.

    Args:
        score_maps: (k * k, H, W) or a batch of them, a NumPy array or a torch tensor.
        m: window side in feature-map cells.
        fill: the score outside the map.

    Raises:
        TypeError, ValueError: m is no whole number from 1 on, or the fill none that
            the dtype can hold.

    >>> pad(np.ones((1, 2, 2), int), 3)
    array([[[0, 0, 0, 0],
            [0, 1, 1, 0],
            [0, 1, 1, 0],
            [0, 0, 0, 0]]])
    """
    m = whole_number("m", m)
    if m < 1:
        raise ValueError(f"m is {m}; a window has at least 1 cell per side.")
    *front, H, W = score_maps.shape
    shape = (*front, H + m - 1, W + m - 1)
    fill = arguments.checked_fill(fill, score_maps.dtype)
    if arguments.is_tensor(score_maps):
        # Not functional.pad: it makes the fill a float64, and 64-bit integers break.
        padded = score_maps.new_full(shape, fill)
    else:
        padded = np.full(shape, fill, score_maps.dtype)
    padded[..., m // 2 : m // 2 + H, m // 2 : m // 2 + W] = score_maps
    return padded
