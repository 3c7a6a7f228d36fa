"""Lesson 12 for a class: its own margin of the crop, price outside it, and NMS."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from jaxtyping import Bool, Float

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import Sheet, first_step
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.variant import Draws, Variant
from ifcn_lab.widgets.mixing import mixed

LIMITS = {"at least": (">=", "<", "by `iou` or more"),
          "above": (">", "<=", "by more than `iou`")}
"""How much overlap removes a box: the sign, the one that keeps, and the words."""


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 12 for one class."""
    draws = variant.draws
    margin, price = draws.one("margin", (0, 2, 3)), draws.one("price", (20, 30, 50, 80))
    limit, iou = draws.one("limit", list(LIMITS)), draws.one("iou", (0.4, 0.5, 0.6))
    scale = draws.one("scale", (10, 50, 100, 1000))
    tasks = (sum_task(scale), places_task(margin), loss_task(price),
             suppress_task(limit), kept_task(limit, iou, draws),
             total_task(margin, scale, ClassScene(variant)))
    return Sheet("A mask is a sum", "You mix prototypes, crop the sum, and suppress "
                 "doubles, by the rules of your class.", (first_step(variant),), tasks,
                 {"margin": margin, "price": price, "limit": limit, "iou": iou,
                  "scale": scale}, uses=("m", "scene"))


def class_sum(
    prototypes: Float[np.ndarray, "k H W"], mix: Sequence[float], scale: int
) -> Float[np.ndarray, "H W"]:
    """The sum with coefficients that are written as whole parts of `scale`.

    >>> class_sum(np.ones((2, 1, 1)), [50, -25], 100).tolist()
    [[0.25]]
    """
    return mixed(np.asarray(prototypes, float), [each / scale for each in mix])


def sum_task(scale: int) -> Task:
    """The sum, its coefficients written as whole numbers."""
    rng = np.random.default_rng(12)
    asked = [([[[2.0]]], [scale // 2]), ([[[1.0]], [[1.0]]], [scale, -scale // 2]),
             (rng.integers(0, 9, (3, 2, 4)).tolist(), [scale, -scale // 5, 0]),
             (rng.integers(0, 9, (2, 5, 3)).tolist(), [-scale, scale // 10])]
    cases = tuple(Asked(f"{len(mix)} prototypes", (np.array(maps, float), mix),
                        f"A coefficient of {scale} is 1.") for maps, mix in asked)
    return Task("mix_prototypes(prototypes, mix)", "Mix prototypes",
        f"In your class coefficients are whole numbers from -{scale} to {scale}, and "
        f"**{scale} stands for 1**.\nReturn the sum of the prototypes (k, H, W), each "
        "times its coefficient: a logit for every place, (H, W).",
        f"return np.tensordot(np.array(mix) / {scale}, prototypes, 1)",
        lambda prototypes, mix: class_sum(prototypes, mix, scale), cases, agree="close")


def class_places(low: float, high: float, n: int, margin: int) -> list[int]:
    """The places a box keeps, with a margin of so many places.

    >>> class_places(0.25, 0.75, 4, 0)
    [1, 2]
    """
    return [i for i in range(n) if low * n - margin <= i < high * n + margin]


def places_task(margin: int) -> Task:
    """What a box keeps."""
    asked = [(0.25, 0.75, 4), (0.0, 0.5, 8), (0.5, 1.0, 8), (0.3, 0.6, 16),
             (0.375, 0.5, 16), (0.61, 0.67, 32)]
    cases = calls("from {} to {}, n = {}", "Round nothing; the first end is kept and "
                  "the last one is not.", asked)
    word = "no margin" if margin == 0 else f"a margin of {margin} places on each side"
    return Task("kept_places(low, high, n)", "What the box keeps",
        "A box from `low` to `high`, in shares of the picture, lies over n places. In "
        f"your class the crop has **{word}**, not one place as in the lesson.\n"
        "Return the numbers of the places that are kept, for one direction.\nLater "
        "tasks may call this function.",
        f"first, behind = low * n - {margin}, high * n + {margin}\n"
        "return [i for i in range(n) if first <= i < behind]",
        lambda low, high, n: class_places(low, high, n, margin), cases,
        tried=places_target(margin))


def places_target(margin: int) -> Tried:
    """A printed number: the kept places of one box, added up."""
    total = sum(class_places(0.137, 0.729, 40, margin))
    return Tried("sum(kept_places(0.137, 0.729, 40))", "a number", "Of 40 places the "
                 f"box from 0.137 to 0.729 keeps some whose numbers add up to "
                 f"**{total}**. Do yours?", total)


def class_loss(
    logits: Float[np.ndarray, "H W"], wanted: Float[np.ndarray, "H W"],
    inside: Bool[np.ndarray, "H W"], area: float, price: int,
) -> float:
    """An object's loss, with a price for wanted places outside the crop."""
    within = np.logaddexp(0, logits) - wanted * logits
    return float(np.where(inside, within, price * wanted).sum() / area)


def loss_task(price: int) -> Task:
    """The loss, with the class's price of a place outside."""
    one, corner = np.ones((1, 1)), np.zeros((4, 4))
    corner[2:, :2] = 1
    ramp = np.arange(16.0).reshape(4, 4) / 4 - 2
    kept = np.zeros((4, 4), bool)
    kept[1:, :2] = True
    asked = [("one place inside", (0 * one, one, one > 0, 1)),
             ("one wanted place outside", (3 * one, one, one < 0, 1)),
             ("one place of the ground outside", (3 * one, 0 * one, one < 0, 1)),
             ("a box of six places", (ramp, corner, kept, 6)),
             ("a box that is too tight", (ramp, corner, kept[::-1], 6))]
    cases = tuple(Asked(what, args, "Inside the cross entropy, outside the price; "
                        "divide by the area of the box.") for what, args in asked)
    return Task("cropped_loss(logits, wanted, inside, area)", "What an object costs",
        "Inside the crop a place costs log(1 + exp(logit)) - wanted * logit. In your "
        f"class a wanted place outside costs **{price}**, and another one nothing.\n"
        "Return the sum, divided by `area`.",
        "within = np.logaddexp(0, logits) - wanted * logits\n"
        f"return np.where(inside, within, {price} * wanted).sum() / area",
        lambda *args: class_loss(*args, price), cases, agree="close")


def class_fast(
    overlap: Float[np.ndarray, "N N"], iou: float, limit: str
) -> list[int]:
    """Fast NMS on boxes that are sorted worst first.

    >>> class_fast(np.array([[1, 0.5], [0.5, 1]]), 0.5, "at least")
    [1]
    """
    too_much = overlap >= iou if limit == "at least" else overlap > iou
    gone = np.tril(too_much, -1).any(0)
    return np.flatnonzero(~gone).tolist()


def suppress_task(limit: str) -> Task:
    """Fast NMS, the boxes sorted the other way."""
    chain = np.array([[1, 0.6, 0.3], [0.6, 1, 0.6], [0.3, 0.6, 1]])
    asked = [(np.ones((1, 1)), 0.5), (np.eye(3), 0.5), (chain[:2, :2], 0.5),
             (chain, 0.5), (chain, 0.6), (table_of(5, 3), 0.5), (table_of(7, 4), 0.3)]
    cases = tuple(Asked(f"{len(table)} boxes, limit {iou}", (table, iou),
                        "The better boxes stand behind; look at an IoU that equals the "
                        "limit.") for table, iou in asked)
    _, keeps, words = LIMITS[limit]
    return Task("fast_suppress(overlap, iou)", "Fast NMS",
        "`overlap` (N, N) holds the IoU of all pairs of boxes. In your class boxes are "
        "sorted **worst first**, so the better ones of a box have larger numbers.\n"
        f"A box goes if a better one, kept or not, overlaps it **{words}**.\nReturn "
        "the numbers of the boxes that stay, in rising order.",
        "worst = np.tril(overlap, -1).max(0)\n"
        f"return np.flatnonzero(worst {keeps} iou).tolist()",
        lambda overlap, iou: class_fast(overlap, iou, limit), cases)


def table_of(n: int, seed: int) -> Float[np.ndarray, "n n"]:
    """A symmetric table of overlaps in tenths, 1 on the diagonal.

    >>> table_of(2, 0).shape
    (2, 2)
    """
    drawn = np.random.default_rng(seed).integers(0, 9, (n, n)) / 10
    return np.triu(drawn, 1) + np.triu(drawn, 1).T + np.eye(n)


def kept_task(limit: str, iou: float, draws: Draws) -> Task:
    """A number: which boxes of the class's table stay."""
    seed = draws.whole("table", 0, 9999)
    kept = class_fast(table_of(24, seed), iou, limit)
    lines = f"""\
drawn = np.random.default_rng({seed}).integers(0, 9, (24, 24)) / 10
table = np.triu(drawn, 1) + np.triu(drawn, 1).T + np.eye(24)
return sum(fast_suppress(table, {iou})) + 100 * len(
    fast_suppress(table, 0.7))"""
    last = len(class_fast(table_of(24, seed), 0.7, limit))
    return Task("boxes_that_stay()", "Boxes that stay",
        f"Draw `np.random.default_rng({seed}).integers(0, 9, (24, 24)) / 10`, keep "
        "what lies above the diagonal, mirror it below, and set the diagonal to 1.\n"
        f"Return the sum of the numbers that stay at the limit {iou}, plus 100 times "
        "how many stay at the limit 0.7.", lines, lambda: sum(kept) + 100 * last,
        (Asked("the number", (), "The better boxes of a box have larger numbers.", 3),))


def total_task(margin: int, scale: int, scene: ClassScene) -> Task:
    """A number: places of masks that are mixed from the class's scene, and cropped."""
    draws = scene.variant.draws
    maps = scene.scene.image.reshape(32, 4, 32, 4, 3).mean((1, 3)).transpose(2, 0, 1)
    mixes = [[draws.whole(f"mix {n} {c}", -scale, scale) for c in range(3)]
             for n in range(6)]
    inside = np.ix_(*(class_places(*ends, 32, margin)
                      for ends in ((0.2, 0.75), (0.13, 0.9))))
    total = sum(int((class_sum(maps, mix, scale)[inside] > 1 / 7).sum())
                for mix in mixes)
    lines = f"""\
blocks = scene.image.reshape(32, 4, 32, 4, 3).mean((1, 3))
maps = blocks.transpose(2, 0, 1)
{fill(f"mixes = {mixes}", 74, subsequent_indent=" " * 9)}
inside = np.ix_(kept_places(0.2, 0.75, 32), kept_places(0.13, 0.9, 32))
return sum(int((mix_prototypes(maps, mix)[inside] > 1 / 7).sum())
           for mix in mixes)"""
    code = (f"scene = scenes.make({scene.variant.scene})\n"
            "draw.show(pictures.scene_windows(scene.image, scene.masks, [], M))")
    return Task("places_in_masks()", "Masks from your scene",
        "Take the scene's red, green and blue for prototypes: each place of 32 x 32 is "
        "the mean of its 4 x 4 pixels, so the prototypes are (3, 32, 32).\nSix objects "
        f"have the coefficients {mixes}, and all have the box of rows 0.2 to 0.75 and "
        "columns 0.13 to 0.9.\nReturn how many places the six masks have together: "
        "those that the box keeps and whose logit is above 1/7.", lines, lambda: total,
        (Asked("the number of places", (), "No sigmoid is needed.", 3),),
        before=(Lead("## Your scene\n\nA scene of your class.", code),))
