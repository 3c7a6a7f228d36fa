"""The still picture of a MapGrid: picture, maps and scores, made of pixels."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ifcn_lab.widgets import still

if TYPE_CHECKING:
    from ifcn_lab.widgets.mapgrid import MapGrid

HERE = "#d55e00"


def picture(widget: MapGrid) -> UInt8[np.ndarray, "h w 3"]:
    """The picture, the maps with the place marked, and its scores in a table."""
    columns = [_maps(widget), _table(widget)]
    if widget.image:
        columns.insert(0, _left(widget))
    return still.beside(*columns, gap=16)


def _left(widget: MapGrid) -> UInt8[np.ndarray, "h w 3"]:
    with Image.open(BytesIO(widget.image)) as opened:
        every = np.asarray(opened.convert("RGB"))
    height = widget.image_size[0]
    shown = every[widget.scene * height : (widget.scene + 1) * height]
    times = max(1, round(240 / max(shown.shape[:2])))
    shown, (y, x) = still.enlarged(shown, times), widget._at()
    across, down = shown.shape[1] / widget.W, shown.shape[0] / widget.H
    box = [round(v) for v in (x * across, y * down, (x + 1) * across, (y + 1) * down)]
    shown = still.titled(_marked(shown, box), "the picture")
    windows = [still.titled(_window(mask), f"window {n}")
               for n, mask in enumerate(widget.windows(), 1)]
    if not windows:
        return shown
    below = still.beside(*windows, gap=12)
    width = max(shown.shape[1], below.shape[1])
    wide = [np.pad(each, ((0, 8), (0, width - each.shape[1]), (0, 0)),
                   constant_values=still.PAPER) for each in (shown, below)]
    return np.concatenate(wide)


def _window(mask: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    grey = np.where(mask, 255, 0).astype(np.uint8)
    return still.enlarged(grey, max(1, 72 // len(mask)))


def _maps(widget: MapGrid) -> UInt8[np.ndarray, "h w 3"]:
    maps, (y, x) = widget.maps(), widget._at()
    times = max(1, 320 // (widget.k * max(widget.H, widget.W)))
    box = [times * v for v in (x, y, x + 1, y + 1)]
    limits = [0, 1] if widget.source == "perfect" else widget.limits
    shown = []
    for part, one in enumerate(maps):
        image = still.enlarged(still.shade(one, limits), times)
        whole = (0, 0, image.shape[1], image.shape[0])
        image = still.framed(_marked(image, box), whole, widget.colours[part])
        number = str(widget.number(part))
        shown.append(still.written(image, number, (5, 4), 10, paper="#ffffff"))
    return still.titled(_tiled(shown, widget.k), f"{widget.k**2} score maps")


def _marked(
    image: UInt8[np.ndarray, "h w 3"], box: list[int]
) -> UInt8[np.ndarray, "h w 3"]:
    """A frame in white and orange round a cell, never smaller than can be seen."""
    x0, y0, x1, y1 = box
    grow = max(0, 5 - (x1 - x0) // 2)
    outer = (x0 - grow - 2, y0 - grow - 2, x1 + grow + 2, y1 + grow + 2)
    image = still.framed(image, outer, "#ffffff", 4)
    return still.framed(image, (outer[0] + 1, outer[1] + 1, outer[2] - 1, outer[3] - 1),
                        HERE)


def _table(widget: MapGrid) -> UInt8[np.ndarray, "h w 3"]:
    limits = [0, 1] if widget.source == "perfect" else widget.limits
    side = 228 // widget.k
    shown = []
    for part, score in enumerate(widget.place()):
        grey = int(still.shade(score, limits))
        cell = np.full((side, side, 3), grey, np.uint8)
        cell = still.framed(cell, (0, 0, side, side), widget.colours[part], 3)
        size, ink = (15, 11, 8)[(widget.k > 3) + (widget.k > 5)], still.ink_over(grey)
        cell = still.written(cell, widget._said(score), (5, side // 2 - 2), size, ink)
        number = str(widget.number(part))
        shown.append(still.written(cell, number, (5, 4), 9, paper="#ffffff"))
    return still.titled(_tiled(shown, widget.k), "the scores of one place")


def _tiled(
    images: list[UInt8[np.ndarray, "_ _ 3"]], k: int
) -> UInt8[np.ndarray, "H W 3"]:
    """Pictures of one size, row by row, with a white gap."""
    apart = [np.pad(image, ((0, 3), (0, 3), (0, 0)), constant_values=still.PAPER)
             for image in images]
    rows = [np.concatenate(apart[k * a : k * a + k], axis=1) for a in range(k)]
    return np.concatenate(rows)[:-3, :-3]
