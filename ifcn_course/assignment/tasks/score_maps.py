"""Lesson 2 for a class: which part a place plays, and what perfect maps hold."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from ifcn_course.assignment.scores import ClassScene, borders, grids, told, turned
from ifcn_course.assignment.sheet import SIDE, Sheet, first_steps
from ifcn_course.assignment.task import Asked, Lead, Task, Tried
from ifcn_course.assignment.variant import Variant
from ifcn_lab.windows.oracle import oracle_maps

OUTSIDE = "A place outside the window plays no part: return -1."
WINDOW = "The window begins at row y - m // 2, and at column x - m // 2."
PART = "The offset (i, j) lies in part (i * k // m, j * k // m); then count as you do."
ORDERS = {
    "the other way round":
        ("Channel i of the maps became channel `order[i]` of the shuffled ones.\nSo it "
         "is the other way round than in lesson 2.",
         "return shuffled[order]"),
    "twice":
        ("Channel i of the shuffled maps was channel `order[i]` before.\nBut here the "
         "maps were shuffled *twice*, with the same `order`.",
         "maps = np.empty_like(shuffled)\n"
         "maps[np.array(order)[order]] = shuffled\n"
         "return maps"),
}


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 2 for one class."""
    scene = ClassScene(variant)
    how = variant.draws.one("order of restore", list(ORDERS))
    tasks = (part_task(variant), restore_task(variant, how), maps_task(scene),
             count_task(scene), played_task(variant), conflict_task(scene))
    return Sheet("Score maps", "You say which part of an object each place plays, with "
                 "parts that are counted in your class's own order.",
                 first_steps(variant), tasks, {"shuffled": how})


def part_of(
    variant: Variant, place: tuple[int, int], center: tuple[int, int], k: int, m: int
) -> int:
    """The part a place plays in a window, -1 outside it."""
    i, j = (p - c + m // 2 for p, c in zip(place, center, strict=True))
    if not (0 <= i < m and 0 <= j < m):
        return -1
    return int(variant.channels(k, m)[i, j])


def place_at(
    variant: Variant, center: tuple[int, int], k: int, m: int
) -> tuple[int, int]:
    """A place of the window whose part the paper's order gets wrong."""
    y, x = center
    i, j = turned(variant, k, m)
    return y - m // 2 + i, x - m // 2 + j


def part_task(variant: Variant) -> Task:
    """The part one place plays."""
    k, m = variant.k, variant.m
    asked = [(place_at(variant, (4, 4), other, other + 2), (4, 4), other, other + 2,
              PART) for other in grids(variant)]
    asked += [((10 - side // 2 + i, 9 - side // 2 + j), (10, 9), of, side, PART)
              for i, j, of, side in borders(variant)]
    asked += [(place_at(variant, (10, 9), k, m), (10, 9), k, m, PART),
              ((20 - m // 2, 20), (20, 20), k, m, WINDOW),
              ((9, 9 + m), (9, 9), k, m, OUTSIDE),
              ((12 - m // 2 - 1, 12), (12, 12), k, m, OUTSIDE)]
    cases = tuple(Asked(f"place {place}, window at {center}, k = {k}, m = {m}",
                        (place, center, k, m), hint)
                  for place, center, k, m, hint in asked)
    lines = ("i = place[0] - center[0] + m // 2\n"
             "j = place[1] - center[1] + m // 2\n"
             "if not (0 <= i < m and 0 <= j < m):\n"
             "    return -1\n"
             "a, b = i * k // m, j * k // m\n"
             f"{variant.number_lines}")
    return Task("part(place, center, k, m)", "Which part?",
        "Write the part that `place` plays in the window at `center`, both (y, x), "
        "counted in your order; -1 if the place lies outside the window.\nLater tasks "
        "may call this function.", lines,
        lambda place, center, k, m: part_of(variant, place, center, k, m), cases)


def restore_task(variant: Variant, how: str) -> Task:
    """Channels put back, after another shuffle than the lesson's."""
    prose, lines = ORDERS[how]
    orders = [[1, 2, 3, 0], [2, 0, 1, 3],
              cycle(variant.draws.shuffled("for restore", range(variant.k**2)))]
    cases = tuple(
        Asked(f"{len(order)} channels, order = {order}",
              (shuffled(told(round(len(order)**0.5), 2), order, how), order),
              "Follow one channel by hand.") for order in orders)
    return Task("restore(shuffled, order)", "Put the channels back",
        f"Somebody shuffled the channels of some maps.\n{prose}\nReturn the maps as "
        "they were.", lines, lambda maps, order: restored(maps, order, how), cases,
        tried=Tried("restore(np.arange(12).reshape(4, 1, 3), [1, 2, 3, 0])",
                    "numbers of shape (4, 1, 3)"))


def cycle(items: list[int]) -> list[int]:
    """An order that moves every channel along one long cycle: no swap undoes it."""
    order = [0] * len(items)
    for one, following in zip(items, items[1:] + items[:1], strict=True):
        order[one] = following
    return order


def shuffled(
    maps: Int[np.ndarray, "kk h w"], order: list[int], how: str
) -> Int[np.ndarray, "kk h w"]:
    """The maps, shuffled in one of the two ways."""
    if how == "twice":
        return maps[order][order]
    moved = np.empty_like(maps)
    moved[order] = maps
    return moved


def restored(
    maps: Int[np.ndarray, "kk h w"], order: list[int], how: str
) -> Int[np.ndarray, "kk h w"]:
    """The maps before they were shuffled: channel by channel, by looking for them."""
    places = shuffled(np.arange(len(order))[:, None, None], order, how).ravel().tolist()
    return np.stack([maps[places.index(c)] for c in range(len(order))])


def maps_task(scene: ClassScene) -> Task:
    """Perfect maps of one object, and a printed target on the class's scene."""
    variant, k, m = scene.variant, scene.variant.k, scene.variant.m
    full, ring = np.ones((k + 2, k + 2), bool), np.ones((m + 2, m + 2), bool)
    ring[3:-3, 3:-3] = False
    asked = [(full, (k // 2, k // 2), k, k), (full, (1, k), k, k + 1),
             (ring, (m // 2 + 1, m // 2), k, m), (ring, (2, m - 1), k, m)]
    cases = tuple(Asked(f"{len(mask)} x {len(mask)} places, window at {center}, m = "
                        f"{m}",
                        (mask, center, k, m), "Map c holds the object's places that "
                        "play part c, and no others.", 1)
                  for mask, center, k, m in asked)
    lines = """\
maps = np.zeros((k * k, *mask.shape), bool)
for y, x in np.argwhere(mask):
    c = part((y, x), center, k, m)
    if c >= 0:
        maps[c, y, x] = True
return maps"""
    return Task("maps_of(mask, center, k, m)", "Perfect maps",
        "Make the k * k maps that a perfect network would give for one object, in your "
        "order: truth values, (k * k, H, W).\n`mask` is the object on the feature map, "
        "(H, W), and `center` the centre of its window.", lines,
        lambda mask, center, k, m: variant.from_paper(
            oracle_maps(mask[None], np.array([center]), k, m)), cases,
        before=(Lead(SCENE, scene.lines(maps=False)),),
        tried=Tried(TRIED, "a whole number", SHOWN.format(total=counted(scene).sum()),
                    int(counted(scene).sum())))


def count_task(scene: ClassScene) -> Task:
    """A number: the places of each map, weighted."""
    lines = """\
counts = np.zeros(K * K, int)
for mask, center in zip(covered, centers):
    counts += maps_of(mask, center, K, M).sum((1, 2))
return (counts * np.arange(K * K)).sum()"""
    return Task("places_of_maps()", "The maps of your scene",
        "Make the maps of each object of your scene, with K and M, and count the "
        "places of every map, all objects together.\nReturn 0 times the count of map 0 "
        "plus 1 times the count of map 1 plus 2 times the count of map 2, and so on.",
        lines, lambda: int((counted(scene) * np.arange(len(counted(scene)))).sum()),
        (Asked("the weighted count", (), "Every object has its own maps.", 2),))


def counted(scene: ClassScene) -> Int[np.ndarray, " kk"]:
    """The places of each map in the class's order, all objects together."""
    k, m = scene.variant.k, scene.variant.m
    each = [oracle_maps(mask[None], center[None], k, m).sum((1, 2))
            for mask, center in zip(scene.covered, scene.centers, strict=True)]
    return scene.variant.from_paper(np.sum(each, 0)[:, None, None]).ravel()


SCENE = """\
## Your scene

A scene of your class, with the window of each object.
`covered` are the objects on the feature map, of 32 x 32 places, and `centers` are the windows' centres."""  # noqa: E501
SHOWN = ("The maps of all objects of your scene, each made on its own, have "
         "**{total}** places together. Do yours?")
TRIED = "sum(maps_of(o, c, K, M).sum() for o, c in zip(covered, centers))"


def played_task(variant: Variant) -> Task:
    """All the parts that one place plays."""
    k, m = variant.k, variant.m
    draws = variant.draws
    near = [(16 + draws.whole(f"near {n} y", -m // 2, m // 2),
             16 + draws.whole(f"near {n} x", -m // 2, m // 2)) for n in range(5)]
    asked = [((16, 16), [(16, 16)], k, m), ((16, 16), near[:3], k, m),
             ((15, 17), near, k, m), ((2, 2), [(2 + m, 2), (30, 30)], k, m)]
    cases = tuple(Asked(f"place {place}, {len(centers)} windows",
                        (place, centers, k, m), "Leave out the windows that do not "
                        "hold the place; keep the order of the others.")
                  for place, centers, k, m in asked)
    lines = ("parts = [part(place, center, k, m) for center in centers]\n"
             "return [c for c in parts if c >= 0]")
    return Task("parts_played(place, centers, k, m)", "One place, many parts",
        "List the parts that a place plays in several windows, in the order of the "
        "windows.\nWindows that do not hold the place are left out.", lines,
        lambda place, centers, k, m: [
            p for p in (part_of(variant, place, c, k, m) for c in centers) if p >= 0],
        cases)


def conflict_task(scene: ClassScene) -> Task:
    """A number: places that play two different parts."""
    lines = """\
count = 0
for place in np.ndindex(32, 32):
    parts = parts_played(place, centers, K, M)
    count += len(set(parts)) > 1
return count"""
    return Task("two_parts()", "Places with two parts",
        "How many of the 32 x 32 places of your scene play two or more *different* "
        "parts in the windows of its objects?\nFor such a place one map would not be "
        "enough.", lines, lambda: torn_places(scene),
        (Asked("the count", (), "Two windows that give the place one and the same part "
               "do not count.", 3),))


def torn_places(scene: ClassScene) -> int:
    """Cells that play different parts in different windows: maps of full masks."""
    k, m = scene.variant.k, scene.variant.m
    full = np.ones((len(scene.centers), SIDE, SIDE), bool)
    played: Bool[np.ndarray, "kk H W"] = oracle_maps(full, scene.centers, k, m)
    return int((played.sum(0) > 1).sum())
