"""Average precision of masks: AP^r as the papers on PASCAL VOC measure it, and COCO's.

AP^r: a detection is right if, among the objects of its image, the one it overlaps most
is overlapped enough and not yet taken by a better scored detection. A second detection
of the same object is wrong. AP is the whole area under the envelope of precision
against recall, not VOC 2007's mean over 11 points, and COCO's 101 points neither.

COCO's AP, AP50, AP75 and AP by size: what is kept of an image is, for each answer and
threshold, whether it was right; pycocotools' own COCOeval then sums that up, so that
the figures are its figures.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from pycocotools.cocoeval import COCOeval

from ifcn_lab.data import Sample
from ifcn_lab.metrics.matching import (
    AREAS,
    COCO_THRESHOLDS,
    check_kind,
    match_image,
    match_nearest,
)
from ifcn_lab.metrics.measure import ByCategory, Ranked, for_json, place_of
from ifcn_lab.metrics.regions import EVERY, Detections, Found, Objects


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
        threshold = self.thresholds[place_of(self.thresholds, threshold, "IoU")]
        scores = [scores[threshold] for scores in self.by_category.values()]
        return float(np.mean(scores)) if scores else float("nan")

    def as_dict(self) -> dict[str, float | None]:
        """List the figures by name, ready for JSON: None where there was no object."""
        return for_json({f"mAP^r@{t:g}": self[t] for t in self.thresholds})

    def __str__(self) -> str:
        """Print one line: mAP^r at each threshold."""
        return "  ".join(f"mAP^r@{t:g} {self[t]:.3f}" for t in self.thresholds)


class Precision(ByCategory):
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
        super().__init__(by_category)
        self.thresholds = tuple(thresholds)

    def judge(self, best: Found, truth: Objects) -> dict[int, Ranked]:
        """Match one image, its crowd being of every category."""
        everywhere = np.where(truth.crowd, EVERY, truth.categories)
        return super().judge(best, truth._replace(categories=everywhere))

    def ranked(self, best: Found, truth: Objects) -> Ranked:
        """Match each detection to the object it overlaps most."""
        return Ranked(best.scores, [match_nearest(best, truth, self.thresholds)])

    def result(self) -> PrecisionReport:
        """Sum up what was counted so far."""
        named = {c: self._by_threshold([*kept.values()])
                 for c, kept in self.known().items()}
        return PrecisionReport(self.thresholds, named)

    def _by_threshold(self, images: list[Ranked]) -> dict[float, float]:
        matches = [one.matches[0] for one in images]
        order = np.argsort(-np.concatenate([one.scores for one in images]),
                           kind="stable")
        right = np.concatenate([m.right for m in matches], axis=1)[:, order]  # (T, N)
        counts = ~np.concatenate([m.ignored for m in matches], axis=1)[:, order]
        objects = sum(m.objects for m in matches)
        return {threshold: area_under_envelope(right[t, counts[t]], objects)
                for t, threshold in enumerate(self.thresholds)}


def area_under_envelope(verdicts: Shaped[np.ndarray, " N"], objects: int) -> float:
    """Find AP from verdicts, 1 right and 0 wrong, the best score first.

    The envelope is the best precision at this recall or any higher.

    >>> round(area_under_envelope(np.array([0, 1, 1]), objects=4), 3)
    0.333
    """
    precision = np.cumsum(verdicts) / np.arange(1, len(verdicts) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(envelope[verdicts == 1]) / objects)  # each adds 1 / objects


def average_precision(
    detections: Iterable[Detections], samples: Iterable[Sample],
    thresholds: Sequence[float] = (0.5, 0.7), *, by_category: bool = False,
) -> PrecisionReport:
    """Measure mAP^r of detections, one set for each sample (paper, section 4).

    One image is held at a time. See ``Precision`` for the arguments, ``Measure.over``
    for what is raised.
    """
    return Precision(thresholds, by_category=by_category).over(detections, samples)


_FIGURES = {"AP": (None, "all"), "AP50": (0.5, "all"), "AP75": (0.75, "all"),
            "APs": (None, "small"), "APm": (None, "medium"), "APl": (None, "large")}


@dataclass(frozen=True)
class CocoReport:
    """COCO's average precision over a set of images.

    ``precision`` holds, by size, precision at each IoU of ``COCO_THRESHOLDS`` and 101
    recalls for each of ``categories``: (T, 101, K), -1 where a category has no object
    of that size. There is one category, 0, where they were not told apart.
    """

    categories: tuple[int, ...]
    precision: dict[str, Float[np.ndarray, "T R K"]]

    def at(
        self, iou: float | None = None, size: str = "all", category: int | None = None
    ) -> float:
        """Give AP at one IoU of .5, .55, ... .95, or their mean, of one size.

        The mean goes over the categories that have objects, or it is of one category.
        NaN where there is no object. Raises ValueError for an IoU or a category that
        was not measured.
        """
        precision = self.precision[size]
        if iou is not None:
            precision = precision[place_of(COCO_THRESHOLDS, iou, "IoU")]
        if category is not None:
            precision = precision[..., [place_of(self.categories, category,
                                                 "category")]]
        known = precision[precision > -1]
        return float(np.mean(known)) if known.size else float("nan")

    def as_dict(self) -> dict[str, float | None]:
        """List the figures by COCO's names: None where there is no such object."""
        return for_json({name: self.at(iou, size)
                         for name, (iou, size) in _FIGURES.items()
                         if size in self.precision})

    def __str__(self) -> str:
        """Print one line: AP, AP50, AP75 and AP by size."""
        return "  ".join(f"{name} {'none' if figure is None else f'{figure:.3f}'}"
                         for name, figure in self.as_dict().items())


class CocoPrecision(ByCategory):
    """Collects COCO's average precision image by image.

    Args:
        by_category: match within each category and take the mean over categories; the
            detections then need ``categories``. Otherwise all are one category.
        sizes: also tell small, medium and large objects apart.
        kind: "masks" or "boxes".
        limit: how many detections of an image and category count, the best first;
            COCO's AP has 100.

    The figures are those of COCOeval over the whole set of results, to the last digit,
    for the same areas of objects and the same order of equal scores: COCOeval takes
    images by id and, within an image, detections as the result file lists them. One
    difference: where categories are ignored, COCOeval leaves out detections whose
    category the annotations do not list; here they count.

    >>> from types import SimpleNamespace
    >>> from ifcn_lab.data import Sample
    >>> masks = np.eye(4, dtype=bool).reshape(4, 2, 2)
    >>> none = np.zeros((2, 2), bool)
    >>> sample = Sample(None, masks[:2], none, (1, 2), (1, 1), "two objects", 0)
    >>> precision = CocoPrecision(sizes=False)
    >>> precision.add(SimpleNamespace(masks=masks, scores=[0.7, 0.8, 0.9, 0.6]), sample)
    >>> print(precision.result())  # the third mask, scored best, is wrong
    AP 0.667  AP50 0.667  AP75 0.667
    """

    def __init__(
        self, *, by_category: bool = False, sizes: bool = True, kind: str = "masks",
        limit: int = 100,
    ) -> None:
        super().__init__(by_category)
        self.kind, self.limit = check_kind(kind), limit
        self.sizes = tuple(AREAS) if sizes else ("all",)

    def ranked(self, best: Found, truth: Objects) -> Ranked:
        """Match the best detections by COCO's rule, for each size."""
        best = best.top(self.limit)
        matches = match_image(best, truth, kind=self.kind, sizes=self.sizes)
        return Ranked(best.scores, matches)

    def result(self) -> CocoReport:
        """Let COCOeval sum up what was counted so far."""
        known = self.known()
        ids = {image_id for kept in known.values() for image_id in kept}
        evaluation = COCOeval(iouType="segm")
        wanted = evaluation.params
        wanted.catIds, wanted.maxDets = list(known), [self.limit]
        wanted.imgIds = sorted(ids, key=lambda i: (isinstance(i, str), i))
        wanted.areaRng = [list(AREAS[size]) for size in self.sizes]
        wanted.iouThrs = np.array(COCO_THRESHOLDS)
        evaluation._paramsEval = wanted
        evaluation.evalImgs = [
            _as_cocoeval(kept[i], size) if i in kept else None
            for kept in known.values() for size in range(len(self.sizes))
            for i in wanted.imgIds]
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
            evaluation.accumulate()
        table = evaluation.eval["precision"][..., 0]  # (T, R, K, A)
        return CocoReport(tuple(known), {size: table[..., n]
                                         for n, size in enumerate(self.sizes)})


def _as_cocoeval(one: Ranked, size: int) -> dict[str, Any]:
    """Give an image of one category and size as COCOeval keeps it."""
    match = one.matches[size]
    return {"dtScores": one.scores, "dtMatches": match.right,
            "dtIgnore": match.ignored, "gtIgnore": np.zeros(match.objects, int)}
