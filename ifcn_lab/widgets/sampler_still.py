"""The still picture of a WindowSampler: every window's label, and the drawn ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image, ImageDraw, ImageFilter

from ifcn_lab.draw.palette import INK, TRUE, WRONG
from ifcn_lab.widgets import still
from ifcn_lab.widgets.lettering import write
from ifcn_lab.windows.labels import WindowLabels, WindowSample

SIDE, LINE = 330, 20
IGNORED = "#ffffff"


def picture(
    image: UInt8[np.ndarray, "h w 3"], labels: WindowLabels, drawn: WindowSample
) -> UInt8[np.ndarray, "H W 3"]:
    """Two copies of the picture: a mark for each window, a mark for each drawn one."""
    every = np.argwhere(labels.label > -2)                            # (H * W, 2)
    once = np.ones(len(every), int)
    left = sheet(image, f"{len(every)} windows")
    mark(left, labels, every, once)
    right = sheet(image, f"{len(drawn.label)} drawn, larger if drawn more often")
    if len(drawn.centers):
        mark(right, labels, *np.unique(drawn.centers, axis=0, return_counts=True))
    return still.beside(np.asarray(left), np.asarray(right), gap=20)


def sheet(image: UInt8[np.ndarray, "h w 3"], title: str) -> Image.Image:
    """The picture enlarged and without its noise, under a line of words."""
    times = SIDE / max(image.shape[:2])
    size = [round(side * times) for side in image.shape[1::-1]]
    found = Image.new("RGB", (size[0], size[1] + LINE), "white")
    calm = Image.fromarray(image).filter(ImageFilter.MedianFilter(5))
    found.paste(calm.resize(size, Image.Resampling.NEAREST), (0, LINE))
    write(found, 0, 2, title)
    return found


def mark(
    on: Image.Image, labels: WindowLabels, centers: Int[np.ndarray, "n 2"],
    times: Int[np.ndarray, "n"],
) -> None:
    """One mark in the cell of each window, larger where it was drawn more often."""
    draw, cell = ImageDraw.Draw(on), on.width / labels.label.shape[1]
    for (y, x), count in zip(centers.tolist(), times.tolist(), strict=True):
        across, down = (x + 0.5) * cell, LINE + (y + 0.5) * cell
        reach = cell * min(0.8, 0.22 + 0.08 * count)
        box = (across - reach, down - reach, across + reach, down + reach)
        kind = labels.label[y, x]
        if kind == 1:
            draw.ellipse(box, TRUE, INK)
        elif kind == -1:
            draw.rectangle(box, IGNORED, INK)
        else:
            draw.line(box, WRONG, 1)
            draw.line((box[0], box[3], box[2], box[1]), WRONG, 1)
