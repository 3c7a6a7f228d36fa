"""Regions of an image, masks within boxes: how they are given and compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.layers.nms import column_iou

Crops = Sequence[Bool[np.ndarray, "_ _"]]
"""Masks, each cut to its box."""


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


def as_boxes(boxes: Shaped[np.ndarray, "N 4"]) -> Float[Tensor, "N 4"]:
    """Boxes as the classifier takes them."""
    return torch.from_numpy(np.asarray(boxes, np.float32).reshape(-1, 4))


def crop_iou(
    boxes: Int[np.ndarray, "N 4"], crops: Crops, masks: Bool[np.ndarray, "M h w"]
) -> Float[np.ndarray, "N M"]:
    """Mask IoU of masks kept as crops with whole masks.

    Pixels are counted within the crops only; two empty masks have IoU 0.

    Example:
        >>> object_ = np.zeros((1, 4, 6), bool); object_[0, :, :3] = True
        >>> crop_iou(np.array([[0, 0, 6, 4]]), [np.ones((4, 6), bool)], object_)
        array([[0.5]])
    """
    areas = masks.sum((1, 2))                                      # (M,)
    iou = np.zeros((len(crops), len(masks)))
    for row, (x0, y0, x1, y1), crop in zip(iou, boxes.tolist(), crops, strict=True):
        shared = (masks[:, y0:y1, x0:x1] & crop).sum((1, 2))       # (M,)
        row[:] = shared / np.maximum(areas + crop.sum() - shared, 1)
    return iou


def box_overlaps(
    a: Shaped[np.ndarray, "N 4"], b: Shaped[np.ndarray, "M 4"]
) -> Float[np.ndarray, "N M"]:
    """IoU of every box of `a` with every box of `b`; 0 where both are empty.

    Example:
        >>> box_overlaps(np.array([[0, 0, 2, 2]]), np.array([[0, 0, 2, 1]])).tolist()
        [[0.5]]
    """
    rows = np.repeat(a.astype(float), len(b), axis=0)              # (N*M, 4)
    columns = np.tile(b.astype(float), (len(a), 1))                # (N*M, 4)
    return column_iou(rows.T, columns.T).reshape(len(a), len(b))
