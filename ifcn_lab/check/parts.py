"""Checks of lesson 2: which part a pixel plays, maps of one object, channel orders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ifcn_lab.check.report import Case, report
from ifcn_lab.grid import Grid
from ifcn_lab.parts import oracle_maps, parts_seen

WINDOW = "The window begins at row y - m//2, and columns likewise."


def part(function: Callable[..., object]) -> None:
    """Exercise 2.1: the part that a pixel plays in a window."""
    cases = [
        part_case((4, 4), (4, 4), 3, 9, "A window's own center plays the middle part."),
        part_case((0, 0), (4, 4), 3, 9, WINDOW),
        part_case((0, 8), (4, 4), 3, 9, "The part is row * k + column."),
        part_case((7, 3), (4, 4), 3, 9, "The part is row * k + column."),
        part_case((12, 20), (10, 17), 3, 21, WINDOW),
        part_case((4, 4), (10, 10), 5, 21, "Cells of 21 in 5 are 5, 4, 4, 4, 4 wide: "
                  "use offset * k // m."),
    ]
    report("Exercise 2.1", function, cases)


def part_case(
    pixel: tuple[int, int], center: tuple[int, int], k: int, m: int, hint: str
) -> Case:
    """A pixel, a window and the part from the library."""
    seen = parts_seen(np.array(center), Grid(k, m), (40, 40))
    what = f"pixel {pixel}, window at {center}, k = {k}, m = {m}"
    return Case(what, (pixel, center, k, m), int(seen[pixel]), hint)


def oracle(function: Callable[..., object]) -> None:
    """Exercise 2.2: the maps that a perfect network would give for one object."""
    middle = np.zeros((5, 5), bool)
    middle[1:4, 1:4] = True
    full = np.ones((7, 7), bool)
    keep = "Map c holds the object's pixels that play part c, and no others."
    cases = [
        oracle_case("k = 1: the mask itself", middle, (2, 2), 1, 5, keep),
        oracle_case("k = 3, m = 3", middle, (2, 2), 3, 3, keep),
        oracle_case("k = 2, m = 4", full, (3, 3), 2, 4,
                    "Pixels outside the window play no part: their value is -1."),
        oracle_case("k = 3, m = 7, off the middle", full, (1, 5), 3, 7, keep),
    ]
    report("Exercise 2.2", function, cases, agree=same_masks)


def oracle_case(
    what: str, mask: np.ndarray, center: tuple[int, int], k: int, m: int, hint: str
) -> Case:
    """A mask, the parts its pixels play, and the maps from the library."""
    seen = parts_seen(np.array(center), Grid(k, m), mask.shape)
    expected = oracle_maps(mask[None], np.array([center]), k, m)
    return Case(what, (mask, seen, k), expected, hint)


def same_masks(yours: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the same pixels are set; 0 and 1 will do for truth values."""
    return yours.shape == expected.shape and bool(np.all(yours == expected))


def restore(function: Callable[..., object]) -> None:
    """Exercise 2.3: put shuffled channels back."""
    for_hand = np.arange(4)[:, None, None] * np.ones((4, 1, 2), int)
    maps = np.arange(9 * 4).reshape(9, 2, 2)
    hint = "Channel i of the shuffled maps is channel order[i] of the old ones."
    cases = [
        restore_case("4 channels turned round by one", for_hand, [1, 2, 3, 0], hint),
        restore_case("4 channels, two exchanged", for_hand, [1, 0, 2, 3], hint),
        restore_case("9 channels", maps, [7, 3, 5, 6, 8, 1, 2, 0, 4], hint),
    ]
    report("Exercise 2.3", function, cases)


def restore_case(what: str, maps: np.ndarray, order: list[int], hint: str) -> Case:
    """Maps shuffled into an order, and the maps as they were."""
    return Case(f"{what}, order = {order}", (maps[order], order), maps, hint)
