"""Mistakes with boxes: rounding, bins, points, gradients, anchors, codes: lesson 10."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from ifcn_course.museum.specimen import mistake

Points = Float[np.ndarray, " P"]
Overlap = Float[np.ndarray, "N M"]
Labels = Int[np.ndarray, " N"]
Numbers = Sequence[float]


@mistake(
    "Halves to the even neighbour",
    "It looks as if halves go to the even neighbour, as in Python, NumPy and torch.",
    "Add one half to the size, cut off, and give the sign back.",
    "away_from_zero",
)
def half_to_even(x: float) -> int:
    """Rounds 0.5 to 0 and 2.5 to 2."""
    return round(x)


@mistake(
    "Halves upwards",
    "It looks as if halves always go up, also below zero.",
    "Below zero, away from zero is downwards.",
    "away_from_zero",
)
def half_up(x: float) -> int:
    """Rounds -0.5 to 0."""
    return int(np.floor(x + 0.5))


@mistake(
    "Cut off",
    "It looks as if the fraction is cut off.",
    "Add one half before you cut off.",
    "away_from_zero",
)
def cut_off(x: float) -> int:
    """Rounds 2.75 to 2."""
    return int(x)


@mistake(
    "The last place left out",
    "It looks as if the last place is not counted as inside.",
    "RoIPool's width is last - first + 1.",
    "pool_places",
)
def last_left_out(first: int, last: int, bins: int, p: int) -> tuple[int, int]:
    """Takes the corners for half-open ones."""
    width = max(last - first, 1)
    return first + p * width // bins, first - (-(p + 1) * width // bins)


@mistake(
    "Bins side by side",
    "It looks as if a bin ends where the next one begins.",
    "A bin's end is rounded up, so neighbours may share a place.",
    "pool_places",
)
def bins_side_by_side(first: int, last: int, bins: int, p: int) -> tuple[int, int]:
    """Rounds begin and end down; a bin may be empty."""
    width = max(last - first + 1, 1)
    return first + p * width // bins, first + (p + 1) * width // bins


@mistake(
    "Bins of one width",
    "It looks as if the width is divided by the bins before it is multiplied by p.",
    "Multiply by the width first, divide by the bins last.",
    "pool_places",
)
def bins_of_one_width(first: int, last: int, bins: int, p: int) -> tuple[int, int]:
    """Rounds a bin's width up, and steps by the rounded width."""
    wide = -(-max(last - first + 1, 1) // bins)
    return first + p * wide, first + (p + 1) * wide


@mistake(
    "Half a place too far",
    "It looks as if the half place is not subtracted.",
    "Index 0 is the middle of the first place: subtract 0.5 at the end.",
    "align_points",
)
def not_aligned(first: float, past: float, bins: int, n: int) -> Points:
    """The rule of the first releases."""
    return first + (np.arange(bins * n) + 0.5) / (bins * n) * (past - first)


@mistake(
    "At the left edges",
    "It looks as if points stand at the left edges of their steps.",
    "A point stands in the middle of its step: (i + 0.5).",
    "align_points",
)
def at_left_edges(first: float, past: float, bins: int, n: int) -> Points:
    """Where the released RoIWarp reads."""
    return first - 0.5 + np.arange(bins * n) / (bins * n) * (past - first)


@mistake(
    "Corners rounded",
    "It looks as if the corners are rounded first.",
    "RoIAlign rounds nothing.",
    "align_points",
)
def corners_rounded(first: float, past: float, bins: int, n: int) -> Points:
    """Rounds, and reads at least one place."""
    low, high = np.floor(first + 0.5), np.floor(past + 0.5)
    share = (np.arange(bins * n) + 0.5) / (bins * n)
    return low - 0.5 + share * max(high - low, 1)


@mistake(
    "Ends swapped",
    "It looks as if the two ends are swapped.",
    "A point at share 0 moves with the first end alone.",
    "gradient_of_ends",
)
def ends_swapped(shares: Points, slopes: Points) -> tuple[float, float]:
    """Gives r to the first end."""
    return (shares * slopes).sum(), ((1 - shares) * slopes).sum()


@mistake(
    "Middle and size",
    "It looks as if these are the gradients of middle and size.",
    "Corners are asked: 1 - r for the first, r for the other.",
    "gradient_of_ends",
)
def middle_and_size(shares: Points, slopes: Points) -> tuple[float, float]:
    """The slots that the layer behind MNC's warp expects."""
    return slopes.sum(), ((shares - 0.5) * slopes).sum()


@mistake(
    "Every point moves with both",
    "It looks as if every point moves fully with both ends.",
    "A point's two weights add up to 1.",
    "gradient_of_ends",
)
def both_fully(shares: Points, slopes: Points) -> tuple[float, float]:
    """Forgets the shares."""
    return slopes.sum(), slopes.sum()


@mistake(
    "No best anchor",
    "It looks as if an object whose best anchor is below the limit has none.",
    "Each object's best anchor learns it, however little they share.",
    "label_anchors",
)
def no_best_anchor(overlap: Overlap, high: float, low: float) -> Labels:
    """Leaves the second rule out."""
    label, most = overlap.argmax(1), overlap.max(1)
    return np.where(most < low, -1, np.where(most < high, -2, label))


@mistake(
    "The best anchor always changes",
    "It looks as if an object's best anchor learns it even where it has another.",
    "Only an anchor without an object is given one: `if label[anchor] < 0`.",
    "label_anchors",
)
def best_always(overlap: Overlap, high: float, low: float) -> Labels:
    """Takes an anchor away from the object it fits."""
    label = no_best_anchor(overlap, high, low)
    label[overlap.argmax(0)] = np.arange(overlap.shape[1])
    return label


@mistake(
    "Nothing left out",
    "It looks as if anchors between the limits are negative.",
    "Between the limits an anchor is left out: -2.",
    "label_anchors",
)
def nothing_left_out(overlap: Overlap, high: float, low: float) -> Labels:
    """Makes background of anchors that hold half an object."""
    label = no_best_anchor(overlap, high, high)
    for own, anchor in enumerate(overlap.argmax(0)):
        label[anchor] = own if label[anchor] < 0 else label[anchor]
    return label


@mistake(
    "Inclusive ends",
    "It looks as if the sides are counted with the last pixel inside, + 1.",
    "Boxes are half-open: the width is x1 - x0.",
    "decode",
)
def inclusive_ends(code: Numbers, anchor: Numbers) -> tuple[float, ...]:
    """Decodes as a well-known copy does: the boxes come back too large."""
    x0, y0, x1, y1 = anchor
    w, h = x1 - x0 + 1, y1 - y0 + 1
    x, y = x0 + w / 2 + code[0] * w, y0 + h / 2 + code[1] * h
    w, h = w * np.exp(code[2]), h * np.exp(code[3])
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


@mistake(
    "Moved by pixels",
    "It looks as if dx and dy are taken for pixels.",
    "They are in sides of the anchor: dx times its width.",
    "decode",
)
def moved_by_pixels(code: Numbers, anchor: Numbers) -> tuple[float, ...]:
    """Small moves for large anchors."""
    x0, y0, x1, y1 = anchor
    x, y = (x0 + x1) / 2 + code[0], (y0 + y1) / 2 + code[1]
    w, h = (x1 - x0) * np.exp(code[2]), (y1 - y0) * np.exp(code[3])
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


@mistake(
    "Grown from the corner",
    "It looks as if the corner moves and the box grows from there.",
    "The middle moves, and the box grows round it.",
    "decode",
)
def grown_from_corner(code: Numbers, anchor: Numbers) -> tuple[float, ...]:
    """Keeps the upper left corner where the middle should stay."""
    x0, y0, x1, y1 = anchor
    x, y = x0 + code[0] * (x1 - x0), y0 + code[1] * (y1 - y0)
    return x, y, x + (x1 - x0) * np.exp(code[2]), y + (y1 - y0) * np.exp(code[3])
