"""Assembling in PyTorch: one gather, which gradients flow back through.

The file is called `torch_` so that nobody takes it for PyTorch itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Int, Shaped

from ifcn_lab.grid import Grid, every_center


def assemble_tensor(
    score_maps: Shaped[torch.Tensor, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "*places 2"] | None,
    fill: int | float,
) -> Shaped[torch.Tensor, "*places m m"]:
    """Gather every window from the score maps, on their device.

    Assembling copies, so the gradient of a score is the sum of the gradients of its
    copies. A score that no window reads has gradient zero.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    >>> maps = torch.ones(1, 1, 3, requires_grad=True)
    >>> centers = np.array([[0, 0], [0, 1], [0, 1]])
    >>> assemble_tensor(maps, Grid(k=1, m=1), centers, 0.0).sum().backward()
    >>> maps.grad
    tensor([[[1., 2., 0.]]])
    """
    dtype = score_maps.dtype
    if dtype.is_floating_point:
        return _gather(score_maps, grid, centers, fill)
    bits, fill_bits = _bits(score_maps), _bits(torch.tensor(fill, dtype=dtype))
    return _gather(bits, grid, centers, fill_bits.item()).view(dtype)


def assemble(
    score_maps: Int[np.ndarray, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "*places 2"] | None,
    fill: int,
) -> Int[np.ndarray, "*places m m"]:
    """Gather every window of a NumPy array of signed integers.

    >>> maps = np.arange(4).reshape(4, 1, 1) * np.ones((4, 3, 3), int)
    >>> assemble(maps, Grid(k=2, m=2), np.array([[1, 1]]), fill=-1)
    array([[[0, 1],
            [2, 3]]])
    """
    # A copy is in order and may be written to, which torch asks of an array.
    maps = torch.from_numpy(score_maps.copy())  # (k*k, H, W)
    return _gather(maps, grid, centers, fill).numpy()


def assemble_through_numpy(
    assemble: Callable[..., np.ndarray],
    score_maps: Shaped[torch.Tensor, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "*places 2"] | None,
    fill: int | float,
) -> Shaped[torch.Tensor, "*places m m"]:
    """Assemble a tensor with a back end that knows NumPy arrays only; no gradients.

    >>> from ifcn_lab.assembling import loop
    >>> maps = torch.tensor([[[1.5, 2.5]]], dtype=torch.bfloat16)
    >>> assemble_through_numpy(loop.assemble, maps, Grid(1, 1), None, 0.0)
    tensor([[[[1.5000]], [[2.5000]]]], dtype=torch.bfloat16)
    """
    bits = _bits(score_maps).cpu().numpy()  # (k*k, H, W)
    fill_bits = _bits(torch.tensor(fill, dtype=score_maps.dtype)).item()
    windows = torch.from_numpy(assemble(bits, grid, centers, fill_bits))
    return windows.to(score_maps.device).view(score_maps.dtype)


def _bits(tensor: Shaped[torch.Tensor, "*shape"]) -> Int[torch.Tensor, "*shape"]:
    """The same bits as signed integers, which NumPy and every gather can carry."""
    return tensor.detach().view(getattr(torch, f"int{8 * tensor.itemsize}"))


def _gather(
    score_maps: Shaped[torch.Tensor, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "*places 2"] | None,
    fill: int | float,
) -> Shaped[torch.Tensor, "*places m m"]:
    _, H, W = score_maps.shape
    centers = every_center(H, W) if centers is None else centers  # (..., 2)
    padded = _padded(score_maps, grid.m, fill)  # (k*k, H+m-1, W+m-1)
    index = _flat_index(grid, centers, padded.shape).to(score_maps.device)
    # Of the ways to gather, index_select is the fastest here, forward and backward.
    scores = padded.flatten().index_select(0, index.flatten())
    return scores.view(index.shape)  # (..., m, m)


def _padded(
    score_maps: Shaped[torch.Tensor, "kk H W"], m: int, fill: int | float
) -> Shaped[torch.Tensor, "kk H+{m}-1 W+{m}-1"]:
    # Not functional.pad: it turns the fill into a float64, and 64-bit integers break.
    kk, H, W = score_maps.shape
    padded = score_maps.new_full((kk, H + m - 1, W + m - 1), fill)
    padded[:, m // 2 : m // 2 + H, m // 2 : m // 2 + W] = score_maps
    return padded


def _flat_index(
    grid: Grid, centers: Int[np.ndarray, "*places 2"], padded: torch.Size
) -> Int[torch.Tensor, "*places m m"]:
    """Where in the flattened padded maps each pixel of each window stands."""
    _, height, width = padded
    i, j = np.indices((grid.m, grid.m))
    # Padding moved the maps by m // 2, so a window's first pixel stands at its centre.
    first = centers[..., 0] * width + centers[..., 1]  # (...)
    offset = (grid.channel * height + i) * width + j  # (m, m)
    return torch.from_numpy(first)[..., None, None] + torch.from_numpy(offset)
