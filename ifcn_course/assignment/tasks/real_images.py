"""Lesson 7 for a class: masks written another way, its own zooms, its own threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import Sheet, first_step, wrapped
from ifcn_course.assignment.task import Asked, Lead, Task, Tried
from ifcn_course.assignment.variant import Variant

CODES = {
    "row by row": (
        "the runs go along the **rows**, one row after the other, and the first run "
        "is of ground, then object, ground, and so on in turn",
        "flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)\n"
        "return flat.reshape(h, w)"),
    "object first": (
        "the runs go down the columns, as in lesson 7, but the first run is of the "
        "**object**, then ground, object, and so on in turn",
        "flat = np.repeat(np.arange(len(counts)) % 2 == 0, counts)\n"
        "return flat.reshape(w, h).T"),
    "starts and lengths": (
        "`counts` holds pairs: where a run of the object **starts** and how **long** "
        "it is; pixels are counted from 1, down the columns",
        "flat = np.zeros(h * w, bool)\n"
        "for start, length in zip(counts[::2], counts[1::2]):\n"
        "    flat[start - 1 : start - 1 + length] = True\n"
        "return flat.reshape(w, h).T"),
}
ZOOMS = {
    "not larger": ("larger", "right / (length * zoom)"),
    "not smaller": ("smaller", "length * zoom / right"),
}
SPLITS = {
    "bright": ("Return the first level of the **bright** side: a pixel is bright if "
               "its level is this or more.", "return int(np.argmax(scores)) + 1", 1),
    "between": ("Return the threshold **between** two levels: the last dark level plus "
                "one half.", "return int(np.argmax(scores)) + 0.5", 0.5),
}


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 7 for one class."""
    draws, scene = variant.draws, ClassScene(variant)
    code, side = draws.one("code", list(CODES)), draws.one("zooms", list(ZOOMS))
    how, weight = draws.one("split", list(SPLITS)), draws.whole("weight", 2, 4)
    chosen = draws.whole("object", 0, len(scene.scene.masks) - 1)
    tasks = (decode_task(scene, code, chosen), zoom_task(side), split_task(how),
             score_task(weight), rows_task(scene, chosen), bright_task(scene, how))
    return Sheet("Real images", "You read masks in your class's own format, choose "
                 "zooms, and set a threshold.", (first_step(variant),), tasks,
                 {"code": code, "zooms": side, "split": how, "weight": weight,
                  "object": chosen}, uses=("m", "scene"))


def encoded(mask: Bool[np.ndarray, "h w"], code: str) -> list[int]:
    """The numbers that a mask is written as, in the class's format.

    >>> mask = np.array([[0, 1, 1], [0, 0, 1]], bool)
    >>> encoded(mask, "row by row"), encoded(mask, "starts and lengths")
    ([1, 2, 2, 1], [3, 1, 5, 2])
    >>> encoded(mask, "object first")
    [0, 2, 1, 1, 2]
    """
    flat = mask.ravel() if code == "row by row" else mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
    starts, ends = edges[::2], edges[1::2]
    if code == "starts and lengths":
        return np.stack([starts + 1, ends - starts], axis=1).ravel().tolist()
    borders = [0, *edges.tolist()] + [flat.size] * (not flat.size or not flat[-1])
    runs = np.diff(borders).tolist()
    return runs if code == "row by row" else [0, *runs] if runs[0] else runs[1:]


def decode_task(scene: ClassScene, code: str, chosen: int) -> Task:
    """A mask from its numbers, and a printed target on the class's object."""
    masks = [np.ones((1, 1), bool), np.eye(3, 2, dtype=bool), np.zeros((2, 3), bool),
             np.tri(4, 5, 1, dtype=bool)[::-1], scene.covered[0]]
    cases = tuple(Asked(f"a mask of {mask.shape[0]} x {mask.shape[1]} pixels",
                        (encoded(mask, code), *mask.shape), "Write a 2 x 3 mask down "
                        "and its numbers, by hand.") for mask in masks)
    words, lines = CODES[code]
    counts = encoded(scene.scene.masks[chosen], code)
    pixels = int(scene.scene.masks[chosen].sum())
    step = Lead("## Your scene\n\nA scene of your class.\n`counts` is the mask of one "
                "of its objects, written as your class writes masks.",
                f"scene = scenes.make({scene.variant.scene})\n"
                f"counts = {wrapped(counts)}\n"
                "draw.show(pictures.scene_windows(scene.image, scene.masks, [], M))")
    return Task("decode_runs(counts, h, w)", "Read a mask",
        f"A mask of h x w pixels is written as numbers.\nIn your class "
        f"{words}.\nReturn the mask: truth values, (h, w).", lines,
        lambda counts, h, w: decoded(counts, h, w, code), cases, before=(step,),
        tried=Tried("decode_runs(counts, 128, 128).sum()", "a whole number",
                    f"The object of `counts` has **{pixels}** pixels. Does yours?",
                    pixels))


def decoded(
    counts: Sequence[int], h: int, w: int, code: str
) -> Bool[np.ndarray, "h w"]:
    """The mask that these numbers stand for, pixel by pixel."""
    if code == "starts and lengths":
        pairs = zip(counts[::2], counts[1::2], strict=True)
        inside = {start + n for start, length in pairs for n in range(length)}
    else:
        first = 1 if code == "object first" else 0
        turns = [(n + first) % 2 for n, count in enumerate(counts)
                 for _ in range(count)]
        inside = {place for place, turn in enumerate(turns, start=1) if turn}
    places = np.arange(1, h * w + 1)
    grid = places.reshape(h, w) if code == "row by row" else places.reshape(w, h).T
    return np.isin(grid, list(inside))


def zoom_task(side: str) -> Task:
    """The zoom that fits best, from one side only."""
    zooms = [0.5, 1.0, 2.0, 4.0]
    asked = [(48, [1.0]), (24, zooms), (13, zooms), (34, zooms), (67, zooms),
             (300, zooms), (5, zooms)]
    cases = tuple(Asked(f"{length} pixels, zooms {given}", (length, given, 48, 0.8),
                        "Leave out the zooms that your class does not allow, then take "
                        "the nearest in octaves.") for length, given in asked)
    word, ratio = ZOOMS[side]
    lines = ("best, least = 0, tolerance\n"
             "for zoom in zooms:\n"
             f"    octaves = np.log2({ratio})\n"
             "    if 0 <= octaves <= least:\n"
             "        best, least = zoom, octaves\n"
             "return best")
    return Task("best_zoom(length, zooms, right, tolerance)", "Which zoom?",
        "An object is `length` pixels long, and the network wants `right` pixels.\nIn "
        f"your class a zoom must **not make the object {word}** than `right`.\nOf the "
        "zooms that are left, return the one that brings it nearest to `right` in "
        "octaves: the zoom itself, not its index.\nIf that is off by more than "
        "`tolerance` octaves, or none is left, return 0.", lines,
        lambda length, zooms, right, tolerance: one_sided(length, zooms, right,
                                                          tolerance, side), cases,
        agree="close")


def one_sided(
    length: float | int, zooms: Sequence[float], right: float | int, tolerance: float,
    side: str,
) -> float:
    """The zoom that brings a length nearest to the right one, from one side; else 0."""
    sign = -1 if side == "not larger" else 1
    off = {zoom: sign * np.log2(length * zoom / right) for zoom in zooms}
    allowed = {zoom: at for zoom, at in off.items() if 0 <= at <= tolerance}
    return float(min(allowed, key=lambda zoom: allowed[zoom])) if allowed else 0.0


def split_task(how: str) -> Task:
    """Otsu's threshold, said the class's way."""
    asked = [[3, 2], [9, 5, 1, 4, 7], [1, 1, 30, 8, 2, 6, 3],
             [5, 3, 1, 1, 1, 1, 2, 9], [2, 7, 19, 4, 1, 3, 8, 22, 6, 1]]
    cases = tuple(Asked(f"counts = {counts}", (np.array(counts),),
                        "Find the last dark level as in lesson 7, then look at what "
                        "your class returns.") for counts in asked)
    words, last, _ = SPLITS[how]
    lines = ("levels, scores = np.arange(len(counts)), []\n"
             "for t in levels[:-1]:\n"
             "    dark, bright = counts[: t + 1], counts[t + 1 :]\n"
             "    u0 = np.average(levels[: t + 1], weights=dark)\n"
             "    u1 = np.average(levels[t + 1 :], weights=bright)\n"
             "    scores.append(dark.sum() * bright.sum() * (u0 - u1) ** 2)\n"
             f"{last}")
    return Task("split(counts)", "Otsu's threshold",
        "`counts[v]` pixels have grey level v, and every level has pixels.\nFind the "
        "split that makes w0 * w1 * (u0 - u1)² largest, w0 and w1 the numbers of dark "
        f"and of bright pixels, u0 and u1 their mean levels.\n{words}", lines,
        lambda counts: threshold(counts, how), cases, agree="close")


def threshold(counts: Int[np.ndarray, " L"], how: str) -> float | int:
    """Otsu's threshold, from running sums."""
    levels = np.arange(len(counts))
    dark, weight = counts.cumsum()[:-1], (counts * levels).cumsum()
    bright = counts.sum() - dark
    apart = weight[:-1] / dark - (weight[-1] - weight[:-1]) / bright
    return int(np.argmax(dark * bright * apart**2)) + SPLITS[how][2]


def score_task(weight: int) -> Task:
    """A score whose errors weigh differently, from a table the other way round."""
    two = np.array([[0.8, 0.0], [0.1, 0.6], [0.0, 0.3]])
    asked = [(np.array([[0.9]]), 0.5), (np.array([[0.4]]), 0.5), (two, 0.5), (two, 0.7),
             (np.array([[0.9, 0.8]]), 0.5)]
    cases = tuple(Asked(f"{overlap.tolist()}, IoU {iou}", (overlap, iou),
                        f"A missed object counts {weight} times; rows are objects.")
                  for overlap, iou in asked)
    lines = ("right = (overlap > iou).any(1).sum()\n"
             "objects, answers = overlap.shape\n"
             f"return right / (right + answers - right + {weight} * (objects - right))")
    return Task("answer_score(overlap, iou)", "Score the answers",
        "`overlap[o, a]` is the IoU of object o with answer a: in your class a **row "
        "is an object**.\nAn object has an answer if some overlap with it is above "
        f"`iou`.\nReturn TP / (TP + FP + {weight} FN): in your class a missed object "
        f"counts **{weight} times**.\nTP are the objects with an answer, FP the "
        "answers too many, FN the objects without one.", lines,
        lambda overlap, iou: scored(overlap, iou, weight), cases, agree="close")


def scored(overlap: Float[np.ndarray, "N A"], iou: float, weight: int) -> float:
    """TP / (TP + FP + weight * FN), object by object.

    >>> scored(np.array([[0.9], [0.1]]), 0.5, 3)
    0.25
    """
    answered = [bool((row > iou).any()) for row in overlap]
    right, missed = sum(answered), len(answered) - sum(answered)
    return right / (right + (overlap.shape[1] - right) + weight * missed)


def rows_task(scene: ClassScene, chosen: int) -> Task:
    """A number: where the class's object lies."""
    rows, columns = np.nonzero(scene.scene.masks[chosen])
    lines = """\
rows, columns = np.nonzero(decode_runs(counts, 128, 128))
return rows.sum() + 2 * columns.sum()"""
    return Task("place_of_object()", "Where your object lies",
        "Take the mask that `counts` stands for, 128 x 128 pixels.\nReturn the sum of "
        "the row numbers of its pixels plus twice the sum of their column numbers.",
        lines, lambda: int(rows.sum() + 2 * columns.sum()),
        (Asked("the sum", (), "A mask that is turned over has the same number of "
               "pixels and another place.", 2),))


def bright_task(scene: ClassScene, how: str) -> Task:
    """A number: the bright pixels of the class's scene."""
    grey = scene.scene.image.sum(2, dtype=np.int64) // 24
    place = np.unique(grey, return_inverse=True)[1]
    counts = np.bincount(place.ravel())
    limit = threshold(counts, how)
    bright = int((place > limit if how == "between" else place >= limit).sum())
    sign = ">" if how == "between" else ">="
    lines = f"""\
grey = scene.image.sum(2, dtype=np.int64) // 24
levels, place = np.unique(grey, return_inverse=True)
counts = np.bincount(place.ravel())
return (place {sign} split(counts)).sum()"""
    return Task("bright_pixels()", "The bright side of your scene",
        "Take `grey = scene.image.sum(2, dtype=np.int64) // 24`.\nLevels that no pixel "
        "has are left out: `levels, place = np.unique(grey, return_inverse=True)` "
        "gives each pixel's place among the levels that are left.\nSplit these places "
        "with your `split`, and return the number of pixels on the bright side.", lines,
        lambda: bright,
        (Asked("the count", (), "`np.bincount(place.ravel())` is the histogram.", 3),))
