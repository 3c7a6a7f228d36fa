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
GAP = 3  # pixels between two tiles


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
    shown, (y, x) = still.enlarged(shown, times), widget.at()
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
    maps, (y, x) = widget.maps(), widget.at()
    times = max(1, 320 // (widget.k * max(widget.H, widget.W)))
    box = [times * v for v in (x, y, x + 1, y + 1)]
    greys = still.shade(maps, widget.rule().limits)
    shown = []
    for grey, colour in zip(greys, widget.colours, strict=True):
        image = _marked(still.enlarged(grey, times), box)
        shown.append(still.framed(image, (0, 0, *image.shape[1::-1]), colour))
    whole = still.written(_tiled(shown, widget.k), _numbers(widget, image.shape))
    return still.titled(whole, f"{widget.k**2} score maps")


def _numbers(widget: MapGrid, shape: tuple[int, ...]) -> list[still.Note]:
    """The number of each map at the top left of its tile."""
    corners = _corners(widget.k, shape)
    return [still.Note(str(widget.number(part)), (x + 5, y + 4), 9, paper="#ffffff")
            for part, (x, y) in enumerate(corners)]


def _corners(k: int, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    height, width = shape[0] + GAP, shape[1] + GAP
    return [(part % k * width, part // k * height) for part in range(k * k)]


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
    scores, side = widget.place(), 228 // widget.k
    greys = still.shade(scores, widget.rule().limits).tolist()
    size = (15, 11, 8)[(widget.k > 3) + (widget.k > 5)]
    shown = [still.framed(np.full((side, side, 3), grey, np.uint8),
                          (0, 0, side, side), colour, 3)
             for grey, colour in zip(greys, widget.colours, strict=True)]
    notes = _numbers(widget, (side, side))
    for score, grey, (x, y) in zip(
        scores, greys, _corners(widget.k, (side, side)), strict=True
    ):
        place, ink = (x + 5, y + side // 2 - 2), still.ink_over(grey)
        notes.append(still.Note(widget.said(score), place, size, ink))
    whole = still.written(_tiled(shown, widget.k), notes)
    return still.titled(whole, "the scores of one place")


def _tiled(
    images: list[UInt8[np.ndarray, "_ _ 3"]], k: int
) -> UInt8[np.ndarray, "H W 3"]:
    """Pictures of one size, row by row, with a white gap."""
    apart = [np.pad(image, ((0, GAP), (0, GAP), (0, 0)), constant_values=still.PAPER)
             for image in images]
    rows = [np.concatenate(apart[k * a : k * a + k], axis=1) for a in range(k)]
    return np.concatenate(rows)[:-GAP, :-GAP]
