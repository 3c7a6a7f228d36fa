"""How much masks and boxes overlap: intersection over union (IoU).

It goes through pycocotools; slow twins in the tests say what is meant.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped
from pycocotools import mask as coco_mask

Outlines = list[dict[str, Any]] | Float[np.ndarray, "_ 4"]


def encode(masks: Bool[np.ndarray, "N h w"]) -> list[dict[str, Any]]:
    """Write masks as COCO's compressed run lengths, one dict of size and counts each.

    >>> [rle["size"] for rle in encode(np.ones((2, 4, 6), dtype=bool))]
    [[4, 6], [4, 6]]
    """
    # One mask at a time: a thousand masks turned at once would need their memory twice.
    return [coco_mask.encode(np.asfortranarray(m, dtype=np.uint8)) for m in masks]


def mask_iou(
    a: Bool[np.ndarray, "N h w"], b: Bool[np.ndarray, "M h w"], *,
    crowd: Bool[np.ndarray, " M"] | None = None,
) -> Float[np.ndarray, "N M"]:
    """Compare every mask of ``a`` with every mask of ``b``: IoU in [0, 1], (N, M).

    Where ``crowd`` is true the overlap is divided by the area of the mask of ``a``
    alone, as COCO does for crowd regions. Two empty masks have IoU 0.

    Raises ValueError if the masks are not of one size.

    >>> left = np.array([[[True, True, False, False]]])
    >>> right = np.array([[[False, True, True, False]]])
    >>> mask_iou(left, right).round(3).tolist()
    [[0.333]]
    """
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(
            f"masks of {a.shape[1]} x {a.shape[2]} cannot be compared with masks of "
            f"{b.shape[1]} x {b.shape[2]}; bring both to the image's size")
    return rle_iou(encode(a), encode(b), crowd)


def rle_iou(
    a: Outlines, b: Outlines, crowd: Bool[np.ndarray, " M"] | None = None
) -> Float[np.ndarray, "N M"]:
    """Do what ``mask_iou`` does for run lengths, or boxes (x0, y0, width, height).

    >>> whole = encode(np.ones((1, 4, 6), dtype=bool))
    >>> rle_iou(whole, whole).tolist()
    [[1.0]]
    """
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    flags = [0] * len(b) if crowd is None else [int(c) for c in crowd]
    return coco_mask.iou(a, b, flags)


def box_iou(
    a: Shaped[np.ndarray, "N 4"], b: Shaped[np.ndarray, "M 4"]
) -> Float[np.ndarray, "N M"]:
    """Compare boxes (x0, y0, x1, y1), half-open, image pixels: IoU in [0, 1], (N, M).

    >>> box_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])).round(3).tolist()
    [[0.333]]
    """
    return rle_iou(xywh(a), xywh(b))


def xywh(boxes: Shaped[np.ndarray, "N 4"]) -> Float[np.ndarray, "N 4"]:
    """Turn boxes (x0, y0, x1, y1) into COCO's (x0, y0, width, height).

    >>> xywh(np.array([[2, 3, 5, 9]])).tolist()
    [[2.0, 3.0, 3.0, 6.0]]
    """
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
