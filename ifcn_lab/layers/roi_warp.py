"""RoIWarp: the features of a box, brought to a grid of fixed size.

Coordinates are continuous and count places: place u covers [u, u + 1) and its feature
stands in its middle, u + 1/2. Bin u' of a box stands in the middle of its share of the
box, so a box of whole places warped to as many bins is a plain copy. The source writes
the same formula with bare indices u and u' and does not say where in a place they
stand; the middles are the choice made here, and `as_written` is the other one.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ifcn_lab.layers.roi import line_weights, weighted


def roi_warp(
    features: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"], bins: int = 14, *,
    as_written: bool = False,
) -> Float[Tensor, "N C bins bins"]:
    """Read every box's features at the middles of bins x bins parts, bilinearly.

    F_roi(u', v') = sum over u, v of g(u, u' | x, w) g(v, v' | y, h) F(u, v), with
    g(u, u' | x, w) = max(0, 1 - |x + u' / bins * w - u|). Features outside the map are
    0. Gradients reach the features and the boxes: a point at the share r of a side
    moves by (1 - r) of its first end and r of its other.

    Args:
        features: the feature map of one image.
        boxes: (x0, y0, x1, y1) in places, half-open, fractions allowed.
        bins: per side; 14 in MNC.
        as_written: places and bins are read at their indices, the left and upper edge
            of each bin, as the formula and the released code have it.

    Source: Dai, He and Sun, CVPR 2016 (MNC), the RoI warping layer.

    Example:
        >>> ramp = torch.arange(6.0).expand(1, 4, 6)
        >>> roi_warp(ramp, torch.tensor([[1.0, 0.0, 5.0, 4.0]]), bins=2)[0, 0].tolist()
        [[1.5, 3.5], [1.5, 3.5]]
    """
    height, width = features.shape[1:]
    if as_written:  # half a bin to the left of the middle, half a place to the right
        boxes = boxes + 0.5 - (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2) / (2 * bins)
    x = bin_middles(boxes[:, 0], boxes[:, 2], bins) - 0.5                  # (N, bins)
    y = bin_middles(boxes[:, 1], boxes[:, 3], bins) - 0.5                  # (N, bins)
    return weighted(features, line_weights(y, height), line_weights(x, width))


def bin_middles(
    first: Float[Tensor, " N"], past: Float[Tensor, " N"], bins: int
) -> Float[Tensor, "N bins"]:
    """Where the bins between two edges have their middles.

    Example:
        >>> bin_middles(torch.tensor([2.0]), torch.tensor([6.0]), 4).tolist()
        [[2.5, 3.5, 4.5, 5.5]]
    """
    share = (torch.arange(bins).to(first) + 0.5) / bins
    return first[:, None] + share * (past - first)[:, None]
