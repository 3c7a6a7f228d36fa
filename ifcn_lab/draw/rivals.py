"""Figures of lesson 7: thresholding beside the network, by object and by picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8

from ifcn_lab.draw.missed_objects import Failure
from ifcn_lab.draw.palette import COLOURS, FOUND, INK, TRUE
from ifcn_lab.draw.picture import Picture, bare, listing, panels
from ifcn_lab.draw.training_windows import few_shades
from ifcn_lab.layers.thresholding import between_variance, foreground, grey_levels, otsu

STYLES = ((FOUND, "--", "s"), (TRUE, "-", "o"), (INK, ":", "^"))


def split_levels(image: UInt8[np.ndarray, "h w 3"]) -> Picture:
    """A picture, its histogram with Otsu's threshold, and the foreground that it gives.

    The thin line is what Otsu's rule makes largest: the variance between the sides.
    """
    grey = grey_levels(image)
    level, counts = otsu(grey), np.bincount(grey.ravel(), minlength=256)
    chosen = foreground(image)
    wide = {"width": 8.4, "height": 2.6}
    with panels(1, 3, **wide) as (figure, grid):
        grid[0, 0].get_gridspec().set_width_ratios([1, 1.5, 1])
        bare(grid[0, 0], "the picture").imshow(few_shades(image))
        axes = grid[0, 1]
        axes.fill_between(range(256), counts, 0.7, color="#b5b5b5", step="mid")
        axes.axvline(level + 0.5, color=FOUND, linewidth=2)
        axes.set(yscale="log", ylim=(0.7, None), xlabel="grey level", ylabel="pixels",
                 title=f"split after level {level}")
        between = between_variance(counts)
        twin = axes.twinx()
        twin.plot(between, color=TRUE, linewidth=1)
        twin.set(yticks=[], ylim=(0, 1.05 * max(between.max(), 1e-9)))
        bare(grid[0, 2], "foreground").imshow(chosen, cmap="gray", vmin=0, vmax=1)
    return Picture(
        figure,
        f"A picture of {grey.shape[0]} x {grey.shape[1]} pixels. Otsu's rule splits "
        f"its grey levels after {level}; the foreground has {chosen.mean():.0%} of the "
        "pixels.",
    )


def answers(
    rows: Mapping[str, UInt8[np.ndarray, "_ _ 3"]],
    columns: Mapping[str, Sequence[Bool[np.ndarray, "_ _ _"]]],
) -> Picture:
    """One row for each picture, one column of masks for each name: truth, rivals.

    Args:
        rows: pictures by what is written beside them.
        columns: by name, the masks in each picture.
    """
    size = {"width": 2.65 * len(columns), "height": 2.35 * len(rows)}
    with panels(len(rows), len(columns), **size) as (figure, grid):
        for axes, name in zip(grid[0], columns, strict=True):
            axes.set_title(name)
        for number, (line, (name, image)) in enumerate(
            zip(grid, rows.items(), strict=True)
        ):
            for axes, masks in zip(line, columns.values(), strict=True):
                bare(axes, axes.get_title()).imshow(painted(image, masks[number]))
            line[0].set_ylabel(name)
    counts = [f"{name}: {listing([str(len(masks)) for masks in found])}"
              for name, found in columns.items()]
    flat = [name.replace("\n", ", ") for name in rows]
    return Picture(
        figure, f"Masks in {listing(flat)}, by column. {'. '.join(counts)}."
    )


def painted(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"]
) -> Float[np.ndarray, "h w 3"]:
    """The image with filled masks, neighbours in different colours, rims in black.

    A dim picture is made brighter. Nothing is traced, so hundreds of masks are quick.

    >>> painted(np.zeros((5, 5, 3), np.uint8), np.ones((1, 5, 5), bool))[0, 0].tolist()
    [0.0, 0.0, 0.0]
    """
    from matplotlib.colors import to_rgb
    from scipy.ndimage import binary_erosion

    shown = few_shades(image) / 255
    shown = np.clip(shown / max(0.3, np.percentile(shown, 99.5)), 0, 1)
    for index, mask in reversed(list(enumerate(masks))):  # the first lies on top
        colour = np.array(to_rgb(COLOURS[index % len(COLOURS)]))
        shown[mask] = 0.45 * shown[mask] + 0.55 * colour
        shown[mask & ~binary_erosion(mask)] = 0
    return shown


def alone_and_touching(
    ious: Mapping[str, Float[np.ndarray, " N"]], touching: Bool[np.ndarray, " N"]
) -> Picture:
    """Recall by IoU, for objects that stand alone and for objects that touch.

    Args:
        ious: by rival, the IoU of its best mask with each object.
        touching: which objects touch another.
    """
    limits = np.linspace(0.5, 0.95, 46)
    kinds = {"objects that stand alone": ~touching, "objects that touch": touching}
    said = []
    with panels(1, 2, width=8.0, height=3.1) as (figure, grid):
        for axes, (kind, chosen) in zip(grid[0], kinds.items(), strict=True):
            for (name, iou), (colour, style, _) in zip(ious.items(), STYLES,
                                                         strict=False):
                curve = [share(iou[chosen], limit) for limit in limits]
                axes.plot(limits, curve, style, color=colour, linewidth=2, label=name)
                said.append(f"{name} finds {curve[0]:.0%} of the {kind} at IoU 0.5 and "
                            f"{curve[30]:.0%} at 0.8")
            axes.set(title=f"{chosen.sum()} {kind}", ylim=(0, 1.02), ylabel="recall",
                     xlabel="IoU from which a mask counts")
        grid[0, 0].legend(loc="lower left")
    return Picture(figure, f"Recall of the rivals against IoU: {listing(said)}.")


def share(ious: Float[np.ndarray, " N"], limit: float) -> float:
    """The share of objects found with this IoU or more; 0 of none.

    >>> share(np.array([0.4, 0.8]), 0.5), share(np.array([]), 0.5)
    (0.5, 0.0)
    """
    return float((ious >= limit).mean()) if len(ious) else 0.0


def close_up(failure: Failure, margin: float = 0.6) -> Failure:
    """The same failure, cut to a square round the object, and inside the picture.

    Args:
        failure: an object, the picture it is in and the mask nearest to it.
        margin: on each side, as a share of the object's longest side.

    >>> disc = np.zeros((90, 90), bool)
    >>> disc[40:50, 40:50] = True
    >>> image = np.zeros((90, 90, 3), np.uint8)
    >>> close_up(Failure(image, disc, disc, 1.0, "whole")).truth.shape
    (22, 22)
    """
    y, x = np.nonzero(failure.truth)
    reach = (0.5 + margin) * (1 + max(np.ptp(y), np.ptp(x)))
    around = []
    for at, length in zip((y, x), failure.truth.shape, strict=True):
        side = min(int(2 * reach), length)
        first = int((at.min() + at.max() + 1) / 2 - reach)
        first = min(max(0, first), length - side)
        around.append(slice(first, first + side))
    around = tuple(around)
    return failure._replace(image=failure.image[around], truth=failure.truth[around],
                            nearest=failure.nearest[around])


def bars(
    groups: Mapping[str, Mapping[str, float]], what: str
) -> Picture:
    """A bar and its number for each of up to three rivals, in groups side by side.

    Args:
        groups: by group, the figure of each rival; every group has the same rivals.
        what: the figure's name; it is a share, so 1 is the most.
    """
    count, said = len(next(iter(groups.values()))), []
    width = 0.8 / count
    with panels(1, 1, width=2.0 + 2.4 * len(groups), height=2.8) as (figure, grid):
        axes = grid[0, 0]
        for at, (group, figures) in enumerate(groups.items()):
            for n, (name, value) in enumerate(figures.items()):
                x = at + width * (n - (count - 1) / 2)
                axes.bar(x, value, 0.9 * width, color=STYLES[n][0], edgecolor=INK,
                         linewidth=0.6, label=name if at == 0 else None)
                axes.text(x, value + 0.02, f"{value:.2f}", ha="center", size=9)
            words = [f"{name} {value:.2f}" for name, value in figures.items()]
            said.append(f"{group}: {listing(words)}")
        axes.set_xticks(range(len(groups)), groups)
        axes.set(ylim=(0, 1.12), xlim=(-0.6, len(groups) - 0.4), ylabel=what)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, f"Bars of {what}. {'; '.join(said)}.")
