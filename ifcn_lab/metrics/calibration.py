"""Does a score mean what it says, and from which score on is an answer meant as one?

Of all answers with a score of about .9, nine in ten should be right. How far that is
from being so, over all scores, is the expected calibration error (ECE). An answer is
right if it finds an object that no better one has, at the IoU asked for: a second mask
of one object is wrong, however good.

Source: Guo et al., ICML 2017, for the error; Platt, 1999, for the line of `fitted`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_lab.data import Sample
from ifcn_lab.metrics.matching import match_image
from ifcn_lab.metrics.regions import Detections, found, paired
from ifcn_lab.metrics.regions import objects as objects_of
from ifcn_lab.windows.model import APART, WindowModel
from ifcn_lab.windows.quality import calibrated

TINY = 1e-7


class Verdicts(NamedTuple):
    """Answers to all images: scores, which are right, and how much was to be found."""

    scores: Float[np.ndarray, " N"]
    right: Bool[np.ndarray, " N"]
    objects: int
    images: int

    def at(self, cut: float) -> tuple[float, float]:
        """Found objects, as a share, and wrong answers an image, from this score on."""
        meant = self.scores >= cut
        return (float((meant & self.right).sum()) / max(1, self.objects),
                float((meant & ~self.right).sum()) / max(1, self.images))


class Reliability(NamedTuple):
    """Answers in bins of the score: how many, their mean score, the share right."""

    count: Int[np.ndarray, " B"]
    said: Float[np.ndarray, " B"]
    right: Float[np.ndarray, " B"]

    @property
    def error(self) -> float:
        """The expected calibration error: what was said less what was so, on average.
        """
        return float((self.count * np.abs(self.said - self.right)).sum()
                     / max(1, self.count.sum()))


def verdicts(
    answers: Iterable[Detections], samples: Iterable[Sample], iou: float = 0.5
) -> Verdicts:
    """Judge answers, one set for each sample, by COCO's matching as ``Recall``.

    What lies in the crowd counts not. Raises ValueError as ``Measure.over``.
    """
    scores, right, objects = [np.zeros(0)], [np.zeros(0, bool)], []
    for each, sample in paired(answers, samples):
        best = found(each, sample.crowd.shape)
        (match,) = match_image(best, objects_of(sample), thresholds=[iou])
        counts = ~match.ignored[0]
        scores.append(best.scores[counts])
        right.append(match.right[0][counts])
        objects.append(match.objects)
    return Verdicts(np.concatenate(scores), np.concatenate(right), sum(objects),
                    len(objects))


def reliability(
    scores: Float[np.ndarray, " N"], right: Bool[np.ndarray, " N"], bins: int = 10
) -> Reliability:
    """Count answers in bins of equal width; a score on an edge is in the upper bin.

    Empty bins say and are 0. Raises ValueError for a score outside 0 to 1.

    >>> one = reliability(np.array([0.95, 0.9, 0.1]), np.array([True, False, False]))
    >>> one.count.tolist(), one.right.tolist()[9], round(one.error, 3)
    ([0, 1, 0, 0, 0, 0, 0, 0, 0, 2], 0.5, 0.317)
    """
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("a score is outside 0 to 1 and is no probability; give "
                         "probabilities")
    place = np.minimum((scores * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, values, bins) for values in (scores, right)]
    return Reliability(count, *(each / np.maximum(count, 1) for each in sums))


def fitted(
    scores: Float[np.ndarray, " N"], right: Bool[np.ndarray, " N"], steps: int = 30
) -> tuple[float, float]:
    """Slope and offset of the line that makes probabilities of the scores' logits.

    Logistic regression by Newton's steps, on Platt's softened targets, so that scores
    that part right from wrong do not need an endless slope.
    `windows.quality.calibrated` applies it. Raises ValueError where all answers are
    right, or none is.
    """
    if right.all() or not right.any():
        raise ValueError(f"{right.sum()} of {len(right)} answers are right; a line "
                         "needs right ones and wrong ones")
    p = np.clip(scores, TINY, 1 - TINY)
    x = np.stack([np.log(p / (1 - p)), np.ones(len(p))], 1)        # (N, 2)
    yes, no = right.sum(), (~right).sum()
    wanted = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))
    line = np.zeros(2)
    for _ in range(steps):
        told = 1 / (1 + np.exp(-x @ line))
        bend = (x * (told * (1 - told))[:, None]).T @ x + 1e-9 * np.eye(2)
        line += np.linalg.solve(bend, x.T @ (wanted - told))
    return float(line[0]), float(line[1])


def best_cut(judged: Verdicts) -> float:
    """The score from which answers count so that TP / (TP + FP + FN) is largest.

    It is the score of an answer; of several as good the highest.
    """
    order = np.argsort(-judged.scores, kind="stable")
    scores, right = judged.scores[order], np.cumsum(judged.right[order])
    last = np.append(scores[1:] != scores[:-1], True)
    share = np.where(last, right, -1) / (
        np.arange(1, len(scores) + 1) - right + judged.objects)
    return float(scores[share.argmax()])


def calibrate(model: WindowModel, samples: Sequence[Sample], iou: float = 0.5) -> None:
    """Fit the line and the cut of a model on pictures that it has not learned from.

    Its scores are then probabilities of being right at this IoU, `answers` gives what
    is above the cut, and `save` keeps both. Raises ValueError as ``fitted``.
    """
    model.calibration = None
    images = [each.image for each in samples]
    judged = verdicts(model.detect(images, nms="masks", nms_iou=APART), samples, iou)
    model.calibration = fitted(judged.scores, judged.right)
    told = calibrated(judged.scores, model.calibration)
    model.cut = best_cut(judged._replace(scores=told))
