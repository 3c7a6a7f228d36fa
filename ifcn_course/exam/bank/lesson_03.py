"""Lesson 3: which map, which place, and what stands off the map."""

from __future__ import annotations

import numpy as np

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault
from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid

UNEVEN = [(3, 8), (3, 11), (4, 10), (4, 14), (5, 12), (5, 17), (5, 18)]


def which_map(draws: Draws) -> Question:
    """The number of the map of one offset."""
    k, m = draws.one("k and m", UNEVEN)
    i, j = (draws.whole(f"offset {n}", m // k + 1, m - 1) for n in range(2))
    wide, narrow = -(-m // k), m // k
    grid = Grid(k, m)
    a, b = i * k // m, j * k // m
    return calculation(
        f"k = {k} and m = {m}. From which map is the place at offset ({i}, {j}) of the "
        "window, its row and column, copied?", int(grid.channel[i, j]),
        f"Row {i} * {k} // {m} = {a} of the grid, column {j} * {k} // {m} = {b}; "
        f"{a} * {k} + {b}.",
        [(b * k + a, "maps counted down the columns"),
         (i // wide * k + j // wide, "parts of ceil(m / k) places"),
         (min(i // narrow, k - 1) * k + min(j // narrow, k - 1),
          "parts of floor(m / k) places, the last takes the rest"),
         (i * m + j, "the place counted instead of the part"),
         (a + b, "row without k")])


def part_heights(draws: Draws) -> Question:
    """How many rows each row of parts has."""
    k, m = draws.one("k and m", UNEVEN)
    rest = m - (k - 1) * (m // k)
    return calculation(
        f"k = {k} does not divide m = {m}. How many rows of the window lie in row 0, "
        f"1, ... {k - 1} of the grid?", np.diff(Grid(k, m).edges).tolist(),
        "Row i of the window lies in row i * k // m of the grid.",
        [([*[m // k] * (k - 1), rest], "the last part takes the rest"),
         ([rest, *[m // k] * (k - 1)], "the first part takes the rest"),
         ([m // k] * k, "the rest left out"), ([-(-m // k)] * k, "rounded up")])


def by_hand(draws: Draws) -> Question:
    """A row of a window, read from four maps."""
    digits = [draws.whole(f"digit {n}", 0, 9) for n in range(4 * 25)]
    maps = np.reshape(digits, (4, 5, 5))
    y, x = draws.whole("y", 2, 3), draws.whole("x", 2, 3)
    i = draws.whole("row", 0, 3)
    window = assemble(maps, 4, centers=[(y, x)], backend="loop")[0]
    turned = assemble(maps[[0, 2, 1, 3]], 4, centers=[(y, x)], backend="loop")[0]
    return calculation(
        "Four score maps, k = 2. Assemble the window with m = 4 at its centre (y, x) "
        f"= ({y}, {x}). Write down its row {i}, from left to right; the first row is "
        "0.",
        window[i],
        f"The window covers rows {y - 2} to {y + 1} and columns {x - 2} to {x + 1}; "
        f"row {i} is copied from maps {i // 2 * 2} and {i // 2 * 2 + 1}, at its own "
        "places.",
        [(turned[i], "maps counted down the columns"), (window[:, i], "a column read"),
         (maps[i // 2 * 2, y - 2 + i, x - 2:x + 2], "one map for the whole row")],
        grids({f"map {c}": rows.tolist() for c, rows in enumerate(maps)},
              f"Four maps of 5 x 5 digits: {maps.tolist()}.", numbered=True))


def off_the_map(draws: Draws) -> Question:
    """How many places of a window hold the fill."""
    m, size = draws.one("m", [7, 8, 9, 10]), draws.whole("size", 18, 30)
    y, x = draws.whole("y", 0, 2), draws.whole("x", size - 2, size - 1)
    rows = m - (m // 2 - y)
    columns = m // 2 + size - x
    return calculation(
        f"Maps of {size} x {size} places. A window with m = {m} stands at (y, x) = "
        f"({y}, {x}). How many of its {m * m} places hold `fill`?",
        m * m - rows * columns,
        f"It covers rows {y - m // 2} to {y - m // 2 + m - 1} and columns {x - m // 2} "
        f"to {x - m // 2 + m - 1}; {rows} x {columns} places lie on the maps.",
        [(rows * columns, "the places on the map"),
         ((m - rows) * (m - columns), "the corner that is off both borders only"),
         ((m - rows) * m + (m - columns) * m, "the corner counted twice"),
         (0, "the window pushed back onto the map")])


def loops(draws: Draws) -> Question:
    """Assembling by loops with a fault."""
    return fault(
        "These lines assemble the window at (y, x); off the map stands `fill`.", """\
window = np.full((m, m), fill)
for i in range(m):
    for j in range(m):
        part = (i * k // m) * k + j * k // m
        row, column = y - m // 2 + i, x - m // 2 + j
        if 0 <= row < H and 0 <= column < W:
            window[i, j] = maps[part, row, column]""",
        [(6, "if row < H and column < W:",
          "A negative index counts from the end, so a window over the upper or left "
          "border copies scores from the other side of the map."),
         (7, "window[i, j] = maps[part, i, j]",
          "The offset is taken for the place: every window copies the top left corner "
          "of the maps."),
         (4, "part = (i * k // m) * m + j * k // m",
          "Rows of parts are counted with m instead of k: maps are mixed up, and "
          "numbers beyond the last map end in an error."),
         (5, "row, column = x - m // 2 + i, y - m // 2 + j",
          "The centre is read as (x, y): the window stands at the mirrored place.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (which_map, part_heights, by_hand, off_the_map, loops)
