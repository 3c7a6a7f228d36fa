"""The score that papers on nuclei print: TP / (TP + FP + FN), often called AP there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int

from ifcn_lab.datasets import Sample
from ifcn_lab.evaluation.driving import match_image
from ifcn_lab.evaluation.entries import Answers, answers, found, paired, results

__all__ = ["NUCLEI_THRESHOLDS", "nuclei_ap"]

NUCLEI_THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)


def nuclei_ap(
    predictions: Iterable[Answers],
    samples: Iterable[Sample],
    thresholds: Sequence[float] = NUCLEI_THRESHOLDS,
) -> dict[float, float]:
    """Give TP / (TP + FP + FN) at each mask IoU, counted over all images together.

    Every mask counts, whatever its score: keep what is meant as an answer, and drop
    what another mask covers, before. (The Data Science Bowl's own score is the mean
    over images of the same fraction.) Matching is COCO's, as in ``Recall``. Raises
    ValueError as ``Recall.add``. Where nothing is to be found and nothing is given the
    score is NaN.

    >>> from types import SimpleNamespace
    >>> masks = np.eye(4, dtype=bool).reshape(4, 2, 2)
    >>> none = np.zeros((2, 2), bool)
    >>> sample = Sample(None, masks[:2], none, (1, 2), (1, 1), "two nuclei", 0)
    >>> nuclei_ap([SimpleNamespace(masks=masks[:3], scores=[1, 1, 1])], [sample], [0.5])
    {0.5: 0.6666666666666666}
    """
    right = np.zeros(len(thresholds))
    wrong, objects = right.copy(), 0
    for each, sample in paired(predictions, samples):
        image_right, image_wrong = _counts(each, sample, thresholds)
        right += image_right
        wrong += image_wrong
        objects += len(sample.masks)
    whole = wrong + objects  # TP + FP + FN
    scores = np.where(whole > 0, right / np.maximum(whole, 1), np.nan)
    return dict(zip(map(float, thresholds), scores.tolist(), strict=True))


def _counts(
    predictions: Answers, sample: Sample, thresholds: Sequence[float]
) -> tuple[Int[np.ndarray, " T"], Int[np.ndarray, " T"]]:
    """Count the right and the wrong masks of one image at each threshold."""
    given = results(found(predictions, sample.crowd.shape))
    if not given:
        return np.zeros(len(thresholds), int), np.zeros(len(thresholds), int)
    matched, *_ = match_image(
        answers(sample),
        given,
        iou_type="segm",
        thresholds=thresholds,
        areas=[(0.0, math.inf)],
    )
    counted = ~matched["dtIgnore"].astype(bool)  # (T, N)
    hit = matched["dtMatches"] > 0
    return np.sum(hit & counted, axis=1), np.sum(~hit & counted, axis=1)
