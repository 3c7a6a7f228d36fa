"""Checks of lesson 10: what RoI operators read, gradients, anchors, a refined box."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of

if TYPE_CHECKING:
    from torch import Tensor


def away_from_zero(function: Callable[..., object]) -> None:
    """Exercise 10.1: rounding as in C, as `function(x)`."""
    even = "Halves go away from zero, to even and odd numbers alike."
    below = "Below zero, away from zero is downwards."
    asked = [(1.0, 1, "A whole number stays."), (0.5, 1, even), (1.5, 2, even),
             (2.5, 3, even), (2.4, 2, "Below one half it goes down."),
             (2.75, 3, "Above one half it goes up."), (-0.5, -1, below),
             (-1.5, -2, below), (-2.4, -2, "Below one half it goes to zero."),
             (0.0, 0, "Zero has no sign, and stays."),
             (0.45, 0, "Below one half it goes down."), (4.5, 5, even),
             (-2.5, -3, below), (100.4, 100, "Below one half it goes down.")]
    cases = [Case(f"x = {x}", (x,), right, hint) for x, right, hint in asked]
    report("Exercise 10.1", function, cases, rule="To the nearest whole number; from "
           "the middle between two, to the one that is further from zero.")


def pool_places(function: Callable[..., object]) -> None:
    """Exercise 10.2: the places of a bin, as `function(first, last, bins, p)`."""
    asked = [
        (1, 4, 2, 0, "Places 1 to 4 are 4 places: both ends are inside."),
        (1, 4, 2, 1, "The second bin begins in the middle, at place 3."),
        (0, 2, 2, 0, "A share of 1.5 places touches 2 places: round its end up."),
        (0, 2, 2, 1, "It begins at 1.5, in place 1: round its begin down."),
        (3, 3, 2, 1, "One place, and both bins read it."),
        (5, 2, 3, 2, "A box is at least one place wide."),
        (0, 9, 7, 3, "Multiply by the width first, divide by the bins last."),
        (-2, 5, 3, 1, "Add the first place at the end."),
        (-6, 1, 5, 1, "Left of the map places are negative, and to round down is to go "
         "further left."),
    ]
    cases = [Case(f"places {first} to {last}, {bins} bins, bin {p}",
                  (first, last, bins, p), expected_places(first, last, bins, p), hint)
             for first, last, bins, p, hint in asked]
    report("Exercise 10.2", function, cases, rule="The width is last - first + 1, at "
           "least 1; a bin's begin is rounded down and its end up.")


def expected_places(first: int, last: int, bins: int, p: int) -> tuple[int, int]:
    """RoIPool's range, as adaptive pooling has it.

    >>> expected_places(0, 2, 2, 1)
    (1, 3)
    """
    width = max(last - first + 1, 1)
    return first + p * width // bins, first - (-(p + 1) * width // bins)


def align_points(function: Callable[..., object]) -> None:
    """Exercise 10.3: RoIAlign's points, as `function(first, past, bins, n)`."""
    asked = [
        (0.0, 1.0, 1, 1, "The middle of the first place has index 0."),
        (0.0, 1.0, 1, 2, "A quarter and three quarters of a place, less one half."),
        (0.0, 4.0, 2, 1, "Two bins of 2 places, read in their middles."),
        (1.0, 3.5, 2, 2, "Points stand at equal distances, also from bin to bin."),
        (2.25, 3.0, 3, 1, "A small box stays small: nothing is rounded."),
        (-1.5, 2.0, 2, 1, "A box may begin left of the map, and so may its points."),
    ]
    cases = [Case(f"box {first} to {past}, {bins} bins, n = {n}",
                  (first, past, bins, n), expected_points(first, past, bins, n), hint)
             for first, past, bins, n, hint in asked]
    report("Exercise 10.3", function, cases, agree=close, rule="Cut the side into "
           "bins * n equal steps, stand in the middle of each, and subtract one half.")


def expected_points(
    first: float, past: float, bins: int, n: int
) -> Float[np.ndarray, " P"]:
    """The aligned rule's points, as indices of the map."""
    steps = np.linspace(first, past, bins * n + 1)
    return (steps[:-1] + steps[1:]) / 2 - 0.5


def gradient_of_ends(function: Callable[..., object]) -> None:
    """Exercise 10.4: gradient of both ends, as `function(shares, slopes)`."""
    asked = [
        ([0.0], [3.0], "A point at share 0 moves with the first end."),
        ([1.0], [3.0], "A point at share 1 moves with the other end."),
        ([0.25], [4.0], "At share 1/4 three quarters go to the first end."),
        ([0.25, 0.75], [1.0, 1.0], "A ramp of slope 1: add up over the points."),
        ([0.5], [-2.0], "Where the map falls, both gradients are below zero."),
        ([0.25, 0.5], [1.0, 3.0], "Each point's share goes with its own slope."),
        ([0.125, 0.375, 0.625, 0.875], [-0.5, 0.0, 0.0, 1.5],
         "Only points where the map has a slope count."),
    ]
    cases = []
    for shares, slopes, hint in asked:
        r, s = np.array(shares), np.array(slopes)
        cases.append(Case(f"shares {shares}, slopes {slopes}", (r, s),
                          (float((1 - r) @ s), float(r @ s)), hint))
    report("Exercise 10.4", function, cases, agree=close, rule="The first end gets "
           "(1 - r) times the slope of each point, the other end r times.")


def label_anchors(function: Callable[..., object]) -> None:
    """Exercise 10.5: labels, as `function(overlap, high, low)`."""
    six = [[1, 0], [.7, 0], [.5, 0], [.2, 0], [0, .36], [0, 0]]
    best = "Each object's best anchor learns it, however little they share."
    asked = [
        ([[0.8]], "IoU 0.8: anchor 0 learns object 0."),
        ([[0.8], [0.1]], "Below the lower limit: -1."),
        ([[0.8], [0.5]], "Between the limits: -2."),
        ([[0.7], [0.3], [0.9]], "At a limit itself: 0.7 is positive, 0.3 left out."),
        ([[0.1, 0.8], [0.75, 0.2]], "The number is that of the object, a column."),
        ([[0.9], [0.2], [0.95]], "The best anchor changes no other."),
        ([[0.5, 0.0], [0.0, 0.9]], best), ([[0.05, 0.0], [0.0, 0.9]], best),
        ([[0.9, 0.4], [0.8, 0.1]], "An anchor that learns an object keeps it."),
        ([[0.4, 0.2], [0.1, 0.35], [0.0, 0.1]], best),
        ([[0.2, 0.1], [0.5, 0.4]], "Anchor 1 is both objects' best; object 0 has it."),
    ]
    cases = [labelled(rows, hint) for rows, hint in asked]
    cases += [labelled([[0.9], [0.55], [0.35]], "The limits are given: here they are "
                       "0.5 and 0.4.", 0.5, 0.4), labelled(six, best)]
    report("Exercise 10.5", function, cases, rule="First the two limits, then for "
           "each object its best anchor, unless that has an object.")


def labelled(
    rows: list[list[float]], hint: str, high: float = 0.7, low: float = 0.3
) -> Case:
    """The case of these overlaps and limits."""
    overlap = np.array(rows, float)
    return Case(f"{len(rows)} anchors, {len(rows[0])} objects, limits {high} and {low}",
                (overlap, high, low), expected_labels(overlap, high, low), hint)


def expected_labels(
    overlap: Float[np.ndarray, "N M"], high: float, low: float
) -> Int[np.ndarray, " N"]:
    """Labels by the library.

    >>> expected_labels(np.array([[0.8, 0.0], [0.0, 0.4]]), 0.7, 0.3).tolist()
    [0, 1]
    """
    import torch

    from ifcn_lab.layers.boxes import match

    return match(torch.from_numpy(overlap), high, low).numpy()


def decode(function: Callable[..., object]) -> None:
    """Exercise 10.6: an anchor that is moved, as `function(code, anchor)`."""
    here, there = (0, 0, 16, 16), (4, 10, 24, 18)
    half_open = "Boxes are half-open: 0 to 16 is 16 wide."
    asked = [
        ((0, 0, 0, 0), here, "Zeros give the anchor back. " + half_open),
        ((0.25, 0, 0, 0), here, "dx is in sides: a quarter of 16 is 4."),
        ((0, 0, np.log(2), 0), here, "e^dw = 2: twice as wide, round the same middle."),
        ((0, 0, 0, np.log(0.5)), there, "e^dh = 1/2: half as high."),
        ((0.25, 0.375, 0, np.log(1.5)), here, "Move the middle, then grow."),
        ((-0.5, 1, np.log(1.5), np.log(3)), there, "x goes with the width, y with the "
         "height."),
        ((0.1, -0.3, 1.2, 0.3), there, "Nothing is rounded, and nothing is cut off."),
    ]
    cases = [Case(f"code ({', '.join(f'{n:.3g}' for n in code)}), anchor {anchor}",
                  (code, anchor), decoded(code, anchor), hint)
             for code, anchor, hint in asked]
    report("Exercise 10.6", function, cases, agree=close, rule="The new middle is the "
           "old one plus dx, dy sides; the new sides are e^dw, e^dh times the old.")


def decoded(
    code: tuple[float, ...], anchor: tuple[float, ...]
) -> Float[np.ndarray, "4"]:
    """The box by the library."""
    import torch

    from ifcn_lab.layers.boxes import decode_boxes

    return decode_boxes(*(torch.tensor([row], dtype=torch.float64)
                          for row in (code, anchor)))[0].numpy()


SEARCHES, BAR = 12, 0.8
"""How many ellipses, and the mean IoU of boxes that is asked."""


class Search(NamedTuple):
    """A map at stride 4, the object's box, and a box to begin with, all in places."""

    plane: Tensor
    own: Tensor
    start: Tensor

    def read(self, box: Tensor) -> Float[Tensor, "14 14"]:
        """What RoIWarp reads in a box."""
        from ifcn_lab.layers.roi import roi_warp

        return roi_warp(self.plane, box.float()[None], 14)[0, 0]


def refine(function: Callable[..., object]) -> None:
    """Exercise 10.7: a box that finds its object, as `function(read, box)`."""
    judge("Exercise 10.7", refine_trials(function),
          "the boxes lie on their objects as well as the bar asks")


def refine_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """One box, then all of them."""
    first, *others = searches()
    hint = ("In a box that is larger than yours the object may be seen whole; its "
            "bins tell where it begins and ends.")
    yield Trial("one ellipse", partial(moved, function, first), no_box, hint)
    yield Trial(f"{SEARCHES} ellipses",
                lambda: [moved(function, each) for each in (first, *others)],
                too_far, hint)


def moved(function: Callable[..., object], search: Search) -> Any:
    """What a learner's function makes of a box; it gets a copy."""
    return function(search.read, search.start.clone())


@cache
def searches() -> tuple[Search, ...]:
    """Ellipses with boxes that are off by up to a quarter of their sides."""
    import torch

    from ifcn_lab.data.masks import tight_boxes
    from ifcn_lab.league.roi_oracle import ellipses

    made, rng = [], np.random.default_rng(0)
    for mask, _ in ellipses(SEARCHES, seed=5):
        own = torch.from_numpy(tight_boxes(mask[None].numpy())[0]).float() / 4
        away = torch.from_numpy(rng.choice([-1, 1], 2) * rng.uniform(0.15, 0.25, 2))
        plane = torch.nn.functional.avg_pool2d(mask.float()[None], 4)
        start = own + ((own[2:] - own[:2]) * away.float()).repeat(2)
        made.append(Search(plane, own, start))
    return tuple(made)


def no_box(returned: Any) -> str | None:
    """Say where this is no box."""
    box = array_of(returned)
    if box.shape != (4,) or box.dtype.kind not in "biuf" or not np.isfinite(box).all():
        return "Return four finite numbers, (x0, y0, x1, y1), in places."
    if (box[2:] <= box[:2]).any():
        return "The box has no inside: x1 and y1 have to be above x0 and y0."
    return None


def too_far(returned: list[Any]) -> str | None:
    """Say where the boxes are too far from their objects."""
    from ifcn_lab.layers.nms import pair_iou

    for one in returned:
        if fault := no_box(one):
            return fault
    ious = [pair_iou(array_of(one).astype(float), search.own.numpy())
            for one, search in zip(returned, searches(), strict=True)]
    if np.mean(ious) >= BAR:
        return None
    return (f"The mean IoU of your boxes is {np.mean(ious):.2f}; at least {BAR} is "
            "asked.")
