"""From scored proposals to instances: NMS within each class, mask voting, mask NMS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.overlap import box_iou, rle_iou
from ifcn_lab.layers.nms import nms
from ifcn_lab.layers.regions import Crops
from ifcn_lab.segmenter import Instances


class Vote(NamedTuple):
    """A mask, cut to its tight box (x0, y0, x1, y1)."""

    box: tuple[int, int, int, int]
    crop: Bool[np.ndarray, "_ _"]


def kept_by_class(
    boxes: Shaped[np.ndarray, "N 4"], scores: Float[np.ndarray, "N C"],
    iou: float = 0.3, least: float = 1e-3,
) -> Int[np.ndarray, "K 2"]:
    """NMS within each class: (proposal, class) of all that stay, the best score first.

    A proposal may stay for several classes. Scores below `least` are left out first.

    Source: MNC, 0.3.

    Example:
        >>> boxes = np.array([[0, 0, 9, 9], [0, 0, 9, 8]])
        >>> kept_by_class(boxes, np.array([[0.9, 0.1], [0.5, 0.2]])).tolist()
        [[0, 0], [1, 1]]
    """
    kept = [np.empty((0, 2), int)]
    for number, column in enumerate(scores.T):
        some = np.flatnonzero(column >= least)
        stay = some[nms(boxes[some], column[some], iou)]
        kept.append(np.stack([stay, np.full_like(stay, number)], 1))
    pairs = np.concatenate(kept)
    return pairs[np.argsort(-scores[pairs[:, 0], pairs[:, 1]], kind="stable")]


def vote(
    boxes: Int[np.ndarray, "N 4"], crops: Crops, weights: Float[np.ndarray, " N"],
    cut: float = 0.4,
) -> Vote | None:
    """The pixels that masks of at least `cut` of the whole weight hold.

    Returns:
        The mask in its tight box, None where no pixel has enough weight.

    Source: MNC, mask voting, 0.4.

    Example:
        >>> boxes, crops = np.array([[0, 0, 2, 1], [1, 0, 4, 1]]), []
        >>> crops = [np.ones((1, 2), bool), np.ones((1, 3), bool)]
        >>> vote(boxes, crops, np.array([1.0, 3.0])).box
        (1, 0, 4, 1)
    """
    left, top = boxes[:, :2].min(0).tolist()
    right, bottom = boxes[:, 2:].max(0).tolist()
    total = np.zeros((bottom - top, right - left))
    for (x0, y0, x1, y1), crop, weight in zip(boxes, crops, weights, strict=True):
        total[y0 - top : y1 - top, x0 - left : x1 - left] += weight * crop
    mask = (total >= cut * weights.sum()) & (total > 0)
    x0, y0, x1, y1 = tight_boxes(mask[None])[0].tolist()
    if x0 == x1:
        return None
    return Vote((x0 + left, y0 + top, x1 + left, y1 + top), mask[y0:y1, x0:x1])


def voted(
    boxes: Int[np.ndarray, "N 4"], crops: Crops, scores: Float[np.ndarray, "N C"],
    kept: Int[np.ndarray, "K 2"], iou: float = 0.5,
) -> list[Vote | None]:
    """Mask voting: every kept instance gets the mask that its neighbours agree on.

    Neighbours are all proposals whose boxes overlap its own by at least `iou`, kept or
    not, itself among them. Each one's binary mask counts with its score for the
    instance's class, over the sum of these scores.

    Source: MNC, mask voting; the figure 0.5 is its.
    """
    near = box_iou(boxes[kept[:, 0]], boxes) >= iou            # (K, N)
    votes = []
    for row, (_, number) in zip(near, kept.tolist(), strict=True):
        some = np.flatnonzero(row)
        votes.append(vote(boxes[some], [crops[i] for i in some], scores[some, number]))
    return votes


def instances(
    proposals: Instances, scores: Float[np.ndarray, "N C"], names: Mapping[int, str],
    voting: bool = True,
) -> Instances:
    """From scored proposals to named instances; without voting masks stay.

    An instance for which no pixel has enough votes is left out.
    """
    boxes, crops = proposals.boxes, proposals.crops
    kept = kept_by_class(boxes, scores)                             # (K, 2)
    drawn = voted(boxes, crops, scores, kept) if voting else [
        Vote(tuple(boxes[i].tolist()), crops[i]) for i in kept[:, 0]]
    kept = kept[np.array([one is not None for one in drawn], bool)]
    drawn = [one for one in drawn if one is not None]
    return Instances(
        proposals.shape, np.array([one.box for one in drawn], int).reshape(-1, 4),
        scores[kept[:, 0], kept[:, 1]], tuple(one.crop for one in drawn),
        np.array(sorted(names))[kept[:, 1]], dict(names))


def kept_masks(found: Instances, iou: float) -> Int[np.ndarray, " kept"]:
    """NMS by mask IoU within each kind; the best comes first."""
    rles = found.rles()
    overlap = rle_iou(rles, rles)
    kinds = found.categories
    kept: list[int] = []
    for i in range(len(found)):
        rivals = [j for j in kept if kinds is None or kinds[j] == kinds[i]]
        if not rivals or overlap[i, rivals].max() <= iou:
            kept.append(i)
    return np.array(kept, int)
