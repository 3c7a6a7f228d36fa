"""Lesson 11: votes of parts, pairs of maps, what and which pixels."""

from __future__ import annotations

import numpy as np

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault


def class_of_map(draws: Draws) -> Question:
    """Which map a bin reads."""
    k, c = draws.whole("k", 3, 5), draws.whole("c", 2, 4)
    bins = 4 * k + draws.whole("more", 1, k - 1)
    i, j = draws.whole("i", bins // 2, bins - 1), draws.whole("j", 1, bins // 2)
    a, b = i * k // bins, j * k // bins
    return calculation(
        f"R-FCN with k = {k} has {k * k} maps of each of 6 categories, all maps of "
        "category 0 first. Regions are read with "
        f"{bins} x {bins} bins. Which map does bin ({i}, {j}) of category {c} read?",
        c * k * k + a * k + b,
        f"Bin ({i}, {j}) lies in part ({a}, {b}), which is {a * k + b}; before it "
        f"stand {c} * {k * k} maps.",
        [((a * k + b) * 6 + c, "all categories of a part together"),
         (c * k * k + b * k + a, "rows and columns exchanged"),
         (a * k + b, "the category forgotten"),
         (c * k * k + i * k + j, "bins taken for parts")])


def score_of_region(draws: Draws) -> Question:
    """The mean of the maxima of a pair."""
    numbers = [draws.whole(f"score {n}", -3, 3) for n in range(8)]
    inside, outside = np.array(numbers).reshape(2, 2, 2)
    best = np.maximum(inside, outside)
    return calculation(
        "The figure shows what a region of 2 x 2 bins reads for one category: inside "
        "and outside. What is its vote in FCIS?", float(best.mean()),
        f"The larger of each pair is {best.ravel().tolist()}; the vote is their mean.",
        [(float(inside.mean()), "inside alone"),
         (float(best.max()), "the largest bin"),
         (float((inside + outside).mean() / 2), "the mean of each pair"),
         (float(best.sum()), "added, not averaged")],
        grids({"inside": inside, "outside": outside},
              f"Inside {inside.tolist()}, outside {outside.tolist()}.", numbered=True))


def mask_of_region(draws: Draws) -> Question:
    """How many bins are in the mask."""
    numbers = [draws.whole(f"score {n}", -4, 3) for n in range(18)]
    inside, outside = np.array(numbers).reshape(2, 3, 3)
    return calculation(
        "The figure shows inside and outside of a region of 3 x 3 bins. In how many "
        "bins is the probability of the mask above one half?",
        int((inside > outside).sum()),
        "Where inside is larger than outside, however low both are.",
        [(int((inside > 0).sum()), "inside above 0"),
         (int((inside < outside).sum()), "the pair exchanged"),
         (int(((inside > outside) & (inside > 0)).sum()), "both asked"),
         (int((np.maximum(inside, outside) > 0).sum()), "the maximum above 0")],
        grids({"inside": inside, "outside": outside},
              f"Inside {inside.tolist()}, outside {outside.tolist()}.", numbered=True))


def swapped_pair(draws: Draws) -> Question:
    """What a swapped pair changes."""
    name = draws.one("name", ["disc", "star", "rectangle", "ring"])
    return Question(
        f"A program of FCIS exchanges inside and outside of the category {name} when "
        f"it reads a trained network. What happens to the regions of a {name}?",
        "The score stays, and the mask is its opposite.",
        "The maximum of a pair does not depend on its order; the softmax does.",
        {"The score falls, and the mask stays.":
            "The maximum is the same in either order.",
         "Both stay: a softmax does not depend on the order.":
            "Its first share does, and that share is the mask.",
         "They are found as background.":
            "The background has a pair of its own, and it is not touched."})


def both_regions(draws: Draws) -> Question:
    """When two regions ask one map for two answers."""
    k, part = draws.one("k", [3, 5]), draws.whole("part", 3, 6)
    m = k * part
    near = draws.whole("near", 1, part - 1)
    far = part + draws.whole("far", 0, 3)
    return calculation(
        f"Two regions of {m} x {m} places lie in the same rows, one {near} columns to "
        f"the right of the other. k is {k}. In how many columns does a place play the "
        "same part in both?", k * (part - near),
        f"A part is {part} columns wide. Of the {part} columns of each of the {k} "
        f"parts the first {near} play the part before in the other region.",
        [(m - near, "all columns that both regions hold"),
         (part - near, "one part only"), (k * near, "the columns that change"),
         (0, f"right for regions {far} columns apart")])


def vote(draws: Draws) -> Question:
    """FCIS's scores with a fault."""
    return fault(
        "FCIS: probabilities of the categories from `pairs`, (C + 1, 2, P, P), the "
        "background first.", """\
largest = pairs.max(1)
votes = largest.mean((1, 2))
powers = np.exp(votes - votes.max())
return powers / powers.sum()""",
        [(1, "largest = pairs.mean(1)",
          "A sure inside and a sure outside cancel out, so good regions vote low."),
         (1, "largest = pairs[:, 0]",
          "Only inside votes, so thin objects are voted down by their surroundings."),
         (2, "votes = largest.max((1, 2))",
          "One sure bin names the whole region, so half an object is enough."),
         (4, "return powers / powers[1:].sum()",
          "The background is left out of the sum, so the shares exceed 1.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (class_of_map, score_of_region, mask_of_region, swapped_pair, both_regions,
             vote)
