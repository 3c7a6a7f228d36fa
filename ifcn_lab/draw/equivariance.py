"""Figures of lesson 1: shifted inputs, one score map, two answers for one pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_lab.draw.palette import FOUND, GREY, INK, PAPER, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, listing, panels

ANSWERS = {True: ("object", TRUE), False: ("background", WRONG)}


def shift(
    image: Shaped[np.ndarray, "h w"], before: Shaped[np.ndarray, "H W"],
    moved: Shaped[np.ndarray, "h2 w2"], after: Shaped[np.ndarray, "H2 W2"],
) -> Picture:
    """An image and its response, both again after the camera moved, and what differs.

    Args:
        image, before: an image and what a layer makes of it.
        moved, after: the image with its first rows and columns cut off, and what the
            layer makes of that.
    """
    same = agreement(before, after)
    with panels(1, 5, height=1.85) as (figure, axes):
        for place, (values, title) in enumerate([
            (image, "image"), (before, "its response"),
            (moved, "camera moved"), (after, "its response"),
        ]):
            bare(axes[0, place], title).imshow(values, cmap="gray")
        y, x = np.nonzero(~same)
        bare(axes[0, 4], "where they differ").plot(x, y, "s", ms=2, mew=0, color=WRONG)
        axes[0, 4].set_aspect("equal")
        for one, of in zip(axes[0], (image, before) * 2 + (before,), strict=False):
            high, wide = of.shape                       # one scale for all pictures
            one.set(xlim=(-0.02 * wide, wide), ylim=(high, -0.02 * high))
            thin_frame(one)
    return Picture(figure, shift_alt(image, moved, same))


def shift_alt(image: np.ndarray, moved: np.ndarray, same: np.ndarray) -> str:
    """What the figure `shift` shows, in words."""
    rows, columns = np.subtract(image.shape, moved.shape)
    where = np.argwhere(~same)
    if len(where) == 0:
        found = "The two responses are equal at every place."
    else:
        reach = int(np.min(where, axis=1).max()) + 1
        near = same[reach:, reach:].all()
        first = "row and column" if reach == 1 else f"{reach} rows and columns"
        few = near and reach < min(same.shape) // 4
        place = f", all of them in the first {first}" if few else ""
        found = (f"The two responses differ at {len(where)} of {same.size} places"
                 f"{place}.")
    return (f"An image and its response, then the same with {rows} rows and {columns} "
            f"columns cut off at the top and left. {found}")


def agreement(
    before: Shaped[np.ndarray, "H W"], after: Shaped[np.ndarray, "H2 W2"]
) -> Bool[np.ndarray, "H2 W2"]:
    """Where a response equals the last rows and columns of the one before.

    >>> agreement(np.array([[1, 2], [3, 4]]), np.array([[4]])).tolist()
    [[True]]
    """
    rows, columns = np.subtract(before.shape, after.shape)
    return before[rows:, columns:] == after


def commuting(
    table: Bool[np.ndarray, "L shifts"], strides: Sequence[int], shifts: Sequence[int]
) -> Picture:
    """Which shifts commute with layers of which stride: one row for each stride."""
    with panels(1, 1, width=6.5, height=0.8 + 0.42 * len(strides)) as (figure, axes):
        one = axes[0, 0]
        one.imshow(~table, cmap=two_tone(), vmin=0, vmax=1.6, aspect="auto")
        for row, column in np.ndindex(table.shape):
            word = "equal" if table[row, column] else "no"
            one.text(column, row, word, ha="center", va="center", fontsize=9)
        one.set_xticks(range(len(shifts)), shifts)
        one.set_yticks(range(len(strides)), [f"stride {s}" for s in strides])
        one.set_xlabel("shift of the image, pixels")
        one.tick_params(length=0)
        one.spines[:].set_visible(False)
    said = [f"stride {s}: shifts of {listing([str(x) for x in np.array(shifts)[row]])}"
            for s, row in zip(strides, table, strict=True)]
    return Picture(figure, f"Shifts with which a layer commutes, {'; '.join(said)} px.")


def painted(
    image: UInt8[np.ndarray, "h w 3"], score: Float[np.ndarray, "h w"],
    objects: Int[np.ndarray, "h w"],
) -> Picture:
    """An image, its one score map, and the connected pieces above one half.

    Args:
        score: probabilities.
        objects: 0 for background, n for piece n.
    """
    count = int(objects.max())
    with panels(1, 3, width=6.5, height=2.5) as (figure, axes):
        bare(axes[0, 0], "image").imshow(image)
        bare(axes[0, 1], "the one score map").imshow(score, cmap="gray", vmin=0, vmax=1)
        pieces = axes[0, 2]
        bare(pieces, f"objects found: {count}").imshow(
            coloured(objects), interpolation="nearest")
        for number in range(1, count + 1):
            y, x = np.argwhere(objects == number).mean(0)
            pieces.text(x, y, str(number), color=PAPER, ha="center", va="center",
                        fontsize=13, bbox={"fc": INK, "ec": PAPER, "pad": 3})
        for one in axes[0]:
            thin_frame(one)
    share, plural = (score > 0.5).mean(), "s" * (count != 1)
    return Picture(figure, f"An image and its score map, above one half on {share:.0%} "
                   f"of the pixels. They make {count} connected piece{plural}.")


def coloured(objects: Int[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
    """Two colours in turn for the pieces, white for the background."""
    from matplotlib.colors import to_rgb

    colours = np.array([to_rgb(c) for c in (PAPER, TRUE, WRONG)])
    return colours[np.where(objects > 0, 1 + (objects - 1) % 2, 0)]


def two_answers(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "2 h w"],
    pixel: tuple[int, int], side: int,
) -> Picture:
    """One pixel in the windows of two objects, and what each window wants it to be.

    Args:
        pixel: (y, x) in the image.
        side: of a window, in pixels; each window is centred on its object.
    """
    names, answers = ("left", "right"), [bool(mask[pixel]) for mask in masks]
    with panels(1, 3, width=8, height=2.9) as (figure, axes):
        whole = bare(axes[0, 0], "one pixel, two windows")
        whole.imshow(image)
        mark(whole, pixel)
        for place, mask in enumerate(masks):
            y0, x0 = corner_of_window(mask, side)
            colour, square = (TRUE, FOUND)[place], ((x0, y0), side, side)
            whole.add_patch(Rectangle(*square, fill=False, ec=colour, lw=2))
            word, _ = ANSWERS[answers[place]]
            one = bare(axes[0, place + 1], f"{names[place]} window wants: {word}")
            one.imshow(mask, cmap="gray", vmin=-0.3, vmax=1)
            one.set_facecolor("#d9d9d9")                # beyond the image
            one.set(xlim=(x0 - 0.5, x0 + side - 0.5), ylim=(y0 + side - 0.5, y0 - 0.5))
            thin_frame(one, colour, 2)
            mark(one, pixel)
    said = [f"the {n} window wants {ANSWERS[a][0]}"
            for n, a in zip(names, answers, strict=True)]
    return Picture(figure, f"The pixel at row {pixel[0]}, column {pixel[1]} lies in "
                   f"the windows of both objects: {listing(said)}.")


def corner_of_window(mask: Bool[np.ndarray, "h w"], side: int) -> tuple[int, int]:
    """Top left pixel of the window centred on an object; it may lie off the image.

    >>> corner_of_window(np.ones((4, 6), bool), side=2)
    (1, 2)
    """
    y, x = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return (int(y[0] + y[-1] + 1 - side) // 2, int(x[0] + x[-1] + 1 - side) // 2)


def mark(axes: Axes, pixel: tuple[int, int]) -> None:
    """A dot with a ring at a pixel, visible on any ground."""
    axes.plot(pixel[1], pixel[0], "o", ms=7, mfc=WRONG, mec=PAPER, mew=1.5)


def thin_frame(axes: Axes, colour: str = GREY, width: float = 0.6) -> None:
    """A frame, so that white pictures have an edge on white paper."""
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=colour, linewidth=width)


def two_tone() -> object:
    """A colour map from paper to the colour of what is wrong."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("two_tone", [PAPER, WRONG])


def price(
    answers: Sequence[int], guesses: Float[np.ndarray, " n"],
    loss: Float[np.ndarray, " n"],
) -> Picture:
    """The loss of every single score that a pixel could give to all its windows."""
    best = int(np.argmin(loss))
    with panels(1, 1, width=5, height=2.4) as (figure, axes):
        one = axes[0, 0]
        one.plot(guesses, loss, color=INK)
        one.plot(guesses[best], loss[best], "o", color=WRONG)
        one.annotate(f"{loss[best]:.2f} at {guesses[best]:.2f}",
                     (guesses[best], loss[best]), (0, 14), ha="center",
                     textcoords="offset points")
        one.set(xlabel="the pixel's one score", ylabel="mean loss", ylim=(0, 3))
    return Picture(figure, f"Mean logistic loss of one score asked for the answers "
                   f"{listing([str(a) for a in answers])}. It is smallest, "
                   f"{loss[best]:.2f}, at a score of {guesses[best]:.2f}.")
