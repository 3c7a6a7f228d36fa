"""COCO's field `segmentation`, polygons or run lengths: checked, then decoded.

pycocotools reads past the end of damaged run lengths, so nothing from a file goes to it
unchecked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as coco_mask

from ifcn_lab.data.faults import Unreadable
from ifcn_lab.data.run_lengths import lengths_of

# pycocotools walks along every edge in fifths of a pixel and counts them in 32 bits.
_FARTHEST = 100_000


def checked(segmentation: Any, size: tuple[int, int]) -> list | dict[str, Any]:
    """Return a segmentation of an image of ``size`` (h, w), if it is one.

    Raises Unreadable for what is no list of polygons and no run lengths of that image.

    >>> checked([[1, 0, 4, 0, 4, 3]], (4, 6))
    [[1, 0, 4, 0, 4, 3]]
    """
    if isinstance(segmentation, dict):
        _check_run_lengths(segmentation, size)
        return {"size": [*size], "counts": segmentation["counts"]}
    if not isinstance(segmentation, list) or not segmentation:
        raise Unreadable("has no segmentation, so there is no mask to use")
    for polygon in segmentation:
        _check_polygon(polygon)
    return segmentation


def rle_of(
    segmentation: list | dict[str, Any], size: tuple[int, int]
) -> dict[str, Any]:
    """Bring a checked segmentation to compressed run lengths.

    >>> rle_of({"size": [2, 3], "counts": [2, 2, 2]}, (2, 3))
    {'size': [2, 3], 'counts': b'222'}
    """
    h, w = size
    if isinstance(segmentation, list):
        return coco_mask.merge(coco_mask.frPyObjects(segmentation, h, w))
    if isinstance(segmentation["counts"], list):
        return coco_mask.frPyObjects(segmentation, h, w)
    return segmentation


def mask_of(
    segmentation: list | dict[str, Any], size: tuple[int, int]
) -> Bool[np.ndarray, "h w"]:
    """Draw a checked segmentation at the image's size.

    >>> mask_of({"size": [2, 3], "counts": [2, 2, 2]}, (2, 3)).astype(int)
    array([[0, 1, 0],
           [0, 1, 0]])
    """
    return coco_mask.decode(rle_of(segmentation, size)).astype(bool)


def covers_nothing(segmentation: list | dict[str, Any], size: tuple[int, int]) -> bool:
    """Say whether a checked segmentation has no pixel in the image.

    Only polygons that are thin or reach over the border are drawn to find out.

    >>> covers_nothing([[9, 0, 12, 0, 12, 3]], (4, 6))
    True
    """
    if isinstance(segmentation, list):
        points = np.concatenate([np.reshape(p, (-1, 2)) for p in segmentation])
        low, high = points.min(axis=0), points.max(axis=0)
        if min(high - low) > 2 and min(low) >= 0 and (high <= size[::-1]).all():
            return False
    return not coco_mask.area(rle_of(segmentation, size))


def _check_polygon(polygon: Any) -> None:
    if not isinstance(polygon, list) or not all(
        type(at) in (int, float) and abs(at) <= _FARTHEST for at in polygon  # no NaN
    ):
        raise Unreadable(
            "a polygon must be a list of numbers, none beyond "
            f"{_FARTHEST} pixels, and a segmentation a list of polygons"
        )
    if len(polygon) < 6 or len(polygon) % 2:
        raise Unreadable("a polygon needs x, y of at least 3 points",
                         f"one has {len(polygon)} numbers")


def _check_run_lengths(rle: dict[str, Any], size: tuple[int, int]) -> None:
    h, w = size
    if rle.get("size") != [h, w]:
        raise Unreadable("its run lengths are of another size (h, w) than the image's",
                         f"{rle.get('size')}, the image is {h} x {w}")
    counts = rle.get("counts")
    if isinstance(counts, str):
        lengths = lengths_of(counts)
        counts = None if lengths is None else lengths.tolist()
    if not isinstance(counts, list) or not all(
        type(length) is int and length >= 0 for length in counts
    ):
        raise Unreadable("its run lengths are not whole numbers from 0 up, or their "
                         "text is cut off or damaged")
    if sum(counts) != h * w:
        raise Unreadable("its run lengths do not make the image's number of pixels",
                         f"{sum(counts)}, the image has {h} x {w} = {h * w}")
