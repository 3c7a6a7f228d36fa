"""Average precision of masks (AP^r), as the papers on PASCAL VOC measure it.

A detection is right if, among the objects of its image, the one it overlaps most is
overlapped enough and not yet taken by a better scored detection. A second detection of
the same object is wrong. AP is the whole area under the envelope of precision against
recall, not VOC 2007's mean over 11 points, and COCO's 101 points neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from pycocotools import mask as coco_mask

from ifcn_lab.data import Sample
from ifcn_lab.metrics.overlap import rle_iou
from ifcn_lab.metrics.regions import (
    ANY,
    Answers,
    Found,
    Objects,
    found,
    objects,
    paired,
)

__all__ = [
    "Precision",
    "PrecisionReport",
    "area_under_envelope",
    "average_precision",
]

RIGHT, WRONG, FORGIVEN = 1, 0, -1


@dataclass(frozen=True)
class PrecisionReport:
    """Average precision over a set of images; ``report[0.5]`` is mAP^r at IoU 0.5.

    ``by_category`` holds AP by category and threshold, for categories that have
    objects; there is one category, 0, where they were not told apart.
    """

    thresholds: tuple[float, ...]
    by_category: dict[int, dict[float, float]]

    def __getitem__(self, threshold: float) -> float:
        """Give the mean of AP over the categories, NaN if there was no object."""
        if threshold not in self.thresholds:
            known = ", ".join(map(str, self.thresholds))
            raise ValueError(f"AP at IoU {threshold} was not measured, but at {known}")
        scores = [scores[threshold] for scores in self.by_category.values()]
        return float(np.mean(scores)) if scores else float("nan")

    def as_dict(self) -> dict[str, float | None]:
        """List the figures by name, ready for JSON: None where there was no object."""
        figures = {f"mAP^r@{t:g}": self[t] for t in self.thresholds}
        return {k: None if np.isnan(v) else v for k, v in figures.items()}

    def __str__(self) -> str:
        """Print one line: mAP^r at each threshold."""
        return "  ".join(f"mAP^r@{t:g} {self[t]:.3f}" for t in self.thresholds)


class Verdicts(NamedTuple):
    """The detections of one image and category: right, wrong or forgiven.

    ``scores`` (N,), the best first; ``verdicts`` (T, N); ``objects``: how many were to
    be found.
    """

    category: int
    objects: int
    scores: Float[np.ndarray, " N"]
    verdicts: Int[np.ndarray, "T N"]


class Precision:
    """Collects average precision image by image.

    Args:
        thresholds: mask IoU from which a detection is right; the papers give 0.5, 0.7.
        by_category: match within each category and take the mean over categories; the
            detections then need ``categories``. Otherwise all are one category.

    What lies in the crowd region by the threshold's share of its own area is forgiven:
    neither right nor wrong, in any category.

    >>> from types import SimpleNamespace
    >>> masks = np.eye(4, dtype=bool).reshape(4, 2, 2)
    >>> none = np.zeros((2, 2), bool)
    >>> sample = Sample(None, masks[:2], none, (1, 2), (1, 1), "two objects", 0)
    >>> precision = Precision()
    >>> precision.add(SimpleNamespace(masks=masks, scores=[0.7, 0.8, 0.9, 0.6]), sample)
    >>> print(precision.result())  # the third mask, scored best, is wrong
    mAP^r@0.5 0.667  mAP^r@0.7 0.667
    """

    def __init__(
        self, thresholds: Sequence[float] = (0.5, 0.7), *, by_category: bool = False
    ) -> None:
        self.thresholds = tuple(thresholds)
        self.by_category = by_category
        self._objects: dict[int, int] = defaultdict(int)
        self._scores: dict[int, list[Float[np.ndarray, " N"]]] = defaultdict(list)
        self._verdicts: dict[int, list[Int[np.ndarray, "T N"]]] = defaultdict(list)

    def add(self, detections: Answers, sample: Sample) -> None:
        """Judge the detections of one image.

        Raises ValueError for a score that is NaN, for masks that are not of the
        image's size and, with by_category, for detections without categories.
        """
        best = found(detections, sample.crowd.shape)
        self.count(self.judge(best, objects(sample)))

    def judge(self, best: Found, truth: Objects) -> list[Verdicts]:
        """Judge one image, category by category, and count nothing yet.

        Raises ValueError, with by_category, for detections without categories.
        """
        kinds = best.kinds(self.by_category)
        wanted = np.flatnonzero(~truth.crowd)
        theirs = truth.categories[wanted] if self.by_category else ANY + 0 * wanted
        overlap = rle_iou(best.rles, [truth.rles[j] for j in wanted])  # (N, M)
        in_crowd = _share_in_crowd(best, truth)  # (N,)
        judged = []
        for category in np.union1d(kinds, theirs).tolist():
            mine, own = kinds == category, theirs == category
            verdicts = [
                _verdicts(overlap[np.ix_(mine, own)], in_crowd[mine], threshold)
                for threshold in self.thresholds
            ]
            scores, rows = best.scores[mine], np.array(verdicts, dtype=np.int8)
            judged.append(Verdicts(category, int(own.sum()), scores, rows))
        return judged

    def count(self, judged: list[Verdicts]) -> None:
        """Count one image that was judged."""
        for one in judged:
            self._objects[one.category] += one.objects
            self._scores[one.category].append(one.scores)
            self._verdicts[one.category].append(one.verdicts)

    def result(self) -> PrecisionReport:
        """Sum up what was added so far."""
        named = {
            c: self._by_threshold(c) for c, n in sorted(self._objects.items()) if n
        }
        return PrecisionReport(thresholds=self.thresholds, by_category=named)

    def _by_threshold(self, category: int) -> dict[float, float]:
        scores = np.concatenate(self._scores[category])
        verdicts = np.concatenate(self._verdicts[category], axis=1)  # (T, N)
        order = np.argsort(-scores, kind="stable")
        objects = self._objects[category]
        return {
            threshold: area_under_envelope(row[order][row[order] != FORGIVEN], objects)
            for threshold, row in zip(self.thresholds, verdicts, strict=True)
        }


def area_under_envelope(verdicts: Int[np.ndarray, " N"], objects: int) -> float:
    """Find AP from verdicts, 1 right and 0 wrong, the best score first.

    The envelope is the best precision at this recall or any higher.

    >>> round(area_under_envelope(np.array([0, 1, 1]), objects=4), 3)
    0.333
    """
    right = np.cumsum(verdicts == RIGHT)
    precision = right / np.arange(1, len(verdicts) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(envelope[verdicts == RIGHT]) / objects)  # each adds 1 / objects


def average_precision(
    detections: Iterable[Answers],
    samples: Iterable[Sample],
    thresholds: Sequence[float] = (0.5, 0.7),
    *,
    by_category: bool = False,
) -> PrecisionReport:
    """Measure mAP^r of detections, one set for each sample (paper, section 4).

    One image is held at a time. See ``Precision`` for the arguments and what is raised.
    Raises ValueError, too, if there are more sets than samples or fewer.

    >>> from types import SimpleNamespace
    >>> masks = np.ones((1, 2, 2), bool)
    >>> sample = Sample(None, masks, ~masks[0], (1,), (1,), "one object", 0)
    >>> answer = SimpleNamespace(masks=masks, scores=[0.9])
    >>> average_precision([answer], [sample])[0.5]
    1.0
    """
    precision = Precision(thresholds, by_category=by_category)
    for each, sample in paired(detections, samples):
        precision.add(each, sample)
    return precision.result()


def _share_in_crowd(best: Found, truth: Objects) -> Float[np.ndarray, " N"]:
    """Find the share of each mask that lies in the crowd regions, taken as one."""
    crowd = [truth.rles[j] for j in np.flatnonzero(truth.crowd)]
    if not crowd:
        return np.zeros(len(best))
    whole = [coco_mask.merge(crowd)]
    return rle_iou(best.rles, whole, np.array([True]))[:, 0]


def _verdicts(
    overlap: Float[np.ndarray, "N M"],
    in_crowd: Float[np.ndarray, " N"],
    threshold: float,
) -> Int[np.ndarray, " N"]:
    """Judge the detections of one image and category, the best score first."""
    verdicts = np.where(in_crowd >= threshold, FORGIVEN, WRONG)
    if overlap.shape[1]:
        nearest = overlap.argmax(axis=1)  # (N,)
        enough = np.flatnonzero(overlap.max(axis=1) >= threshold)
        _, first = np.unique(nearest[enough], return_index=True)
        verdicts[enough[first]] = RIGHT
    return verdicts
