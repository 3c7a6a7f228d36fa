"""Lesson 4: what a window keeps when it moves, and what the heads cost."""

from __future__ import annotations

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault
from ifcn_lab.grid import Grid


def kept(k: int, m: int, down: int, right: int) -> int:
    """Places of both windows that are copied from the same map before and after.

    >>> kept(2, 4, 0, 1)
    8
    """
    channel = Grid(k, m).channel
    return int((channel[down:, right:] == channel[:m - down, :m - right]).sum())


def one_step(draws: Draws) -> Question:
    """Places that keep their score after one step."""
    k, m = draws.one("k and m", [(3, 12), (4, 16), (5, 15), (4, 11), (3, 10)])
    return calculation(
        f"A window with k = {k} and m = {m} moves one place to the right. How many "
        "places of the picture lie in both windows and keep their score to the last "
        "bit, whatever the maps hold?", kept(k, m, 0, 1),
        f"m - 1 = {m - 1} columns are in both; each of the {k - 1} inner borders of "
        f"the grid takes one, which leaves {m - k} columns of {m} places.",
        [((m - 1) * m, "all places in both windows"),
         ((m - k) ** 2, "rows counted as if the window had moved down too"),
         ((m - k + 1) * m, "the outer border forgotten: m columns taken for m - 1"),
         ((m - 1 - k) * m, "k borders counted instead of k - 1")])


def slanted_step(draws: Draws) -> Question:
    """The same, read from a figure, for a step down and right."""
    k, m = draws.one("k and m", [(2, 6), (3, 6), (3, 8), (2, 7)])
    down, right = draws.one("step", [(1, 1), (1, 2), (2, 1)])
    rows = Grid(k, m).channel
    return calculation(
        f"The figure shows from which map each place of a window is copied (k = {k}, "
        f"m = {m}). The window moves {down} down and {right} to the right. How many "
        "places of the picture lie in both windows and are copied from the same map "
        "before and after?", kept(k, m, down, right),
        "Count the rows that stay in one row of parts and the columns that stay in one "
        "column of parts, and multiply.",
        [((m - down) * (m - right), "all places in both windows"),
         (kept(k, m, 0, right), "the step to the right alone"),
         (kept(k, m, down, 0), "the step down alone"),
         (kept(k, m, 1, 1), "a step of one place each")],
        grids({"": rows.tolist()}, f"The window's maps, row by row: {rows.tolist()}."))


def weights(draws: Draws) -> Question:
    """The weights of the branch of score maps."""
    channels, k = draws.one("channels", [64, 128, 256, 512]), draws.whole("k", 3, 7)
    m, maps = draws.one("m", [14, 21, 28]), k * k
    return calculation(
        f"The score maps come from one 3 x 3 convolution on {channels} channels, with "
        f"k = {k} and m = {m}. How many weights does it have, biases left out? A "
        "product will do.", f"9 * {channels} * {maps} = {9 * channels * maps}",
        "Each of the k * k outputs has 3 * 3 * channels weights; m does not matter.",
        [(9 * maps, "channels forgotten"), (channels * maps, "kernel of one place"),
         (9 * channels * m * m, "an output for each place of the window"),
         (9 * channels * k, "k maps instead of k * k")])


def next_mask(draws: Draws) -> Question:
    """Why a head with m * m outputs keeps nothing."""
    step = draws.one("step", ["to the right", "down", "to the left"])
    return Question(
        "A fully connected head has an output for each of the m * m places of the "
        f"window. The window moves one place {step}. Why may a pixel far inside an "
        "object change its answer?",
        "Another output, with weights of its own, answers for that pixel now.",
        "Nothing ties an output to its neighbour; with score maps the pixel reads the "
        "same score again, unless it crosses a border between parts.",
        {"The features of the picture change when the window moves.":
            "They belong to the picture, and both heads read the same ones.",
         "The window is another one, so NMS may drop it.":
            "NMS drops whole windows; it changes no pixel.",
         "The pixel now lies in another part of the grid.":
            "This head has no grid; and most pixels stay in their part."})


def share(draws: Draws) -> Question:
    """The share that is kept, with a fault."""
    return fault(
        "These lines compute which share of the places that are in both windows is "
        "copied from the same map, when the window moves one place to the right.", """\
part = np.arange(m) * k // m
rows = np.ones(m, bool)
columns = part[1:] == part[:-1]
kept = np.outer(rows, columns)
return kept.sum() / kept.size""",
        [(5, "return kept.sum() / (m * m)",
          "It divides by all places of a window; m * (m - 1) are in both, so the share "
          "comes out too small."),
         (1, "part = np.arange(m) // k",
          "Parts become k places wide; there have to be k parts."),
         (4, "kept = np.outer(columns, columns)",
          "It counts rows as if the window had moved down too.")],
        draws.whole("fault", 0, 2))


QUESTIONS = (one_step, slanted_step, weights, next_mask, share)
