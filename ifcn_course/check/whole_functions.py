"""Checks of whole functions: assembling, mask loss, drawing windows, NMS of masks.

No exercise asks for them by number; `check.assemble(my_function)` and the others can
be called wherever somebody writes such a function.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from ifcn_course.check.assembling import DIGITS, ORDER, ROW, WIDTHS, addresses, step_of
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of
from ifcn_lab.assembling import assemble as definition
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.nms import nms_pairwise

OFF = "Off the map there is no score: those places hold fill."
COPY = "A copy changes nothing: NaN, infinity, True and 255 stay what they are."


def assemble(function: Callable[..., object]) -> None:
    """Your own `assemble(score_maps, m, centers, fill)`, which returns (N, m, m).

    `score_maps` is (k * k, H, W) of any dtype, `centers` (N, 2) holds (y, x). Windows
    may reach over the border and be larger than the maps.
    """
    report("Your assemble", function, [*address_cases(), *dtype_cases()], rule=DIGITS)


def address_cases() -> list[Case]:
    """Windows of maps whose scores say where they stand, the smallest first."""
    asked = [
        (1, 1, (1, 1), [(0, 0)], 0, "One map, one place: a copy of its score."),
        (1, 2, (3, 3), [(1, 1)], 0, ROW),
        (1, 3, (2, 2), [(0, 1)], -1, OFF),
        (2, 2, (4, 4), [(2, 1)], -1, ORDER),
        (2, 2, (3, 3), [(1, 1), (2, 2)], -1, "Two centres make two windows."),
        (2, 3, (5, 5), [(2, 2)], -1, WIDTHS),
        (2, 4, (6, 6), [(2, 3)], -1, ORDER),
        (2, 4, (5, 8), [(0, 7), (4, 0), (4, 7)], -1, OFF),
        (2, 5, (2, 3), [(0, 2), (1, 0)], -7, OFF),
        (3, 7, (10, 9), [(4, 5), (0, 1), (9, 8)], 0, WIDTHS),
        (5, 21, (24, 26), [(12, 11), (0, 25)], -1, WIDTHS),
        (5, 7, (9, 8), [(4, 4), (5, 3)], -1, WIDTHS),
    ]
    return [
        assemble_case(f"{size[0]} x {size[1]} maps", addresses(k, *size), m,
                      centers, fill, hint)._replace(parts=(k, step_of(*size) ** 2))
        for k, m, size, centers, fill, hint in asked
    ]


def dtype_cases() -> list[Case]:
    """Windows of scores that are easily changed on the way."""
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(9, 6, 5)).astype(np.float32)
    logits[0, 0, 0], logits[4, 2, 2], logits[8, 5, 4] = np.nan, np.inf, -np.inf
    small = rng.integers(0, 256, (4, 5, 6)).astype(np.uint8)
    centers = [(2, 2), (0, 0), (4, 4)]
    return [
        assemble_case("float32, NaN and infinity", logits, 4, centers, 0.5, COPY),
        assemble_case("uint8", small, 5, centers, 255, COPY),
        assemble_case("bool", small > 127, 3, centers, 0, COPY),
    ]


def assemble_case(
    what: str, maps: Shaped[np.ndarray, "kk H W"], m: int,
    centers: list[tuple[int, int]], fill: float, hint: str,
) -> Case:
    """One call of `assemble`, and what the definition gives."""
    where, k = np.array(centers), round(len(maps) ** 0.5)
    expected = definition(maps, m, centers=where, fill=fill, backend="loop")
    places = ", ".join(map(str, centers))
    name = f"k = {k}, m = {m}, {what}, centres {places}, fill {fill}"
    return Case(name, (maps, m, where, fill), expected, hint)


def mask_loss(function: Callable[..., object]) -> None:
    """Your own loss of masks, as `function(logits, targets, labels)`.

    `logits` and `targets` are (n, m, m), `labels` (n,) is 1 for positive windows and 0
    for negative ones. Asked is the mean logistic loss of the places of positive
    windows; without a positive window it is 0.
    """
    z = np.array([[0.0, 2.0], [-1.0, 4.0]])
    t = np.array([[1.0, 1.0], [0.0, 0.25]])
    positive = "Only positive windows have a mask to show."
    asked = [
        (z[None, :1, :1], t[None, :1, :1], [1], "At logit 0 the loss is ln 2 = 0.69."),
        (z[None], t[None], [1], "Take the mean over the m * m places."),
        (np.stack([z, 2 * z]), np.stack([t, 0 * t]), [1, 0], positive),
        (np.stack([z, -z, 3 * z]), np.stack([t, 0 * t, t]), [1, 0, 1], positive),
        (np.stack([z, -z]), np.stack([t, t]), [0, 0], "No positive window: 0."),
    ]
    cases = [
        Case(f"{len(labels)} windows of {len(z[0])} x {len(z[0])}, labels {labels}",
             (z, t, np.array(labels)), loss_of_masks(z, t, np.array(labels)), hint)
        for z, t, labels, hint in asked
    ]
    report("Your mask loss", function, cases, agree=close, rule="The mean of the "
           "logistic loss over all places of all positive windows.")


def loss_of_masks(
    logits: Float[np.ndarray, "n m m"], targets: Float[np.ndarray, "n m m"],
    labels: Int[np.ndarray, " n"],
) -> float:
    """The mean logistic loss over all places of positive windows; 0 if there is none.

    >>> zero = np.zeros((1, 2, 2))
    >>> round(loss_of_masks(zero, zero, np.array([1])), 3)
    0.693
    """
    loss = np.logaddexp(0, logits) - targets * logits                # (n, m, m)
    positive = labels == 1
    return float(loss[positive].mean()) if positive.any() else 0.0


def draw_windows(function: Callable[..., object]) -> None:
    """Your own drawing of windows, as `function(label, n, rng)`; indices come back.

    `label` is 1, 0 or -1 for each window. n // 2 positive and n // 2 negative ones are
    asked, drawn again where there are too few; of a kind that is lacking, none. What is
    compared is how many were drawn of each kind: positive, negative, ignored.
    """
    asked = [
        ([1, 0], 2, "One of each."),
        ([1, 1, 0, 0, -1], 4, "Two of each, and -1 is never drawn."),
        ([1, 1, 1, 1, 0, 0], 6, "Half of the windows are positive, so 3."),
        ([1, 1, 1, 1, 0, 0], 4, "Half of the windows are positive, so 2."),
        ([1, 0, 0, 0, 0, 0], 6, "One positive window is drawn three times."),
        ([1, 0, -1, -1, -1, -1], 8, "Ignored windows are no negatives."),
        ([0, 0, 0], 4, "Nothing is positive: two negatives, and nothing else."),
    ]
    cases = [Case(f"labels {label}, n = {n}", (np.array(label), n),
                  np.array([n // 2 if 1 in label else 0, n // 2, 0]), hint)
             for label, n, hint in asked]
    report("Your drawing", function, cases, run=kinds_drawn, rule="What is compared is "
           "how many were drawn of each kind: positive, negative, ignored.")


def kinds_drawn(
    function: Callable[..., Any], label: Int[np.ndarray, " windows"], n: int
) -> Any:
    """How many positive, negative and ignored windows a function draws.

    >>> kinds_drawn(lambda label, n, rng: [0, 1], np.array([1, 0]), 2).tolist()
    [1, 1, 0]
    """
    returned = function(label.copy(), n, np.random.default_rng(0))
    try:
        drawn = array_of(returned).astype(int)
    except (TypeError, ValueError):
        return returned  # no indices: the check says so
    kinds = label[drawn]
    return np.array([(kinds == kind).sum() for kind in (1, 0, -1)])


def suppress_masks(function: Callable[..., object]) -> None:
    """Your own NMS of masks, as `function(masks, corners, scores, iou)`.

    `masks` (N, m, m) lie in windows whose first places are at `corners` (N, 2), (y, x).
    Two masks are compared by their tight boxes. Kept indices come back, best first.
    """
    bar, left = np.zeros((6, 6), bool), np.zeros((6, 6), bool)
    bar[2, 1:5], left[:, :3] = True, True
    tight = "The tight box of a mask decides, not its window."
    asked = [
        ([bar], [(0, 0)], "One mask is always kept."),
        ([bar, bar], [(0, 0), (0, 1)], "Three pixels of five are shared: IoU 0.6."),
        ([left, ~left], [(0, 0), (0, 0)], tight),
        ([bar, bar, left], [(0, 0), (30, 0), (0, 30)], "Move each box to its window."),
        ([bar, bar, bar], [(0, 0), (1, 0), (1, 1)], "Corners are (y, x)."),
    ]
    cases = []
    for (shapes, places, hint), iou in product(asked, (0.5, 0.65)):
        masks, corners = np.stack(shapes), np.array(places)
        scores = np.linspace(0.9, 0.5, len(masks))
        boxes = tight_boxes(masks) + np.tile(corners[:, ::-1], 2)    # (N, 4)
        what = f"{len(masks)} masks of 6 x 6, corners {places}, limit {iou}"
        cases.append(Case(what, (masks, corners, scores, iou),
                          nms_pairwise(boxes, scores, iou), hint))
    report("Your NMS of masks", function, cases, rule="Put each mask's tight box where "
           "its window stands, then suppress by IoU, best first.")
