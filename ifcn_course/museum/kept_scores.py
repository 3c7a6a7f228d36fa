"""Mistakes of counting what is kept, and weights: lesson 4."""

from __future__ import annotations

import numpy as np

from ifcn_course.museum.specimen import mistake
from ifcn_lab.grid import Grid


@mistake(
    "New columns counted too",
    "It looks as if the share is taken of all m columns.",
    "m - s columns are in both windows; only these can be kept.",
    "kept_share",
)
def share_of_all(k: int, m: int, s: int) -> float:
    """Counts the columns that are new as changed."""
    channel = Grid(k, m).channel                                      # (m, m)
    return float((channel[:, s:] == channel[:, :-s]).sum() / m**2)


@mistake(
    "Wrapped round",
    "It looks as if the window's last columns are compared with its first ones.",
    "np.roll brings the end back to the beginning: use slices.",
    "kept_share",
)
def share_by_roll(k: int, m: int, s: int) -> float:
    """Compares with `np.roll`."""
    channel = Grid(k, m).channel                                      # (m, m)
    return float((channel == np.roll(channel, s, axis=1)).mean())


@mistake(
    "Both ways at once",
    "It looks as if the window moves down as well.",
    "Only columns move: channel[:, s:] against channel[:, :-s].",
    "kept_share",
)
def share_of_diagonal(k: int, m: int, s: int) -> float:
    """Moves rows and columns."""
    channel = Grid(k, m).channel                                      # (m, m)
    return float((channel[s:, s:] == channel[:-s, :-s]).mean())


@mistake(
    "Changed, not kept",
    "It looks as if the share that changes is counted.",
    "Count where the two numbers are equal.",
    "kept_share",
)
def changed_share(k: int, m: int, s: int) -> float:
    """Counts with !=."""
    channel = Grid(k, m).channel                                      # (m, m)
    return float((channel[:, s:] != channel[:, :-s]).mean())


@mistake(
    "One direction only",
    "It looks as if only one of the two directions counts.",
    "A place is kept if its row is kept and its column is: multiply the two shares.",
    "diagonal_share",
)
def one_direction(k: int, m: int) -> float:
    """Gives the share for a step to the right."""
    return (m - k) / (m - 1)


@mistake(
    "Losses added",
    "It looks as if what rows lose and what columns lose is added.",
    "Some places lose both; multiply the shares that are kept.",
    "diagonal_share",
)
def losses_added(k: int, m: int) -> float:
    """Counts the places at the crossings of borders twice."""
    return 1 - 2 * (k - 1) / (m - 1)


@mistake(
    "Share of all places",
    "It looks as if the share is taken of all m * m places.",
    "(m - 1) * (m - 1) places are in both windows.",
    "diagonal_share",
)
def share_of_all_pixels(k: int, m: int) -> float:
    """Divides by m where m - 1 columns are left."""
    return ((m - k) / m) ** 2


@mistake(
    "Below zero",
    "It looks as if the share goes on below 0 for long steps.",
    "Where nothing is kept the share is 0: cut off with max.",
    "step_share",
)
def share_below_zero(k: int, m: int, a: int, b: int) -> float:
    """Subtracts more columns than there are."""
    a, b = abs(a), abs(b)
    return (m - k * a) / (m - a) * (m - k * b) / (m - b)


@mistake(
    "Direction counts",
    "It looks as if steps up or to the left are taken for negative lengths.",
    "To the left it is as to the right: take the absolute value.",
    "step_share",
)
def signed_steps(k: int, m: int, a: int, b: int) -> float:
    """Forgets the absolute value."""
    return max(m - k * a, 0) / (m - a) * max(m - k * b, 0) / (m - b)


@mistake(
    "Shares added",
    "It looks as if what rows lose and what columns lose is added.",
    "Rows and columns are kept or not on their own: multiply.",
    "step_share",
)
def step_losses_added(k: int, m: int, a: int, b: int) -> float:
    """Counts the crossings of borders twice."""
    kept = [max(m - k * s, 0) / (m - s) for s in (abs(a), abs(b))]
    return max(sum(kept) - 1, 0)


@mistake(
    "All places, not those in both",
    "It looks as if the share is taken of all m columns.",
    "m - b columns are in both windows; only these can be kept.",
    "step_share",
)
def step_share_of_all(k: int, m: int, a: int, b: int) -> float:
    """Divides by m."""
    return max(m - k * abs(a), 0) / m * max(m - k * abs(b), 0) / m


@mistake(
    "Kernel forgotten",
    "It looks as if the convolution is taken for 1 x 1.",
    "A 3 x 3 convolution has 9 times its input channels as inputs.",
    "head_weights",
)
def kernel_forgotten(
    channels: int, k: int, bins: int, rank: int, m: int
) -> tuple[int, int]:
    """Leaves out the 9."""
    return channels * k * k, bins * bins * channels * rank + rank * m * m


@mistake(
    "k maps, not k * k",
    "It looks as if there are k score maps.",
    "The grid is k x k, so there are k * k maps.",
    "head_weights",
)
def k_maps(channels: int, k: int, bins: int, rank: int, m: int) -> tuple[int, int]:
    """Forgets one of the two k."""
    return 9 * channels * k, bins * bins * channels * rank + rank * m * m


@mistake(
    "Second layer forgotten",
    "It looks as if one of the two linear layers is missing.",
    "The first leads to `rank` numbers, the second from these to m * m: add both.",
    "head_weights",
)
def second_layer_forgotten(
    channels: int, k: int, bins: int, rank: int, m: int
) -> tuple[int, int]:
    """Counts the layer to `rank` numbers only."""
    return 9 * channels * k * k, bins * bins * channels * rank


@mistake(
    "No rank between",
    "It looks as if one linear layer leads straight to the m * m places.",
    "There are two layers, with `rank` numbers between them.",
    "head_weights",
)
def one_full_layer(
    channels: int, k: int, bins: int, rank: int, m: int
) -> tuple[int, int]:
    """Multiplies inputs and places."""
    return 9 * channels * k * k, bins * bins * channels * m * m


@mistake(
    "Linear layers first",
    "It looks as if the two numbers stand in the other order.",
    "First the score maps' weights, then the linear layers'.",
    "head_weights",
)
def answers_exchanged(
    channels: int, k: int, bins: int, rank: int, m: int
) -> tuple[int, int]:
    """Returns both, exchanged."""
    return bins * bins * channels * rank + rank * m * m, 9 * channels * k * k
