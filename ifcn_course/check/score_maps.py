"""Checks of lesson 2: which part a pixel plays, maps of one object, channel orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ifcn_course.check.answers import SIZES, each_of
from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, report
from ifcn_course.check.values import array_of
from ifcn_lab.grid import Grid
from ifcn_lab.windows.oracle import object_centers, oracle_maps, parts_seen, window_ious

WINDOW = "The window begins at row y - m//2, and columns likewise."


def part(function: Callable[..., object]) -> None:
    """Exercise 2.1: the part that a pixel plays in a window."""
    cases = [
        part_case((4, 4), (4, 4), 3, 9, "A window's own centre plays the middle part."),
        part_case((0, 0), (4, 4), 3, 9, WINDOW),
        part_case((0, 8), (4, 4), 3, 9, "The part is row * k + column."),
        part_case((7, 3), (4, 4), 3, 9, "The part is row * k + column."),
        part_case((12, 20), (10, 17), 3, 21, WINDOW),
        part_case((4, 4), (10, 10), 5, 21, "Parts of 21 in 5 are 5, 4, 4, 4, 4 wide: "
                  "use offset * k // m."),
        part_case((17, 20), (10, 10), 5, 21, "The last offset is m - 1, in the last "
                  "part: use offset * k // m."),
    ]
    cases += [every_part(k, m) for k, m in SIZES]
    report("Exercise 2.1", function, cases, run=each_of, rule=f"{WINDOW} The part is "
           "row * k + column of the grid; offset i is in row (or column) i * k // m.")


def part_case(
    pixel: tuple[int, int], center: tuple[int, int], k: int, m: int, hint: str
) -> Case:
    """A pixel, a window and the part from the library."""
    seen = parts_seen(np.array(center), Grid(k, m), (40, 40))
    what = f"pixel {pixel}, window at {center}, k = {k}, m = {m}"
    return Case(what, (pixel, center, k, m), int(seen[pixel]), hint)


def every_part(k: int, m: int) -> Case:
    """All pixels of a window off the corner, and their parts from the grid."""
    pixels = [(i + 2, j + 5) for i, j in np.ndindex(m, m)]
    return Case(f"every pixel of a window, k = {k}, m = {m}",
                (pixels, (2 + m // 2, 5 + m // 2), k, m), Grid(k, m).channel.ravel(),
                "Offset i is in row (or column) i * k // m; part = row * k + column.")


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
    report("Exercise 2.2", function, cases, agree=same_masks, rule=keep)


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


SIDE, WINDOW_SIDE, LEAST, BAR = 32, 21, 30, 0.5
"""The map, the window, the pixels of an object, and the IoU of a mask that failed."""


def fool(function: Callable[..., object]) -> None:
    """Exercise 2.4: two objects that perfect maps mix up, `function()`."""
    judge("Exercise 2.4", fool_trials(function),
          "perfect maps mix your two objects up, for every k that was tried")


def fool_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """The pair itself, then its windows from perfect maps, for three values of k."""
    yield Trial("the two masks", function, no_pair)
    pair = array_of(function()) > 0
    for k in (3, 5, 7):
        yield Trial(f"perfect maps with k = {k}", partial(ious, pair, k), restored,
                    "Where does a pixel play the same part in both windows?")


def no_pair(masks: Any) -> str | None:
    """Say where something is no pair of objects, each in one piece."""
    from scipy import ndimage

    masks = array_of(masks)
    if masks.shape != (2, SIDE, SIDE) or not np.isin(masks, (0, 1)).all():
        return (f"Return truth values of shape (2, {SIDE}, {SIDE}); yours has shape "
                f"{masks.shape} and type {masks.dtype}.")
    if (both := (masks > 0).all(0).sum()):
        return f"{both} pixels belong to both objects."
    for number, mask in enumerate(masks, start=1):
        if mask.sum() < LEAST:
            return f"Object {number} has {mask.sum():g} pixels; it needs {LEAST}."
        if (pieces := ndimage.label(mask, np.ones((3, 3)))[1]) > 1:
            return f"Object {number} is in {pieces} pieces."
    return None


def ious(pair: Bool[np.ndarray, "2 H W"], k: int) -> Float[np.ndarray, "2"]:
    """How well the windows from perfect maps show the two objects."""
    from ifcn_lab.assembling import assemble

    centers = object_centers(pair, 1, WINDOW_SIDE)
    maps = oracle_maps(pair, centers, k, WINDOW_SIDE)
    windows = assemble(maps, WINDOW_SIDE, centers=centers)
    return window_ious(windows, pair, centers)


def restored(found: Float[np.ndarray, "2"]) -> str | None:
    """Say where both windows still show their objects."""
    if found.min() < BAR:
        return None
    return (f"The windows show the two objects with an IoU of {found[0]:.2f} and "
            f"{found[1]:.2f}; one of them has to be below {BAR}.")
