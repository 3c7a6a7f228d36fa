"""Wrong answers to lesson 13, of vectors, moves, seeds and runs; none in the museum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

Array = np.ndarray


def root(differences: Array) -> Array:
    """The length of each row."""
    return np.sqrt((differences**2).sum(-1))


def hinge(away: Array, pull: float) -> Array:
    """What is too far, squared."""
    return np.maximum(0, away - pull) ** 2


def pulled(
    center: Callable[[Array], Any] = lambda mine: mine.mean(0),
    length: Callable[[Array], Array] = root,
    cost: Callable[[Array, float], Any] = lambda away, pull: hinge(away, pull).mean(),
    names: Callable[[Array], Any] = np.unique,
    whole: Callable[[list[Any]], Any] = np.mean,
) -> Callable[..., Any]:
    """A `variance` with one thing in it that is wrong."""
    def wrong(vectors: Array, own: Array, pull: float) -> Any:
        objects = [vectors[own == number] for number in names(own)]
        return whole([cost(length(mine - center(mine)), pull) for mine in objects])

    return wrong


def moved(
    length: Callable[[Array], Array] = root,
    reach: Callable[[float], float] = lambda bandwidth: bandwidth,
    answer: Callable[[Array, Array], Any] = lambda near, mean: near.mean(0),
) -> Callable[..., Any]:
    """A `move` with one thing in it that is wrong."""
    def wrong(vectors: Array, mean: Array, bandwidth: float) -> Any:
        return answer(vectors[length(vectors - mean) < reach(bandwidth)], mean)

    return wrong


def seeded(
    worth: Callable[[Array, Array, float], Array] = lambda scores, far, alpha:
    np.log(scores) + alpha * np.log(far + 1e-12),
    nearest: Callable[[Array], Array] = lambda squares: squares.min(1),
    square: Callable[[Array], Array] = lambda differences: (differences**2).sum(-1),
    first: Callable[[Array], Any] = np.argmax,
    answer: Callable[[list[int]], Any] = list,
) -> Callable[..., Any]:
    """A `choose` with one thing in it that is wrong."""
    def wrong(scores: Array, vectors: Array, count: int, alpha: float) -> Any:
        seeds = [int(first(scores))]
        while len(seeds) < count:
            far = nearest(square(vectors[:, None] - vectors[seeds]))
            seeds.append(int(np.argmax(worth(scores, far, alpha))))
        return answer(seeds)

    return wrong


def named(
    rule: Callable[[int, int, int], int],
    pad: Callable[[Sequence[int]], tuple[int, int]] = lambda row: (-1, -1),
) -> Callable[..., Any]:
    """An `ends` by a rule for a place, the one before and the one after."""
    def wrong(row: Sequence[int]) -> list[int]:
        before, after = pad(row)
        wide = [before, *row, after]
        return [rule(own, wide[n], wide[n + 2]) if own else 0
                for n, own in enumerate(row)]

    return wrong


def right_end(own: int, before: int, after: int) -> int:
    """The right rule."""
    return 2 if own != before else 3 if own != after else 1


def first_and_last(row: Sequence[int]) -> list[int]:
    """Takes all places of a number for one run."""
    where = {own: [n for n, each in enumerate(row) if each == own] for own in row}
    return [0 if not own else 2 if n == where[own][0] else 3 if n == where[own][-1]
            else 1 for n, own in enumerate(row)]


def joined(beside: Callable[[Array, Array], Array]) -> Callable[..., Any]:
    """A `group` of what is joined, place with place."""
    return lambda vectors, places: connected_components(beside(vectors, places))[1]


def near(points: Array, reach: float) -> Array:
    """Which two are nearer than this."""
    return cdist(points, points) < reach


LESSON_13: dict[str, list[Callable[..., Any]]] = {
    "too_near": [
        lambda d, p: max(0, 2 * p - d) ** 3,
        lambda d, p: max(0, 3 - d) ** 2,
        lambda d, p: max(0, 2 * p - d) ** 2 / 2,
        lambda d, p: max(0, (2 * p) ** 2 - d**2),
        lambda d, p: max(0, d - 2 * p) ** 2,
        lambda d, p: max(0, 2 * p - d) ** 2 if d < p else 0,
        lambda d, p: max(0, 2 * p - d**2) ** 2,
        lambda d, p: round(max(0, 2 * p - d) ** 2),
        lambda d, p: float(d < 2 * p),
        lambda d, p: max(0, 1 - d / (2 * p)) ** 2,
        lambda d, p: [max(0, 2 * p - d) ** 2],
    ],
    "variance": [
        pulled(center=lambda mine: np.median(mine, 0)),
        pulled(center=lambda mine: mine[0]),
        pulled(center=lambda mine: (mine.min(0) + mine.max(0)) / 2),
        pulled(length=lambda away: np.abs(away).sum(1)),
        pulled(length=lambda away: np.abs(away).max(1)),
        pulled(length=lambda away: away[:, 0]),
        pulled(cost=lambda away, pull: hinge(away, pull).max()),
        pulled(cost=lambda away, pull: hinge(away.mean(), pull)),
        pulled(cost=lambda away, pull: hinge(away, 0.5).mean()),
        pulled(cost=lambda away, pull: ((away - pull) ** 2).mean()),
        pulled(cost=lambda away, pull: np.where(away > pull, away, 0).mean() ** 2),
        pulled(names=lambda own: range(1, own.max() + 1)),
        pulled(whole=max),
        pulled(whole=lambda costs: sum(costs) / max(1, len(costs) - 1)),
    ],
    "move": [
        moved(length=lambda away: np.abs(away).sum(1)),
        moved(length=lambda away: np.abs(away[:, 0])),
        moved(length=lambda away: root(away).round()),
        moved(reach=lambda bandwidth: bandwidth / 2),
        moved(reach=lambda bandwidth: bandwidth**2),
        moved(answer=lambda near, mean: np.median(near, 0)),
        moved(answer=lambda near, mean: (near.mean(0) + mean) / 2),
        moved(answer=lambda near, mean: near.mean(0) - mean),
        moved(answer=lambda near, mean: np.vstack([near, mean]).mean(0)),
        lambda vectors, mean, bandwidth: moved()(vectors, vectors[0], bandwidth),
        lambda vectors, mean, bandwidth: moved()(
            vectors, vectors[root(vectors - mean).argmin()], bandwidth),
        lambda vectors, mean, bandwidth: np.average(
            vectors, 0, np.exp(-((root(vectors - mean) / bandwidth) ** 2))),
    ],
    "choose": [
        seeded(worth=lambda s, far, a: np.log(s) + a * np.log(far + 1e-12) / 2),
        seeded(worth=lambda s, far, a: s + a * np.log(far + 1e-12)),
        seeded(worth=lambda s, far, a: np.log(s) + np.log(far + 1e-12)),
        seeded(worth=lambda s, far, a: a * np.log(s) + np.log(far + 1e-12)),
        seeded(worth=lambda s, far, a: np.log10(s) + a * np.log(far + 1e-12)),
        seeded(nearest=lambda squares: squares.max(1)),
        seeded(nearest=lambda squares: squares.mean(1)),
        seeded(nearest=lambda squares: squares[:, 0]),
        seeded(square=lambda away: np.abs(away).sum(-1) ** 2),
        seeded(square=lambda away: np.abs(away).max(-1) ** 2),
        seeded(square=lambda away: away[..., -1] ** 2),
        seeded(first=lambda scores: 0),
        seeded(answer=sorted),
    ],
    "ends": [
        named(right_end, lambda row: (-1, row[0])),
        named(right_end, lambda row: (-1, row[-1])),
        named(right_end, lambda row: (row[0], row[-1])),
        named(lambda own, before, after: 2 if own > before else 3 if own != after
              else 1),
        named(lambda own, before, after: 2 if own != before else 3 if own > after
              else 1),
        named(lambda own, before, after: 2 if before != own != after and
              before <= 0 and after <= 0 else 3 if own != after else
              2 if own != before else 1),
        named(lambda own, before, after: right_end(own, own, after)),
        named(lambda own, before, after: 1 if before != own != after
              else right_end(own, before, after)),
        named(right_end, lambda row: (-1, -1) if len(row) > 1 else (row[0], -1)),
        first_and_last,
        lambda row: "".join(map(str, named(right_end)(row))),
        lambda row: [named(right_end)(row)],
    ],
    "group": [
        joined(lambda vectors, places: near(places, 1.5)),
        joined(lambda vectors, places: near(places, 1.1)),
        joined(lambda vectors, places: near(vectors, 1.5)),
        joined(lambda vectors, places: near(vectors, 1.5) | near(places, 1.5)),
        joined(lambda vectors, places: near(vectors, 0.5) & near(places, 1.5)),
        joined(lambda vectors, places: near(vectors, 1.5) & near(places, 8)),
        joined(lambda vectors, places: near(np.c_[vectors, places / 100], 1.5)),
        joined(lambda vectors, places: near(vectors, 1.5) & near(places[:, 1:], 1.5)),
        lambda vectors, places: (vectors[:, 0] > 1.5).astype(int),
        lambda vectors, places: np.full(len(places), np.nan),
        lambda vectors, places: near(vectors, 1.5) & near(places, 1.5),
    ],
}
