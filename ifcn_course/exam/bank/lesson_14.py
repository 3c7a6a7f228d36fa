"""Lesson 14: what a difference shows, thresholds, ceilings, prices, cut axes, luck."""

from __future__ import annotations

from itertools import combinations
from statistics import mean

import numpy as np

from ifcn_course.assignment.variant import Draws, Unfit
from ifcn_course.check.league import best_of, highest, leads, unbeaten
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault


def ten_answers(draws: Draws) -> Question:
    """The most that AR@n can be."""
    n = draws.one("n", [5, 10])
    counts = [draws.whole("few", 1, n - 1), draws.whole("many", n + 2, 3 * n),
              draws.whole("more", n + 1, 2 * n)]
    whole = sum(counts)
    return calculation(
        f"Three images hold {counts[0]}, {counts[1]} and {counts[2]} objects. How high "
        f"can AR@{n} be, in percent?", round(100 * highest(counts, n), 1),
        "Each image gives at most n of its objects, and objects are pooled.",
        [(round(100 * mean(min(1, n / each) for each in counts), 1),
          "images averaged in place of objects pooled"),
         (round(100 * min(1, 3 * n / whole), 1),
          "places left in one image given to another"),
         (round(100 * counts[0] / whole, 1), "images with more than n left out"),
         (100, "no limit seen")])


def cut_axis(draws: Draws) -> Question:
    """How two bars compare on an axis that does not begin at 0."""
    cut = draws.one("cut", [60, 70, 80])
    low, more = draws.whole("low", 2, 5), draws.whole("more", 2, 9)
    a, b = cut + low, cut + low + more
    return calculation(
        f"A chart shows {a} and {b} as bars, on an axis that begins at {cut}. How many "
        "times as high as the first bar is the second?", (low + more) / low,
        f"Bars are drawn from {cut} on: {b - cut} over {a - cut}.",
        [(b / a, "figures compared, not bars"),
         (low / (low + more), "the other way round"), (more / low, "the difference")])


def best_of_some(draws: Draws) -> Question:
    """The best of some runs, on average."""
    first = draws.whole("first", 70, 85)
    values = [first, first + draws.whole("second", 1, 3), first + 6]
    pairs = [max(pair) for pair in combinations(values, 2)]
    return calculation(
        f"A model has three runs: {values[0]}, {values[1]} and {values[2]}. Somebody "
        "makes two of them, each pair as likely, and reports the better one. What is "
        "reported on average?", round(float(best_of(values, 2)), 2),
        f"The three pairs give {pairs[0]}, {pairs[1]} and {pairs[2]}.",
        [(round(mean(values), 2), "the mean of all runs"),
         (max(values), "the best of all"),
         (round((values[0] + 3 * values[1] + 5 * values[2]) / 9, 2),
          "a run drawn twice")])


def front_of_prices(draws: Draws) -> Question:
    """Whom no other beats in cost and figure."""
    costs = draws.shuffled("costs", [10, 20, 30, 40, 50])
    figures = draws.shuffled("figures", [60, 65, 70, 75, 80])
    kept = unbeaten(costs, figures)
    if not 2 <= len(kept) <= 4:
        raise Unfit("the front should be neither one nor all")
    named = ["ABCDE"[n] for n in kept]
    dearest = ["ABCDE"[n] for n in sorted(range(5), key=lambda n: -figures[n])]
    return calculation(
        "The figure shows five models A to E, one a column: above what an image costs, "
        "below AR@10. Which of them does no other beat, the cheapest first?", named,
        "Another beats if it costs no more and finds no less: go from the cheapest on, "
        "and keep whoever finds more than all before.",
        [(["ABCDE"[int(np.argmax(figures))]], "only the best"),
         (named[::-1], "the dearest first"),
         (dearest[:len(named)], "the best figures")],
        grids({"cost, then AR@10": np.array([costs, figures])},
              f"Costs of A to E: {costs}; AR@10: {figures}."))


def where_it_leads(draws: Draws) -> Question:
    """Thresholds at which one of two models finds more."""
    first = [draws.one(f"first {n}", [52, 63, 74, 88, 96]) for n in range(3)]
    second = [draws.one(f"second {n}", [56, 67, 78, 83, 91]) for n in range(3)]
    right = leads(np.array(first), np.array(second))
    other = leads(np.array(second), np.array(first))
    if not right or not other:
        raise Unfit("each should lead somewhere")
    return calculation(
        f"Best IoUs of three objects, in percent: by model A {first}, by B {second}. "
        "At which of the thresholds 50, 55, ... 95 does A find more objects than B?",
        right, "At each threshold count the objects that reach it.",
        [(other, "where B finds more"),
         ([t for t in range(50, 100, 5) if t not in other], "equal counted as more")])


def judging(draws: Draws) -> Question:
    """The rule on differences, with a fault."""
    return fault(
        "What a difference shows, seed by seed: 1 shown, -1 refuted, 0 neither.",
        """\
d, s = np.mean(values), np.std(values, ddof=1)
first, last = d - 2 * s, d + 2 * s
if low < first and last < high:
    return 1
return -1 if last < low or first > high else 0""",
        [(1, "d, s = np.mean(values), np.std(values)",
          "It divides by n, so few seeds seem to spread less than they do."),
         (3, "if low < d < high:",
          "It asks the mean alone, so any spread will do to show something."),
         (3, "if low < first or last < high:",
          "One side within the range is taken for both."),
         (5, "return -1 if first < low or last > high else 0",
          "It calls refuted whatever reaches over an end of the range.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (ten_answers, cut_axis, best_of_some, front_of_prices, where_it_leads,
             judging)
