"""Still pictures of widgets, made of pixels with NumPy: quick enough for every cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from PIL import Image, ImageDraw, ImageFont

from ifcn_lab.draw.palette import cell_colours
from ifcn_lab.grid import Grid

PAPER = 255


def shade(
    scores: Shaped[np.ndarray, "*shape"], limits: Sequence[float] | None = None
) -> UInt8[np.ndarray, "*shape"]:
    """Grey of scores as the front end draws it: of logits the probability.

    Args:
        scores: any numbers; NaN becomes a middle grey.
        limits: what is black and what is white; None: the scores are logits.

    >>> shade(np.array([0.0, 3.0, np.nan])).tolist()
    [128, 243, 128]
    """
    scores = np.asarray(scores, np.float64)
    if limits is None:
        with np.errstate(over="ignore"):
            grey = 255 / (1 + np.exp(-scores))
    else:
        least, most = limits
        grey = 255 * (scores - least) / (most - least) if most > least else scores * 0
        grey = grey if most > least else grey + 128
    return np.floor(np.nan_to_num(grey, nan=128) + 0.5).clip(0, 255).astype(np.uint8)


def colour(code: str) -> UInt8[np.ndarray, "3"]:
    """A colour of the palette as three bytes.

    >>> colour("#0072b2").tolist()
    [0, 114, 178]
    """
    return np.frombuffer(bytes.fromhex(code.lstrip("#")), np.uint8)


def enlarged(
    image: UInt8[np.ndarray, "h w *rgb"], times: int
) -> UInt8[np.ndarray, "H W 3"]:
    """Every pixel as a square of `times` pixels, in colour."""
    image = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    return image.repeat(times, axis=0).repeat(times, axis=1)


def framed(
    image: UInt8[np.ndarray, "h w 3"], box: Sequence[int], code: str, width: int = 2
) -> UInt8[np.ndarray, "h w 3"]:
    """The image with the border of a box (x0, y0, x1, y1), cut at the image's edge."""
    x0, y0, x1, y1 = box
    image = image.copy()
    height, across = image.shape[:2]
    rows, columns = np.ogrid[:height, :across]
    inside = (rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1)
    core = (rows >= y0 + width) & (rows < y1 - width)
    core = core & (columns >= x0 + width) & (columns < x1 - width)
    image[inside & ~core] = colour(code)
    return image


def beside(
    *images: UInt8[np.ndarray, "_ _ 3"], gap: int = 12
) -> UInt8[np.ndarray, "H W 3"]:
    """Pictures in a row on white, all at the top."""
    height = max(len(image) for image in images)
    parts = []
    for image in images:
        below = ((0, height - len(image)), (0, gap), (0, 0))
        parts.append(np.pad(image, below, constant_values=PAPER))
    return np.concatenate(parts, axis=1)[:, :-gap]


def maps_picture(
    maps: Float[np.ndarray, "kk H W"], place: tuple[int, int], m: int,
    limits: Sequence[float] | None, side: int = 320,
) -> UInt8[np.ndarray, "h w 3"]:
    """The k * k maps in their grid, each with the piece that the window copies."""
    k, (_, H, W) = isqrt(len(maps)), maps.shape
    times = max(1, side // (k * max(H, W)))
    rows = []
    for a in range(k):
        row = [one_map(maps[a * k + b], (a, b), place, Grid(k, m), limits, times)
               for b in range(k)]
        rows.append(np.concatenate(row, axis=1))
    return np.concatenate(rows)[:-3, :-3]


def one_map(
    scores: Float[np.ndarray, "H W"], cell: tuple[int, int], place: tuple[int, int],
    grid: Grid, limits: Sequence[float] | None, times: int,
) -> UInt8[np.ndarray, "h w 3"]:
    """One map enlarged, with the outline of its piece and a white edge."""
    k, m, edges = grid.k, grid.m, grid.edges
    image = enlarged(shade(scores, limits), times)
    top, left = (c - m // 2 for c in place)
    a, b = cell
    box = np.array([left + edges[b], top + edges[a], left + edges[b + 1],
                    top + edges[a + 1]]) * times
    image = framed(image, box.tolist(), cell_colours(k)[a * k + b])
    return np.pad(image, ((0, 3), (0, 3), (0, 0)), constant_values=PAPER)


def mask_picture(
    window: Float[np.ndarray, "m m"], k: int, limits: Sequence[float] | None,
    side: int = 250,
) -> UInt8[np.ndarray, "h w 3"]:
    """The window enlarged, each cell in the colour of its map."""
    m = len(window)
    times, edges = max(1, side // m), Grid(k, m).edges
    image = enlarged(shade(window, limits), times)
    for channel, code in enumerate(cell_colours(k)):
        a, b = divmod(channel, k)
        box = np.array([edges[b], edges[a], edges[b + 1], edges[a + 1]]) * times
        image = framed(image, box.tolist(), code)
    return image


class Note(NamedTuple):
    """A text in a picture, its top left corner at (x, y), on paper if named."""

    text: str
    place: tuple[int, int]
    size: int = 12
    ink: str = "#1a1a1a"
    paper: str | None = None


def written(
    image: UInt8[np.ndarray, "h w 3"], notes: Sequence[Note]
) -> UInt8[np.ndarray, "h w 3"]:
    """The image with texts in it."""
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    for text, place, size, ink, paper in notes:
        font = _font(size)
        if paper:
            left, top, right, bottom = pen.textbbox(place, text, font)
            pen.rectangle((left - 2, top - 2, right + 2, bottom + 2), paper)
        pen.text(place, text, ink, font)
    return np.array(picture)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def titled(
    image: UInt8[np.ndarray, "h w 3"], title: str
) -> UInt8[np.ndarray, "H w 3"]:
    """The image with a line of text over it."""
    above = np.pad(image, ((20, 0), (0, 0), (0, 0)), constant_values=PAPER)
    return written(above, [Note(title, (0, 2))])


def ink_over(grey: int) -> str:
    """Black or white, whichever can be read on a grey: 4.5 to 1 at least.

    >>> ink_over(0), ink_over(255)
    ('#ffffff', '#000000')
    """
    return "#ffffff" if grey < 119 else "#000000"
