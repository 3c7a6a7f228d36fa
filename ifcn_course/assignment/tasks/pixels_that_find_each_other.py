"""Lesson 13 for a class: its own norm and margins, its own names of ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Shaped

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import STRIDE, Sheet, first_step
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.variant import Variant

NORMS = {
    "the sum of absolute differences": ("np.abs({}).sum(1)", 1),
    "the largest absolute difference": ("np.abs({}).max(1)", np.inf),
}
"""How far two vectors are from each other; the lesson takes the root of squares."""


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 13 for one class."""
    draws, scene = variant.draws, ClassScene(variant)
    norm = draws.one("norm", list(NORMS))
    sharp = draws.one("sharp", (1.5, 2.5, 3.0, 4.0))
    pull = draws.one("pull", (0.04, 0.05, 0.06, 0.07))
    names = draws.shuffled("names", (0, 1, 2, 3))
    tasks = (reach_task(sharp), spread_task(norm), marks_task(names),
             starts_task(scene, names), colours_task(scene, norm, pull))
    return Sheet("Pixels that find each other", "You measure how far vectors spread, "
                 "and say where objects begin and end, in your class's own way.",
                 (first_step(variant),), tasks,
                 {"norm": norm, "sharp": sharp, "pull": pull, "names": list(names)},
                 uses=("m", "scene"))


def reach(tau: float, sharp: float) -> float:
    """The distance at which the class's likeness is tau.

    >>> round(reach(0.5, 1.0), 4)
    1.0481
    """
    return float(np.sqrt(np.log(2 / tau - 1) / sharp))


def spread(
    vectors: Float[np.ndarray, "N D"], own: Int[np.ndarray, " N"], pull: float,
    norm: str,
) -> float:
    """The variance term with the class's distance."""
    found = []
    for number in np.unique(own):
        mine = vectors[own == number]
        far = np.linalg.norm(mine - mine.mean(0), NORMS[norm][1], axis=1)
        found.append(float((np.maximum(0, far - pull) ** 2).mean()))
    return float(np.mean(found))


def marks(row: Sequence[int], names: Sequence[int]) -> list[int]:
    """Background, inside, start and end of a row, under the class's names.

    A run of one place is an end.

    >>> marks([1, 1, 2, 0], [0, 1, 2, 3])
    [2, 3, 3, 0]
    """
    wide = [-1, *row, -1]
    said = [0 if own == 0 else 3 if own != wide[n + 2] else 2 if own != wide[n] else 1
            for n, own in enumerate(row)]
    return [names[each] for each in said]


def own_of(scene: ClassScene) -> Int[np.ndarray, "H W"]:
    """The object at the corner of each place, from 1; 0 is background."""
    numbers = np.arange(1, len(scene.scene.masks) + 1)[:, None, None]
    return (scene.scene.masks * numbers).sum(0)[::STRIDE, ::STRIDE]


def reach_task(sharp: float) -> Task:
    """tau as a distance, for the class's likeness."""
    target = reach(0.8, sharp)
    return Task("reach(tau)", "Likeness as a distance",
        f"In your class the likeness of two vectors is 2 / (1 + exp({sharp:g} * d * d))"
        ", d their distance.\nReturn the distance at which it is `tau`.",
        f"return np.sqrt(np.log(2 / tau - 1) / {sharp:g})",
        lambda tau: reach(tau, sharp),
        calls("tau = {}", "Solve for d: log(2 / tau - 1) is what stands in exp.",
              [(0.5,), (0.25,), (0.9,), (0.99,)]), agree="close",
        tried=Tried("reach(0.8)", "a number", "Your class's likeness falls to 0.8 at a "
                    f"distance of **{target:.4f}**. Does yours?", target))


def spread_task(norm: str) -> Task:
    """The variance term with another distance."""
    line = np.array([[-2.0, 0], [2, 1], [0, -1], [5, 5], [7, 5]])
    wide = np.array([[0.0, 1, 2], [3, 1, 0], [1, 1, 5], [9, 9, 9], [8, 9, 7]])
    asked = [("one object", line[:3], [1, 1, 1], 0.5), ("two objects", line,
             [1, 1, 1, 2, 2], 0.5), ("a place alone", line[:4], [3, 3, 3, 7], 0.25),
             ("vectors of three numbers", wide, [1, 1, 1, 2, 2], 1.0),
             ("all near enough", line, [1, 1, 1, 2, 2], 9.0)]
    cases = tuple(Asked(what, (vectors, np.array(own), pull),
                        f"The distance is {norm} from the object's mean.")
                  for what, vectors, own, pull in asked)
    lines = f"""\
costs = []
for number in np.unique(own):
    mine = vectors[own == number]
    away = {NORMS[norm][0].format("mine - mine.mean(0)")}
    costs.append((np.maximum(0, away - pull) ** 2).mean())
return float(np.mean(costs))"""
    return Task("spread(vectors, own, pull)", "Variance with your distance",
        f"In your class a vector's distance from the mean of its object is **{norm}**."
        "\nReturn the variance term: of each object the mean of max(0, distance - "
        "pull), squared; then the mean over objects.\n`own` holds the number of each "
        "vector's object. A later task may call this function.", lines,
        lambda vectors, own, pull: spread(vectors, own, pull, norm), cases,
        agree="close",
        tried=Tried("spread(np.eye(3), np.array([1, 1, 1]), 0.5)", "a number"))


def marks_task(names: Sequence[int]) -> Task:
    """Ends of runs under other names, where a run of one place is an end."""
    rows = [[0, 0], [4], [0, 1, 1, 1, 0], [1, 1, 2, 2], [0, 1, 1, 1, 2, 2, 0, 3]]
    nothing, inside, start, end = names
    lines = f"""\
wide, said = [-1, *row, -1], []
for n, own in enumerate(row):
    begins, stops = own != wide[n], own != wide[n + 2]
    label = {end} if stops else {start} if begins else {inside}
    said.append(label if own else {nothing})
return said"""
    return Task("marks(row)", "Where runs begin and end",
        f"In your class background is **{nothing}**, inside **{inside}**, the start of "
        f"a run **{start}** and its end **{end}**.\n`row` holds the number of each "
        "place's object, 0 for background. A run of one place is an **end**."
        "\nReturn a list.",
        lines, lambda row: marks(row, names),
        tuple(Asked(f"row {row}", (row,), "Compare each place with both neighbours.")
              for row in rows))


def scene_step(scene: ClassScene) -> Lead:
    """The class's scene, and whose each place is."""
    code = (f"scene = scenes.make({scene.variant.scene})\n"
            "numbers = np.arange(1, len(scene.masks) + 1)[:, None, None]\n"
            f"own = (scene.masks * numbers).sum(0)[::{STRIDE}, ::{STRIDE}]\n"
            "draw.show(pictures.scene_windows(scene.image, scene.masks, [], M))")
    return Lead("## Your scene\n\nA scene of your class.\n`own` (32, 32) holds the "
                "number of the object at each place, 0 for background.", code)


def starts_task(scene: ClassScene, names: Sequence[int]) -> Task:
    """A number: where runs start in the class's scene."""
    own, start = own_of(scene), names[2]
    total = sum((n + 1) * (m + 1) for n, row in enumerate(own.tolist())
                for m, mark in enumerate(marks(row, names)) if mark == start)
    lines = f"""\
total = 0
for n, row in enumerate(own.tolist()):
    for m, mark in enumerate(marks(row)):
        total += (n + 1) * (m + 1) * (mark == {start})
return int(total)"""
    return Task("sum_of_starts()", "Starts in your scene",
        "Take the marks of every row of `own`.\nAdd (row + 1) * (column + 1) over all "
        "places that are a start; rows and columns count from 0.", lines,
        lambda: total, (Asked("the sum", (), "A run of one place is no start.", 3),),
        before=(scene_step(scene),))


def colours_task(scene: ClassScene, norm: str, pull: float) -> Task:
    """A number: the variance term of the objects' own colours."""
    own = own_of(scene)
    colours: Shaped[np.ndarray, "H W 3"] = scene.scene.image[::STRIDE, ::STRIDE] / 255
    value = spread(colours[own > 0], own[own > 0], pull, norm) * 10_000
    lines = f"""\
colours = scene.image[::{STRIDE}, ::{STRIDE}] / 255
there = own > 0
return 10_000 * spread(colours[there], own[there], {pull})"""
    return Task("spread_of_colours()", "Colours as vectors",
        f"Take the colour of the pixel at each place of an object, `image[::{STRIDE}, "
        f"::{STRIDE}]` divided by 255, as its vector.\nReturn 10 000 times their "
        f"variance term with your distance and pull = {pull}.", lines, lambda: value,
        (Asked("the number", (), "Background takes no part.", 3),), agree="close")
