"""Regions of an image: masks within boxes, how they are compared, named and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.overlap import box_iou, encode, rle_iou
from ifcn_lab.data.run_lengths import crop_rles

Crops = Sequence[Bool[np.ndarray, "_ _"]]
"""Masks, each cut to its box."""

BACKGROUND, IGNORED = 0, -1


@dataclass(frozen=True)
class RoiRule:
    """Which regions are classified, and what they are called in training.

    Args:
        proposals: of each image, N; the paper's 300.
        nms_iou: of the proposals; the paper's 0.8.
        threshold: at which a proposal's pixel is in its mask. Unconfirmed.
        objects: add the objects themselves to the proposals, as Fast R-CNN does. No
            source at hand says whether MNC does.
        rois: drawn from the proposals of each image; MNC's 64.
        positive_share: of the drawn, at most; 1 positive to 3 negatives. Unconfirmed.
        mask_iou: a proposal is of an object's category when its mask IoU with it is at
            least this; otherwise it is background.
        box_iou: the same for boxes, for the second softmax; MNC's 0.5.
        in_crowd: background that lies in the crowd by this share is not drawn.
    """

    proposals: int = 300
    nms_iou: float = 0.8
    threshold: float = 0.5
    objects: bool = True
    rois: int = 64
    positive_share: float = 0.25
    mask_iou: float = 0.5
    box_iou: float = 0.5
    in_crowd: float = 0.5

    def __post_init__(self) -> None:
        shares = self.positive_share, self.mask_iou, self.box_iou, self.in_crowd
        counts = self.proposals, self.rois
        if min(counts) < 1 or not 0 < min(shares) <= max(shares) <= 1:
            raise ValueError("proposals and rois are at least 1, positive_share, "
                             f"mask_iou, box_iou and in_crowd above 0 to 1; got {self}")


class Rois(NamedTuple):
    """Regions of one image and what they are.

    Shapes: `boxes` (N, 4) in pixels of the view; `masks` (N, bins, bins), the share of
    each bin that the mask covers; `label` (N,), by the masks, and `box_label` (N,), by
    the boxes: 0 for background, c for the c-th category, -1 for what says nothing.
    """

    boxes: Float[Tensor, "N 4"]
    masks: Float[Tensor, "N bins bins"]
    label: Int[Tensor, " N"]
    box_label: Int[Tensor, " N"]

    def drawn(self, rule: RoiRule, rng: np.random.Generator) -> Rois:
        """An image's share: positives up to a quarter, the rest background.

        Where there is less background than that, fewer are drawn.
        """
        label = self.label.numpy()
        most = max(1, int(rule.positive_share * rule.rois))
        some = rng.permutation(np.flatnonzero(label > BACKGROUND))[:most]
        rest = rng.permutation(np.flatnonzero(label == BACKGROUND))
        index = np.concatenate([some, rest[: rule.rois - len(some)]])
        return Rois(*(column[torch.from_numpy(index)] for column in self))

    def mirrored(self, width: int) -> Rois:
        """The same in the image turned from left to right."""
        x0, y0, x1, y1 = self.boxes.T
        boxes = torch.stack([width - x1, y0, width - x0, y1], 1)
        return self._replace(boxes=boxes, masks=self.masks.flip(-1))


def mask_bins(
    crops: Sequence[Bool[np.ndarray, "_ _"]], bins: int = 14
) -> Float[Tensor, "N bins bins"]:
    """How much of each bin of its box a mask covers, 0 to 1.

    A bin that is narrower than a pixel takes the pixels it touches, all alike.

    Example:
        >>> mask = np.array([[True, True, False, False]] * 4)
        >>> mask_bins([mask], bins=2)[0].tolist()
        [[1.0, 0.0], [1.0, 0.0]]
    """
    if len(crops) == 0:
        return torch.zeros(0, bins, bins)
    return torch.cat([
        F.adaptive_avg_pool2d(torch.from_numpy(crop).float()[None], bins)
        for crop in crops
    ])


def two_layers(features: int, width: int, dropout: float = 0.0) -> nn.Sequential:
    """From pooled features to `width` numbers, through as many."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(features, width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout),
    )


def by_mask_and_box(
    seen: Float[Tensor, "N C P P"], masks: Float[Tensor, "N 1 P P"],
    mask_path: nn.Module, box_path: nn.Module,
) -> Float[Tensor, "N D"]:
    """What a region's category is told from: its features times its mask, and as they
    are; each the largest of 2 x 2, then through its own path.

    Source: Dai, He and Sun, CVPR 2016 (MNC), stage 3.
    """
    return torch.cat([mask_path(F.max_pool2d(seen * masks, 2)),
                      box_path(F.max_pool2d(seen, 2))], 1)


def as_boxes(boxes: Shaped[np.ndarray, "N 4"]) -> Float[Tensor, "N 4"]:
    """Boxes as a model takes them."""
    return torch.from_numpy(np.asarray(boxes, np.float32).reshape(-1, 4))


def crop_iou(
    boxes: Int[np.ndarray, "N 4"], crops: Crops, masks: Bool[np.ndarray, "M h w"]
) -> Float[np.ndarray, "N M"]:
    """Mask IoU of masks kept as crops with whole masks.

    No crop is drawn whole; two empty masks have IoU 0.

    Example:
        >>> object_ = np.zeros((1, 4, 6), bool); object_[0, :, :3] = True
        >>> crop_iou(np.array([[0, 0, 6, 4]]), [np.ones((4, 6), bool)], object_)
        array([[0.5]])
    """
    given = crop_rles(crops, boxes, masks.shape[1:])
    return rle_iou(given, encode(masks))


def label_rois(
    boxes: Int[np.ndarray, "N 4"], crops: Crops, masks: Bool[np.ndarray, "M h w"],
    crowd: Bool[np.ndarray, "h w"], kinds: Int[np.ndarray, " M"], rule: RoiRule,
) -> tuple[Int[np.ndarray, " N"], Int[np.ndarray, " N"]]:
    """What every region is, by masks and by boxes.

    A region is of the kind of the object that it overlaps most, if that is enough, and
    background otherwise. Background in the crowd says nothing.
    """
    label = nearest_kind(crop_iou(boxes, crops, masks), kinds, rule.mask_iou)
    box_label = nearest_kind(box_iou(boxes, tight_boxes(masks)), kinds, rule.box_iou)
    crowded = np.array([crowd[y0:y1, x0:x1][crop].mean() >= rule.in_crowd
                        for (x0, y0, x1, y1), crop in zip(boxes, crops, strict=True)],
                       bool)
    label[crowded & (label == BACKGROUND)] = IGNORED
    box_label[crowded & (box_label == BACKGROUND)] = IGNORED
    return label, box_label


def nearest_kind(
    overlap: Float[np.ndarray, "N M"], kinds: Int[np.ndarray, " M"], enough: float
) -> Int[np.ndarray, " N"]:
    """The kind of the object that each region overlaps most; 0 if not enough.

    Example:
        >>> nearest_kind(np.array([[0.2, 0.7], [0.4, 0.3]]), np.array([3, 5]), 0.5)
        array([5, 0])
    """
    if overlap.shape[1] == 0:
        return np.zeros(len(overlap), int)
    return np.where(overlap.max(1) >= enough, kinds[overlap.argmax(1)], BACKGROUND)
