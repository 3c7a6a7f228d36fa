"""The arrays around a back end: the batch, the layout, and the bits as integers."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_lab.grid import Grid

Windows = Shaped[np.ndarray, "*where m m"]
Maps = Shaped[np.ndarray, "B kk H W"]


class Task(NamedTuple):
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


def assemble_array(
    module: ModuleType, score_maps: Shaped[np.ndarray, "*B kk H W"], task: Task,
    out: Shaped[np.ndarray, "..."] | None = None,
) -> Shaped[np.ndarray, "..."]:
    """Hand the bits to a back end as integers: every dtype and every NaN survives."""
    dtype = score_maps.dtype
    bits = np.dtype(f"i{dtype.itemsize}")
    fill = np.array(task.fill, dtype).view(bits).item()
    out = np.empty(task.shape, dtype) if out is None else out
    maps = as_batch(np.asarray(score_maps).view(bits))  # (B, k*k, H, W)
    windows = window_axes_last(np.asarray(out).view(bits), task)
    module.assemble_into(windows, maps, task._replace(fill=fill))
    return out


def as_batch(maps: Shaped[Any, "*B kk H W"]) -> Shaped[Any, "B kk H W"]:
    """The maps of one image as a batch of one; a batch as it is."""
    return maps if len(maps.shape) == 4 else maps[None]


def window_axes_last(out: Shaped[Any, "..."], task: Task) -> Shaped[Any, "*where m m"]:
    """The result, in whatever layout, as (N, m, m) or (B, H, W, m, m): a view."""
    if task.places is None and len(task.shape) == 4:
        out = out[None]
    if task.layout == "window":
        return out
    if task.places is None:
        return out.transpose(0, 3, 4, 1, 2)
    return out.transpose(2, 0, 1)


def window_axes_first(
    windows: Shaped[Any, "*B H W k c k c"],
) -> Shaped[Any, "*B k c k c H W"]:
    """Planes of a view of windows: each pixel's scores at all positions."""
    move = np.moveaxis if isinstance(windows, np.ndarray) else type(windows).moveaxis
    return move(windows, (-6, -5), (-2, -1))


def planes_of(
    windows: Shaped[np.ndarray, "B H W m m"],
) -> Shaped[np.ndarray, "B m m H W"] | None:
    """The planes that windows are a view of, in order in memory; None: of none.

    >>> planes_of(np.zeros((2, 2, 8, 9)).transpose(2, 3, 0, 1)[None]).shape
    (1, 2, 2, 8, 9)
    """
    planes = windows.transpose(0, 3, 4, 1, 2)
    return planes if planes.flags.c_contiguous else None
