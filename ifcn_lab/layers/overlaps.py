"""Which of several overlapping masks stay: three ways beside the IoU of their boxes.

Two objects that lie crosswise share most of their boxes and few of their pixels, so
boxes are a cheap stand-in for what is meant. These look at the pixels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.overlap import rle_iou
from ifcn_lab.layers.mask_voting import kept_masks
from ifcn_lab.segmenter import Instances

OVERLAPS = ("boxes", "masks", "soft", "pixels")
"""What NMS compares, or does: see `without_overlaps`."""


def without_overlaps(found: Instances, how: str, iou: float) -> Instances:
    """The masks that stay, best first.

    Args:
        found: best first, of one kind or of several; "masks" compares within a kind.
        how: "masks": of two whose IoU is above `iou` the worse goes. "soft": nothing
            goes; what overlaps a better mask by more than `iou` has its score times
            1 - IoU, as often as that happens. "pixels": the better mask has the
            pixels, and one of which more than the share `iou` is lost goes.
        iou: 0 to 1.

    Source: "soft" is the linear Soft-NMS of Bodla et al., ICCV 2017, on masks.
    """
    if how == "masks":
        return found.take(kept_masks(found, iou))
    return soft_nms(found, iou) if how == "soft" else own_pixels(found, iou)


def soft_nms(found: Instances, iou: float) -> Instances:
    """All masks, the scores of those that overlap a better one lowered, best first.

    The best mask is settled and lowers the others, then the best of the rest. Of two
    equal scores the first mask is settled first.
    """
    rles, scores = found.rles(), found.scores.astype(float)
    overlap = rle_iou(rles, rles)                                  # (N, N)
    factor = np.where(overlap > iou, 1 - overlap, 1.0)
    order, open_ = [], np.ones(len(found), bool)
    while open_.any():
        best = int(np.where(open_, scores, -np.inf).argmax())
        open_[best] = False
        order.append(best)
        scores[open_] *= factor[best, open_]
    return replace(found, scores=scores).take(np.array(order, int))


def own_pixels(found: Instances, lost: float) -> Instances:
    """Masks that share no pixel: each keeps what no better one has.

    One of which more than the share `lost` belongs to better ones, or all, goes; its
    pixels are free again. The best comes first.
    """
    taken, kept, crops = np.zeros(found.shape, bool), [], []
    for i, ((x0, y0, x1, y1), crop) in enumerate(
            zip(found.boxes.tolist(), found.crops, strict=True)):
        own = crop & ~taken[y0:y1, x0:x1]
        if own.any() and crop.sum() - own.sum() <= lost * crop.sum():
            taken[y0:y1, x0:x1] |= own
            kept.append(i)
            crops.append(own)
    stay, tight = found.take(np.array(kept, int)), np.zeros((len(kept), 4), int)
    for i, own in enumerate(crops):
        x0, y0, x1, y1 = tight_boxes(own[None])[0].tolist()
        crops[i] = own[y0:y1, x0:x1]
        tight[i] = np.array([x0, y0, x1, y1]) + np.tile(stay.boxes[i, :2], 2)
    return replace(stay, boxes=tight, crops=tuple(crops))
