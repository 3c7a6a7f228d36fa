"""Lesson 9 for a class: layers with a waist, its own labels, coarse masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import Sheet, first_step
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.variant import Variant

COUNTING = {
    "column by column, each from the top": "x, y = divmod(t, rows)",
    "row by row from the bottom, each from the left":
        "y, x = divmod(t, columns)\ny = rows - 1 - y",
    "row by row from the top, each from the right":
        "y, x = divmod(t, columns)\nx = columns - 1 - x",
}
"""How windows are counted; lesson 9 counts row by row, each from the left."""

LABELS = ((2, -2), (-1, 1), (3, -3), (-2, 2))
"""What stands for object and for background; lesson 9 has +1 and -1."""


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 9 for one class."""
    draws = variant.draws
    counting = draws.one("counting", list(COUNTING))
    labels = draws.one("labels", LABELS)
    weight = draws.whole("weight", 3, 9)
    coarse, other = draws.shuffled("places", (8, 16, 32))[:2]
    cut = draws.one("cut", (0.3, 0.4, 0.6, 0.7))
    scene = ClassScene(variant)
    tasks = (cost_task(variant), place_task(counting), loss_task(labels, weight),
             coarse_task(cut), lost_task(scene, coarse, cut),
             share_task(scene, other, cut))
    return Sheet("Windows that draw", "You count what two layers cost, find windows "
                 "that are counted in your class's own way, and measure what a coarse "
                 "mask loses.", (first_step(variant),), tasks,
                 {"counting": counting, "labels": list(labels), "weight": weight,
                  "places": [coarse, other], "cut": cut}, uses=("m", "scene"))


def cost_task(variant: Variant) -> Task:
    """Weights and biases of two layers, less those of one."""
    asked = [(1, 1, 1), (4, 2, 3), (12, 5, 7), (64, 8, 49), (100_352, 512, 3136)]
    cases = calls("{} inputs, rank {}, {} outputs", "Each layer has one bias for each "
                  "of its outputs.", asked)
    lines = ("one = (inputs + 1) * outputs\n"
             "two = (inputs + 1) * rank + (rank + 1) * outputs\n"
             "return one - two")
    m = variant.m
    target = saved(32 * 49, 20 + m, m * m)
    return Task("saved(inputs, rank, outputs)", "What a waist saves",
        "In your class **layers have biases**, one for each output.\nHow many weights "
        "and biases fewer have two layers, from `inputs` to `rank` to `outputs`, than "
        "one layer from `inputs` to `outputs`?\nThe number is below 0 where two layers "
        "have more.", lines, saved, cases,
        tried=Tried(f"saved(32 * 49, {20 + m}, M * M)", "a whole number",
                    "For your M, 49 bins of 32 channels and this rank two layers save "
                    f"**{target}**.", target))


def saved(inputs: int, rank: int, outputs: int) -> int:
    """What one layer has more, from the sizes of its matrices.

    >>> saved(4, 2, 3)
    -4
    """
    def size(a: int, b: int) -> int:
        return a * b + b

    return size(inputs, outputs) - size(inputs, rank) - size(rank, outputs)


def place_task(counting: str) -> Task:
    """The box of a window from its number, counted in the class's way."""
    asked = [(0, 1, 1, 4, 8, 1.0), (1, 3, 4, 16, 160, 1.0), (7, 3, 4, 16, 160, 2.0),
             (5, 4, 2, 8, 64, 0.5), (10, 3, 5, 4, 96, 1.0)]
    cases = calls("window {} of {} x {}, stride {}, side {}, zoom {}",
                  "Row and column first; then pixels of the enlarged picture; then "
                  "back through the zoom.", asked)
    lines = (f"{COUNTING[counting]}\n"
             "y, x, half = y * stride / zoom, x * stride / zoom, side / zoom / 2\n"
             "return x - half, y - half, x + half, y + half")
    return Task("place_of(t, rows, columns, stride, side, zoom)", "Where a window lies",
        f"In your class windows are counted **{counting}**, from 0.\nReturn the box "
        "(x0, y0, x1, y1) of window t in the picture: the middle of the window in row "
        "y and column x is pixel (x * stride, y * stride) of the picture enlarged by "
        "`zoom`, and its side is `side` pixels there.", lines,
        lambda *args: counted_box(*args, counting=counting), cases, agree="close")


def counted_box(
    t: int, rows: int, columns: int, stride: int, side: int, zoom: float, *,
    counting: str,
) -> tuple[float, ...]:
    """The box, from a table of all windows' numbers."""
    numbers = np.arange(rows * columns)
    if counting.startswith("column"):
        table = numbers.reshape(columns, rows).T
    else:
        table = numbers.reshape(rows, columns)
        table = table[::-1] if "bottom" in counting else table[:, ::-1]
    (y, x), = np.argwhere(table == t) * stride / zoom
    half = side / zoom / 2
    return float(x - half), float(y - half), float(x + half), float(y + half)


def loss_task(labels: tuple[int, int], weight: int) -> Task:
    """The loss of a window with the class's labels and weight."""
    yes, no = labels
    asked = [([[0.0]], [[yes]], 0.0, yes), ([[2.0, -1.0]], [[yes, no]], 1.0, yes),
             ([[2.0, -1.0]], [[yes, no]], 1.0, no),
             ([[0.5], [-3.0]], [[no], [yes]], -2.0, yes)]
    cases = tuple(Asked(f"logits {f}, labels {m}, score {score}, y = {y}",
                        (np.array(f), np.array(m), score, y),
                        "Make the labels +1 and -1 first; a negative window has no "
                        "mask's loss.") for f, m, score, y in asked)
    lines = (f"m, y = m / {yes}, y / {yes}\n"
             "mask = np.log(1 + np.exp(-m * f)).mean()\n"
             f"return mask * (y > 0) + {weight} * np.log(1 + np.exp(-y * score))")
    return Task("window_loss(f, m, score, y)", "The loss of a window",
        f"In your class **{yes}** stands for object and **{no}** for background, in "
        "the mask's labels m and for the window's label y alike.\nReturn DeepMask's "
        "loss: log(1 + exp(-m f)), with labels of +1 and -1, as a mean over the places "
        f"where the window is positive; and **{weight} times** log(1 + exp(-y score))"
        ".", lines, lambda f, m, score, y: lost(f, m, score, y, labels, weight), cases,
        agree="close")


def lost(f: Any, m: Any, score: float, y: int, labels: tuple[int, int], weight: int
         ) -> float:
    """The loss with a softplus, its sign looked up."""
    sign = {labels[0]: 1, labels[1]: -1}
    signs = np.vectorize(sign.get)(m)
    mask = np.logaddexp(0, -signs * f).mean() if sign[y] > 0 else 0.0
    return float(mask + weight * np.logaddexp(0, -sign[y] * score))


def coarsened(
    mask: Bool[np.ndarray, "h w"], side: int, cut: float
) -> Bool[np.ndarray, "h w"]:
    """A mask in squares of side x side pixels: True from that covered share on.

    >>> coarsened(np.eye(2, dtype=bool), 2, 0.5).all()
    np.True_
    """
    rows = np.add.reduceat(mask.astype(int), range(0, len(mask), side), 0)
    counts = np.add.reduceat(rows, range(0, mask.shape[1], side), 1)
    return np.kron(counts >= cut * side**2, np.ones((side, side))) > 0


def coarse_task(cut: float) -> Task:
    """A mask in squares."""
    rng = np.random.default_rng(3)
    asked = [(np.ones((2, 2), bool), 2), (np.eye(4, dtype=bool), 2),
             (rng.random((4, 8)) < 0.5, 4), (rng.random((6, 6)) < cut, 3)]
    cases = tuple(Asked(f"a mask of {len(mask)} x {mask.shape[1]}, squares of {side}",
                        (mask, side), "Cut each square at its covered share, and give "
                        "all its pixels the answer.") for mask, side in asked)
    lines = ("h, w = mask.shape\n"
             "blocks = mask.reshape(h // side, side, w // side, side)\n"
             f"coarse = blocks.mean((1, 3)) >= {cut}\n"
             "return coarse.repeat(side, 0).repeat(side, 1)")
    return Task("coarse(mask, side)", "A coarse mask",
        "Cut a mask into squares of `side` x `side` pixels; its sides are multiples of "
        f"it.\nIn your class a square is object where **{cut} of it or more** is "
        "covered.\nReturn a mask of the same size, all pixels of a square alike.",
        lines, lambda mask, side: coarsened(mask, side, cut), cases)


def scene_step(scene: ClassScene) -> Lead:
    """The class's scene."""
    return Lead("## Your scene\n\nA scene of your class, with its objects.",
                f"scene = scenes.make({scene.variant.scene})\n"
                "draw.show(pictures.scene_windows(scene.image, scene.masks, [], M))")


def lost_task(scene: ClassScene, side: int, cut: float) -> Task:
    """A number: pixels that coarse masks get wrong."""
    masks = scene.scene.masks
    total = sum(int((coarsened(mask, side, cut) ^ mask).sum()) for mask in masks)
    return Task("wrong_pixels()", "What a coarse mask loses",
        f"Make every object of your scene coarse, with squares of {side} pixels.\nHow "
        "many pixels are wrong then? Add up all objects.",
        f"return sum((coarse(mask, {side}) != mask).sum() for mask in scene.masks)",
        lambda: total, (Asked("the count", (), "Compare pixel by pixel, both ways "
                              "wrong.", 3),), before=(scene_step(scene),))


def share_task(scene: ClassScene, side: int, cut: float) -> Task:
    """A number: the mean IoU of coarse masks with their objects."""
    pairs = [(coarsened(mask, side, cut), mask) for mask in scene.scene.masks]
    mean = float(np.mean([(a & b).sum() / (a | b).sum() for a, b in pairs]))
    lines = f"""\
ious = []
for mask in scene.masks:
    found = coarse(mask, {side})
    ious.append((found & mask).sum() / (found | mask).sum())
return np.mean(ious)"""
    return Task("mean_overlap()", "How good the best coarse mask is",
        f"With squares of {side} pixels, what is the mean IoU of the objects' coarse "
        "masks with the objects?", lines, lambda: mean,
        (Asked("the mean", (), "Take the IoU of each object, then the mean.", 3),),
        agree="close")
