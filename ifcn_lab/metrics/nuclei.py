"""Answers chosen from proposals, and the score that papers on nuclei print for them.

AR needs no choice: it asks whether an object is among the first N proposals. The score
of the nuclei literature, TP / (TP + FP + FN) and often called AP there, does, as every
wrong answer counts: which masks are meant, and whose a pixel is.

Two figures go by its name. Counted over all images together, an image with many nuclei
weighs more; as the mean of the images' own scores, each image weighs the same. Both are
given, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Shaped
from pycocotools import mask as coco_mask
from scipy.ndimage import find_objects

from ifcn_lab.data import Sample
from ifcn_lab.data.run_lengths import crop_rles
from ifcn_lab.metrics.matching import match_image
from ifcn_lab.metrics.measure import Measure, for_json
from ifcn_lab.metrics.regions import Detections, Found, Objects, boxes_of, found

SCORE = 0.9
"""Training shows a network as many windows on objects as off them; in an image nearly
all are off, so an objectness of one half is far too little to mean an answer."""

FREE = 0.7
"""Of the shares .5, .7 and .8 the first gave the worst score on 20 images of nuclei,
the other two about the same."""


@dataclass(frozen=True)
class Chosen:
    """Detections that share no pixel, best first.

    ``labels`` says whose each pixel is: 0 nobody's, i + 1 that of answer i. ``scores``
    belong to the answers, ``places`` are the places they had among what was given.
    """

    labels: Integer[np.ndarray, "h w"]
    scores: Float[np.ndarray, " N"]
    places: Int[np.ndarray, " N"]

    def __len__(self) -> int:
        """Count the answers."""
        return len(self.scores)

    @property
    def masks(self) -> Bool[np.ndarray, "N h w"]:
        """Draw the answers, one mask each."""
        return self.labels[None] == np.arange(1, len(self) + 1)[:, None, None]

    def rles(self) -> list[dict[str, Any]]:
        """Give the answers as COCO's compressed run lengths, without drawing them."""
        places = find_objects(self.labels, len(self))
        crops = [self.labels[box] == i for i, box in enumerate(places, start=1)]
        corners = np.array([(x.start, y.start) for y, x in places], int).reshape(-1, 2)
        return crop_rles(crops, corners, self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.labels.shape


def answers_of(
    proposals: Detections, score: float = SCORE, free: float = FREE
) -> Chosen:
    """Choose the proposals that are meant as answers, and give each pixel to one.

    From the best score down to ``score`` a proposal becomes an answer if at least the
    share ``free`` of its pixels belongs to no better answer; those pixels are then its
    own. So two outlines of one object become one answer, and where neighbours overlap a
    little the better has the border. With ``free`` 0 whatever has a pixel left stays.
    The scores of no two networks mean the same: choose ``score`` on images that the
    network was trained on, not on those that the figure is for.

    Raises ValueError if a share or a score makes no sense, as ``found`` does, and if
    there are no masks and so no size of the image.

    >>> from types import SimpleNamespace
    >>> masks = np.array([[[1, 1, 1, 0]], [[0, 1, 1, 0]], [[0, 0, 1, 1]]], bool)
    >>> three = SimpleNamespace(masks=masks, scores=np.array([.9, .8, .7]))
    >>> chosen = answers_of(three, score=0.5, free=0.5)
    >>> chosen.labels.tolist(), chosen.places.tolist()
    ([[1, 1, 1, 2]], [0, 2])
    """
    size = getattr(proposals, "shape", None) or np.shape(proposals.masks)[1:]
    best = found(proposals, tuple(size))
    order = np.argsort(-np.asarray(proposals.scores, dtype=float), kind="stable")
    chosen = chosen_from(best, tuple(size), score, free)
    return Chosen(chosen.labels, chosen.scores, order[chosen.places])


def chosen_from(
    best: Found, size: tuple[int, int], score: float = SCORE, free: float = FREE
) -> Chosen:
    """Do what ``answers_of`` does for what was sorted already, (h, w) the image's size.

    >>> from ifcn_lab.data.overlap import encode
    >>> square = encode(np.ones((1, 2, 2), bool))
    >>> len(chosen_from(Found(square * 2, np.array([0.99, 0.98])), (2, 2)))
    1
    """
    if np.isnan(score):
        raise ValueError("score is NaN; give the least score of an answer")
    if not 0 <= free <= 1:
        raise ValueError(f"free is a share from 0 to 1, not {free}")
    best = best.top(int(np.sum(best.scores >= score)))
    labels, places = np.zeros(size, np.int32), []
    for i, (x, y, w, h) in enumerate(boxes_of(best.rles).astype(int).tolist()):
        box = slice(y, y + h), slice(x, x + w)
        mask = coco_mask.decode(best.rles[i])[box].astype(bool)
        own = mask & (labels[box] == 0)
        if own.any() and own.sum() >= free * mask.sum():
            places.append(i)
            labels[box][own] = len(places)
    kept = np.array(places, dtype=int)
    return Chosen(labels, best.scores[kept], kept)


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
