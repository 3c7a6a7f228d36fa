"""Mistakes of parts with classes: lesson 11."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ifcn_course.museum.specimen import mistake

Pooled = Float[np.ndarray, "C k k"]
Bins = Float[np.ndarray, "P Q"]
Pairs = Float[np.ndarray, "C1 2 P P"]
Target = Bool[np.ndarray, "P P"]


def _shares(scores: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


@mistake("Maximum for mean", "It looks as if the loudest bin decides alone.",
         "All k * k bins vote: take their mean.", "average_vote")
def loudest_part(pooled: Pooled) -> np.ndarray:
    """One part that fits is enough, so half an object passes for one."""
    return pooled.max((1, 2))


@mistake("Softmax before the vote", "It looks as if each bin has a softmax of its own.",
         "First the mean of the scores; the softmax comes after the vote.",
         "average_vote")
def softmax_first(pooled: Pooled) -> np.ndarray:
    """Averages probabilities instead of scores."""
    return _shares(pooled, 0).mean((1, 2))


@mistake("Sum for mean", "It looks as if the bins are added up.",
         "Divide by the number of bins, or k decides how loud a region is.",
         "average_vote")
def votes_added(pooled: Pooled) -> np.ndarray:
    """Makes scores k * k times as large."""
    return pooled.sum((1, 2))


@mistake("Middle part only", "It looks as if only the middle bin votes.",
         "Every part has a voice, the corners too.", "average_vote")
def middle_votes(pooled: Pooled) -> np.ndarray:
    """Sees the middle of the object and nothing of its rim."""
    return pooled[:, pooled.shape[1] // 2, pooled.shape[2] // 2]


@mistake("Part by part", "It looks as if the categories of one part stand together.",
         "Category by category: c * k * k comes first, then the part.", "map_of")
def part_major(c: int, i: int, j: int, k: int, bins: int) -> int:
    """Counts as if there were four categories, part after part."""
    return (i * k // bins * k + j * k // bins) * 4 + c


@mistake("Columns first", "It looks as if rows and columns of the grid are swapped.",
         "The part is row * k + column.", "map_of")
def column_major(c: int, i: int, j: int, k: int, bins: int) -> int:
    """Reads the upper right part's map for the lower left bin."""
    return (c * k + j * k // bins) * k + i * k // bins


@mistake("Bins taken for parts", "It looks as if each bin is taken for a part.",
         "There are bins * bins bins and k * k parts: bin i is in part i * k // bins.",
         "map_of")
def bins_as_parts(c: int, i: int, j: int, k: int, bins: int) -> int:
    """Confuses 21 bins with 7 parts."""
    return (c * k + i) * k + j


@mistake("Width rounded first", "It looks as if you divide by bins // k.",
         "Multiply by k first, then divide by bins.", "map_of")
def part_width_rounded(c: int, i: int, j: int, k: int, bins: int) -> int:
    """Parts are one bin too narrow where k does not divide the bins."""
    return (c * k + i // (bins // k)) * k + j // (bins // k)


@mistake("Outside never asked", "It looks as if inside is read alone.",
         "The mask asks which of the two is larger.", "pair_mask")
def inside_alone(inside: Bins, outside: Bins) -> np.ndarray:
    """The sigmoid of inside: -1 against -2 becomes .27."""
    return 1 / (1 + np.exp(-inside))


@mistake("Pair swapped", "It looks as if inside and outside are swapped.",
         "Where inside is larger the probability is above one half.", "pair_mask")
def pair_swapped(inside: Bins, outside: Bins) -> np.ndarray:
    """Gives the ground for the object; the class score does not notice."""
    return 1 / (1 + np.exp(inside - outside))


@mistake("Softmax over the bins", "It looks as if the bins compete with each other.",
         "The two numbers of one bin share its probability.", "pair_mask")
def bins_compete(inside: Bins, outside: Bins) -> np.ndarray:
    """One softmax over the whole region."""
    return _shares((inside - outside).ravel(), 0).reshape(inside.shape)


@mistake("Cut, not shared", "It looks as if the answer is yes or no.",
         "A probability is asked: the share of inside in the softmax.", "pair_mask")
def larger_wins(inside: Bins, outside: Bins) -> np.ndarray:
    """Compares, and forgets by how much."""
    return (inside > outside) * 1.0


@mistake("Mean for maximum", "It looks as if the mean of each pair votes.",
         "Of each pair the larger one votes.", "class_scores")
def pair_averaged(pairs: Pairs) -> np.ndarray:
    """A sure inside and a sure outside then cancel out."""
    return _shares(pairs.mean((1, 2, 3)), 0)


@mistake("Inside alone votes", "It looks as if only the inside maps vote.",
         "A bin that is surely outside confirms the category too: take the maximum.",
         "class_scores")
def inside_votes(pairs: Pairs) -> np.ndarray:
    """Thin objects lose, as most of their box is outside."""
    return _shares(pairs[:, 0].mean((1, 2)), 0)


@mistake("Background left out", "It looks as if the background has no vote.",
         "The softmax goes over all C + 1 categories.", "class_scores")
def no_background(pairs: Pairs) -> np.ndarray:
    """Every region then shows something."""
    vote = pairs.max(1).mean((1, 2))
    return np.concatenate([[0.0], _shares(vote[1:], 0)])


@mistake("Softmax bin by bin", "It looks as if each bin has a softmax of its own.",
         "The softmax comes after the mean.", "class_scores")
def classes_by_bin(pairs: Pairs) -> np.ndarray:
    """Averages probabilities of bins."""
    return _shares(pairs.max(1), 0).mean((1, 2))


@mistake("Best bin of all", "It looks as if the largest bin stands for the region.",
         "The mean over the bins, not their maximum.", "class_scores")
def loudest_bin(pairs: Pairs) -> np.ndarray:
    """One sure bin names the region."""
    return _shares(pairs.max((1, 2, 3)), 0)


@mistake("Both learn", "It looks as if both numbers of a pair have a slope.",
         "A maximum rises with its larger number only.", "vote_slope")
def both_rise(inside: Bins, outside: Bins) -> np.ndarray:
    """As if the pair were averaged."""
    return np.full((2, *inside.shape), 0.5 / inside.size)


@mistake("Into the loser", "It looks as if the smaller number has the slope.",
         "A maximum rises with its larger number.", "vote_slope")
def loser_rises(inside: Bins, outside: Bins) -> np.ndarray:
    """Turns the comparison round."""
    wins = inside < outside
    return np.stack([wins, ~wins]) / inside.size


@mistake("Not divided", "It looks as if the slope of a winner is 1.",
         "The vote is a mean: each bin counts 1 / (number of bins).", "vote_slope")
def whole_slopes(inside: Bins, outside: Bins) -> np.ndarray:
    """Forgets that the vote is a mean."""
    return np.stack([inside > outside, inside <= outside]) * 1.0


@mistake("Every category learns", "It looks as if the pairs of all categories learn.",
         "Only the true category's pair is asked for the mask.", "pair_loss")
def all_learn(pairs: Pairs, kind: int, target: Target) -> float:
    """Averages over the categories, the background among them."""
    share = _shares(pairs, 1)
    return float(-np.log(np.where(target, share[:, 0], share[:, 1])).mean())


@mistake("Background's pair", "It looks as if the pair of category kind - 1 is read.",
         "Pair 0 is the background's; the category's own number is its pair.",
         "pair_loss")
def one_too_low(pairs: Pairs, kind: int, target: Target) -> float:
    """Forgets that the background comes first."""
    share = _shares(pairs[kind - 1], 0)
    return float(-np.log(np.where(target, *share)).mean())


@mistake("Sides swapped", "It looks as if inside and outside are swapped.",
         "Where the target is true, inside should win.", "pair_loss")
def sides_swapped(pairs: Pairs, kind: int, target: Target) -> float:
    """Teaches the ground."""
    share = _shares(pairs[kind], 0)
    return float(-np.log(np.where(target, *share[::-1])).mean())


@mistake("Added up", "It looks as if the losses of the bins are added.",
         "Take the mean over the bins.", "pair_loss")
def loss_added(pairs: Pairs, kind: int, target: Target) -> float:
    """Lets the number of bins weigh."""
    share = _shares(pairs[kind], 0)
    return float(-np.log(np.where(target, *share)).sum())


@mistake("Softmax over categories",
         "It looks as if the categories share the softmax, not the pair.",
         "A softmax over inside and outside of the true category.", "pair_loss")
def categories_compete(pairs: Pairs, kind: int, target: Target) -> float:
    """Mixes what and which pixels."""
    share = _shares(pairs, 0)[kind]
    return float(-np.log(np.where(target, *share)).mean())
