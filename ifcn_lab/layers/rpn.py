"""Anchors in a network: what models on them share, and the region proposal network,
which says of every anchor whether it holds an object and how to move.

Source: Ren et al., NIPS 2015 (Faster R-CNN), section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.anchors import Sizes, make_anchors, spread_sides
from ifcn_lab.layers.backbones import BACKBONES, conv_norm
from ifcn_lab.layers.boxes import (
    box_iou,
    clip_boxes,
    decode_boxes,
    encode_boxes,
    grow_boxes,
    match,
    usual_nms,
)
from ifcn_lab.layers.whole_image import WholeImageModel
from ifcn_lab.segmenter import Terms
from ifcn_lab.views import View

SMOOTH_L1_BETA = 1 / 9
"""Where the loss of a box turns from square to straight; "sigma 3" in the code."""


class Objects(NamedTuple):
    """The objects of one view, and a number from which all draws are made.

    Shapes: `boxes` (M, 4) in pixels of the view, `masks` (M, h, w), `label` (M,) from
    1, `crowd` (h, w), `size` (2,): rows and columns that show the picture, `seed` ().
    """

    boxes: Float[Tensor, "M 4"]
    masks: Float[Tensor, "M h w"]
    label: Int[Tensor, " M"]
    crowd: Float[Tensor, "h w"]
    size: Int[Tensor, "2"]
    seed: Int[Tensor, ""]

    def rng(self) -> torch.Generator:
        """Draws that are the same wherever and whenever they are made."""
        return torch.Generator().manual_seed(int(self.seed))


SIDES = {name: (24.0, 40.0, 64.0) if kind.small else (128.0, 256.0, 512.0)
         for name, kind in BACKBONES.items()}
"""Sides of the anchors of each backbone: Faster R-CNN's, and ones for the scenes."""


class AnchoredModel(WholeImageModel):
    """A whole-image model with anchors of some sides, in three ratios each.

    Args:
        sides: of the anchors, in image pixels; None: as usual for the backbone.
        backbone, categories, others: see `WholeImageModel`.
    """

    wider = 0.0
    """By which share of itself a box is grown before its mask is drawn: to see what
    boxes that are too large do to masks.
    """

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        sides: Sequence[float] | None = None, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        self.sides = tuple(sides or SIDES[backbone])

    def expect(self, low: float, high: float) -> None:
        """Anchors from the smallest objects to the largest."""
        self.sides = spread_sides(low, high, len(self.sides))

    def widened(
        self, boxes: Float[Tensor, "N 4"], shape: tuple[int, int]
    ) -> Float[Tensor, "N 4"]:
        """Boxes as masks are drawn in them, grown by `wider`."""
        return grow_boxes(boxes, self.wider, shape)

    def targets(self, view: View, rng: np.random.Generator) -> Objects:
        """Boxes, masks and categories of the view's objects with a solid pixel.

        Raises:
            ValueError: an object has a category that the model does not know.
        """
        solid = view.masks.numpy() >= 0.5
        boxes = torch.from_numpy(tight_boxes(solid)).float()
        there = torch.from_numpy(solid.any((1, 2)))
        label = torch.tensor(self.numbers(view), dtype=torch.long)
        return Objects(boxes[there], view.masks[there], label[there], view.crowd,
                       torch.tensor(view.size), torch.tensor(int(rng.integers(2**31))))


class AnchorOutputs(NamedTuple):
    """Of every anchor: a logit, (B, N), and how to move it, (B, N, 4)."""

    objectness: Float[Tensor, "B N"]
    code: Float[Tensor, "B N 4"]


class RPN(nn.Module):
    """A 3x3 convolution, and two 1x1 siblings over the anchors of each place.

    Args:
        channels: of the feature map.
        stride: image pixels per place.
        sizes: (width, height) of the anchors of a place, in image pixels.
        levels: of a feature pyramid: the head is the same for all, and each has anchors
            of one side, if `sizes` come from `anchor_sizes` of as many sides.
        drawn: anchors per image that teach, at most half of them positive.
        positive, negative: IoU from which an anchor learns an object, and below which
            it is background.
        nms_iou: of two proposals that overlap more the worse one goes.
    """

    def __init__(
        self, channels: int, stride: int, sizes: Sizes, *, levels: int = 1,
        drawn: int = 256, positive: float = 0.7, negative: float = 0.3,
        nms_iou: float = 0.7,
    ) -> None:
        super().__init__()
        self.stride, self.sizes, self.drawn = stride, sizes, drawn
        self.levels = levels
        self.positive, self.negative, self.nms_iou = positive, negative, nms_iou
        self.look = nn.Sequential(conv_norm(channels, channels), nn.ReLU())
        self.objectness = nn.Conv2d(channels, len(sizes) // levels, 1)
        self.code = nn.Conv2d(channels, 4 * (len(sizes) // levels), 1)

    def forward(self, features: Float[Tensor, "B C H W"]) -> AnchorOutputs:
        """Logit and code of every anchor, in the order of `anchors`."""
        seen = self.look(features)
        code = self.code(seen).permute(0, 2, 3, 1)                # (B, H, W, 4 A)
        objectness = self.objectness(seen).permute(0, 2, 3, 1)    # (B, H, W, A)
        return AnchorOutputs(objectness.flatten(1),
                             code.reshape(len(code), -1, 4))

    def anchors(self, features: Float[Tensor, "B C H W"]) -> Float[Tensor, "N 4"]:
        """The anchors of a feature map, or of a pyramid on it, in image pixels."""
        h, w = features.shape[2:]
        return torch.cat([
            make_anchors((h >> n, w >> n), self.stride << n, self.sizes[n::self.levels])
            for n in range(self.levels)]).to(features.device)

    def losses(
        self, out: AnchorOutputs, anchors: Float[Tensor, "N 4"],
        targets: Sequence[Objects],
    ) -> Terms:
        """Objectness of the drawn anchors, boxes of the positive ones among them.

        Both are divided by the number of drawn anchors, as in the source.
        """
        right = boxes = out.objectness.sum() * 0
        count = 0
        for logits, code, objects in zip(*out, targets, strict=True):
            found = label_anchors(anchors, objects, self.positive, self.negative)
            drawn = draw(found, self.drawn, 0.5, objects.rng())
            positive = drawn[found[drawn] >= 0]
            right = right + F.binary_cross_entropy_with_logits(
                logits[drawn], (found[drawn] >= 0).to(logits), reduction="sum")
            wanted = encode_boxes(objects.boxes[found[positive]], anchors[positive])
            boxes = boxes + F.smooth_l1_loss(code[positive], wanted,
                                             beta=SMOOTH_L1_BETA, reduction="sum")
            count += len(drawn)
        return {"anchors": (right, count), "anchor_boxes": (boxes, count)}

    def proposals(
        self, objectness: Float[Tensor, " N"], code: Float[Tensor, "N 4"],
        anchors: Float[Tensor, "N 4"], shape: tuple[int, int], top: int,
        before: int = 1000,
    ) -> tuple[Float[Tensor, "K 4"], Float[Tensor, " K"]]:
        """The best boxes of an image of (h, w) pixels and their scores, after NMS.

        Args:
            objectness, code: of every anchor.
            anchors: as many.
            shape: boxes are clipped to it; what then is thinner than a pixel goes, and
                what has no number for a score: the loss tells of that.
            top: how many at most.
            before: how many the NMS looks at.
        """
        best = objectness.argsort(descending=True, stable=True)[:before]
        boxes = clip_boxes(decode_boxes(code[best], anchors[best]), shape)
        thick = (boxes[:, 2:] - boxes[:, :2] >= 1).all(1) & objectness[best].isfinite()
        boxes, scores = boxes[thick], objectness[best][thick].sigmoid()
        kept = usual_nms(boxes, scores, self.nms_iou)[:top]
        return boxes[kept], scores[kept]


def label_anchors(
    anchors: Float[Tensor, "N 4"], objects: Objects, positive: float, negative: float,
    best: bool = True,
) -> Int[Tensor, " N"]:
    """Which object each anchor learns, by `match`; -1 background, -2 ignored.

    Anchors whose middle is not on the picture, and background anchors in a crowd, are
    ignored.
    """
    found = match(box_iou(anchors, objects.boxes), positive, negative, best=best)
    x, y = ((anchors[:, :2] + anchors[:, 2:]) / 2).long().T        # (N,)
    rows, columns = objects.size.tolist()
    outside = (y >= rows) | (x >= columns)
    crowded = objects.crowd[y.clamp(max=rows - 1), x.clamp(max=columns - 1)] >= 0.5
    found[outside | crowded & (found == -1)] = -2
    return found


def draw(
    label: Int[Tensor, " N"], count: int, share: float, rng: torch.Generator
) -> Int[Tensor, " n"]:
    """Indices drawn for training: positives (0 and above) up to a share, then -1.

    Example:
        >>> draw(torch.tensor([0, -2, -1, -1]), 3, 0.5, torch.Generator()).sort()[0]
        tensor([0, 2, 3])
    """
    chance = torch.rand(len(label), generator=rng).to(label.device)
    order = chance.argsort()
    positive = order[label[order] >= 0][: max(1, int(share * count))]
    negative = order[label[order] == -1][: count - len(positive)]
    return torch.cat([positive, negative])


def hardest_loss(
    category: Float[Tensor, "N C1"], found: Int[Tensor, " N"], label: Int[Tensor, " M"],
    share: int = 3,
) -> Float[Tensor, ""]:
    """Cross entropy of the positive anchors and of the hardest background, 3 to 1.

    Source: Liu et al., ECCV 2016 (SSD), hard negative mining."""
    positive = (found >= 0).nonzero()[:, 0]
    nothing = (found == -1).nonzero()[:, 0]
    hardest = (-category[nothing].log_softmax(1)[:, 0]).argsort(descending=True)
    nothing = nothing[hardest[: share * max(len(positive), 1)]]
    wanted = torch.cat([label[found[positive]], torch.zeros_like(nothing)])
    return F.cross_entropy(category[torch.cat([positive, nothing])], wanted,
                           reduction="sum")
