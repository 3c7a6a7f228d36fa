"""Checks of lesson 14: what a difference shows, thresholds, ceilings, prices, luck."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations
from math import inf
from statistics import mean
from typing import Any

import numpy as np

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_lab.league.claims import NOT_SHOWN, REFUTED, SHOWN, verdict


def verdict_of(function: Callable[..., object]) -> None:
    """Exercise 14.1: what a difference shows, as `function(values, low, high)`."""
    alone = "One value has no spread, so it shows nothing: 0."
    whole = "1: all from mean - 2 s to mean + 2 s lies between low and high."
    spread = "s divides by n - 1: np.std(values, ddof=1), or statistics.stdev."
    ends = "The ends are left out: compare with < and >."
    outside = "-1: all from mean - 2 s to mean + 2 s lies below low, or above high."
    asked = [
        ([5.0], 0, inf, alone), ([4.0, 5, 6], 0, inf, whole),
        ([-6.0, -5, -4], 0, inf, outside), ([0.9, 2, 3.1], 0, inf, spread),
        ([0.6, 2, 3.4], 0, inf, whole), ([-3.4, -2, -0.6], 0, inf, outside),
        ([1.0, 1, 1], 0, inf, whole), ([-1.0, 0, 1], -3, 3, whole),
        ([4.0, 5, 6], 0, 6, whole), ([8.0, 9, 10], -3, 3, outside),
        ([1.0, 2, 3], 0, inf, ends), ([-4.0, -3, -2], -1, 1, ends),
        ([4.0, 5, 6], 1, 3, ends), ([4.0, 5, 6], 0, 7, ends),
        ([0.5, 3.5], 0, inf, whole), ([4.0, 5], 0, inf, whole),
        ([6.0, 1, 2, 7, 4], 0, inf, whole), ([0.1, 2, 3.9], 0, inf, whole),
        ([0.99, 2, 3.01], 0, inf, whole), ([1.01, 2, 2.99], 0, inf, whole),
        ([3.0, 3, 6], 0, inf, whole), ([1.2, 3], 0, inf, whole),
        ([-5.0, -9, -5.5], 0, 1, outside),
    ]
    cases = [Case(f"values {values}, low {low}, high {high}", (values, low, high),
                  sign_of(values, low, high), hint)
             for values, low, high, hint in asked]
    report("Exercise 14.1", function, cases, rule="With d the mean and s the spread, "
           "n - 1: 1 if d - 2 s and d + 2 s lie between low and high, -1 if both lie "
           "on one side outside, else 0; one value shows nothing.")


def sign_of(values: Sequence[float], low: float, high: float) -> int:
    """What the rule of `ifcn_lab.league.claims` says, as the exercise's number.

    >>> sign_of([4, 5, 6], 0, 10), sign_of([-6, -5, -4], 0, 10), sign_of([5], 0, 10)
    (1, -1, 0)
    """
    return {SHOWN: 1, NOT_SHOWN: 0, REFUTED: -1}[verdict(values, low, high)]


def better_at(function: Callable[..., object]) -> None:
    """Exercise 14.2: where one finds more, as `function(first, second)`."""
    every = "Ask at 50, 55, ... 95, ten thresholds."
    least = "An object counts from its threshold on: with >=."
    more = "Count the objects that reach the threshold; equal counts are no lead."
    asked = [
        ([97], [20], every), ([20], [97], more), ([70, 70], [70, 70], more),
        ([62, 62, 62], [91, 57, 21], least), ([90, 90, 10], [70, 70, 70], more),
        ([75], [74], least), ([96, 52], [94, 52], every), ([93, 40], [52, 51], more),
        ([80, 80, 80, 30], [100, 100, 55, 50], more),
        ([88, 61, 77, 54], [66, 95, 52, 81], more), ([50, 95], [49, 94], least),
        ([100], [99], every),
    ]
    cases = [Case(f"{first} and {second}", (np.array(first), np.array(second)),
                  leads(np.array(first), np.array(second)), hint)
             for first, second, hint in asked]
    report("Exercise 14.2", function, cases, rule="The thresholds of 50, 55, ... 95 at "
           "which more of the first's objects are at the threshold or above.")


def leads(first: np.ndarray, second: np.ndarray) -> list[int]:
    """The thresholds, in percent, at which the first finds more objects."""
    return [t for t in range(50, 100, 5) if (first >= t).sum() > (second >= t).sum()]


def ceiling(function: Callable[..., object]) -> None:
    """Exercise 14.3: the most that AR@n can be, as `function(counts, n)`."""
    pooled = "Objects of all images are one pool: divide sums, once."
    capped = "An image gives at most n objects, and no more than it holds."
    asked = [([3], 10, capped), ([20], 10, capped), ([5, 15], 10, pooled),
             ([12, 18, 15], 10, capped), ([10, 10], 10, capped), ([1, 39], 10, pooled),
             ([0, 20], 10, pooled), ([30, 2, 2], 1, pooled), ([4, 9, 16], 5, pooled),
             ([7, 7, 8], 100, capped)]
    cases = [Case(f"objects {counts}, n = {n}", (counts, n), highest(counts, n), hint)
             for counts, n, hint in asked]
    report("Exercise 14.3", function, cases, agree=close,
           rule="The sum of min(count, n) over images, divided by the sum of counts.")


def highest(counts: Sequence[int], n: int) -> float:
    """The most that AR@n can be for images with so many objects.

    >>> highest([5, 15], 10)
    0.75
    """
    return sum(min(count, n) for count in counts) / sum(counts)


def frontier(function: Callable[..., object]) -> None:
    """Exercise 14.4: who is beaten by nobody, as `function(costs, figures)`."""
    beats = "Beaten is who has a rival that costs no more and finds no less."
    twins = "Equal in both is no reason to go: ask for a rival better in one."
    order = "Return numbers of models, the cheapest first."
    asked = [
        ([5], [80], beats), ([1, 2], [70, 80], beats), ([1, 2], [80, 70], beats),
        ([2, 1], [80, 70], order), ([1, 1], [70, 80], beats),
        ([1, 2], [80, 80], beats), ([3, 3, 9], [70, 70, 60], twins),
        ([9, 4, 1, 6], [90, 80, 50, 75], order),
        ([2, 8, 5, 1, 9], [60, 85, 61, 40, 84], beats),
        ([7, 3, 3, 2], [70, 65, 66, 66], beats), ([2, 2], [80, 70], beats),
        ([4, 6, 2, 8], [80, 90, 30, 95], order),
    ]
    cases = [Case(f"costs {costs}, figures {figures}",
                  (np.array(costs), np.array(figures)), unbeaten(costs, figures), hint)
             for costs, figures, hint in asked]
    report("Exercise 14.4", function, cases, rule="All whom no other beats, cheapest "
           "first; another beats if it costs no more, finds no less, and differs.")


def unbeaten(costs: Iterable[float], figures: Iterable[float]) -> list[int]:
    """Numbers of the models that no other beats in cost and figure, cheapest first.

    >>> unbeaten([9, 4, 1, 6], [90, 80, 50, 75])
    [2, 1, 0]
    """
    at = [(cost, -figure) for cost, figure in zip(costs, figures, strict=True)]
    return sorted((n for n, (cost, loss) in enumerate(at)
                   if not any(c <= cost and other <= loss and (c, other) != at[n]
                              for c, other in at)), key=at.__getitem__)


def bar_ratio(function: Callable[..., object]) -> None:
    """Exercise 14.5: how bars compare, as `function(a, b, cut)`."""
    shown = "A bar is drawn from the cut on, so its height is the figure less the cut."
    asked = [(80, 90, 0), (80, 90, 70), (85, 87, 80), (84.5, 87.1, 84), (90, 80, 70),
             (60, 60, 50), (50, 75, 25)]
    cases = [Case(f"a = {a:g}, b = {b:g}, cut = {cut:g}", (a, b, cut),
                  (b - cut) / (a - cut), shown) for a, b, cut in asked]
    report("Exercise 14.5", function, cases, agree=close)


def luckiest(function: Callable[..., object]) -> None:
    """Exercise 14.6: the best of n runs on average, as `function(values, n)`."""
    every = "Each choice of n different runs is as likely: itertools.combinations."
    best = "Of each choice take the best, then the mean over choices."
    asked = [([1, 2, 3], 1, "Of one run the best is that run."), ([1, 2, 3], 3, best),
             ([1, 2, 3], 2, every), ([3, 1, 2], 2, every), ([7, 7, 7, 7], 2, best),
             ([84.4, 80.3, 87.1, 85.1, 83.9], 3, every), ([-1, 0, 4, 9], 2, every),
             ([5, 5, 9], 2, every)]
    cases = [Case(f"the best {n} of {values}" if n == 1 else f"{n} of {values}",
                  (values, n), best_of(values, n), hint) for values, n, hint in asked]
    report("Exercise 14.6", function, cases, agree=close, rule="The mean, over all "
           "choices of n different runs, of the best run of the choice.")


def best_of(values: Sequence[float], n: int) -> float:
    """The best of n of these runs, on average over all choices of n.

    >>> best_of([1, 2, 3], 3)
    3
    """
    return mean(max(some) for some in combinations(values, n))


# The open problem

MODELS = tuple("ABCDEFGHIJKL")
TRUE = (80, 78.5, 78, 77, 72, 71, 70, 70, 70, 69, 68, 66)
SPREAD, RUNS, LEAGUES, ENOUGH = 1.5, 60, 400, 0.97
"""A league's true means and spread over seeds, the runs there are, how many leagues are
tried, and in which share of them the best model has to be found."""


class Bench:
    """One league of models whose true figures nobody knows, and runs that are counted.

    Example:
        >>> bench = Bench(0, runs=1)
        >>> 50 < bench.run("A") < 100
        True
        >>> bench.run("A")
        Traceback (most recent call last):
        RuntimeError: all 1 runs are spent
    """

    def __init__(self, seed: int, runs: int = RUNS) -> None:
        self.rng = np.random.default_rng(seed)
        self.true = dict(zip(self.rng.permutation(MODELS).tolist(), TRUE, strict=True))
        self.left = self.runs = runs

    def run(self, model: str) -> float:
        """Train a model with a new seed, and measure it.

        Raises:
            RuntimeError: all runs are spent.
            ValueError: there is no such model.
        """
        if model not in self.true:
            raise ValueError(f"no model {model!r}; there are {', '.join(MODELS)}")
        if not self.left:
            raise RuntimeError(f"all {self.runs} runs are spent")
        self.left -= 1
        return self.true[model] + SPREAD * float(self.rng.normal())

    @property
    def best(self) -> str:
        """The one with the highest true figure."""
        return max(self.true, key=self.true.__getitem__)


def spend(function: Callable[..., object]) -> None:
    """Exercise 14.7: find the best model, as `function(run, models, runs)`."""
    judge("Exercise 14.7", spend_trials(function),
          "the best model is found nearly always")


def spend_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """One league: a name comes back. Then many leagues."""
    yield Trial("one league", partial(named, function, 0), no_name,
                "Return the name of a model, one of `models`.")
    yield Trial(f"{LEAGUES} leagues", partial(share_right, function), too_seldom,
                "A model that is clearly behind needs no more runs; who does?")


def named(function: Callable[..., Any], seed: int) -> Any:
    """What the function answers to a league, whatever that is."""
    return function(Bench(seed).run, list(MODELS), RUNS)


def no_name(answer: object) -> str | None:
    """What is wrong with the form of an answer."""
    if isinstance(answer, str) and answer in MODELS:
        return None
    return "Your answer is no model's name."


def share_right(function: Callable[..., Any]) -> float:
    """In which share of the leagues the best model is named."""
    return float(np.mean([named(function, seed) == Bench(seed).best
                          for seed in range(LEAGUES)]))


def too_seldom(share: float) -> str | None:
    """What is wrong with a share."""
    return None if share >= ENOUGH else (
        f"The best model is found in {share:.1%} of the leagues, not {ENOUGH:.0%}.")
