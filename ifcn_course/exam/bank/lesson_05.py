"""Lesson 5: labels of windows, both losses, and the gradient through the copy."""

from __future__ import annotations

import math

import numpy as np

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault, said
from ifcn_lab.grid import Grid


def label(off: int, side: int) -> str:
    """The label that the rule of `three_windows` gives."""
    if off <= 8 and 48 <= side <= 75:
        return "positive"
    return "negative" if off >= 16 or side <= 30 or side >= 120 else "ignored"


def three_windows(draws: Draws) -> Question:
    """Positive, negative or ignored."""
    made = [(draws.one("near", [3, 6]), draws.one("fits", [52, 58, 66])),
            (draws.one("between", [10, 13]), draws.one("right", [50, 60, 70])),
            (draws.one("far", [20, 25]), draws.one("good", [54, 60])),
            (draws.one("middle", [2, 5]), draws.one("small", [24, 28, 130]))]
    chosen = draws.shuffled("order", made)[:3]
    listed = "; ".join(f"{letter}: {off} pixels to the right, longest side {side}"
                       for letter, (off, side) in zip("ABC", chosen, strict=True))
    return calculation(
        "A window is positive if an object's centre is within 8 pixels of its own in "
        "both directions and the object's longest side is from 48 to 75 pixels. It is "
        "negative if, for every object, the centre is off by 16 pixels or more or the "
        "side is 30 or less, or 120 or more. What are windows A, B and C, each with "
        f"one object, whose centre lies off the window's? {listed}.",
        [label(*each) for each in chosen],
        "Positive needs both to fit; negative needs one to be far off; between them a "
        "window is ignored, and has no loss.",
        [([label(*each).replace("ignored", "negative") for each in chosen],
          "whatever is not positive taken for negative"),
         (["positive" if off <= 8 else "negative" for off, _ in chosen],
          "the size forgotten"),
         (["positive" if 48 <= side <= 75 else "negative" for _, side in chosen],
          "the place forgotten")])


def copies(draws: Draws) -> Question:
    """What arrives at one score, through the copies of four windows."""
    y, x, channel = 5, 5, Grid(3, 6).channel
    corners = [(draws.whole(f"top {n}", 0, 5), draws.whole(f"left {n}", 0, 5))
               for n in range(4)]
    boxes = {name: (left, top, left + 6, top + 6)
             for name, (top, left) in zip("1234", corners, strict=True)}
    played = [int(channel[y - top, x - left]) for top, left in corners]
    part = max(sorted(set(played)), key=played.count)
    picture = np.full((11, 11), "", object)
    picture[y, x] = "P"
    return calculation(
        "Four positive windows with m = 6 and k = 3. Each of their places sends a "
        "gradient of 1 back through the copy. What arrives at place P of score map "
        f"{part}?", played.count(part),
        f"P plays the parts {said(played)} in windows 1 to 4, and the gradients "
        "of all copies of one score add up.",
        [(4, "every window that holds P counted"), (1, "copies not added up"),
         (played.count(part) / 4, "a mean instead of a sum"),
         (9 * played.count(part), "all maps of the place together")],
        grids({"": picture}, "Four windows of 6 x 6 places on 11 x 11, with the "
                             "corners "
              f"(row, column) {corners}, and P in row 5, column 5.", boxes))


def largest_loss(draws: Draws) -> Question:
    """Which pixel has the largest loss."""
    drawn = [(1, draws.one("sure", [0.9, 0.95])), (0, draws.one("off", [0.7, 0.75])),
             (1, draws.one("low", [0.1, 0.15])), (0, draws.one("fine", [0.02, 0.05]))]
    if draws.one("turned", [True, False]):
        drawn = [(1 - t, round(1 - p, 2)) for t, p in drawn]
    texts = [f"target {t}, probability {p:g}" for t, p in drawn]
    losses = [-math.log(p if t else 1 - p) for t, p in drawn]
    most = losses.index(max(losses))
    whys = [f"-log({p if t else 1 - p:.2g}) = {loss:.2f}"
            for (t, p), loss in zip(drawn, losses, strict=True)]
    return Question(
        "Which of these four pixels has the largest logistic loss?", texts[most],
        f"The loss is -log of the probability of the right answer: {whys[most]}.",
        {text: why for text, why in zip(texts, whys, strict=True)
         if text != texts[most]})


def mask_places(draws: Draws) -> Question:
    """Over how many places the mask loss is taken."""
    windows = draws.one("windows", [64, 128, 256])
    positive = draws.whole("positive", 9, 30)
    m = draws.one("m", [10, 20, 21])
    return calculation(
        f"{windows} windows of a picture are drawn, {positive} of them positive and "
        f"all others negative; m = {m}, and no window reaches over the border. Over "
        "how many places of windows is the mask loss taken? A product will do.",
        f"{positive} * {m} * {m} = {positive * m * m}",
        "Negative windows have no mask to show, so they have no mask loss.",
        [(windows * m * m, "negative windows counted too"),
         (positive, "one loss for each window, as for objectness"),
         (windows, "the objectness loss")])


def both_losses(draws: Draws) -> Question:
    """The two losses with a fault."""
    return fault(
        "The two losses of a picture. `label` is 1, 0 or -1 (ignored) for each window; "
        "`bce` takes logits and targets, and returns the mean logistic loss.", """\
maps, objectness = network(image)
windows = assemble(maps, m, centers=centers)
drawn, positive = label >= 0, label == 1
loss_windows = bce(objectness[drawn], label[drawn])
loss_masks = bce(windows[positive], target[positive])
return loss_windows + loss_masks""",
        [(5, "loss_masks = bce(windows[drawn], target[drawn])",
          "Negative windows are taught a mask, though they have none to show."),
         (3, "drawn, positive = label >= -1, label == 1",
          "Ignored windows get an objectness loss, with the target -1."),
         (5, "loss_masks = bce(windows[positive].sigmoid(), target[positive])",
          "The sigmoid is taken twice: logits between 0 and 1 can never say a sure "
          "no."),
         (4, "loss_windows = bce(objectness[positive], label[positive])",
          "Only positive windows are taught, so every window will say yes.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (three_windows, copies, largest_loss, mask_places, both_losses)
