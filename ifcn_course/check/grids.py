"""Show two arrays as grids of digits, around the first place where they differ."""

from __future__ import annotations

import numpy as np

_SIDE = 12


def grid(yours: np.ndarray, expected: np.ndarray) -> list[str]:
    """Return the lines `Yours:`, its digits, `Expected:`, its digits.

    Of arrays with more than two dimensions the first plane that differs is shown;
    of large planes, the part around the first difference.

    >>> print("\\n".join(grid(np.eye(2, dtype=int), np.ones((2, 2), dtype=int))))
    Yours:
    1 0
    0 1
    Expected:
    1 1
    1 1
    The first difference is at (0, 1).
    """
    at = first_difference(yours, expected)
    lines = ["Yours:", *digits(yours, at), "Expected:", *digits(expected, at)]
    if at:
        place = ", ".join(map(str, at)) + ("," if len(at) == 1 else "")
        lines.append(f"The first difference is at ({place}).")
    return lines


def first_difference(yours: np.ndarray, expected: np.ndarray) -> tuple[int, ...]:
    """Return the index of the first element that differs; () where shapes differ.

    >>> first_difference(np.array([1, 2, 3]), np.array([1, 2, 4]))
    (2,)
    """
    if yours.shape != expected.shape:
        return ()
    where = np.argwhere(differing(yours, expected))
    return tuple(map(int, where[0])) if len(where) else ()


def differing(yours: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Where two arrays of one shape differ; a real difference goes before rounding.

    >>> differing(np.array([1.0, np.nan]), np.array([2.0, np.nan])).tolist()
    [True, False]
    """
    unequal = yours != expected
    if {yours.dtype.kind, expected.dtype.kind} <= set("biuf"):
        unequal &= ~((yours != yours) & (expected != expected))  # NaN in both
        far = unequal  # a real difference says more than rounding
        if yours.dtype.kind == "f":
            far = unequal & ~np.isclose(yours, expected, rtol=1e-6, atol=1e-6)
        unequal = far if far.any() else unequal
    return np.asarray(unequal)


def digits(values: np.ndarray, at: tuple[int, ...] = ()) -> list[str]:
    """Return one line per row of the plane that holds index `at`; True is #, False is .

    >>> digits(np.array([[True, False], [False, True]])), digits(np.array(True))
    (['# .', '. #'], ['True'])
    """
    if values.size == 0:
        return ["(empty)"]
    if values.ndim == 0 and values.dtype == bool:
        return [str(values)]
    plane = plane_of(values, at)
    top, left = (_start(i, n) for i, n in zip(_in_plane(at), plane.shape, strict=True))
    part = plane[top : top + _SIDE, left : left + _SIDE]
    cells = [[printed(value) for value in row] for row in part]
    width = max((len(cell) for row in cells for cell in row), default=0)
    return [" ".join(cell.rjust(width) for cell in row) for row in cells]


def plane_of(values: np.ndarray, at: tuple[int, ...]) -> np.ndarray:
    """The plane (h, w) that holds index `at`; the first one where `at` is ().

    >>> plane_of(np.arange(8).reshape(2, 2, 2), (1, 0, 0)).tolist()
    [[4, 5], [6, 7]]
    """
    lead = values.ndim - 2
    index = at[:lead] if len(at) == values.ndim else (0,) * lead
    return np.atleast_2d(values[index] if lead > 0 else values)


def _in_plane(at: tuple[int, ...]) -> tuple[int, int]:
    row, column = ((0, 0) + at)[-2:]
    return row, column


def _start(i: int, n: int) -> int:
    """Return where a run of `_SIDE` begins that holds index `i` of `n`."""
    return max(0, min(i - _SIDE // 2, n - _SIDE))


def printed(value: object) -> str:
    """One value as it stands in a grid.

    >>> printed(True), printed(0.123456), printed(7)
    ('#', '0.1235', '7')
    """
    if isinstance(value, (bool, np.bool_)):
        return "#" if value else "."
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
