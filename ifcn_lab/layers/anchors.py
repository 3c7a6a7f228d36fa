"""Anchors: the boxes that every place of a feature map starts from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Sizes = Sequence[tuple[float, float]]
"""(width, height) of each anchor of a place, in image pixels."""


def anchor_sizes(
    sides: Sequence[float], ratios: Sequence[float] = (0.5, 1, 2), *,
    whole: int = 0,
) -> list[tuple[float, float]]:
    """Width and height of anchors of these sides and ratios (height over width).

    An anchor of side s has the area s * s whatever its ratio.

    Args:
        sides: square roots of the areas, in image pixels.
        ratios: height over width.
        whole: 0, or the stride to whose anchor the sides are first rounded, as
            py-faster-rcnn does; its sides are then multiples of rounded ones.

    Source: Ren et al., NIPS 2015 (Faster R-CNN), section 3.1.1.

    Example:
        >>> anchor_sizes([16], [1, 4])
        [(16.0, 16.0), (8.0, 32.0)]
        >>> anchor_sizes([128], [0.5], whole=16)
        [(184.0, 96.0)]
    """
    found = []
    for ratio in ratios:
        for side in sides:
            width = (whole or side) / ratio ** 0.5
            if whole:
                width = round(width)
            height = round(width * ratio) if whole else width * ratio
            grown = side / whole if whole else 1.0
            found.append((float(width * grown), float(height * grown)))
    return found


def spread_sides(low: float, high: float, count: int) -> tuple[float, ...]:
    """Sides of anchors for objects whose longest sides lie between two lengths.

    The range is cut into equal octaves, and each anchor stands in the middle of one.

    Example:
        >>> spread_sides(16, 128, 3)
        (22.6, 45.3, 90.5)
    """
    step = (high / low) ** (1 / count)
    return tuple(round(low * step ** (i + 0.5), 1) for i in range(count))


def make_anchors(
    shape: tuple[int, int], stride: int, sizes: Sizes
) -> Float[Tensor, "N 4"]:
    """The anchors of a map of (H, W) places, place by place, row by row.

    They stand round the middle of the stride x stride pixels of their place.
    torchvision's stand round its corner: no matter at stride 8, half an object at 64.

    Example:
        >>> make_anchors((1, 2), 8, [(4, 2)])
        tensor([[ 2.,  3.,  6.,  5.],
                [10.,  3., 14.,  5.]])
    """
    y, x = ((torch.arange(n) + 0.5) * stride for n in shape)
    at = torch.cartesian_prod(y, x).flip(-1)[:, None]              # (H*W, 1, 2)
    half = torch.tensor(sizes, dtype=torch.float32) / 2            # (A, 2)
    return torch.cat([at - half, at + half], -1).flatten(0, 1)     # (H*W*A, 4)
