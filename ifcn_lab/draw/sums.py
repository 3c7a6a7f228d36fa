"""Figures of lesson 12: prototypes and their sums, chains of boxes, scores and IoU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from matplotlib.patches import Rectangle

from ifcn_lab.draw.learning import logistic
from ifcn_lab.draw.palette import FOUND, GREY, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.metrics.calibration import reliability as binned

Maps = Float[np.ndarray, "k H W"]


def prototypes(
    image: UInt8[np.ndarray, "h w 3"], maps: Maps, columns: int = 9
) -> Picture:
    """The picture and its prototypes, each from black, 0, to white, its own most."""
    rows = -(-(len(maps) + 1) // columns)
    with panels(rows, columns, width=8.4, height=1.15 * rows) as (figure, grid):
        for axes in grid.flat:
            axes.axis("off")
        bare(grid[0, 0], "picture").imshow(image)
        for n, (axes, each) in enumerate(zip(grid.flat[1:], maps, strict=False), 1):
            bare(axes, f"{n}").imshow(each, cmap="gray", vmin=0)
    dark = int((maps.max((1, 2)) == 0).sum())
    return Picture(figure, f"A picture and its {len(maps)} prototypes, of "
                   f"{maps.shape[1]} x {maps.shape[2]} places; {dark or 'none'} of "
                   "them is black all over.")


def mixture(maps: Maps, mixes: Mapping[str, Sequence[float]]) -> Picture:
    """One row for each mix: the prototypes, their coefficients, and the sigmoid.

    The line on the last panel is where the probability passes 1/2.
    """
    said, columns = [], len(maps) + 1
    with panels(len(mixes), columns, width=8.0, height=1.9 * len(mixes)) as (
            figure, grid):
        for line, (name, mix) in zip(grid, mixes.items(), strict=True):
            for axes, each, coefficient in zip(line, maps, mix, strict=False):
                bare(axes, f"{coefficient:+.2g} times")
                axes.spines[:].set(visible=True, color=GREY)
                axes.imshow(each, cmap="gray", vmin=0, vmax=maps.max())
            soft = logistic(np.tensordot(np.array(mix, float), maps, 1))   # (H, W)
            line[-1].spines[:].set_color(GREY)
            bare(line[-1], f"{name}: mask").imshow(soft, cmap="gray", vmin=0, vmax=1)
            if (soft > 0.5).any() and (soft <= 0.5).any():
                outline(line[-1], (soft > 0.5).astype(float), FOUND)
            said.append(f"{name}, with {listing([f'{c:+.2g}' for c in mix])}: "
                        f"{(soft > 0.5).sum()} of {soft.size} places are above 1/2")
    return Picture(figure, f"Sums of {len(maps)} prototypes. {'; '.join(said)}.")


def box_chain(
    boxes: Float[np.ndarray, "N 4"], kept: Mapping[str, Sequence[int]]
) -> Picture:
    """The same boxes in each panel, those that are kept drawn through."""
    names = "ABCDEFGH"
    with panels(1, len(kept), width=2.6 * len(kept), height=2.9) as (figure, grid):
        for axes, (title, some) in zip(grid[0], kept.items(), strict=True):
            bare(axes, title)
            for n, (x0, y0, x1, y1) in enumerate(boxes):
                stays = n in some
                axes.add_patch(Rectangle(
                    (x0 + 0.12 * n, y0), x1 - x0 - 0.24 * n, y1 - y0, fill=False,
                    linewidth=2.5 if stays else 1.2, edgecolor=TRUE if stays else GREY,
                    linestyle="-" if stays else ":"))
                axes.text(x1 + 0.4, (y0 + y1) / 2, names[n], va="center", size=11,
                          color=INK if stays else GREY)
            axes.set(xlim=(-0.5, boxes[:, 2].max() + 1.8), aspect="equal",
                     ylim=(boxes[:, 3].max() + 0.5, -0.5))
    said = listing([f"{title} keeps {listing([names[n] for n in some])}"
                    for title, some in kept.items()])
    return Picture(figure, f"{len(boxes)} boxes in a chain. {said}.")


def by_growth(shares: Sequence[float], ious: Mapping[str, Sequence[float]]) -> Picture:
    """Mean IoU by how much wider and higher the boxes are made; a line for each way."""
    styles = ("-", TRUE), ("--", WRONG), (":", GREY)
    with panels(1, 1, width=6.0, height=3.0) as (figure, grid):
        axes = grid[0, 0]
        for (style, colour), (name, values) in zip(styles, ious.items(), strict=False):
            axes.plot(100 * np.array(shares), values, style, color=colour, marker="o",
                      linewidth=2, label=name)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set(xlabel="boxes wider and higher by, %", ylabel="IoU of the objects")
        axes.legend(loc="best")
    said = [f"{name}: {listing([f'{100 * s:+.0f} % {v:.2f}' for s, v in pairs])}"
            for name, pairs in ((name, zip(shares, values, strict=True))
                                for name, values in ious.items())]
    return Picture(figure, f"Mean IoU by the size of the boxes. {'; '.join(said)}.")


def score_and_quality(
    scores: Mapping[str, Float[np.ndarray, " N"]], iou: Float[np.ndarray, " N"]
) -> Picture:
    """Every mask by a score and by the IoU that it has; one panel for each score."""
    said = []
    with panels(1, len(scores), width=3.6 * len(scores), height=3.2) as (figure, grid):
        for axes, (name, values) in zip(grid[0], scores.items(), strict=True):
            together = np.corrcoef(values, iou)[0, 1]
            axes.plot([0, 1], [0, 1], ":", color=GREY)
            axes.scatter(values, iou, 14, TRUE, alpha=0.5, linewidths=0)
            axes.set(xlabel=name, ylabel="IoU that the mask has", xlim=(-0.03, 1.03),
                     ylim=(-0.03, 1.03), title=f"correlation {together:.2f}")
            said.append(f"with {name} {together:.2f}")
    return Picture(figure, f"{len(iou)} masks by score and by IoU. Their correlation "
                   f"is {listing(said)}.")


def reliability(
    scores: Mapping[str, tuple[Float[np.ndarray, " N"], Bool[np.ndarray, " N"]]],
    bins: int = 10,
) -> Picture:
    """What scores say and how often that is right; a perfect score is on the diagonal.

    Args:
        scores: by name, the scores of answers and which of them are right.
        bins: of the score.
    """
    said = []
    with panels(1, len(scores), width=3.6 * len(scores), height=3.4) as (figure, grid):
        for axes, (name, (told, right)) in zip(grid[0], scores.items(), strict=True):
            each = binned(told, right, bins)
            some, middle = each.count > 0, (np.arange(bins) + 0.5) / bins
            axes.plot([0, 1], [0, 1], ":", color=GREY)
            axes.bar(middle, each.count / each.count.max(), 0.9 / bins, color=GREY,
                     alpha=0.3, label="answers (the most: 1)")
            axes.plot(each.said[some], each.right[some], "o-", color=TRUE,
                      clip_on=False, label="right")
            axes.set(xlabel=name, ylabel="share that is right", xlim=(0, 1),
                     ylim=(0, 1.03), title=f"calibration error {each.error:.2f}")
            said.append(f"{each.error:.2f} for {name}")
        grid[0, 0].legend(loc="upper left", fontsize=8)
    return Picture(figure, "Share of right answers by the score that they have. The "
                   f"expected calibration error is {listing(said)}.")
