"""Assembling in numba-CUDA, at the speed of the GPU's memory.

A GPU writes fast where neighbouring threads write neighbouring addresses. So the two
layouts need two kernels. For windows a thread stays at one pixel of the window and
goes from window to window; for planes it stays at one place and goes from pixel to
pixel. Either way it divides, if at all, once and before its loop.

The kernels run on a GPU. Where there is none they run on numba's simulator.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Int
from numba import cuda

from ifcn_lab.assembling.arrays import Maps, Task, Windows, as_batch, planes_of
from ifcn_lab.assembling.device import borrowed, on_device, start, stream_of, the_device
from ifcn_lab.grid import Grid

THREADS = 128
"""Threads in a block, all in one dimension."""
SHARES = 8
"""Blocks that share a row of windows, so that a small map keeps a whole GPU busy."""


@no_type_check  # numba compiles the functions; a type checker's wrapper hides them
def copy_windows(maps, channel, rows, columns, fill, windows):
    """Every window of one map row; the thread copies one pixel of each.

    maps (B, k*k, H, W); channel, rows, columns (m*m,): the map of each pixel and how
    far it is from the centre; windows (B, H, W, m*m).
    """
    pixel = cuda.blockIdx.y * cuda.blockDim.x + cuda.threadIdx.x
    _, H, W, pixels = windows.shape
    if pixel >= pixels:
        return
    b, y = cuda.blockIdx.x // H, cuda.blockIdx.x % H
    score_map, right = channel[pixel], columns[pixel]
    row = y + rows[pixel]
    on_a_row = 0 <= row < H
    for x in range(cuda.blockIdx.z, W, cuda.gridDim.z):
        column = x + right
        if on_a_row and 0 <= column < W:
            windows[b, y, x, pixel] = maps[b, score_map, row, column]
        else:
            windows[b, y, x, pixel] = fill


@no_type_check
def copy_chosen_windows(maps, channel, rows, columns, fill, windows, places):
    """Windows (N, m*m) at chosen places (N, 3); the thread copies one pixel of each."""
    pixel = cuda.blockIdx.y * cuda.blockDim.x + cuda.threadIdx.x
    N, pixels = windows.shape
    if pixel >= pixels:
        return
    _, _, H, W = maps.shape
    score_map, down, right = channel[pixel], rows[pixel], columns[pixel]
    for n in range(cuda.blockIdx.x, N, cuda.gridDim.x):
        row, column = places[n, 1] + down, places[n, 2] + right
        if 0 <= row < H and 0 <= column < W:
            windows[n, pixel] = maps[places[n, 0], score_map, row, column]
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


def assemble_into(windows: Windows, score_maps: Maps, task: Task) -> None:
    """Copy the maps to the device, assemble there, and copy the windows back.
    """
    if windows.size == 0:
        return
    planes = planes_of(windows) if task.places is None else None
    layout, target = ("window", windows) if planes is None else ("plane", planes)
    result = the_device().device_array(target.shape, windows.dtype)
    _run(result, on_device(score_maps), task, layout)
    target[...] = result.copy_to_host()


def assemble_on_device(
    score_maps: Int[Any, "*B kk H W"], task: Task, out: Int[Any, "..."]
) -> None:
    """Assemble tensors of integers where they are, on torch's stream, without a copy.

    Chosen windows as planes, and what is not in order in memory, take one more copy.
    """
    if 0 in task.shape:
        return
    layout, wanted = task.layout, out if out.ndim == 5 else out[None]
    if task.places is not None:
        layout, wanted = "window", out if layout == "window" else out.permute(2, 0, 1)
    result = wanted.contiguous()
    maps = borrowed(as_batch(score_maps.contiguous()))
    _run(borrowed(result), maps, task, layout, stream_of(out))
    if result is not wanted:
        wanted.copy_(result)


def _run(result: Any, maps: Any, task: Task, layout: str, stream: Any = 0) -> None:
    every = task.places is None
    table = [on_device(column) for column in _pixel_table(task.grid)]
    shape, blocks = _launch_shape(tuple(result.shape), task.grid.m, layout, every)
    arguments = [maps, *table, result.dtype.type(task.fill), result.reshape(*shape)]
    kernel = copy_windows if layout == "window" else copy_planes
    if not every:
        kernel = copy_chosen_windows
        arguments.append(on_device(task.places))
    start(kernel, blocks, (THREADS,), *arguments, stream=stream)


def _pixel_table(grid: Grid) -> list[Int[np.ndarray, " mm"]]:
    """For each pixel of a window: its map, and its row and column from the centre."""
    rows, columns = np.indices((grid.m, grid.m)) - grid.m // 2  # (m, m) each
    return [a.ravel().astype(np.int32) for a in (grid.channel, rows, columns)]


def _launch_shape(
    result: tuple[int, ...], m: int, layout: str, dense: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How the kernel sees the result, and how many blocks it needs.

    >>> _launch_shape((1, 75, 100, 21, 21), 21, "window", True)
    ((1, 75, 100, 441), (75, 4, 8))
    """
    if layout == "plane":
        B, _, _, H, W = result
        return (B, m, m, H * W), (-(-H * W // THREADS), m, B)
    *where, _, _ = result
    rows, shares = (where[0] * where[1], SHARES) if dense else (where[0], 1)
    return (*where, m * m), (rows, -(-m * m // THREADS), shares)
