"""Lesson 2: parts, score maps, and what ties a map to its part."""

from __future__ import annotations

import numpy as np

from ifcn_course.assignment.numbering import NUMBERINGS
from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault
from ifcn_lab.grid import Grid

ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "middle", "right")


def part_name(part: int) -> str:
    """The words for a part of a 3 x 3 grid.

    >>> part_name(2), part_name(4)
    ('top right', 'middle')
    """
    a, b = divmod(part, 3)
    return " ".join(dict.fromkeys([ROWS[a], COLUMNS[b]]))


def two_parts(draws: Draws) -> Question:
    """The part of one place in two windows."""
    channel = Grid(3, 6).channel
    (y, x), (top, left) = (4, 5), (draws.whole("top", 1, 2), draws.whole("left", 3, 4))
    boxes = {"A": (0, 0, 6, 6), "B": (left, top, left + 6, top + 6)}
    picture = np.full((9, 11), "", object)
    picture[y, x] = "P"
    one, two = int(channel[y, x]), int(channel[y - top, x - left])
    down = [int(channel.T[y, x]), int(channel.T[y - top, x - left])]
    return calculation(
        "Windows A and B have m = 6 places per side and k = 3. From which score map is "
        "place P copied in window A, and from which in window B?", [one, two],
        "P is offset (4, 5) of A and offset "
        f"({y - top}, {x - left}) of B; parts are 2 x 2 places.",
        [(down, "maps counted down the columns"), ([two, one], "windows mixed up"),
         ([one, one], "a place taken to have one part for good")],
        grids({"": picture}, "Two windows of 6 x 6 places, A from row 0 and column 0, "
                             f"B from row {top} and column {left}, and place P in row "
              f"{y}, column {x}.", boxes))


def how_many(draws: Draws) -> Question:
    """The number of score maps."""
    k, m = draws.one("k and m", [(3, 15), (5, 21), (7, 28), (4, 18)])
    classes = draws.one("classes", [10, 20, 80])
    return calculation(
        f"InstanceFCN is trained on pictures with objects of {classes} categories, "
        f"with k = {k} and windows of m = {m}. How many score maps does it have for "
        "masks?",
        k * k, "One for each part of an object, whatever its category, whatever m.",
        [(k * k * classes, "maps for each category, as R-FCN has"),
         (k * k * (classes + 1), "the same, and the ground"),
         (m * m, "an output for each place of the window, as DeepMask has"),
         (classes, "one map for each category"), (k, "k instead of k x k")])


def exchanged(draws: Draws) -> Question:
    """Two maps change places after training."""
    one, two = sorted(draws.shuffled("maps", [0, 1, 2, 3, 5, 6, 7, 8])[:2])
    names = part_name(one), part_name(two)
    return Question(
        f"A network with k = 3 is trained. Then maps {one} and {two} are exchanged, "
        "and the window round one object is assembled. What becomes of its mask?",
        f"It is spoiled in the {names[0]} and the {names[1]} part, and nowhere else.",
        "Assembling copies each part from its own map; the other seven maps stayed.",
        {f"The {names[0]} and the {names[1]} part show each other's mask, moved there.":
            "A score is copied at its own place: nothing of the picture moves.",
         "Nothing: which map is which is a matter of counting.":
            "Before training it is; afterwards each map has its meaning.",
         "All of it is spoiled, as each place is a sum of all maps.":
            "Nothing is added: one map is asked for each place."})


def wrong_count(draws: Draws) -> Question:
    """How many parts are right if two programs count differently."""
    k = draws.one("k", [3, 4, 5])
    name = draws.one("numbering", ["column by column", "serpentine",
                                   "from the bottom left"])
    agree = NUMBERINGS[name].table(k) == np.arange(k * k).reshape(k, k)
    return calculation(
        f"A network with k = {k} is trained by a program that counts the parts row by "
        "row from the top left. Its maps are then assembled by a program that counts "
        f"{NUMBERINGS[name].words}. How many of the {k * k} parts are copied from the "
        "map that was trained for them?", int(agree.sum()),
        "Parts with the same number in both ways of counting; write both grids.",
        [(0, "every part taken to move"), (k * k, "the order taken not to matter"),
         (1, "the first part only"), (2, "the first and the last only")])


def perfect_maps(draws: Draws) -> Question:
    """Perfect maps of one object with a fault."""
    return fault(
        "These lines write the maps that a perfect network would give for the window "
        "at (cy, cx), which lies on the map. `mask[i, j]` is 1 where place (i, j) of "
        "the window is on the object.", """\
maps = np.zeros((k * k, H, W))
for i in range(m):
    for j in range(m):
        y, x = cy - m // 2 + i, cx - m // 2 + j
        part = (i * k // m) * k + j * k // m
        maps[part, y, x] = mask[i, j]""",
        [(4, "y, x = cy + i, cx + j",
          "The centre is taken for the corner: all maps lie m // 2 places too far "
          "down and to the right."),
         (5, "part = i * k // m + (j * k // m) * k",
          "Parts are counted down the columns; every part off the diagonal goes to "
          "another map."),
         (6, "maps[:, y, x] = mask[i, j]",
          "Every map gets the whole object, so a touching object's window reads it "
          "as its own.")], draws.whole("fault", 0, 2))


QUESTIONS = (two_parts, how_many, exchanged, wrong_count, perfect_maps)
