"""Checks of lesson 11: votes of parts, pairs of maps, their mask, score and loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_course.check.answers import SIZES
from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of
from ifcn_lab.grid import Grid

PAIR = np.array([[[2.0, 0], [1, -1]], [[0.0, 2], [-1, -2]]])
NOTHING = np.array([[[-1.0, -1], [-1, -1]], [[0.0, 0], [0, 0]]])
"""The golden region of four bins: inside and outside of an object, of the background.
"""


def drawn(seed: int, *shape: int) -> Float[np.ndarray, "*shape"]:
    """Scores with one decimal, no two of a pair alike."""
    scores = np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape)
    return (scores - scores.size // 2) / 10


def average_vote(function: Callable[..., object]) -> None:
    """Exercise 11.1: the scores of a region, as `function(pooled)`."""
    asked = [
        (drawn(1, 1, 1, 1), "One bin is the whole vote."),
        (np.array([[[4.0, 0], [0, 0]]]), "All bins have one voice, also the silent."),
        (drawn(2, 3, 2, 2), "Each category has its own vote."),
        (drawn(8, 2, 3, 3), "The sum of nine bins is divided by nine, unrounded."),
        (drawn(3, 2, 5, 5), "The mean is over rows and columns, not categories."),
    ]
    cases = [Case(f"{len(pooled)} categories, {pooled.shape[1]} x {pooled.shape[1]} "
                  "bins", (pooled,), np.mean(pooled, (1, 2)), hint)
             for pooled, hint in asked]
    report("Exercise 11.1", function, cases, agree=close,
           rule="A category's score is the mean of its k * k bins.")


def map_of(function: Callable[..., object]) -> None:
    """Exercise 11.2: the map that a bin reads, as `function(c, i, j, k, bins)`."""
    major = "All k * k maps of category 0 come first, then those of category 1."
    part = "Bin i lies in grid row i * k // bins, as the offsets of lesson 3 do."
    asked = [((0, 0, 0, 1, 1), part), ((0, 0, 1, 2, 2), part), ((0, 1, 0, 2, 2), part),
             ((1, 0, 1, 2, 2), major), ((2, 2, 0, 3, 3), major),
             ((1, 3, 1, 2, 4), part), ((0, 5, 20, 5, 21), part),
             ((3, 20, 8, 5, 21), part), ((2, 13, 0, 3, 20), part)]
    cases = [Case(f"category {c}, bin ({i}, {j}), k = {k}, {bins} bins",
                  (c, i, j, k, bins),
                  c * k * k + int(Grid(k, bins).channel[i, j]), hint)
             for (c, i, j, k, bins), hint in asked]
    for k, bins in SIZES:
        rows, columns = [*range(bins)], [*reversed(range(bins))]
        cases.append(Case(f"category 0, bins from (0, {bins - 1}) to ({bins - 1}, 0), "
                          f"k = {k}, {bins} bins", (0, rows, columns, k, bins),
                          Grid(k, bins).channel[rows, columns], part))
    report("Exercise 11.2", function, cases, run=each_bin, rule=f"{part} {major}")


def each_bin(
    function: Callable[..., object], c: int, i: object, j: object, k: int, bins: int
) -> object:
    """A run over lists of rows and columns, so that one case asks for many bins.

    >>> each_bin(lambda c, i, j, k, bins: (i, j), 0, [0, 1], [1, 0], 2, 2)
    [(0, 1), (1, 0)]
    """
    if isinstance(i, list) and isinstance(j, list):
        return [function(c, *bin_, k, bins) for bin_ in zip(i, j, strict=True)]
    return function(c, i, j, k, bins)


def pair_mask(function: Callable[..., object]) -> None:
    """Exercise 11.3: mask probabilities, as `function(inside, outside)`."""
    difference = "Only the difference counts: -1 and -2 are like 1 and 0."
    asked = [(np.array([[0.0]]), np.array([[0.0]]), "As much inside as outside: .5."),
             (np.array([[-1.0]]), np.array([[-2.0]]), difference),
             (np.array([[6.0, -6]]), np.array([[-6.0, 6]]),
              "Nothing is cut off: a difference of 12 leaves a share of .000006."),
             (*PAIR, difference), (*drawn(4, 2, 3, 4), difference)]
    cases = [Case(f"{inside.shape[0]} x {inside.shape[1]} bins", (inside, outside),
                  softmax(np.stack([inside, outside]), 0)[0], hint)
             for inside, outside, hint in asked]
    report("Exercise 11.3", function, cases, agree=close,
           rule="A softmax over the two numbers of a bin; its first share is the mask.")


def softmax(
    scores: Float[np.ndarray, "*shape"], axis: int
) -> Float[np.ndarray, "*shape"]:
    """Shares that add up to 1 along an axis.

    >>> softmax(np.array([-1.0, -2.0]), 0).round(2).tolist()
    [0.73, 0.27]
    """
    powers = np.exp(scores - scores.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def class_scores(function: Callable[..., object]) -> None:
    """Exercise 11.4: probabilities of categories, as `function(pairs)`."""
    order = "The maximum of each pair, then the mean over the bins, then the softmax."
    level = "Where an object's outside is sure, its category is confirmed as well."
    asked = [(np.stack([NOTHING, PAIR])[..., :1, :1], order),
             (np.stack([NOTHING, PAIR]), level),
             (np.stack([NOTHING, PAIR[::-1], -PAIR]), level),
             (drawn(5, 4, 2, 3, 3) / 4 - 1, order)]
    cases = [Case(f"{len(pairs)} categories with the background, {pairs.shape[2]} x "
                  f"{pairs.shape[2]} bins", (pairs,), scores_of(pairs), hint)
             for pairs, hint in asked]
    report("Exercise 11.4", function, cases, agree=close, rule=order)


def scores_of(pairs: Float[np.ndarray, "C1 2 P P"]) -> Float[np.ndarray, " C1"]:
    """What FCIS says of a region, the background first.

    >>> scores_of(np.stack([NOTHING, PAIR])).round(6).tolist()
    [0.268941, 0.731059]
    """
    return softmax(pairs.max(1).mean((1, 2)), 0)


def vote_slope(function: Callable[..., object]) -> None:
    """Exercise 11.5: who learns from the vote, as `function(inside, outside)`."""
    loser = "The vote does not change with the smaller of the two."
    asked = [(np.array([[1.0]]), np.array([[0.0]]), loser),
             (*PAIR, "Each bin has one voice in four."), (*drawn(6, 2, 3, 3), loser)]
    cases = [Case(f"{len(inside)} x {len(inside)} bins", (inside, outside),
                  slope_of(inside, outside), hint) for inside, outside, hint in asked]
    report("Exercise 11.5", function, cases, agree=close,
           rule="1 / (number of bins) where a number is the larger of a pair; else 0.")


def slope_of(
    inside: Float[np.ndarray, "P P"], outside: Float[np.ndarray, "P P"]
) -> Float[np.ndarray, "2 P P"]:
    """How much the mean of the maxima rises with each number.

    >>> slope_of(*PAIR).tolist()
    [[[0.25, 0.0], [0.25, 0.25]], [[0.0, 0.25], [0.0, 0.0]]]
    """
    wins = inside > outside
    return np.stack([wins, ~wins]) / inside.size


def pair_loss(function: Callable[..., object]) -> None:
    """Exercise 11.6: the loss of a mask, as `function(pairs, kind, target)`."""
    target = np.array([[True, False], [True, False]])
    both = np.stack([NOTHING, PAIR, 2 * PAIR[::-1]])
    true = "Only the pair of the true category learns; 0 is the background."
    asked = [(np.stack([NOTHING, PAIR])[..., :1, :1], 1, target[:1, :1],
              "The negative logarithm of what the true side gets."),
             (np.stack([NOTHING, PAIR]), 1, target, "The mean over the bins."),
             (np.stack([NOTHING, 6 * PAIR]), 1, ~target,
              "A side that is wrong by 12 costs 12: no share is cut off."),
             (both, 1, target, true), (both, 2, ~target, true),
             (drawn(7, 3, 2, 3, 3) / 5, 2, np.eye(3, dtype=bool), true)]
    cases = [Case(f"{pairs.shape[2]} x {pairs.shape[2]} bins, category {kind} of "
                  f"{len(pairs) - 1}", (pairs, kind, mask), loss_of(pairs, kind, mask),
                  hint) for pairs, kind, mask, hint in asked]
    report("Exercise 11.6", function, cases, agree=close, rule="Of each bin the true "
           "side's share of the softmax over the true category's pair; the mean of the "
           "negative logarithms.")


def loss_of(
    pairs: Float[np.ndarray, "C1 2 P P"], kind: int, target: Bool[np.ndarray, "P P"]
) -> float:
    """The mean cross entropy of one category's pairs.

    >>> mask = np.array([[True, False], [True, False]])
    >>> round(loss_of(np.stack([NOTHING, PAIR]), 1, mask), 5)
    0.42351
    """
    share = softmax(pairs[kind], 0)
    return float(-np.log(np.where(target, *share)).mean())


# The open problem: perfect pairs

class Regions(NamedTuple):
    """Objects on a map, and the box of each, in places."""

    masks: Bool[np.ndarray, "N H W"]
    boxes: Int[np.ndarray, "N 4"]


BAR, STEP, K = 0.9, 4, 5
"""The IoU of each mask, how far a region is moved, and k of the open problem."""


def perfect_pairs(function: Callable[..., object]) -> None:
    """Exercise 11.7: perfect maps, as `function(masks, boxes, k)`."""
    judge("Exercise 11.7", perfect_trials(function),
          "both masks are exact enough, and a moved region has a lower vote")


def perfect_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """One object, two of them that touch; then a region that is moved."""
    for what, regions in (("one object", one_object()),
                          ("two that touch", two_objects())):
        made = partial(maps_from, function, regions)
        yield Trial(what, made, partial(no_masks, regions),
                    "A place of a region is read from the pair of the part that it "
                    "plays in that region: inside where the object is, outside where "
                    "it is not.")
    yield Trial(f"a region moved by {STEP} places", made, partial(no_level, regions),
                "The maximum has to be low where neither map was asked for anything.")


def one_object() -> Regions:
    """A disc with a box whose sides are no multiples of k places."""
    y, x = np.mgrid[:24, :32]
    mask = (y - 11) ** 2 + (x - 15) ** 2 < 6.4 ** 2
    return Regions(mask[None], np.array([[7, 3, 24, 20]]))


def two_objects() -> Regions:
    """Two discs that touch, with boxes whose sides are multiples of k places."""
    y, x = np.mgrid[:24, :32]
    middles = ((11.5, 9.5), (11.5, 19.5))
    masks = np.stack([(y - cy) ** 2 + (x - cx) ** 2 < 5.4 ** 2 for cy, cx in middles])
    boxes = np.array([[2, 4, 17, 19], [12, 4, 27, 19]])
    return Regions(masks, boxes)


def maps_from(function: Callable[..., object], regions: Regions) -> Any:
    """What a learner's function makes of copies."""
    return function(regions.masks.copy(), regions.boxes.copy(), K)


def no_masks(regions: Regions, returned: Any) -> str | None:
    """Say where these are no pairs of maps, or where a mask is not its object's."""
    pairs, (_, H, W) = array_of(returned), regions.masks.shape
    if pairs.shape != (2, K * K, H, W):
        return (f"Return maps of shape (2, {K * K}, {H}, {W}), inside and outside; "
                f"yours has shape {pairs.shape}.")
    if pairs.dtype.kind not in "biuf" or not np.isfinite(pairs).all():
        return "Every score has to be a finite number."
    for number, (mask, box) in enumerate(zip(*regions, strict=True)):
        inside, outside = read(pairs, box)
        x0, y0, x1, y1 = box
        truth, made = mask[y0:y1, x0:x1], inside > outside
        iou = (truth & made).sum() / (truth | made).sum()
        if iou < BAR:
            return (f"The mask of object {number} has an IoU of {iou:.2f}; at least "
                    f"{BAR} is asked.")
    return None


def no_level(regions: Regions, returned: Any) -> str | None:
    """Say where the vote does not fall when a region is moved off its object."""
    pairs = array_of(returned)
    for number, box in enumerate(regions.boxes):
        right = read(pairs, box).max(0).mean()
        moved = read(pairs, box + [0, STEP, 0, STEP]).max(0).mean()
        if not moved < right:
            return (f"Region {number} votes {right:.2f}, and moved down {moved:.2f}; a "
                    "region that lies wrong has to have the lower vote.")
    return None


def read(
    pairs: Float[np.ndarray, "2 kk H W"] | Any, box: Int[np.ndarray, "4"]
) -> Float[np.ndarray, "2 P P"]:
    """Inside and outside of a region, a bin for each place."""
    from ifcn_lab.assembling import assemble

    x0, y0, x1, y1 = (int(side) for side in box)
    side = x1 - x0
    center = [(y0 + side // 2, x0 + side // 2)]
    return np.stack([assemble(each.astype(float), side, centers=center)[0]
                     for each in pairs])
