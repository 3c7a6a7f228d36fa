"""The paper's loss: one logistic regression per window and one per mask pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.model import InstanceFCN, ScoreMaps
from ifcn_lab.training.examples import Example


class Losses(NamedTuple):
    """Both terms, as means over the windows they are taken on."""

    objectness: Float[Tensor, ""]
    mask: Float[Tensor, ""]

    def total(self, mask_weight: float = 1.0) -> Float[Tensor, ""]:
        """The two terms added, the mask's with its weight."""
        return self.objectness + mask_weight * self.mask


class Windows(NamedTuple):
    """How many windows a step draws, and how many of them have a mask."""

    drawn: int
    masked: int

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Windows:
        """The windows of these examples."""
        return cls(sum(len(e.label) for e in examples),
                   sum(len(e.target) for e in examples))


def instance_loss(
    model: InstanceFCN, scores: ScoreMaps, examples: list[Example],
    windows: Windows | None = None,
) -> Losses:
    """The loss of a batch.

    Objectness: logistic loss of every drawn window, positive and negative. Mask:
    the logistic loss of the pixels of every positive window, on the mask assembled
    from the score maps; pixels off the map do not count.

    The paper writes a sum over the m*m pixels. Here it is their mean, so that the
    two terms weigh alike whatever m is; `Recipe.mask_weight` = m*m gives the sum.

    Args:
        model: the network, which reads the windows.
        scores: what it says of the batch.
        examples: the batch.
        windows: how many windows the means are over; None: those of this batch. A
            step of several batches gives the sum over all of them. The batches' terms
            then add up to the mean over the step, though one has more masks than
            another.

    Source: Dai et al., ECCV 2016, section 4.2.
    """
    windows = windows or Windows.of(examples)
    objectness = [window_loss(scores.objectness[b], e) for b, e in enumerate(examples)]
    every = torch.cat(objectness)          # (n,), empty where all is crowd: loss 0
    mask = masks_loss(model, scores, examples, windows.masked)
    return Losses(every.sum() / max(1, windows.drawn), mask)


def masks_loss(
    model: InstanceFCN, scores: ScoreMaps, examples: list[Example], masks: int
) -> Float[Tensor, ""]:
    """Loss of the masks of a batch over so many masks; 0 where there is none."""
    centers = torch.cat([
        F.pad(e.centers[: len(e.target)], (1, 0), value=b)
        for b, e in enumerate(examples)
    ])                                                              # (P, 3)
    if len(centers) == 0:
        return scores.maps.sum() * 0
    target = torch.cat([e.target for e in examples])                # (P, m, m)
    counts = torch.cat([e.counts for e in examples])                # (P, m, m)
    assembled = model.windows(scores.maps, centers)                 # (P, m, m)
    return mask_loss(assembled, target, counts).sum() / max(1, masks)


def window_loss(
    objectness: Float[Tensor, "H W"], example: Example
) -> Float[Tensor, "n"]:
    """Logistic loss of the windows drawn in one image."""
    y, x = example.centers.T
    return F.binary_cross_entropy_with_logits(
        objectness[y, x], example.label, reduction="none"
    )


def mask_loss(
    windows: Float[Tensor, "P m m"], target: Float[Tensor, "P m m"],
    counts: Bool[Tensor, "P m m"],
) -> Float[Tensor, "P"]:
    """Mean logistic loss over the pixels that count, for each assembled window.

    Example:
        >>> logits = torch.zeros(1, 3, 3)
        >>> everywhere = torch.ones(1, 3, 3, dtype=torch.bool)
        >>> float(mask_loss(logits, torch.ones(1, 3, 3), everywhere)[0])
        0.6931471824645996
    """
    loss = F.binary_cross_entropy_with_logits(windows, target, reduction="none")
    return (loss * counts).sum((1, 2)) / counts.sum((1, 2)).clamp(min=1)
