"""Lesson 6: which windows remain, by objectness, by NMS and by number."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt8

from ifcn_lab.draw.picture import Picture
from ifcn_lab.draw.proposing import boxes_on
from ifcn_lab.proposals import Proposals, nms
from ifcn_lab.widgets.redrawn import Redrawn, slider


class Sieve(Redrawn):
    """`draw.boxes_on` with sliders for the objectness, the NMS and how many remain.

    Args:
        image: what was segmented.
        found: windows of it that went through no NMS: `propose(..., nms_iou=1.0)`.

    >>> from ifcn_lab.proposals import Proposals
    >>> box, crop = np.array([[0, 0, 8, 8]]), np.ones((8, 8), bool)
    >>> two = Proposals((16, 16), np.repeat(box, 2, 0), np.array([0.9, 0.8]),
    ...                 (crop, crop), np.zeros((2, 3), int), (1.0,))
    >>> widget = Sieve(np.zeros((16, 16, 3), np.uint8), two)
    >>> widget.sliders["top"].value = 5
    >>> widget
    Sieve(objectness=50, iou=80, top=5)
    """

    def __init__(self, image: UInt8[np.ndarray, "h w 3"], found: Proposals) -> None:
        def picture(objectness: int, iou: int, top: int) -> Picture:
            return boxes_on(image, found, kept(found, objectness, iou, top))

        super().__init__(
            picture,
            objectness=slider("objectness, %", 50, 0, 100),
            iou=slider("NMS IoU, %", 80, 5, 100),
            top=slider("at most", 10, 1, 50),
        )


def kept(found: Proposals, objectness: int, iou: int, top: int) -> Int[np.ndarray, "K"]:
    """The windows that pass three sieves, best first; per cent, per cent, number."""
    sure = found.above(objectness / 100)
    return nms(sure.boxes, sure.scores, iou / 100)[:top]
