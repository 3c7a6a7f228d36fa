"""Figures of lesson 5: windows, their labels, what is drawn from them and asked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_lab.draw.palette import GREY, INK, TRUE, WRONG, part_colours
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.windows.labels import WindowLabels, WindowSample

POSITIVE, NEGATIVE, IGNORED = 1, 0, -1
BEYOND = 225
"""The grey of what lies beyond the border of an image."""


class Kind(NamedTuple):
    """How one kind of window is shown: its name, colour and mark."""

    name: str
    colour: str
    mark: str
    size: float


KINDS: Mapping[int, Kind] = MappingProxyType({
    POSITIVE: Kind("positive", TRUE, "o", 26),
    IGNORED: Kind("ignored", "#f5f5f5", "s", 7),
    NEGATIVE: Kind("negative", WRONG, "x", 9),
})


def window_labels(
    image: UInt8[np.ndarray, "h w 3"], labels: WindowLabels, stride: int, *,
    zoom: float = 1.0,
) -> Picture:
    """The label of the window centred at each place, as one mark per place.

    Args:
        image: the picture, of any zoom.
        labels: of the picture enlarged by `zoom`.
        stride: image pixels per place of the feature map.
        zoom: how much the network's picture is larger than `image`.
    """
    with panels(1, 1, width=5.2, height=5.2) as (figure, grid):
        axes = bare(grid[0, 0])
        axes.imshow(pale(image))
        for kind in KINDS:
            mark_places(axes, np.argwhere(labels.label == kind), kind, stride / zoom)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3,
                    handletextpad=0.2, markerscale=1.3)
    return Picture(figure, labels_alt(labels))


def few_shades(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with 32 shades a colour: noise is lost, and half of the file's size.

    >>> few_shades(np.array([[[0, 100, 255]]], np.uint8)).tolist()
    [[[4, 100, 252]]]
    """
    return image // 8 * 8 + 4


def pale(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The picture lighter and of half the contrast, so that marks on it stand out.

    >>> pale(np.array([[[0, 100, 255]]], np.uint8)).tolist()
    [[[98, 146, 222]]]
    """
    return few_shades(image) // 2 + 96


def mark_places(
    axes: Axes, places: Int[np.ndarray, "n 2"], kind: int, side: float
) -> None:
    """One mark in the middle of each place; `side` is a place's, in shown pixels."""
    name, colour, mark, size = KINDS[kind]
    edge = {} if mark == "x" else {"edgecolors": INK}
    y, x = (side * (places + 0.5) - 0.5).T
    axes.scatter(x, y, size, colour, marker=mark, linewidths=0.6, **edge,
                 label=f"{name}: {len(places)}")


def labels_alt(labels: WindowLabels) -> str:
    """How many windows of each kind there are, and of how many objects."""
    counts = [f"{(labels.label == kind).sum()} {KINDS[kind].name}" for kind in KINDS]
    objects = len(np.unique(labels.instance[labels.label == POSITIVE]))
    return (f"A scene with a mark at the middle of each of its {labels.label.size} "
            f"windows: {listing(counts)}. The positive ones stand in small groups in "
            f"the middle of {objects} objects.")


def window_crops(
    image: UInt8[np.ndarray, "h w 3"], labels: WindowLabels, stride: int, m: int, *,
    columns: int = 5,
) -> Picture:
    """What the network sees in windows of each kind: a row of examples for each."""
    with panels(3, columns, width=6.6, height=4.3) as (figure, grid):
        for row, kind in zip(grid, KINDS, strict=True):
            centers = np.argwhere(labels.label == kind)
            chosen = np.linspace(0, len(centers) - 1, columns).round().astype(int)
            for axes, index in zip(row, chosen, strict=True):
                bare(axes).axis("on" if len(centers) else "off")
                if len(centers):
                    axes.imshow(crop(image, centers[index], stride, m))
                    cross(axes, stride * m, KINDS[kind].colour)
            row[0].set_ylabel(KINDS[kind].name)
    return Picture(
        figure,
        f"Three rows of {columns} windows of {stride * m} pixels. In "
        "the positive ones an object of the right size stands in the "
        "middle. In the ignored ones it is a little off or of another "
        "size. In the negative ones no object stands in the middle.",
    )


def cross(axes: Axes, side: int, colour: str) -> None:
    """A small mark in the middle of a window of `side` pixels."""
    axes.plot(side / 2 - 0.5, side / 2 - 0.5, "+", color=INK, markersize=9, mew=3.5)
    axes.plot(side / 2 - 0.5, side / 2 - 0.5, "+", color=colour, markersize=8, mew=1.8)


def crop(
    image: UInt8[np.ndarray, "h w 3"], center: Int[np.ndarray, "2"], stride: int, m: int
) -> UInt8[np.ndarray, "s s 3"]:
    """The pixels under one window, light grey where there is no image.

    >>> crop(np.zeros((8, 8, 3), np.uint8), np.array([0, 0]), 4, 3)[:, 0, 0].tolist()
    [225, 225, 225, 225, 225, 225, 225, 225, 225, 225, 225, 225]
    >>> crop(np.zeros((8, 8, 3), np.uint8), np.array([0, 0]), 4, 3)[:, 6, 0].tolist()
    [225, 225, 225, 225, 4, 4, 4, 4, 4, 4, 4, 4]
    """
    side = stride * m
    around = ((side, side), (side, side), (0, 0))
    padded = np.pad(few_shades(image), around, constant_values=BEYOND)
    y, x = stride * (center - m // 2) + side
    return padded[y : y + side, x : x + side]


def drawn_windows(
    image: UInt8[np.ndarray, "h w 3"], draws: Mapping[str, WindowSample], stride: int
) -> Picture:
    """Windows drawn for one step, one panel for each way of drawing.

    A window that was drawn more often has a larger mark.
    """
    with panels(1, len(draws), width=8, height=4.6) as (figure, grid):
        for axes, (name, drawn) in zip(grid[0], draws.items(), strict=True):
            share = (drawn.label == POSITIVE).sum()
            bare(axes, f"{name}\n{share} of {len(drawn.label)} are positive")
            axes.imshow(pale(image))
            for kind in (NEGATIVE, POSITIVE):
                mark_drawn(axes, drawn.centers[drawn.label == kind], kind, stride)
    said = [f"{name}, {(d.label == 1).sum()} of {len(d.label)} windows are positive"
            for name, d in draws.items()]
    return Picture(
        figure,
        f"The windows of one training step. {'; '.join(said)}.",
    )


def mark_drawn(
    axes: Axes, centers: Int[np.ndarray, "n 2"], kind: int, stride: int
) -> None:
    """A mark at each centre, larger where it was drawn several times."""
    places, times = np.unique(centers, axis=0, return_counts=True)
    _, colour, mark, size = KINDS[kind]
    edge = {} if mark == "x" else {"edgecolors": INK}
    y, x = (stride * (places + 0.5) - 0.5).T
    axes.scatter(x, y, size * (0.5 + times / 2), colour, marker=mark, linewidths=0.8,
                 **edge)


def window_targets(
    image: UInt8[np.ndarray, "h w 3"], centers: Int[np.ndarray, "P 2"],
    target: Float[np.ndarray, "P m m"], counts: Bool[np.ndarray, "P m m"], stride: int,
) -> Picture:
    """Windows above, the masks they should show below; crossed places do not count."""
    m = target.shape[1]
    with panels(2, len(centers), width=8.4, height=3.6) as (figure, grid):
        for index, (above, below) in enumerate(grid.T):
            bare(above).imshow(crop(image, centers[index], stride, m))
            draw_target(bare(below), target[index], counts[index])
        grid[0, 0].set_ylabel("window")
        grid[1, 0].set_ylabel("target")
    shares = listing([f"{share:.0%}" for share in target.mean((1, 2))])
    off = int((~counts).any((1, 2)).sum())
    return Picture(
        figure,
        f"{len(centers)} positive windows and their targets of {m} x "
        f"{m} places. The object in the middle is white, neighbours "
        f"are black like the ground. It fills {shares}. {off} of the "
        "windows reach over the border of the map.",
    )


def draw_target(
    axes: Axes, target: Float[np.ndarray, "m m"], counts: Bool[np.ndarray, "m m"]
) -> None:
    """One target in grey scale, hatched where no pixel counts."""
    m = len(target)
    axes.imshow(np.where(counts, target, np.nan), cmap="gray", vmin=0, vmax=1)
    for i, j in np.argwhere(~counts):
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor="#f3dcc6",
                                 edgecolor=GREY, hatch="////", linewidth=0))
    axes.add_patch(Rectangle((-0.5, -0.5), m, m, fill=False, edgecolor=INK))


def copy_counts(
    counts: Shaped[np.ndarray, "kk H W"], masks: Bool[np.ndarray, "N H W"] | None = None
) -> Picture:
    """How often each score of each map was copied: a panel a map, in its part's frame.

    Args:
        counts: whole numbers, 0 for scores that no window reads.
        masks: objects in places of the map, whose outlines help to find one's way.
    """
    k, most = int(round(len(counts) ** 0.5)), int(counts.max())
    with panels(k, k, width=6.6, height=6.3) as (figure, grid):
        for channel, (axes, colour) in enumerate(
            zip(grid.flat, part_colours(k), strict=True)
        ):
            shown = axes.imshow(counts[channel], cmap="magma", vmin=0, vmax=most)
            frame(axes, str(channel), colour)
            for mask in () if masks is None else masks:
                outline(axes, mask.astype(float), "#ffffff", 0.7)
        bar = figure.colorbar(shown, ax=grid, shrink=0.6, pad=0.02)
        bar.set_label("times copied")
    return Picture(figure, copies_alt(counts))


def frame(axes: Axes, number: str, colour: str) -> None:
    """Frame a map in its part's colour and print its number."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=colour, linewidth=3)
    axes.text(0.05, 0.95, number, transform=axes.transAxes, va="top", size=8, color=INK,
              bbox={"facecolor": "white", "pad": 1.2, "linewidth": 0})


def copies_alt(counts: Shaped[np.ndarray, "kk H W"]) -> str:
    """How much of the maps was copied, and how far apart two corner maps were."""
    rows = [np.average(np.arange(c.shape[0]), weights=c.sum(1) + 1e-9) for c in counts]
    untouched = (counts == 0).mean()
    return (
        f"{len(counts)} score maps. No window copied {untouched:.0%} of their scores; "
        f"one score was copied {int(counts.max())} times. Map 0 was copied round row "
        f"{rows[0]:.0f} on average, map {len(counts) - 1} round row {rows[-1]:.0f}."
    )
