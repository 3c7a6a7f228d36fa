"""Lesson 11 for a class: pairs of maps in its own order, with its own vote."""

from __future__ import annotations

from itertools import combinations
from textwrap import indent
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_course.assignment.scores import ClassScene, grids
from ifcn_course.assignment.sheet import SIDE, Sheet, first_steps
from ifcn_course.assignment.task import Asked, Lead, Task, Tried
from ifcn_course.assignment.variant import Draws, Variant
from ifcn_lab.grid import Grid
from ifcn_lab.windows.oracle import parts_seen

COUNT = 3
"""Categories of a class, the background among them."""


class Layout(NamedTuple):
    """How channels lie: in words, as an expression, and the axes of a table of them."""

    words: str
    line: str
    axes: tuple[int, int, int]


LAYOUTS = {
    "sides first": Layout(
        "all inside maps stand before all outside maps; among each, category by "
        "category, and of each category part by part",
        "return (s * count + c) * k * k + part", (1, 0, 2)),
    "parts first": Layout(
        "the maps of part 0 come first, then those of part 1; of each part category by "
        "category, and of each category inside, then outside",
        "return (part * count + c) * 2 + s", (2, 0, 1)),
    "sides last": Layout(
        "category by category, within each part by part, and of each part inside, then "
        "outside", "return (c * k * k + part) * 2 + s", (0, 2, 1)),
}
VOTES = {
    "the median": ("the median over all bins",
                   "return np.median(best, (1, 2))"),
    "without the rim": ("the mean over the bins that do not lie on the region's rim",
                        "return best[:, 1:-1, 1:-1].mean((1, 2))"),
    "rows": ("the mean over all bins, where the bins of the upper half count twice; "
             "with P bins per side these are the first P // 2 rows",
             "weight = np.ones(best.shape[1:])\nweight[:len(weight) // 2] = 2\n"
             "return (best * weight).sum((1, 2)) / weight.sum()"),
}
TEMPERATURES = (0.5, 2.0, 4.0)


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 11 for one class."""
    draws, scene = variant.draws, ClassScene(variant)
    layout, vote = draws.one("layout", list(LAYOUTS)), draws.one("vote", list(VOTES))
    warm = draws.one("temperature", TEMPERATURES)
    tasks = (channel_task(variant, layout), mask_task(draws, warm),
             votes_task(draws, vote), region_task(scene, layout), contested_task(scene))
    return Sheet("Parts with classes", "You read masks and categories from pairs of "
                 "maps that lie in your class's own order.", first_steps(variant),
                 tasks, {"layout": layout, "vote": vote, "temperature": str(warm)})


def channels(
    variant: Variant, layout: str, k: int, count: int
) -> Int[np.ndarray, "C S k k"]:
    """The channel of every category, side and part, from a table that is turned."""
    axes, sizes = LAYOUTS[layout].axes, (count, 2, k * k)
    table = np.arange(np.prod(sizes)).reshape([sizes[axis] for axis in axes])
    turned = table.transpose(np.argsort(axes))                       # (C, 2, k * k)
    return turned[:, :, variant.table(k)]


def channel_task(variant: Variant, layout: str) -> Task:
    """The channel of a pair's map, and a printed target."""
    k = variant.k
    asked = [(c, s, a, b, of, count) for of in grids(variant) for c, s, a, b, count in
             [(0, 1, 0, of - 1, 2), (1, 0, of - 1, 0, 3), (2, 1, 1, 0, 4)]]
    asked += [(1, 1, k - 1, k // 2, k, 5), (3, 0, 0, k // 2, k, 5)]
    cases = tuple(Asked(f"category {c}, side {s}, part ({a}, {b}), k = {of}, {count} "
                        "categories", (c, s, a, b, of, count),
                        "First the number of the part in your order, then the layout.")
                  for c, s, a, b, of, count in asked)
    number = "def number(a, b):\n" + indent(variant.number_lines, "    ")
    every = channels(variant, layout, k, COUNT)
    total = int((every[1, 1] * np.arange(1, k * k + 1).reshape(k, k)).sum())
    return Task("channel(c, s, a, b, k, count)", "Which map?",
        "Write the channel of a map of FCIS: category c of `count`, the background "
        "among them; side s, 0 for inside and 1 for outside; the part in row a and "
        f"column b of k x k.\nIn your class {LAYOUTS[layout].words}.\nThe parts are "
        "counted in your order. Later tasks may call this function.",
        f"{number}\npart = number(a, b)\n{LAYOUTS[layout].line}",
        lambda c, s, a, b, k, count: int(channels(variant, layout, k, count)[c, s, a,
                                                                            b]),
        cases, tried=Tried(
            "sum((a * K + b + 1) * channel(1, 1, a, b, K, 3) for a in range(K) "
            "for b in range(K))", "a whole number",
            "The outside maps of category 1 of 3, each channel times 1, 2, 3 and so on "
            f"row by row of the grid, add up to **{total}**. Do yours?", total))


def some(draws: Draws, name: str, *shape: int) -> Float[np.ndarray, "*shape"]:
    """Scores in quarters, drawn for the class."""
    flat = [draws.whole(f"{name} {n}", -12, 12) / 4 for n in range(np.prod(shape))]
    return np.array(flat).reshape(shape)


def mask_task(draws: Draws, warm: float) -> Task:
    """The mask of a pair whose softmax has a temperature."""
    asked = [some(draws, f"region {n}", 2, n, n + 1) for n in (1, 2, 4)]
    cases = tuple(Asked(f"{region.shape[1]} x {region.shape[2]} bins", (region,),
                        "Divide both scores before the softmax.", 2)
                  for region in asked)
    lines = (f"scores = region / {warm}\n"
             "return 1 / (1 + np.exp(scores[1] - scores[0]))")
    return Task("warm_mask(region)", "A softer mask",
        "`region` is (2, P, Q): inside, then outside.\nReturn the probability of the "
        f"mask for each bin. In your class both scores are divided by {warm} before "
        "the softmax.", lines, lambda region: warm_mask(region, warm), cases,
        agree="close")


def warm_mask(
    region: Float[np.ndarray, "2 P Q"], warm: float
) -> Float[np.ndarray, "P Q"]:
    """The first share of a softmax over a pair that is divided by `warm` before.

    >>> warm_mask(np.array([[[2.0]], [[0.0]]]), 2.0).round(4).tolist()
    [[0.7311]]
    """
    powers = np.exp(region / warm)
    return powers[0] / powers.sum(0)


def votes_task(draws: Draws, vote: str) -> Task:
    """The vote of each category, by the class's rule."""
    said, line = VOTES[vote]
    asked = [some(draws, f"votes {n}", count, 2, side, side)
             for n, (count, side) in enumerate([(2, 3), (3, 4), (4, 5)])]
    cases = tuple(Asked(f"{len(pairs)} categories, {pairs.shape[2]} x {pairs.shape[2]} "
                        "bins", (pairs,), f"Of the maxima take {said}.", 2)
                  for pairs in asked)
    return Task("own_votes(pairs)", "Your class's vote",
        "`pairs` is (count, 2, P, P): of each category inside and outside.\nReturn one "
        f"vote for each category: of each pair the larger number, and then {said}.\n"
        "No softmax.", f"best = pairs.max(1)\n{line}",
        lambda pairs: voted(pairs, vote), cases, agree="close")


def voted(pairs: Float[np.ndarray, "C 2 P P"], vote: str) -> Float[np.ndarray, " C"]:
    """The votes, written otherwise than in the solution."""
    best = np.where(pairs[:, 0] > pairs[:, 1], pairs[:, 0], pairs[:, 1])
    if vote == "the median":
        return np.array([np.median(each.ravel()) for each in best])
    if vote == "without the rim":
        return np.array([np.mean([row[1:-1] for row in each[1:-1]]) for each in best])
    upper = best[:, : best.shape[1] // 2]
    sizes = best[0].size + upper[0].size
    return (best.sum((1, 2)) + upper.sum((1, 2))) / sizes


def region_task(scene: ClassScene, layout: str) -> Task:
    """A number: bins of a region that have more inside, category by category."""
    variant = scene.variant
    factor = variant.draws.whole("factor of pairs", 101, 799)
    before = Lead(
        "## Your maps and your scene\n\n`scores` are the maps of 3 categories, in the "
        "order of your class; the numbers mean nothing.\n`covered` are the objects of "
        f"your scene on {SIDE} x {SIDE} places, and `centers` the middles of their "
        "windows.", f"{scene.lines(maps=False)}\n"
        f"scores = {factor} * np.arange({COUNT * 2} * K * K * {SIDE} * {SIDE}) % 997\n"
        f"scores = scores.reshape(-1, {SIDE}, {SIDE})")
    lines = """\
total = 0
for c, i, j in np.ndindex(3, M, M):
    y, x = centers[0][0] - M // 2 + i, centers[0][1] - M // 2 + j
    if 0 <= y < 32 and 0 <= x < 32:
        a, b = i * K // M, j * K // M
        read = [scores[channel(c, s, a, b, K, 3)][y, x] for s in (0, 1)]
        total += (c + 1) * (read[0] > read[1]) * (i + 1)
return total"""
    return Task("inside_bins()", "One region, three categories",
        "The region is the window of the first object, with one place for each bin; "
        "bins off the maps are left out.\nFor each category take the bins in which "
        "inside is larger than outside, and add up their row numbers in the region, "
        "counted from 1.\nReturn the sum of category 0, plus 2 times that of category "
        "1, plus 3 times that of category 2.", lines,
        lambda: inside_total(scene, layout, factor),
        (Asked("the weighted sum", (), "Each bin reads both sides at its own place.",
               3),), before=(before,))


def inside_total(scene: ClassScene, layout: str, factor: int) -> int:
    """The weighted sum, from whole maps instead of bins."""
    variant, k, m = scene.variant, scene.variant.k, scene.variant.m
    scores = (factor * np.arange(COUNT * 2 * k * k * SIDE ** 2) % 997).reshape(
        -1, SIDE, SIDE)
    where, total = channels(variant, layout, k, COUNT), 0
    start = scene.centers[0] - m // 2
    offset = np.indices((SIDE, SIDE)) - start[:, None, None]
    held = ((offset >= 0) & (offset < m)).all(0)
    a, b = offset.clip(0, m - 1) * k // m
    for c in range(COUNT):
        inside, outside = (np.take_along_axis(scores, where[c, s][a, b][None], 0)[0]
                           for s in (0, 1))
        total += (c + 1) * int(((inside > outside) & held).astype(int).ravel()
                               @ (offset[0] + 1).ravel())
    return total


def contested_task(scene: ClassScene) -> Task:
    """A number: places of which two windows ask opposite things."""
    lines = """\
total = 0
for k in range(1, 6):
    for n in range(len(centers)):
        for other in range(n):
            for y, x in np.argwhere(covered[n] != covered[other]):
                i, j = np.array([y, x]) - centers[n] + M // 2
                u, v = np.array([y, x]) - centers[other] + M // 2
                held = 0 <= min(i, j, u, v) and max(i, j, u, v) < M
                same = (i * k // M == u * k // M
                        and j * k // M == v * k // M)
                total += k * (held and same)
return total"""
    return Task("contested()", "Two answers asked of one map",
        "A place is contested by two objects if it belongs to exactly one of them, "
        "lies in both their windows of M x M places, and plays the same part in both.\n"
        "Count the contested places of all pairs of objects of your scene, for "
        "k = 1 to 5.\nReturn the count with k = 1, plus 2 times that with k = 2, and "
        "so on.", lines, lambda: contested_total(scene),
        (Asked("the weighted count", (), "The part depends on k, the window does not.",
               3),))


def contested_total(scene: ClassScene) -> int:
    """The weighted count, from the parts of whole maps."""
    total, m = 0, scene.variant.m
    for k in range(1, 6):
        seen = [parts_seen(center, Grid(k, m), (SIDE, SIDE))
                for center in scene.centers]
        for (one, mask), (two, other) in combinations(
                zip(seen, scene.covered, strict=True), 2):
            asked: Bool[np.ndarray, "H W"] = (one == two) & (one >= 0) & (mask != other)
            total += k * int(asked.sum())
    return total
