"""Lesson 12: sums of prototypes, the crop and its loss, Fast NMS, scores."""

from __future__ import annotations

import numpy as np

from ifcn_course.assignment.variant import Draws, Unfit
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault
from ifcn_lab.layers.nms import nms_pairwise
from ifcn_lab.widgets.mixing import mixed


def places_of_a_mask(draws: Draws) -> Question:
    """How many places a sum has above 1/2."""
    maps = np.array([[[draws.whole(f"{n} {y} {x}", 0, 4) for x in range(4)]
                      for y in range(3)] for n in range(2)])
    first, second = draws.one("mix", [(1, -1), (-1, 1), (1, -0.5), (-0.5, 1)])
    total = mixed(maps.astype(np.float32), (first, second))
    return calculation(
        "The figure shows two prototypes of 3 x 4 places. An object's coefficients are "
        f"{first:g} and {second:g}. How many places of its mask, before any crop, have "
        "a probability above 1/2?", int((total > 0).sum()),
        f"The sums are {total.tolist()}; a probability is above 1/2 where the logit is "
        "above 0.",
        [(int((total >= 0).sum()), "places of exactly 1/2 counted"),
         (int((total > 0.5).sum()), "logits cut at 0.5"),
         (int((np.abs([first, second]) @ maps.reshape(2, -1) > 0).sum()),
          "coefficients without their sign")],
        grids({"prototype 1": maps[0], "prototype 2": maps[1]},
              f"Prototypes: {maps.tolist()}."))


def kept_by_the_crop(draws: Draws) -> Question:
    """How many places a box keeps."""
    n, low = draws.one("n", [8, 16, 32]), draws.whole("low", 11, 39) / 100
    high = low + draws.whole("width", 21, 49) / 100

    def count(first: float, behind: float) -> int:
        return sum(first <= i < behind for i in range(n))

    return calculation(
        f"A box reaches from {low:.2f} to {high:.2f} of the picture's width, and its "
        f"prototypes are {n} places wide. How many columns does YOLACT's crop keep?",
        count(low * n - 1, high * n + 1),
        f"Columns i with {low * n - 1:.2f} <= i < {high * n + 1:.2f}; nothing is "
        "rounded.",
        [(count(low * n, high * n), "no margin"),
         (round(high * n) - round(low * n) + 2, "the ends rounded"),
         (count(low * n - 0.5, high * n + 0.5), "a margin of half a place")])


def boxes_in_a_chain(draws: Draws) -> Question:
    """Fast NMS beside the usual one."""
    step, count = draws.one("step", [2, 3]), draws.whole("boxes", 4, 6)
    limit = {2: 0.6, 3: 0.5}[step]
    boxes = np.array([[step * n, 0, step * n + 10, 10] for n in range(count)]) * 1.0
    usual = nms_pairwise(boxes, -np.arange(count) * 1.0, limit)
    near = (10 - step) / (10 + step)
    far = (10 - 2 * step) / (10 + 2 * step)
    if not far <= limit < near:
        raise Unfit("the chain holds other pairs together")
    return calculation(
        f"{count} boxes of 10 x 10 pixels lie in a row, each {step} pixels to the "
        "right of the one before and a little worse. The limit is "
        f"{limit}. How many does Fast NMS keep?", 1,
        f"Neighbours have the IoU {near:.2f}, and the next but one {far:.2f}. Each box "
        "but the first has a better neighbour, and one that has gone still removes.",
        [(len(usual), "the usual NMS"), (count, "none overlaps enough"),
         (2, "the first and the last")])


def what_can_change(draws: Draws) -> Question:
    """What a re-scoring head can change."""
    most = 10 * draws.whole("most", 2, 20)
    change = draws.one("figure", [f"AR@{most}", "the mean IoU of the best answers",
                                  "the number of answers"])
    return Question(
        "A head tells the IoU of each mask, and the scores are multiplied by it. The "
        f"masks stay as they are, and there are fewer than {most} in each picture. "
        "Which figure can rise?", "AP75",
        "AP takes the answers in the order of their scores; the others ask which "
        "masks are there.",
        {change: "It does not depend on the order.",
         f"AP75 and AR@{most}": f"AR@{most} does not depend on the order here.",
         "none": "AP does depend on the order."})


def loss_lines(draws: Draws) -> Question:
    """The cropped loss with a fault."""
    return fault(
        "The loss of one object: logits, the wanted mask, what the box keeps, and the "
        "area of the box in places.", """\
cost = np.logaddexp(0, logits) - wanted * logits
cost = np.where(inside, cost, 100 * wanted)
return cost.sum() / area""",
        [(2, "cost = np.where(inside, cost, 0)",
          "Places of the object that the box cuts off cost nothing, so a box that is "
          "too tight looks perfect."),
         (2, "cost = np.where(wanted, cost, 100 * inside)",
          "Every place of the ground inside the box costs 100."),
         (3, "return cost.sum() / wanted.sum()",
          "It divides by the area of the mask, so thin objects count more."),
         (3, "return cost.sum()",
          "Nothing is divided, so large objects count more than small ones.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (places_of_a_mask, kept_by_the_crop, boxes_in_a_chain, what_can_change,
             loss_lines)
