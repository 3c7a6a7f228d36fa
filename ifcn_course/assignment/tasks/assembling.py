"""Lesson 3 for a class: assembling with a numbering of one's own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_course.assignment.scores import (
    ClassScene,
    Scores,
    borders,
    class_scores,
    grids,
    told,
    turned,
)
from ifcn_course.assignment.sheet import Sheet, first_steps
from ifcn_course.assignment.task import Asked, Task, Tried
from ifcn_course.assignment.variant import Variant
from ifcn_lab.assembling import assemble

MAP_OF = ("The place lies in row i * k // m and column j * k // m of the grid; then "
          "count as you do.")
PLACE = "The window's first row is y - m // 2, its first column x - m // 2."
ORDER = "The map is the number of the place's part, as your class counts."


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 3 for one class."""
    scores = class_scores(variant)
    tasks = (map_task(variant), loop_task(variant, scores), border_task(variant),
             sum_task(variant, scores), order_task(variant), masks_task(variant))
    opening = first_steps(
        variant, "\n`scores` are whole numbers that stand for score maps; they are the "
        "same for the whole class, and no other class has them.", f"\n{scores.line}")
    return Sheet("Assembling", "You put windows together from score maps that are "
                 "counted in your class's own order.", opening, tasks,
                 {"scores": [scores.factor, scores.prime]})


def window(
    variant: Variant, maps: Shaped[np.ndarray, "kk H W"], m: int, y: int, x: int,
    fill: int = 0,
) -> Shaped[np.ndarray, "m m"]:
    """One window by the library, from maps in the class's order."""
    ordered = variant.to_paper(maps)
    return assemble(ordered, m, centers=[(y, x)], fill=fill, backend="loop")[0]


def map_task(variant: Variant) -> Task:
    """Which map a place is copied from."""
    k, m = variant.k, variant.m
    asked = [(0, m - 1, k, m), (m - 1, 0, k, m), (*turned(variant, k, m), k, m)]
    asked += [(*turned(variant, other, 2 * other + 1), other, 2 * other + 1)
              for other in grids(variant)]
    asked += borders(variant)
    cases = [Asked(f"place ({i}, {j}), k = {k}, m = {m}", (i, j, k, m), MAP_OF)
             for i, j, k, m in asked]
    lines = f"a, b = i * k // m, j * k // m\n{variant.number_lines}"
    return Task("map_of(i, j, k, m)", "Which map?",
        "Write the number of the map that place (i, j) of the window is copied from.\n"
        "Later tasks may call this function.", lines,
        lambda i, j, k, m: int(variant.channels(k, m)[i, j]), tuple(cases))


def loop_task(variant: Variant, scores: Scores) -> Task:
    """A window, place by place, and a printed target on the class's scores."""
    k, m = variant.k, variant.m
    y, x = (variant.draws.whole(f"shown {axis}", m // 2, 32 - m + m // 2)
            for axis in "yx")
    asked = [(other, 2 * other + 1, 2 * other + 3, 1 + other, other + 2)
             for other in grids(variant)]
    asked += [(k, m, m + 3, m // 2 + 2, m // 2 + 1), (k, m - 1, m + 1, m // 2, m // 2)]
    cases = tuple(window_case(*each, PLACE if each[0] < k else ORDER) for each in asked)
    total = int(window(variant, scores.maps, m, y, x).sum())
    tried = Tried(f"assemble_loop(scores, K, M, {y}, {x}).sum()",
                  "a whole number", f"The window at ({y}, {x}) of `scores` adds up to "
                  f"**{total}**. Does yours?", total)
    return Task(
        "assemble_loop(maps, k, m, y, x)", "A window",
        "Write the inside of the loops: the window at (y, x), copied from your maps.\n"
        "The whole window lies on the maps.",
        LOOP, lambda maps, k, m, y, x: window(variant, maps, m, y, x), cases,
        tried=tried)


LOOP = """\
def assemble_loop(maps, k, m, y, x):
    window = np.zeros((m, m), maps.dtype)
    for i in range(m):
        for j in range(m):
            # solution
            place = y - m // 2 + i, x - m // 2 + j
            window[i, j] = maps[map_of(i, j, k, m), *place]
            # end
    return window"""


def window_case(k: int, m: int, size: int, y: int, x: int, hint: str) -> Asked:
    """A window on maps whose scores say where they stand."""
    return Asked(f"k = {k}, m = {m}, centre ({y}, {x})", (told(k, size), k, m, y, x),
                 hint)


def border_task(variant: Variant) -> Task:
    """A window that reaches over the border."""
    k, m = variant.k, variant.m
    off = "Off the map stands `fill`; a negative index counts from the end."
    asked = [(k, m, m, m // 2, m // 2, "Here the whole window lies on the maps."),
             (k, m, m + 1, 2, m - 1, off), (k, m, m, m - 1, 1, off),
             (k, m, m + 2, m + 1, m + 1, off)]
    cases = tuple(
        Asked(f"m = {m}, centre ({y}, {x}) of {size} x {size} places",
              (told(k, size), k, m, y, x, -1 - n), hint)
        for n, (k, m, size, y, x, hint) in enumerate(asked))
    lines = """\
window = np.full((m, m), fill, maps.dtype)
_, H, W = maps.shape
for i in range(m):
    for j in range(m):
        row, column = y - m // 2 + i, x - m // 2 + j
        if 0 <= row < H and 0 <= column < W:
            window[i, j] = maps[map_of(i, j, k, m), row, column]
return window"""
    return Task("assemble_filled(maps, k, m, y, x, fill)", "At the border",
        "Write the same for any centre on the maps: where the window reaches over the "
        "border, its places hold `fill`.", lines,
        lambda maps, k, m, y, x, fill: window(variant, maps, m, y, x, fill), cases,
        tried=Tried("assemble_filled(scores, K, M, 0, 1, 7)",
                    f"numbers of shape ({m}, {m})"))


def sum_task(variant: Variant, scores: Scores) -> Task:
    """A number: the sum of one window of the class's scores, at the border."""
    m, draws = variant.m, variant.draws
    y, x = draws.whole("sum y", 1, m // 2 - 1), draws.whole("sum x", 33 - m // 2, 30)
    fill = draws.whole("fill", 3, 29)
    return Task("sum_of_window()", "A number of your class",
        f"Return the sum of the window at ({y}, {x}) of `scores`, with K, M and "
        f"`fill={fill}`.\nThe function has no arguments and returns the number.",
        f"return assemble_filled(scores, K, M, {y}, {x}, {fill}).sum()",
        lambda: int(window(variant, scores.maps, m, y, x, fill).sum()),
        (Asked("the sum", (), "The window of assemble_filled, added up.", 2),))


def order_task(variant: Variant) -> Task:
    """Maps put back into the order that the library reads."""
    cases = tuple(
        Asked(f"{k * k} maps of {size} x {size}", (told(k, size), k),
              "Map 0 of the result belongs to the part in the top left corner.")
        for k, size in [(grids(variant)[0], 1), (variant.k, 2), (variant.k, 5)])
    lines = ("order = [map_of(a, b, k, k) for a in range(k) for b in range(k)]\n"
             "return maps[order]")
    return Task("paper_order(maps, k)", "Back to the paper's order",
        "`ifcn_lab.assemble` counts the parts row by row.\nPut maps of your order into "
        "its order, so that it copies from the right ones.", lines,
        lambda maps, k: variant.to_paper(maps), cases,
        tried=Tried("paper_order(scores, K)",
                    f"numbers of shape ({variant.k**2}, 32, 32)"))


def masks_task(variant: Variant) -> Task:
    """A number: places of the masks of all objects of the class's scene."""
    scene = ClassScene(variant)
    lines = """\
total = 0
for number, (y, x) in enumerate(centers, start=1):
    total += number * assemble_filled(maps, K, M, y, x, 0).sum()
return total"""
    return Task("masks_of_scene()", "The masks of your scene",
        "Assemble the window of every object from `maps`, with 0 off the map, and "
        "count the places of its mask.\nReturn the first count plus 2 times the second "
        "plus 3 times the third, and so on.", lines,
        lambda: weighted(scene.paper_maps, scene.centers, variant.m),
        (Asked("the weighted count", (), "One window for each object.", 3),),
        before=(scene.step(),))


def weighted(
    maps: Shaped[np.ndarray, "kk H W"], centers: Int[np.ndarray, "N 2"], m: int
) -> int:
    """Places of masks, the first object's once, the second's twice, and so on."""
    places = [tuple(center) for center in centers.tolist()]
    masks = assemble(maps.astype(np.int64), m, centers=places)        # (N, m, m)
    return int((masks.sum((1, 2)) * np.arange(1, len(centers) + 1)).sum())
