"""Assembling in PyTorch: one gather, which gradients flow back through.

The file is called `torch_` so that nobody takes it for PyTorch itself.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import torch
from jaxtyping import Int, Shaped

from ifcn_lab.assembling import arguments
from ifcn_lab.assembling.arrays import (
    Call,
    Maps,
    Windows,
    as_batch,
    assemble_array,
    pad,
)
from ifcn_lab.assembling.backend_choice import load
from ifcn_lab.grid import Grid

# Half the bytes of int64. A gather, and even more its gradient, is faster for it.
_SMALL_INDEX = 2**31


def assemble_with(
    backend: str, score_maps: Shaped[torch.Tensor, "*B kk H W"], call: Call,
    out: Shaped[torch.Tensor, "..."] | None,
) -> Shaped[torch.Tensor, "..."]:
    """Assemble a tensor with this back end, or with one that takes NumPy arrays.

    Raises:
        ValueError: the tensor wants a gradient, and there is none or `out` has none.
    """
    module = load(backend)
    if backend != "torch" or out is not None:
        arguments.refuse_gradient(score_maps, backend)
    if backend == "torch":
        maps = as_batch(score_maps)
        windows = assemble_tensor(maps, call.grid, call.places, call.fill, call.layout)
        windows = windows.view(call.shape)
        return windows if out is None else out.copy_(windows)
    out = score_maps.new_empty(call.shape) if out is None else out
    _assemble_bits(module, score_maps, call, out)
    return out


def _assemble_bits(
    module: ModuleType, score_maps: Shaped[torch.Tensor, "*B kk H W"], call: Call,
    out: Shaped[torch.Tensor, "..."],
) -> None:
    fill = bits_of(torch.tensor(call.fill, dtype=score_maps.dtype)).item()
    maps, windows, call = bits_of(score_maps), bits_of(out), call._replace(fill=fill)
    if out.is_cuda and hasattr(module, "assemble_on_device"):
        return module.assemble_on_device(maps, call, windows)
    host = windows.cpu()  # of a tensor on the processor its own memory
    assemble_array(module, maps.cpu().numpy(), call, host.numpy())
    if out.device.type != "cpu":
        windows.copy_(host)
    return None


def bits_of(tensor: Shaped[torch.Tensor, "*shape"]) -> Int[torch.Tensor, "*shape"]:
    """The same bits as signed integers, which NumPy and every gather can carry.

    >>> bits_of(torch.tensor([-0.0, 1.0], dtype=torch.bfloat16))
    tensor([-32768,  16256], dtype=torch.int16)
    """
    return tensor.detach().view(getattr(torch, f"int{8 * tensor.itemsize}"))


def offsets(k: int, m: int, height: int, width: int) -> Int[torch.Tensor, "m m"]:
    """How far each pixel of a window stands from the window's first, in map 0.

    >>> offsets(k=2, m=2, height=10, width=10)
    tensor([[  0, 101],
            [210, 311]])
    """
    i, j = np.indices((m, m))
    return torch.from_numpy((Grid(k, m).channel * height + i) * width + j)


def assemble_tensor(
    score_maps: Shaped[torch.Tensor, "B kk H W"], grid: Grid,
    places: Int[np.ndarray, "N 3"] | None, fill: int | float,
    layout: str = "window",
) -> Shaped[torch.Tensor, "..."]:
    """Gather every window from the score maps, on their device.

    Assembling copies, so the gradient of a score is the sum of the gradients of its
    copies. A score that no window reads has gradient zero.

    Args:
        score_maps: the maps of B images.
        grid: k and m.
        places: (image, y, x) of each window, on the map; None: every place.
        fill: the score outside the map.
        layout: "window", the window's axes last, or "plane", first.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = torch.ones(1, 1, 1, 3, requires_grad=True)
    >>> places = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 1]])
    >>> assemble_tensor(maps, Grid(k=1, m=1), places, 0.0).sum().backward()
    >>> maps.grad
    tensor([[[[1., 2., 0.]]]])
    """
    dtype = score_maps.dtype
    if not dtype.is_floating_point:  # not every kind of integers can be gathered
        score_maps, fill = bits_of(score_maps), bits_of(torch.tensor(fill, dtype=dtype))
        fill = fill.item()
    padded = pad(score_maps, grid.m, fill)  # (B, k*k, H+m-1, W+m-1)
    _, channels, height, width = padded.shape
    image, y, x = _axes(places, score_maps, padded.numel())
    # Padding moved the maps by m // 2, so a window's first pixel stands at its centre.
    first = (image * (channels * height) + y) * width + x  # (N,) or (B, H, W)
    index = _spread(first, offsets(grid.k, grid.m, height, width).to(first), layout)
    # Of the ways to gather, index_select is the fastest here, forward and backward.
    windows = padded.flatten().index_select(0, index.flatten()).view(index.shape)
    return windows if windows.dtype == dtype else windows.view(dtype)


def _axes(
    places: Int[np.ndarray, "N 3"] | None,
    score_maps: Shaped[torch.Tensor, "B kk H W"], size: int,
) -> tuple[Int[torch.Tensor, "*where"], ...]:
    """Image, row and column of each window, as integers that count up to a size."""
    kind = torch.int32 if size < _SMALL_INDEX else torch.int64
    device = score_maps.device
    if places is not None:
        return torch.from_numpy(places).to(device, kind).unbind(1)  # 3 of (N,)
    B, _, H, W = score_maps.shape
    sides = (torch.arange(n, dtype=kind, device=device) for n in (B, H, W))
    return torch.meshgrid(*sides, indexing="ij")  # 3 of (B, H, W)


def _spread(
    first: Int[torch.Tensor, "*where"], offset: Int[torch.Tensor, "m m"], layout: str
) -> Int[torch.Tensor, "..."]:
    """Where each pixel of each window stands, in the layout of the result."""
    if layout == "window":
        return first[..., None, None] + offset  # (..., m, m)
    if first.ndim == 1:
        return offset[..., None] + first  # (m, m, N)
    return first[:, None, None] + offset[..., None, None]  # (B, m, m, H, W)


def assemble_into(windows: Windows, score_maps: Maps, call: Call) -> None:
    """Gather every window of a NumPy array of signed integers.
    """
    # A copy is in order and may be written to, which torch asks of an array.
    maps = torch.from_numpy(score_maps.copy())  # (B, k*k, H, W)
    windows[...] = assemble_tensor(maps, call.grid, call.places, call.fill).numpy()
