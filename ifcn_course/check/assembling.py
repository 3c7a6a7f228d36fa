"""Checks of lesson 3: from the part of a place to a kernel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy.lib.stride_tricks import as_strided

from ifcn_course.check.answers import SIZES, each_of
from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, report
from ifcn_lab.assembling import assemble
from ifcn_lab.assembling.view import view_windows
from ifcn_lab.grid import Grid

ROW = "The window's first row is y - m // 2, its first column x - m // 2."
ORDER = "The map is number (grid row) * k + (grid column)."
WIDTHS = "Parts are 5, 4, 4, 4, 4 wide for k = 5, m = 21: use i * k // m."
DIGITS = ("The last digits are row and column, what stands before them is the map: "
          "(grid row) * k + (grid column). Which of them is wrong?")
BLOCK = ("Part (a, b) is a block of crop[a * k + b]: rows edges[a] up to edges[a + 1], "
         "columns likewise; a slice leaves its end out by itself.")
EDGES = "Parts differ in width: edges says where each begins and ends."
UNWRITTEN = -9


def addresses(
    k: int, rows: int, columns: int | None = None
) -> Int[np.ndarray, "kk rows columns"]:
    """Scores that say where they stand: 100 * map + 10 * row + column.

    Without `columns` the maps are square. Maps with more than 10 rows or columns need
    more digits: 10000 * map + 100 * row + column.

    >>> addresses(2, 3)[3]
    array([[300, 301, 302],
           [310, 311, 312],
           [320, 321, 322]])
    """
    number, row, column = np.indices((k * k, rows, columns or rows))
    step = step_of(rows, columns or rows)
    return step**2 * number + step * row + column


def step_of(*sides: int) -> int:
    """What a row counts in `addresses` of maps with these sides.

    >>> step_of(10, 8), step_of(8, 11)
    (10, 100)
    """
    return 10 if max(sides) <= 10 else 100


def part_of(function: Callable[..., object]) -> None:
    """Exercise 3.1: the grid row, or column, of a window offset."""
    asked = [(0, 1, 1), (3, 2, 4), (5, 3, 6), (4, 5, 21), (5, 5, 21), (12, 5, 21),
             (20, 5, 21), (6, 3, 7)]
    hint = "Multiply by k first, then divide by m and round down."
    cases = [Case(f"i = {i}, k = {k}, m = {m}", (i, k, m), int(Grid(k, m).part_of[i]),
                  hint) for i, k, m in asked]
    cases += [Case(f"every offset, k = {k}, m = {m}", ([*range(m)], k, m),
                   Grid(k, m).part_of, hint) for k, m in SIZES]
    report("Exercise 3.1", function, cases, run=each_of)


def assemble_loop(function: Callable[..., object]) -> None:
    """Exercise 3.2: a window, place by place, as `function(maps, k, m, y, x)`."""
    report("Exercise 3.2", function, window_cases(), rule=DIGITS)


def assemble_blocks(function: Callable[..., object]) -> None:
    """Exercise 3.3: a window, block by block, as `function(maps, k, m, y, x)`."""
    report("Exercise 3.3", function, window_cases(BLOCK, BLOCK, EDGES), rule=DIGITS)


def window_cases(
    place: str = ROW, order: str = DIGITS, widths: str = WIDTHS
) -> list[Case]:
    """Windows that lie on the maps as a whole, the smallest first; the hints given."""
    asked = [(1, 1, 3, 1, 1, place), (1, 3, 5, 1, 2, place), (2, 2, 4, 2, 1, order),
             (3, 7, 10, 4, 5, widths), (2, 4, 8, 3, 5, place),
             (5, 21, 24, 12, 11, widths), (5, 7, 9, 4, 3, widths),
             (5, 5, 8, 4, 2, order), (4, 14, 17, 7, 9, widths)]
    return [window_case(*each) for each in asked]


def window_case(k: int, m: int, size: int, y: int, x: int, hint: str) -> Case:
    """One window of maps whose scores say where they stand."""
    maps = addresses(k, size)
    expected = assemble(maps, m, centers=[(y, x)], backend="loop")[0]
    what = f"k = {k}, m = {m}, centre ({y}, {x})"
    return Case(what, (maps, k, m, y, x), expected, hint, (k, step_of(size) ** 2))


def view_strides(function: Callable[..., object]) -> None:
    """Exercise 3.4: six strides, as `function(k, m, one_map, one_row, one_column)`."""
    asked = [
        (2, 2, 100, 10, 1, "A part has m // k = 1 place: next, one row and k maps on."),
        (2, 6, 100, 10, 1, "The next part is m // k = 3 rows further, and k maps."),
        (3, 6, 144, 12, 1, "To the part on the right it is one map, below it k maps."),
        (5, 20, 1, 3000, 25, "Use the strides that are given: maps may lie otherwise."),
    ]
    cases = [
        Case(f"k = {k}, m = {m}, strides of the maps ({where[0]}, {where[1]}, "
             f"{where[2]})", (k, m, *where), strides_of_view(k, m, *where), hint)
        for k, m, *where, hint in asked
    ]
    report("Exercise 3.4", function, cases, rule="A view leaves the score it starts "
           "from by six strides: which map, row and column does each lead to?")


def strides_of_view(
    k: int, m: int, one_map: int, one_row: int, one_column: int
) -> tuple[int, ...]:
    """The strides of the library's own view, of maps with these strides.

    >>> strides_of_view(2, 6, 100, 10, 1)
    (10, 1, 230, 10, 103, 1)
    """
    steps = one_map, one_row, one_column
    reach = (k * k - 1) * one_map + (m - 1) * (one_row + one_column) + 1
    memory = np.zeros(reach, np.int8)  # of bytes, so that strides count elements
    maps = as_strided(memory, (k * k, m, m), steps, writeable=False)
    return view_windows(maps, Grid(k, m)).strides


def copy_one(kernel: Callable[..., object]) -> None:
    """Exercise 3.5: a kernel(maps, channel, top, left, fill, window), on threads."""
    asked = [
        (2, 4, (6, 6), (3, 3), 4, DIGITS),
        (3, 7, (10, 10), (4, 5), 4, "m = 7, so the last place is number 6. Which "
                                    "threads does the guard send home?"),
        (3, 7, (10, 10), (1, 8), 8, OFF),
        *((3, 7, size, (6, 7), 4, SIDES) for size in ((8, 10), (10, 8))),
    ]
    cases = [
        Case(f"k = {k}, m = {m}, centre {centre}, {size[0]} x {size[1]} maps, blocks "
             f"of {side} x {side} threads", (k, m, size, centre, side),
             expected_windows(k, m, size, [centre])[0], hint, (k, step_of(*size) ** 2))
        for k, m, size, centre, side, hint in asked
    ]
    report("Exercise 3.5", kernel, cases, run=one_launched, rule=UNREAD)


OFF = "Off the map there is no score: write fill."
SIDES = ("These maps have other numbers of rows and columns. Which of the two is each "
         "limit?")
UNREAD = f"{UNWRITTEN} stands where no thread wrote, -1 is fill. {DIGITS}"


def copy_all(kernel: Callable[..., object]) -> None:
    """Exercise 3.6: a kernel(maps, channel, centers, fill, windows), on threads."""
    asked = [
        (1, 4, (6, 6), [(3, 2)], "One window, and blocks of two: which threads does "
         "the guard send home?"),
        (2, 4, (6, 6), [(3, 2), (2, 3)], "centers[n] is (y, x), the window's centre."),
        (3, 7, (10, 10), [(4, 5), (5, 3), (3, 4)], "Three windows, and blocks of two: "
         "which threads does the guard send home?"),
        (3, 6, (9, 9), [(1, 8), (8, 0), (4, 4)], OFF),
        *((3, 7, size, [(6, 7), (0, 1), (4, 5)], SIDES) for size in ((8, 10), (10, 8))),
    ]
    cases = [
        Case(f"k = {k}, m = {m}, centres {centres}, {size[0]} x {size[1]} maps",
             (k, m, size, centres), expected_windows(k, m, size, centres), hint,
             (k, step_of(*size) ** 2))
        for k, m, size, centres, hint in asked
    ]
    report("Exercise 3.6", kernel, cases, run=all_launched, rule=UNREAD)


def expected_windows(
    k: int, m: int, size: tuple[int, int], centres: list[tuple[int, int]]
) -> Int[np.ndarray, "N m m"]:
    """The windows as the definition has them, with -1 off the map."""
    return assemble(addresses(k, *size), m, centers=centres, backend="loop", fill=-1)


def one_launched(
    kernel: Callable[..., object], k: int, m: int, size: tuple[int, int],
    centre: tuple[int, int], side: int,
) -> Any:
    """What a learner's kernel writes into a window that held -9 before."""
    blocks = -(-m // side)
    top, left = (place - m // 2 for place in centre)
    return simulated(kernel, (blocks, blocks), (side, side), addresses(k, *size),
                     Grid(k, m).channel, top, left, -1, np.full((m, m), UNWRITTEN))


def all_launched(
    kernel: Callable[..., object], k: int, m: int, size: tuple[int, int],
    centres: list[tuple[int, int]],
) -> Any:
    """What a learner's kernel writes into windows that held -9 before."""
    blocks = -(-m // 4), -(-m // 4), -(-len(centres) // 2)
    return simulated(kernel, blocks, (4, 4, 2), addresses(k, *size),
                     Grid(k, m).channel, np.array(centres), -1,
                     np.full((len(centres), m, m), UNWRITTEN))


def simulated(kernel: Any, *started: Any) -> Any:
    """What a kernel, decorated or not, writes on the simulator, card or no card.

    A card would not notice a thread that leaves an array.
    """
    from numba import config  # numba takes a second to load

    from ifcn_lab.assembling.device import launch

    plain = getattr(kernel, "py_func", getattr(kernel, "fn", kernel))
    before, config.ENABLE_CUDASIM = config.ENABLE_CUDASIM, True
    try:
        return launch(plain, *started)
    finally:
        config.ENABLE_CUDASIM = before


def assemble_whole(function: Callable[..., object]) -> None:
    """Exercise 3.7: many windows at once, as `function(maps, m, centers, fill)`.

    Two things are asked: the definition's scores, also off the map, and that more
    windows take no more lines of Python. `check.assemble` names mistakes.
    """
    last = Trial(f"{MANY} windows", partial(more_lines, function), too_many,
                 "Let NumPy run over the windows: one index array for all rows, one "
                 "for all columns.")
    report("Exercise 3.7", function, whole_cases(), rule=DIGITS,
           then=partial(judge, "Exercise 3.7", [last],
                        "the definition's scores, and no loop over the windows"))


FEW, MANY, MORE = 10, 300, 100
"""Numbers of windows, and how many lines of Python the many may take more."""


def whole_cases() -> list[Case]:
    """Windows on the maps, across their border and off them."""
    border = "Off the map stands fill: a place below 0 or past the last is no score."
    asked = [
        (1, 1, (2, 3), [(1, 2)], 0, "One place: the score at row y, column x."),
        (2, 2, (4, 4), [(2, 1), (1, 3)], 0, ORDER),
        (3, 7, (8, 9), [(4, 5), (3, 3)], 0, WIDTHS),
        (2, 3, (5, 6), [(0, 0)], -1, border),
        (3, 7, (6, 9), [(5, 8), (2, 0)], -5, border),
        (2, 5, (2, 3), [(0, 2), (1, 0)], 7, "A window may be larger than the maps."),
        (5, 21, (12, 15), [(6, 7), (0, 14), (11, 0)], -1, WIDTHS),
        (5, 7, (9, 8), [(4, 4), (5, 3)], -1, WIDTHS),
    ]
    cases = []
    for k, m, size, centers, fill, hint in asked:
        maps, where = addresses(k, *size), np.array(centers)
        what = f"k = {k}, m = {m}, {size[0]} x {size[1]} maps, centres {centers}"
        right = assemble(maps, m, centers=where, fill=fill, backend="loop")
        cases.append(Case(what, (maps, m, where, fill), right, hint,
                          (k, step_of(*size) ** 2)))
    return cases


def more_lines(function: Callable[..., object]) -> int:
    """How many lines of Python more it takes to assemble many windows than few."""
    maps, centers = addresses(2, 6), np.indices((6, 6)).reshape(2, -1).T
    few, many = (np.resize(centers, (count, 2)) for count in (FEW, MANY))
    return (lines_run(function, maps, 4, many, 0)
            - lines_run(function, maps, 4, few, 0))


def too_many(lines: int) -> str | None:
    """Say where a loop runs over the windows."""
    if lines <= MORE:
        return None
    return (f"The scores are right. But {MANY} windows take {lines} lines of Python "
            f"more than {FEW}: a loop runs over them.")


def lines_run(function: Callable[..., object], *args: object) -> int:
    """How many lines of Python a call runs, those of NumPy's own functions included.

    >>> lines_run(lambda n: [2 * i for i in range(n)], 50) > 50
    True
    >>> lines_run(lambda n: 2 * np.arange(n), 50)
    1
    """
    count, before = 0, sys.gettrace()

    def trace(frame: object, event: str, what: object) -> Callable[..., object]:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        function(*args)
    finally:
        sys.settrace(before)
    return count
