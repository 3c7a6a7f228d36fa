"""Lesson 13: terms of a loss on vectors, bandwidth, equal surroundings, seeds, runs."""

from __future__ import annotations

import numpy as np
import torch

from ifcn_course.assignment.variant import Draws, Unfit
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault
from ifcn_lab.models.discriminative import discriminative_loss
from ifcn_lab.models.sgn import run_labels


def variance_term(draws: Draws) -> Question:
    """The variance term of two objects of unequal size."""
    reach = draws.one("reach", [2.0, 3.0, 4.0])
    pull = draws.one("pull", [0.5, 1.0])
    count = draws.one("count", [2, 4])
    line = [-reach, reach] * (count // 2)
    x = torch.tensor([[a, 0.0] for a in [*line, 0.0, 0.0, 10.0]])
    own = torch.tensor([1] * (count + 2) + [2])
    term = float(discriminative_loss(x, own, pull, 3 * pull)[0])
    far = (reach - pull) ** 2
    return calculation(
        f"Vectors have one number. Object A has the vectors {[*line, 0.0, 0.0]}, "
        f"object B has one vector, 10. What is the variance term with pull = {pull:g}?",
        term, f"A's mean is 0: {count} of its {count + 2} vectors are {reach - pull:g} "
        "too far, squared; B costs nothing; the mean over two objects halves it.",
        [(far * count / (count + 3), "all places averaged at once"),
         (2 * term, "objects added up"),
         (reach**2 * count / (count + 2) / 2, "no pull"),
         (term / (reach - pull), "not squared")])


def safe_bandwidth(draws: Draws) -> Question:
    """The bandwidths that take an object in one step."""
    pull = draws.one("pull", [0.25, 0.5, 1.0, 1.5])
    push = pull * draws.one("times", [2.5, 3.0, 4.0])
    return calculation(
        f"Nothing costs anything with pull = {pull:g} and push = {push:g}. "
        "Between which two bandwidths does one step of mean-shift take exactly the "
        "object of any vector?", [2 * pull, 2 * (push - pull)],
        "Two vectors of an object are at most 2 pull apart, two of different objects "
        "at least 2 push - 2 pull.",
        [([pull, push], "distances from means in place of distances of vectors"),
         ([2 * pull, 2 * push], "means apart, not vectors"),
         ([pull, 2 * push - pull], "only one of the two vectors is off its mean")])


def labels_of_a_row(draws: Draws) -> Question:
    """Background, inside, start and end along a row."""
    lengths = [draws.whole(f"run {n}", 1, 3) for n in range(4)]
    if 1 not in lengths or max(lengths) < 3:
        raise Unfit("a run of one place and one of three have to be there")
    gap = draws.whole("gap", 1, 2)
    row = [n for number, length in zip((1, 2, 0, 3), [*lengths[:2], gap, lengths[3]],
                                       strict=True) for n in [number] * length]
    right = run_labels(torch.tensor([row]))[0].tolist()
    joined = run_labels(torch.tensor([[int(n > 0) for n in row]]))[0].tolist()
    turned = run_labels(torch.tensor([row[::-1]]))[0].tolist()[::-1]
    swapped = [{2: 3, 3: 2}.get(n, n) for n in turned]
    return calculation(
        "The figure shows a row of places with the numbers of their objects. What does "
        "after SGN call each: 0 background, 1 inside, 2 start, 3 end?", right,
        "A run starts where the place before is of something else, and ends where the "
        "next one is; a run of one place is a start.",
        [(joined, "objects that touch are joined"),
         (swapped, "a run of one place called an end"),
         ([int(n > 0) for n in row], "no ends at all")],
        grids({"": np.array([row])}, f"A row: {row}."))


def far_and_equal(draws: Draws) -> Question:
    """What parts two equal objects that are far from each other."""
    gap = draws.one("gap", [200, 250, 300, 400])
    seen = draws.one("seen", [90, 120, 150])
    return Question(
        f"A network without padding or coordinates sees {seen} pixels round each place."
        f" Two equal discs are {gap} pixels apart on an even ground. What can make "
        "their vectors different?",
        "Two more channels with x and y.",
        "Equal surroundings give equal vectors, whatever the weights are; only what is "
        "not equal at both can part them.",
        {"A longer training.": "Weights are the same at both places.",
         "A larger weight of the distance term.":
             "Its gradient cannot part what is computed alike.",
         "Vectors with more numbers.": "All of them are equal."})


def moving(draws: Draws) -> Question:
    """Mean-shift with a fault."""
    return fault(
        "Mean-shift from one vector: the vectors near the mean where it stays.",
        """\
while True:
    near = ((vectors - mean) ** 2).sum(1) < bandwidth ** 2
    moved = vectors[near].mean(0)
    if (moved == mean).all():
        return near
    mean = moved""",
        [(2, "near = ((vectors - mean) ** 2).sum(1) < bandwidth",
          "A squared distance is compared with a length: the reach is its root."),
         (3, "moved = vectors.mean(0)",
          "All vectors are averaged, so it moves to the middle of everything."),
         (2, "near = ((vectors - vectors.mean(0)) ** 2).sum(1) < bandwidth ** 2",
          "It always asks round the mean of all vectors, not where it is."),
         (2, "near = ((vectors - mean) ** 2).sum() < bandwidth ** 2",
          "All squares are added into one number, not one for each vector.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (variance_term, safe_bandwidth, labels_of_a_row, far_and_equal, moving)
