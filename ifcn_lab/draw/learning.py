"""Figures of lesson 5: the losses fall, the masks appear, grids side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from matplotlib.axes import Axes

from ifcn_lab.draw.overlay import COLOURS
from ifcn_lab.draw.palette import FOUND, INK, TRUE
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels
from ifcn_lab.draw.training_windows import few_shades


def logistic(logits: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Probabilities of logits, without overflow.

    >>> logistic(np.array([0.0, -2000.0])).tolist()
    [0.5, 0.0]
    """
    return 0.5 + 0.5 * np.tanh(logits / 2)


def pixel_loss() -> Picture:
    """The loss of one pixel by its logit: one curve for each of the two targets."""
    logits = np.linspace(-6, 6, 121)
    with panels(1, 1, width=5.2, height=2.8) as (figure, grid):
        axes = grid[0, 0]
        for target, colour, style in ((1, TRUE, "-"), (0, FOUND, "--")):
            loss = -np.log(logistic(logits if target else -logits))
            axes.plot(logits, loss, style, color=colour, linewidth=2,
                      label=f"target {target}")
        axes.plot(0, np.log(2), "o", color=INK)
        axes.annotate("ln 2 = 0.69", (0, np.log(2)), (0, 34), ha="center",
                      textcoords="offset points", arrowprops={"arrowstyle": "-"})
        axes.set(xlabel="logit", ylabel="loss", ylim=(0, 6.2))
        axes.legend(loc="upper center")
    return Picture(
        figure,
        "The logistic loss of one pixel. With target 1 it falls from 6 "
        "at logit -6 to almost 0 at logit 6; with target 0 it is the "
        "mirror image. Both are 0.69 at logit 0.",
    )


def shown_window(
    axes: Axes, window: Float[np.ndarray, "m m"], truth: Float[np.ndarray, "m m"]
) -> None:
    """One window's probabilities in grey scale, the object's border in colour."""
    bare(axes).imshow(logistic(window), cmap="gray", vmin=0, vmax=1)
    outline(axes, truth, FOUND)


def same_windows(
    crops: Sequence[UInt8[np.ndarray, "s s 3"]], truth: Float[np.ndarray, "N m m"],
    columns: Mapping[str, Float[np.ndarray, "N m m"]],
) -> Picture:
    """One row for each window: what it sees, and the mask every network reads there.

    Args:
        crops: the pixels under each window.
        truth: the target of each window.
        columns: by name, the logits that one network assembles at these windows.
    """
    rows, wide = len(crops), len(columns) + 1
    right = {}
    with panels(rows, wide, width=1.75 * wide, height=1.8 * rows) as (figure, grid):
        for axes, piece in zip(grid[:, 0], crops, strict=True):
            bare(axes).imshow(piece)
        grid[0, 0].set_title("the window sees")
        for column, (name, logits) in zip(grid.T[1:], columns.items(), strict=True):
            for axes, window, object_ in zip(column, logits, truth, strict=True):
                shown_window(axes, window, object_)
            column[0].set_title(name)
            right[name] = ((logits > 0) == (truth > 0.5)).mean()
    said = listing([f"{share:.0%} with {name}" for name, share in right.items()])
    return Picture(
        figure,
        f"{rows} windows, and the mask each network assembles there. On "
        f"the right side of the border are {said} of the pixels.",
    )


def side_by_side(
    images: Sequence[UInt8[np.ndarray, "h w 3"]],
    columns: Mapping[str, Sequence[Bool[np.ndarray, "_ h w"]]],
) -> Picture:
    """One row for each image, one column of masks for each name: truth, k = 1, ...

    The masks of one panel have different colours, the first masks lie on top.
    """
    rows, wide = len(images), len(columns)
    with panels(rows, wide, width=2.0 * wide, height=2.05 * rows) as (figure, grid):
        for column, (name, found) in zip(grid.T, columns.items(), strict=True):
            column[0].set_title(name)
            for axes, image, masks in zip(column, images, found, strict=True):
                paint(bare(axes, axes.get_title()), image, masks)
    counts = [f"{name}: {listing([str(len(masks)) for masks in found])}"
              for name, found in columns.items()]
    return Picture(
        figure,
        f"Masks in {rows} scenes, by column. {'. '.join(counts)}.",
    )


def paint(
    axes: Axes, image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"]
) -> None:
    """An image with filled and outlined masks, each in a colour of its own."""
    from matplotlib.colors import to_rgb

    shown = few_shades(image) / 255
    colours = [COLOURS[index % len(COLOURS)] for index in range(len(masks))]
    for mask, colour in reversed(list(zip(masks, colours, strict=True))):
        shown[mask] = 0.45 * shown[mask] + 0.55 * np.array(to_rgb(colour))
    axes.imshow(shown)
    for mask in masks:
        outline(axes, mask.astype(float), INK, 1.0)
