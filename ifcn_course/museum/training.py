"""Mistakes of labels, losses, counting and drawing: lesson 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from ifcn_course.museum.specimen import mistake
from ifcn_lab.grid import Grid

Number = float | np.number
Windows = Float[np.ndarray, "n m m"]
Labels = Int[np.ndarray, " n"]
Counts = Shaped[np.ndarray, "kk H W"]


@mistake(
    "At the tolerance, not positive",
    "It looks as if a value that equals a tolerance does not meet it.",
    "Use <= for positive: a value that equals the tolerance meets it.",
    "label",
)
def label_below(distance: float, octaves: float, rule: Any) -> int:
    """Asks with < where it should ask with <=."""
    if distance < rule.center_tolerance and octaves < rule.scale_tolerance:
        return 1
    far = distance >= rule.negative_center
    return 0 if far or octaves >= rule.negative_scale else -1


@mistake(
    "At the limit, not negative",
    "It looks as if a value that equals a negative limit is not negative yet.",
    "Use >= for negative: a value that equals the limit meets it.",
    "label",
)
def label_above(distance: float, octaves: float, rule: Any) -> int:
    """Asks with > where it should ask with >=."""
    if distance <= rule.center_tolerance and octaves <= rule.scale_tolerance:
        return 1
    far = distance > rule.negative_center
    return 0 if far or octaves > rule.negative_scale else -1


@mistake(
    "One is enough",
    "It looks as if either the middle or the size is enough to be positive.",
    "Positive needs both: `and`, not `or`.",
    "label",
)
def label_either(distance: float, octaves: float, rule: Any) -> int:
    """Calls a window positive that fits in one respect."""
    if distance <= rule.center_tolerance or octaves <= rule.scale_tolerance:
        return 1
    far = distance >= rule.negative_center
    return 0 if far or octaves >= rule.negative_scale else -1


@mistake(
    "Negative needs both",
    "It looks as if a window is negative only if middle and size are both far off.",
    "One of them is enough: `or`, not `and`.",
    "label",
)
def label_both_negative(distance: float, octaves: float, rule: Any) -> int:
    """Ignores windows that are far off in one respect."""
    if distance <= rule.center_tolerance and octaves <= rule.scale_tolerance:
        return 1
    far = distance >= rule.negative_center
    return 0 if far and octaves >= rule.negative_scale else -1


@mistake(
    "Ignored as negative",
    "It looks as if all that is not positive is negative.",
    "Between the two tolerances a window is ignored: -1.",
    "label",
)
def label_no_ignored(distance: float, octaves: float, rule: Any) -> int:
    """Knows two labels only."""
    fits = distance <= rule.center_tolerance and octaves <= rule.scale_tolerance
    return int(fits)


@mistake(
    "Negative and ignored swapped",
    "It looks as if 0 and -1 are swapped.",
    "Negative is 0, ignored is -1.",
    "label",
)
def label_swapped(distance: float, octaves: float, rule: Any) -> int:
    """Takes -1 for negative."""
    if distance <= rule.center_tolerance and octaves <= rule.scale_tolerance:
        return 1
    far = distance >= rule.negative_center
    return -1 if far or octaves >= rule.negative_scale else 0


@mistake(
    "Size forgotten",
    "It looks as if only the distance from the middle decides.",
    "The size counts as well: ask about octaves too.",
    "label",
)
def label_by_distance(distance: float, octaves: float, rule: Any) -> int:
    """Never looks at the size."""
    if distance <= rule.center_tolerance:
        return 1
    return 0 if distance >= rule.negative_center else -1


@mistake(
    "Sigmoid twice",
    "It looks as if the sigmoid is taken twice.",
    "z is a logit; p = 1 / (1 + exp(-z)) is a probability already.",
    "pixel_loss",
)
def sigmoid_twice(z: float, t: float) -> Number:
    """Sends the probability through the sigmoid once more."""
    p = 1 / (1 + np.exp(-1 / (1 + np.exp(-z))))
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


@mistake(
    "Sign forgotten",
    "It looks as if the minus is missing.",
    "A logarithm of a probability is negative, and a loss is not: -log(p).",
    "pixel_loss",
)
def negative_loss(z: float, t: float) -> Number:
    """Gives the logarithm itself."""
    p = 1 / (1 + np.exp(-z))
    return t * np.log(p) + (1 - t) * np.log(1 - p)


@mistake(
    "Object term only",
    "It looks as if the term for target 0 is missing.",
    "There are two terms: -t log(p) and -(1 - t) log(1 - p).",
    "pixel_loss",
)
def object_term_only(z: float, t: float) -> Number:
    """Costs nothing on the background."""
    p = 1 / (1 + np.exp(-z))
    return -t * np.log(p)


@mistake(
    "Sign of the logit",
    "It looks as if the logit has the wrong sign.",
    "p = 1 / (1 + exp(-z)): with a minus.",
    "pixel_loss",
)
def logit_turned(z: float, t: float) -> Number:
    """Takes exp(z) for exp(-z)."""
    p = 1 / (1 + np.exp(z))
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


@mistake(
    "Squared error",
    "It looks as if the loss is the squared difference.",
    "The logistic loss is -t log(p) - (1 - t) log(1 - p).",
    "pixel_loss",
)
def squared_error(z: float, t: float) -> Number:
    """Gives (p - t) squared."""
    p = 1 / (1 + np.exp(-z))
    return (p - t) ** 2


@mistake(
    "Logarithm to base 2",
    "It looks as if the logarithm is to base 2.",
    "np.log is the natural one: the loss at logit 0 is 0.69, not 1.",
    "pixel_loss",
)
def base_two(z: float, t: float) -> Number:
    """Counts in bits."""
    p = 1 / (1 + np.exp(-z))
    return -t * np.log2(p) - (1 - t) * np.log2(1 - p)


@mistake(
    "Every score once",
    "It looks as if a score is counted once, however many windows copy it.",
    "Add 1 for each copy: counts[...] += 1, in a loop over the windows.",
    "count_copies",
)
def counted_once(centers: Sequence, k: int, m: int, H: int, W: int) -> Counts:
    """Fancy indexing with += adds 1 once, even where an index comes twice."""
    channel, (i, j) = Grid(k, m).channel, np.indices((m, m))         # (m, m) each
    y, x = np.array(centers).T[:, :, None, None]                     # (N, 1, 1) each
    row, column = y - m // 2 + i, x - m // 2 + j                     # (N, m, m) each
    on = (row >= 0) & (row < H) & (column >= 0) & (column < W)
    counts = np.zeros((k * k, H, W), int)
    every = np.broadcast_to(channel, on.shape)
    counts[every[on], row[on], column[on]] += 1
    return counts


@mistake(
    "Row 0 left out",
    "It looks as if row 0 and column 0 of the map are taken for outside.",
    "The first row is number 0: ask for 0 <= row, and for columns likewise.",
    "count_copies",
)
def row_zero_left_out(centers: Sequence, k: int, m: int, H: int, W: int) -> Counts:
    """Asks for 0 < row."""
    counts, channel = np.zeros((k * k, H, W), int), Grid(k, m).channel
    for y, x in centers:
        for i, j in np.ndindex(m, m):
            row, column = y - m // 2 + i, x - m // 2 + j
            if 0 < row < H and 0 < column < W:
                counts[channel[i, j], row, column] += 1
    return counts


@mistake(
    "Copied from every map",
    "It looks as if each place is copied from all maps at once.",
    "Place (i, j) is read from one map: channel[i, j].",
    "count_copies",
)
def counted_on_every_map(
    centers: Sequence, k: int, m: int, H: int, W: int
) -> Counts:
    """Adds 1 to all k * k maps under the window."""
    counts = np.zeros((k * k, H, W), int)
    for y, x in centers:
        top, left = y - m // 2, x - m // 2
        counts[:, max(top, 0) : top + m, max(left, 0) : left + m] += 1
    return counts


def logistic(logits: Windows, targets: Windows) -> Windows:
    """The logistic loss of every place, safe for large logits.

    >>> logistic(np.zeros((1, 1, 1)), np.ones((1, 1, 1))).round(3).item()
    0.693
    """
    return np.logaddexp(0, logits) - targets * logits


@mistake(
    "Mask loss on negatives",
    "It looks as if negative windows have a mask loss too.",
    "A negative window has no mask to show: keep labels == 1 only.",
    "mask_loss",
)
def loss_on_negatives(logits: Windows, targets: Windows, labels: Labels) -> Number:
    """Teaches negative windows an empty mask."""
    return logistic(logits, targets).mean()


@mistake(
    "Divided by all windows",
    "It looks as if the loss of the positive windows is divided by all windows.",
    "The mean is over positive windows: divide by their number.",
    "mask_loss",
)
def loss_over_all(logits: Windows, targets: Windows, labels: Labels) -> Number:
    """Sets the loss of negatives to 0 and counts them all the same."""
    loss = logistic(logits, targets).mean((1, 2))                    # (n,)
    return (loss * (labels == 1)).mean()


@mistake(
    "Sigmoid twice",
    "It looks as if the sigmoid is taken twice.",
    "The loss takes logits and has the sigmoid inside: give it the logits.",
    "mask_loss",
)
def loss_of_probabilities(
    logits: Windows, targets: Windows, labels: Labels
) -> Number:
    """Hands probabilities to a loss that takes logits."""
    if not (labels == 1).any():
        return 0.0
    p = 1 / (1 + np.exp(-logits))
    return logistic(p, targets)[labels == 1].mean()


@mistake(
    "Summed, not averaged",
    "It looks as if the places' losses are added and not divided by their number.",
    "Here the loss is a mean over the m * m places, so that m does not matter.",
    "mask_loss",
)
def loss_summed(logits: Windows, targets: Windows, labels: Labels) -> Number:
    """Adds the places up, as the paper writes it."""
    if not (labels == 1).any():
        return 0.0
    return logistic(logits, targets)[labels == 1].sum((1, 2)).mean()


@mistake(
    "Mean of nothing",
    "It looks as if the mean is taken even where no window is positive.",
    "Without a positive window the loss is 0; the mean of nothing is NaN.",
    "mask_loss",
)
def loss_of_nothing(logits: Windows, targets: Windows, labels: Labels) -> Number:
    """Divides 0 by 0 in a picture without objects."""
    return logistic(logits, targets)[labels == 1].mean()
