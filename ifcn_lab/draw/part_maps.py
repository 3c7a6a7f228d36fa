"""Figures of lesson 2: parts of a window, score maps, what each map is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_lab.draw.equivariance import mark
from ifcn_lab.draw.palette import GREY, PAPER, ink_on, part_colours
from ifcn_lab.draw.picture import Picture, bare, listing, panels
from ifcn_lab.grid import Grid
from ifcn_lab.windows.oracle import parts_seen


def same_place(
    image: UInt8[np.ndarray, "h w 3"], place: tuple[int, int],
    centers: Int[np.ndarray, "N 2"], k: int, m: int, stride: int,
) -> Picture:
    """One place in several windows, each with its grid: it plays another part in each.

    Args:
        place: (y, x) on the map.
        centers: of the windows, (y, x) on the map.
    """
    shape = (image.shape[0] // stride, image.shape[1] // stride)
    parts = [parts_seen(c, Grid(k, m), shape)[place] for c in centers]
    count = len(centers)
    with panels(1, count, width=3.2 * count, height=3.1) as (figure, axes):
        for one, center, part in zip(axes[0], centers, parts, strict=True):
            bare(one, f"this window: part {part}").imshow(image)
            draw_grid(one, center, k, m, stride)
            y, x = (stride * at + stride // 2 for at in place)
            mark(one, (y, x))
            height, width = image.shape[:2]
            one.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    said = listing([f"part {part} in window {n}" for n, part in enumerate(parts, 1)])
    return Picture(figure, f"The place at row {place[0]}, column {place[1]} of the "
                   f"feature map plays {said}.")


def draw_grid(
    axes: Axes, center: Int[np.ndarray, "2"], k: int, m: int, stride: int
) -> None:
    """The k x k parts of a window over an image, in their colours, numbered."""
    edges = Grid(k, m).edges
    top, left = stride * (np.asarray(center) - m // 2) - 0.5
    for part, colour in enumerate(part_colours(k)):
        row, column = divmod(part, k)
        y, x = top + stride * edges[row], left + stride * edges[column]
        height, width = stride * np.diff(edges)[[row, column]]
        axes.add_patch(Rectangle((x, y), width, height, fc=colour, ec=PAPER, alpha=0.5))
        axes.text(max(x, 0) + 3, max(y, 0) + 3, str(part), fontsize=9, va="top",
                  color=ink_on(colour), clip_on=True,
                  bbox={"fc": colour, "ec": "none", "pad": 1.5})


def score_maps(
    maps: Shaped[np.ndarray, "kk H W"], *, title: str = "", side: float = 4.6,
    reads: Sequence[int] | None = None,
) -> Picture:
    """The k x k score maps, laid out like the parts of the window.

    Args:
        maps: truth values or probabilities.
        title: over the whole figure.
        side: of the figure, in inches.
        reads: the channel shown where each part stands; None: channel c at part c.
    """
    k = int(round(len(maps) ** 0.5))
    reads = range(k * k) if reads is None else reads
    with panels(k, k, width=side, height=side + 0.3 * bool(title)) as (figure, axes):
        for part, (one, channel) in enumerate(zip(axes.flat, reads, strict=True)):
            name = f"{channel}" if channel == part else f"channel {channel}"
            one_map(one, maps[channel], part_colours(k)[part], name)
        figure.suptitle(title, fontsize=10)
    return Picture(figure, maps_alt(maps, title))


def one_map(axes: Axes, values: np.ndarray, colour: str, name: str) -> None:
    """One score map in a frame of its part's colour, with its number."""
    bare(axes).imshow(values, cmap="gray", vmin=0, vmax=1)
    frame_in(axes, colour, 3)
    axes.text(0.03, 0.95, name, color=ink_on(colour), transform=axes.transAxes,
              va="top", fontsize=8, bbox={"fc": colour, "ec": "none", "pad": 1.5})


def maps_alt(maps: Shaped[np.ndarray, "kk H W"], title: str = "") -> str:
    """What a figure of score maps shows, in words: how much of each map is bright."""
    share = (np.asarray(maps, float) > 0.5).mean((1, 2))
    said = listing([f"map {c} {s:.1%}" for c, s in enumerate(share)])
    lead = f"{title}: " if title else ""
    return f"{lead}{len(maps)} score maps. Above one half are {said} of the places."


def window_masks(
    rows: Sequence[Shaped[np.ndarray, "N m m"]], titles: Sequence[str],
    ious: Sequence[Float[np.ndarray, " N"]] | None = None,
) -> Picture:
    """Assembled windows, one row for each set, titled; IoU with the object, if given.

    Args:
        rows: truth values, or probabilities.
        titles: one for each row.
        ious: for each row, the IoU of each window with its object.
    """
    count = max(len(row) for row in rows)
    size = (1.7 * count + 1.1, 1.95 * len(rows))
    with panels(len(rows), count, width=size[0], height=size[1]) as (figure, axes):
        for r, (row, title) in enumerate(zip(rows, titles, strict=True)):
            for n, window in enumerate(row):
                word = "" if ious is None else f"IoU {ious[r][n]:.2f}"
                bare(axes[r, n], word).imshow(window, cmap="gray", vmin=0, vmax=1)
                axes[r, n].spines[:].set(visible=True, color=GREY)
            axes[r, 0].set_ylabel(title, rotation=0, ha="right", va="center")
    return Picture(figure, window_masks_alt(rows, titles, ious))


def window_masks_alt(
    rows: Sequence, titles: Sequence[str], ious: Sequence | None
) -> str:
    """What a figure of windows shows, in words."""
    said = []
    for r, (row, title) in enumerate(zip(rows, titles, strict=True)):
        bright = [str((np.asarray(w, float) > 0.5).sum()) for w in row]
        text = f"{' '.join(title.split())}: {listing(bright)} places"
        if ious is not None:
            text += f", IoU {listing([f'{i:.2f}' for i in ious[r]])}"
        said.append(text)
    return f"Masks of {len(rows[0])} windows. {'; '.join(said)}."


def asked(
    asked: Float[np.ndarray, "kk H W"], yes: Float[np.ndarray, "kk H W"],
    *, side: float = 4.6,
) -> Picture:
    """What each map was asked: white "object", black "background", hatched never.

    Args:
        asked, yes: how often each map was asked about a place, and for how many of
            these the answer is "object"; as `windows.oracle.questions` gives them.
    """
    k = int(round(len(asked) ** 0.5))
    with panels(k, k, width=side, height=side) as (figure, axes):
        for part, one in enumerate(axes.flat):
            never = asked[part] == 0
            one.imshow(np.ones_like(yes[part]), cmap="gray", vmin=0, vmax=1.25)
            hatch(one, never)
            share = np.divide(yes[part], asked[part], where=~never,
                              out=np.full(never.shape, np.nan))
            one_map(one, share, part_colours(k)[part], str(part))
    share = (asked > 0).mean((1, 2))
    said = listing([f"map {c} {s:.0%}" for c, s in enumerate(share)])
    return Picture(figure, "The answers that training wants from each map. Asked at "
                   f"all are {said} of the places; about the others nobody asks.")


def hatch(axes: Axes, region: Bool[np.ndarray, "H W"]) -> None:
    """Hatching over a region: nothing is known here."""
    if region.any():
        drawn = axes.contourf(region, [0.5, 1.5], colors="none", hatches=["////"])
        drawn.set(edgecolor=GREY, linewidth=0)


def pulls(gradient: Float[np.ndarray, "kk H W"]) -> Picture:
    """Where a loss pulls at each channel: one panel a channel, red where it pulls."""
    k = int(round(len(gradient) ** 0.5))
    strength = np.abs(gradient)
    pulled = strength > 0.01 * strength.max()
    with panels(1, k * k, width=8, height=1.15) as (figure, axes):
        for channel, one in enumerate(axes[0]):
            bare(one).imshow(pulled[channel], cmap="Reds", vmin=0, vmax=1.3)
            frame_in(one, part_colours(k)[channel])
        head(axes[0], range(k * k), dict(enumerate(part_colours(k))))
    names = [str(c) for c in range(k * k) if pulled[c].any()]
    return Picture(figure, "The loss pulls at "
                   f"{len(names)} of {k * k} channels: {listing(names) or 'none'}.")


def frame_in(axes: Axes, colour: str, width: float = 2) -> None:
    """A frame of a part's colour."""
    axes.spines[:].set(visible=True, color=colour, linewidth=width)


def head(
    row: Iterable[Axes], order: Sequence[int], colours: dict[int, str]
) -> None:
    """Over each channel its number, and the part that reads it where that differs."""
    part_of = {channel: part for part, channel in enumerate(order)}
    for channel, one in enumerate(row):
        other = ("" if part_of[channel] == channel
                 else f", part {part_of[channel]}")
        one.set_title(f"{channel}{other}", fontsize=8, color=ink_on(colours[channel]),
                      bbox={"fc": colours[channel], "ec": "none", "pad": 2})


def probability(logits: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Logits as probabilities.

    >>> probability(np.array([0.0])).tolist()
    [0.5]
    """
    return 1 / (1 + np.exp(-logits))
