"""Mistakes of formats, zooms, thresholds and counting answers: lesson 7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_course.museum.specimen import mistake

Runs = Sequence[int]
Mask = Bool[np.ndarray, "h w"]
Number = float | np.number
Histogram = Int[np.ndarray, " L"]
Overlap = Float[np.ndarray, "N M"]


@mistake(
    "Ground counted",
    "It looks as if the pixels of the ground are counted.",
    "The first run is ground: the object has counts[1], counts[3], ...",
    "area_of_runs",
)
def area_of_ground(counts: Runs) -> int:
    """Begins with the first run."""
    return sum(counts[::2])


@mistake(
    "All runs counted",
    "It looks as if all runs are added.",
    "Every second run is the object's: counts[1::2].",
    "area_of_runs",
)
def area_of_all(counts: Runs) -> int:
    """Gives the size of the picture."""
    return sum(counts)


@mistake(
    "One run only",
    "It looks as if only the first run of the object is counted.",
    "An object may have many runs: sum(counts[1::2]).",
    "area_of_runs",
)
def first_run_only(counts: Runs) -> int:
    """Stops after the second number."""
    return counts[1] if len(counts) > 1 else 0


@mistake(
    "Runs along the rows",
    "It looks as if the runs go along the rows.",
    "COCO's runs go down the columns: reshape to (w, h), then .T.",
    "decode_runs",
)
def runs_along_rows(counts: Runs, h: int, w: int) -> Mask:
    """Row-major, as NumPy lies in memory."""
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(h, w)


@mistake(
    "Object first",
    "It looks as if the first run is taken for object.",
    "The first run is always ground, if need be of length 0.",
    "decode_runs",
)
def object_first(counts: Runs, h: int, w: int) -> Mask:
    """Gives the mask of the ground."""
    return np.repeat(np.arange(len(counts)) % 2 == 0, counts).reshape(w, h).T


@mistake(
    "Columns not set upright",
    "It looks as if the columns still lie on their side.",
    "After reshape(w, h) each row is a column: .T sets them upright.",
    "decode_runs",
)
def columns_lying(counts: Runs, h: int, w: int) -> Bool[np.ndarray, "w h"]:
    """Forgets the .T."""
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(w, h)


@mistake(
    "One pixel short",
    "It looks as if each run ends one pixel too early.",
    "A slice ends before its end: flat[at : at + count].",
    "decode_runs",
)
def runs_too_short(counts: Runs, h: int, w: int) -> Mask:
    """Leaves out the last pixel of each run."""
    flat, at = np.zeros(h * w, bool), 0
    for number, count in enumerate(counts):
        flat[at : at + max(count - 1, 0)] = number % 2 == 1
        at += count
    return flat.reshape(w, h).T


@mistake(
    "Halving forgotten",
    "It looks as if the sum is not halved.",
    "The area is half of the absolute value.",
    "polygon_area",
)
def area_doubled(polygon: Sequence[float]) -> Number:
    """Gives the parallelograms, not the triangles."""
    x, y = np.reshape(polygon, (-1, 2)).T
    return abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


@mistake(
    "Sign kept",
    "It looks as if the area is negative when the corners run the other way round.",
    "Take the absolute value of the sum.",
    "polygon_area",
)
def area_signed(polygon: Sequence[float]) -> Number:
    """Gives the area its direction."""
    x, y = np.reshape(polygon, (-1, 2)).T
    return (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2


@mistake(
    "Not closed",
    "It looks as if the last corner is not joined to the first.",
    "The last corner's next one is the first: np.roll brings it back.",
    "polygon_area",
)
def polygon_open(polygon: Sequence[float]) -> Number:
    """Leaves the last side out."""
    x, y = np.reshape(polygon, (-1, 2)).T
    return abs((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2


@mistake(
    "Each term made positive",
    "It looks as if every term is made positive before the sum.",
    "Add first, then take the absolute value of the sum.",
    "polygon_area",
)
def terms_positive(polygon: Sequence[float]) -> Number:
    """Takes the absolute value too early."""
    x, y = np.reshape(polygon, (-1, 2)).T
    return abs(x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2


@mistake(
    "Box for polygon",
    "It looks as if the area of the box round the polygon is taken.",
    "Use the shoelace formula: a polygon rarely fills its box.",
    "polygon_area",
)
def box_area(polygon: Sequence[float]) -> Number:
    """Gives width times height."""
    x, y = np.reshape(polygon, (-1, 2)).T
    return (x.max() - x.min()) * (y.max() - y.min())


@mistake(
    "Nearest in pixels",
    "It looks as if zooms are compared in pixels, not in octaves.",
    "Take logarithms: np.log2(length * zoom / right).",
    "best_zoom",
)
def zoom_in_pixels(
    length: float, zooms: Sequence[float], right: float, tolerance: float
) -> int:
    """Chooses by differences and judges by octaves."""
    sizes = length * np.array(zooms)
    best = int(np.abs(sizes - right).argmin())
    return best if abs(np.log2(sizes[best] / right)) <= tolerance else -1


@mistake(
    "One side only",
    "It looks as if too small counts as near.",
    "Take the absolute value of the octaves: both sides count.",
    "best_zoom",
)
def zoom_without_abs(
    length: float, zooms: Sequence[float], right: float, tolerance: float
) -> int:
    """Looks for the smallest number of octaves, which is far below 0."""
    octaves = np.log2(length * np.array(zooms) / right)
    best = int(octaves.argmin())
    return best if octaves[best] <= tolerance else -1


@mistake(
    "Tolerance forgotten",
    "It looks as if the tolerance is never asked.",
    "If the best zoom is off by more than the tolerance, return -1.",
    "best_zoom",
)
def zoom_whatever(
    length: float, zooms: Sequence[float], right: float, tolerance: float
) -> int:
    """Always finds a zoom."""
    return int(np.abs(np.log2(length * np.array(zooms) / right)).argmin())


@mistake(
    "Zoom, not its index",
    "It looks as if the zoom itself is returned.",
    "Return its index in the list.",
    "best_zoom",
)
def zoom_itself(
    length: float, zooms: Sequence[float], right: float, tolerance: float
) -> float:
    """Gives 2.0 where 2 is asked, and 1.0 where 0 is."""
    octaves = np.abs(np.log2(length * np.array(zooms) / right))
    return zooms[int(octaves.argmin())] if octaves.min() <= tolerance else -1


@mistake(
    "First level of the bright side",
    "It looks as if the answer is the first level of the bright side.",
    "Level t itself belongs to the dark side: return t.",
    "split",
)
def split_one_too_far(counts: Histogram) -> int:
    """Returns t + 1."""
    return _otsu(counts) + 1


@mistake(
    "Emptiest level",
    "It looks as if the emptiest level is taken.",
    "Weigh both sides: w0 * w1 * (u0 - u1) ** 2.",
    "split",
)
def emptiest_level(counts: Histogram) -> int:
    """Looks for the valley only."""
    return int(np.argmin(counts))


@mistake(
    "Sizes of the classes forgotten",
    "It looks as if only the distance of the two means counts.",
    "Multiply by both classes' sizes: w0 * w1 * (u0 - u1) ** 2.",
    "split",
)
def split_unweighed(counts: Histogram) -> int:
    """Cuts off a few pixels that are far away."""
    levels = np.arange(len(counts))
    apart = [np.average(levels[t + 1 :], weights=counts[t + 1 :])
             - np.average(levels[: t + 1], weights=counts[: t + 1])
             for t in levels[:-1]]
    return int(np.argmax(apart))


@mistake(
    "Cut into equal halves",
    "It looks as if both sides get as many pixels as possible.",
    "u0 and u1 count: mean levels, with the pixel counts as weights.",
    "split",
)
def split_in_half(counts: Histogram) -> int:
    """Gives the median of the pixels."""
    dark = np.cumsum(counts)[:-1]
    return int(np.argmax(dark * (np.sum(counts) - dark)))


@mistake(
    "Square forgotten",
    "It looks as if the distance of the means is not squared.",
    "It is w0 * w1 * (u0 - u1) ** 2.",
    "split",
)
def split_unsquared(counts: Histogram) -> int:
    """Lets sizes weigh more than distance."""
    return _otsu(counts, power=1)


@mistake(
    "At the limit, an answer",
    "It looks as if an overlap that equals the limit counts.",
    "Above `iou`, not at it: use >.",
    "answer_score",
)
def score_at_limit(overlap: Overlap, iou: float) -> Number:
    """Asks with >= where it should ask with >."""
    right = (overlap >= iou).any(0).sum()
    return right / (sum(overlap.shape) - right)


@mistake(
    "False positives forgotten",
    "It looks as if answers too many cost nothing.",
    "Divide by TP + FP + FN, not by the objects alone.",
    "answer_score",
)
def score_as_recall(overlap: Overlap, iou: float) -> Number:
    """Gives recall."""
    return (overlap > iou).any(0).mean()


@mistake(
    "Missed objects forgotten",
    "It looks as if missed objects cost nothing.",
    "Divide by TP + FP + FN, not by the answers alone.",
    "answer_score",
)
def score_as_precision(overlap: Overlap, iou: float) -> Number:
    """Gives precision."""
    return (overlap > iou).any(0).sum() / len(overlap)


@mistake(
    "Two answers for one object",
    "It looks as if two answers for one object both count as right.",
    "An object counts once: ask any(0), over the answers.",
    "answer_score",
)
def score_of_answers(overlap: Overlap, iou: float) -> Number:
    """Counts answers that fit, not objects that have one."""
    right = (overlap > iou).any(1).sum()
    return right / (sum(overlap.shape) - right)


@mistake(
    "Right answers counted twice",
    "It looks as if right answers stand in the denominator twice.",
    "TP + FP + FN = answers + objects - TP.",
    "answer_score",
)
def score_over_sum(overlap: Overlap, iou: float) -> Number:
    """Divides by answers and objects together."""
    return (overlap > iou).any(0).sum() / sum(overlap.shape)


def _otsu(counts: Histogram, power: int = 2) -> Any:
    levels, scores = np.arange(len(counts)), []
    for t in levels[:-1]:
        w0, w1 = counts[: t + 1].sum(), counts[t + 1 :].sum()
        u0 = np.average(levels[: t + 1], weights=counts[: t + 1])
        u1 = np.average(levels[t + 1 :], weights=counts[t + 1 :])
        scores.append(w0 * w1 * abs(u0 - u1) ** power)
    return int(np.argmax(scores))
