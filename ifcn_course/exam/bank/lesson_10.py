"""Lesson 10: what RoI operators read, what reaches the box, anchors."""

from __future__ import annotations

import math

import numpy as np

from ifcn_course.assignment.variant import Draws, Unfit
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault


def pooled_row(draws: Draws) -> Question:
    """What RoIPool reads of a row of a map."""
    row = draws.shuffled("row", list(range(10, 90, 10)))
    first, width = draws.whole("first", 1, 2), draws.one("width", [2, 4])
    low, high = first + draws.one("low", [0.3, -0.4]), first + width + 0.2
    inside = row[first:first + width + 1]
    half = (width + 2) // 2

    def read(places: list[int], cut: int) -> list[int]:
        return [max(places[:cut]), max(places[-cut:])]

    return calculation(
        "The figure shows a row of a feature map, places 0 to 7. A box goes from "
        f"{low:.1f} to {high:.1f}, in places. What does RoIPool read in it along this "
        "row, with 2 bins?", read(inside, half),
        f"The corners become {first} and {first + width}, both inside: {inside}. Each "
        f"bin touches {half} of these {width + 1} places, so they share one.",
        [(read(inside[:-1], width // 2), "the last place left out"),
         ([max(inside[:width // 2]), max(inside[width // 2:])], "bins side by side"),
         ([sum(inside[:half]) / half, sum(inside[-half:]) / half], "the mean taken")],
        grids({"": np.array([row])}, f"A row of a map: {row}.", numbered=True))


def first_point(draws: Draws) -> Question:
    """Where RoIAlign reads first."""
    stride, bins = draws.one("stride", [4, 8, 16]), draws.one("bins", [2, 4, 7])
    start = stride * draws.whole("start", 2, 6) + draws.one("away", [1, 2, 3])
    side = bins * stride * draws.one("side", [1, 2])
    first, wide = start / stride, side / stride / bins
    return calculation(
        f"The map has stride {stride}. A box goes from pixel {start} to {start + side} "
        f"and has {bins} bins with one point each. At which column index of the map "
        "does aligned RoIAlign read its first point?", first + wide / 2 - 0.5,
        f"The box begins at {first:g} places, a bin is {wide:g} wide, its middle half "
        "of that further; index 0 is the middle of the first place, so 0.5 goes.",
        [(first + wide / 2, "without the half place"),
         (first - 0.5, "at the bin's left edge"),
         (math.floor(first + 0.5) + wide / 2 - 0.5, "the corner rounded first"),
         (start + wide * stride / 2 - 0.5, "in pixels")])


def both_ends(draws: Draws) -> Question:
    """How a gradient is shared between the ends of a side."""
    bins = draws.one("bins", [2, 4, 5])
    bin_, slope = draws.whole("bin", 0, bins - 1), draws.one("slope", [2, 3, -4])
    share = (bin_ + 0.5) / bins
    right = [round((1 - share) * slope, 3), round(share * slope, 3)]
    if bins % 2 and bin_ == bins // 2:
        raise Unfit("both ends get the same")
    return calculation(
        f"RoIWarp reads the middle of bin {bin_} of {bins} (counted from 0). The map's "
        f"slope to the right is {slope} there. By how much does the number change if "
        "x0 moves by one place to the right, and by how much if x1 does?", right,
        f"The point stands at the share {share:g} of the side: x0 counts "
        f"{1 - share:g}, x1 {share:g}, times the slope.",
        [(right[::-1], "the ends swapped"), ([slope, slope], "both in full"),
         ([slope, round((share - 0.5) * slope, 3)], "middle and size")])


def silent_box(draws: Draws) -> Question:
    """Where a mask's loss is silent."""
    stride, side = draws.one("stride", [4, 8, 16]), draws.one("side", [40, 48, 64])
    return Question(
        f"A map of stride {stride} is 1 on an object of {side} pixels and 0 elsewhere. "
        f"A box of that size lies {side + 2 * stride} pixels beside it. What does the "
        "loss of the mask, read with RoIAlign, say to the box, if nothing cuts the "
        "gradient off?",
        "Nothing: all its points lie where the map is flat.",
        "A point teaches by the map's slope, and the slope is 0 more than a place "
        "away from an edge.",
        {"It pulls the near edge towards the object.":
            "That edge's points read 0, and so do their neighbours.",
         "It pulls all edges, the more the further away they are.":
            "So does a loss on the box's code, which is why there is one.",
         "Nothing, because RoIAlign rounds the box.":
            "RoIAlign rounds nothing; RoIPool does."})


def labelled_anchors(draws: Draws) -> Question:
    """Which anchors are positive."""
    high = draws.one("high", [0.6, 0.7])
    rows = [[draws.one("good", [0.75, 0.8]), 0.0], [0.1, draws.one("low", [0.35, 0.4])],
            [0.0, draws.one("less", [0.15, 0.25])], [0.5, 0.05]]
    order = draws.shuffled("order", range(4))
    table, names = np.array([rows[n] for n in order]), "ABCD"
    right = ", ".join(names[n] for n in sorted((order.index(0), order.index(1))))
    return calculation(
        "The figure shows the IoU, in percent, of anchors A to D (rows) with two "
        f"objects (columns). The limits are {high} and 0.3, and the best-anchor rule "
        "holds. Which anchors are positive?", right,
        f"One reaches {high}; the second object's best anchor counts, however little "
        "it is.",
        [(names[order.index(0)], "without the best-anchor rule"),
         (", ".join(names[n] for n in sorted(order.index(i) for i in (0, 1, 3))),
          "all from 0.3 on"), ("A, B, C, D", "whatever overlaps an object")],
        grids({"": (100 * table).round().astype(int)},
              f"IoUs of A to D: {table.tolist()}."))


def moved_anchor(draws: Draws) -> Question:
    """Decoding with a fault."""
    return fault(
        "From an anchor (x0, x1) and the code (dx, dw): the new ends.", """\
side = x1 - x0
middle = (x0 + x1) / 2 + dx * side
side = side * np.exp(dw)
return middle - side / 2, middle + side / 2""",
        [(1, "side = x1 - x0 + 1",
          "Ends are half-open; the box comes back too large."),
         (2, "middle = (x0 + x1) / 2 + dx",
          "dx is in sides; large anchors hardly move."),
         (3, "side = side * dw",
          "dw is a logarithm; with the code 0 the box vanishes."),
         (2, "middle = x0 + dx * side",
          "The corner moves, and the box grows round it.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (pooled_row, first_point, both_ends, silent_box, labelled_anchors,
             moved_anchor)
