"""The arrays around a back end: margin, batch, layout, and the bits as integers."""

from __future__ import annotations

from numbers import Real
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_lab.assembling import arguments
from ifcn_lab.grid import Grid, whole_number

Windows = Shaped[np.ndarray, "*where m m"]
Maps = Shaped[np.ndarray, "B kk H W"]


class Call(NamedTuple):
    """What is to be assembled, checked: `shape` is the result's.

    `places` (N, 3) are (image, y, x) of each window, on the map; None: every place.
    `fill` is the score outside the map.
    """

    grid: Grid
    places: Int[np.ndarray, "N 3"] | None
    fill: int | float
    layout: str = "window"
    shape: tuple[int, ...] = ()


def shape_of(
    maps: tuple[int, ...], places: Int[np.ndarray, "N 3"] | None, m: int, layout: str
) -> tuple[int, ...]:
    """The shape of the result for score maps of a shape.

    >>> shape_of((25, 8, 9), None, 21, "plane")
    (21, 21, 8, 9)
    """
    *front, _, H, W = maps
    front, where = (front, [H, W]) if places is None else ([], [len(places)])
    return (*front, *where, m, m) if layout == "window" else (*front, m, m, *where)


def pad(
    score_maps: Shaped[Any, "*B kk H W"], m: int | np.integer, fill: Real = 0.0
) -> Shaped[Any, "*B kk H+{m}-1 W+{m}-1"]:
    """Score maps with a margin of `fill`: the window at (y, x) begins at row y there.

    The margin is m // 2 before and m - 1 - m // 2 after, so that the maps grow by
    m - 1. `assemble(pad(maps, m), m, backend="view", padded=True)` copies nothing.

    Args:
        score_maps: (k * k, H, W) or a batch of them, a NumPy array or a torch tensor.
        m: window side in places of the feature map.
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
        raise ValueError(f"m is {m}; a window has at least 1 place per side.")
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


def assemble_array(
    module: ModuleType, score_maps: Shaped[np.ndarray, "*B kk H W"], call: Call,
    out: Shaped[np.ndarray, "..."] | None = None,
) -> Shaped[np.ndarray, "..."]:
    """Hand the bits to a back end as integers: every dtype and every NaN survives."""
    dtype = score_maps.dtype
    bits = np.dtype(f"i{dtype.itemsize}")
    fill = np.array(call.fill, dtype).view(bits).item()
    out = np.empty(call.shape, dtype) if out is None else out
    maps = as_batch(np.asarray(score_maps).view(bits))  # (B, k*k, H, W)
    windows = window_axes_last(np.asarray(out).view(bits), call)
    module.assemble_into(windows, maps, call._replace(fill=fill))
    return out


def as_batch(maps: Shaped[Any, "*B kk H W"]) -> Shaped[Any, "B kk H W"]:
    """The maps of one image as a batch of one; a batch as it is."""
    return maps if len(maps.shape) == 4 else maps[None]


def window_axes_last(out: Shaped[Any, "..."], call: Call) -> Shaped[Any, "*where m m"]:
    """The result, in whatever layout, as (N, m, m) or (B, H, W, m, m): a view."""
    if call.places is None and len(call.shape) == 4:
        out = out[None]
    if call.layout == "window":
        return out
    if call.places is None:
        return out.transpose(0, 3, 4, 1, 2)
    return out.transpose(2, 0, 1)


def planes_of(
    windows: Shaped[np.ndarray, "B H W m m"],
) -> Shaped[np.ndarray, "B m m H W"] | None:
    """The planes that windows are a view of, in order in memory; None: of none.

    >>> planes_of(np.zeros((2, 2, 8, 9)).transpose(2, 3, 0, 1)[None]).shape
    (1, 2, 2, 8, 9)
    """
    planes = windows.transpose(0, 3, 4, 1, 2)
    return planes if planes.flags.c_contiguous else None
