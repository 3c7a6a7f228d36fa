"""Figures of lesson 13: vectors on their plane, groups of places, reach of a ball."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from ifcn_lab.draw.palette import COLOURS, FOUND, GREY, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, panels


def vector_plane(
    vectors: Float[np.ndarray, "N 2"], own: Int[np.ndarray, " N"], *,
    pull: float, push: float,
) -> Picture:
    """Vectors of two numbers, each object's mean, and what the loss allows round it.

    A dashed ring of `pull` is where vectors cost nothing; a dotted one of `push` is
    where no other object's ring should reach.
    """
    numbers = np.unique(own)
    with panels(1, 1, width=4.4, height=3.6) as (figure, axes):
        ax = axes[0, 0]
        for number, colour in zip(numbers, COLOURS[4:] + COLOURS, strict=False):
            mine = vectors[own == number]
            mean = mine.mean(0)
            ax.plot(*mine.T, "o", color=colour, zorder=3, label=f"object {number}")
            ax.plot(*mean, "x", color=INK, zorder=4)
            for radius, line in ((pull, "--"), (push, ":")):
                ax.add_patch(Circle(mean, radius, fill=False, color=colour,
                                    linestyle=line))
        ax.set(aspect="equal", xlabel="first number", ylabel="second number")
        ax.margins(0.15)
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    gaps = [float(np.linalg.norm(vectors[own == a].mean(0) - vectors[own == b].mean(0)))
            for a, b in pairwise(numbers)]
    said = ", ".join(f"{gap:.2f}" for gap in gaps)
    return Picture(figure, f"{len(vectors)} vectors of {len(numbers)} objects with "
                           f"rings of {pull:g} and {push:g} round each mean; from mean "
                           f"to mean: {said}.")


def bandwidth_curve(
    bandwidths: Sequence[float], exact: Sequence[float], safe: tuple[float, float]
) -> Picture:
    """The share of places that take exactly their object in one step, by bandwidth."""
    with panels(1, 1, width=7.5, height=2.8) as (figure, axes):
        ax = axes[0, 0]
        ax.axvspan(*safe, color="#dcebf7", label="what the proof says")
        ax.plot(bandwidths, exact, "o-", color=TRUE, markersize=4)
        ax.set(xlabel="bandwidth", ylabel="share of places", ylim=(-0.03, 1.05))
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    best = float(np.asarray(bandwidths)[np.argmax(exact)])
    return Picture(figure, f"Share of places that take exactly their object, for "
                           f"bandwidths {min(bandwidths):g} to {max(bandwidths):g}: at "
                           f"most {max(exact):.2f}, first at {best:g}.")


def place_groups(
    groups: Mapping[str, Int[np.ndarray, "H W"]],
    image: UInt8[np.ndarray, "h w 3"] | None = None,
    cuts: Mapping[str, Bool[np.ndarray, "H W1"]] | None = None,
) -> Picture:
    """Places in the colour of their group; 0 is background and has none.

    Args:
        groups: by title, a number for each place.
        image: shown first.
        cuts: by title, where an object is said to end between a place and the next one
            of its row: a thick line.
    """
    H, W = next(iter(groups.values())).shape
    count = len(groups) + (image is not None)
    height = min(3.4, 0.45 + 8.0 / count * H / W)
    with panels(1, count, width=8.0, height=height) as (figure, axes):
        if image is not None:
            bare(axes[0, 0], "the picture").imshow(image)
        for ax, (title, group) in zip(axes[0, count - len(groups):], groups.items(),
                                      strict=True):
            draw_groups(bare(ax, title), group)
            draw_cuts(ax, (cuts or {}).get(title))
    said = "; ".join(f"{title}: {len(np.unique(group[group > 0]))} groups"
                     for title, group in groups.items())
    return Picture(figure, f"Places by group. {said}.")


def draw_groups(ax: Axes, group: Int[np.ndarray, "H W"]) -> None:
    """Each group in a colour of its own."""
    from matplotlib.colors import to_rgb

    colours = np.array([to_rgb(each) for each in COLOURS])
    number = np.unique(group, return_inverse=True)[1].reshape(group.shape)
    number = number - bool((group == 0).any())
    painted = np.where(group[..., None] > 0, colours[number % len(colours)], 0.92)
    ax.imshow(painted)
    H, W = group.shape
    if H * W < 400:
        ax.set_xticks(np.arange(W + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(H + 1) - 0.5, minor=True)
        ax.grid(which="minor", color="white", linewidth=0.7)
        ax.tick_params(which="minor", length=0)


def draw_cuts(ax: Axes, cuts: Bool[np.ndarray, "H W1"] | None) -> None:
    """A thick line wherever a row is said to be cut."""
    for y, x in np.argwhere(cuts) if cuts is not None else ():
        ax.plot([x + 0.5] * 2, [y - 0.5, y + 0.5], color=INK, linewidth=3.5)


def seed_places(
    image: UInt8[np.ndarray, "h w 3"], seeds: Mapping[str, Int[np.ndarray, "n 2"]],
    stride: int,
) -> Picture:
    """Where seeds were chosen, numbered in their order, once for each way of choosing.

    Args:
        image: the picture.
        seeds: by title, rows and columns of places.
        stride: pixels per place.
    """
    with panels(1, len(seeds), width=3.2 * len(seeds), height=3.3) as (figure, axes):
        for ax, (title, places) in zip(axes[0], seeds.items(), strict=True):
            bare(ax, title).imshow(image)
            for number, (y, x) in enumerate(places.tolist(), 1):
                at = (x + 0.5) * stride, (y + 0.5) * stride
                ax.plot(*at, "o", markersize=12, color=FOUND, markeredgecolor=INK)
                ax.text(*at, str(number), ha="center", va="center", size=8, color=INK)
    said = "; ".join(f"{title}: {places.tolist()}" for title, places in seeds.items())
    return Picture(figure, f"Seeds in their order, as rows and columns. {said}.")


def gap_curves(
    gaps: Sequence[float], differences: Mapping[str, Sequence[float]], push: float
) -> Picture:
    """How different the vectors of two equal objects are, by the gap between them."""
    with panels(1, 1, width=6.0, height=2.8) as (figure, axes):
        ax = axes[0, 0]
        ax.axhline(2 * push, color=GREY, linestyle=":", label="2 push: far enough")
        for colour, (name, values) in zip((WRONG, TRUE), differences.items(),
                                          strict=False):
            ax.plot(gaps, values, "o-", color=colour, label=name)
        ax.set(xlabel="from middle to middle, in pixels", ylabel="distance of vectors")
        ax.legend()
    said = "; ".join(f"{name}: {', '.join(f'{v:.3g}' for v in values)}"
                     for name, values in differences.items())
    return Picture(figure, f"Distance of the vectors of two equal objects at gaps of "
                           f"{', '.join(f'{g:g}' for g in gaps)} pixels. {said}.")
