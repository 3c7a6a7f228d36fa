"""Figures of lesson 7: what stands in an annotation file, and what training sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Shaped, UInt8
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from ifcn_lab.draw.overlay import border
from ifcn_lab.draw.palette import FOUND, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.draw.training_windows import few_shades, pale
from ifcn_lab.training import Example

MARGIN = 5
OCTAVES = 0.3
"""A window fits objects up to so much smaller or larger than its best size."""


def annotation_kinds(
    examples: Mapping[str, tuple[UInt8[np.ndarray, "_ _ 3"], Any]],
) -> Picture:
    """One object of each kind of annotation, drawn as it is written down.

    Args:
        examples: by kind, an image and the "segmentation" of one object in it.

    The corners of a polygon are dots. Of run lengths every run of object pixels has
    another shade than the run before.
    """
    said = []
    with panels(1, len(examples), width=2.9 * len(examples), height=3.1) as (
        figure, grid,
    ):
        for axes, (kind, (image, shape)) in zip(grid[0], examples.items(), strict=True):
            mask = mask_of(shape, *image.shape[:2])
            bare(axes, kind).imshow(pale(image))
            if isinstance(shape, list):
                points = draw_polygons(axes, shape)
                said.append(f"{kind}, a polygon of {points} points")
            else:
                runs = draw_runs(axes, mask)
                said.append(f"{kind}, {runs} runs of object pixels")
            look_at(axes, mask)
    return Picture(figure, f"Objects as they are annotated: {listing(said)}.")


def mask_of(segmentation: Any, h: int, w: int) -> Bool[np.ndarray, "h w"]:
    """The mask of a COCO segmentation of any kind.

    >>> mask_of([[1, 0, 4, 0, 4, 2, 1, 2]], 2, 5).astype(int).tolist()
    [[0, 1, 1, 1, 0], [0, 1, 1, 1, 0]]
    """
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, dict) and isinstance(segmentation["counts"], str):
        return coco_mask.decode(segmentation).astype(bool)
    codes = coco_mask.frPyObjects(segmentation, h, w)
    codes = coco_mask.merge(codes) if isinstance(codes, list) else codes
    return coco_mask.decode(codes).astype(bool)


def draw_polygons(axes: Axes, polygons: Sequence[Sequence[float]]) -> int:
    """Draw closed outlines with a dot at every corner; say how many corners."""
    for polygon in polygons:
        x, y = np.reshape(polygon, (-1, 2)).T - 0.5  # a picture's corner is (0, 0)
        axes.plot([*x, x[0]], [*y, y[0]], "-o", color=TRUE, markersize=4, linewidth=1.2)
    return sum(map(len, polygons)) // 2


def draw_runs(axes: Axes, mask: Bool[np.ndarray, "h w"]) -> int:
    """Fill the runs down the columns in two shades in turn; say how many there are."""
    line = mask.T.ravel().astype(int)
    begins = np.diff(line, prepend=0) == 1
    number = np.where(line, np.cumsum(begins), 0).reshape(mask.T.shape).T    # (h, w)
    layer = np.zeros((*mask.shape, 4))
    layer[mask & (number % 2 == 0)] = (*to_rgb(TRUE), 0.75)
    layer[mask & (number % 2 == 1)] = (*to_rgb(FOUND), 0.75)
    axes.imshow(layer)
    return int(begins.sum())


def look_at(axes: Axes, mask: Bool[np.ndarray, "h w"]) -> None:
    """Show a square of the picture with the object and a margin."""
    y, x = np.nonzero(mask)
    reach = MARGIN + max(np.ptp(y), np.ptp(x)) / 2
    middle = (y.min() + y.max()) / 2, (x.min() + x.max()) / 2
    axes.set(xlim=(middle[1] - reach, middle[1] + reach),
             ylim=(middle[0] + reach, middle[0] - reach))


def crowd(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"],
    crowd: Bool[np.ndarray, "h w"],
) -> Picture:
    """The objects outlined, and hatched what holds objects nobody drew one by one."""
    h, w = image.shape[:2]
    with panels(1, 1, width=5.4, height=5.4 * h / w) as (figure, grid):
        axes = bare(grid[0, 0])
        axes.imshow(pale(image))
        for mask in masks:
            border(axes, mask, TRUE)
        if crowd.any():
            axes.contourf(crowd.astype(float), levels=[0.5, 1.5], colors=["none"],
                          hatches=["////"])
            border(axes, crowd, WRONG)
        axes.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))
    return Picture(
        figure,
        f"A picture with {len(masks)} outlined objects. A hatched crowd region covers "
        f"{crowd.mean():.0%} of it.",
    )


def stored_lying(
    stored: UInt8[np.ndarray, "H W 3"], upright: UInt8[np.ndarray, "h w 3"],
    masks: Bool[np.ndarray, "N h w"],
) -> Picture:
    """The annotations over the pixels as stored, and over the picture as it is read."""
    both = {"as the file stores it": stored, "turned as EXIF says": upright}
    with panels(1, 2, width=7.4, height=3.4) as (figure, grid):
        for axes, (name, picture) in zip(grid[0], both.items(), strict=True):
            bare(axes, name).imshow(pale(picture))
            for mask in masks:
                outline(axes, mask.astype(float), TRUE, 1.6)
            sides = (max(a, b) for a, b in zip(stored.shape[:2], upright.shape[:2],
                                               strict=True))
            high, wide = sides
            axes.set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5))
    turned = "differ" if stored.shape != upright.shape else "are the same"
    return Picture(
        figure,
        f"The outlines of {len(masks)} objects over the stored pixels, "
        f"{stored.shape[0]} x {stored.shape[1]}, and over the picture as read, "
        f"{upright.shape[0]} x {upright.shape[1]}: the shapes {turned}.",
    )


def sizes_and_zooms(
    sides: Shaped[np.ndarray, " N"], zooms: Sequence[float], right: float
) -> Picture:
    """How large the objects are, and which of them each zoom brings to the right size.

    Args:
        sides: longest side of every object, in pixels.
        zooms: enlargements of the picture.
        right: the size that fits the window at zoom 1, in pixels.
    """
    low, high = right / max(zooms) / 2**OCTAVES, right / min(zooms) * 2**OCTAVES
    edges = np.geomspace(min(low, sides.min()), max(high, sides.max()) + 1, 36)
    edges = np.unique(edges.round()) - 0.5  # sides are whole numbers
    with panels(1, 1, width=7.4, height=3.2) as (figure, grid):
        axes = grid[0, 0]
        counts, *_ = axes.hist(sides, edges, color="#9a9a9a")
        for number, zoom in enumerate(sorted(zooms)):
            fits = right / zoom * np.array([2**-OCTAVES, 2**OCTAVES])
            axes.axvspan(*fits, color=(TRUE, FOUND)[number % 2], alpha=0.22, zorder=0)
            axes.text(right / zoom, 1.06 * counts.max(), f"zoom {zoom:.2f}",
                      ha="center", size=9)
        axes.set(xscale="log", xlabel="longest side of the object, pixels",
                 ylabel="objects", ylim=(0, 1.17 * counts.max()))
        ticks = [s for s in (2, 5, 10, 20, 50, 100, 200, 500, 1000)
                 if edges[0] <= s <= edges[-1]]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
    inside = ((sides >= low) & (sides <= high)).mean()
    return Picture(
        figure,
        f"{len(sides)} objects, their longest sides {sides.min():.0f} to "
        f"{sides.max():.0f} pixels. {len(zooms)} zooms together fit {inside:.0%} of "
        "them.",
    )


def training_crops(examples: Sequence[Example], stride: int, m: int) -> Picture:
    """What one training step sees: crops, drawn windows, and a mask that is asked for.

    The upper row shows the crops with the middles of their windows, and one positive
    window in full; the lower row what that window should show.
    """
    drawn, positive = 0, 0
    with panels(2, len(examples), width=2.1 * len(examples), height=4.3) as (
        figure, grid,
    ):
        for axes, example in zip(grid[0], examples, strict=True):
            crop_and_windows(bare(axes), example, stride, m)
            drawn += len(example.targets.label)
            positive += int(example.targets.label.sum())
        for axes, example in zip(grid[1], examples, strict=True):
            bare(axes)
            if len(example.targets.target):
                asked = example.targets.target[0].numpy()
                axes.imshow(asked, cmap="gray", vmin=0, vmax=1)
        grid[0, 0].set_ylabel("crop and windows")
        grid[1, 0].set_ylabel("asked of the orange one")
    return Picture(
        figure,
        f"{len(examples)} crops with {drawn} drawn windows, {positive} of them "
        "positive. Below each crop the mask that one of its positive windows should "
        "show.",
    )


def crop_and_windows(axes: Axes, example: Example, stride: int, m: int) -> None:
    """One crop, a mark for each drawn window, the first positive one in full."""
    shown = (255 * example.image.permute(1, 2, 0).numpy()).round()
    axes.imshow(few_shades(shown.astype(np.uint8)))
    centers, label = (x.numpy() for x in example.targets[:2])
    dots(axes, centers[label == 0], stride, WRONG, "x")
    dots(axes, centers[label == 1], stride, TRUE, "o")
    if len(example.targets.target):
        corner = stride * (centers[0][::-1] - m // 2) - 0.5
        axes.add_patch(Rectangle(corner, stride * m, stride * m, fill=False,
                                 edgecolor=FOUND, linewidth=2))
    h, w = shown.shape[:2]
    axes.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))


def dots(
    axes: Axes, centers: Int[np.ndarray, "n 2"], stride: int, colour: str, mark: str
) -> None:
    """A mark in the middle of each window."""
    y, x = (stride * (centers + 0.5) - 0.5).T
    edge = {} if mark == "x" else {"edgecolors": INK}
    axes.scatter(x, y, 11, colour, marker=mark, linewidths=0.6, **edge)
