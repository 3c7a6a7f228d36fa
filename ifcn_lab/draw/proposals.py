"""Figures of lesson 6: zooms, objectness, masks before and after NMS, recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.draw.learning import logistic, paint
from ifcn_lab.draw.missed_objects import Failure
from ifcn_lab.draw.overlay import alt_text
from ifcn_lab.draw.palette import FOUND, GREY, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.draw.training_windows import few_shades, pale
from ifcn_lab.metrics import RecallReport, mask_iou
from ifcn_lab.segmenter import Instances
from ifcn_lab.windows.candidates import Level


def pyramid(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"],
    zooms: Sequence[float], side: int, fits: Bool[np.ndarray, "Z N"],
) -> Picture:
    """The image at each zoom, drawn to one scale, with the window in its real size.

    Args:
        image, masks: the picture and its objects.
        zooms: enlargements.
        side: of the window, in pixels.
        fits: which object fits the window at which zoom; those are outlined, and the
            window stands round the one that is farthest from the border.
    """
    most, pad = max(zooms) * image.shape[0], 0.3 * side
    with panels(1, len(zooms), width=8.4, height=3.6) as (figure, grid):
        grid[0, 0].get_gridspec().set_width_ratios(
            [zoom * image.shape[1] + 2 * pad for zoom in zooms])
        for axes, zoom, chosen in zip(grid[0], zooms, fits, strict=True):
            h, w = (zoom * length for length in image.shape[:2])
            bare(axes, f"zoom {zoom:.2f}: {chosen.sum()} fit")
            axes.imshow(pale(image), extent=(0, w, h, 0))
            for mask in masks[chosen]:
                outlined(axes, mask, TRUE, zoom)
            if chosen.any():
                middles = zoom * np.array([middle_of(mask) for mask in masks[chosen]])
                edge = np.minimum(middles, np.array([w, h]) - middles).min(1)
                corner = middles[edge.argmax()] - side / 2  # the innermost object's
                axes.add_patch(Rectangle(corner, side, side, fill=False, linewidth=2,
                                         edgecolor=FOUND))
            axes.set(xlim=(-pad, w + pad), ylim=(most + pad, -pad))
    said = listing([f"{row.sum()} at zoom {z:.2f}"
                    for z, row in zip(zooms, fits, strict=True)])
    return Picture(
        figure,
        f"One picture of {len(masks)} objects at {len(zooms)} zooms, the "
        f"window of {side} pixels always the same. Objects that fit "
        f"it: {said}.",
    )


def middle_of(mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "2"]:
    """The middle (x, y) of a mask's tight box, in pixels.

    >>> middle_of(np.ones((4, 6), bool)).tolist()
    [3.0, 2.0]
    """
    box = tight_boxes(mask[None])[0]
    return (box[:2] + box[2:]) / 2


def outlined(
    axes: Axes, mask: Bool[np.ndarray, "h w"], colour: str, zoom: float
) -> None:
    """The border of a mask over an image that is shown enlarged."""
    h, w = mask.shape
    middles = (np.arange(w) + 0.5) * zoom, (np.arange(h) + 0.5) * zoom
    axes.contour(*middles, mask.astype(float), levels=[0.5], colors=[colour],
                 linewidths=2)


def objectness(
    image: UInt8[np.ndarray, "h w 3"], levels: Sequence[Level], zooms: Sequence[float]
) -> Picture:
    """The objectness of every window, laid over the image; one panel for each zoom.

    The darker the image and the brighter the spot, the surer the network is that an
    object stands in the middle of the window there. A cross marks the best window.
    """
    best = []
    with panels(1, len(levels), width=8.4, height=3.3) as (figure, grid):
        for axes, level, zoom in zip(grid[0], levels, zooms, strict=True):
            sure = logistic(level.objectness.numpy())                     # (H, W)
            y, x = np.unravel_index(sure.argmax(), sure.shape)
            best.append(f"{sure[y, x]:.2f} at zoom {zoom:.2f}")
            h, w = (n * c for n, c in zip(sure.shape, level.stride, strict=True))
            bare(axes, f"zoom {zoom:.2f}")
            axes.imshow(image.mean(2), cmap="gray", vmin=-60, vmax=300)
            shown = axes.imshow(sure, cmap="magma", vmin=0, vmax=1, alpha=0.7,
                                extent=(-0.5, w - 0.5, h - 0.5, -0.5))
            axes.plot(*(c * (n + 0.5) for n, c in ((x, level.stride[1]),
                                                   (y, level.stride[0]))),
                      "x", color=TRUE, markersize=9, mew=2.5)
            high, wide = image.shape[:2]
            axes.set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5))
        figure.colorbar(shown, ax=grid, shrink=0.7, pad=0.02, label="objectness")
    return Picture(
        figure,
        "The objectness of all windows over the picture. The best "
        f"window has {listing(best)}.",
    )


def ranking(
    image: UInt8[np.ndarray, "h w 3"], rows: Mapping[str, Instances], columns: int = 5
) -> Picture:
    """The best masks of each list, one panel a mask, the best on the left."""
    size = {"width": 8.4, "height": 1.75 * len(rows)}
    with panels(len(rows), columns, **size) as (figure, grid):
        for line, (name, found) in zip(grid, rows.items(), strict=True):
            bare(line[0]).set_ylabel(name)
            for axes, mask, score in zip(line, found.top(columns).masks, found.scores,
                                         strict=False):
                axes.imshow(pale(image))
                fill(axes, mask, FOUND)
                bare(axes, f"{score:.3f}")
            for axes in line[len(found):]:
                axes.axis("off")
    return Picture(
        figure,
        " ".join(ranking_words(name, found, columns,
    )
                                    for name, found in rows.items()))


def ranking_words(name: str, found: Instances, columns: int) -> str:
    """How many of the best masks lie round one and the same place."""
    boxes = found.top(columns).boxes
    middles = {tuple((box[:2] + box[2:]) // 40) for box in boxes}
    return (f"{name}: the best {len(boxes)} masks, in {len(middles)} different places "
            "of the picture.")


def fill(
    axes: Axes, mask: Bool[np.ndarray, "h w"], colour: str, alpha: float = 0.6
) -> None:
    """A mask laid over an image in one colour."""
    from matplotlib.colors import to_rgb

    layer = np.zeros((*mask.shape, 4))
    layer[mask] = (*to_rgb(colour), alpha)
    axes.imshow(layer)
    outline(axes, mask.astype(float), INK, 0.8)


def enlarging(
    window: Float[np.ndarray, "m m"], truth: Bool[np.ndarray, "P Q"],
    ways: Mapping[str, Bool[np.ndarray, "P Q"]],
) -> Picture:
    """A window's probabilities, and the masks that different enlargements give."""
    ious = {name: mask_iou(mask[None], truth[None]).item()
            for name, mask in ways.items()}
    with panels(1, 1 + len(ways), width=8.0, height=2.9) as (figure, grid):
        bare(grid[0, 0], f"{len(window)} x {len(window)} places")
        grid[0, 0].imshow(logistic(window), cmap="gray", vmin=0, vmax=1)
        for axes, (name, mask) in zip(grid[0, 1:], ways.items(), strict=True):
            bare(axes, f"{name}: IoU {ious[name]:.3f}").imshow(mask, cmap="gray")
            outline(axes, truth.astype(float), FOUND)
    said = listing([f"{name} {iou:.3f}" for name, iou in ious.items()])
    return Picture(
        figure,
        f"A window of {len(window)} x {len(window)} probabilities, and "
        f"masks of {truth.shape[0]} x {truth.shape[1]} pixels made from "
        f"it. IoU with the object: {said}.",
    )


def by_size(
    sizes: Sequence[float], columns: Mapping[str, Sequence[float]],
    right: tuple[float, float],
) -> Picture:
    """The IoU with which each object was found, by its size; one panel for each way.

    Args:
        sizes: longest side of every object, in pixels.
        columns: by name, the IoU of the best proposal for every object.
        right: sizes that fit the window at zoom 1; drawn as a band.
    """
    said = []
    fit = (np.asarray(sizes) >= right[0]) & (np.asarray(sizes) <= right[1])
    size = {"width": 4.2 * len(columns), "height": 2.9}
    with panels(1, len(columns), **size) as (figure, grid):
        for axes, (name, ious) in zip(grid[0], columns.items(), strict=True):
            axes.axvspan(*right, color="#cfe8f5")
            axes.text(np.mean(right), 1.07, "fits at zoom 1", ha="center", size=9)
            axes.scatter(sizes, ious, 14, TRUE, alpha=0.7, linewidths=0)
            axes.set(xlabel="longest side of the object, pixels", ylim=(-0.03, 1.18),
                     ylabel="IoU of the best proposal", title=name)
            found = np.asarray(ious) >= 0.7
            said.append(f"with {name}, {found[fit].mean():.0%} of the objects that fit "
                        f"and {found[~fit].mean():.0%} of the others")
    return Picture(
        figure,
        f"{len(sizes)} objects by size and by the IoU of the best proposal. Found at "
        f"IoU 0.7: {listing(said)}.",
    )


def recall_curves(
    report: RecallReport, ns: Sequence[int] = (1, 10, 100)
) -> Picture:
    """Recall by IoU, one curve for each number of proposals; the area is AR@N."""
    styles = (GREY, ":"), (FOUND, "--"), (TRUE, "-"), (INK, "-.")
    with panels(1, 1, width=6.0, height=3.4) as (figure, grid):
        axes = grid[0, 0]
        for n, (colour, style) in zip(ns, styles, strict=False):
            axes.plot(report.thresholds, report.curves["all"][:, n - 1], style,
                      color=colour, linewidth=2, label=f"N = {n}, AR {report[n]:.2f}")
        axes.set(xlabel="IoU from which a mask counts", ylabel="recall", ylim=(0, 1.02))
        axes.legend(loc="center left", bbox_to_anchor=(0.02, 0.45))
    said = listing([f"AR@{n} is {report[n]:.2f}" for n in ns])
    return Picture(
        figure,
        f"Recall against IoU for {listing([str(n) for n in ns])} "
        f"proposals over {report.objects['all']} objects. All curves "
        f"fall towards IoU 0.95. {said}.",
    )


def failures(worst: Sequence[Failure]) -> Picture:
    """Objects that were found badly: true border, and the nearest of all proposals."""
    columns = min(4, len(worst))
    rows = -(-len(worst) // columns)
    with panels(rows, columns, width=8.0, height=2.5 * rows) as (figure, grid):
        for axes in grid.flat[len(worst):]:
            axes.axis("off")
        for axes, one in zip(grid.flat, worst, strict=False):
            bare(axes, f"IoU {one.iou:.2f}").imshow(pale(one.image))
            fill(axes, one.nearest, FOUND, 0.5)
            outline(axes, one.truth.astype(float), TRUE, 2.2)
            axes.set_xlabel(one.trait, size=9)
    said = listing([f"{one.trait} (IoU {one.iou:.2f})" for one in worst])
    return Picture(
        figure,
        f"The {len(worst)} objects that were found worst, outlined, and "
        f"the proposal nearest to each, filled: {said}.",
    )


def found_objects(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"],
    best: Float[np.ndarray, " N"], iou: float = 0.7,
) -> Picture:
    """Which objects were found: outlined in one colour if so, in another if not."""
    h, w = image.shape[:2]
    width = 6.4 if w > 256 else 4.4
    with panels(1, 1, width=width, height=width * h / w) as (figure, grid):
        axes = bare(grid[0, 0])
        axes.imshow(few_shades(image))
        for mask, overlap in zip(masks, best, strict=True):
            outline(axes, mask.astype(float), TRUE if overlap >= iou else WRONG, 2)
            y, x = np.argwhere(mask).mean(0)
            cut = np.floor(100 * overlap) / 100  # what counts as 0.70 is not less
            axes.text(x, y, f"{cut:.2f}", ha="center", va="center", size=9,
                      bbox={"facecolor": "white", "pad": 1, "linewidth": 0,
                            "alpha": 0.85})
    return Picture(
        figure,
        f"{len(masks)} objects, each with the IoU of the best proposal. "
        f"{(best >= iou).sum()} have IoU {iou} or more; the lowest is "
        f"{best.min():.2f}.",
    )


def segmented(
    image: UInt8[np.ndarray, "h w 3"], found: Instances, score: str = "objectness"
) -> Picture:
    """A picture with all proposals filled, neighbours in different colours.

    Args:
        image: what they were found in.
        found: the proposals.
        score: what their score is called in the alternative text.
    """
    h, w = image.shape[:2]
    with panels(1, 1, width=6.4, height=6.4 * h / w) as (figure, grid):
        paint(bare(grid[0, 0]), image, found.masks)
    return Picture(figure, alt_text(image, found, score))
