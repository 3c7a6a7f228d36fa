"""Figures of lesson 9: two layers and their waist, a mask sharpened, and the gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from matplotlib.patches import Polygon, Rectangle

from ifcn_lab.draw.palette import FOUND, GREY, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.draw.training_windows import pale


def waist(inputs: int, rank: int, outputs: int) -> Picture:
    """One linear layer beside two with a waist between them; heights are not to scale.

    The areas between the columns stand for the weights.
    """
    tall = {inputs: 1.0, outputs: 0.75, rank: 0.16}
    ways = {"one layer": (inputs, outputs), "two layers": (inputs, rank, outputs)}
    said = []
    with panels(1, 2, width=8.0, height=2.9) as (figure, grid):
        for axes, (name, columns) in zip(grid[0], ways.items(), strict=True):
            weights = sum(a * b for a, b in zip(columns, columns[1:], strict=False))
            said.append(f"{name} {weights:,}")
            bare(axes, f"{name}: {weights:,} weights")
            places = np.linspace(0, 1, len(columns))
            for a, b, left, right in zip(columns, columns[1:], places, places[1:],
                                         strict=False):
                axes.add_patch(Polygon(
                    [(left, -tall[a] / 2), (left, tall[a] / 2), (right, tall[b] / 2),
                     (right, -tall[b] / 2)], color=FOUND, alpha=0.35, lw=0))
            for count, x in zip(columns, places, strict=True):
                axes.add_patch(Rectangle((x - 0.02, -tall[count] / 2), 0.04,
                                         tall[count], color=INK))
                axes.text(x, -tall[count] / 2 - 0.04, f"{count:,}", ha="center",
                          va="top")
            axes.set(xlim=(-0.16, 1.16), ylim=(-0.68, 0.56))
    return Picture(figure, f"From {inputs:,} numbers of a window to {outputs:,} "
                   f"logits; through the waist go {rank}. Weights: {listing(said)}.")


def singular_values(values: Mapping[str, Float[np.ndarray, " N"]]) -> Picture:
    """How large each of a matrix's singular values is, as a share of the largest."""
    styles, said = ((GREY, ":"), (TRUE, "-"), (FOUND, "--")), []
    with panels(1, 1, width=6.2, height=2.9) as (figure, grid):
        axes = grid[0, 0]
        for (name, each), (colour, style) in zip(values.items(), styles, strict=False):
            shares = np.maximum(each / each.max(), 1e-9)
            axes.semilogy(np.arange(1, len(each) + 1), shares, style, color=colour,
                          linewidth=2, label=name)
            rank = int((shares > 1e-5).sum())
            said.append(f"{name} has {rank} that are not 0")
        axes.set(xlabel="which singular value, from the largest", ylim=(1e-9, 3),
                 ylabel="share of the largest")
        axes.legend(loc="center right")
    return Picture(figure, f"Singular values: {listing(said)}.")


def basis(pictures: Float[np.ndarray, "r m m"], columns: int = 8) -> Picture:
    """The pictures of which a head adds up every mask, those of most weight first."""
    order = np.argsort(-np.abs(pictures).sum((1, 2)))
    rows = -(-len(pictures) // columns)
    with panels(rows, columns, width=8.0, height=1.02 * rows) as (figure, grid):
        for axes in grid.flat:
            axes.axis("off")
        for axes, index in zip(grid.flat, order, strict=False):
            most = np.abs(pictures[index]).max()
            axes.imshow(pictures[index], cmap="RdBu", vmin=-most, vmax=most)
    return Picture(figure, f"{len(pictures)} pictures of {pictures.shape[1]} x "
                   f"{pictures.shape[2]} places; a window's mask is a weighted sum of "
                   "them. Blue adds, red takes away; they show broad blots under a "
                   "grain, and none has a sharp outline.")


def stages(
    image: UInt8[np.ndarray, "s s 3"],
    masks: Mapping[str, Float[np.ndarray, "_ _"]], truth: Bool[np.ndarray, "s s"],
) -> Picture:
    """Masks of one window, coarse to fine, each with the object's true outline.

    Args:
        image: the window's picture.
        masks: by name, probabilities of any number of places.
        truth: the object, in pixels.
    """
    said, count = [], 1 + len(masks)
    with panels(1, count, width=min(8.4, 1.75 * count), height=2.2) as (figure, grid):
        bare(grid[0, 0], "the window").imshow(pale(image))
        for axes, (name, mask) in zip(grid[0, 1:], masks.items(), strict=True):
            large = in_pixels(mask, len(truth))
            iou = ((large > 0.5) & truth).sum() / ((large > 0.5) | truth).sum()
            bare(axes, name).imshow(large, cmap="gray", vmin=0, vmax=1)
            axes.set_xlabel(f"IoU {iou:.2f}")
            said.append(f"{name} {iou:.2f}")
        for axes in grid[0]:
            outline(axes, truth.astype(float), WRONG, 1.6)
    return Picture(figure, "One window's mask, coarse to fine, with the object's "
                   f"outline. IoU with the object: {listing(said)}.")


def in_pixels(
    mask: Float[np.ndarray, "m m"], side: int
) -> Float[np.ndarray, "side side"]:
    """Every place as a square of equal pixels.

    >>> in_pixels(np.eye(2), 4)[0].tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    at = np.arange(side) * len(mask) // side
    return mask[np.ix_(at, at)]


def gains(
    limits: Sequence[float], before: Float[np.ndarray, " T"],
    after: Float[np.ndarray, " T"], names: tuple[str, str],
) -> Picture:
    """Two recalls against IoU, and below them what the second gains, in points."""
    gain = 100 * (np.asarray(after) - np.asarray(before))
    with panels(2, 1, width=6.2, height=4.4) as (figure, grid):
        above, below = grid[:, 0]
        above.plot(limits, before, "--", color=FOUND, linewidth=2, label=names[0])
        above.plot(limits, after, "-", color=TRUE, linewidth=2, label=names[1])
        above.set(ylabel="share of objects", ylim=(0, 1.03))
        above.legend(loc="lower left")
        below.bar(limits, gain, 0.03, color=[TRUE if g >= 0 else WRONG for g in gain])
        below.axhline(0, color=INK, linewidth=0.8)
        for x, each in zip(limits, gain, strict=True):
            below.annotate(f"{each:+.0f}", (x, max(each, 0)), (0, 2), ha="center",
                           textcoords="offset points", size=9)
        below.set(xlabel="IoU from which a mask counts", ylabel="gain, points",
                  ylim=(min(0, gain.min()) - 2, 1.25 * max(gain.max(), 4)))
        above.set_xlim(below.get_xlim())
    said = listing([f"{each:+.0f} at {x:.2f}"
                    for x, each in zip(limits, gain, strict=True)])
    return Picture(figure, f"The share of objects whose mask counts, for {names[0]} "
                   f"and {names[1]}, against IoU. The gain in points: {said}.")


def wrong_by_distance(
    distances: Float[np.ndarray, " D"], wrong: Mapping[str, Float[np.ndarray, " D"]]
) -> Picture:
    """The share of wrong pixels by their distance from the true outline."""
    styles, said = ((FOUND, "o--"), (TRUE, "o-")), []
    with panels(1, 1, width=6.2, height=2.9) as (figure, grid):
        axes = grid[0, 0]
        for (name, shares), (colour, style) in zip(wrong.items(), styles, strict=True):
            axes.plot(distances, shares, style, color=colour, linewidth=2, label=name)
            most = int(shares.argmax())
            said.append(f"{name} has the most, {shares[most]:.0%}, at "
                        f"{distances[most]:g} pixels")
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set(xlabel="pixels from the outline: outside below 0, inside above",
                 ylabel="share of wrong pixels", ylim=(0, None))
        axes.legend(loc="upper right")
    return Picture(figure, f"Wrong pixels by their distance from the outline: "
                   f"{listing(said)}; both curves fall to nearly 0 on both sides.")
