"""Lesson 4 for a class: a slanted step, other heads, its own scene."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Shaped

from ifcn_course.assignment.scores import ClassScene, Scores, class_scores
from ifcn_course.assignment.sheet import SIDE, Sheet, first_steps
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.tasks.counting import number_task, window_task
from ifcn_course.assignment.variant import Unfit, Variant
from ifcn_lab.assembling import assemble
from ifcn_lab.assembling.coherence import kept, shared

SLANTED = ((1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2))
"""Steps (down, right); lesson 4 goes to the right, or along the diagonal."""

ASIDE = ("Such a place lies in one and the same row of the grid before and after, and "
         "in two different columns.")


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 4 for one class."""
    step = variant.draws.one("step", SLANTED)
    side = variant.draws.one("kernel", (1, 5, 7))
    scores, scene = class_scores(variant), ClassScene(variant)
    tasks = (number_task(variant), places_task(variant, step),
             share_task(variant, step),
             weights_task(side), window_task(variant), sum_task(variant, scores, step),
             coherent_task(scene, step))
    opening = (
        *first_steps(variant, "\n`scores` are whole numbers that stand for score maps; "
                     "no other class has them.", f"\nSTEP = {step}\n{scores.line}"),
        Lead(f"## Your step\n\nIn your class the window moves **{step[0]} down and "
             f"{step[1]} right** at once.\nThe figure shows one step.",
             "draw.show(draw.one_step(K, M, STEP))"),
    )
    return Sheet("Local coherence", "You count what a window keeps when it moves by "
                 "your class's own slanted step.", opening, tasks,
                 {"step": list(step), "kernel": side,
                  "scores": [scores.factor, scores.prime]})


def times(step: tuple[int, int], count: int) -> tuple[int, int]:
    """So many steps at once."""
    return step[0] * count, step[1] * count


def aside(k: int, m: int, step: tuple[int, int]) -> Bool[np.ndarray, "a b"]:
    """Which places of both windows keep their row of the grid and change their column.

    >>> aside(2, 4, (0, 1))[0].tolist()
    [False, True, False]
    """
    down, right = (max(0, m - moved) for moved in step)
    rows, columns = kept(k, m, (step[0], 0)), kept(k, m, (0, step[1]))
    return rows[:, :right] & ~columns[:down]


def places_task(variant: Variant, step: tuple[int, int]) -> Task:
    """How many places go aside, as a count."""
    asked = [(1, 4), (2, 6), (3, 13), (variant.k, variant.m + 1), (5, 23), (7, 30)]
    cases = calls("k = {}, m = {}", ASIDE, asked)
    down, right = step
    lines = ("part = np.arange(m) * k // m\n"
             f"rows = part[{down}:] == part[:-{down}]\n"
             f"columns = part[{right}:] != part[:-{right}]\n"
             "return rows.sum() * columns.sum()")
    count = int(aside(variant.k, variant.m, step).sum())
    return Task("places_aside(k, m)", "Count what goes aside",
        "After one step of your class, how many places of the map are in both windows, "
        "stay in their *row* of the grid and change their *column*?", lines,
        lambda k, m: int(aside(k, m, step).sum()), cases,
        tried=Tried("places_aside(K, M)", "a whole number", "For your K and M there "
                    f"are **{count}**. In the figure they have changed their map, as "
                    "have those whose row changes.", count))


def share_task(variant: Variant, step: tuple[int, int]) -> Task:
    """The share that goes aside after several steps."""
    asked = [(1, 5, 1), (3, 9, 1), (variant.k, variant.m, 2), (2, 40, 3), (3, 48, 4),
             (5, 12, 12)]
    cases = calls("k = {}, m = {}, s = {}",
                  "Divide by the places that are in both windows; where there "
                  "are none, return 0.", asked)
    down, right = step
    lines = (f"down, right = {down} * s, {right} * s\n"
             "if max(down, right) >= m:\n"
             "    return 0\n"
             "part = np.arange(m) * k // m\n"
             "rows = part[down:] == part[:-down]\n"
             "columns = part[right:] != part[:-right]\n"
             "return rows.mean() * columns.mean()")
    return Task("share_aside(k, m, s)", "The share, after s steps",
        "After s steps of your class: which share of the places that are in both "
        "windows stays in its row of the grid and changes its column?\nIf no place is "
        "in both, return 0.\ns is 1 or more.",
        lines, lambda k, m, s: share(k, m, times(step, s)), cases, agree="close")


def share(k: int, m: int, step: tuple[int, int]) -> float:
    """The share that goes aside; 0 where the windows do not meet.

    >>> share(5, 21, (0, 1)), share(5, 21, (30, 0))
    (0.2, 0.0)
    """
    found = aside(k, m, step)
    return float(found.mean()) if found.size else 0.0


def weights_task(side: int) -> Task:
    """Weights of both heads, biases too."""
    asked = [(1, 1, 1, 1, 1), (2, 3, 4, 5, 6), (512, 5, 14, 512, 56), (64, 4, 7, 8, 9)]
    cases = calls("channels = {}, k = {}, bins = {}, rank = {}, m = {}",
                  "A layer has inputs x outputs weights, and "
                  "one bias for each output.", asked)
    lines = (f"maps = {side} * {side} * channels * k * k + k * k\n"
             "linear = bins * bins * channels * rank + rank + rank * m * m + m * m\n"
             "return maps, linear")
    return Task("head_weights(channels, k, bins, rank, m)", "Two heads, with biases",
        f"In your class the score maps come from a convolution of **{side} x {side}**, "
        "and **every layer has biases**, one for each output.\nReturn two numbers: the "
        "weights and biases of that convolution, from `channels` channels to k * k "
        "maps; and those of the two linear layers of lesson 4, from bins * bins * "
        "channels numbers to `rank`, and from there to m * m.", lines,
        lambda c, k, b, r, m: (layer(side * side * c, k * k),
                               layer(b * b * c, r) + layer(r, m * m)), cases)


def layer(inputs: int, outputs: int) -> int:
    """Weights and biases of one layer."""
    return (inputs + 1) * outputs


def two_windows(
    variant: Variant, maps: Shaped[np.ndarray, "kk H W"], center: tuple[int, int],
    step: tuple[int, int],
) -> tuple[Shaped[np.ndarray, "a b"], Shaped[np.ndarray, "a b"]]:
    """The places that both windows hold, as each has them."""
    places = [center, (center[0] + step[0], center[1] + step[1])]
    ordered = variant.to_paper(maps)
    return shared(*assemble(ordered, variant.m, centers=places), step)


def sum_task(variant: Variant, scores: Scores, step: tuple[int, int]) -> Task:
    """A number: the sum of the scores that are kept."""
    m = variant.m
    y, x = (variant.draws.whole(f"sum {axis}", m // 2, 28 - m + m // 2)
            for axis in "yx")
    before, _ = two_windows(variant, scores.maps, (y, x), step)
    total = int(before[kept(variant.k, m, step)].sum())
    down, right = step
    lines = f"""\
window, part = window_at(scores, {y}, {x}), np.arange(M) * K // M
rows = part[{down}:] == part[:-{down}]
columns = part[{right}:] == part[:-{right}]
return window[{down}:, {right}:][np.ix_(rows, columns)].sum()"""
    return Task("sum_of_kept()", "What is kept in your scores",
        f"A window stands at ({y}, {x}) on `scores`, with K and M, and makes one step "
        "of your class.\nAdd up the scores that it keeps: of the places that are in "
        "both windows and are copied from the same map.\nMind your numbering.", lines,
        lambda: total,
        (Asked("the sum", (), "The place (i, j) of the first window is place (i - "
               f"{step[0]}, j - {step[1]}) of the second.", 3),))


def coherent_task(scene: ClassScene, step: tuple[int, int]) -> Task:
    """A number: places whose answer is the same before and after the step."""
    variant, (down, right) = scene.variant, step
    if (scene.centers + step).max() >= SIDE:
        raise Unfit("a step leads off the map")
    pairs = [two_windows(variant, scene.maps.astype(int), (int(y), int(x)), step)
             for y, x in scene.centers]
    lines = f"""\
count = 0
for y, x in centers:
    before = window_at(maps, y, x)[{down}:, {right}:]
    after = window_at(maps, y + {down}, x + {right})
    count += (before == after[: M - {down}, : M - {right}]).sum()
return count"""
    return Task("coherent_places()", "Coherent in your scene",
        "Each object's window makes one step of your class on `maps`.\nOf the places "
        "that are in both windows, how many have the same value before and after? Add "
        "up all objects.\nCount every place of equal value, whichever map it comes "
        "from.", lines, lambda: int(sum((one == other).sum() for one, other in pairs)),
        (Asked("the count", (), "A window may reach over the border; there it is 0.",
               3),), before=(scene.step(),))
