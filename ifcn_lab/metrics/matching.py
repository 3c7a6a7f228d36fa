"""Which answer of an image finds which object: COCO's rule, without COCOeval.

pycocotools' COCOeval compares every answer with every object again at each threshold
and each range of areas. Most answers overlap no object enough and most overlap one, so
here only pairs that may match are looked at. The tests hold the result to COCOeval's.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from pycocotools import mask as coco_mask

from ifcn_lab.data.overlap import rle_iou
from ifcn_lab.metrics.regions import Found, Objects

COCO_THRESHOLDS = tuple(float(t) for t in np.linspace(0.5, 0.95, 10))
"""IoU .5, .55, ... .95, with the very rounding of pycocotools."""

AREAS = MappingProxyType({"all": (0.0, 1e10), "small": (0.0, 32.0**2),
                          "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)})
"""COCO's ranges of an object's area in pixels, both ends included."""

_WHOLE = 1 - 1e-10  # COCOeval takes an IoU of 1 for reached a little below it


class Match(NamedTuple):
    """The answers of one image, judged for one range of areas.

    ``right``: the answer finds an object that counts. ``ignored``: it counts neither
    as right nor as wrong. Both (T, N), the best answer first. ``objects``: how many
    were to be found.
    """

    right: Bool[np.ndarray, "T N"]
    ignored: Bool[np.ndarray, "T N"]
    objects: int


def check_kind(kind: str) -> str:
    """Give the kind back; raises ValueError unless it is "masks" or "boxes"."""
    if kind not in ("masks", "boxes"):
        raise ValueError(f"kind is 'masks' or 'boxes', not {kind!r}")
    return kind


def match_image(
    best: Found, truth: Objects, *, kind: str = "masks",
    thresholds: Sequence[float] = COCO_THRESHOLDS, sizes: Sequence[str] = ("all",),
) -> list[Match]:
    """Match the answers of one image to its objects, categories ignored.

    At each threshold each answer, the best first, takes the free object it overlaps
    most, of equal ones the last; a crowd region is always free. An object of another
    size than is asked for, or crowd, is taken only where no other can be; that answer
    is ignored. So is one that finds nothing and is of another size itself. Gives one
    ``Match`` for each of the sizes, names of ``AREAS``. Raises ValueError where the
    answers are without what is compared.

    >>> from ifcn_lab.metrics.regions import measured
    >>> from ifcn_lab.data.overlap import encode
    >>> square = encode(np.ones((1, 2, 2), bool))
    >>> truth = measured(square, crowd=[False], categories=[1])
    >>> best = Found(square * 2, np.array([0.9, 0.8]))
    >>> match_image(best, truth, thresholds=[0.5])[0].right.tolist()
    [[True, False]]
    """
    if len(best.outlines(kind)) < len(best):
        raise ValueError("the answers are boxes without masks; compare kind='boxes'")
    iou = best.overlaps(truth, kind)  # (N, M)
    areas = best.areas(kind)
    matches = []
    for size in sizes:
        low, high = AREAS[size]
        other = truth.crowd | (truth.areas < low) | (truth.areas > high)
        right, ignored = _matched(iou, truth.crowd, other, thresholds)
        outside = (areas < low) | (areas > high)  # (N,)
        ignored |= ~right & outside
        matches.append(Match(right, ignored, int(np.sum(~other))))
    return matches


def match_nearest(best: Found, truth: Objects, thresholds: Sequence[float]) -> Match:
    """Match each answer to the object it overlaps most, if no better answer has it.

    The rule of the papers on PASCAL VOC. What lies in the crowd regions, taken as one,
    by the threshold's share of its own area is ignored.

    >>> from ifcn_lab.metrics.regions import measured
    >>> from ifcn_lab.data.overlap import encode
    >>> square = encode(np.ones((1, 2, 2), bool))
    >>> best, truth = Found(square * 2, np.ones(2)), measured(square, [False], [1])
    >>> match_nearest(best, truth, [0.5]).right.tolist()
    [[True, False]]
    """
    crowd = [truth.rles[j] for j in np.flatnonzero(truth.crowd)]
    whole = [coco_mask.merge(crowd)] if crowd else []
    inside = rle_iou(best.rles, whole, np.ones(len(whole), bool)).sum(axis=1)  # (N,)
    overlap = best.overlaps(truth, "masks")[:, ~truth.crowd]  # (N, M)
    ignored = inside >= np.array(thresholds)[:, None]
    right = np.zeros_like(ignored)
    for row, threshold in zip(right, thresholds, strict=True):
        enough = np.flatnonzero(overlap.max(axis=1, initial=-1) >= threshold)
        if len(enough):
            _, first = np.unique(overlap[enough].argmax(axis=1), return_index=True)
            row[enough[first]] = True
    return Match(right, ignored & ~right, overlap.shape[1])


def _matched(
    iou: Float[np.ndarray, "N M"], crowd: Bool[np.ndarray, " M"],
    other: Bool[np.ndarray, " M"], thresholds: Sequence[float],
) -> tuple[Bool[np.ndarray, "T N"], Bool[np.ndarray, "T N"]]:
    right = np.zeros((len(thresholds), len(iou)), bool)
    ignored = right.copy()
    limits = [min(t, _WHOLE) for t in thresholds]
    others, crowds = other.tolist(), crowd.tolist()
    near: dict[int, list[tuple[float, int]]] = {}
    for i, j in np.argwhere(iou >= min(limits)).tolist():
        near.setdefault(i, []).append((float(iou[i, j]), j))
    for pairs in near.values():
        pairs.sort(reverse=True)  # the object overlapped most, of equal ones the last
    for t, limit in enumerate(limits):
        taken: set[int] = set()
        for i, pairs in near.items():
            choice = -1
            for value, j in pairs:
                if value < limit:
                    break
                if j not in taken and (choice < 0 or not others[j]):
                    choice = j
                    if not others[j]:
                        break
            if choice >= 0:
                (ignored if others[choice] else right)[t, i] = True
                taken |= set() if crowds[choice] else {choice}
    return right, ignored
