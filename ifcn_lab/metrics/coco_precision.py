"""COCO's average precision: AP, AP50, AP75 and AP by size, image by image.

What is kept of an image is, for each answer and threshold, whether it was right;
pycocotools' own COCOeval then sums that up, so that the figures are its figures.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from pycocotools.cocoeval import COCOeval

from ifcn_lab.metrics.matching import (
    AREAS,
    COCO_THRESHOLDS,
    check_kind,
    match_image,
)
from ifcn_lab.metrics.measure import ByCategory, Ranked, for_json, place_of
from ifcn_lab.metrics.regions import Found, Objects

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
