"""Mistakes about the grid's parts and about strides: lessons 2 and 3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int, Shaped

from ifcn_course.museum.specimen import mistake

Place = tuple[int, int]
Strides = tuple[int, ...]
Maps = Shaped[np.ndarray, "C h w"]


@mistake(
    "Rounded too early",
    "It looks as if you divide by m // k, which is rounded already.",
    "Multiply by k first, then divide by m: i * k // m.",
    "part_of",
)
def early_rounding(i: int, k: int, m: int) -> int:
    """Makes every part m // k wide; behind the last part comes another one."""
    return i // (m // k)


@mistake(
    "Last part takes the rest",
    "It looks as if all parts are m // k wide and the last takes what is left over.",
    "Parts differ by one place at most: use i * k // m.",
    "part_of",
)
def clamped_early_rounding(i: int, k: int, m: int) -> int:
    """Rounds too early and cuts off at the last part."""
    return min(i // (m // k), k - 1)


@mistake(
    "Parts all rounded up",
    "It looks as if all parts are ceil(m / k) wide and the last gets what is left.",
    "Parts differ by one place at most: use i * k // m.",
    "part_of",
)
def wide_part(i: int, k: int, m: int) -> int:
    """Makes parts of 21 in 5 of 5, 5, 5, 5 and 1."""
    return i // -(-m // k)


@mistake(
    "Rounded to the nearest",
    "It looks as if i * k / m is rounded to the nearest number.",
    "Round down: `//` does, `round` does not.",
    "part_of",
)
def rounded_part(i: int, k: int, m: int) -> int:
    """The second half of each part goes to the next one."""
    return round(i * k / m)


@mistake(
    "Rounded up",
    "It looks as if i * k / m is rounded up.",
    "Round down: the first places of a part belong to it.",
    "part_of",
)
def rounded_up(i: int, k: int, m: int) -> int:
    """Only the first place of each part stays in it."""
    return -(-i * k // m)


@mistake(
    "Not rounded",
    "It looks as if i * k / m is not rounded at all.",
    "A part's number is a whole number: `//` divides and rounds down.",
    "part_of",
)
def unrounded(i: int, k: int, m: int) -> float:
    """Divides with `/`."""
    return i * k / m


@mistake(
    "k and m swapped",
    "It looks as if k and m are swapped.",
    "The part's number is smaller than k, so divide by m.",
    "part_of",
)
def k_and_m_swapped(i: int, k: int, m: int) -> int:
    """Multiplies by the side and divides by the parts."""
    return i * m // k


@mistake(
    "Middle of the place",
    "It looks as if the middle of the place, i + 0.5, decides about its part.",
    "The offset i itself decides: i * k // m.",
    "part_of",
)
def half_place_part(i: int, k: int, m: int) -> int:
    """A convention of its own: parts of 21 in 5 become 4, 4, 5, 4, 4 wide."""
    return int((i + 0.5) * k / m)


@mistake(
    "Offsets counted from 1",
    "It looks as if offsets are counted from 1.",
    "The first offset is 0 and the last is m - 1.",
    "part_of",
)
def offset_from_one(i: int, k: int, m: int) -> int:
    """Takes every place for the next one."""
    return (i + 1) * k // m


@mistake(
    "Columns first",
    "It looks as if the parts are numbered down the columns of the grid.",
    "The part is (grid row) * k + (grid column).",
    "part",
)
def part_by_columns(pixel: Place, center: Place, k: int, m: int) -> int:
    """Fortran order."""
    i, j = pixel[0] - center[0] + m // 2, pixel[1] - center[1] + m // 2
    return (j * k // m) * k + i * k // m


@mistake(
    "Counted from the centre",
    "It looks as if offsets are counted from the window's centre.",
    "The window begins m // 2 places before its centre: add m // 2.",
    "part",
)
def part_from_center(pixel: Place, center: Place, k: int, m: int) -> int:
    """Forgets that the window begins before its centre."""
    i, j = pixel[0] - center[0], pixel[1] - center[1]
    return (i * k // m) * k + j * k // m


@mistake(
    "Place on the map",
    "It looks as if the place on the map is taken for the offset in the window.",
    "Subtract where the window begins, center - m // 2.",
    "part",
)
def part_on_map(pixel: Place, center: Place, k: int, m: int) -> int:
    """Does not look at the centre at all."""
    return (pixel[0] * k // m) * k + pixel[1] * k // m


@mistake(
    "Rounded too early",
    "It looks as if offsets are divided by m // k, which is rounded already.",
    "Multiply by k first, then divide by m.",
    "part",
)
def part_early_rounding(pixel: Place, center: Place, k: int, m: int) -> int:
    """Makes every part m // k wide."""
    i, j = pixel[0] - center[0] + m // 2, pixel[1] - center[1] + m // 2
    return (i // (m // k)) * k + j // (m // k)


@mistake(
    "Grid row without k",
    "It looks as if the grid row is not multiplied by k.",
    "Each row of the grid has k parts: row * k + column.",
    "part",
)
def part_row_without_k(pixel: Place, center: Place, k: int, m: int) -> int:
    """Adds grid row and grid column."""
    i, j = pixel[0] - center[0] + m // 2, pixel[1] - center[1] + m // 2
    return i * k // m + j * k // m


@mistake(
    "Half not rounded",
    "It looks as if half of the window is m / 2, which is no whole number for odd m.",
    "The window begins m // 2 places before its centre.",
    "part",
)
def part_half_not_rounded(pixel: Place, center: Place, k: int, m: int) -> float:
    """Divides m with / where it should be //."""
    i, j = pixel[0] - center[0] + m / 2, pixel[1] - center[1] + m / 2
    return (i * k // m) * k + j * k // m


@mistake(
    "Mask forgotten",
    "It looks as if the maps show every pixel of the window, object or not.",
    "Map c holds the object's pixels that play part c: mask & (parts == c).",
    "oracle",
)
def oracle_without_mask(
    mask: Bool[np.ndarray, "h w"], parts: Int[np.ndarray, "h w"], k: int
) -> Maps:
    """Marks the parts, whatever lies in them."""
    return np.stack([parts == c for c in range(k * k)])


@mistake(
    "Whole object in every map",
    "It looks as if every map shows the whole object.",
    "Map c holds only those of its pixels that play part c.",
    "oracle",
)
def oracle_without_parts(
    mask: Bool[np.ndarray, "h w"], parts: Int[np.ndarray, "h w"], k: int
) -> Maps:
    """Marks the object, whatever its parts."""
    return np.stack([mask] * (k * k))


@mistake(
    "Columns first",
    "It looks as if the maps are numbered down the columns of the grid.",
    "Part numbers say which map it is: map c holds part c.",
    "oracle",
)
def oracle_by_columns(
    mask: Bool[np.ndarray, "h w"], parts: Int[np.ndarray, "h w"], k: int
) -> Maps:
    """Puts part a * k + b into map b * k + a."""
    return np.stack([mask & (parts == b * k + a) for a in range(k) for b in range(k)])


@mistake(
    "Outside as part 0",
    "It looks as if pixels outside the window count as part 0.",
    "Their part is -1, and no map holds them.",
    "oracle",
)
def oracle_with_outside(
    mask: Bool[np.ndarray, "h w"], parts: Int[np.ndarray, "h w"], k: int
) -> Maps:
    """Lifts -1 to 0."""
    return np.stack([mask & (np.maximum(parts, 0) == c) for c in range(k * k)])


@mistake(
    "Shuffled once more",
    "It looks as if the maps are shuffled once more instead of put back.",
    "Channel i goes to place order[i]: write maps[order] = shuffled.",
    "restore",
)
def shuffled_again(shuffled: Maps, order: Sequence[int]) -> Maps:
    """Reads by the order where it should write by it."""
    return shuffled[order]


@mistake(
    "Turned over",
    "It looks as if the channels are only turned over, last first.",
    "The way back depends on order: np.argsort(order) gives it.",
    "restore",
)
def turned_over(shuffled: Maps, order: Sequence[int]) -> Maps:
    """Does not look at the order."""
    return shuffled[::-1]


@mistake(
    "Left as it is",
    "It looks as if the maps come back as they were given.",
    "Channel i of the shuffled maps belongs to place order[i].",
    "restore",
)
def left_shuffled(shuffled: Maps, order: Sequence[int]) -> Maps:
    """Does nothing."""
    return shuffled.copy()


@mistake(
    "Right and down swapped",
    "It looks as if the step to the next part down and to the right are swapped.",
    "The map on the right is 1 map further, the map below k maps.",
    "view_strides",
)
def parts_swapped(
    k: int, m: int, one_map: int, one_row: int, one_column: int
) -> Strides:
    """Numbers the maps column by column."""
    c = m // k
    down, right = one_map + c * one_row, k * one_map + c * one_column
    return one_row, one_column, down, one_row, right, one_column


@mistake(
    "Same map for all parts",
    "It looks as if the next part is read from the same map.",
    "To the part on the right it is one map further, to the part below k maps.",
    "view_strides",
)
def same_map_strides(
    k: int, m: int, one_map: int, one_row: int, one_column: int
) -> Strides:
    """Forgets to change the map."""
    c = m // k
    return one_row, one_column, c * one_row, one_row, c * one_column, one_column


@mistake(
    "Next map, same place",
    "It looks as if the next part is read at the same place of its map.",
    "The next part also lies m // k rows, or columns, further on the map.",
    "view_strides",
)
def same_place_strides(
    k: int, m: int, one_map: int, one_row: int, one_column: int
) -> Strides:
    """Changes the map and forgets to move on."""
    return one_row, one_column, k * one_map, one_row, one_map, one_column


@mistake(
    "One map down",
    "It looks as if the part below is one map further.",
    "A row of the grid has k maps, so the part below is k maps further.",
    "view_strides",
)
def one_map_down(
    k: int, m: int, one_map: int, one_row: int, one_column: int
) -> Strides:
    """Forgets that a row of the grid has k maps."""
    c = m // k
    down, right = one_map + c * one_row, one_map + c * one_column
    return one_row, one_column, down, one_row, right, one_column
