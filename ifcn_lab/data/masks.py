"""Masks of objects and the boxes round them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int


def tight_boxes(masks: Bool[np.ndarray, "N h w"]) -> Int[np.ndarray, "N 4"]:
    """The smallest box (x0, y0, x1, y1), half-open, round each mask.

    An empty mask has the empty box (0, 0, 0, 0).

    Example:
        >>> mask = np.zeros((1, 5, 6), bool); mask[0, 1:3, 2:6] = True
        >>> tight_boxes(mask).tolist()
        [[2, 1, 6, 3]]
    """
    rows, columns = masks.any(2), masks.any(1)                    # (N, h), (N, w)
    y0, y1 = first_and_past_last(rows)
    x0, x1 = first_and_past_last(columns)
    return np.stack([x0, y0, x1, y1], axis=1)


def longest_sides(masks: Bool[np.ndarray, "N h w"]) -> Int[np.ndarray, " N"]:
    """The longer side of every mask's tight box, in pixels."""
    boxes = tight_boxes(masks)                                    # (N, 4)
    return (boxes[:, 2:] - boxes[:, :2]).max(1)


def first_and_past_last(
    line: Bool[np.ndarray, "N L"],
) -> tuple[Int[np.ndarray, " N"], Int[np.ndarray, " N"]]:
    """Where the first True stands in each row, and one past the last; 0, 0 if none."""
    if line.size == 0:
        return np.zeros(len(line), int), np.zeros(len(line), int)
    some = line.any(1)
    last = line.shape[1] - line[:, ::-1].argmax(1)
    return np.where(some, line.argmax(1), 0), np.where(some, last, 0)


def cut_to_boxes(
    masks: Bool[np.ndarray, "N h w"], boxes: Int[np.ndarray, "N 4"]
) -> tuple[Bool[np.ndarray, "_ _"], ...]:
    """The part of each mask that lies in its box.

    Example:
        >>> whole = np.ones((1, 5, 6), bool)
        >>> cut_to_boxes(whole, np.array([[1, 2, 4, 4]]))[0].shape
        (2, 3)
    """
    return tuple(mask[y0:y1, x0:x1]
                 for mask, (x0, y0, x1, y1) in zip(masks, boxes.tolist(), strict=True))
