"""Where CUDA kernels run: on a GPU, or on numba's simulator where there is none.

The simulator starts a Python thread for every CUDA thread: right in every number, and
slow.

Both are numba's own or, where the package numba-cuda is installed, NVIDIA's: it puts
itself in the place of `numba.cuda`, under the same names.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from threading import Lock
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numba.core import config
from numba.cuda import simulator
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

_ONE_LAUNCH = Lock()


def launch(
    kernel: FunctionType, blocks: tuple[int, ...], threads: tuple[int, ...],
    *arguments: Any,
) -> Shaped[np.ndarray, "*shape"]:
    """Run a kernel, on the GPU or on the simulator, and return what it wrote.

    Args:
        kernel: a plain Python function; its module calls numba's CUDA `cuda`, as in
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

    >>> from numba import cuda
    >>> def double(a, out):
    ...     i = cuda.grid(1)
    ...     if i < out.size:
    ...         out[i] = 2 * a[i]
    >>> launch(double, (1,), (4,), np.array([1, 2, 3]), np.zeros(3, int))
    array([2, 4, 6])
    """
    if not arguments or not isinstance(arguments[-1], np.ndarray):
        raise TypeError("The last argument must be the array that the kernel writes.")
    copies = [on_device(argument) for argument in arguments]
    start(kernel, blocks, threads, *copies)
    return copies[-1].copy_to_host()


def start(
    kernel: FunctionType, blocks: tuple[int, ...], threads: tuple[int, ...],
    *arguments: Any, stream: Any = 0,
) -> None:
    """Start a kernel on arrays that are on the device already; nothing is copied."""
    with _ONE_LAUNCH, warnings.catch_warnings():  # the simulator runs one at a time
        # A few windows make a small grid. numba remarks on it; no reader needs to.
        warnings.filterwarnings("ignore", ".*Grid size")
        _compiled(kernel, the_device())[blocks, threads, stream](*arguments)


def device_name() -> str:
    """Name the GPU that kernels run on, or say "simulator".

    >>> isinstance(device_name(), str)
    True
    """
    device = the_device()
    if device is simulator:
        return "simulator"
    name = device.get_current_device().name
    return name.decode() if isinstance(name, bytes) else name


def the_device() -> ModuleType:
    """numba.cuda, or its simulator: a module with the same functions that needs no GPU.

    numba documents another way to the simulator, the variable NUMBA_ENABLE_CUDASIM.
    It is heeded here, but it works only if it is set before numba is first imported.
    """
    # While a kernel runs on the simulator, its module's name `cuda` stands for the
    # simulator's threads. So import it here, where no kernel is.
    from numba import cuda as gpu

    return gpu if gpu.is_available() and not config.ENABLE_CUDASIM else simulator


def on_device(argument: Any) -> Any:
    """A copy of an array in the device's memory; anything else as it is."""
    if not isinstance(argument, np.ndarray):
        return argument
    return the_device().to_device(argument.copy())  # a copy is in order in memory


def borrowed(tensor: Shaped[Any, "*shape"]) -> Any:
    """A tensor as a kernel takes it: the same memory, no copy.

    Args:
        tensor: torch's, in order in memory; on the simulator one of the processor's.
    """
    device = the_device()
    if device is simulator:
        return FakeCUDAArray(tensor.numpy())
    return device.as_cuda_array(tensor, sync=False)


def stream_of(tensor: Shaped[Any, "*shape"]) -> Any:
    """The stream on which torch works on a tensor's GPU; 0 is numba's default."""
    device = the_device()
    if device is simulator:
        return 0
    import torch

    handle = torch.cuda.current_stream(tensor.device).cuda_stream
    return device.external_stream(handle) if handle else 0


@lru_cache(maxsize=32)
def _compiled(kernel: FunctionType, device: ModuleType) -> Any:
    return device.jit(kernel)
