"""Lesson 1 for a class: shifts another way, other strides, answers that weigh more."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import Sheet, first_step
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.variant import Variant
from ifcn_lab.grid import Grid
from ifcn_lab.windows.oracle import parts_seen

CUTS = {
    "the last rows": "image[: len(image) - steps]",
    "the first columns": "image[:, steps:]",
    "the last columns": "image[:, : image.shape[1] - steps]",
}
"""What is cut off, and the line that does it; lesson 1 cuts the first rows."""

SHIFTS = {
    "the largest first":
        ("List them from `most` down to 1, the largest first.",
         "step = int(np.prod(strides))\n"
         "return [s for s in range(most, 0, -1) if s % step == 0]"),
    "in both directions":
        ("List them from -most to `most`: a shift to the other side counts too, and so "
         "does 0.",
         "step = int(np.prod(strides))\n"
         "return [s for s in range(-most, most + 1) if s % step == 0]"),
    "those that do not":
        ("List those from 1 to `most` with which it does *not* commute.",
         "step = int(np.prod(strides))\n"
         "return [s for s in range(1, most + 1) if s % step]"),
}
BOX_SUM = """\
def box_sum(image):
    padded = np.pad(image, 1)  # zeros outside
    h, w = image.shape
    return sum(
        padded[i : i + h, j : j + w] for i in range(3) for j in range(3)
    )"""


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 1 for one class."""
    draws = variant.draws
    side = draws.one("cut", list(CUTS))
    how = draws.one("shifts", list(SHIFTS))
    weight = draws.one("weight", (2, 3, 4, 5, 1.5, 2.5))
    depth, steps = draws.whole("layers", 2, 4), draws.whole("steps", 3, 9)
    scene = ClassScene(variant)
    tasks = (cut_task(side), commutes_task(side), shifts_task(how), best_task(weight),
             spoiled_task(scene, side, depth, steps), answers_task(scene, weight))
    return Sheet("Translation invariance", "You test which layers commute with shifts, "
                 "and which one score answers several windows best.",
                 (first_step(variant),), tasks,
                 {"cut": side, "shifts": how, "weight": weight, "layers": depth,
                  "steps": steps}, uses=("m", "scene"))


def cut(image: Int[np.ndarray, "h w"], steps: int, side: str) -> Int[np.ndarray, "a b"]:
    """The image without its first or last rows or columns."""
    axis = 0 if "rows" in side else 1
    drop = range(steps) if "first" in side else range(-steps, 0)
    return np.delete(image, [at % image.shape[axis] for at in drop], axis)


def box_sum(image: Int[np.ndarray, "h w"]) -> Int[np.ndarray, "h w"]:
    """The sum of every 3 x 3 neighbourhood, zeros outside."""
    padded = np.pad(image, 1)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).sum((2, 3))


def layers(image: Int[np.ndarray, "h w"], depth: int) -> Int[np.ndarray, "h w"]:
    """So many layers of box sums, one on the other."""
    for _ in range(depth):
        image = box_sum(image)
    return image


def cut_task(side: str) -> Task:
    """A shift is a cut: the class's side."""
    total = int(cut(np.arange(600).reshape(20, 30), 7, side).sum())
    images = [np.arange(6).reshape(2, 3), np.arange(20).reshape(4, 5) ** 2,
              np.arange(42).reshape(6, 7) % 11]
    cases = tuple(Asked(f"{image.shape[0]} x {image.shape[1]} pixels, {steps} steps",
                        (image, steps), f"Cut off {side}: so many as `steps` says.")
                  for image, steps in zip(images, (1, 2, 3), strict=True))
    return Task("cut(image, steps)", "A shift is a cut",
        f"In lesson 1 a picture was moved by cutting off its first rows.\nYour class "
        f"cuts off **{side}**, as many as `steps` says, 1 or more.\nReturn what is "
        "left of the image. Later tasks may call this function.",
        f"return {CUTS[side]}", lambda image, steps: cut(image, steps, side), cases,
        tried=Tried("cut(np.arange(600).reshape(20, 30), 7).sum()", "a whole number",
                    "After a cut by 7 the numbers 0 to 599, in 20 rows of 30, add up "
                    f"to **{total}**. Do yours?", total))


def commutes_task(side: str) -> Task:
    """Does a layer commute with the class's shift, away from the border?"""
    image = np.arange(72).reshape(9, 8) ** 2 % 31
    ramp = np.arange(9)[:, None] + 3 * np.arange(8)
    pairs = [("a layer that doubles", lambda x: 2 * x, 2, 1),
             ("a layer that adds the place", lambda x: x + ramp[:len(x), :x.shape[1]],
              1, 1),
             ("a 3 x 3 sum, frame = 1", box_sum, 2, 1),
             ("two 3 x 3 sums, frame = 1", lambda x: layers(x, 2), 1, 1),
             ("two 3 x 3 sums, frame = 2", lambda x: layers(x, 2), 1, 2),
             ("a layer that turns the picture over", lambda x: x[::-1, ::-1], 2, 1)]
    cases = tuple(
        Asked(what, (layer(image), layer(cut(image, steps, side)), steps, frame),
              "Cut `before`, then leave out `frame` pixels at every side of both.")
        for what, layer, steps, frame in pairs)
    lines = ("inner = slice(frame, -frame)\n"
             "moved = cut(before, steps)\n"
             "return np.array_equal(moved[inner, inner], after[inner, inner])")
    return Task("commutes(before, after, steps, frame)", "Does it commute?",
        "A layer has seen a picture, which gave `before`, and the picture after your "
        "cut by `steps`, which gave `after`.\nReturn True if the layer commutes with "
        "the cut: `before`, cut alike, equals `after`, a frame of `frame` pixels at "
        "all four sides left out.", lines,
        lambda before, after, steps, frame: equal_inside(
            cut(before, steps, side), after, frame), cases,
        tried=Tried("commutes(np.eye(6), np.eye(6), 1, 1)", "True or False"))


def equal_inside(
    one: Int[np.ndarray, "h w"], other: Int[np.ndarray, "h w"], frame: int
) -> bool:
    """Whether two pictures agree, a frame left out."""
    same = one == other
    return bool(same[frame:len(same) - frame, frame:same.shape[1] - frame].all())


def shifts_task(how: str) -> Task:
    """The shifts with which strided layers commute, listed the class's way."""
    prose, lines = SHIFTS[how]
    asked = [([4], 8), ([2, 2], 9), ([3], 7), ([2, 1, 3], 20), ([2, 2, 2], 16)]
    cases = calls("strides {}, most = {}",
                  "The strides multiply; look at -most and most themselves.", asked)
    return Task("commuting_shifts(strides, most)", "Strides",
        "A pile of layers has the given strides.\nWith which shifts, of at most `most` "
        f"pixels, does it commute?\n{prose}", lines,
        lambda strides, most: commuting(strides, most, how), cases)


def commuting(strides: list[int], most: int, how: str) -> list[int]:
    """The shifts, found by moving a row of pixels through the strides."""
    def moves_by_whole_places(shift: int) -> bool:
        for stride in strides:
            if shift % stride:
                return False
            shift //= stride
        return True

    if how == "in both directions":
        return [s for s in range(-most, most + 1) if moves_by_whole_places(s)]
    wanted = how != "those that do not"
    found = [s for s in range(1, most + 1) if moves_by_whole_places(s) == wanted]
    return found[::-1] if how == "the largest first" else found


def best_task(weight: float | int) -> Task:
    """The one score with the smallest loss, where a 1 weighs more."""
    asked = [[1, 0], [1, 1, 1, 0], [0, 0, 1], [0, 0], [1, 0, 0, 1, 0, 1, 1]]
    cases = tuple(Asked(f"the answers {answers}", (answers,),
                        f"Each 1 weighs as much as {weight} zeros.")
                  for answers in asked)
    lines = (f"ones = {weight} * sum(answers)\n"
             "zeros = len(answers) - sum(answers)\n"
             "return ones / (ones + zeros)")
    return Task("best_answer(answers)", "The best single answer",
        "Several windows ask one map about one pixel and want the `answers`, 0 or 1.\n"
        f"In your class the loss of an answer 1 counts **{weight} times**.\nReturn the "
        "one probability with the smallest loss over all answers.", lines,
        lambda answers: float(np.average(
            answers, weights=np.where(np.array(answers) == 1, weight, 1))), cases,
        agree="close")


def spoiled_task(scene: ClassScene, side: str, depth: int, steps: int) -> Task:
    """A number: how much both orders differ."""
    grey = scene.scene.image.sum(2, dtype=np.int64)
    spoiled = cut(layers(grey, depth), steps, side) - layers(cut(grey, steps, side),
                                                             depth)
    code = (f"{scene.lines(maps=False, draw=False)}\ngrey = scene.image.sum(2, "
            "dtype=np.int64)  # (128, 128)\n"
            "draw.show(pictures.scene_windows(scene.image, scene.masks, centers, M))"
            f"\n\n{BOX_SUM}")
    before = Lead("## Your scene\n\nA scene of your class, with a window for each "
                  "object.\n`grey` is the picture that the next task takes, `covered` "
                  "are the objects on the feature map, of 32 x 32 places, and "
                  "`centers` are the windows' centres.", code)
    lines = (f"after, before = cut(grey, {steps}), grey\n"
             f"for _ in range({depth}):\n"
             "    before, after = box_sum(before), box_sum(after)\n"
             f"return np.abs(cut(before, {steps}) - after).sum()")
    return Task("spoiled_sum()", "What the border spoils",
        f"Run `box_sum` {depth} times, one after the other, on `grey`, and on `grey` "
        f"cut by {steps}, and cut the first answer alike.\nReturn by how much the two "
        "differ: the absolute differences of all pixels, added up.", lines,
        lambda: int(np.abs(spoiled).sum()),
        (Asked("the sum", (), "Only one side differs, and not only one row of it.",
               2),), before=(before,))


def answers_task(scene: ClassScene, weight: float | int) -> Task:
    """A number: the best answers of all places, added up."""
    lines = """\
total = 0
for y, x in np.ndindex(32, 32):
    answers = []
    for own, (cy, cx) in zip(covered, centers):
        i, j = y - cy + M // 2, x - cx + M // 2
        if 0 <= i < M and 0 <= j < M:
            answers.append(int(own[y, x]))
    total += best_answer(answers) if answers else 0
return total"""
    return Task("sum_of_answers()", "One map for a scene",
        "With k = 1 there is one map.\nEach object of your scene has a window of M x M "
        "places; offset (i, j) of the window at (y, x) is place (y - M // 2 + i, x - M "
        "// 2 + j).\nIt asks the map about every place it holds, and wants 1 where its "
        "own object is and 0 elsewhere.\nGive each place the best single answer to all "
        "the windows that ask about it, and add up the answers of all 32 x 32 places; "
        "a place that nobody asks about adds 0.", lines,
        lambda: answered(scene, weight), (Asked("the sum", (), "Weigh the ones as in "
                                                "`best_answer`.", 3),), agree="close")


def answered(scene: ClassScene, weight: float | int) -> float:
    """The best answers of all places, added up: by counting ones and zeros."""
    ones = zeros = np.zeros((32, 32))
    for own, center in zip(scene.covered, scene.centers, strict=True):
        inside = parts_seen(center, Grid(1, scene.variant.m), (32, 32)) >= 0
        ones, zeros = ones + (inside & own) * weight, zeros + (inside & ~own)
    either = ones + zeros
    return float(np.divide(ones, either, where=either > 0, out=ones * 0).sum())
