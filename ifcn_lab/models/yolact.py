"""YOLACT: prototypes for the whole image, and k numbers an object to mix them.

One branch draws k prototypes over the image without knowing of any object. Beside it
every anchor says what it is, how to move, and k coefficients between -1 and 1. An
object's mask is the sigmoid of its mix of prototypes, cut by its box: so coefficients
that subtract are the point, and nobody tells a prototype what to show. No features are
read again for a region, so a hundred objects cost one matrix product.

`rescore` adds YOLACT++'s small network that reads a mask's IoU off the mask alone, and
`layers.flow.moved` is YolactEdge's way to reuse a key frame's features. Left out: the
feature pyramid, the semantic loss, and ++'s deformable convolutions.

Source: Bolya, Zhou, Xiao and Lee, ICCV 2019; the same, 2019 (YOLACT++); Liu et al.,
ICRA 2021 (YolactEdge).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.anchors import anchor_sizes, make_anchors
from ifcn_lab.layers.backbones import convolved
from ifcn_lab.layers.boxes import (
    box_area,
    clip_boxes,
    decode_boxes,
    encode_boxes,
    fast_nms,
    usual_nms,
)
from ifcn_lab.layers.rpn import AnchoredModel, Objects, hardest_loss, label_anchors
from ifcn_lab.layers.two_stage import mask_iou
from ifcn_lab.layers.whole_image import Piece, enlarged
from ifcn_lab.segmenter import Instances, Terms

BOX_WEIGHT, MASK_WEIGHT = 1.5, 6.125
VARIANCES = (10, 10, 5, 5)
PROTOTYPE_STRIDE = 4
LOST = 100.0
"""What an object's pixel costs outside the crop: -log 0, as torch cuts it."""


class Prototypes(NamedTuple):
    """Prototypes, (B, k, h/4, w/4), and what every anchor says of itself."""

    prototypes: Float[Tensor, "B k Hp Wp"]
    category: Float[Tensor, "B N C1"]
    code: Float[Tensor, "B N 4"]
    mix: Float[Tensor, "B N k"]


class Mixed(NamedTuple):
    """Objects of one category: boxes in image pixels, scores, and coefficients."""

    boxes: Float[Tensor, "N 4"]
    scores: Float[Tensor, " N"]
    mix: Float[Tensor, "N k"]


class YOLACT(AnchoredModel):
    """Anchors on the map at twice the backbone's stride, prototypes at stride 4.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        k: prototypes; 32 in the source.
        rescore: YOLACT++: multiply the score by a mask IoU read off the mask.
        others: see `AnchoredModel`.

    Example:
        >>> net = YOLACT("small", {1: "disc", 7: "star"}, k=8).eval()
        >>> out = net(torch.zeros(1, 3, 64, 64))
        >>> out.prototypes.shape, out.mix.shape  # 8 x 8 places of 9 anchors
        (torch.Size([1, 8, 16, 16]), torch.Size([1, 576, 8]))
    """

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        k: int = 16, rescore: bool = False, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        if k < 1:
            raise ValueError(f"k is {k}; give at least 1 prototype")
        self.k, self.rescore = k, rescore
        self.places = self.stride                     # image pixels per place
        self.stride = 2 * self.stride                 # padded so that halves are whole
        c, each = self.channels, len(anchor_sizes(self.sides))
        self.draw = nn.Sequential(convolved(c, c), convolved(c, c))
        self.prototypes = nn.Conv2d(c, k, 1)
        self.look = nn.Sequential(convolved(c, c, 2), convolved(c, c))
        self.category = nn.Conv2d(c, each * (self.kinds + 1), 3, padding=1)
        self.code = nn.Conv2d(c, each * 4, 3, padding=1)
        self.mix = nn.Conv2d(c, each * k, 3, padding=1)
        self.judge = mask_judge(self.kinds) if rescore else None

    # The network

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Prototypes:
        """Prototypes of images in [0, 1], and what every anchor says."""
        features = self.backbone(self.normalised(images))
        drawn = F.interpolate(self.draw(features), mode="bilinear", align_corners=False,
                              scale_factor=self.places / PROTOTYPE_STRIDE)
        seen = self.look(features)
        category, code, mix = (
            head(seen).permute(0, 2, 3, 1).reshape(len(seen), -1, numbers)
            for head, numbers in ((self.category, self.kinds + 1), (self.code, 4),
                                  (self.mix, self.k)))             # (B, N, numbers)
        return Prototypes(F.relu(self.prototypes(drawn)), category, code, mix.tanh())

    def anchors(self, out: Prototypes) -> Float[Tensor, "N 4"]:
        """The anchors of a map of prototypes, in image pixels."""
        h, w = (n * PROTOTYPE_STRIDE // self.stride for n in out.prototypes.shape[2:])
        return make_anchors((h, w), self.stride, anchor_sizes(self.sides)).to(out.code)

    # What it is taught

    def losses(self, out: Prototypes, targets: Sequence[Objects]) -> Terms:
        """Category (of the hardest background three to one), box and mask."""
        anchors, sums, positives = self.anchors(out), out.code.new_zeros(4), 0
        for prototypes, category, code, mix, objects in zip(*out, targets, strict=True):
            found = label_anchors(anchors, objects, 0.5, 0.4)
            some = found >= 0
            own = found[some]
            wanted = encode_boxes(objects.boxes[own], anchors[some], VARIANCES)
            box = BOX_WEIGHT * F.smooth_l1_loss(code[some], wanted, reduction="sum")
            mask, iou = self.mask_loss(prototypes, mix[some], own, objects)
            named = hardest_loss(category, found, objects.label)
            sums = sums + torch.stack([named, box, MASK_WEIGHT * mask, iou])
            positives += len(own)
        terms = ("category", "box", "mask") + ("iou",) * self.rescore
        return {name: (sums[i], positives) for i, name in enumerate(terms)}

    def mask_loss(
        self, prototypes: Float[Tensor, "k H W"], mix: Float[Tensor, "P k"],
        own: Int[Tensor, " P"], objects: Objects,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Cross entropy within the object's box, over the box's area; and the IoU's."""
        solid = F.avg_pool2d(objects.masks[:, None], PROTOTYPE_STRIDE)[:, 0] >= 0.5
        boxes = objects.boxes[own] / PROTOTYPE_STRIDE
        logits = assembled(prototypes, mix)                        # (P, H, W)
        inside, wanted = crop(boxes, logits.shape[1:]), solid[own]
        loss = masked_loss(logits, wanted, inside) / box_area(boxes).clamp(min=1)
        if self.judge is None:
            return loss.sum(), loss.sum() * 0
        mask = logits.sigmoid() * inside
        told = self.judge(mask[:, None])[torch.arange(len(own)), objects.label[own] - 1]
        return loss.sum(), 0.5 * (told - mask_iou(mask > 0.5, wanted)).square().sum()

    # What it finds

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100, nms_iou: float = 0.5,
        least: float = 0.05, threshold: float = 0.5, precision: str = "float32",
    ) -> list[Instances]:
        """The objects of each image, best first.

        Args:
            nms_iou: within a category, Fast NMS.
            others: see `TwoStage.detect`.

        Raises:
            ValueError, TypeError: an image that makes no sense, or scores that are NaN.
        """
        pieces = partial(self.pieces, nms_iou=nms_iou, least=least, threshold=threshold)
        return self.detect_by(pieces, images, top, precision)

    fast = True
    """Whether a box that has gone still removes others; otherwise the usual NMS."""

    @torch.inference_mode()
    def found(
        self, out: Prototypes, shape: tuple[int, int], nms_iou: float = 0.5,
        least: float = 0.05, most: int = 200,
    ) -> Iterator[Mixed]:
        """Every category's boxes after Fast NMS, and how their masks are mixed."""
        scores = out.category[0].softmax(1)[:, 1:]                 # (N, C)
        boxes = clip_boxes(decode_boxes(out.code[0], self.anchors(out), VARIANCES),
                           shape)
        kept = fast_nms if self.fast else usual_nms
        for column in scores.T:
            some = column.argsort(descending=True, stable=True)[:most]
            some = some[column[some] > least]
            some = some[kept(boxes[some], column[some], nms_iou)]
            yield Mixed(boxes[some], column[some], out.mix[0, some])

    @torch.inference_mode()
    def pieces(
        self, out: Prototypes, shape: tuple[int, int], nms_iou: float, least: float,
        threshold: float,
    ) -> Iterator[Piece]:
        """What is found, with its masks."""
        for kind, each in enumerate(self.found(out, shape, nms_iou, least)):
            masks = assembled(out.prototypes[0], each.mix).sigmoid()
            boxes = self.widened(each.boxes, shape) / PROTOTYPE_STRIDE
            masks = masks * crop(boxes, masks.shape[1:])
            score = each.scores
            if self.judge is not None:
                score = score * self.judge(masks[:, None])[:, kind].clamp(0, 1)
            large = enlarged(masks[:, None], PROTOTYPE_STRIDE, shape)[:, 0]
            solid = (large > threshold).cpu().numpy()
            for mask, one in zip(solid, score.tolist(), strict=True):
                yield Piece(mask, one, kind)


def assembled(
    prototypes: Float[Tensor, "k H W"], mix: Float[Tensor, "P k"]
) -> Float[Tensor, "P H W"]:
    """Mask logits: each object's mix of the prototypes, equation 1."""
    return (mix @ prototypes.flatten(1)).unflatten(1, prototypes.shape[1:])


def crop(boxes: Float[Tensor, "P 4"], shape: Sequence[int]) -> Bool[Tensor, "P H W"]:
    """Which places of a map lie in each box, and one more on every side.

    Example:
        >>> crop(torch.tensor([[1.0, 0, 3, 1]]), (1, 5))[0, 0].int().tolist()
        [1, 1, 1, 1, 0]
    """
    y, x = (torch.arange(n, device=boxes.device) for n in shape)
    x0, y0, x1, y1 = boxes[..., None].unbind(1)
    inside_x = (x >= (x0 - 1).clamp(min=0)) & (x < x1 + 1)         # (P, W)
    inside_y = (y >= (y0 - 1).clamp(min=0)) & (y < y1 + 1)         # (P, H)
    return inside_y[:, :, None] & inside_x[:, None]


def masked_loss(
    logits: Float[Tensor, "P H W"], wanted: Bool[Tensor, "P H W"],
    inside: Bool[Tensor, "P H W"],
) -> Float[Tensor, " P"]:
    """Cross entropy of cropped masks, added up; what is cropped has probability 0."""
    loss = F.binary_cross_entropy_with_logits(logits, wanted.to(logits),
                                              reduction="none")
    return torch.where(inside, loss, LOST * wanted).sum((1, 2))


def mask_judge(kinds: int) -> nn.Sequential:
    """YOLACT++: from a soft, cropped mask to the IoU it has, for every category."""
    layers: list[nn.Module] = []
    for before, after in ((1, 8), (8, 16), (16, 32)):
        layers += [nn.Conv2d(before, after, 3, 2, 1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(32, kinds, 1), nn.AdaptiveMaxPool2d(1),
                         nn.Flatten())
