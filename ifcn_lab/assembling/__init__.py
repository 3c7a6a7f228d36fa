"""Assembling: windows put together from score maps, by one of several back ends.

One public function, `assemble`, over one file for each implementation:

- `loop`: the definition, pixel by pixel;
- `numpy`: k * k block copies;
- `view`: no copy at all, where k divides m;
- `numba`: a kernel for all cores of the processor, at about the memory's speed;
- `torch`: one gather, with gradients;
- `cuda`: numba-CUDA kernels, on a GPU or on numba's simulator;
- `cuda-reference`: the same with one thread per pixel, as plain as the definition.

All of them copy and none calculates, so they agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Shaped

from ifcn_lab.assembling import arguments, arrays
from ifcn_lab.assembling.arrays import pad
from ifcn_lab.assembling.backend_choice import backends, best, load
from ifcn_lab.grid import Grid

__all__ = ["assemble", "backends", "pad"]


def assemble(
    score_maps: Shaped[Any, "*B kk rows columns"],
    m: int | np.integer,
    *,
    centers: Shaped[Any, "N axes"] | Sequence | None = None,
    backend: str = "auto",
    layout: str = "window", fill: Real = 0.0, out: Any = None, padded: bool = False,
) -> Shaped[Any, "..."]:
    """Assemble windows of m x m scores from k * k score maps.

    The window at (y, x) covers rows y - m//2 ... y - m//2 + m - 1 of the feature map,
    and columns likewise. Its pixel (i, j) is a copy of the score at that place in map
    number `Grid(k, m).channel[i, j]`. Nothing is averaged and nothing is judged: NaN
    and infinity are copied like any other score. Maps without a single position
    (H = 0 or W = 0) give a result without a single window.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    Args:
        score_maps: (k * k, H, W), or a batch (B, k * k, H, W): a NumPy array or a
            torch tensor of booleans, integers or floating-point numbers. k follows
            from the channel count. CuPy's arrays: `torch.as_tensor` copies nothing.
        m: window side in places of the feature map, at least k.
        centers: (N, 2) integers (y, x), positions on the map; for a batch (N, 3),
            (image, y, x). None: every position.
        backend: one of `backends()`. "auto": "torch" for a tensor that wants a
            gradient or lies on a GPU; of the rest "numba" from 20 million scores on,
            of arrays also those of earlier calls, and below, where its start (about
            two seconds the very first time, then 0.3) would not pay, "torch" or
            "numpy".
        layout: "window": each window's m * m scores stand together. "plane": the
            window's axes come first, so that each pixel's scores at all positions
            stand together. Windows are for looking at one mask, planes for doing the
            same with all of them.
        fill: the score outside the map.
        out: what to write into, of the shape and dtype of the result. Fresh memory
            costs more than filling it: who assembles again and again keeps one.
        padded: the score maps have their margin already, as `pad` makes it; for
            backend "view".

    Returns:
        (H, W, m, m), or (N, m, m) for chosen centers, after B for a whole batch; as
        planes (m, m, H, W), (m, m, N). Of the kind, the dtype and on the device of
        `score_maps`. Gradients flow through "torch" and "view". Of "view":
        (H, W, k, m//k, k, m//k), the same scores; `.reshape(H, W, m, m)` copies them.

    Raises:
        TypeError: score maps, m, centers or fill are of a type that cannot serve.
        ValueError: a shape or value is wrong: k * k channels, m >= k, centers on the
            map, a fill that the dtype can hold, a back end that is there, no
            gradients asked of a back end that has none, and k dividing m for "view".

    >>> maps = np.arange(4).reshape(4, 1, 1) * np.ones((4, 5, 5), int)
    >>> assemble(maps, 4, centers=[(2, 2)])
    array([[[0, 0, 1, 1],
            [0, 0, 1, 1],
            [2, 2, 3, 3],
            [2, 2, 3, 3]]])
    >>> assemble(maps, 4).shape
    (5, 5, 4, 4)
    """
    grid = Grid(arguments.parts_per_side(score_maps), m)
    if layout not in ("window", "plane"):
        raise ValueError(f"layout is {layout!r}; choose 'window', each window's pixels "
                         "together, or 'plane', each pixel's windows together.")
    if backend == "view" or padded:
        return _view(score_maps, grid, (centers, out), backend, layout, fill, padded)
    places = arguments.checked_places(centers, score_maps.shape)
    fill = arguments.checked_fill(fill, score_maps.dtype)
    name = best(score_maps, places, grid.m) if backend == "auto" else backend
    shape = arrays.shape_of(score_maps.shape, places, grid.m, layout)
    if out is not None:
        arguments.check_out(out, shape, score_maps)
    call = arrays.Call(grid, places, fill, layout, shape)
    if arguments.is_tensor(score_maps):
        return load("torch").assemble_with(name, score_maps, call, out)
    return arrays.assemble_array(load(name), score_maps, call, out)


def _view(
    score_maps: Shaped[Any, "*B kk rows columns"], grid: Grid,
    not_taken: tuple[Any, Any], backend: str, layout: str, fill: Real, padded: bool,
) -> Shaped[Any, "..."]:
    if backend != "view":
        raise ValueError(
            f"padded=True is for backend='view', not for {backend!r}: the other back "
            "ends make the margin themselves.")
    if any(value is not None for value in not_taken):
        raise ValueError(
            "backend 'view' copies nothing, so it takes no centers and no out; it "
            "shows every window. Choose with view[y, x].")
    maps = score_maps if padded else pad(score_maps, grid.m, fill)
    windows = load("view").view_windows(maps, grid)  # (*B, H, W, k, c, k, c)
    if layout == "window":
        return windows
    move = np.moveaxis if isinstance(windows, np.ndarray) else type(windows).moveaxis
    return move(windows, (-6, -5), (-2, -1))  # each pixel's scores at all positions
