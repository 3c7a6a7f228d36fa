"""From an assembled window, in places, to a mask in image pixels.

Enlarging is bilinear. Bilinear weights are a product of a row weight and a column
weight, so a whole batch of windows is enlarged by two matrix products. The weights of
a window's rows follow from the row of places it stands in, so `Zoomed` has them ready
for every row and column of a feature map.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


def place_line(
    center: Int[Tensor, " N"], m: int, stride: float, length: int | None = None
) -> tuple[Int[Tensor, "N P"], Float[Tensor, "N P"]]:
    """Pixels covered along one axis, and their middles in places of the window.

    Args:
        center: in places.
        m: window side in places.
        stride: image pixels per place.
        length: of the image. Where it is given, a pixel outside the image stands where
            the nearest one inside does, and so shows the same score.

    Example:
        >>> pixels, at = place_line(torch.tensor([1]), m=3, stride=2.0)
        >>> pixels.tolist(), at.tolist()
        ([[0, 1, 2, 3, 4, 5]], [[-0.25, 0.25, 0.75, 1.25, 1.75, 2.25]])
    """
    first = center - m // 2                                        # (N,) in places
    start = torch.ceil(first * stride - 0.5).long()    # (N,) first middle in the window
    count = max(1, int(np.ceil(m * stride)))
    pixels = start[:, None] + torch.arange(count)                  # (N, P)
    shown = pixels if length is None else pixels.clamp(0, length - 1)
    at = (shown + 0.5) / stride - 0.5 - first[:, None]               # (N, P)
    return pixels, at


def hat_weights(at: Float[Tensor, "N P"], m: int) -> Float[Tensor, "N P m"]:
    """Bilinear weights: place i counts max(0, 1 - |at - i|), the edge place beyond it.

    Example:
        >>> hat_weights(torch.tensor([[0.25, -1.0]]), 2).tolist()
        [[[0.75, 0.25], [1.0, 0.0]]]
    """
    at = at.clamp(0, m - 1)
    return (1 - (at[..., None] - torch.arange(m)).abs()).clamp(min=0)


class Zoomed(NamedTuple):
    """Where a window at any place of a feature map lies in the image, and its weights.

    `top` (H,) and `left` (W,): the first pixel; negative where a window begins
    outside. `down` (H, P, m) and `across` (W, m, Q): bilinear weights. A pixel outside
    the image shows what the nearest one inside shows: cut at the border, the tight box
    of such a mask is the tight box of what lies in the image.
    """

    top: Int[Tensor, " H"]
    left: Int[Tensor, " W"]
    down: Float[Tensor, "H P m"]
    across: Float[Tensor, "W m Q"]

    @property
    def pixels(self) -> int:
        """How many pixels one enlarged window has, P * Q."""
        return self.down.shape[1] * self.across.shape[2]


def zoom_places(
    places: tuple[int, int], m: int, stride: tuple[float, float],
    shape: tuple[int, int],
    device: str | torch.device = "cpu",
) -> Zoomed:
    """The weights for every row and column of a feature map.

    Args:
        places: (H, W) of the feature map.
        m: window side in places.
        stride: image pixels per place, down and across.
        shape: (h, w) of the image.
        device: where the weights go; the starts stay on the CPU.
    """
    starts, weights = [], []
    for count, size, length in zip(places, stride, shape, strict=True):
        pixels, at = place_line(torch.arange(count), m, size, length)
        starts.append(pixels[:, 0])
        weights.append(hat_weights(at, m).to(device))
    across = weights[1].transpose(1, 2).contiguous()               # (W, m, Q)
    return Zoomed(*starts, weights[0], across)


def enlarge(
    windows: Float[Tensor, "N m m"], centers: Int[Tensor, "N 2"], zoomed: Zoomed
) -> Float[Tensor, "N P Q"]:
    """The windows at image resolution.

    Example:
        >>> zoomed = zoom_places((2, 3), m=2, stride=(2.0, 2.0), shape=(4, 6))
        >>> window = torch.tensor([[[0.0, 0.0], [1.0, 1.0]]])
        >>> enlarge(window, torch.tensor([[1, 1]]), zoomed)[0, :, 0].tolist()
        [0.0, 0.25, 0.75, 1.0]
    """
    down = zoomed.down.index_select(0, centers[:, 0])              # (N, P, m)
    across = zoomed.across.index_select(0, centers[:, 1])          # (N, m, Q)
    return down @ windows @ across
