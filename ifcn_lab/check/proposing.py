"""Checks of lesson 6: overlap of boxes, suppression, recall."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ifcn_lab.check.report import Case, close, report


def box_overlap(function: Callable[..., object]) -> None:
    """Exercise 6.1: IoU of two boxes, as `function(a, b)`."""
    half_open = "Boxes are half-open: the width is x1 - x0, without + 1."
    apart = "Boxes that do not meet share 0 pixels: cut negative widths off with max."
    asked = [
        ((0, 0, 2, 2), (0, 0, 2, 2), "A box and itself: 1."),
        ((0, 0, 2, 2), (1, 0, 3, 2), half_open),
        ((0, 0, 4, 4), (1, 1, 3, 2), "The union is both areas less what they share."),
        ((0, 0, 2, 2), (5, 0, 6, 2), apart),
        ((0, 0, 2, 2), (5, 7, 6, 9), "Apart in x and in y: minus times minus is plus."),
    ]
    cases = [Case(f"a = {a}, b = {b}", (a, b), expected_iou(a, b), hint)
             for a, b, hint in asked]
    report("Exercise 6.1", function, cases, agree=close)


def expected_iou(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """IoU of two boxes by the library's definition.

    >>> expected_iou((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    from ifcn_lab.proposals.nms import pair_iou

    return pair_iou(np.array(a), np.array(b))


def suppress(function: Callable[..., object]) -> None:
    """Exercise 6.2: greedy NMS, as `function(boxes, scores, iou)`; indices kept."""
    from ifcn_lab.proposals import nms_pairwise

    row = np.array([[x, 0, x + 10, 10] for x in (0, 1, 3, 30)])
    asked = [
        (row[:1], [0.9], 0.5, "One box is always kept."),
        (row[[0, 3]], [0.4, 0.6], 0.5, "Nothing overlaps: all are kept, best first."),
        (row[:2], [0.4, 0.6], 0.5, "The better of two remains, here number 1."),
        (row, [0.9, 0.8, 0.7, 0.6], 0.6,
         "A box that is gone suppresses nobody: compare with the kept ones only."),
        (row[[0, 0]], [0.9, 0.8], 1.0, "A box goes when its IoU is above the limit."),
    ]
    cases = []
    for boxes, scores, iou, hint in asked:
        kept = nms_pairwise(boxes, np.array(scores), iou)
        what = f"{len(boxes)} boxes, limit {iou}"
        cases.append(Case(what, (boxes, np.array(scores), iou), kept, hint))
    report("Exercise 6.2", function, cases)


def recall(function: Callable[..., object]) -> None:
    """Exercise 6.3: recall, as `function(overlap, n, iou)`; overlap is (N, M)."""
    none = np.zeros((3, 2))
    fits = np.array([[0.9, 0.1], [0.2, 0.6], [0.1, 0.8]])
    asked = [
        (np.array([[0.7]]), 1, 0.5, "One object, found: recall 1."),
        (none, 3, 0.5, "Nothing overlaps: recall 0."),
        (fits, 1, 0.5, "Only the first n proposals count."),
        (fits, 3, 0.7, "Columns are objects: take the best proposal of each."),
        (fits, 3, 0.9, "At the limit itself an object is found: use >=."),
    ]
    cases = [
        Case(f"{overlap.shape[1]} objects, n = {n}, IoU {iou}", (overlap, n, iou),
             share_found(overlap, n, iou), hint)
        for overlap, n, iou, hint in asked
    ]
    report("Exercise 6.3", function, cases, agree=close)


def share_found(overlap: Float[np.ndarray, "N M"], n: int, iou: float) -> float:
    """The share of objects that some of the first n proposals overlap enough.

    >>> share_found(np.array([[0.9, 0.1], [0.2, 0.6]]), 2, 0.5)
    1.0
    """
    return float((overlap[:n].max(0) >= iou).mean())
