"""Checks of lesson 13: terms of a loss, mean-shift, seeds, breakpoints, groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of

FOUR = np.array([[0.0, 0], [2, 0], [1, 2], [1, 2]])
UNEQUAL = np.array([[-1.0, 0], [2, 0], [0, 0], [0, 2], [0, 4], [1, 1]])


def too_near(function: Callable[..., object]) -> None:
    """Exercise 13.1: what two means cost, as `function(distance, push)`."""
    asked = [
        (3.0, 1.5, "2 * push apart is far enough, and costs nothing."),
        (4.0, 1.5, "Farther than 2 * push costs nothing either: cut off with max."),
        (2.0, 1.5, "Means have to be 2 * push apart, not push."),
        (0.0, 1.5, "What is missing of 2 * push, squared."),
        (0.5, 1.0, "What is missing of 2 * push, squared."),
    ]
    cases = [Case(f"distance {distance:g}, push {push:g}", (distance, push),
                  max(0.0, 2 * push - distance) ** 2, hint)
             for distance, push, hint in asked]
    report("Exercise 13.1", function, cases, agree=close,
           rule="What is missing of 2 * push, cut off at 0 and squared.")


def variance(function: Callable[..., object]) -> None:
    """Exercise 13.2: the variance term, as `function(vectors, own, pull)`."""
    from ifcn_lab.models.discriminative import discriminative_loss

    margin = "Distances up to `pull` cost nothing: subtract it, and cut off at 0."
    objects = "First a mean for each object, then the mean over objects."
    asked = [
        ("one place", FOUR[:1], [1], 0.5, "A place alone is its own mean: 0."),
        ("two places of one object", FOUR[:2], [1, 1], 0.25, margin),
        ("all nearer than pull", FOUR[:2], [1, 1], 1.5, margin),
        ("two objects of two places", FOUR, [1, 1, 2, 2], 0.5, objects),
        ("objects of three places and of one", UNEQUAL[:4], [1, 1, 1, 2], 0.5, objects),
        ("three objects far apart", 3 * UNEQUAL, [1, 1, 1, 2, 2, 3], 0.5,
         "Every object counts alike: divide by how many there are."),
        ("two places on a diagonal", np.array([[0.0, 0], [3, 4]]), [1, 1], 0.5,
         "A distance is the root of the sum of the squares."),
        ("numbers 4 and 7", FOUR[[0, 2, 1, 3]], [7, 4, 7, 4], 0.5,
         "Numbers are only names: np.unique(own) gives those there are."),
    ]
    cases = []
    for what, vectors, own, pull, hint in asked:
        right = discriminative_loss(torch.tensor(vectors), torch.tensor(own), pull,
                                    3 * pull)[0]
        cases.append(Case(what, (vectors, np.array(own), pull), float(right), hint))
    report("Exercise 13.2", function, cases, agree=close, rule="Of each object the "
           "mean of max(0, distance from its mean - pull) squared; then their mean.")


def move(function: Callable[..., object]) -> None:
    """Exercise 13.3: one step of mean-shift, `function(vectors, mean, bandwidth)`."""
    line = np.array([[0.0, 0], [1, 0], [1.8, 0], [5, 0]])
    cross = np.array([[0.0, 0], [0, 1.5], [1.5, 1.5], [-1, 0], [4, 4], [-1.2, -1.2]])
    near = "Only vectors nearer than the bandwidth count."
    other = "Nearer to `mean`, wherever it lies, be it one of the vectors or not."
    asked = [
        (line[3:], [5.0, 0], 1.0, "One vector is its own mean."),
        (line, [0.0, 0], 1.5, near),
        (line, [0.0, 0], 9.0, "All are near: the mean of all."),
        (line, [5.0, 0], 0.5, other), (line, [1.5, 0.2], 0.8, other),
        (line, [0.0, 0], 1.9,
         "A bandwidth is a distance: compare squares with a square."),
        (cross, [0.0, 0], 2.0, "Distance in all directions: add the squares of a row."),
        (cross, [0.0, 0], 0.5, near),
        (line, [0.0, 0], 1.0, "At the bandwidth it is not near."),
    ]
    cases = []
    for vectors, mean, bandwidth, hint in asked:
        square = ((vectors - mean) ** 2).sum(1)
        right = vectors[square < bandwidth**2].mean(0)
        cases.append(Case(f"{len(vectors)} vectors from {mean}, bandwidth "
                          f"{bandwidth:g}", (vectors, np.array(mean), bandwidth),
                          right, hint))
    report("Exercise 13.3", function, cases, agree=close,
           rule="The mean of the vectors that are nearer than the bandwidth.")


def choose(function: Callable[..., object]) -> None:
    """Exercise 13.4: seeds, as `function(scores, vectors, count, alpha)`."""
    from ifcn_lab.models.metric_learning import choose_seeds

    line = np.array([[0.0], [0.1], [3.0], [3.2], [-4.0]])
    plane = np.array([[0.0, 0], [2.2, 2.2], [0, 3], [0.5, 2.5], [-2.8, 0]])
    scores = np.array([0.9, 0.8, 0.5, 0.4, 0.45])
    last = "Far from the nearest of all seeds before, not from the last one."
    asked = [
        (scores[[1, 0]], line[[1, 0]], 1, 0.2, "The first seed is the best score."),
        (scores[:3], line[:3], 2, 0.5, "A seed is worth more far from those before."),
        (scores, line, 3, 0.5, last), (scores, line, 5, 0.5, last),
        (scores[[0, 4, 2, 1]], line[[0, 4, 2, 1]], 3, 0.1,
         "Add log score and alpha times log squared distance."),
        (np.array([0.9, 0.3, 0.6]), np.array([[0.0], [4.0], [2.0]]), 2, 0.6,
         "Add log score and alpha times log squared distance."),
        (np.array([0.9, 0.5, 0.5, 0.5, 0.5]), plane, 4, 1.0,
         "Distance in all directions: add the squares of a row."),
    ]
    cases = [Case(f"{len(points)} places, {count} seeds, alpha {alpha:g}",
                  (best, points, count, alpha), list(choose_seeds(
                      torch.tensor(best), torch.tensor(points), count, alpha)), hint)
             for best, points, count, alpha, hint in asked]
    report("Exercise 13.4", function, cases, rule="The best log score plus alpha times "
           "the log of the squared distance to the nearest seed so far.")


def ends(function: Callable[..., object]) -> None:
    """Exercise 13.5: what each place of a row is, as `function(row)`."""
    from ifcn_lab.models.sgn import run_labels

    asked = [
        ([0, 0], "Background is 0."),
        ([1], "A run of one place is a start."),
        ([0, 1, 1, 1, 0], "A run: start, inside, end."),
        ([1, 1, 1], "Outside the row there is nothing, so runs end at its borders."),
        ([1, 1, 2, 2], "Another number is another object, also without a gap."),
        ([2, 2, 1, 1], "Another number is another object, larger or smaller."),
        ([1, 1, 0, 1, 1], "An object may have two runs: each starts and ends."),
        ([0, 3, 0, 1], "A run of one place is a start."),
        ([1, 1, 2, 3, 3], "A run of one place is a start, also between two others."),
        ([0, 1, 1, 1, 2, 2, 0, 3], "Compare each place with both of its neighbours."),
    ]
    cases = [Case(f"row {row}", (row,), run_labels(torch.tensor([row]))[0].tolist(),
                  hint) for row, hint in asked]
    report("Exercise 13.5", function, cases, rule="0 background; 2 where the place "
           "before is of something else; 3 where the next one is; else 1.")


# The open problem

SCENES, BAR = 8, 0.9
"""How many scenes, and the mean IoU that is asked for."""


class Equals(NamedTuple):
    """Vectors (n, D) and places (n, 2) of discs, some far and equal, and whose."""

    vectors: Float[np.ndarray, "n D"]
    places: Int[np.ndarray, "n 2"]
    own: Int[np.ndarray, " n"]


def equal_discs(seed: int) -> Equals:
    """Six discs of two kinds on 30 x 30 places; discs of a kind never touch.

    Each place has the vector of its kind and some noise, as from a network without
    coordinates.

    >>> len(np.unique(equal_discs(0).own))
    6
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:30, :30]
    own, kinds = np.zeros((30, 30), int), []
    while len(kinds) < 6:
        cy, cx = rng.integers(4, 26, 2)
        kind, disc = len(kinds) % 2, (y - cy) ** 2 + (x - cx) ** 2 <= 12
        wide = (y - cy) ** 2 + (x - cx) ** 2 <= 34
        near = [kinds[n - 1] for n in np.unique(own[wide]) if n]
        if own[disc].any() or kind in near:
            continue
        kinds.append(kind)
        own[disc] = len(kinds)
    places = np.argwhere(own > 0)
    own = own[own > 0]
    means = np.array([[0.0, 0, 0, 0], [3, 0, 0, 0]])[np.array(kinds)[own - 1]]
    return Equals(means + 0.3 * rng.normal(size=means.shape), places, own)


def group(function: Callable[..., object]) -> None:
    """Exercise 13.6: far and equal objects, as `function(vectors, places)`."""
    judge("Exercise 13.6", group_trials(function),
          "objects that are far and equal are told apart")


def group_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """One number for each place; touching discs; then far and equal ones."""
    first = equal_discs(0)
    yield Trial("one scene", partial(grouped, function, first),
                partial(no_numbers, len(first.own)),
                "Return a whole number for each place, equal within a group.")
    yield Trial(f"{SCENES} scenes of six discs", partial(mean_iou, function),
                too_low,
                "Neither the vector nor the place says alone which disc it is.")


def grouped(function: Callable[..., Any], scene: Equals) -> Any:
    """What the function answers to a scene, whatever that is."""
    return function(scene.vectors.copy(), scene.places.copy())


def no_numbers(count: int, answer: object) -> str | None:
    """What is wrong with the form of an answer."""
    shape = array_of(answer).shape
    if shape != (count,):
        return f"Your answer has the shape {shape}; there are {count} places."
    return None


def mean_iou(function: Callable[..., Any]) -> float:
    """The mean IoU of each disc with the group that fits it best."""
    found = []
    for seed in range(SCENES):
        scene = equal_discs(seed)
        said = array_of(grouped(function, scene))
        for number in np.unique(scene.own):
            disc = scene.own == number
            groups = [said == each for each in np.unique(said[disc])]
            found.append(max((disc & each).sum() / (disc | each).sum()
                             for each in groups))
    return float(np.mean(found))


def too_low(iou: float) -> str | None:
    """What is wrong with a mean IoU."""
    return None if iou >= BAR else f"The mean IoU of a disc is {iou:.3f}, not {BAR}."
