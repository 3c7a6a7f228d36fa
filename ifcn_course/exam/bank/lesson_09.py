"""Lesson 9: two layers and their rank, the loss of a window, what refinement adds."""

from __future__ import annotations

import numpy as np

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault


def rank(draws: Draws) -> Question:
    """The rank of a product of two matrices, from their sizes."""
    inputs, outputs = draws.one("sizes", [(400, 225), (784, 196), (900, 441)])
    waist = draws.whole("waist", 12, 40)
    return Question(
        f"A window's {inputs} features go through a linear layer to {waist} numbers "
        f"and through a second one to {outputs} logits; nothing stands between. Which "
        "one layer does the same?",
        f"One whose matrix has rank {waist} at most.",
        "Product of the two matrices: each of its rows is a weighted sum of the "
        f"{waist} rows of the first.",
        {f"Any one of {inputs} inputs and {outputs} outputs.":
            f"That takes a waist of {min(inputs, outputs)} numbers or more.",
         "None, as two layers can do more than one.":
            "They could with a non-linearity between them.",
         f"One whose matrix has {waist} rows.":
            f"It has {outputs} rows, as there are so many logits."})


def waist(draws: Draws) -> Question:
    """Weights with and without a waist."""
    inputs, outputs = draws.one("sizes", [(1600, 400), (784, 196), (1152, 576)])
    narrow = draws.one("waist", [16, 32, 64])
    two, one = narrow * (inputs + outputs), inputs * outputs
    return calculation(
        f"A window has {inputs} features and {outputs} logits. How many weights do two "
        f"linear layers through {narrow} numbers save against one layer, biases left "
        "out? A difference of products will do.",
        f"{inputs} * {outputs} - {narrow} * ({inputs} + {outputs}) = {one - two}",
        "One layer has inputs * outputs weights, two have rank * (inputs + outputs).",
        [(one, "the two layers forgotten"), (two, "what the two layers have"),
         (one - narrow * inputs, "the second layer forgotten"),
         (one - narrow * inputs * outputs, "all three sizes multiplied")])


def coarse(draws: Draws) -> Question:
    """A mask made coarse, as a figure."""
    wide, high = draws.whole("wide", 2, 5), draws.whole("high", 2, 5)
    y, x = draws.whole("y", 0, 6 - high), draws.whole("x", 0, 6 - wide)
    mask = np.zeros((6, 6), bool)
    mask[y:y + high, x:x + wide] = True
    counts = mask.reshape(3, 2, 3, 2).sum((1, 3))
    rough = (counts >= 2).repeat(2, 0).repeat(2, 1)
    thin = (counts > 0).repeat(2, 0).repeat(2, 1)
    rows = [["#" if each else "" for each in row] for row in mask]
    return calculation(
        "The figure shows an object. Its mask is drawn in squares of 2 x 2 pixels; a "
        "square is object where at least half of it is. How many pixels are wrong?",
        int((rough ^ mask).sum()),
        "Look at each of the nine squares: with 2 pixels or more it is all object, "
        "else all background.",
        [(int((thin ^ mask).sum()), "every square that is touched taken"),
         (int(rough.sum()), "the object's pixels in the coarse mask"),
         (int((rough & ~mask).sum()), "only what is too much"),
         (int((mask & ~rough).sum()), "only what is missing"), (36, "all pixels")],
        grids({"": rows}, f"A rectangle {wide} wide and {high} high whose first pixel "
              f"is in row {y}, column {x} of 6 x 6."))


def where(draws: Draws) -> Question:
    """Where refinement helps."""
    low, high = draws.one("limits", [(0.5, 0.8), (0.5, 0.9), (0.55, 0.85)])
    return Question(
        "SharpMask refines DeepMask's masks and leaves its scores alone. At which "
        f"limit does recall gain more, at IoU {low} or at IoU {high}, and why?",
        f"At {high}, because only the outline moves.",
        "A mask that covers half of its object counted before; what an exact outline "
        "adds shows where masks have to be exact.",
        {f"At {low}, because more objects are found at all.":
            "The windows and their scores are DeepMask's, so no window is found anew.",
         "At both alike, because every mask gets better.":
            "A small gain in IoU lifts few masks over a low limit: they were over it.",
         "At neither, because IoU does not see outlines.":
            "It counts all pixels, and the wrong ones lie at outlines."})


def loss(draws: Draws) -> Question:
    """The loss of a window, with a fault."""
    return fault(
        "These lines compute DeepMask's loss of one window from its logits f (h, w), "
        "its mask m (+1 for object, -1 for background), its score and its label y (+1 "
        "or -1).", """\
each = np.log(1 + np.exp(-m * f))
mask = each.mean()
gate = (1 + y) / 2
score_loss = np.log(1 + np.exp(-y * score))
return gate * mask + score_loss / 32""",
        [(1, "each = np.log(1 + np.exp(-(m + 1) / 2 * f))",
          "Background has label 0 then, so nothing tells it to be background."),
         (3, "gate = 1",
          "Negative windows are asked for a mask too, though none has an object in "
          "its middle."),
         (4, "score_loss = np.log(1 + np.exp(-score))",
          "Every window is taught a high score, negative ones too.")],
        draws.whole("fault", 0, 2))


QUESTIONS = (rank, waist, coarse, where, loss)
