"""Figures of an assignment: how a class counts its parts, its own scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_course.assignment.numbering import NUMBERINGS
from ifcn_lab.draw.palette import COLOURS, GREY, INK, PAPER, ink_on, part_colours
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.grid import Grid


def numbered_parts(numbering: str | Sequence[int], k: int, m: int) -> Picture:
    """A window of m x m places, its k x k parts in their colours, counted.

    Args:
        numbering: a name, or the k * k numbers, row by row.
        k: parts per side.
        m: window side, in places.

    Raises:
        KeyError: no such numbering.
        ValueError: not k * k numbers.
    """
    numbers = NUMBERINGS[numbering].table(k) if isinstance(numbering, str) else \
        np.reshape(numbering, (k, k))
    edges = Grid(k, m).edges
    with panels(1, 1, width=3.4, height=3.4) as (figure, axes):
        one = bare(axes[0, 0])
        one.set(xlim=(0, m), ylim=(m, 0), aspect="equal")
        for place, colour in enumerate(part_colours(k)):
            a, b = divmod(place, k)
            _part(one, edges[[a, a + 1]], edges[[b, b + 1]], colour, numbers[a, b])
        for at in range(1, m):
            one.axhline(at, color=INK, linewidth=0.3, alpha=0.4)
            one.axvline(at, color=INK, linewidth=0.3, alpha=0.4)
    return Picture(figure, numbered_words(numbers, m))


def numbered_words(numbers: Int[np.ndarray, "k k"], m: int) -> str:
    """The numbers of the parts, row by row, in words.

    >>> numbered_words(np.array([[0, 2], [1, 3]]), 6)
    'A window of 6 x 6 places with 2 x 2 parts. Row 0 reads maps 0, 2; row 1: 1, 3.'
    """
    k = len(numbers)
    rows = [", ".join(map(str, row)) for row in numbers.tolist()]
    said = "; ".join(f"row {a}: {row}" for a, row in enumerate(rows[1:], start=1))
    return (f"A window of {m} x {m} places with {k} x {k} parts. Row 0 reads maps "
            f"{rows[0]}; {said}.")


def _part(
    axes: Axes, rows: Int[np.ndarray, "2"], columns: Int[np.ndarray, "2"],
    colour: str, number: int | np.integer,
) -> None:
    (top, bottom), (left, right) = rows, columns
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, facecolor=colour,
                             edgecolor=PAPER, linewidth=2))
    axes.text((left + right) / 2, (top + bottom) / 2, str(number), ha="center",
              va="center", size=13, color=ink_on(colour), zorder=3,
              bbox={"fc": colour, "ec": "none", "pad": 1.5})


def scene_windows(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"],
    centers: Int[np.ndarray, "W 2"], m: int, stride: int = 4,
) -> Picture:
    """A scene, each object outlined, and windows over it, numbered.

    Args:
        image: the scene.
        masks: of its objects.
        centers: of the windows, (y, x) in places; none will do.
        m: window side, in places.
        stride: image pixels per place.
    """
    height, width = image.shape[:2]
    with panels(1, 1, width=4.4, height=4.4 * height / width) as (figure, axes):
        one = bare(axes[0, 0])
        one.imshow(image)
        for number, mask in enumerate(masks):
            outline(one, mask.astype(float), COLOURS[number % len(COLOURS)])
        for number, center in enumerate(centers):
            _window(one, center, m, stride, number)
        one.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    return Picture(figure, scene_words(image, masks, centers))


def _window(
    axes: Axes, center: Int[np.ndarray, "2"], m: int, stride: int, number: int
) -> None:
    top, left = stride * (np.asarray(center) - m // 2) - 0.5
    side, colour = stride * m, COLOURS[number % len(COLOURS)]
    axes.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=colour,
                             linewidth=1.5, linestyle="--"))
    y, x = stride * np.asarray(center) + stride / 2
    axes.text(x, y, str(number), ha="center", va="center", size=9, color=INK,
              bbox={"fc": PAPER, "ec": colour, "pad": 1.5})


def scene_words(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"],
    centers: Int[np.ndarray, "W 2"],
) -> str:
    """What the figure of a scene shows, in words: objects and windows."""
    height, width = image.shape[:2]
    places = [f"{n} at row {y}, column {x}"
              for n, (y, x) in enumerate(np.asarray(centers).tolist())]
    windows = f" Windows in places: {listing(places)}." if places else ""
    return (f"A scene of {height} x {width} pixels with {len(masks)} objects; they "
            f"have {listing([str(int(mask.sum())) for mask in masks])} visible "
            f"pixels.{windows}")


def stored_maps(counts: str, k: int) -> Bool[np.ndarray, "kk H W"]:
    """The k * k maps of a class's scene, of 32 x 32 places, from COCO's run lengths."""
    from pycocotools.mask import decode

    flat = decode({"size": [32 * k * k, 32], "counts": counts})
    return flat.astype(bool).reshape(k * k, 32, 32)


def exhibits(right: Sequence[int], wrong: Mapping[str, Sequence[int]]) -> Picture:
    """The right mask of a window and wrong ones, side by side, each with its letter.

    Args:
        right: the rows of the mask, each a whole number whose bits are its places.
        wrong: the same of each wrong mask, by its letter.
    """
    shown = {"right": unpacked(right)} | {
        letter: unpacked(rows) for letter, rows in wrong.items()}
    with panels(1, len(shown), width=1.75 * len(shown), height=2.1) as (figure, axes):
        for one, (name, mask) in zip(axes[0], shown.items(), strict=True):
            bare(one, name).imshow(mask, cmap="gray", vmin=0, vmax=1)
            one.spines[:].set(visible=True, color=GREY)
    return Picture(figure, exhibits_words(shown))


def unpacked(rows: Sequence[int]) -> Bool[np.ndarray, "m m"]:
    """A mask of m x m places from m whole numbers, the first pixel the highest bit.

    >>> unpacked([0b10, 0b01]).astype(int).tolist()
    [[1, 0], [0, 1]]
    """
    m = len(rows)
    bits = np.array(rows)[:, None] >> np.arange(m - 1, -1, -1)
    return (bits & 1).astype(bool)                                    # (m, m)


def packed(mask: Bool[np.ndarray, "m m"]) -> list[int]:
    """The whole numbers that `unpacked` turns into this mask.

    >>> packed(np.eye(2, dtype=bool))
    [2, 1]
    """
    powers = 2 ** np.arange(len(mask) - 1, -1, -1)
    return (mask * powers).sum(1).tolist()


def exhibits_words(shown: Mapping[str, Bool[np.ndarray, "m m"]]) -> str:
    """What the figure of exhibits shows, in words: the pixels of each row and column.

    >>> exhibits_words({"A": np.eye(2, dtype=bool)})
    'Masks of one window. A: 2 pixels; by rows 1 1, by columns 1 1.'
    """
    said = [f"{name}: {int(mask.sum())} pixels; by rows "
            f"{' '.join(map(str, mask.sum(1)))}, by columns "
            f"{' '.join(map(str, mask.sum(0)))}." for name, mask in shown.items()]
    return f"Masks of one window. {' '.join(said)}"
