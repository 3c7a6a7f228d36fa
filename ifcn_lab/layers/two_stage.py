"""What the detectors with regions share: proposals, which of them teach, the answer.

Mask R-CNN, Mask Scoring R-CNN, MNC, R-FCN and FCIS differ only after the RoI operator:
in how a region's features become a category, a box and a mask. All else stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.layers.anchors import anchor_sizes
from ifcn_lab.layers.boxes import clip_boxes, decode_boxes, encode_boxes
from ifcn_lab.layers.mask_voting import kept_by_class
from ifcn_lab.layers.roi import roi_align
from ifcn_lab.layers.rpn import (
    RPN,
    AnchoredModel,
    AnchorOutputs,
    Objects,
    draw,
    label_anchors,
)
from ifcn_lab.layers.whole_image import Piece, check_finite
from ifcn_lab.segmenter import Instances, Terms

BOX_WEIGHTS = (10, 10, 5, 5)


class Seen(NamedTuple):
    """What the network makes of a batch: features, what RoIs read, and anchors."""

    features: Float[Tensor, "B C H W"]
    maps: Float[Tensor, "B D H W"]
    objectness: Float[Tensor, "B N"]
    code: Float[Tensor, "B N 4"]


class Taught(NamedTuple):
    """Regions of one image that teach.

    `boxes` (R, 4) in pixels, `label` (R,): 0 for background, `object` (R,): the index
    of the region's object, 0 where it is background.
    """

    boxes: Float[Tensor, "R 4"]
    label: Int[Tensor, " R"]
    object: Int[Tensor, " R"]

    def fixed(self) -> Taught:
        """The same with boxes that get no gradient."""
        return self._replace(boxes=self.boxes.detach())

    def positive(self) -> Taught:
        """Those that are no background."""
        return Taught(*(column[self.label > 0] for column in self))


class Read(NamedTuple):
    """What is read of N regions: logits of C + 1 categories, and codes of their boxes.
    """

    category: Float[Tensor, "N C1"]
    code: Float[Tensor, "N 4"]


class TwoStage(AnchoredModel):
    """A `Segmenter` that proposes boxes first and then reads each of them.

    A subclass has `read` (a region's category and box), `masks` (the probabilities of
    its mask), `mask_losses`, and may have `make_maps`.

    Args:
        rois: regions of an image that teach, a quarter of them objects.
        backbone, categories, others: see `AnchoredModel`.
    """

    mask_terms: tuple[str, ...] = ("mask",)
    """What `mask_losses` gives where an image has positive regions."""

    box_gradient = False
    """Whether what is read of a region also teaches its box."""

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        rois: int = 64, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        self.rois = rois
        self.rpn = RPN(self.channels, self.stride, anchor_sizes(self.sides))

    def expect(self, low: float, high: float) -> None:
        """Anchors from the smallest objects to the largest."""
        super().expect(low, high)
        self.rpn.sizes = anchor_sizes(self.sides)

    # What a relative says for itself

    def make_maps(self, features: Float[Tensor, "B C H W"]) -> Tensor:
        """What its regions are read from: the features, or maps made of them."""
        return features

    def read(self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"]) -> Read:
        """Category and box code of regions of one image, boxes in its pixels."""
        raise NotImplementedError

    def masks(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"],
    ) -> Float[Tensor, "N P P"]:
        """Mask probabilities over P x P parts of each box; kinds count from 0."""
        raise NotImplementedError

    def mask_losses(
        self, maps: Float[Tensor, "D H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """The terms of the masks of one image's positive regions."""
        raise NotImplementedError

    # What it is taught

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Seen:
        """Features, maps, and the anchors' outputs of images in [0, 1]."""
        features = self.backbone(self.normalised(images))
        return Seen(features, self.make_maps(features), *self.rpn(features))

    def losses(self, out: Seen, targets: Sequence[Objects]) -> Terms:
        """The anchors' terms, then those of the regions drawn from the proposals."""
        anchors = self.rpn.anchors(out.features)
        terms = self.rpn.losses(AnchorOutputs(*out[2:]), anchors, targets)
        for maps, objectness, code, objects in zip(*out[1:], targets, strict=True):
            shape = tuple(objects.size.tolist())
            proposals, _ = self.rpn.proposals(objectness, code, anchors, shape, 300)
            taught = self.draw(proposals if self.box_gradient else proposals.detach(),
                               objects)
            found = self.region_losses(maps, taught, objects)
            if (taught.label > 0).any():
                found |= self.mask_losses(maps, taught, objects)
            for name in (*found, *self.mask_terms):
                sums = terms.get(name, (maps.sum() * 0, 0))
                own = found.pop(name, (0, 0))
                terms[name] = (sums[0] + own[0], sums[1] + own[1])
        return terms

    def draw(self, proposals: Float[Tensor, "N 4"], objects: Objects) -> Taught:
        """Proposals and the objects themselves, a quarter positive (IoU 0.5).

        Source: Girshick, ICCV 2015 (Fast R-CNN), section 2.3.
        """
        boxes = torch.cat([objects.boxes, proposals])
        found = label_anchors(boxes.detach(), objects, 0.5, 0.5, best=False)
        drawn = draw(found, self.rois, 0.25, objects.rng())
        boxes, found = boxes[drawn], found[drawn]
        own = found.clamp(min=0)
        if len(objects.label) == 0:
            return Taught(boxes, torch.zeros_like(found), own)
        return Taught(boxes, objects.label[own] * (found >= 0), own)

    def region_losses(
        self, maps: Float[Tensor, "D H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """Category of every drawn region, boxes of the positive ones."""
        read, count = self.read(maps, taught.boxes), len(taught.label)
        named = F.cross_entropy(read.category, taught.label, reduction="sum")
        box = self.box_loss(read.code, taught, objects)
        return {"category": (named, count), "box": (box, count)}

    def box_loss(
        self, code: Float[Tensor, "R 4"], taught: Taught, objects: Objects
    ) -> Float[Tensor, ""]:
        """Smooth L1 of the positive regions' codes, added up."""
        some, positive = taught.positive(), taught.label > 0
        wanted = encode_boxes(objects.boxes[some.object], some.boxes, BOX_WEIGHTS)
        return F.smooth_l1_loss(code[positive], wanted, reduction="sum")

    # What it finds

    @torch.inference_mode()
    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100, proposals: int = 300,
        nms_iou: float = 0.5, least: float = 0.05, threshold: float = 0.5,
        precision: str = "float32",
    ) -> list[Instances]:
        """The objects of each image, best first.

        Args:
            images: uint8, or float in [0, 1].
            top: how many of an image at most.
            proposals: how many boxes are read.
            nms_iou: within a category, of two boxes that overlap more, the worse goes.
            least: objects of a lower score are left out.
            threshold: of a pixel's probability.
            precision: "float32", "bfloat16" or "auto".

        Raises:
            ValueError, TypeError: an image that makes no sense, or scores that are NaN.
        """
        found = []
        for net, out, shape in self.seen_images(images, precision):
            boxes, _ = net.rpn.proposals(
                out.objectness[0], out.code[0], net.rpn.anchors(out.features), shape,
                proposals)
            found.append(net.answer(out.maps[0], boxes, shape, top, nms_iou, least,
                                    threshold))
        return found

    def answer(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        shape: tuple[int, int], top: int, nms_iou: float, least: float,
        threshold: float,
    ) -> Instances:
        """The objects of one image from its proposals."""
        if len(boxes) == 0:
            return self.as_instances([], shape)
        read = self.read(maps, boxes)
        check_finite(**read._asdict())
        scores = read.category.softmax(1)[:, 1:].cpu().numpy()     # (N, C)
        boxes = clip_boxes(decode_boxes(read.code, boxes, BOX_WEIGHTS), shape)
        pairs = kept_by_class(boxes.cpu().numpy(), scores, nms_iou, least)[:top]
        if len(pairs) == 0:
            return self.as_instances([], shape)
        boxes = boxes[torch.from_numpy(pairs[:, 0]).to(boxes.device)]
        boxes = self.widened(boxes, shape)
        kind = torch.from_numpy(pairs[:, 1]).to(boxes.device)
        score = scores[pairs[:, 0], pairs[:, 1]]
        parts = self.masks(maps, boxes, kind)
        return self.pasted(parts, boxes, kind, self.rescored(maps, boxes, kind, parts,
                                                             score), shape, threshold)

    def rescored(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"], parts: Float[Tensor, "N P P"],
        score: Float[np.ndarray, " N"],
    ) -> Float[np.ndarray, " N"]:
        """The scores that the answers are ranked by: the categories' own."""
        return score

    def pasted(
        self, parts: Float[Tensor, "N P P"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"], score: Float[np.ndarray, " N"], shape: tuple[int, int],
        threshold: float,
    ) -> Instances:
        """Instances from masks over their boxes; one without a pixel is left out."""
        check_finite(masks=parts)
        pieces = []
        for part, box, number, one in zip(parts.cpu(), boxes.cpu(), kind.tolist(),
                                          score.tolist(), strict=True):
            pixels = within(box, shape)
            mask = paste_part(part, box, pixels) > threshold
            pieces.append(Piece(mask, one, number, *pixels[:2]))
        return self.as_instances(pieces, shape)


def within(box: Float[Tensor, "4"], shape: tuple[int, int]) -> tuple[int, ...]:
    """The whole pixels of an image of (h, w) whose middles lie in a box, at least one.

    Example:
        >>> within(torch.tensor([0.4, 0.6, 3.5, 2.6]), (9, 9))
        (0, 1, 3, 3)
    """
    (h, w), (x0, y0, x1, y1) = shape, (box - 0.5).ceil().long().tolist()
    x0, y0 = min(max(x0, 0), w - 1), min(max(y0, 0), h - 1)
    return x0, y0, min(max(x1, x0 + 1), w), min(max(y1, y0 + 1), h)


def paste_part(
    part: Float[Tensor, "P P"], box: Float[Tensor, "4"], pixels: tuple[int, ...]
) -> Float[np.ndarray, "h w"]:
    """A mask over its box, read bilinearly at the middle of every pixel.

    Beyond the middle of an outermost part its value goes on to the box's edge.

    Example:
        >>> part = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
        >>> paste_part(part, torch.tensor([1.0, 0, 5, 2]), (1, 0, 5, 2))[0].tolist()
        [0.0, 0.25, 0.75, 1.0]
    """
    x0, y0, x1, y1 = pixels
    side = box[2:] - box[:2]
    x = (torch.arange(x0, x1).to(box) + 0.5 - box[0]) / side[0] * 2 - 1     # (w,)
    y = (torch.arange(y0, y1).to(box) + 0.5 - box[1]) / side[1] * 2 - 1     # (h,)
    at = torch.stack([x[None].expand(len(y), -1), y[:, None].expand(-1, len(x))], -1)
    return F.grid_sample(part[None, None], at[None], padding_mode="border",
                         align_corners=False)[0, 0].numpy()


def cut_masks(
    objects: Objects, taught: Taught, bins: int, threshold: float = 0.5
) -> Bool[Tensor, "R bins bins"]:
    """The part of its object's mask that lies in each region, on bins x bins.

    The region's own box cuts, not the object's: the mask head learns to answer in the
    box that it is given.
    """
    if len(taught.boxes) == 0:
        return torch.zeros(0, bins, bins, dtype=torch.bool, device=taught.boxes.device)
    cut = roi_align(objects.masks, taught.boxes, bins)              # (R, M, P, P)
    index = torch.arange(len(taught.object), device=cut.device)
    return cut[index, taught.object] >= threshold


def mask_iou(
    mask: Bool[Tensor, "N P Q"], wanted: Bool[Tensor, "N P Q"]
) -> Float[Tensor, " N"]:
    """IoU of each mask with its true one; 0 where both are empty.

    Example:
        >>> mask, wanted = torch.tensor([[[1, 1]], [[0, 1]]]).bool()[:, None]
        >>> mask_iou(mask, wanted).tolist()
        [0.5]
    """
    return (mask & wanted).sum((1, 2)) / (mask | wanted).sum((1, 2)).clamp(min=1)
