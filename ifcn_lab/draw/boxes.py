"""Figures of lesson 10: what is read in a box, what pulls it, which anchors learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_lab.draw.palette import FOUND, GREY, INK, PAPER, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.draw.training_windows import pale

STYLES = {"positive": (TRUE, "-"), "ignored": (GREY, "--"), "negative": (WRONG, ":")}


def box_to_mask(
    image: UInt8[np.ndarray, "h w 3"], plane: Float[np.ndarray, "H W"],
    box: Sequence[float], values: Float[np.ndarray, "P P"],
    found: Bool[np.ndarray, "h w"],
) -> Picture:
    """From a box to a mask: the picture, its map, what is read there, what is pasted.

    Args:
        image: the picture.
        plane: a map of it, 0 to 1.
        box: (x0, y0, x1, y1) in pixels of the picture.
        values: what was read in the box.
        found: the mask that came of it.
    """
    h, w = image.shape[:2]
    with panels(1, 4, width=8.4, height=2.5) as (figure, grid):
        bare(grid[0, 0], "1. a box").imshow(pale(image))
        bare(grid[0, 1], f"2. its map, {len(plane)} x {len(plane[0])}")
        grid[0, 1].imshow(plane, cmap="gray", vmin=0, vmax=1, extent=(0, w, h, 0))
        bare(grid[0, 2], f"3. what is read, {len(values)} x {len(values)}")
        grid[0, 2].imshow(values, cmap="gray", vmin=0, vmax=1)
        bare(grid[0, 3], "4. pasted back").imshow(pale(image))
        outline(grid[0, 3], found, TRUE, 2)
        for axes in (*grid[0, :2], grid[0, 3]):
            frame(axes, box, FOUND)
    return Picture(figure, f"A box of {box[2] - box[0]:.0f} x {box[3] - box[1]:.0f} "
                   f"pixels, its place on a map of {len(plane)} x {len(plane[0])}, "
                   f"{len(values)} x {len(values)} numbers read there, and the mask of "
                   f"{found.sum()} pixels that is pasted back into the box.")


def frame(
    axes: Axes, box: Sequence[float] | np.ndarray, colour: str, style: str = "-"
) -> None:
    """Draw a box in pixels; a pixel's middle stands at whole numbers of an image."""
    shift = 0.5 if axes.images and axes.images[0].get_extent()[0] < 0 else 0.0
    x0, y0, x1, y1 = (edge - shift for edge in box)
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, linewidth=2,
                             edgecolor=colour, linestyle=style))


def read_before_and_after(
    pairs: Mapping[str, tuple[Float[np.ndarray, "P P"], Float[np.ndarray, "P P"]]],
    what: str = "moved",
) -> Picture:
    """What each operator reads in a box, and in the same box when it has moved.

    Args:
        pairs: by operator, the numbers before and after.
        what: happened to the box in between.
    """
    count, said = len(pairs), []
    numbers = np.array([each for pair in pairs.values() for each in pair])
    with panels(2, count, width=8.4, height=4.2) as (figure, grid):
        for n, (name, pair) in enumerate(pairs.items()):
            for row, values in enumerate(pair):
                number_grid(bare(grid[row, n], name if row == 0 else ""), values,
                            numbers.min(), numbers.max())
            change = pair[1] - pair[0]
            said.append(f"{name} by {change.min():.2f} to {change.max():.2f}")
        for row, words in enumerate(("the box", what)):
            grid[row, 0].set_ylabel(words)
    return Picture(figure, f"Numbers read in a box and in the box {what}. They change: "
                   f"{listing(said)}.")


def number_grid(
    axes: Axes, values: Float[np.ndarray, "P P"], low: float, high: float
) -> None:
    """Greys with their numbers."""
    axes.imshow(values, cmap="gray", vmin=low, vmax=high)
    for (i, j), value in np.ndenumerate(values):
        bright = value > (low + high) / 2
        axes.text(j, i, f"{value:.4g}", ha="center", va="center",
                  color=INK if bright else PAPER, size=11)


def pulls_of_edges(
    away: Sequence[float], pulls: Mapping[str, Sequence[float]]
) -> Picture:
    """How a loss pulls at the edges of a box, by how far the box is off.

    Args:
        away: how far the box lies to the right of where it should, in places.
        pulls: by the edge's name, less the gradient; to the right is positive.
    """
    with panels(1, 1, width=7.4, height=3.2) as (figure, grid):
        axes = grid[0, 0]
        axes.axhline(0, color=GREY, linewidth=0.8)
        for (name, values), (colour, style) in zip(pulls.items(), STYLES.values(),
                                                   strict=False):
            axes.plot(away, values, color=colour, linestyle=style, linewidth=2,
                      label=name)
        axes.set(xlabel="places that the box is too far to the right",
                 ylabel="pull (to the right: above 0)")
        axes.legend()
    said = [f"{name} from {min(values):.2f} to {max(values):.2f}"
            for name, values in pulls.items()]
    return Picture(figure, f"Pull at the edges of a box that is off by {min(away):.1f} "
                   f"to {max(away):.1f} places: {listing(said)}.")


def anchors_and_labels(
    anchors: Float[np.ndarray, "N 4"], objects: Float[np.ndarray, "M 4"],
    label: Int[np.ndarray, " N"],
) -> Picture:
    """Objects as filled boxes, and each anchor with the label it was given.

    Args:
        anchors, objects: (x0, y0, x1, y1).
        label: of each anchor the object that it learns, -1 negative, -2 ignored.
    """
    kinds = ["ignored" if n == -2 else "negative" if n == -1 else "positive"
             for n in label]
    with panels(1, 1, width=6.4, height=4.2) as (figure, grid):
        axes = bare(grid[0, 0])
        for number, (x0, y0, x1, y1) in enumerate(objects):
            axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, color="#d6e8f5"))
            axes.text(x0 - 2.6, (y0 + y1) / 2, f"object {number}", ha="right",
                      va="center")
        for number, (box, kind) in enumerate(zip(anchors, kinds, strict=True)):
            colour, style = STYLES[kind]
            frame(axes, box, colour, style)
            axes.text(box[2] + 0.4, box[3] - 0.3, f"{number}", color=colour)
        for kind, (colour, style) in STYLES.items():
            axes.plot([], [], color=colour, linestyle=style, linewidth=2, label=kind)
        x1, y1 = anchors[:, 2:].max(0)
        axes.set(xlim=(-14, x1 + 4), ylim=(y1 + 2, -2), aspect="equal")
        axes.legend(loc="lower left", bbox_to_anchor=(0.16, 0.0))
    said = listing([f"{number} {kind}" for number, kind in enumerate(kinds)])
    return Picture(figure, f"{len(objects)} objects and {len(anchors)} anchors: "
                   f"{said}.")


def three_stages(
    image: UInt8[np.ndarray, "h w 3"], boxes: Float[np.ndarray, "N 4"],
    masks: Float[np.ndarray, "N P P"], sure: Float[np.ndarray, " N"],
    moved: Float[np.ndarray, "N 4"],
) -> Picture:
    """A cascade: boxes, the masks read in them, and how sure of an object each is.

    Args:
        image: the picture.
        boxes: (x0, y0, x1, y1) in pixels.
        masks: in each box, 0 to 1.
        sure: the probability that each shows an object.
        moved: where the last stage puts each box.
    """
    titles = ("1. boxes", "2. their masks", "3. an object? and its box")
    with panels(1, 3, width=8.4, height=3.1) as (figure, grid):
        for axes, title in zip(grid[0], titles, strict=True):
            bare(axes, title).imshow(pale(image))
        for box, mask, share, better in zip(boxes, masks, sure, moved, strict=True):
            frame(grid[0, 0], box, FOUND)
            frame(grid[0, 1], box, FOUND, ":")
            outline(grid[0, 1], pasted(mask, box, image.shape[:2]), TRUE, 2)
            frame(grid[0, 2], better, TRUE if share > 0.5 else GREY,
                  "-" if share > 0.5 else ":")
            grid[0, 2].text(*(better[:2] + 3), f"{share:.2f}", va="top", size=10,
                            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1})
    return Picture(figure, f"{len(boxes)} boxes, the mask that was read in each of "
                   "them, and where it is moved. They show an object with probability "
                   f"{listing([f'{share:.2f}' for share in sure])}.")


def pasted(
    mask: Float[np.ndarray, "P P"], box: Float[np.ndarray, "4"], shape: tuple[int, int]
) -> Bool[np.ndarray, "h w"]:
    """A mask of a box at its place in a picture of (h, w), cut at one half."""
    import torch

    from ifcn_lab.layers.two_stage import paste_part, within

    found, edges = np.zeros(shape, bool), torch.from_numpy(box)
    x0, y0, x1, y1 = pixels = within(edges, shape)
    found[y0:y1, x0:x1] = paste_part(torch.from_numpy(mask), edges, pixels) > 0.5
    return found
