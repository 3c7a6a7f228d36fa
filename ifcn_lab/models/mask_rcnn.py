"""Mask R-CNN: a box is found first, then everything about it at once.

A region proposal network finds boxes. RoIAlign brings each box's features to a grid
without rounding, and three heads read it side by side: which category, how to correct
the box, and a mask for every category, each with its own sigmoid, so that categories do
not compete for pixels. The mask's loss counts only the channel of the true category.

Left out of the source: the feature pyramid of its best results, 81 categories, and the
learnt deconvolution's free start (here it begins as the rest).

Source: He, Gkioxari, Dollár and Girshick, ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.backbones import conv_norm
from ifcn_lab.layers.roi import roi_align, roi_pool, roi_warp
from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import Read, Taught, TwoStage, cut_masks
from ifcn_lab.segmenter import Terms

ROI: dict[str, Callable[..., Tensor]] = {
    "align": roi_align, "warp": roi_warp, "pool": roi_pool}


class MaskRCNN(TwoStage):
    """Boxes by RPN, and category, box and mask of each in parallel.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        roi: "align", "warp" or "pool": how a box's features are read.
        bins: per side of what category and box are read from; 7 in the source.
        mask_bins: per side of what the mask is read from; the mask has twice as many.
        others: see `TwoStage`.

    Raises:
        ValueError: an unknown backbone, normalisation or RoI operator.

    Example:
        >>> net = MaskRCNN("small", {1: "disc", 7: "star"}).eval()
        >>> features = torch.rand(64, 16, 16)
        >>> net.mask_logits(features, torch.tensor([[4.0, 4, 40, 40]])).shape
        torch.Size([1, 2, 28, 28])
    """

    def __init__(
        self, backbone: str = "small", categories: Mapping[Any, str] | None = None, *,
        roi: str = "align", bins: int = 7, mask_bins: int = 14, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        if roi not in ROI:
            raise ValueError(f"roi is one of {', '.join(ROI)}; got {roi!r}")
        self.roi, self.bins, self.mask_bins = roi, bins, mask_bins
        width = min(self.channels, 256)
        self.box_head = nn.Sequential(
            conv_norm(self.channels, width, stride=2), nn.ReLU(), nn.Flatten(),
            nn.Linear(width * ((bins + 1) // 2) ** 2, 2 * width), nn.ReLU())
        self.category = nn.Linear(2 * width, self.kinds + 1)
        self.code = nn.Linear(2 * width, 4)
        self.mask_head = nn.Sequential(
            conv_norm(self.channels, width), nn.ReLU(),
            conv_norm(width, width), nn.ReLU(),
            nn.ConvTranspose2d(width, width, 2, 2), nn.ReLU(),
            nn.Conv2d(width, self.kinds, 1))

    def regions(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"], bins: int
    ) -> Float[Tensor, "N C bins bins"]:
        """The features of each box, brought to bins x bins."""
        return ROI[self.roi](maps, boxes / self.stride, bins)

    def read(self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"]) -> Read:
        """Category and box code of each region, section 3."""
        seen = self.box_head(self.regions(maps, boxes, self.bins))
        return Read(self.category(seen), self.code(seen))

    def mask_logits(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"]
    ) -> Float[Tensor, "N K P P"]:
        """A mask of each region for every category."""
        return self.mask_head(self.regions(maps, boxes, self.mask_bins))

    def masks(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"],
    ) -> Float[Tensor, "N P P"]:
        """The mask of the category that the region was given."""
        logits = self.mask_logits(maps, boxes)                     # (N, K, P, P)
        return of_kind(logits, kind).sigmoid()

    def mask_losses(
        self, maps: Float[Tensor, "C H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """Binary cross entropy of the true category's mask, mean over its pixels."""
        some = taught.positive()
        own = of_kind(self.mask_logits(maps, some.boxes), some.label - 1)
        wanted = cut_masks(objects, some, own.shape[-1])           # (R, P, P)
        loss = F.binary_cross_entropy_with_logits(own, wanted.to(own),
                                                  reduction="sum")
        scored = self.score_losses(maps, some, objects, own.sigmoid(), wanted)
        return {"mask": (loss, wanted.numel())} | scored

    def score_losses(
        self, maps: Float[Tensor, "C H W"], some: Taught, objects: Objects,
        mask: Float[Tensor, "R P P"], wanted: Bool[Tensor, "R P P"],
    ) -> Terms:
        """What is learnt of a mask's quality: nothing here."""
        return {}


def of_kind(told: Float[Tensor, "N K *P"], kind: Int[Tensor, " N"]) -> Tensor:
    """What is told of each region for its own kind, counted from 0, (N, *P)."""
    return told[torch.arange(len(kind), device=kind.device), kind]
