"""The score that papers on nuclei print: TP / (TP + FP + FN), often called AP there.

Two figures go by that name. Counted over all images together, an image with many nuclei
weighs more; as the mean of the images' own scores, each image weighs the same. Both are
given, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from ifcn_lab.data import Sample
from ifcn_lab.metrics.answers import chosen_from
from ifcn_lab.metrics.matching import match_image
from ifcn_lab.metrics.measure import Measure, for_json
from ifcn_lab.metrics.regions import Detections, Found, Objects

NUCLEI_THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)


class Counts(NamedTuple):
    """Right and wrong answers of one image at each threshold (T,), and its objects."""

    right: Int[np.ndarray, " T"]
    wrong: Int[np.ndarray, " T"]
    objects: int


@dataclass(frozen=True)
class NucleiReport:
    """TP / (TP + FP + FN) by mask IoU.

    ``pooled``: counted over all images together. ``by_image``: the mean of the images'
    own scores, without images where nothing is to be found and nothing was given.
    """

    pooled: dict[float, float]
    by_image: dict[float, float]
    answers: int
    images: int

    def as_dict(self) -> dict[str, dict[str, float | None] | int]:
        """List the figures by name, ready for JSON: None where there is none."""
        return {
            "pooled over images": _named(self.pooled),
            "mean over images": _named(self.by_image),
            "answers": self.answers,
        }

    def __str__(self) -> str:
        """Print a line for each of the two figures, and their means over IoU."""
        return "\n".join(
            f"{name}  " + "  ".join(f"{k} {_told(v)}" for k, v in figures.items())
            for name, figures in list(self.as_dict().items())[:2]
        )


class NucleiScore(Measure):
    """Collects TP / (TP + FP + FN) image by image, by COCO's matching as ``Recall``.

    Args:
        thresholds: mask IoU from which an answer is right.
        least: what scores at least this is cut to answers as by ``answers_of``. None:
            every mask is an answer, whatever its score.

    >>> from types import SimpleNamespace
    >>> masks = np.eye(4, dtype=bool).reshape(4, 2, 2)
    >>> none = np.zeros((2, 2), bool)
    >>> sample = Sample(None, masks[:2], none, (1, 2), (1, 1), "two nuclei", 0)
    >>> score = NucleiScore([0.5])
    >>> score.add(SimpleNamespace(masks=masks[:3], scores=np.ones(3)), sample)
    >>> score.result().pooled
    {0.5: 0.6666666666666666}
    """

    def __init__(
        self, thresholds: Sequence[float] = NUCLEI_THRESHOLDS,
        least: float | None = None,
    ) -> None:
        self.thresholds, self.least = tuple(map(float, thresholds)), least
        self._counts: list[Counts] = []

    def judge(self, best: Found, truth: Objects) -> Counts:
        """Choose the answers in one image, if that is asked for, and match them."""
        if self.least is not None and len(best):
            chosen = chosen_from(best, tuple(best.rles[0]["size"]), self.least)
            best = Found(chosen.rles(), chosen.scores)
        (match,) = match_image(best, truth, thresholds=self.thresholds)
        wrong = ~match.right & ~match.ignored
        return Counts(match.right.sum(axis=1), wrong.sum(axis=1), match.objects)

    def count(self, judged: Counts, image_id: int | str = 0) -> None:
        """Count one image that was judged."""
        self._counts.append(judged)

    def result(self) -> NucleiReport:
        """Sum up what was counted so far."""
        shape = len(self._counts), len(self.thresholds)
        right, whole = (np.array(x, int).reshape(shape) for x in (
            [c.right for c in self._counts],
            [c.wrong + c.objects for c in self._counts]))  # (images, T) each
        own = _ratio(right, whole)
        known = ~np.isnan(own)
        pooled = _ratio(right.sum(axis=0), whole.sum(axis=0))
        by_image = _ratio(np.where(known, own, 0).sum(axis=0), known.sum(axis=0))
        return NucleiReport(
            *(dict(zip(self.thresholds, scores.tolist(), strict=True))
              for scores in (pooled, by_image)),
            answers=int(sum(c.right[0] + c.wrong[0] for c in self._counts)),
            images=len(self._counts))


def nuclei_ap(
    predictions: Iterable[Detections], samples: Iterable[Sample],
    thresholds: Sequence[float] = NUCLEI_THRESHOLDS,
) -> dict[float, float]:
    """Give TP / (TP + FP + FN) at each mask IoU, counted over all images together.

    ``NucleiScore`` gives the mean over images, too: the Data Science Bowl's own way to
    count. Every mask counts, as there. Raises ValueError as ``Measure.over``. Where
    nothing is to be found and nothing is given the score is NaN.
    """
    return NucleiScore(thresholds).over(predictions, samples).pooled


def _ratio(
    part: Shaped[np.ndarray, "..."], whole: Int[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """Divide; NaN where the whole is 0."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _named(figures: dict[float, float]) -> dict[str, float | None]:
    """Name the scores by IoU, and add their means in the two usual steps."""
    named = {f"AP@{t:g}": v for t, v in figures.items()}
    if tuple(figures) == NUCLEI_THRESHOLDS:
        scores = list(figures.values())
        named["mean .5:.05:.9"] = float(np.mean(scores))
        named["mean .5:.1:.9"] = float(np.mean(scores[::2]))
    return for_json(named)


def _told(figure: float | None) -> str:
    return "unknown" if figure is None else f"{figure:.3f}"
