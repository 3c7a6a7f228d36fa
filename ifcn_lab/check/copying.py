"""Checks of lesson 3: from the cell of a pixel to a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Int

from ifcn_lab.assembling import assemble
from ifcn_lab.check.report import Case, report
from ifcn_lab.grid import Grid

ROW = "The window's first row is y - m // 2, its first column x - m // 2."
ORDER = "The map is number (grid row) * k + (grid column)."
WIDTHS = "Cells are 5, 4, 4, 4, 4 wide for k = 5, m = 21: use i * k // m."
UNWRITTEN = -9


def addresses(k: int, size: int) -> Int[np.ndarray, "kk size size"]:
    """Scores that say where they stand: 100 * map + 10 * row + column.

    >>> addresses(2, 3)[3]
    array([[300, 301, 302],
           [310, 311, 312],
           [320, 321, 322]])
    """
    number, row, column = np.indices((k * k, size, size))
    return 100 * number + 10 * row + column


def cell_of(function: Callable[..., object]) -> None:
    """Exercise 3.1: the grid row, or column, of a window offset."""
    asked = [(0, 1, 1), (5, 3, 6), (4, 5, 21), (5, 5, 21), (20, 5, 21), (6, 3, 7)]
    cases = [
        Case(f"i = {i}, k = {k}, m = {m}", (i, k, m), int(Grid(k, m).cell_of[i]),
             hint="Multiply by k first, then divide by m and round down.")
        for i, k, m in asked
    ]
    report("Exercise 3.1", function, cases)


def assemble_loop(function: Callable[..., object]) -> None:
    """Exercise 3.2: a window, pixel by pixel, as `function(maps, k, m, y, x)`."""
    report("Exercise 3.2", function, window_cases())


def assemble_blocks(function: Callable[..., object]) -> None:
    """Exercise 3.3: a window, block by block, as `function(maps, k, m, y, x)`."""
    report("Exercise 3.3", function, window_cases())


def window_cases() -> list[Case]:
    """Windows that lie on the maps as a whole, the smallest first."""
    asked = [(1, 1, 3, 1, 1, ROW), (2, 2, 4, 2, 1, ORDER), (3, 7, 10, 4, 5, WIDTHS),
             (2, 4, 8, 3, 5, ROW), (5, 21, 24, 12, 11, WIDTHS)]
    return [window_case(*each) for each in asked]


def window_case(k: int, m: int, size: int, y: int, x: int, hint: str) -> Case:
    """One window of maps whose scores say where they stand."""
    maps = addresses(k, size)
    expected = assemble(maps, m, centers=[(y, x)], backend="loop")[0]
    what = f"k = {k}, m = {m}, centre ({y}, {x})"
    return Case(what, (maps, k, m, y, x), expected, hint)


def copy_one(kernel: Callable[..., object]) -> None:
    """Exercise 3.4: a kernel(maps, channel, top, left, fill, window), on threads."""
    asked = [
        ((2, 4, 6, 3, 3, 4), "Rows go with rows: channel[i, j]."),
        ((3, 7, 10, 4, 5, 4), "Some threads stand beyond the window's edge: return."),
        ((3, 7, 10, 1, 8, 8), "Off the map there is no score: write fill."),
    ]
    cases = [
        Case(f"k = {k}, m = {m}, centre ({y}, {x}), blocks of {side} x {side} threads",
             (k, m, size, y, x, side), expected_window(k, m, size, y, x), hint)
        for (k, m, size, y, x, side), hint in asked
    ]
    report("Exercise 3.4", lambda *case: launched(kernel, *case), cases)


def expected_window(k: int, m: int, size: int, y: int, x: int) -> np.ndarray:
    """The window as the definition has it, with -1 off the map."""
    maps = addresses(k, size)
    return assemble(maps, m, centers=[(y, x)], backend="loop", fill=-1)[0]


def launched(kernel: Callable[..., object], k: int, m: int, size: int, y: int, x: int,
             side: int) -> Any:
    """What a learner's kernel writes into a window that held -9 before."""
    from ifcn_lab.assembling.device import launch  # numba takes a second to load

    blocks = -(-m // side)
    window = np.full((m, m), UNWRITTEN)
    return launch(kernel, (blocks, blocks), (side, side), addresses(k, size),
                  Grid(k, m).channel, y - m // 2, x - m // 2, -1, window)
