"""Proposals drawn over the image they were found in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, UInt8
from matplotlib.axes import Axes

from ifcn_lab.draw.palette import COLOURS
from ifcn_lab.draw.picture import Picture, bare, panels
from ifcn_lab.segmenter import Instances

WIDEST, TALLEST, EACH = 8.0, 24.0, 2.6
"""Inches; a picture in the shape of a ribbon would else be metres long. EACH is the
width of one of several.
"""


def overlay(image: UInt8[np.ndarray, "h w 3"], found: Instances) -> Picture:
    """The image with every proposal outlined and lightly filled."""
    h, w = image.shape[:2]
    scale = min(WIDEST / w, TALLEST / h)
    with panels(1, 1, width=max(1.0, scale * w), height=max(1.0, scale * h)) as (
        figure, grid,
    ):
        outlined(bare(grid[0, 0]), image, found)
    return Picture(figure, alt_text(image, found))


def overlays(
    image: UInt8[np.ndarray, "h w 3"], found: Mapping[str, Instances]
) -> Picture:
    """The same image once for each model, with what that one found in it."""
    h, w = image.shape[:2]
    columns = min(4, len(found))
    rows = -(-len(found) // columns)
    side = min(EACH, TALLEST / rows * w / h)
    with panels(rows, columns, width=columns * side,
                height=rows * (side * h / w + 0.3)) as (figure, grid):
        for axes in grid.flat:
            bare(axes).set_visible(False)
        for axes, (name, answer) in zip(grid.flat, found.items(), strict=False):
            axes.set_visible(True)
            axes.set_title(f"{name}: {len(answer)}", fontsize=9)
            outlined(axes, image, answer)
    told = ", ".join(f"{name} {len(answer)}" for name, answer in found.items())
    return Picture(figure, f"A picture of {w} x {h} pixels once for each model, with "
                           f"the outlines of what it found. Objects found: {told}.")


def outlined(axes: Axes, image: UInt8[np.ndarray, "h w 3"], found: Instances) -> None:
    """Draw an image and its proposals."""
    h, w = image.shape[:2]
    axes.imshow(tinted(image, found))
    for index, mask in enumerate(found.masks):
        border(axes, mask, COLOURS[index % len(COLOURS)])
    axes.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))


def border(axes: Axes, mask: Bool[np.ndarray, "h w"], colour: str) -> None:
    """Draw the border of a mask, also where it is the picture's border."""
    h, w = mask.shape
    x, y = np.arange(-1, w + 1), np.arange(-1, h + 1)
    axes.contour(x, y, np.pad(mask, 1), levels=[0.5], colors=[colour], linewidths=1.5)


def tinted(image: UInt8[np.ndarray, "h w 3"], found: Instances) -> np.ndarray:
    """The image with a third of each mask's colour mixed in, the best on top."""
    from matplotlib.colors import to_rgb

    picture = image.astype(np.float32) / 255
    for index in reversed(range(len(found))):
        x0, y0, x1, y1 = found.boxes[index]
        piece = picture[y0:y1, x0:x1]
        colour = np.array(to_rgb(COLOURS[index % len(COLOURS)]), np.float32)
        piece[found.crops[index]] *= 2 / 3
        piece[found.crops[index]] += colour / 3
    return picture


def alt_text(
    image: np.ndarray, found: Instances, score: str = "objectness"
) -> str:
    """How many proposals there are, how sure, and how large."""
    h, w = image.shape[:2]
    if len(found) == 0:
        return f"A picture of {w} x {h} pixels without any proposal."
    sides = (found.boxes[:, 2:] - found.boxes[:, :2]).max(1)
    return (f"A picture of {w} x {h} pixels with {len(found)} outlined proposals, of "
            f"{score} {found.scores.min():.2f} to {found.scores.max():.2f}, their "
            f"longer sides {sides.min()} to {sides.max()} pixels.")
