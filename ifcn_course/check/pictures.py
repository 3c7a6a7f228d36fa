"""The picture below a wrong answer: yours and expected, side by side."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Shaped
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from ifcn_course.check.grids import differing, first_difference, plane_of, printed
from ifcn_lab.draw.palette import INK, WRONG, blend, ink_on, part_colours
from ifcn_lab.draw.picture import Picture, bare, panels

LIGHT, DARK, NONE = "#f4f4f4", "#51677f", "#ffffff"
PRINTED, INCH, WIDEST = 12, 0.42, 4.0
"""Sides up to which every number is printed; inches of a pixel, of a plane at most."""
Values = Shaped[np.ndarray, "..."]


def can_be_drawn(values: Values) -> bool:
    """Whether an array holds numbers or truth values, and at least one of them.

    >>> can_be_drawn(np.array(["window"])), can_be_drawn(np.zeros(3))
    (False, True)
    """
    return values.dtype.kind in "biuf" and values.size > 0


def yours_and_expected(
    yours: Values, expected: Values, *, parts: tuple[int, int] | None = None
) -> Picture:
    """Two answers as planes of coloured squares; where they differ, they are framed.

    Of arrays with more than two dimensions the first plane that differs is drawn.
    Where the shapes differ nothing is framed.

    Args:
        yours, expected: numbers or truth values.
        parts: (k, unit), where value // unit is the number of one of k * k score maps.
            Such values have their map's colour; others are grey, dark where large.

    >>> picture = yours_and_expected(np.eye(2), np.ones((2, 2)))
    >>> print(picture.alt)
    Your answer beside the expected one, 2 x 2. 2 of 4 numbers differ and are framed. \
The first is at row 0, column 1: yours is 0, expected is 1.
    """
    at = first_difference(yours, expected)
    mine, right = plane_of(yours, at), plane_of(expected, at)
    alike = mine.shape == right.shape
    unequal = differing(mine, right) if alike else np.zeros(mine.shape, bool)
    with panels(1, 2, **inches(mine.shape, right.shape)) as (figure, axes):
        for ax, values, title in zip(axes[0], (mine, right), ("yours", "expected"),
                                     strict=True):
            paint(bare(ax, title), values, colours_of(values, (mine, right), parts))
            if parts and max(values.shape) > PRINTED:
                number_maps(ax, values, *parts)
            frame_squares(ax, unequal)
    return Picture(figure, words(yours, expected, at, unequal))


def inches(*shapes: tuple[int, ...]) -> dict[str, float]:
    """How large a figure is that holds two planes of these shapes side by side.

    >>> inches((10, 5), (10, 5))
    {'width': 4.5, 'height': 4.55}
    """
    rows, columns = np.max(shapes, axis=0).tolist()
    side = max(rows, columns)
    unit = min(max(INCH, 1.4 / side), WIDEST / side)
    return {"width": max(2 * unit * columns, 2.4) + 0.5, "height": unit * rows + 0.55}


def colours_of(
    values: Shaped[np.ndarray, "h w"], both: tuple[np.ndarray, np.ndarray],
    parts: tuple[int, int] | None,
) -> list[list[str]]:
    """A colour for every value, the same scale in both planes.

    >>> colours_of(np.array([[0, 310]]), (np.zeros(1), np.zeros(1)), parts=(2, 100))
    [['#08306b', '#fdbe85']]
    """
    if parts:
        return [[map_colour(value, *parts) for value in row] for row in values]
    every = np.concatenate([np.ravel(each).astype(float) for each in both])
    every = every[np.isfinite(every)]
    low, high = (every.min(), every.max()) if every.size else (0.0, 0.0)
    return [[grey_for(float(value), low, high) for value in row] for row in values]


def map_colour(value: float | np.number, k: int, unit: int) -> str:
    """The colour of the score map that a score was copied from; white for no score.

    >>> map_colour(-1, 2, 100), map_colour(100, 2, 100)
    ('#ffffff', '#9ecae1')
    """
    known = np.isfinite(value) and 0 <= value < unit * k * k
    return part_colours(k)[int(value // unit)] if known else NONE


def grey_for(value: float, low: float, high: float) -> str:
    """Light for the lowest value, dark for the highest; white for NaN.

    >>> grey_for(0.0, 0.0, 2.0), grey_for(2.0, 0.0, 2.0), grey_for(np.nan, 0.0, 2.0)
    ('#f4f4f4', '#51677f', '#ffffff')
    """
    if np.isnan(value):
        return NONE
    place = (min(max(value, low), high) - low) / (high - low) if high > low else 0.0
    return blend(LIGHT, DARK, round(float(place), 3))


def paint(
    ax: Axes, values: Shaped[np.ndarray, "h w"], colours: list[list[str]]
) -> None:
    """The squares, and in small planes their numbers."""
    rows, columns = values.shape
    ax.set(xlim=(-0.1, columns + 0.1), ylim=(rows + 0.1, -0.1), aspect="equal")
    for (i, j), value in np.ndenumerate(values):
        colour = colours[i][j]
        ax.add_patch(Rectangle((j, i), 1, 1, facecolor=colour, edgecolor="#c8c8c8",
                               linewidth=0.4))
        if max(rows, columns) <= PRINTED and values.dtype.kind != "b":
            number = printed(value)
            ax.text(j + 0.5, i + 0.5, number, ha="center", va="center",
                    size=min(9.0, 38 / len(number)), color=ink_on(colour))


def number_maps(
    ax: Axes, values: Shaped[np.ndarray, "h w"], k: int, unit: int
) -> None:
    """The number of each map, in the middle of what is copied from it."""
    for number, colour in enumerate(part_colours(k)):
        rows, columns = np.nonzero(values // unit == number)
        if len(rows):
            ax.text(np.median(columns) + 0.5, np.median(rows) + 0.5, str(number),
                    ha="center", va="center", size=9, color=ink_on(colour), zorder=5)


def frame_squares(ax: Axes, unequal: Bool[np.ndarray, "h w"]) -> None:
    """A frame round every number that differs."""
    wide = 2.4 if max(unequal.shape) <= PRINTED else 1.2
    inset = 0.06
    boxes = [Rectangle((j + inset, i + inset), 1 - 2 * inset, 1 - 2 * inset)
             for i, j in np.argwhere(unequal)]
    for colour, width in ((NONE, wide + 1.6), (WRONG, wide)):
        ax.add_collection(PatchCollection(boxes, facecolor="none", edgecolor=colour,
                                          linewidth=width, zorder=4))
    ax.add_patch(Rectangle((0, 0), *unequal.shape[::-1], fill=False, edgecolor=INK,
                           linewidth=0.8, zorder=3))


def words(
    yours: Values, expected: Values, at: tuple[int, ...], unequal: Values
) -> str:
    """What `yours_and_expected` shows, in a few sentences."""
    if yours.shape != expected.shape:
        shapes = [" x ".join(map(str, each.shape)) or "one number"
                  for each in (yours, expected)]
        return ("Your answer beside the expected one. The shapes differ: yours is "
                f"{shapes[0]}, expected is {shapes[1]}.")
    where = f", plane {', '.join(map(str, at[:-2]))}" if len(at) > 2 else ""
    row, column = ((0, *at) if len(at) == 1 else at)[-2:]
    verb = "differs and is" if unequal.sum() == 1 else "differ and are"
    count = f"{unequal.sum()} of {unequal.size} numbers {verb} framed."
    size = " x ".join(map(str, unequal.shape))
    return (f"Your answer beside the expected one, {size}{where}. {count} The first "
            f"is at row {row}, column {column}: yours is {said(yours[at])}, "
            f"expected is {said(expected[at])}.")


def said(value: object) -> str:
    """A value as a sentence says it.

    >>> said(np.True_), said(0.123456)
    ('True', '0.1235')
    """
    return str(value) if isinstance(value, (bool, np.bool_)) else printed(value)
