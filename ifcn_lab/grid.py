"""The k x k grid of a window: which part, and so which score map, a place is in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import index

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True)
class Grid:
    """A window of m x m places cut into k x k parts, one score map for each part.

    Offset i of the window (0 <= i < m) lies in row, or column, g(i) = floor(i * k / m)
    of the grid. Where m is no multiple of k the parts differ by one place: 21 places
    in 5 parts make 5, 4, 4, 4, 4.

    Source: Dai et al., ECCV 2016, "Instance assembling module", where a part has side
    m / k. How to round is not found there; this is what R-FCN's and FCIS's code does.

    All lengths are in places, the positions of a score map. The arrays are
    computed once and are read-only.

    Args:
        k: parts per side of the grid, at least 1.
        m: window side in places, at least k.

    Raises:
        TypeError: k or m is no whole number.
        ValueError: k < 1 or m < k.

    >>> grid = Grid(k=3, m=7)
    >>> grid.edges
    array([0, 3, 5, 7])
    >>> grid.part_of
    array([0, 0, 0, 1, 1, 2, 2])
    >>> grid.channel[0]
    array([0, 0, 0, 1, 1, 2, 2])
    """

    k: int | np.integer
    m: int | np.integer

    def __post_init__(self) -> None:
        k, m = whole_number("k", self.k), whole_number("m", self.m)
        if k < 1:
            raise ValueError(f"k is {k}; a grid has at least 1 part per side.")
        if m < k:
            raise ValueError(
                f"m is {m} and k is {k}; every part needs a place, so choose m >= k."
            )
        object.__setattr__(self, "k", k)
        object.__setattr__(self, "m", m)

    @cached_property
    def edges(self) -> Int[np.ndarray, " k_plus_1"]:
        """First offset of each part, and m at the end, (k + 1,) int64.

        >>> Grid(k=5, m=21).edges
        array([ 0,  5,  9, 13, 17, 21])
        """
        # The smallest i with i * k // m == a is a * m / k, rounded up.
        return _read_only(-(-np.arange(self.k + 1) * self.m // self.k))

    @cached_property
    def part_of(self) -> Int[np.ndarray, " m"]:
        """Grid row (or column) g(i) of every offset i, (m,) int64.

        >>> Grid(k=2, m=5).part_of
        array([0, 0, 0, 1, 1])
        """
        return _read_only(np.arange(self.m) * self.k // self.m)

    @cached_property
    def channel(self) -> Int[np.ndarray, "m m"]:
        """The map each place of a window is copied from, g(i) * k + g(j), (m, m) int64.

        >>> Grid(k=2, m=3).channel
        array([[0, 0, 1],
               [0, 0, 1],
               [2, 2, 3]])
        """
        rows, columns = self.part_of[:, None], self.part_of  # (m, 1), (m,)
        return _read_only(rows * self.k + columns)  # (m, m)


def every_place(images: int, height: int, width: int) -> Int[np.ndarray, "B H W 3"]:
    """All positions (image, y, x) of feature maps, (B, H, W, 3) int64.

    >>> every_place(1, 1, 3).tolist()
    [[[[0, 0, 0], [0, 0, 1], [0, 0, 2]]]]
    """
    return np.stack(np.indices((images, height, width), dtype=np.int64), axis=-1)


def whole_number(name: str, value: object) -> int:
    """The value as an int; `name` is what the error message calls it.

    Raises:
        TypeError: the value is no whole number. True and 3.0 are none.

    >>> whole_number("m", np.int64(21))
    21
    """
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise TypeError(
            f"{name} is {value!r} ({type(value).__name__}); give a whole number (int)."
        )
    return index(value)


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.astype(np.int64)
    array.flags.writeable = False
    return array
