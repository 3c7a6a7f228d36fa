"""Lesson 7: run lengths, polygons, crowds, thresholds."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault


def runs(flat: np.ndarray) -> list[int]:
    """The lengths of runs, beginning with ground.

    >>> runs(np.array([1, 1, 0]))
    [0, 2, 1]
    """
    ends = [*np.flatnonzero(np.diff(flat.astype(int))) + 1, len(flat)]
    lengths = np.diff([0, *ends]).tolist()
    return [0, *lengths] if flat[0] else lengths


def drawn_mask(draws: Draws) -> np.ndarray:
    """A small object that is not symmetric, (4, 5) bool."""
    mask = np.zeros((4, 5), bool)
    top, left = draws.whole("top", 0, 1), draws.whole("left", 0, 2)
    mask[top:top + 3, left:left + 2] = True
    mask[top + draws.whole("arm", 0, 2), left:left + 3] = True
    return mask


def write_runs(draws: Draws) -> Question:
    """The run lengths of a mask."""
    mask = drawn_mask(draws)
    down = runs(mask.T.ravel())
    shown = np.where(mask, "#", "").tolist()
    return calculation(
        "Write this mask as COCO's run lengths.", down,
        "Down the columns from the left; ground comes first, and is 0 if the object "
        "begins at once.",
        [(runs(mask.ravel()), "along the rows"),
         (down[1:], "the first count of ground left out"),
         (runs(~mask.T.ravel()), "the object counted first"),
         ([int(mask.sum())], "the area")],
        grids({"": shown}, f"A mask of 4 x 5 pixels: {mask.astype(int).tolist()}."))


def read_runs(draws: Draws) -> Question:
    """A row of a mask from its run lengths."""
    mask = drawn_mask(draws)
    counts, row = runs(mask.T.ravel()), draws.whole("row", 1, 2)
    along = np.resize(mask.T.ravel(), 20).reshape(4, 5)
    return calculation(
        f"A mask of 4 rows and 5 columns has COCO's run lengths {counts}. Which "
        f"columns of row {row} belong to the object? Rows and columns count from 0.",
        np.flatnonzero(mask[row]), "The counts go down the columns; the first is "
                                   "ground.",
        [(np.flatnonzero(along[row]), "filled along the rows"),
         (np.flatnonzero(~mask[row]), "the first count taken for the object")])


def polygon(draws: Draws) -> Question:
    """The area of a polygon."""
    x, y = draws.whole("x", 2, 9), draws.whole("y", 2, 9)
    wide, tall = draws.whole("wide", 4, 9) * 2, draws.whole("tall", 3, 6) * 2
    cut = draws.whole("cut", 1, 3)
    corners = [x, y, x + wide - cut, y, x + wide, y + tall, x, y + tall]
    area = (2 * wide - cut) * tall // 2
    return calculation(
        f"A COCO polygon reads {corners}. Which area does it enclose, in pixels?", area,
        "x, y, x, y, ...: a trapezium with the sides "
        f"{wide - cut} and {wide}, {tall} high; or the shoelace formula.",
        [(wide * tall, "the area of its box"), (2 * area, "half forgotten"),
         ((wide - cut) * tall, "the corner left out"),
         (2 * (wide + tall), "the rim")])


def in_a_crowd(draws: Draws) -> Question:
    """What becomes of an answer in a crowd region."""
    what = draws.one("what", ["nuclei", "coins", "people"])
    return Question(
        f"A region of a picture is marked `iscrowd`: a heap of {what} that nobody drew "
        "one by one. A network finds one of them there. How is this answer counted "
        "when precision is measured?", "Neither as right nor as wrong: it is left out.",
        "There are objects, and no single one is known; to count it either way would "
        "not be fair.",
        {"As right: there are objects in the region.":
            "Then one answer that fills the whole region would be right, too.",
         "As wrong: no object was drawn there.": "The network would be punished for "
            "objects that are really there.",
         "As right, if it overlaps the whole region by an IoU of 0.5.":
            "The region is no object; a single object in it overlaps it by little."})


def pieces(draws: Draws) -> Question:
    """What a threshold makes of a small picture."""
    base = np.array([[2, 8, 7, 1, 2, 6], [3, 9, 2, 2, 7, 8], [1, 2, 5, 3, 8, 2],
                     [7, 2, 1, 2, 5, 1], [8, 9, 2, 3, 2, 2]])
    picture = base[:, ::draws.one("turned", [1, -1])]
    picture = picture[::draws.one("upside", [1, -1])]
    t = draws.one("threshold", [4, 5, 6, 7])
    bright = picture > t
    count, loose = label(bright)[1], label(bright, np.ones((3, 3)))[1]
    return calculation(
        f"The numbers are grey levels. Pixels above {t} are foreground, and each piece "
        "that is connected by sides (not by corners alone) is one answer. How many "
        "answers are there?", count,
        f"{bright.sum()} pixels are foreground; pieces that only meet at a corner are "
        "two.",
        [(loose, "corners taken to connect"), (int(bright.sum()), "pixels counted"),
         (label(picture >= t)[1], f"the level {t} itself taken for foreground"),
         (label(~bright)[1], "pieces of the ground")],
        grids({"": picture.tolist()}, f"Grey levels, row by row: {picture.tolist()}."))


def decoding(draws: Draws) -> Question:
    """Reading run lengths, with a fault."""
    return fault(
        "COCO's run lengths `counts` become a mask of h rows and w columns.", """\
flat, at = np.zeros(h * w, bool), 0
for number, count in enumerate(counts):
    flat[at:at + count] = number % 2 == 1
    at += count
return flat.reshape(w, h).T""",
        [(5, "return flat.reshape(h, w)",
          "The runs are laid along the rows; COCO's go down the columns."),
         (3, "flat[at:at + count] = number % 2 == 0",
          "The first count is taken for the object, so object and ground change."),
         (4, "at = count", "Each run begins at the length of the one before, instead "
          "of at the sum of all before.")], draws.whole("fault", 0, 2))


QUESTIONS = (write_runs, read_runs, polygon, in_a_crowd, pieces, decoding)
