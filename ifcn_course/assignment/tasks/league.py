"""Lesson 14 for a class: its own rule, its own margin, its own way to report runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import mean, stdev

import numpy as np
from jaxtyping import Float, Shaped

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import Sheet, first_step
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.variant import Variant

REPORTS: dict[str, tuple[str, Callable[[Sequence[float]], float]]] = {
    "the second best of them": ("sorted(some)[-2]", lambda some: sorted(some)[-2]),
    "the mean of the best two of them": (
        "sum(sorted(some)[-2:]) / 2", lambda some: mean(sorted(some)[-2:])),
    "the middle between the best and the worst of them": (
        "(max(some) + min(some)) / 2", lambda some: (max(some) + min(some)) / 2),
}
"""What a class reports of some runs, as source and as a function."""


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 14 for one class."""
    draws, scene = variant.draws, ClassScene(variant)
    reach, margin = draws.one("reach", (1.5, 2.5, 3.0)), draws.whole("margin", 2, 5)
    said = draws.shuffled("said", (3, 4, 6, 7))[:3]
    report = draws.one("report", list(REPORTS))
    shift = (draws.whole("down", 1, 4), draws.whole("right", 1, 4))
    tasks = (judge_task(reach, said), front_task(margin), report_task(report),
             found_task(scene, shift), luck_task(scene, shift, report))
    return Sheet("The league", "You judge differences, choose models and report runs "
                 "by your class's own rules.", (first_step(variant),), tasks,
                 {"reach": reach, "margin": margin, "said": said, "report": report,
                  "shift": list(shift)}, uses=("m", "scene"))


def judged(
    values: Sequence[float], low: float, high: float, reach: float, said: Sequence[int]
) -> int:
    """What the class says of a difference: shown, refuted or neither.

    >>> judged([4, 5, 6], 0, 9, 2.5, [3, 4, 6])
    3
    """
    first = mean(values) - reach * stdev(values)
    last = mean(values) + reach * stdev(values)
    if low < first and last < high:
        return said[0]
    return said[1] if last < low or first > high else said[2]


def front(
    costs: Shaped[np.ndarray, " n"], figures: Shaped[np.ndarray, " n"], margin: int
) -> list[int]:
    """Models that no other beats by the class's margin, the dearest first.

    >>> front(np.array([1, 2, 3]), np.array([70, 71, 80]), 2)
    [2, 1, 0]
    """
    return [n for n in np.argsort(-costs, kind="stable").tolist()
            if not ((costs <= costs[n]) & (figures >= figures[n] + margin)).any()]


def reported(values: Sequence[float], n: int, report: str) -> float:
    """What the class reports of n of these runs, on average over all choices.

    >>> reported([1, 2, 3], 2, "the second best of them")
    1.3333333333333333
    """
    return float(np.mean([REPORTS[report][1](some)
                          for some in combinations(values, n)]))


def shifted_ious(scene: ClassScene, shift: tuple[int, int]) -> Float[np.ndarray, " N"]:
    """The IoU of each object with itself, moved down and to the right."""
    masks = scene.scene.masks
    moved = np.roll(masks, shift, (1, 2))
    return (masks & moved).sum((1, 2)) / (masks | moved).sum((1, 2))


def judge_task(reach: float, said: Sequence[int]) -> Task:
    """The class's rule of a difference."""
    shown, refuted, neither = said
    asked = [([4.0, 5.0, 6.0], 0, 99), ([-6.0, -5.0, -4.0], 0, 99),
             ([0.1, 2.0, 3.9], 0, 99), ([8.0, 9.0, 10.0], -3, 3),
             ([1.0, 4.0, 4.0, 4.5], -9, 9), ([2.0, 3.0, 4.0, 5.5], 0, 9)]
    cases = calls("values {}, from {} to {}", f"Ask for mean - {reach:g} s and mean + "
                  f"{reach:g} s, s divided by n - 1.", asked)
    lines = f"""\
d, s = np.mean(values), np.std(values, ddof=1)
first, last = d - {reach:g} * s, d + {reach:g} * s
if low < first and last < high:
    return {shown}
return {refuted} if last < low or first > high else {neither}"""
    return Task("judge(values, low, high)", "What a difference shows",
        "`values` holds a difference, seed by seed; d is its mean and s its standard "
        f"deviation, divided by n - 1.\nIn your class it counts what lies from d - "
        f"{reach:g} s to d + {reach:g} s.\nReturn **{shown}** if all of that lies "
        f"between `low` and `high`, **{refuted}** if all of it lies below `low` or all "
        f"of it above `high`, and else **{neither}**.", lines,
        lambda values, low, high: judged(values, low, high, reach, said), cases)


def front_task(margin: int) -> Task:
    """Whom no other beats by the class's margin."""
    asked = [([5, 9], [80, 70]), ([1, 2], [80, 80]), ([1, 2], [70, 70 + margin - 1]),
             ([1, 2], [70 + margin, 70]), ([1, 2], [70 + margin - 1, 70]),
             ([9, 4, 1, 6], [90, 80, 50, 75]), ([2, 8, 5, 1, 9], [60, 85, 61, 40, 84])]
    cases = tuple(Asked(f"costs {costs}, figures {figures}",
                        (np.array(costs), np.array(figures)),
                        f"A rival costs no more and finds {margin} points more.")
                  for costs, figures in asked)
    lines = f"""\
kept = []
for n in np.argsort(-costs, kind="stable"):
    rivals = (costs <= costs[n]) & (figures >= figures[n] + {margin})
    if not rivals.any():
        kept.append(int(n))
return kept"""
    return Task("front(costs, figures)", "Whom would you keep?",
        "`costs` and `figures` are of some models, numbered from 0.\nIn your class a "
        f"model is beaten if another costs no more and its figure is **at least "
        f"{margin} points** higher.\nReturn the numbers of all models that are not "
        "beaten, the **dearest** first.", lines,
        lambda costs, figures: front(costs, figures, margin), cases)


def report_task(report: str) -> Task:
    """What the class reports of some runs."""
    values = [84.4, 80.3, 87.1, 85.2, 83.9]
    target = reported(values, 4, report)
    lines = f"""\
from itertools import combinations
said = [{REPORTS[report][0]} for some in combinations(values, n)]
return float(np.mean(said))"""
    return Task("reported(values, n)", "What is reported",
        "Somebody makes `n` of these runs, two at least, each choice of different runs "
        f"as likely, and reports **{report}**.\nReturn what is reported on average.\n"
        "A later task may call this function.",
        lines, lambda values, n: reported(values, n, report),
        calls("{}, n = {}", "Take every choice once: itertools.combinations.",
              [([1, 2, 6], 3), ([1, 2, 6], 2), ([5, 1, 8, 2], 3), (values, 3)]),
        agree="close",
        tried=Tried(f"reported({values}, 4)", "a number", "Four of five runs: your "
                    f"class reports **{target:.4f}**. Do you?", target))


def scene_step(scene: ClassScene, shift: tuple[int, int]) -> Lead:
    """The class's scene, and the IoU of its objects with themselves, moved."""
    code = (f"masks = scenes.make({scene.variant.scene}).masks\n"
            f"moved = np.roll(masks, {shift}, (1, 2))")
    return Lead("## Your scene\n\nA scene of your class, and an answer to each of its "
                f"objects that is off by {shift[0]} rows and {shift[1]} columns.\n"
                "`masks` and `moved` have a mask for each object.", code)


def found_task(scene: ClassScene, shift: tuple[int, int]) -> Task:
    """A number: thresholds at which moved masks still count."""
    ious = 100 * shifted_ious(scene, shift)
    total = int(sum(t * (ious >= t).sum() for t in range(40, 100)))
    lines = """\
overlap = (masks & moved).sum((1, 2)) / (masks | moved).sum((1, 2))
return int(sum(t * (100 * overlap >= t).sum() for t in range(40, 100)))"""
    return Task("found_at()", "Found at which thresholds?",
        "The IoU of an object is that of its mask with the moved one, in percent.\nFor "
        "each threshold of 40, 41, ... 99 count the objects that reach it, multiply by "
        "the threshold, and return the sum over all thresholds.", lines, lambda: total,
        (Asked("the sum", (), "An object counts from its threshold on.", 3),),
        before=(scene_step(scene, shift),))


def luck_task(scene: ClassScene, shift: tuple[int, int], report: str) -> Task:
    """A number: the class's report of the scene's IoUs."""
    value = 1_000_000 * reported(shifted_ious(scene, shift).tolist(), 2, report)
    lines = """\
overlap = (masks & moved).sum((1, 2)) / (masks | moved).sum((1, 2))
return 1_000_000 * reported(overlap.tolist(), 2)"""
    return Task("luck_of_objects()", "Objects as runs",
        "Take the IoUs of your scene's objects, as shares, for runs.\nReturn 1 000 000 "
        "times what your class reports of 2 of them, on average.", lines, lambda: value,
        (Asked("the number", (), "An IoU divides what both have by what either has.",
               3),), agree="close")
