"""Checks of lesson 7: run lengths, area of a polygon, zooms, Otsu, counting answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import count, islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of
from ifcn_lab import scenes
from ifcn_lab.scenes.measure import touching

if TYPE_CHECKING:
    from ifcn_lab.data import Sample


def area_of_runs(function: Callable[..., object]) -> None:
    """Exercise 7.1: pixels of an object, from its run lengths: `function(counts)`."""
    asked = [
        ([1, 1], "One pixel of ground, one of the object."),
        ([2, 2, 2], "The first count and the last are ground."),
        ([0, 3, 1, 4], "Counts number 1, 3, 5, ... are the object's."),
        ([6], "All is ground: 0 pixels."),
    ]
    cases = [Case(f"counts = {counts}", (counts,), sum(counts[1::2]), hint)
             for counts, hint in asked]
    report("Exercise 7.1", function, cases, rule="Runs take turns, and the first is of "
           "ground. Which of them are the object's?")


def decode_runs(function: Callable[..., object]) -> None:
    """Exercise 7.2: a mask from run lengths, as `function(counts, h, w)`."""
    asked = [
        ([0, 1], 1, 1, "The first run is of ground, here of no pixel at all."),
        ([1, 1, 1], 3, 1, "Runs take turns: ground, object, ground, ..."),
        ([1, 2, 3], 2, 3, "Runs go down the columns: reshape to (w, h), then .T."),
        ([0, 2, 3, 4, 3], 3, 4, "A run may go on at the top of the next column."),
        ([6], 2, 3, "One run: all is ground."),
    ]
    cases = [Case(f"counts = {counts}, {h} x {w} pixels", (counts, h, w),
                  decoded(counts, h, w), hint) for counts, h, w, hint in asked]
    report("Exercise 7.2", function, cases, rule="Runs take turns, ground first, and "
           "go down the columns, one column after the other.")


def decoded(counts: Sequence[int], h: int, w: int) -> Bool[np.ndarray, "h w"]:
    """The mask that these run lengths stand for.

    >>> decoded([2, 2, 2], 2, 3).astype(int).tolist()
    [[0, 1, 0], [0, 1, 0]]
    """
    inside = np.arange(len(counts)) % 2 == 1
    return np.repeat(inside, counts).reshape(w, h).T


def polygon_area(function: Callable[..., object]) -> None:
    """Exercise 7.3: area of a polygon [x0, y0, x1, y1, ...], `function(polygon)`."""
    asked = [
        ([0, 0, 1, 0, 0, 1], "Half of a square: 1/2."),
        ([2, 1, 6, 1, 6, 5, 2, 5], "A square of 4 pixels a side, off the corner."),
        ([0, 0, 0, 1, 1, 0], "The other way round the sum is negative: use abs."),
        ([0, 0, 4, 0, 4, 4, 2, 1, 0, 4], "A polygon with a dent."),
        ([0.5, 0.5, 3.5, 1, 2, 4.5], "Corners need not be whole numbers."),
    ]
    cases = [Case(f"polygon = {polygon}", (polygon,), shoelace(polygon), hint)
             for polygon, hint in asked]
    report("Exercise 7.3", function, cases, agree=close, rule="Draw the corners in "
           "their order and count the squares inside.")


def shoelace(polygon: Sequence[float]) -> float:
    """The area that a polygon encloses, in square pixels.

    >>> shoelace([0, 0, 2, 0, 2, 3, 0, 3])
    6.0
    """
    x, y = np.asarray(polygon, float).reshape(-1, 2).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    return float(abs(cross.sum()) / 2)


def best_zoom(function: Callable[..., object]) -> None:
    """Exercise 7.4: which zoom fits, `function(length, zooms, right, tolerance)`."""
    zooms = [0.5, 1.0, 2.0, 4.0]
    asked = [
        (48, [1.0], 0.0, "At zoom 1 the object is 0 octaves off, and 0 <= 0."),
        (24, zooms, 0.5, "The zoom that makes it right / length times as large."),
        (13, zooms, 0.5, "13 pixels at zoom 4 are 52, nearer to 48 than 26 are."),
        (34, zooms, 0.5, "Nearer counts in octaves: compare logarithms of the sizes."),
        (67, zooms, 0.5, "Both sides count: take the absolute value of the octaves."),
        (300, zooms, 0.5, "Too large at every zoom: return -1."),
        (26, zooms, 1.0, "Two zooms are within the tolerance: take the nearer one."),
        (5, zooms, 0.5, "Too small at every zoom: return -1."),
        (300, zooms, 2.0, "1.6 octaves are within this tolerance."),
        (34, zooms, 0.3, "Half an octave is more than this tolerance."),
        (150, zooms, 0.5, "Octaves are logarithms to base 2: np.log2."),
    ]
    cases = [Case(f"{length} pixels, zooms {given}, tolerance {tolerance}",
                  (length, given, 48, tolerance),
                  index_of_zoom(length, given, 48, tolerance), hint)
             for length, given, tolerance, hint in asked]
    report("Exercise 7.4", function, cases, rule="Of all zooms the one that leaves the "
           "fewest octaves, up or down; -1 if they are more than the tolerance.")


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
    """Exercise 7.5: Otsu's threshold, as `function(counts)`."""
    rng = np.random.default_rng(8)
    asked = [
        ([3, 2], "Two levels can be split in one way only: after level 0."),
        ([9, 5, 1, 4, 7], "The valley between the two hills."),
        ([1, 1, 30, 8, 2, 6, 3], "Not always the emptiest level: weigh both sides."),
        ([5, 3, 1, 1, 1, 1, 2, 9], "Level t itself belongs to the dark side."),
        ([20, 1, 1, 1, 1, 6], "Few pixels far away weigh as well: mean levels."),
        ([1, 1, 1, 3, 4, 5, 4, 5], "Weigh with the counts as they are."),
        (rng.integers(1, 50, 16).tolist(), "Try every t from 0 to len(counts) - 2."),
    ]
    cases = [Case(f"counts = {counts}", (np.array(counts),),
                  best_split(np.array(counts)), hint) for counts, hint in asked]
    report("Exercise 7.5", function, cases, rule="The t with the largest w0 * w1 * "
           "(u0 - u1) ** 2, where levels 0 to t are the dark side.")


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
    """Exercise 7.6: TP / (TP + FP + FN), as `function(overlap, iou)`."""
    two = np.array([[0.8, 0.0], [0.1, 0.6], [0.0, 0.3]])
    asked = [
        (np.array([[0.9]]), 0.5, "One answer, one object, and they fit: 1."),
        (np.array([[0.4]]), 0.5, "One wrong answer and one missed object: 0."),
        (np.array([[0.5]]), 0.5, "Above the limit, not at it: this is no answer yet."),
        (two, 0.5, "An answer that fits no object is a false positive."),
        (two, 0.7, "An object without an answer is a false negative."),
        (np.array([[0.9, 0.0]]), 0.5, "One answer for two objects: one is missed."),
        (np.array([[0.9], [0.8]]), 0.5, "Two answers for one object: one is too much."),
    ]
    cases = [Case(f"{overlap.tolist()}, IoU {iou}", (overlap, iou),
                  score_of(overlap, iou), hint) for overlap, iou, hint in asked]
    report("Exercise 7.6", function, cases, agree=close, rule="Count TP, FP and FN of "
           "this case by hand: the score is TP / (TP + FP + FN).")


def score_of(overlap: Float[np.ndarray, "N M"], iou: float) -> float:
    """TP / (TP + FP + FN) of N answers and M objects that do not overlap each other.

    Above IoU 0.5 an answer fits one object at most, so nothing has to be matched.

    >>> score_of(np.array([[0.9, 0.0], [0.0, 0.2]]), 0.5)
    0.3333333333333333
    """
    right = int((overlap > iou).any(0).sum())
    answers, objects = overlap.shape
    return right / (answers + objects - right)


PICTURES, BAR, LEAST = 20, 0.5, 10
"""How many pictures, TP / (TP + FP + FN) at IoU 0.5, and pixels of a piece."""


def take_apart(function: Callable[..., object]) -> None:
    """Exercise 7.7: pieces of a foreground as numbers, as `function(bright)`."""
    judge("Exercise 7.7", apart_trials(function),
          f"TP / (TP + FP + FN) at IoU 0.5 is above the bar of {BAR}")


def apart_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """A foreground of two squares; then pictures where objects touch."""
    from ifcn_lab.layers.thresholding import foreground

    two = np.zeros((20, 30), bool)
    two[4:14, 3:13] = two[5:15, 17:27] = True
    yield Trial("two squares apart", lambda: function(two.copy()), not_two,
                "Return an array of whole numbers: 0 on the ground, 1, 2, 3, ... on "
                "the pieces.")
    samples = drawn_nuclei()
    fields = [foreground(each.image) for each in samples]
    yield Trial(f"{PICTURES} pictures", lambda: [function(each) for each in fields],
                partial(below_bar, samples),
                "A waist between two halves is thin: where is a pixel far from the "
                "ground?")


@cache
def drawn_nuclei() -> list[Sample]:
    """Drawn pictures like fluorescence microscopy; made once."""
    from ifcn_lab.data import from_scene

    drawn = islice(bright_scenes(71_000), PICTURES)
    return [from_scene(each, str(n)) for n, each in enumerate(drawn)]


def bright_scenes(seed: int) -> Iterator[scenes.Scene]:
    """Yield grey scenes of bright things on a dark ground, of 160 x 200 pixels.

    Things stand alone in the first, touch in the second, and so on in turn.

    >>> apart, heap = islice(bright_scenes(70_000), 2)
    >>> touching(apart.masks).any(), touching(heap.masks).any()
    (np.False_, np.True_)
    """
    numbers, met = count(seed), False
    while True:
        scene = scenes.make(next(numbers), size=(160, 200), sizes=(18, 60),
                            objects=(5, 12) if met else (5, 9), style="wild",
                            touching=float(met))
        if _like_nuclei(*scene) and touching(scene.masks).any() == met:
            yield scene
            met = not met


def _like_nuclei(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"]
) -> bool:
    inside, grey = masks.any(0), image.mean(2)
    ground = np.median(grey[~inside])
    bright = ground < 60 and grey[inside].mean() > grey[~inside].mean() + 40
    return bool(bright and np.ptp(image, axis=2).mean() < 30 and len(masks) >= 4)


def not_two(returned: Any) -> str | None:
    """Say where these are not the numbers of two squares."""
    if isinstance(returned, tuple):
        return f"Yours is a tuple of {len(returned)}; return the array alone."
    numbers = array_of(returned)
    if numbers.shape != (20, 30) or numbers.dtype.kind not in "iu":
        return (f"Expected are whole numbers of shape (20, 30); yours are "
                f"{numbers.dtype} {numbers.shape}.")
    found = len(pieces(numbers))
    return None if found == 2 else f"Expected are 2 pieces; yours are {found}."


def pieces(numbers: Int[np.ndarray, "h w"]) -> Bool[np.ndarray, "N h w"]:
    """A mask for each number above 0, without those of fewer than 10 pixels.

    >>> pieces(np.repeat([[0, 1, 0, 2, 3]], 10, axis=0)).shape
    (3, 10, 5)
    """
    pixels = np.bincount(numbers[numbers > 0].ravel())
    return numbers == np.flatnonzero(pixels >= LEAST)[:, None, None]


def below_bar(samples: list[Sample], returned: list[Any]) -> str | None:
    """Say where the score of the pieces is too low."""
    score = apart_score(samples, [pieces(array_of(each)) for each in returned])
    if score > BAR:
        return None
    return (f"TP / (TP + FP + FN) at IoU 0.5 is {score:.2f}; above {BAR} is asked. "
            f"Connected pieces as they are have {plain_score(samples):.2f}.")


def plain_score(samples: list[Sample]) -> float:
    """What thresholding has without anything taken apart."""
    from ifcn_lab.layers.thresholding import thresholded

    return apart_score(samples, [thresholded(each.image).masks for each in samples])


def apart_score(
    samples: list[Sample], masks: list[Bool[np.ndarray, "_ h w"]]
) -> float:
    """TP / (TP + FP + FN) at IoU 0.5, counted over all pictures together."""
    from ifcn_lab.metrics import nuclei_ap

    answers = [SimpleNamespace(masks=each, scores=np.ones(len(each))) for each in masks]
    return float(nuclei_ap(answers, samples, [0.5])[0.5])
