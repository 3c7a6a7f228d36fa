"""One annotated region: checked when the annotations are read, decoded when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as coco_mask

__all__ = ["Region", "run_lengths"]

# pycocotools walks along every edge in fifths of a pixel and counts them in 32 bits.
_FARTHEST = 100_000


@dataclass(frozen=True)
class Region:
    """An object or crowd region of one image, as COCO writes it down."""

    id: int
    category: int
    crowd: bool
    size: tuple[int, int]
    segmentation: Any
    label: str

    @classmethod
    def from_coco(
        cls, annotation: dict[str, Any], size: tuple[int, int], label: str
    ) -> Region:
        """Check one COCO annotation of an image of ``size`` (h, w).

        ``label`` names the annotation in messages. Raises ValueError for what is no
        polygon and no run lengths of that image.

        >>> square = {"id": 7, "segmentation": [[1, 0, 4, 0, 4, 3, 1, 3]]}
        >>> int(Region.from_coco(square, (4, 6), "annotation 7").mask().sum())
        9
        """
        segmentation = annotation.get("segmentation")
        if isinstance(segmentation, dict):
            _check_run_lengths(segmentation, size, label)
        else:
            _check_polygons(segmentation, label)
        return cls(
            id=annotation["id"],
            category=annotation.get("category_id", 1),
            crowd=bool(annotation.get("iscrowd", 0)),
            size=size,
            segmentation=segmentation,
            label=label,
        )

    def mask(self) -> Bool[np.ndarray, "h w"]:
        """Decode the region to a mask of the image's size.

        >>> lengths = {"size": [2, 3], "counts": [2, 2, 2]}  # down the columns
        >>> region = {"id": 1, "segmentation": lengths}
        >>> Region.from_coco(region, (2, 3), "annotation 1").mask().astype(int)
        array([[0, 1, 0],
               [0, 1, 0]])
        """
        return coco_mask.decode(self._rle()).astype(bool)

    def _rle(self) -> dict[str, Any]:
        h, w = self.size
        if isinstance(self.segmentation, list):
            return coco_mask.merge(coco_mask.frPyObjects(self.segmentation, h, w))
        rle = {"size": [h, w], "counts": self.segmentation["counts"]}
        if isinstance(rle["counts"], list):
            return coco_mask.frPyObjects(rle, h, w)
        return rle


def run_lengths(text: str) -> list[int]:
    """Decompress COCO's text form of run lengths.

    Each number is cut into groups of five bits, lowest first, one letter each; from
    the fourth on it is the difference to the number two places before. pycocotools
    does the same, but reads past the end of a damaged text.

    Raises ValueError for text that is cut short or holds other letters.

    >>> run_lengths("kQe18g7")
    [54331, 8, 247]
    """
    lengths: list[int] = []
    value = shift = 0
    for group in (ord(letter) - 48 for letter in text):
        if not 0 <= group < 64:
            raise ValueError(f"holds the letter {chr(group + 48)!r}")
        value |= (group & 31) << shift
        shift += 5
        if not group & 32:  # the last group of this number; bit 4 is its sign
            value -= (group & 16) << (shift - 4)
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("ends in the middle of a number")
    return lengths


def _check_polygons(segmentation: Any, label: str) -> None:
    if not isinstance(segmentation, list) or not segmentation:
        raise ValueError(f"{label}: has no segmentation, so there is no mask to use")
    for polygon in segmentation:
        if not isinstance(polygon, list) or not all(map(_is_coordinate, polygon)):
            raise ValueError(
                f"{label}: a polygon must be a list of numbers, "
                f"none beyond {_FARTHEST} pixels"
            )
        if len(polygon) < 6 or len(polygon) % 2:
            raise ValueError(
                f"{label}: a polygon needs x, y of at least 3 points, "
                f"but one has {len(polygon)} numbers"
            )


def _check_run_lengths(rle: dict[str, Any], size: tuple[int, int], label: str) -> None:
    h, w = size
    if rle.get("size") != [h, w]:
        raise ValueError(
            f"{label}: its run lengths are for a size (h, w) of {rle.get('size')}, "
            f"the image is {h} x {w}"
        )
    counts = rle.get("counts")
    if isinstance(counts, str):
        try:
            counts = run_lengths(counts)
        except ValueError as error:
            raise ValueError(f"{label}: its run-length text {error}") from None
    if not isinstance(counts, list) or not all(map(_is_length, counts)):
        raise ValueError(f"{label}: its run lengths are not whole numbers from 0 up")
    if sum(counts) != h * w:
        raise ValueError(
            f"{label}: its run lengths make {sum(counts)} pixels, "
            f"the image has {h} x {w} = {h * w}"
        )


def _is_coordinate(value: Any) -> bool:
    # NaN fails the comparison, too.
    return isinstance(value, int | float) and -_FARTHEST <= value <= _FARTHEST


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and value >= 0
