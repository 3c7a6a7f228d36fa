"""Wrong answers to lesson 14, of verdicts, thresholds, ceilings, fronts and luck.

None of them is in the museum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from statistics import fmean, mean, median, stdev, variance
from typing import Any

import numpy as np

Array = np.ndarray
SHOWN, NOT, REFUTED = 1, 0, -1


def told(
    reach: Callable[[Any], float] = lambda v: 2 * stdev(v),
    center: Callable[[Any], float] = mean, alone: int = NOT,
    within: Callable[..., bool] = lambda a, b, low, high: low < a and b < high,
    outside: Callable[..., bool] = lambda a, b, low, high: b < low or a > high,
    words: tuple[int, int, int] = (SHOWN, REFUTED, NOT),
) -> Callable[..., Any]:
    """A `verdict_of` with one thing in it that is wrong."""
    def wrong(values: Sequence[float], low: float, high: float) -> int:
        if len(values) < 2:
            return alone
        first, last = center(values) - reach(values), center(values) + reach(values)
        if within(first, last, low, high):
            return words[0]
        return words[1] if outside(first, last, low, high) else words[2]

    return wrong


def ahead(
    lead: Callable[[Array, Array, int], Any], asked: Sequence[int] = range(50, 100, 5),
    answer: Callable[[list[int]], Any] = list,
) -> Callable[..., Any]:
    """A `better_at` with another way to be ahead."""
    return lambda first, second: answer([t for t in asked if lead(first, second, t)])


def more(first: Array, second: Array, t: int) -> bool:
    """The right way to be ahead."""
    return bool((first >= t).sum() > (second >= t).sum())


def front(
    beats: Callable[[Array, Array], Array] = lambda saved, gained:
    (saved >= 0) & (gained >= 0) & (saved + gained > 0),
    order: Callable[[list[int], Array, Array], Any] = lambda kept, costs, figures:
    sorted(kept, key=costs.__getitem__),
) -> Callable[..., Any]:
    """A `frontier` with one thing in it that is wrong."""
    def wrong(costs: Array, figures: Array) -> Any:
        kept = [n for n in range(len(costs)) if not beats(
            np.delete(costs[n] - costs, n), np.delete(figures - figures[n], n)).any()]
        return order(kept, costs, figures)

    return wrong


def running(costs: Array, figures: Array) -> list[int]:
    """Keeps whoever finds no less than all cheaper ones, twins or not."""
    kept, best = [], -np.inf
    for n in np.argsort(costs, kind="stable").tolist():
        if figures[n] >= best:
            kept, best = [*kept, n], figures[n]
    return kept


def spent(first: int, kept: int, pick: Callable = mean) -> Callable[..., Any]:
    """A `spend` of `first` runs each, and all the others for `kept` models."""
    def wrong(run: Callable, models: list[str], runs: int) -> str:
        seen = {name: [run(name) for _ in range(first)] for name in models}
        left = sorted(models, key=lambda name: -pick(seen[name]))[:kept]
        for name in left:
            seen[name] += [run(name) for _ in range((runs - first * 12) // kept)]
        return max(left, key=lambda name: pick(seen[name]))

    return wrong


LESSON_14: dict[str, list[Callable[..., Any]]] = {
    "verdict_of": [
        told(lambda v: stdev(v)), told(lambda v: 3 * stdev(v)),
        told(lambda v: 2 * variance(v)), told(center=median), told(alone=SHOWN),
        told(alone=REFUTED), told(lambda v: max(v) - min(v)),
        told(lambda v: 1.96 * stdev(v)),
        told(within=lambda a, b, low, high: low <= a and b <= high),
        told(within=lambda a, b, low, high: low < a),
        told(within=lambda a, b, low, high: b < high),
        told(outside=lambda a, b, low, high: b <= low or a >= high),
        told(outside=lambda a, b, low, high: b < low),
        told(outside=lambda a, b, low, high: True),
        told(outside=lambda a, b, low, high: a < low or b > high),
        told(words=(REFUTED, SHOWN, NOT)), told(words=(SHOWN, NOT, REFUTED)),
        told(words=(SHOWN, REFUTED, 2)), lambda v, low, high: NOT,
        lambda v, low, high: SHOWN,
    ],
    "better_at": [
        ahead(more, range(50, 95, 5)), ahead(more, range(55, 100, 5)),
        ahead(more, range(50, 100, 10)), ahead(more, range(0, 100, 5)),
        ahead(more, (50, 75)), ahead(more, answer=lambda ts: ts[:1]),
        ahead(more, answer=len), ahead(more, answer=lambda ts: [t / 100 for t in ts]),
        ahead(lambda a, b, t: more(b, a, t)),
        ahead(lambda a, b, t: not more(b, a, t) and not more(a, b, t)),
        ahead(lambda a, b, t: (a[a >= t]).sum() > (b[b >= t]).sum()),
        ahead(lambda a, b, t: a.mean() > b.mean()),
        ahead(lambda a, b, t: (a >= t).any() and not (b >= t).any()),
        ahead(lambda a, b, t: a.max() >= t and a.max() > b.max()),
        ahead(lambda a, b, t: ((a >= t) & (b < t)).any()),
        lambda a, b: [more(a, b, t) for t in range(50, 100, 5)],
    ],
    "ceiling": [
        lambda c, n: min(1, n / max(c)), lambda c, n: n / max(c),
        lambda c, n: min(n, sum(c)) / sum(c), lambda c, n: n * len(c) / sum(c),
        lambda c, n: sum(min(each, n) for each in c) / len(c),
        lambda c, n: sum(min(each, n) for each in c) / (n * len(c)),
        lambda c, n: sum(min(each, n) for each in c),
        lambda c, n: 100 * sum(min(each, n) for each in c) / sum(c),
        lambda c, n: sum(each <= n for each in c) / len(c), lambda c, n: 1.0,
        lambda c, n: sum(max(each - n, 0) for each in c) / sum(c),
        lambda c, n: fmean(min(1, n / max(each, 1)) for each in c if each),
        lambda c, n: min(min(1, n / max(each, 1)) for each in c),
        lambda c, n: round(sum(min(each, n) for each in c) / sum(c), 1),
        lambda c, n: sum(min(each, n - 1) for each in c) / sum(c),
    ],
    "frontier": [
        front(lambda saved, gained: (saved > 0) & (gained >= 0)),
        front(lambda saved, gained: (saved >= 0) & (gained > 0)),
        front(lambda saved, gained: saved > 0), front(lambda saved, gained: gained > 0),
        front(lambda saved, gained: (saved <= 0) & (gained >= 0)
              & (gained - saved > 0)),
        front(lambda saved, gained: (saved > 0) | (gained > 0)),
        front(lambda saved, gained: saved + gained > 0),
        front(order=lambda kept, costs, figures: kept),
        front(order=lambda kept, costs, figures: kept[:1]),
        front(order=lambda kept, costs, figures: len(kept)),
        front(order=lambda kept, costs, figures: costs[kept]),
        front(order=lambda kept, costs, figures: sorted(figures[kept])),
        front(order=lambda kept, costs, figures: np.isin(range(len(costs)), kept)),
        front(order=lambda kept, costs, figures: [
            n for n in np.argsort(costs) if n not in kept]),
        running, lambda costs, figures: np.argsort(costs, kind="stable"),
        lambda costs, figures: [int(figures.argmax())],
        lambda costs, figures: [int((figures / costs).argmax())],
    ],
    "bar_ratio": [
        lambda a, b, cut: b - a, lambda a, b, cut: (b - a) / (a - cut),
        lambda a, b, cut: (b - cut) / a, lambda a, b, cut: b / (a - cut),
        lambda a, b, cut: (b - a) / a, lambda a, b, cut: (b - cut) / (b - a + 1),
        lambda a, b, cut: (b - cut) / (100 - cut), lambda a, b, cut: b - cut,
        lambda a, b, cut: (b - cut) // (a - cut),
        lambda a, b, cut: round((b - cut) / (a - cut), 1),
        lambda a, b, cut: max(a - cut, b - cut) / min(a - cut, b - cut),
        lambda a, b, cut: (b - cut) / (a - cut) * a / b,
        lambda a, b, cut: 100 * (b - cut) / (a - cut),
        lambda a, b, cut: [(b - cut) / (a - cut)],
    ],
    "luckiest": [
        lambda v, n: mean(v), lambda v, n: median(v), lambda v, n: min(v),
        lambda v, n: sorted(v)[n - 1], lambda v, n: sorted(v)[-n],
        lambda v, n: mean(sorted(v)[-n:]), lambda v, n: max(v[-n:]),
        lambda v, n: mean(min(some) for some in combinations(v, n)),
        lambda v, n: mean(sum(some) for some in combinations(v, n)),
        lambda v, n: max(mean(some) for some in combinations(v, n)),
        lambda v, n: median(max(some) for some in combinations(v, n)),
        lambda v, n: sum(max(some) for some in combinations(v, n)),
        lambda v, n: sum(max(some) for some in permutations(v, n)) / len(v),
        lambda v, n: mean(max(v[i:i + n]) for i in range(len(v) - n + 1)),
        lambda v, n: mean(sorted({max(some) for some in combinations(v, n)})),
        lambda v, n: mean(v) + (max(v) - mean(v)) * (n - 1) / len(v),
    ],
    "spend": [
        lambda run, models, runs: models[0], lambda run, models, runs: 0,
        lambda run, models, runs: models, lambda run, models, runs: "M",
        lambda run, models, runs: max(models, key=run), spent(2, 1), spent(1, 2),
        spent(5, 12), spent(5, 12, max), spent(1, 1), spent(4, 1), spent(3, 1),
        spent(2, 6, max),
        lambda run, models, runs: min(models, key=lambda name: run(name) + run(name)),
        lambda run, models, runs: max(models, key=lambda name: mean(
            run(name) for _ in range(6))),
        lambda run, models, runs: [max(models, key=run)],
        lambda run, models, runs: run("A"),
    ],
}
