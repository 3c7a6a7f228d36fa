"""Assembling in numba-CUDA, at the speed of the GPU's memory.

A GPU writes fast where neighbouring threads write neighbouring addresses. So the two
layouts need two kernels. For windows a thread stays at one pixel of the window and
goes from window to window; for planes it stays at one place and goes from pixel to
pixel. Either way it divides, if at all, once and before its loop.

The kernels run on a GPU. Where there is none they run on numba's simulator.
"""

from __future__ import annotations

from math import prod
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Int
from numba import cuda

from ifcn_lab.assembling.arrays import Call, Maps, Windows, as_batch, planes_of
from ifcn_lab.assembling.device import borrowed, on_device, start, stream_of, the_device
from ifcn_lab.grid import Grid

THREADS = 128
"""Threads in a block, all in one dimension."""
EACH = 8
"""Windows of which a thread copies its pixel: few, so that a GPU has blocks enough."""
_NO_PLACES = np.zeros((1, 3), np.int64)  # CUDA takes no array without memory


@no_type_check  # numba compiles the functions; a type checker's wrapper hides them
def copy_windows(maps, channel, rows, columns, fill, windows, every, places):
    """Windows (N, m*m) at every place, or at places (N, 3); a thread copies one pixel.

    maps (B, k*k, H, W); channel, rows, columns (m*m,): the map of each pixel and how
    far it is from the centre.
    """
    pixel = cuda.blockIdx.y * cuda.blockDim.x + cuda.threadIdx.x
    N, pixels = windows.shape
    if pixel >= pixels:
        return
    _, _, H, W = maps.shape
    score_map, down, right = channel[pixel], rows[pixel], columns[pixel]
    for n in range(cuda.blockIdx.x, N, cuda.gridDim.x):
        if every:
            b, y, x = n // (H * W), n // W % H, n % W
        else:
            b, y, x = places[n, 0], places[n, 1], places[n, 2]
        row, column = y + down, x + right
        if 0 <= row < H and 0 <= column < W:
            windows[n, pixel] = maps[b, score_map, row, column]
        else:
            windows[n, pixel] = fill


@no_type_check
def copy_planes(maps, channel, rows, columns, fill, planes):
    """One row of pixels at every place; the thread stays at its place.

    maps (B, k*k, H, W); planes (B, m, m, H * W).
    """
    place = cuda.grid(1)
    _, m, _, size = planes.shape
    if place >= size:
        return
    _, _, H, W = maps.shape
    i, b = cuda.blockIdx.y, cuda.blockIdx.z
    y = place // W
    x = place - y * W
    row = y + rows[i * m]
    on_a_row = 0 <= row < H
    for j in range(m):
        column = x + columns[j]
        if on_a_row and 0 <= column < W:
            planes[b, i, j, place] = maps[b, channel[i * m + j], row, column]
        else:
            planes[b, i, j, place] = fill


def assemble_into(windows: Windows, score_maps: Maps, call: Call) -> None:
    """Copy the maps to the device, assemble there, and copy the windows back.
    """
    if windows.size == 0:
        return
    planes = planes_of(windows) if call.places is None else None
    layout, target = ("window", windows) if planes is None else ("plane", planes)
    result = the_device().device_array(target.shape, windows.dtype)
    _run(result, on_device(score_maps), call, layout)
    target[...] = result.copy_to_host()


def assemble_on_device(
    score_maps: Int[Any, "*B kk H W"], call: Call, out: Int[Any, "..."]
) -> None:
    """Assemble tensors of integers where they are, on torch's stream, without a copy.

    Chosen windows as planes, and what is not in order in memory, take one more copy.
    """
    if 0 in call.shape:
        return
    layout, wanted = call.layout, out if out.ndim == 5 else out[None]
    if call.places is not None:
        layout, wanted = "window", out if layout == "window" else out.permute(2, 0, 1)
    result = wanted.contiguous()
    maps = borrowed(as_batch(score_maps.contiguous()))
    _run(borrowed(result), maps, call, layout, stream_of(out))
    if result is not wanted:
        wanted.copy_(result)


def _run(result: Any, maps: Any, call: Call, layout: str, stream: Any = 0) -> None:
    table = [on_device(column) for column in _pixel_table(call.grid)]
    shape, blocks = _launch_shape(tuple(result.shape), layout)
    arguments = [maps, *table, result.dtype.type(call.fill), result.reshape(*shape)]
    kernel = copy_windows if layout == "window" else copy_planes
    if layout == "window":
        every = call.places is None
        arguments += [every, on_device(_NO_PLACES if every else call.places)]
    start(kernel, blocks, (THREADS,), *arguments, stream=stream)


def _pixel_table(grid: Grid) -> list[Int[np.ndarray, " mm"]]:
    """For each pixel of a window: its map, and its row and column from the centre."""
    rows, columns = np.indices((grid.m, grid.m)) - grid.m // 2  # (m, m) each
    return [a.ravel().astype(np.int32) for a in (grid.channel, rows, columns)]


def _launch_shape(
    result: tuple[int, ...], layout: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How the kernel sees the result, and how many blocks it needs.

    >>> _launch_shape((1, 75, 100, 21, 21), "window")
    ((7500, 441), (938, 4))
    """
    if layout == "plane":
        B, m, _, H, W = result
        return (B, m, m, H * W), (-(-H * W // THREADS), m, B)
    *where, m, _ = result
    windows = prod(where)
    return (windows, m * m), (-(-windows // EACH), -(-m * m // THREADS))
