"""Non-maximum suppression on boxes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, Shaped


def nms(
    boxes: Shaped[np.ndarray, "N 4"], scores: Float[np.ndarray, "N"], iou: float = 0.8
) -> Int[np.ndarray, "kept"]:
    """Indices of the boxes that no better box overlaps by more than `iou`.

    Args:
        boxes: (x0, y0, x1, y1), half-open.
        scores: higher is better; of two equal scores the first box wins.
        iou: a box goes when its IoU with a kept, better box is above this.

    Returns:
        The kept indices, best first.

    Raises:
        ValueError: a score is NaN, or the two lengths differ.

    Source: Dai et al., ECCV 2016, section 3.3: 0.8, on the tight boxes of the masks.

    Example:
        >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
        >>> nms(boxes, np.array([0.5, 0.9, 0.7])).tolist()
        [1, 2]
    """
    check_scores(boxes, scores)
    order = np.argsort(-scores, kind="stable")
    sides = boxes.astype(np.float64)[order].T.copy()               # (4, N)
    area = (sides[2] - sides[0]) * (sides[3] - sides[1])           # (N,)
    alive = np.ones(len(order), bool)
    for best in range(len(order)):
        if alive[best]:
            rest = slice(best + 1, None)
            alive[rest] &= overlap(sides[:, best], area[best], sides[:, rest],
                                   area[rest]) <= iou
    return order[alive]


def overlap(
    box: Float[np.ndarray, "4"], box_area: float,
    others: Float[np.ndarray, "4 N"], areas: Float[np.ndarray, "N"],
) -> Float[np.ndarray, "N"]:
    """IoU of one box with many, given as columns; 0 where both are empty."""
    width = np.minimum(box[2], others[2]) - np.maximum(box[0], others[0])
    height = np.minimum(box[3], others[3]) - np.maximum(box[1], others[1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    union = box_area + areas - shared
    return shared / np.maximum(union, 1e-12)


def nms_pairwise(
    boxes: Shaped[np.ndarray, "N 4"], scores: Float[np.ndarray, "N"], iou: float = 0.8
) -> list[int]:
    """What `nms` means, one pair of boxes at a time."""
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(pair_iou(boxes[i], boxes[j]) <= iou for j in kept):
            kept.append(i)
    return kept


def pair_iou(a: Shaped[np.ndarray, "4"], b: Shaped[np.ndarray, "4"]) -> float:
    """IoU of two boxes, 0 where both are empty."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return float(width * height / max(areas - width * height, 1e-12))


def check_scores(boxes: Shaped[np.ndarray, "N 4"], scores: np.ndarray) -> None:
    """Raise a ValueError for scores that cannot be ranked."""
    if len(boxes) != len(scores):
        raise ValueError(f"{len(boxes)} boxes but {len(scores)} scores; give one each")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN and cannot be ranked; did training diverge?")
