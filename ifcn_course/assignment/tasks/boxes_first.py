"""Lesson 10 for a class: points of its own, its own labels, its scene's map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import SIDE, STRIDE, Sheet, first_step
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.variant import Variant


class Rule(NamedTuple):
    """Where a class reads: a point at `share` of its bin, a place's number at `stands`
    of the place. The lesson has 1/2 for both.
    """

    share: float
    stands: float

    def points(self, first: float, past: float, bins: int) -> Float[np.ndarray, " P"]:
        """The indices of the map at which the bins of a side are read.

        >>> Rule(0.5, 0.5).points(0, 4, 2).tolist()
        [0.5, 2.5]
        """
        return first + (np.arange(bins) + self.share) * (past - first) / bins \
            - self.stands

    def read(
        self, row: Sequence[float] | np.ndarray, first: float, past: float, bins: int
    ) -> list[float]:
        """What is read of a row; beyond its ends their numbers go on."""
        at = self.points(first, past, bins)
        return np.interp(at, np.arange(len(row)), row).tolist()


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 10 for one class."""
    draws = variant.draws
    rule = Rule(draws.one("share", (0.2, 0.3, 0.7, 0.8)),
                draws.one("stands", (0.1, 0.25, 0.75, 0.9)))
    high, low = draws.one("high", (0.6, 0.65, 0.75)), draws.one("low", (0.2, 0.25, 0.4))
    left = draws.one("left", (-3, -4, -5, -6))
    own = ClassScene(variant)
    tasks = (points_task(rule), ends_task(rule), read_task(rule),
             labels_task(high, low, left), slopes_task(rule, own, variant),
             sum_task(rule, own, variant))
    opening = (first_step(variant), Lead(
        f"## Your rule\n\nIn your class a bin is read in one point, at the share "
        f"**{rule.share}** of its width, counted from its left end.\nThe number of a "
        f"place stands at the share **{rule.stands}** of the place: index 0 of a row "
        f"stands at {rule.stands} places, index 1 one place further.\nThe lesson has "
        "one half for both. You do not."))
    return Sheet("Boxes first", "You read boxes with points that stand in your "
                 "class's own places.", opening, tasks,
                 {"share": rule.share, "stands": rule.stands, "high": high, "low": low,
                  "left": left}, uses=("m", "scene"))


def points_task(rule: Rule) -> Task:
    """Where the bins of a side are read."""
    asked = [(0, 4, 2), (0, 1, 1), (1.5, 4, 3), (2.25, 9.75, 5), (-1, 6, 7)]
    cases = calls("first = {}, past = {}, bins = {}", "A point's place less what a "
                  "place's number stands at gives its index.", asked)
    lines = (f"at = first + (np.arange(bins) + {rule.share}) * (past - first) / bins\n"
             f"return at - {rule.stands}")
    return Task("points(first, past, bins)", "Where you read",
        "A side of a box goes from `first` to `past`, in places, and has `bins` bins "
        "of one width.\nReturn the index of the map, with a fraction, at which each "
        "bin is read.\nLater tasks may call this function.", lines,
        lambda first, past, bins: rule.points(first, past, bins), cases, agree="close")


def ends_task(rule: Rule) -> Task:
    """How a bin's point moves with the ends of the side."""
    asked = [(1, 0), (2, 0), (2, 1), (4, 3), (7, 2)]
    cases = calls("bins = {}, b = {}", "At which share of the whole side does this "
                  "point stand?", asked)
    lines = f"share = (b + {rule.share}) / bins\nreturn 1 - share, share"
    return Task("ends(bins, b)", "What moves a point",
        "By how much does the point of bin b move if the side's first end moves by "
        "one, and by how much if its other end does?\nReturn both.", lines,
        lambda bins, b: (1 - (b + rule.share) / bins, (b + rule.share) / bins), cases,
        agree="close")


def read_task(rule: Rule) -> Task:
    """What is read of a row, between its numbers linearly."""
    rows = [[0, 1, 2, 3], [5, 5, 9, 1, 0], [0, 8, 0, 8, 0, 8, 0], [3]]
    asked = [(rows[0], 1, 3, 2), (rows[1], 0.5, 4.5, 3), (rows[2], -1, 8, 5),
             (rows[3], 0, 1, 2), (rows[1], 4, 9, 2)]
    cases = calls("row = {}, first = {}, past = {}, bins = {}", "Between two numbers "
                  "the nearer one counts more; `np.interp` does it.", asked)
    lines = "return np.interp(points(first, past, bins), np.arange(len(row)), row)"
    return Task("read(row, first, past, bins)", "Read a row",
        "Read the bins of a side in `row`, a list of numbers: between two of them "
        "linearly, and beyond its ends the first or last number goes on.", lines,
        lambda row, first, past, bins: rule.read(row, first, past, bins), cases,
        agree="close", tried=Tried("read([0, 10, 20, 30], 0.5, 3.5, 3)",
                                   "numbers of shape (3,)"))


def labels_task(high: float, low: float, left: int) -> Task:
    """Labels of anchors in the class's own numbers, from a table that lies."""
    six = np.array([[1, .7, .5, .3, 0, 0], [0, 0, 0, 0, .36, 0]])
    asked = [np.array([[0.9]]), np.array([[0.9, 0.1, 0.5]]),
             np.array([[0.9, high, low, 0.1]]), np.array([[0.5, 0.1], [0.0, 0.3]]),
             np.array([[0.95, 0.1], [0.8, 0.1]]), six]
    cases = tuple(Asked(f"{len(table)} objects, {table.shape[1]} anchors", (table,),
                        "Rows are objects here; first the limits, then the best "
                        "anchor of each object.") for table in asked)
    lines = f"""\
label, most = overlap.argmax(0) + 1, overlap.max(0)
label[most < {high}] = {left}
label[most < {low}] = 0
for own, anchor in enumerate(overlap.argmax(1)):
    if label[anchor] <= 0:
        label[anchor] = own + 1
return label"""
    return Task("labels(overlap)", "Label anchors",
        f"`overlap[o, a]` is the IoU of object o with anchor a: a row is an object.\n"
        "An anchor gets the number of the object that it overlaps most, **counted "
        f"from 1**, if that is {high} or more; below {low} it gets **0**, and between "
        f"them **{left}**.\nThen each object's best anchor gets this object's number, "
        "unless it has one.", lines,
        lambda overlap: labelled(overlap, high, low, left), cases)


def labelled(
    overlap: Float[np.ndarray, "M N"], high: float, low: float, left: int
) -> list[int]:
    """Labels by the library, in the class's numbers."""
    import torch

    from ifcn_lab.layers.boxes import match

    found = match(torch.from_numpy(overlap.T.copy()), high, low).tolist()
    return [{-1: 0, -2: left}.get(label, label + 1) for label in found]


def scene_map(own: ClassScene) -> Float[np.ndarray, "H W"]:
    """The share of each place that objects cover."""
    covered = own.scene.masks.any(0)
    return covered.reshape(SIDE, STRIDE, SIDE, STRIDE).mean((1, 3))


def slopes_task(rule: Rule, own: ClassScene, variant: Variant) -> Task:
    """A number: what reaches the ends of a side, over all rows of the scene's map."""
    first, past, bins = side_of(variant, "slopes")
    plane = scene_map(own)

    def total() -> float:
        return float(sum(
            (n + 1) * (b + 1) * number for n, row in enumerate(plane)
            for b, number in enumerate(rule.read(row, first, past, bins))))

    lines = f"""\
total = 0
for n, row in enumerate(plane):
    for b, number in enumerate(read(row, {first}, {past}, {bins})):
        total += (n + 1) * (b + 1) * number
return total"""
    answer = read_once(rule, plane, variant)
    row, low, high = answer[0]
    return Task("weighted_bins()", "Bins of your scene",
        f"Read every row of `plane` from {first} to {past} with {bins} bins.\nAdd up "
        "all numbers, each times its row + 1 and times its bin + 1, both counted from "
        "0.", lines, total, (Asked("the sum", (), "Read row by row.", 3),),
        before=(scene_step(variant),), tried=Tried(
            f"float(np.sum(read(plane[{row}], {low}, {high}, 6)))", "a number",
            f"The six bins of row {row} from {low} to {high} add up to "
            f"**{answer[1]:.4f}**. Do yours?", answer[1]))


def scene_step(variant: Variant) -> Lead:
    """The class's scene and its map."""
    return Lead("## Your scene\n\n`plane` is a map of your class's scene at stride "
                f"{STRIDE}: the share of each place that objects cover.",
                f"scene = scenes.make({variant.scene})\n"
                "covered = scene.masks.any(0)\n"
                f"plane = covered.reshape({SIDE}, {STRIDE}, {SIDE}, {STRIDE})"
                ".mean((1, 3))\n"
                "draw.show(pictures.scene_windows(scene.image, scene.masks, [], M))")


def side_of(variant: Variant, name: str) -> tuple[float, float, int]:
    """A side of a box, in places, with its bins."""
    draws = variant.draws
    first = draws.whole(f"{name} first", 8, 40) / 4
    return (first, first + draws.whole(f"{name} side", 41, 71) / 4,
            draws.one(f"{name} bins", (5, 6, 7, 9)))


def read_once(
    rule: Rule, plane: Float[np.ndarray, "H W"], variant: Variant
) -> tuple[tuple[int, float, float], float]:
    """The fullest row, a side of it, and what six bins of it add up to."""
    row = int(plane.sum(1).argmax())
    first = variant.draws.whole("once", 5, 30) / 4
    return (row, first, first + 20.5), float(np.sum(rule.read(
        plane[row], first, first + 20.5, 6)))


def sum_task(rule: Rule, own: ClassScene, variant: Variant) -> Task:
    """A number: what bins of a box read, in both directions."""
    first, past, bins = side_of(variant, "box")
    plane = scene_map(own)

    def total() -> float:
        lines = np.array([rule.read(row, first, past, bins) for row in plane])
        both = np.array([rule.read(column, first, past, bins) for column in lines.T])
        return float((both.T * (np.arange(bins * bins).reshape(bins, bins) + 1)).sum())

    lines = f"""\
lines = np.array([read(row, {first}, {past}, {bins}) for row in plane])
both = np.array([read(column, {first}, {past}, {bins}) for column in lines.T])
number = np.arange({bins} * {bins}).reshape({bins}, {bins}) + 1
return float((both.T * number).sum())"""
    return Task("box_of_scene()", "A box of your scene",
        f"A box goes from {first} to {past} in both directions and has {bins} x {bins} "
        "bins.\nRead `plane` in it: first along the rows, then what came of it along "
        "the columns.\nAdd up the numbers of all bins, each times its own number, "
        f"counted row by row from 1 to {bins * bins}.", lines, total,
        (Asked("the sum", (), "Rows first, columns then, with the same rule.", 3),))
