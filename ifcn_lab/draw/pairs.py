"""Figures of lesson 11: votes of a moved region, pairs of maps, contested places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes

from ifcn_lab.draw.palette import COLOURS, FOUND, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels

STYLES = ((INK, ":"), (TRUE, "-"), (FOUND, "--"), (WRONG, "-."))


def votes(shifts: Sequence[int], curves: Mapping[str, Sequence[float]]) -> Picture:
    """What a region says as it is moved, one curve for each way to ask it."""
    said = []
    with panels(1, 1, width=6.4, height=2.9) as (figure, axes):
        one = axes[0, 0]
        for (name, curve), (colour, style) in zip(curves.items(), STYLES, strict=False):
            one.plot(shifts, curve, style, color=colour, linewidth=2, label=name)
            said.append(f"{name}: {curve[0]:.2f} at first and {min(curve):.2f} at "
                        "its lowest")
        one.set(xlabel="places that the region is moved to the right", ylabel="vote")
        one.legend()
    return Picture(figure, f"The vote of a region as it is moved off its object by up "
                   f"to {max(shifts)} places. {'; '.join(said)}.")


def pair(
    inside: Float[np.ndarray, "P Q"], outside: Float[np.ndarray, "P Q"]
) -> Picture:
    """A region's pair of numbers, their softmax and their maximum, bin by bin.

    Grey is a score's sigmoid; of the softmax it is the probability itself.
    """
    shown = {"inside": inside, "outside": outside,
             "softmax: the mask": inside - outside,
             "maximum: the vote": np.maximum(inside, outside)}
    with panels(1, 4, width=8.2, height=2.35) as (figure, axes):
        for one, (title, scores) in zip(axes[0], shown.items(), strict=True):
            _bins(bare(one, title), scores, title.startswith("softmax"))
    (rows, columns), more = inside.shape, (inside > outside).sum()
    return Picture(figure, f"A region of {rows} x {columns} bins. In {more} of them "
                   "inside is larger than outside. The mean of the maxima is "
                   f"{np.maximum(inside, outside).mean():.2f}.")


def _bins(axes: Axes, scores: Float[np.ndarray, "P Q"], shares: bool) -> None:
    grey = 1 / (1 + np.exp(-scores))
    axes.imshow(grey, cmap="gray", vmin=0, vmax=1)
    axes.spines[:].set_visible(True)
    if scores.size > 25:
        return
    for (i, j), share in np.ndenumerate(grey):
        said = f"{share:.2f}" if shares else f"{scores[i, j]:g}"
        axes.text(j, i, said, ha="center", va="center", fontsize=11,
                  color="white" if share < 0.5 else INK)


def contested(
    masks: Bool[np.ndarray, "2 H W"], places: Mapping[str, Bool[np.ndarray, "H W"]]
) -> Picture:
    """Two objects, and for each name the places that two regions ask opposite things.
    """
    ground = np.ones((*masks.shape[1:], 3))
    for mask, colour in zip(masks, (COLOURS[1], COLOURS[2]), strict=True):
        ground[mask] = [int(colour[n:n + 2], 16) / 255 for n in (1, 3, 5)]
    rows, columns = masks.any(0).nonzero()
    near = {"xlim": (columns.min() - 2.5, columns.max() + 2.5),
            "ylim": (rows.max() + 2.5, rows.min() - 2.5)}
    with panels(1, len(places), width=8.2, height=1.5) as (figure, axes):
        for one, (name, asked) in zip(axes[0], places.items(), strict=True):
            bare(one, f"{name}: {asked.sum()}").imshow(ground)
            outline(one, masks.any(0).astype(float), INK, 1)
            y, x = asked.nonzero()
            one.plot(x, y, "o", color=WRONG, markersize=3)
            one.set(**near)
    said = listing([f"{asked.sum()} with {name}" for name, asked in places.items()])
    return Picture(figure, "Two objects, and dots where the two regions ask the "
                   f"same map for opposite answers: {said} places.")
