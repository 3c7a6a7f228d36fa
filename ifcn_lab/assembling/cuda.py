"""Assembling in numba-CUDA: one thread for each pixel of each window.

The kernel runs on a GPU. Where there is none it runs on numba's simulator, which
starts a Python thread for every CUDA thread: right in every number, and slow.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from threading import Lock
from types import FunctionType, ModuleType
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Int, Shaped
from numba import cuda
from numba.core import config
from numba.core.errors import NumbaPerformanceWarning
from numba.cuda import simulator

from ifcn_lab.grid import Grid, every_center

THREADS = (1, 8, 8)
"""Threads per block: one window, 8 columns, 8 rows."""

_ONE_LAUNCH = Lock()


@no_type_check  # numba compiles the function itself; a type checker's wrapper hides it
def copy_one_score(score_maps, channel, centers, fill, windows):
    """What one thread does: it finds out which pixel is its own, and copies one score.

    Columns run fastest, so neighbouring threads write to neighbouring addresses.
    """
    n, j, i = cuda.grid(3)  # window, column, row
    N, m, _ = windows.shape
    if n >= N or i >= m or j >= m:
        return  # blocks are whole: some threads stand beyond the window's edge

    y = centers[n, 0] - m // 2 + i
    x = centers[n, 1] - m // 2 + j
    _, H, W = score_maps.shape
    if 0 <= y < H and 0 <= x < W:
        windows[n, i, j] = score_maps[channel[i, j], y, x]
    else:
        windows[n, i, j] = fill


def assemble(
    score_maps: Shaped[np.ndarray, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "*places 2"] | None,
    fill: int | float | np.number,
) -> Shaped[np.ndarray, "*places m m"]:
    """Start one thread for each pixel of each window.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = np.arange(4).reshape(4, 1, 1) * np.ones((4, 3, 3), int)
    >>> assemble(maps, Grid(k=2, m=2), np.array([[1, 1]]), fill=-1)
    array([[[0, 1],
            [2, 3]]])
    """
    m, (_, H, W) = grid.m, score_maps.shape
    centers = every_center(H, W) if centers is None else centers  # (..., 2)
    flat = centers.reshape(-1, 2)  # (N, 2)
    windows = np.empty((len(flat), m, m), score_maps.dtype)  # (N, m, m)
    if windows.size:
        blocks = blocks_for(windows.shape)
        fill = score_maps.dtype.type(fill)
        arguments = (score_maps, grid.channel, flat, fill, windows)
        windows = launch(copy_one_score, blocks, THREADS, *arguments)
    return windows.reshape(*centers.shape[:-1], m, m)


def blocks_for(windows: tuple[int, int, int]) -> tuple[int, int, int]:
    """How many blocks of `THREADS` cover windows of shape (N, m, m).

    >>> blocks_for((128, 21, 21))
    (128, 3, 3)
    """
    n, rows, columns = windows
    work = (n, columns, rows)
    return tuple(-(-size // t) for size, t in zip(work, THREADS, strict=True))


def launch(
    kernel: FunctionType,
    blocks: tuple[int, ...],
    threads: tuple[int, ...],
    *arguments: Any,
) -> Shaped[np.ndarray, "*shape"]:
    """Run a kernel, on the GPU or on the simulator, and return what it wrote.

    Args:
        kernel: a plain Python function; the module calls it `cuda`, as in
            `from numba import cuda`.
        blocks: blocks in the launch, per dimension.
        threads: threads in a block, per dimension.
        arguments: the kernel's arguments. Arrays are copied to the device. The last
            one is what the kernel writes; a copy of it comes back, the array itself
            stays as it was.

    Raises:
        TypeError: the last argument is no array.
        IndexError: on the simulator, threads stood outside an array; the message
            names one of them, not the same in every run. A GPU does not notice.

    >>> def double(a, out):
    ...     i = cuda.grid(1)
    ...     if i < out.size:
    ...         out[i] = 2 * a[i]
    >>> launch(double, (1,), (4,), np.array([1, 2, 3]), np.zeros(3, int))
    array([2, 4, 6])
    """
    if not arguments or not isinstance(arguments[-1], np.ndarray):
        raise TypeError("The last argument must be the array that the kernel writes.")
    device = _device()
    copies = [_on(device, argument) for argument in arguments]
    with _ONE_LAUNCH, warnings.catch_warnings():  # the simulator runs one at a time
        # A few windows make a small grid. numba remarks on it; no reader needs to.
        warnings.simplefilter("ignore", NumbaPerformanceWarning)
        _compiled(kernel)[blocks, threads](*copies)
    return copies[-1].copy_to_host()


def device_name() -> str:
    """Name the GPU that kernels run on, or say "simulator".

    >>> isinstance(device_name(), str)
    True
    """
    device = _device()
    if device is simulator:
        return "simulator"
    name = device.get_current_device().name
    return name.decode() if isinstance(name, bytes) else name


def _device() -> ModuleType:
    """numba.cuda, or its simulator: a module with the same functions that needs no GPU.

    numba documents another way to the simulator, the variable NUMBA_ENABLE_CUDASIM.
    It is heeded here, but it works only if it is set before numba is first imported.
    """
    # The name `cuda` of this module is the kernel's: while a kernel runs on the
    # simulator it stands for the simulator's threads. So import it once more.
    from numba import cuda as gpu

    return gpu if gpu.is_available() and not config.ENABLE_CUDASIM else simulator


@lru_cache(maxsize=32)
def _compiled(kernel: FunctionType) -> Any:
    return _device().jit(kernel)


def _on(device: ModuleType, argument: Any) -> Any:
    if not isinstance(argument, np.ndarray):
        return argument
    return device.to_device(argument.copy())  # a copy is in order in memory
