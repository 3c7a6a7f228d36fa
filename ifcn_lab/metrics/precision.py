"""Average precision of masks (AP^r), as the papers on PASCAL VOC measure it.

A detection is right if, among the objects of its image, the one it overlaps most is
overlapped enough and not yet taken by a better scored detection. A second detection of
the same object is wrong. AP is the whole area under the envelope of precision against
recall, not VOC 2007's mean over 11 points, and COCO's 101 points neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from ifcn_lab.data import Sample
from ifcn_lab.metrics.matching import match_nearest
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
