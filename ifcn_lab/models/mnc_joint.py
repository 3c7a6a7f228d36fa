"""MNC: a box, then its mask, then its category, all in one network.

Three tasks stand one behind the other, each on the answer of the one before: a region
proposal network finds boxes; every box's features give a mask; box and mask together
give a category, from the features within the mask and from all of them. One loss trains
all three. For that to be one loss of one network, the mask's loss must also teach the
box that the mask was read in: so RoIWarp reads features at points that move with the
box, and nothing is rounded.

`box_gradient` can be switched off: boxes are then numbers for the later stages, as in
most networks since. Left out of the source: the five-stage cascade, the clipping of the
box's gradient and layers 4096 wide.

Source: Dai, He and Sun, CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.boxes import clip_boxes, decode_boxes
from ifcn_lab.layers.mask_voting import instances
from ifcn_lab.layers.regions import by_mask_and_box, two_layers
from ifcn_lab.layers.roi import roi_warp
from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import (
    BOX_WEIGHTS,
    Read,
    Taught,
    TwoStage,
    cut_masks,
    mask_iou,
)
from ifcn_lab.layers.whole_image import check_finite
from ifcn_lab.segmenter import Instances, Terms

WIDTHS = {32: (12, 32, 32), 64: (16, 64, 32)}
"""By the channels of a small backbone: of what regions are read from, of the mask's
middle layer, of the layers before the category.
"""


class MNCJoint(TwoStage):
    """Boxes, masks and categories in sequence, trained together.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        m: mask side; 28 in the source, 21 in its released code.
        box_gradient: let the losses of masks and categories teach the boxes.
        mask_iou: a region is of its object's category at this IoU of masks, and of
            boxes at 0.5; otherwise it is background.
        voting: draw an answer by the masks of its neighbours.
        others: see `TwoStage`.

    Example:
        >>> net = MNCJoint("small", {1: "disc", 7: "star"}).eval()
        >>> maps, box = torch.rand(16, 16, 16), torch.tensor([[4.0, 4, 40, 40]])
        >>> net.read(maps, box).category.shape
        torch.Size([1, 3])
    """

    mask_terms = ()

    proposing = False
    """Whether answers are the masks of all proposals, in the order of their boxes."""

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        m: int = 21, box_gradient: bool = True, mask_iou: float = 0.5,
        voting: bool = True, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        if m < 1 or not 0 < mask_iou <= 1:
            raise ValueError(f"m is at least 1 and mask_iou above 0 to 1; got {m} and "
                             f"{mask_iou}")
        self.m, self.mask_iou, self.voting = m, mask_iou, voting
        self.box_gradient = box_gradient
        squeezed, hidden, width = WIDTHS.get(self.channels, (512, 256, 4096))
        self.squeeze = nn.Sequential(
            nn.Conv2d(self.channels, squeezed, 1, bias=False),
            nn.BatchNorm2d(squeezed), nn.ReLU())
        self.mask = nn.Sequential(
            nn.Flatten(), nn.Linear(squeezed * 14 ** 2, hidden), nn.ReLU(),
            nn.Linear(hidden, m * m), nn.Unflatten(1, (m, m)))
        self.mask_path, self.box_path = (two_layers(squeezed * 7 ** 2, width)
                                         for _ in range(2))
        self.mask_level = nn.Linear(2 * width, self.kinds + 1)
        self.box_level = nn.Linear(2 * width, self.kinds + 1)
        self.code = nn.Linear(2 * width, 4)

    def make_maps(self, features: Float[Tensor, "B C H W"]) -> Tensor:
        """The features that regions are read from."""
        return self.squeeze(features)

    # Box -> mask -> category

    def warped(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"]
    ) -> Float[Tensor, "N C 14 14"]:
        """28 x 28 points of each box, the largest of 2 x 2, as the released code."""
        return F.max_pool2d(roi_warp(maps, boxes / self.stride, 28), 2)

    def stages(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"]
    ) -> tuple[Float[Tensor, "N m m"], Float[Tensor, "N D"]]:
        """Mask logits, and what categories are told from: masked and whole features."""
        seen = self.warped(maps, boxes)
        logits = self.mask(seen)
        masks = F.interpolate(logits.sigmoid()[:, None], (14, 14), mode="bilinear",
                              align_corners=False)
        return logits, by_mask_and_box(seen, masks, self.mask_path, self.box_path)

    def read(self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"]) -> Read:
        """Category and box code of each region."""
        seen = self.stages(maps, boxes)[1]
        return Read(self.mask_level(seen), self.code(seen))

    def masks(
        self, maps: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"],
    ) -> Float[Tensor, "N m m"]:
        """The mask in each box, whatever its category."""
        return self.mask(self.warped(maps, boxes)).sigmoid()

    # What it loses

    def region_losses(
        self, maps: Float[Tensor, "C H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """Masks of the positive regions; categories by masks and by boxes; boxes."""
        logits, seen = self.stages(maps, taught.boxes)
        count, positive = len(taught.label), taught.label > 0
        fixed = taught.fixed()
        wanted = cut_masks(objects, fixed.positive(), self.m, 0.4)
        mask = F.binary_cross_entropy_with_logits(
            logits[positive], wanted.to(logits), reduction="sum")
        by_mask = taught.label.clone()
        by_mask[positive] *= mask_iou(logits[positive] > 0, wanted) >= self.mask_iou

        def named(head: nn.Module, label: Int[Tensor, " N"]) -> Float[Tensor, ""]:
            return F.cross_entropy(head(seen), label, reduction="sum")

        box = self.box_loss(self.code(seen), fixed, objects)
        return {"mask": (mask, wanted.numel()), "box": (box, count),
                "category": (named(self.mask_level, by_mask), count),
                "box_category": (named(self.box_level, taught.label), count)}

    def mask_losses(
        self, maps: Float[Tensor, "C H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """None more: masks stand before categories here."""
        return {}

    # What it finds

    def answer(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        shape: tuple[int, int], top: int, nms_iou: float, least: float,
        threshold: float,
    ) -> Instances:
        """With voting, every proposal's mask counts for the answers near it.

        NMS and votes then keep MNC's own figures, and `nms_iou` and `least` are not
        asked.
        """
        if len(boxes) == 0 or not self.voting and not self.proposing:
            return super().answer(maps, boxes, shape, top, nms_iou, least, threshold)
        if self.proposing:
            found = self.every_mask(maps, boxes, shape, threshold).top(top)
            return replace(found, scores=1 / (1 - found.scores))
        read = self.read(maps, boxes)
        check_finite(**read._asdict())
        boxes = clip_boxes(decode_boxes(read.code, boxes, BOX_WEIGHTS), shape)
        found = self.every_mask(maps, boxes, shape, threshold)
        order = -found.scores.astype(int)            # `pasted` may leave some out
        scores = read.category.softmax(1)[:, 1:].cpu().numpy()[order].astype(float)
        named = instances(found, scores, self.classes or {1: "object"}).top(top)
        return named if self.classes else replace(named, categories=None, names=None)

    def every_mask(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        shape: tuple[int, int], threshold: float,
    ) -> Instances:
        """The mask of each box, in their order: the scores are 0, -1, -2 and so on."""
        number = torch.arange(len(boxes))
        found = self.pasted(self.masks(maps, boxes, number), boxes, number * 0,
                            -number.numpy().astype(float), shape, threshold)
        return replace(found, categories=None, names=None)
