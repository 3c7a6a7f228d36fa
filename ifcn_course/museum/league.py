"""Mistakes with tables of figures: spread, thresholds, ceilings, prices, luck.

Lesson 14.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement, product
from statistics import mean, pstdev, stdev

import numpy as np
from jaxtyping import Shaped

from ifcn_course.museum.specimen import mistake

Ious = Shaped[np.ndarray, " N"]
Table = Shaped[np.ndarray, " n"]


def judged(
    values: Sequence[float], low: float, high: float,
    reach: Callable[[Sequence[float]], float] = lambda v: 2 * stdev(v),
) -> int:
    """The rule of exercise 14.1 with another reach on either side of the mean."""
    if len(values) < 2:
        return 0
    first, last = mean(values) - reach(values), mean(values) + reach(values)
    if low < first and last < high:
        return 1
    return -1 if last < low or first > high else 0


@mistake(
    "The mean decides",
    "It looks as if only the mean is asked, whatever the spread is.",
    "Ask for mean - 2 s and mean + 2 s.",
    "verdict_of",
)
def the_mean_decides(values: Sequence[float], low: float, high: float) -> int:
    """Calls every difference real."""
    return judged(values, low, high, lambda values: 0)


@mistake(
    "Spread divided by n",
    "It looks as if the standard deviation divides by n.",
    "Few runs know their own mean too well: divide by n - 1, ddof=1.",
    "verdict_of",
)
def spread_by_n(values: Sequence[float], low: float, high: float) -> int:
    """Takes the spread for smaller than it is."""
    return judged(values, low, high, lambda values: 2 * pstdev(values))


@mistake(
    "Error of the mean",
    "It looks as if s is divided by the root of n.",
    "This rule asks how far single runs spread: take s as it is.",
    "verdict_of",
)
def error_of_the_mean(values: Sequence[float], low: float, high: float) -> int:
    """Asks about the mean, not about the next run."""
    return judged(values, low, high, lambda v: 2 * stdev(v) / len(v) ** 0.5)


@mistake(
    "All seeds on one side",
    "It looks as if it is enough that every seed lies in the range, or none does.",
    "With three seeds that happens by chance: ask for mean - 2 s and mean + 2 s.",
    "verdict_of",
)
def all_seeds_on_one_side(values: Sequence[float], low: float, high: float) -> int:
    """Counts heads."""
    if len(values) < 2:
        return 0
    if all(low < each < high for each in values):
        return 1
    return -1 if max(values) < low or min(values) > high else 0


@mistake(
    "Threshold itself left out",
    "It looks as if an object at the threshold is not counted.",
    "From the threshold on: use >=.",
    "better_at",
)
def threshold_left_out(first: Ious, second: Ious) -> list[int]:
    """Asks for more than the threshold."""
    return [t for t in range(50, 100, 5) if (first > t).sum() > (second > t).sum()]


@mistake(
    "Equal is better",
    "It looks as if equal counts are a lead.",
    "More is asked for: use > between the counts.",
    "better_at",
)
def equal_is_better(first: Ious, second: Ious) -> list[int]:
    """Counts ties."""
    return [t for t in range(50, 100, 5) if (first >= t).sum() >= (second >= t).sum()]


@mistake(
    "Object against object",
    "It looks as if each object's two IoUs are compared.",
    "Count the objects that reach the threshold, for each model by itself.",
    "better_at",
)
def object_against_object(first: Ious, second: Ious) -> list[int]:
    """Counts the objects above the threshold that the first finds better."""
    return [t for t in range(50, 100, 5) if ((first >= t) & (first > second)).sum()
            > ((second >= t) & (second > first)).sum()]


@mistake(
    "Images averaged",
    "It looks as if each image's share is taken and then averaged.",
    "Recall pools the objects of all images: one sum over another.",
    "ceiling",
)
def images_averaged(counts: Sequence[int], n: int) -> float:
    """Lets an image of one object weigh as much as one of twenty."""
    return mean(min(count, n) / max(count, 1) for count in counts)


@mistake(
    "All images alike",
    "It looks as if every image is taken to hold the mean number of objects.",
    "Cut each image's number off at n, then add.",
    "ceiling",
)
def images_alike(counts: Sequence[int], n: int) -> float:
    """Lets empty places of one image be used by another."""
    return min(1.0, n * len(counts) / sum(counts))


@mistake(
    "Images that fit",
    "It looks as if an image with more than n objects counts for nothing.",
    "It still gives n of its objects.",
    "ceiling",
)
def images_that_fit(counts: Sequence[int], n: int) -> float:
    """Counts the objects of images with at most n."""
    return sum(count for count in counts if count <= n) / sum(counts)


def undominated(
    costs: Table, figures: Table, beats: Callable[[Table, Table], Table]
) -> list[int]:
    """Whom no other beats, cheapest first, by what is said of more and better."""
    def alone(n: int) -> bool:
        others = np.arange(len(costs)) != n
        return not beats(costs[n] - costs[others], figures[others] - figures[n]).any()

    return [n for n in np.argsort(costs, kind="stable").tolist() if alone(n)]


def right(saved: Table, gained: Table) -> Table:
    """Who is no worse in either and better in one, by what is saved and gained."""
    return (saved >= 0) & (gained >= 0) & (saved + gained > 0)


@mistake(
    "Best first",
    "It looks as if you order by the figure, the best first.",
    "The cheapest first.",
    "frontier",
)
def best_first(costs: Table, figures: Table) -> list[int]:
    """Begins at the dear end."""
    return undominated(costs, figures, right)[::-1]


@mistake(
    "Twins both gone",
    "It looks as if two models with equal cost and figure beat each other.",
    "A rival has to be better in one of the two.",
    "frontier",
)
def twins_both_gone(costs: Table, figures: Table) -> list[int]:
    """Loses whoever has an equal."""
    return undominated(costs, figures, lambda saved, gained: (saved >= 0)
                       & (gained >= 0))


@mistake(
    "Better in both",
    "It looks as if a rival has to be better in both.",
    "As good in one and better in the other is enough.",
    "frontier",
)
def better_in_both(costs: Table, figures: Table) -> list[int]:
    """Keeps who costs more and finds as much."""
    return undominated(costs, figures, lambda saved, gained: (saved > 0)
                       & (gained > 0))


@mistake(
    "Figures compared, not bars",
    "It looks as if the figures are compared, and not what is drawn of them.",
    "A bar is as high as the figure less the cut.",
    "bar_ratio",
)
def figures_compared(a: float, b: float, cut: float) -> float:
    """Forgets the cut."""
    return b / a


@mistake(
    "The other bar below",
    "It looks as if you say how often b's bar goes into a's.",
    "b's bar in units of a's: divide by a's height.",
    "bar_ratio",
)
def other_bar_below(a: float, b: float, cut: float) -> float:
    """Turns the ratio round."""
    return (a - cut) / (b - cut)


@mistake(
    "Best of all",
    "It looks as if the best of all runs is returned, whatever n is.",
    "Only n of them are run: take the mean over all choices of n.",
    "luckiest",
)
def best_of_all(values: Sequence[float], n: int) -> float:
    """Is as lucky as can be."""
    return max(values)


@mistake(
    "Runs drawn twice",
    "It looks as if a run may be drawn more than once.",
    "n different runs: combinations, not product.",
    "luckiest",
)
def runs_drawn_twice(values: Sequence[float], n: int) -> float:
    """Puts each run back."""
    return mean(max(some) for some in product(values, repeat=n))


@mistake(
    "Handfuls with repeats",
    "It looks as if a run may come more than once, and each such handful is as likely.",
    "n different runs: combinations without replacement.",
    "luckiest",
)
def handfuls(values: Sequence[float], n: int) -> float:
    """Counts [1, 1] as often as [1, 2]."""
    return mean(max(some) for some in combinations_with_replacement(values, n))


@mistake(
    "The first n runs",
    "It looks as if the best of the first n runs is returned.",
    "Which n are run is chance: take the mean over all choices.",
    "luckiest",
)
def first_runs(values: Sequence[float], n: int) -> float:
    """Knows the order of runs."""
    return max(values[:n])
