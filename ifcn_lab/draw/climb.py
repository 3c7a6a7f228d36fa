"""Figures of lesson 3's climb: the steps of a view, two layouts, and times beside.

Scores that say where they stand, 100 * map + 10 * row + column, stand in maps of
10 x 10 at that very place in memory. So a difference of two scores is a stride.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import isqrt
from typing import Any

import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_lab.assembling import assemble
from ifcn_lab.draw.copying import AISLE, GAP, corner_of, draw_maps, draw_window
from ifcn_lab.draw.palette import FOUND, GREY, INK, TRUE, WRONG, ink_on, part_colours
from ifcn_lab.draw.picture import Picture, bare, panels
from ifcn_lab.grid import Grid

INSIDE, ACROSS = TRUE, WRONG
"""The colours of a step inside a part, and of a step from a part to the next."""


def steps(
    addresses: Int[Any, "kk H W"], center: tuple[int, int], m: int
) -> Picture:
    """The two steps down a window's first column: inside a part, and to the next part.

    Args:
        addresses: (k*k, H, W) scores that are their own places in memory.
        center: (y, x) of a window that lies on the maps as a whole.
        m: window side in places, a multiple of k.

    Raises:
        ValueError: k does not divide m, or k or m is below 2.
    """
    maps = np.asarray(addresses)
    k = isqrt(len(maps))
    if k < 2 or m % k:
        raise ValueError(f"steps are drawn where k divides m, got k = {k}, m = {m}")
    window = assemble(maps, m, centers=[center])[0]  # (m, m)
    side = k + (k - 1) * GAP
    with panels(1, 1, width=8.6, height=4.2) as (figure, axes):
        ax = bare(axes[0, 0])
        ax.set(xlim=(-0.05, 2 * side + AISLE + 0.05), ylim=(side + 0.4, -0.06),
               aspect="equal")
        draw_maps(ax, maps, center, m)
        draw_window(ax, window, k, (side + AISLE, 0.0), side)
        column = window[:, 0]
        places = _on_maps(maps.shape, center, m)
        print_scores(ax, places, column)
        walk(ax, [(x - 0.1, y) for x, y in places], k)
        x = side + AISLE - 0.13  # left of the window
        walk(ax, [(x, (i + 0.5) * side / m) for i in range(m)], k)
        _legend(ax, column, side, k)
    return Picture(figure, _steps_words(column, k))


def walk(ax: Axes, places: list[tuple[float, float]], k: int) -> None:
    """Arrows from place to place inside each part, and from part to part."""
    c = len(places) // k
    for i in range(len(places) - 1):
        if (i + 1) % c:
            _arrow(ax, places[i], places[i + 1], INSIDE, 0.0)
    for a in range(k - 1):
        _arrow(ax, places[a * c], places[(a + 1) * c], ACROSS, 0.22)


def print_scores(
    ax: Axes, places: list[tuple[float, float]], scores: Int[np.ndarray, " m"]
) -> None:
    """Small numbers at their places on the maps."""
    for (x, y), score in zip(places, scores, strict=True):
        ax.text(x, y, str(score), ha="center", va="center", size=6, zorder=9,
                bbox={"facecolor": "white", "pad": 0.4, "linewidth": 0})


def _on_maps(
    shape: tuple[int, int, int], center: tuple[int, int], m: int
) -> list[tuple[float, float]]:
    """Where in the figure the scores of a window's first column stand."""
    kk, H, W = shape
    k = isqrt(kk)
    top, left = np.subtract(center, m // 2) + 0.5
    places = []
    for i, channel in enumerate(Grid(k, m).channel[:, 0]):
        x, y = corner_of(int(channel), k)
        places.append((x + left / W, y + (top + i) / H))
    return places


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str,
    bend: float,
) -> None:
    ax.annotate("", end, start, zorder=8, arrowprops={
        "arrowstyle": "-|>", "color": colour, "linewidth": 1.5, "mutation_scale": 8,
        "shrinkA": 1, "shrinkB": 1, "connectionstyle": f"arc3,rad={bend}"})


def _legend(ax: Axes, scores: Int[np.ndarray, " m"], side: float, k: int) -> None:
    inside, across, c = _two_steps(scores, k)
    words = (
        (INSIDE, f"+{inside}: inside a part, one row further in the same map"),
        (ACROSS, f"+{across}: to the part below, {c} rows and {k} maps further"),
    )
    for line, (colour, text) in enumerate(words):
        y = side + 0.16 + 0.18 * line
        ax.plot([0, 0.3], [y, y], color=colour, linewidth=2.5)
        ax.text(0.4, y, text, va="center")


def _two_steps(scores: Int[np.ndarray, " m"], k: int) -> tuple[int, int, int]:
    c = len(scores) // k
    inside = scores[1] - scores[0] if c > 1 else 0
    return int(inside), int(scores[c] - scores[0]), c


def _steps_words(scores: Int[np.ndarray, " m"], k: int) -> str:
    inside, across, c = _two_steps(scores, k)
    column = ", ".join(map(str, scores))
    return (f"{k * k} score maps and a window of {len(scores)} x {len(scores)}. Down "
            f"the window's first column stand {column}. A step inside a part is "
            f"+{inside}: one row further in the same map. A step to the part below is "
            f"+{across}: {c} rows further and {k} maps further.")


def layouts(windows: int = 4, k: int = 2) -> Picture:
    """How some windows of k x k scores stand in memory, in the two layouts.

    Args:
        windows: how many, 1 to 6; they are called A, B, C.
        k: parts per side; each part has one place.

    Raises:
        ValueError: windows is not 1 to 6, or there are no colours for k.
    """
    if not 1 <= windows <= 6:
        raise ValueError(f"1 to 6 windows can be drawn, got {windows}")
    orders = orders_in_memory(windows, k * k)
    count = windows * k * k
    with panels(1, 1, width=8.6, height=2.6) as (figure, axes):
        ax = bare(axes[0, 0])
        ax.set(xlim=(-0.1, count + 0.1), ylim=(4.3, -0.65))
        for line, (name, order) in enumerate(orders.items()):
            ax.text(0, 2.4 * line - 0.2, f'layout="{name}"', va="bottom")
            for at, (window, place) in enumerate(order):
                _box(ax, (at, 2.4 * line), window, place, k)
        ax.text(0, 4.2, "framed: place 0 of every window", va="center", color=INK)
    return Picture(figure, _layout_words(orders))


def orders_in_memory(windows: int, places: int) -> dict[str, list[tuple[int, int]]]:
    """Which (window, place of it) stands where in memory, for each layout.

    >>> orders_in_memory(2, 2)["plane"]
    [(0, 0), (1, 0), (0, 1), (1, 1)]
    """
    together = list(product(range(windows), range(places)))
    return {"window": together, "plane": sorted(together, key=lambda each: each[::-1])}


def _box(
    ax: Axes, at: tuple[float, float], window: int, place: int, k: int
) -> None:
    x, y = at
    colour = part_colours(k)[place]
    ax.add_patch(Rectangle((x + 0.04, y), 0.92, 1.0, facecolor=colour, linewidth=0))
    if place == 0:
        ax.add_patch(Rectangle((x + 0.04, y - 0.08), 0.92, 1.16, fill=False,
                               edgecolor=FOUND, linewidth=2.5))
    ax.text(x + 0.5, y + 0.5, "ABCDEF"[window] + str(place), ha="center", va="center",
            color=ink_on(colour))


def _layout_words(orders: Mapping[str, list[tuple[int, int]]]) -> str:
    names = {
        layout: " ".join("ABCDEF"[window] + str(place) for window, place in order)
        for layout, order in orders.items()
    }
    return (f"Two rows of boxes, the scores in the order of memory. Layout window: "
            f"{names['window']}. Layout plane: {names['plane']}. Place 0 of every "
            "window is framed: apart in the first row, side by side in the second.")


def time_bars(seconds: Mapping[str, float], floor: str = "fill") -> Picture:
    """Bars of how long each way took, in multiples of the floor, on a log scale.

    Args:
        seconds: what each way took, in the order of the bars; one of them the floor.
        floor: the way that all are divided by.

    Raises:
        ValueError: the floor is missing, or a time is not above 0.
    """
    if floor not in seconds or not all(took > 0 for took in seconds.values()):
        raise ValueError(
            f"bars need times above 0, one of them for {floor!r}; got {seconds}"
        )
    ratios = {name: took / seconds[floor] for name, took in seconds.items()}
    with panels(1, 1, width=8.2, height=0.9 + 0.36 * len(ratios)) as (figure, axes):
        _bars(axes[0, 0], ratios, floor)
    words = "; ".join(f"{name}: {times(ratio)}" for name, ratio in ratios.items())
    return Picture(figure, f"Bars on a logarithmic scale, time in multiples of the "
                           f"{floor}. {words}. The floor is the line at 1 x.")


def _bars(ax: Axes, ratios: Mapping[str, float], floor: str) -> None:
    values, names = list(ratios.values()), list(ratios)
    low, high = min([*values, 0.5]) / 2, max([*values, 2.0]) * 12
    for row, (name, value) in enumerate(ratios.items()):
        colour = FOUND if name == floor else TRUE
        ax.barh(row, value - low, left=low, color=colour, height=0.7, zorder=2)
        ax.text(value * 1.12, row, times(value), va="center", zorder=4,
                bbox={"facecolor": "white", "pad": 0.8, "linewidth": 0})
    ax.axvline(1.0, color=GREY, linewidth=1, linestyle="--", zorder=3)
    ax.set(xscale="log", xlim=(low, high), ylim=(len(names) - 0.4, -0.6),
           xlabel=f"time, as a multiple of the {floor} (log scale)")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)


def times(ratio: float) -> str:
    """A ratio in two digits.

    >>> times(12345.6), times(31.29), times(1.17), times(0.0161)
    ('12,000 x', '31 x', '1.2 x', '0.016 x')
    """
    rounded, exponent = float(f"{ratio:.1e}"), int(f"{ratio:.1e}".partition("e")[2])
    return f"{rounded:,.{max(1 - exponent, 0)}f} x"
