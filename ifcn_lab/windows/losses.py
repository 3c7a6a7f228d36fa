"""The paper's loss: one logistic regression per window and one per mask pixel."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.segmenter import Terms


class ScoreMaps(NamedTuple):
    """What the network says of a batch of images, as logits.

    Shapes: `maps` (B, k*k, H, W), one instance-sensitive score map per part of the
    grid, channel g(i)*k + g(j); `objectness` (B, H, W), one score for the window
    centred at each place. H = ceil(h / stride), W = ceil(w / stride).
    """

    maps: Float[Tensor, "B kk H W"]
    objectness: Float[Tensor, "B H W"]


class WindowTargets(NamedTuple):
    """The windows drawn in one view, and what they are taught.

    Shapes: `centers` (n, 2) as (y, x); `label` (n,), 1 or 0, the positives first;
    `target` (P, m, m) in [0, 1] and `counts` (P, m, m), whether a pixel counts, for the
    first P windows: the positive ones, or all with `negative_masks`.
    """

    centers: Int[Tensor, "n 2"]
    label: Float[Tensor, " n"]
    target: Float[Tensor, "P m m"]
    counts: Bool[Tensor, "P m m"]


def window_counts(targets: Sequence[WindowTargets]) -> dict[str, float]:
    """How many windows a batch draws, and how many of them have a mask."""
    return {"objectness": sum(len(t.label) for t in targets),
            "mask": sum(len(t.target) for t in targets)}


def window_losses(
    out: ScoreMaps, targets: Sequence[WindowTargets],
    windows: Callable[..., Float[Tensor, "P m m"]],
) -> Terms:
    """Both terms of the loss of a batch, as (sum, count).

    Objectness: logistic loss of every drawn window, positive and negative. Mask:
    the logistic loss of the pixels of every positive window, on the mask read from the
    score maps; pixels off the map do not count.

    The paper writes a sum over the m*m pixels. Here it is their mean, so that the
    two terms weigh alike whatever m is; a weight of m*m for "mask" gives the sum.

    Args:
        out: what the network says of the batch.
        targets: of each image.
        windows: reads mask logits from maps at centres (image, y, x).

    Source: Dai et al., ECCV 2016, section 4.2.
    """
    said = torch.cat([out.objectness[b][tuple(t.centers.T)]
                      for b, t in enumerate(targets)])              # (n,)
    centers = torch.cat([F.pad(t.centers[: len(t.target)], (1, 0), value=b)
                         for b, t in enumerate(targets)])           # (P, 3)
    label, target, inside = (torch.cat([getattr(t, name) for t in targets])
                             for name in ("label", "target", "counts"))
    said_loss = F.binary_cross_entropy_with_logits(said, label, reduction="sum")
    masks_loss = (mask_loss(windows(out.maps, centers), target, inside).sum()
                  if len(centers) else out.maps.sum() * 0)
    counts = window_counts(targets)
    return {"objectness": (said_loss, counts["objectness"]),
            "mask": (masks_loss, counts["mask"])}


def mask_loss(
    windows: Float[Tensor, "P m m"], target: Float[Tensor, "P m m"],
    counts: Bool[Tensor, "P m m"],
) -> Float[Tensor, " P"]:
    """Mean logistic loss over the pixels that count, for each assembled window.

    Example:
        >>> logits = torch.zeros(1, 3, 3)
        >>> everywhere = torch.ones(1, 3, 3, dtype=torch.bool)
        >>> float(mask_loss(logits, torch.ones(1, 3, 3), everywhere)[0])
        0.6931471824645996
    """
    loss = F.binary_cross_entropy_with_logits(windows, target, reduction="none")
    return (loss * counts).sum((1, 2)) / counts.sum((1, 2)).clamp(min=1)
