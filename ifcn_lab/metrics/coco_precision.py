"""COCO's average precision: AP, AP50, AP75 and AP by size, image by image.

Images are matched one at a time. What is kept of an image is, for each answer and
threshold, whether it was right; pycocotools' own COCOeval then sums that up, so that
the figures are its figures.
"""

from __future__ import annotations

import contextlib
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from pycocotools.cocoeval import COCOeval

from ifcn_lab.data import Sample
from ifcn_lab.metrics.matching import (
    AREAS,
    COCO_THRESHOLDS,
    KINDS,
    Match,
    match_image,
)
from ifcn_lab.metrics.regions import (
    ANY,
    Answers,
    Found,
    Objects,
    found,
    objects,
    paired,
)

__all__ = ["CocoPrecision", "CocoReport", "coco_precision"]

_FIGURES = (
    ("AP", None, "all"),
    ("AP50", 0.5, "all"),
    ("AP75", 0.75, "all"),
    ("APs", None, "small"),
    ("APm", None, "medium"),
    ("APl", None, "large"),
)


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
            precision = precision[_index(COCO_THRESHOLDS, iou, "IoU")]
        if category is not None:
            place = _index(self.categories, category, "category")
            precision = precision[..., place : place + 1]
        known = precision[precision > -1]
        return float(np.mean(known)) if known.size else float("nan")

    def as_dict(self) -> dict[str, float | None]:
        """List the figures by COCO's names: None where there is no such object."""
        figures = {
            name: self.at(iou, size)
            for name, iou, size in _FIGURES
            if size in self.precision
        }
        return {k: None if np.isnan(v) else v for k, v in figures.items()}

    def __str__(self) -> str:
        """Print one line: AP, AP50, AP75 and AP by size."""
        return "  ".join(
            f"{name} {'none' if figure is None else f'{figure:.3f}'}"
            for name, figure in self.as_dict().items()
        )


class Ranked(NamedTuple):
    """The answers of one image and category, matched for each size."""

    category: int
    scores: Float[np.ndarray, " N"]
    matches: list[Match]


class CocoPrecision:
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
    >>> masks = np.eye(4, dtype=bool).reshape(4, 2, 2)
    >>> none = np.zeros((2, 2), bool)
    >>> sample = Sample(None, masks[:2], none, (1, 2), (1, 1), "two objects", 0)
    >>> precision = CocoPrecision(sizes=False)
    >>> precision.add(SimpleNamespace(masks=masks, scores=[0.7, 0.8, 0.9, 0.6]), sample)
    >>> print(precision.result())  # the third mask, scored best, is wrong
    AP 0.667  AP50 0.667  AP75 0.667
    """

    def __init__(
        self,
        *,
        by_category: bool = False,
        sizes: bool = True,
        kind: str = "masks",
        limit: int = 100,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind is 'masks' or 'boxes', not {kind!r}")
        self.by_category, self.kind, self.limit = by_category, kind, limit
        self.sizes = tuple(AREAS) if sizes else ("all",)
        self._kept: dict[int, dict[int | str, Ranked]] = defaultdict(dict)

    def add(self, detections: Answers, sample: Sample) -> None:
        """Judge the detections of one image, known by the sample's ``image_id``.

        Raises ValueError for an image that was added before and, as ``Precision.add``,
        for what is no detection.
        """
        best = found(detections, sample.crowd.shape)
        self.count(sample.image_id, self.judge(best, objects(sample)))

    def judge(self, best: Found, truth: Objects) -> list[Ranked]:
        """Match one image, category by category, and count nothing yet."""
        kinds = best.kinds(self.by_category)
        if not self.by_category:
            return [self._ranked(ANY, best, truth)]
        present = np.union1d(kinds, truth.categories[truth.categories >= 0])
        return [
            self._ranked(c, best.take(np.flatnonzero(kinds == c)), truth.of(c))
            for c in present.tolist()
        ]

    def count(self, image_id: int | str, judged: list[Ranked]) -> None:
        """Count one image that was judged; raises ValueError if it was before."""
        for one in judged:
            if image_id in self._kept[one.category]:
                raise ValueError(f"image {image_id} came before; ids must differ")
            self._kept[one.category][image_id] = one

    def result(self) -> CocoReport:
        """Sum up what was added so far."""
        named = [c for c in sorted(self._kept) if self._objects(c)]
        precision = {}
        for number, size in enumerate(self.sizes):
            each = [_precision(self._matches(c, number), self.limit) for c in named]
            blank = np.zeros((len(COCO_THRESHOLDS), 101, 0))
            precision[size] = np.stack(each, axis=2) if each else blank
        return CocoReport(categories=tuple(named), precision=precision)

    def _ranked(self, category: int, best: Found, truth: Objects) -> Ranked:
        best = best.top(self.limit)
        matches = match_image(best, truth, kind=self.kind, sizes=self.sizes)
        return Ranked(category, best.scores, matches)

    def _objects(self, category: int) -> int:
        return sum(one.matches[0].objects for one in self._kept[category].values())

    def _matches(self, category: int, size: int) -> list[dict[str, Any]]:
        """List the images of one category and size as COCOeval keeps them, by id."""
        return [
            {
                "dtScores": one.scores,
                "dtMatches": one.matches[size].right,
                "dtIgnore": one.matches[size].ignored,
                "gtIgnore": np.zeros(one.matches[size].objects, int),
            }
            for _, one in sorted(self._kept[category].items(), key=_by_id)
        ]


def coco_precision(
    detections: Iterable[Answers], samples: Iterable[Sample], **options: Any
) -> CocoReport:
    """Measure COCO's AP of detections, one set for each sample.

    One image is held at a time. ``options`` are those of ``CocoPrecision``. Raises
    ValueError as it does, and if there are more sets than samples or fewer.

    >>> from types import SimpleNamespace
    >>> masks = np.ones((1, 2, 2), bool)
    >>> sample = Sample(None, masks, ~masks[0], (1,), (1,), "one object", 0)
    >>> answer = SimpleNamespace(masks=masks, scores=[0.9])
    >>> round(coco_precision([answer], [sample]).at(0.5), 3)
    1.0
    """
    precision = CocoPrecision(**options)
    for each, sample in paired(detections, samples):
        precision.add(each, sample)
    return precision.result()


def _precision(matches: list[dict[str, Any]], limit: int) -> Float[np.ndarray, "T R"]:
    """Let COCOeval sum up the matched images of one category and size."""
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        evaluation = COCOeval(iouType="segm")
        known = evaluation.params
        known.useCats, known.catIds = 0, [1]
        known.imgIds, known.maxDets = list(range(len(matches))), [limit]
        known.areaRng = [list(AREAS["all"])]
        known.iouThrs = np.array(COCO_THRESHOLDS)
        evaluation.evalImgs, evaluation._paramsEval = matches, known
        evaluation.accumulate()
    return evaluation.eval["precision"][:, :, 0, 0, 0]


def _by_id(pair: tuple[int | str, Ranked]) -> tuple[bool, int | str]:
    return isinstance(pair[0], str), pair[0]


def _index(known: Sequence[float], wanted: float, name: str) -> int:
    near = [i for i, value in enumerate(known) if np.isclose(value, wanted)]
    if not near:
        told = ", ".join(f"{value:g}" for value in known)
        raise ValueError(f"AP at {name} {wanted} was not measured, but at {told}")
    return near[0]
