"""Checks of lesson 7: run lengths, area of a polygon, zooms, Otsu, counting answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_lab.check.report import Case, close, report


def decode_runs(function: Callable[..., object]) -> None:
    """Exercise 7.1: a mask from run lengths, as `function(counts, h, w)`."""
    asked = [
        ([0, 1], 1, 1, "The first run is of ground, here of no pixel at all."),
        ([1, 1, 1], 3, 1, "Runs take turns: ground, object, ground, ..."),
        ([1, 2, 3], 2, 3, "Runs go down the columns: reshape to (w, h), then .T."),
        ([0, 2, 3, 4, 3], 3, 4, "A run may go on at the top of the next column."),
        ([6], 2, 3, "One run: all is ground."),
    ]
    cases = [Case(f"counts = {counts}, {h} x {w} pixels", (counts, h, w),
                  decoded(counts, h, w), hint) for counts, h, w, hint in asked]
    report("Exercise 7.1", function, cases)


def decoded(counts: Sequence[int], h: int, w: int) -> Bool[np.ndarray, "h w"]:
    """The mask that these run lengths stand for.

    >>> decoded([2, 2, 2], 2, 3).astype(int).tolist()
    [[0, 1, 0], [0, 1, 0]]
    """
    inside = np.arange(len(counts)) % 2 == 1
    return np.repeat(inside, counts).reshape(w, h).T


def polygon_area(function: Callable[..., object]) -> None:
    """Exercise 7.2: area of a polygon [x0, y0, x1, y1, ...], `function(polygon)`."""
    asked = [
        ([0, 0, 1, 0, 0, 1], "Half of a square: 1/2."),
        ([2, 1, 6, 1, 6, 5, 2, 5], "A square of 4 pixels a side, off the corner."),
        ([0, 0, 0, 1, 1, 0], "The other way round the sum is negative: use abs."),
        ([0, 0, 4, 0, 4, 4, 2, 1, 0, 4], "A polygon with a dent."),
        ([0.5, 0.5, 3.5, 1, 2, 4.5], "Corners need not be whole numbers."),
    ]
    cases = [Case(f"polygon = {polygon}", (polygon,), shoelace(polygon), hint)
             for polygon, hint in asked]
    report("Exercise 7.2", function, cases, agree=close)


def shoelace(polygon: Sequence[float]) -> float:
    """The area that a polygon encloses, in square pixels.

    >>> shoelace([0, 0, 2, 0, 2, 3, 0, 3])
    6.0
    """
    x, y = np.asarray(polygon, float).reshape(-1, 2).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    return float(abs(cross.sum()) / 2)


def best_zoom(function: Callable[..., object]) -> None:
    """Exercise 7.3: which zoom fits, `function(length, zooms, right, tolerance)`."""
    zooms = [0.5, 1.0, 2.0, 4.0]
    asked = [
        (48, [1.0], "At zoom 1 the object has the right size already."),
        (24, zooms, "The zoom that makes it right / length times as large."),
        (13, zooms, "13 pixels at zoom 4 are 52, nearer to 48 than 26 are."),
        (34, zooms, "Nearer counts in octaves: compare logarithms of the sizes."),
        (67, zooms, "Both sides count: take the absolute value of the octaves."),
        (300, zooms, "Too large at every zoom: return -1."),
    ]
    cases = [Case(f"{length} pixels, zooms {given}", (length, given, 48, 0.5),
                  index_of_zoom(length, given, 48, 0.5), hint)
             for length, given, hint in asked]
    report("Exercise 7.3", function, cases)


def index_of_zoom(
    length: float, zooms: Sequence[float], right: float, tolerance: float
) -> int:
    """The zoom that brings `length` nearest to `right`; -1 if none is near enough.

    >>> index_of_zoom(24, [1.0, 2.0], right=48, tolerance=0.3)
    1
    """
    octaves = np.abs(np.log2(length * np.asarray(zooms) / right))
    return int(octaves.argmin()) if octaves.min() <= tolerance else -1


def split(function: Callable[..., object]) -> None:
    """Exercise 7.4: Otsu's threshold, as `function(counts)`."""
    rng = np.random.default_rng(7)
    asked = [
        ([3, 2], "Two levels can be split in one way only: after level 0."),
        ([9, 5, 1, 4, 7], "The valley between the two hills."),
        ([1, 1, 30, 8, 2, 6, 3], "Not always the emptiest level: weigh both sides."),
        ([5, 3, 1, 1, 1, 1, 2, 9], "Level t itself belongs to the dark side."),
        (rng.integers(1, 50, 16).tolist(), "Try every t from 0 to len(counts) - 2."),
    ]
    cases = [Case(f"counts = {counts}", (np.array(counts),),
                  best_split(np.array(counts)), hint) for counts, hint in asked]
    report("Exercise 7.4", function, cases)


def best_split(counts: Int[np.ndarray, " L"]) -> int:
    """The level that splits a histogram best, by trying every one.

    >>> best_split(np.array([4, 1, 0, 1, 4]))
    1
    """
    levels, scores = np.arange(len(counts)), []
    for t in levels[:-1]:
        dark, bright = counts[: t + 1], counts[t + 1 :]
        apart = (np.average(levels[: t + 1], weights=dark)
                 - np.average(levels[t + 1 :], weights=bright))
        scores.append(dark.sum() * bright.sum() * apart**2)
    return int(np.argmax(scores))


def answer_score(function: Callable[..., object]) -> None:
    """Exercise 7.5: TP / (TP + FP + FN), as `function(overlap, iou)`."""
    two = np.array([[0.8, 0.0], [0.1, 0.6], [0.0, 0.3]])
    asked = [
        (np.array([[0.9]]), 0.5, "One answer, one object, and they fit: 1."),
        (np.array([[0.4]]), 0.5, "One wrong answer and one missed object: 0."),
        (two, 0.5, "An answer that fits no object is a false positive."),
        (two, 0.7, "An object without an answer is a false negative."),
        (np.array([[0.9], [0.8]]), 0.5, "Two answers for one object: one is too much."),
    ]
    cases = [Case(f"{overlap.tolist()}, IoU {iou}", (overlap, iou),
                  score_of(overlap, iou), hint) for overlap, iou, hint in asked]
    report("Exercise 7.5", function, cases, agree=close)


def score_of(overlap: Float[np.ndarray, "N M"], iou: float) -> float:
    """TP / (TP + FP + FN) of N answers and M objects that do not overlap each other.

    Above IoU 0.5 an answer fits one object at most, so nothing has to be matched.

    >>> score_of(np.array([[0.9, 0.0], [0.0, 0.2]]), 0.5)
    0.3333333333333333
    """
    right = int((overlap > iou).any(0).sum())
    answers, objects = overlap.shape
    return right / (answers + objects - right)
