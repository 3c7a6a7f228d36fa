"""Mistakes of losses on vectors, mean-shift, seeds and breakpoints: lesson 13."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from ifcn_course.museum.specimen import mistake

Vectors = Float[np.ndarray, "N D"]
Numbers = Int[np.ndarray, " N"]
Scores = Float[np.ndarray, " N"]
Mean = Float[np.ndarray, " D"]


@mistake(
    "Push not doubled",
    "It looks as if means need only be `push` apart.",
    "Each keeps push round itself, so two means need 2 * push.",
    "too_near",
)
def push_not_doubled(distance: float, push: float) -> float:
    """Takes the margin of one for the margin of two."""
    return max(0.0, push - distance) ** 2


@mistake(
    "Hinge not squared",
    "It looks as if what is missing is not squared.",
    "Square it after it was cut off at 0.",
    "too_near",
)
def hinge_not_squared(distance: float, push: float) -> float:
    """Costs as much as is missing."""
    return max(0.0, 2 * push - distance)


@mistake(
    "Far means pulled back",
    "It looks as if means that are far enough cost something.",
    "Cut what is missing off at 0, before it is squared.",
    "too_near",
)
def no_hinge(distance: float, push: float) -> float:
    """Squares a negative number."""
    return (2 * push - distance) ** 2


def away(vectors: Vectors, own: Numbers) -> Scores:
    """Distance of each vector from the mean of its object."""
    means = np.array([vectors[own == number].mean(0) for number in own])
    return np.sqrt(((vectors - means) ** 2).sum(1))


@mistake(
    "Pixels pooled",
    "It looks as if all places are averaged at once, whatever their object.",
    "A mean for each object first, so that a small one counts as much as a large one.",
    "variance",
)
def pixels_pooled(vectors: Vectors, own: Numbers, pull: float) -> float:
    """Lets large objects count more."""
    return float((np.maximum(0, away(vectors, own) - pull) ** 2).mean())


@mistake(
    "Objects summed",
    "It looks as if the objects are added up and not averaged.",
    "Divide by the number of objects.",
    "variance",
)
def objects_summed(vectors: Vectors, own: Numbers, pull: float) -> float:
    """Costs more the more objects there are."""
    far = np.maximum(0, away(vectors, own) - pull) ** 2
    return float(sum(far[own == number].mean() for number in np.unique(own)))


@mistake(
    "No margin",
    "It looks as if every distance from the mean costs something.",
    "Up to `pull` it is free: subtract pull and cut off at 0.",
    "variance",
)
def pulled_within_margin(vectors: Vectors, own: Numbers, pull: float) -> float:
    """Pulls vectors together that are near enough."""
    far = away(vectors, own) ** 2
    return float(np.mean([far[own == number].mean() for number in np.unique(own)]))


@mistake(
    "Distance not squared",
    "It looks as if what is too far is not squared.",
    "Square it after pull was taken off.",
    "variance",
)
def distance_not_squared(vectors: Vectors, own: Numbers, pull: float) -> float:
    """Costs as much as it is too far."""
    far = np.maximum(0, away(vectors, own) - pull)
    return float(np.mean([far[own == number].mean() for number in np.unique(own)]))


@mistake(
    "Pull taken off late",
    "It looks as if pull is taken off the squared distance.",
    "Take pull off the distance, and square what is left.",
    "variance",
)
def pull_taken_off_late(vectors: Vectors, own: Numbers, pull: float) -> float:
    """Compares a square with a length."""
    far = np.maximum(0, away(vectors, own) ** 2 - pull)
    return float(np.mean([far[own == number].mean() for number in np.unique(own)]))


@mistake(
    "Everybody asked",
    "It looks as if the mean is taken of all vectors.",
    "Only those nearer than the bandwidth count.",
    "move",
)
def everybody_asked(vectors: Vectors, mean: Mean, bandwidth: float) -> Mean:
    """Has no kernel at all."""
    return vectors.mean(0)


@mistake(
    "Bandwidth not squared",
    "It looks as if a squared distance is compared with the bandwidth itself.",
    "Compare squares with squares, or take the root.",
    "move",
)
def bandwidth_not_squared(
    vectors: Vectors, mean: Mean, bandwidth: float
) -> Mean:
    """Takes the root of what was asked for."""
    return vectors[((vectors - mean) ** 2).sum(1) < bandwidth].mean(0)


@mistake(
    "Closed ball",
    "It looks as if vectors at the bandwidth itself count.",
    "Near means nearer than the bandwidth: use <.",
    "move",
)
def closed_ball(vectors: Vectors, mean: Mean, bandwidth: float) -> Mean:
    """Counts the border as inside."""
    return vectors[((vectors - mean) ** 2).sum(1) <= bandwidth**2].mean(0)


@mistake(
    "Square in place of ball",
    "It looks as if each number of a vector is compared alone.",
    "Add the squares of all differences, then compare.",
    "move",
)
def square_in_place_of_ball(
    vectors: Vectors, mean: Mean, bandwidth: float
) -> Mean:
    """Reaches farther along the diagonal."""
    return vectors[(np.abs(vectors - mean) < bandwidth).all(1)].mean(0)


@mistake(
    "Seeds by score alone",
    "It looks as if the best scores are taken, wherever they are.",
    "Add alpha times the log of the squared distance to the nearest seed so far.",
    "choose",
)
def seeds_by_score_alone(
    scores: Scores, vectors: Vectors, count: int, alpha: float
) -> list[int]:
    """Takes many seeds of one object."""
    return np.argsort(-scores, kind="stable")[:count].tolist()


@mistake(
    "Far from the last only",
    "It looks as if only the last seed is kept away from.",
    "Take the distance to the nearest of all seeds so far.",
    "choose",
)
def far_from_the_last_only(
    scores: Scores, vectors: Vectors, count: int, alpha: float
) -> list[int]:
    """Forgets the seeds before."""
    seeds = [int(scores.argmax())]
    while len(seeds) < count:
        far = ((vectors - vectors[seeds[-1]]) ** 2).sum(1)
        seeds.append(int((np.log(scores) + alpha * np.log(far + 1e-12)).argmax()))
    return seeds


@mistake(
    "Numbers without logs",
    "It looks as if score and distance are added as they are.",
    "Add their logarithms: log score + alpha * log squared distance.",
    "choose",
)
def numbers_without_logs(
    scores: Scores, vectors: Vectors, count: int, alpha: float
) -> list[int]:
    """Lets a large distance outvote every score."""
    seeds = [int(scores.argmax())]
    while len(seeds) < count:
        far = ((vectors[:, None] - vectors[seeds]) ** 2).sum(2).min(1)
        worth = np.where(far > 0, scores + alpha * far, -np.inf)
        seeds.append(int(worth.argmax()))
    return seeds


@mistake(
    "Round the corner",
    "It looks as if the first place is compared with the last one.",
    "Before the first place there is nothing, so a run begins there.",
    "ends",
)
def round_the_corner(row: Sequence[int]) -> list[int]:
    """Reads row[-1]."""
    after = [*row[1:], -1]
    return [0 if own == 0 else 2 if own != row[n - 1] else 3 if own != after[n] else 1
            for n, own in enumerate(row)]


@mistake(
    "Only gaps end runs",
    "It looks as if a run ends at the background only.",
    "Where two objects touch one run ends and another begins.",
    "ends",
)
def only_gaps_end_runs(row: Sequence[int]) -> list[int]:
    """Joins objects that touch."""
    wide = [0, *row, 0]
    return [0 if own == 0 else 2 if wide[n] == 0 else 3 if wide[n + 2] == 0 else 1
            for n, own in enumerate(row)]


@mistake(
    "End before start",
    "It looks as if a run of one place is called an end.",
    "Ask for the start first.",
    "ends",
)
def end_before_start(row: Sequence[int]) -> list[int]:
    """Is not the mirror image of the rule."""
    wide = [-1, *row, -1]
    return [0 if own == 0 else 3 if own != wide[n + 2] else 2 if own != wide[n] else 1
            for n, own in enumerate(row)]


@mistake(
    "Background has ends",
    "It looks as if background has starts and ends.",
    "Background is 0, whatever stands beside it.",
    "ends",
)
def background_has_ends(row: Sequence[int]) -> list[int]:
    """Reads runs of background as well."""
    wide = [-1, *row, -1]
    return [2 if own != wide[n] else 3 if own != wide[n + 2] else 1 if own else 0
            for n, own in enumerate(row)]
