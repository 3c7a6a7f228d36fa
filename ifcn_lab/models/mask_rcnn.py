"""Mask R-CNN: a box is found first, then everything about it at once.

A region proposal network finds boxes. RoIAlign brings each box's features to a grid
without rounding, and three heads read it side by side: which category, how to correct
the box, and a mask for every category, each with its own sigmoid, so that categories do
not compete for pixels. The mask's loss counts only the channel of the true category.

`fpn` reads small boxes from fine maps and large ones from coarse maps, as in the
source's best results. Left out: 81 categories, and the learnt deconvolution's free
start (here it begins as the rest).

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
from ifcn_lab.layers.fpn import FeaturePyramid, level_of, stacked
from ifcn_lab.layers.roi import roi_align, roi_pool, roi_warp
from ifcn_lab.layers.rpn import RPN, Objects
from ifcn_lab.layers.two_stage import Read, Seen, Taught, TwoStage, cut_masks
from ifcn_lab.segmenter import Terms

ROI: dict[str, Callable[..., Tensor]] = {
    "align": roi_align, "warp": roi_warp, "pool": roi_pool}


class MaskRCNN(TwoStage):
    """Boxes by RPN, and category, box and mask of each in parallel.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        roi: "align", "warp" or "pool": how a box's features are read.
        mask_rule: "sigmoid": each category's mask by itself; "softmax": the categories,
            and the background, compete for each pixel, as in an FCN; "agnostic": one
            mask whatever the category.
        fpn: a feature pyramid, a level for each side of the anchors. A box as large as
            the middle one is read from the middle level; in the source 224 pixels, 4.
        bins: per side of what category and box are read from; 7 in the source.
        mask_bins: per side of what the mask is read from; the mask has twice as many.
        others: see `TwoStage`.

    Raises:
        ValueError: an unknown backbone, normalisation, RoI operator or rule of masks.

    Example:
        >>> net = MaskRCNN("small", {1: "disc", 7: "star"}).eval()
        >>> features = torch.rand(64, 16, 16)
        >>> net.mask_logits(features, torch.tensor([[4.0, 4, 40, 40]])).shape
        torch.Size([1, 2, 28, 28])
    """

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        roi: str = "align", mask_rule: str = "sigmoid", fpn: bool = False,
        bins: int = 7, mask_bins: int = 14, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        if roi not in ROI:
            raise ValueError(f"roi is one of {', '.join(ROI)}; got {roi!r}")
        masks = {"sigmoid": self.kinds, "softmax": self.kinds + 1, "agnostic": 1}
        if mask_rule not in masks:
            raise ValueError(f"mask_rule is one of {', '.join(masks)}; got "
                             f"{mask_rule!r}")
        self.roi, self.mask_rule = roi, mask_rule
        self.bins, self.mask_bins = bins, mask_bins
        self.fpn, self.pyramid = fpn, None
        if fpn:
            self.add_pyramid()
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
            nn.Conv2d(width, masks[mask_rule], 1))

    def add_pyramid(self) -> None:
        """Let regions and anchors stand on a feature pyramid."""
        levels, channels = len(self.sides), min(self.channels, 256)
        self.pyramid = FeaturePyramid(self.channels, channels, self.stride, levels)
        self.rpn = RPN(channels, self.stride, self.rpn.sizes, levels=levels)
        # an image is padded so that its coarsest map has whole places
        self.channels, self.stride = channels, self.stride << levels - 1

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Seen:
        """Features, maps, and the anchors' outputs of images in [0, 1]."""
        if self.pyramid is None:
            return super().forward(images)
        features = self.backbone(self.normalised(images))
        levels = self.pyramid(features)
        told = zip(*map(self.rpn, levels), strict=True)
        return Seen(features, stacked(levels), *(torch.cat(each, 1) for each in told))

    def regions(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"], bins: int
    ) -> Float[Tensor, "N C bins bins"]:
        """The features of each box, brought to bins x bins."""
        if self.pyramid is None:
            return ROI[self.roi](maps, boxes / self.stride, bins)
        middle = len(self.sides) // 2
        level = level_of(boxes, self.sides[middle], middle)
        level = level.clamp(0, self.pyramid.levels - 1)
        return self.pyramid.regions(ROI[self.roi], maps, boxes, level, bins)

    def read(self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"]) -> Read:
        """Category and box code of each region, section 3."""
        seen = self.box_head(self.regions(maps, boxes, self.bins))
        return Read(self.category(seen), self.code(seen))

    def mask_logits(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"]
    ) -> Float[Tensor, "N K P P"]:
        """A mask of each region for every category; by softmax, the background first.
        """
        logits = self.mask_head(self.regions(maps, boxes, self.mask_bins))
        return logits.expand(-1, max(self.kinds, logits.shape[1]), -1, -1)

    def masks(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"],
    ) -> Float[Tensor, "N P P"]:
        """The mask of the category that the region was given."""
        return self.own_masks(self.mask_logits(maps, boxes), kind)

    def own_masks(
        self, logits: Float[Tensor, "N K P P"], kind: Int[Tensor, " N"]
    ) -> Float[Tensor, "N P P"]:
        """The probabilities of each region's own category."""
        if self.mask_rule == "softmax":
            return of_kind(logits.softmax(1), kind + 1)
        return of_kind(logits, kind).sigmoid()

    def mask_losses(
        self, maps: Float[Tensor, "C H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """Binary cross entropy of the true category's mask, mean over its pixels; by
        softmax, cross entropy of the true category there and of background elsewhere.
        """
        some = taught.positive()
        logits = self.mask_logits(maps, some.boxes)                # (R, K, P, P)
        wanted = cut_masks(objects, some, logits.shape[-1])        # (R, P, P)
        if self.mask_rule == "softmax":
            loss = F.cross_entropy(logits, wanted * some.label[:, None, None],
                                   reduction="sum")
        else:
            loss = F.binary_cross_entropy_with_logits(
                of_kind(logits, some.label - 1), wanted.to(logits), reduction="sum")
        mask = self.own_masks(logits, some.label - 1)
        scored = self.score_losses(maps, some, objects, mask, wanted)
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
