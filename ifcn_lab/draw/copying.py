"""Figures of lesson 3: which score is copied where, and by which thread."""

from __future__ import annotations

from itertools import product
from math import isqrt
from typing import Any

import numpy as np
from jaxtyping import Shaped
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_lab.assembling import assemble
from ifcn_lab.draw.palette import GREY, INK, TRUE, ink_on, part_colours
from ifcn_lab.draw.picture import Picture, bare, panels
from ifcn_lab.grid import Grid

GAP, AISLE = 0.14, 1.0
"""Between two maps, and between the maps and the window, in widths of a map."""


def copy_lines(
    score_maps: Shaped[Any, "kk H W"], center: tuple[int, int], m: int
) -> Picture:
    """The k*k maps, the piece that is copied from each, and the window they make.

    A line in the part's colour leads from each piece to its part, between the rows of
    numbers. Whole numbers are printed in the window; other scores are drawn as
    probabilities, dark to light.

    Args:
        score_maps: (k*k, H, W) whole numbers, or logits.
        center: (y, x) of the window, which should lie on the maps as a whole.
        m: window side in places.

    Raises:
        ValueError: k*k channels, m >= k or the centre do not fit the maps.
    """
    window = np.asarray(assemble(score_maps, m, centers=[center])[0])   # (m, m)
    maps, k = np.asarray(score_maps), isqrt(len(score_maps))
    side = k + (k - 1) * GAP
    with panels(1, 1, width=8.6, height=4.3) as (figure, axes):
        ax = bare(axes[0, 0])
        ax.set(xlim=(-0.05, 2 * side + AISLE + 0.05), ylim=(side + 0.3, -0.4),
               aspect="equal")
        draw_maps(ax, maps, center, m)
        draw_window(ax, window, k, (side + AISLE, 0.0), side)
        draw_lines(ax, maps.shape, center, m)
        ax.text(side / 2, -0.12, f"{k * k} score maps", ha="center")
        ax.text(1.5 * side + AISLE, -0.12, f"the window, {m} x {m}", ha="center")
    return Picture(figure, copy_words(k, m, center))


def draw_maps(
    ax: Axes, maps: Shaped[np.ndarray, "kk H W"], center: tuple[int, int], m: int
) -> None:
    """All maps side by side; the window's outline, and the piece that is copied."""
    k, (_, H, W) = isqrt(len(maps)), maps.shape
    edges, first = Grid(k, m).edges, np.subtract(center, m // 2)
    for channel, colour in enumerate(part_colours(k)):
        left, top = corner_of(channel, k)
        ax.imshow(shade(maps[channel]), cmap="gray", vmin=0, vmax=1,
                  extent=(left, left + 1, top + 1, top), zorder=1)
        frame(ax, (left, top), (1, 1), GREY, 0.6)
        outline = (left + first[1] / W, top + first[0] / H), (m / W, m / H)
        frame(ax, *outline, "white", 0.8)
        frame(ax, *outline, INK, 0.8, linestyle=":")
        a, b = divmod(channel, k)
        at = (left + (first[1] + edges[b]) / W, top + (first[0] + edges[a]) / H)
        size = np.diff(edges)[[b, a]] / (W, H)
        ax.add_patch(Rectangle(at, *size, facecolor=colour, alpha=0.45, zorder=2))
        frame(ax, at, size, colour, 1.6)
        ax.text(left + 0.03, top + 0.03, str(channel), va="top", size=7, color=INK,
                bbox={"facecolor": "white", "pad": 0.6, "linewidth": 0}, zorder=5)


def draw_window(
    ax: Axes, window: Shaped[np.ndarray, "m m"], k: int, corner: tuple[float, float],
    side: float,
) -> None:
    """The assembled window: its numbers or probabilities, each part framed."""
    m, unit = len(window), side / len(window)
    edges, colours = Grid(k, m).edges * unit, part_colours(k)
    integers = window.dtype.kind in "iu"
    if not integers:
        x, y = corner
        ax.imshow(shade(window), cmap="gray", vmin=0, vmax=1, zorder=1,
                  extent=(x, x + side, y + side, y))
    for a, b in product(range(k), repeat=2):
        at = (corner[0] + edges[b], corner[1] + edges[a])
        size = (edges[b + 1] - edges[b], edges[a + 1] - edges[a])
        colour = colours[a * k + b]
        ax.add_patch(Rectangle(at, *size, facecolor=colour, zorder=2,
                               alpha=1.0 if integers else 0.3))
        frame(ax, at, size, colour, 1.6)
    if integers:
        print_numbers(ax, window, k, corner, unit)


def print_numbers(
    ax: Axes, window: Shaped[np.ndarray, "m m"], k: int, corner: tuple[float, float],
    unit: float,
) -> None:
    """Every number of the window in its place."""
    m = len(window)
    colours, channel = part_colours(k), Grid(k, m).channel
    for i, j in product(range(m), repeat=2):
        colour = colours[channel[i, j]]
        ax.text(corner[0] + (j + 0.5) * unit, corner[1] + (i + 0.5) * unit,
                str(window[i, j]), ha="center", va="center", zorder=6,
                size=min(9, 60 / m), color=ink_on(colour),
                bbox={"facecolor": colour, "pad": 1, "linewidth": 0})


def draw_lines(
    ax: Axes, shape: tuple[int, int, int], center: tuple[int, int], m: int
) -> None:
    """A line from the right edge of every piece to its part."""
    kk, H, W = shape
    k = isqrt(kk)
    side, edges = k + (k - 1) * GAP, Grid(k, m).edges
    unit, first = side / m, np.subtract(center, m // 2)
    for channel, colour in enumerate(part_colours(k)):
        a, b = divmod(channel, k)
        left, top = corner_of(channel, k)
        middle = (edges[a] + edges[a + 1]) / 2
        start = (left + (first[1] + edges[b + 1]) / W, top + (first[0] + middle) / H)
        # Inside the window it runs level, between the part's first two rows, and each
        # line at a height of its own: no line covers another one, or a number.
        rank = k - 1 - b if a < k / 2 else b
        level = (edges[a] + 0.82 + 0.36 * (rank + 0.5) / k) * unit
        end = (side + AISLE + (edges[b] + 0.2) * unit, level)
        path = tuple(zip(start, (side + AISLE, level), end, strict=True))
        ax.plot(*path, color="white", linewidth=2.4, zorder=4)
        ax.plot(*path, color=colour, linewidth=1.4, zorder=5)
        ax.plot(*end, "o", color=colour, markersize=4, markeredgecolor="white",
                zorder=5)


def frame(
    ax: Axes, at: tuple[float, float], size: Any, colour: str, width: float,
    **how: object,
) -> None:
    """An empty rectangle."""
    how = {"fill": False, "edgecolor": colour, "linewidth": width, "zorder": 3} | how
    ax.add_patch(Rectangle(at, *size, **how))


def corner_of(channel: int, k: int) -> tuple[float, float]:
    """Where map number `channel` stands: (left, top).

    >>> [round(place, 2) for place in corner_of(channel=1, k=2)]
    [1.14, 0.0]
    """
    row, column = divmod(channel, k)
    return column * (1 + GAP), row * (1 + GAP)


def shade(scores: Shaped[np.ndarray, "h w"]) -> Shaped[np.ndarray, "h w"]:
    """Logits as probabilities; whole numbers as plain paper.

    >>> shade(np.zeros((1, 1))).item(), shade(np.zeros((1, 1), int)).item()
    (0.5, 1.0)
    """
    if scores.dtype.kind in "iu":
        return np.ones(scores.shape)
    return 0.5 + 0.5 * np.tanh(scores.astype(float) / 2)  # the logistic function


def copy_words(k: int, m: int, center: tuple[int, int]) -> str:
    """What `copy_lines` shows, in a sentence or two."""
    widths = ", ".join(map(str, np.diff(Grid(k, m).edges)))
    return (f"Left, {k * k} score maps in {k} rows, each with one coloured piece. "
            f"Right, the window of {m} x {m} scores at {tuple(map(int, center))}, put "
            f"together from the {k * k} pieces, each where it stood. Parts are "
            f"{widths} wide.")


def threads(m: int, side: int = 8) -> Picture:
    """The threads that copy one window: whole blocks, so some stand beyond its edge.

    Args:
        m: window side.
        side: threads per side of a block.

    Raises:
        ValueError: m or side is below 1.
    """
    if min(m, side) < 1:
        raise ValueError(f"m and side are at least 1, got m = {m}, side = {side}")
    blocks = -(-m // side)
    reach = blocks * side
    idle = reach**2 - m**2
    with panels(1, 1, width=4.6, height=4.6) as (figure, axes):
        ax = bare(axes[0, 0], f"{reach**2} threads in {blocks**2} blocks, "
                              f"{m * m} places: {idle} threads have none")
        ax.set(xlim=(-0.3, reach + 0.3), ylim=(reach + 0.3, -0.3), aspect="equal")
        draw_threads(ax, m, reach)
        draw_blocks(ax, side, blocks)
    return Picture(figure, f"A square of {reach} x {reach} threads, cut into "
                           f"{blocks**2} blocks of {side} x {side}. The first {m} x "
                           f"{m} have a place to write, the other {idle} have none.")


def draw_threads(ax: Axes, m: int, reach: int) -> None:
    """A small square for each thread, grey and crossed where it has no place."""
    for i, j in product(range(reach), repeat=2):
        busy = i < m and j < m
        ax.add_patch(Rectangle((j + 0.12, i + 0.12), 0.76, 0.76, linewidth=0,
                               facecolor="#9ecae1" if busy else "#d9d9d9"))
        if not busy:
            ax.plot([j + 0.25, j + 0.75], [i + 0.25, i + 0.75], color=GREY,
                    linewidth=0.7)
    frame(ax, (0, 0), (m, m), TRUE, 2.5)


def draw_blocks(ax: Axes, side: int, blocks: int) -> None:
    """The blocks' borders and names."""
    for a, b in product(range(blocks), repeat=2):
        frame(ax, (b * side, a * side), (side, side), INK, 1.0, linestyle="--")
        ax.text(b * side + 0.3, a * side + 0.35, f"block ({b}, {a})", va="top", size=9,
                zorder=6,
                bbox={"facecolor": "white", "pad": 1.5, "linewidth": 0, "alpha": 0.85})
