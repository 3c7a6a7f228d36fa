"""Measures of evaluation as they are defined, slowly: what the fast ones must give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ifcn_lab.data import Sample
from ifcn_lab.metrics.regions import Detections, paired


def mask_iou_pixels(
    a: Bool[np.ndarray, "N h w"],
    b: Bool[np.ndarray, "M h w"],
    *,
    crowd: Bool[np.ndarray, " M"] | None = None,
) -> Float[np.ndarray, "N M"]:
    """Do what ``mask_iou`` does by counting pixels: its definition, slow."""
    iou = np.zeros((len(a), len(b)))
    for i, j in np.ndindex(iou.shape):
        common = np.sum(a[i] & b[j])
        whole = np.sum(a[i]) if crowd is not None and crowd[j] else np.sum(a[i] | b[j])
        iou[i, j] = common / whole if whole > 0 else 0.0
    return iou


def box_iou_pairs(
    a: Shaped[np.ndarray, "N 4"], b: Shaped[np.ndarray, "M 4"]
) -> Float[np.ndarray, "N M"]:
    """Do what ``box_iou`` does, one pair of boxes at a time: its definition, slow."""
    iou = np.zeros((len(a), len(b)))
    for i, j in np.ndindex(iou.shape):
        width = min(a[i][2], b[j][2]) - max(a[i][0], b[j][0])
        height = min(a[i][3], b[j][3]) - max(a[i][1], b[j][1])
        common = max(width, 0) * max(height, 0)
        whole = _box_area(a[i]) + _box_area(b[j]) - common
        iou[i, j] = common / whole if whole > 0 else 0.0
    return iou


def _box_area(box: Shaped[np.ndarray, " 4"]) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def recall_by_matching(
    proposals: Sequence[Detections],
    samples: Sequence[Sample],
    n: int,
    threshold: float,
) -> float:
    """Find recall at one N and one IoU by matching masks one by one: the definition.

    Slow, and without COCOeval. Raises ValueError if there is no object at all.
    """
    objects = sum(len(sample.masks) for sample in samples)
    if not objects:
        raise ValueError("the samples hold no object, so there is no recall")
    hits = 0
    for each, sample in paired(proposals, samples):
        order = np.argsort(-np.asarray(each.scores), kind="stable")[:n]
        overlap = mask_iou_pixels(np.asarray(each.masks)[order], sample.masks)
        hits += _greedy_hits(overlap, threshold)
    return hits / objects


def _greedy_hits(overlap: Float[np.ndarray, "N M"], threshold: float) -> int:
    """Give each proposal in turn the free object it overlaps most, if enough."""
    free = set(range(overlap.shape[1]))
    for row in overlap:
        # Of two objects overlapped alike COCOeval takes the later one.
        best = max(free, key=lambda j: (row[j], j), default=None)
        if best is not None and row[best] >= threshold:
            free.remove(best)
    return overlap.shape[1] - len(free)


def precision_by_cutting(
    detections: Sequence[Detections], samples: Sequence[Sample], threshold: float
) -> float:
    """Find AP at one IoU, categories ignored, from its definition: slow.

    The list of all detections is cut after every one. To find i objects costs the best
    precision of any cut that finds i or more; AP is the mean over i. Raises ValueError
    if there is no object at all.
    """
    objects = sum(len(sample.masks) for sample in samples)
    if not objects:
        raise ValueError("the samples hold no object, so there is no precision")
    judged = []
    for each, sample in paired(detections, samples):
        judged += _judged(each, sample, threshold)
    judged.sort(key=lambda pair: -pair[0])
    cuts = [(0, 0.0)]  # objects found, precision
    for n in range(1, len(judged) + 1):
        right = sum(verdict for _, verdict in judged[:n])
        cuts.append((right, right / n))
    best = [
        max((p for r, p in cuts if r >= i), default=0.0) for i in range(1, objects + 1)
    ]
    return sum(best) / objects


def _judged(
    detections: Detections, sample: Sample, threshold: float
) -> list[tuple[float, int]]:
    """Pair scores and verdicts of one image, leaving out what is forgiven."""
    scores = np.asarray(detections.scores, dtype=float)
    masks = np.asarray(detections.masks)
    in_crowd = mask_iou_pixels(masks, sample.crowd[None], crowd=np.array([True]))
    overlap = mask_iou_pixels(masks, sample.masks)
    taken, judged = set(), []
    for i in np.argsort(-scores, kind="stable"):
        j = int(np.argmax(overlap[i])) if len(sample.masks) else None
        if j is not None and overlap[i, j] >= threshold and j not in taken:
            taken.add(j)
            judged.append((float(scores[i]), 1))
        elif in_crowd[i, 0] < threshold:
            judged.append((float(scores[i]), 0))
    return judged


def answers_by_pixels(
    proposals: Detections, score: float, free: float
) -> list[tuple[int, set[tuple[int, int]]]]:
    """Do what ``answers_of`` does pixel by pixel: its definition, slow.

    Gives the place of each answer among the proposals and the pixels it has, (y, x).
    """
    taken: set[tuple[int, int]] = set()
    answers = []
    for i in sorted(range(len(proposals.scores)), key=lambda i: -proposals.scores[i]):
        mask = {(int(y), int(x)) for y, x in np.argwhere(proposals.masks[i])}
        own = mask - taken
        if proposals.scores[i] >= score and own and len(own) >= free * len(mask):
            answers.append((i, own))
            taken |= own
    return answers
