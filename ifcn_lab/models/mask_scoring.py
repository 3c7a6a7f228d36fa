"""Mask Scoring R-CNN: Mask R-CNN that also says how good each mask is.

The score of an object says what it is, and COCO's AP sorts by it as if it said how well
it was cut out. So one more head looks at a region's features and at the mask just
predicted for it, and learns that mask's IoU with the true object. An answer's score is
the category's times this IoU. Masks and boxes stay to the last pixel; only their order
changes.

The mask goes into the head with its gradient, as in the released code, so the IoU's
loss also moves the mask head; `detach` cuts that. The true IoU itself is a number.

Left out of the source: one of the four convolutions and most of the width.

Source: Huang et al., CVPR 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.backbones import conv_norm
from ifcn_lab.layers.boxes import box_area
from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import Taught
from ifcn_lab.models.mask_rcnn import MaskRCNN, of_kind
from ifcn_lab.segmenter import Terms


class MaskScoringRCNN(MaskRCNN):
    """Mask R-CNN and a head for the IoU of each mask.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        detach: let no gradient of the IoU's loss reach mask head and features.
        features: the head also reads the region's features, not its mask alone.
        others: see `MaskRCNN`.

    Example:
        >>> net = MaskScoringRCNN("small").eval()
        >>> features, box = torch.rand(64, 16, 16), torch.tensor([[4.0, 4, 40, 40]])
        >>> mask = net.masks(features, box, torch.tensor([0]))
        >>> net.iou(features, box, mask).shape
        torch.Size([1, 1])
    """

    mask_terms = ("mask", "iou")

    scoring = True
    """Whether the mask's IoU counts; it can be switched off to compare."""

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        detach: bool = False, features: bool = True, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        self.detach, self.features = detach, features
        width = min(self.channels, 256)
        self.iou_head = nn.Sequential(
            conv_norm(self.channels * features + 1, width), nn.ReLU(),
            conv_norm(width, width, stride=2), nn.ReLU(),
            conv_norm(width, width, stride=2), nn.ReLU(), nn.Flatten(),
            nn.Linear(width * ((self.mask_bins + 3) // 4) ** 2, width), nn.ReLU(),
            nn.Linear(width, self.kinds))

    def iou(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"],
        mask: Float[Tensor, "N P P"],
    ) -> Float[Tensor, "N K"]:
        """The IoU that each mask has with its object, told for every category."""
        seen = [F.max_pool2d(mask[:, None], 2)]                    # (N, 1, P/2, P/2)
        if self.features:
            seen.insert(0, self.regions(maps, boxes, self.mask_bins))
        seen = torch.cat(seen, 1)
        return self.iou_head(seen.detach() if self.detach else seen)

    def score_losses(
        self, maps: Float[Tensor, "C H W"], some: Taught, objects: Objects,
        mask: Float[Tensor, "R P P"], wanted: Bool[Tensor, "R P P"],
    ) -> Terms:
        """Half the squared error of the true category's IoU."""
        areas = objects.masks.sum((1, 2))[some.object]
        true = mask_iou_of_cut(mask > 0.5, wanted, areas, some.boxes)
        told = of_kind(self.iou(maps, some.boxes, mask), some.label - 1)
        return {"iou": (0.5 * (told - true).square().sum(), len(mask))}

    def rescored(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"], parts: Float[Tensor, "N P P"],
        score: Float[np.ndarray, " N"],
    ) -> Float[np.ndarray, " N"]:
        """The category's score times the mask's IoU."""
        if not self.scoring:
            return score
        told = of_kind(self.iou(maps, boxes, parts), kind)
        return score * told.clamp(0, 1).float().cpu().numpy()


def mask_iou_of_cut(
    mask: Bool[Tensor, "N P P"], wanted: Bool[Tensor, "N P P"],
    areas: Float[Tensor, " N"], boxes: Float[Tensor, "N 4"],
) -> Float[Tensor, " N"]:
    """The IoU of masks on P x P parts of their boxes with whole objects.

    What of an object lies outside the box is missed, so it counts in the union.

    Args:
        mask: what was predicted.
        wanted: the object's mask, cut by the box.
        areas: of the whole objects, in pixels.
        boxes: in pixels.

    Example:
        >>> mask, wanted = torch.ones(1, 2, 2) > 0, torch.tensor([[[1, 1], [0, 0]]]) > 0
        >>> box = torch.tensor([[0.0, 0, 2, 2]])
        >>> mask_iou_of_cut(mask, wanted, torch.tensor([2.0]), box).tolist()
        [0.5]
        >>> mask_iou_of_cut(wanted, wanted, torch.tensor([4.0]), box).tolist()
        [0.5]
    """
    part = box_area(boxes) / mask[0].numel() if len(mask) else areas    # (N,) pixels
    shared = (mask & wanted).sum((1, 2)) * part
    union = mask.sum((1, 2)) * part + areas.maximum(wanted.sum((1, 2)) * part) - shared
    return shared / union.clamp(min=1e-6)
