"""Masks as COCO run lengths: made from crops that are never drawn whole, and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Integer

__all__ = ["crop_rles", "lengths_of"]

_MOST_GROUPS = 10  # of five bits each: lengths below 2 ** 49


def crop_rles(
    crops: Iterable[Bool[np.ndarray, "_ _"]],
    boxes: Integer[np.ndarray, "N _"],
    shape: tuple[int, int],
) -> list[dict[str, Any]]:
    """COCO's compressed run lengths of masks that are kept as crops.

    COCO counts down the columns. So only the columns of the crop are drawn, and what
    lies left and right of them is added to the first and to the last run.

    Args:
        crops: N masks, each cut to its box.
        boxes: (x0, y0, ...) of each crop's first pixel; the boxes lie in the image.
        shape: (h, w) of the image.

    Example:
        >>> crop_rles([np.ones((2, 1), bool)], np.array([[1, 0]]), (2, 3))
        [{'size': [2, 3], 'counts': b'222'}]
    """
    corners = np.asarray(boxes)[:, :2].tolist()
    return [{"size": [*shape], "counts": _counts(crop, x, y, shape)}
            for crop, (x, y) in zip(crops, corners, strict=True)]


def _counts(
    crop: Bool[np.ndarray, "P Q"], x: int, y: int, shape: tuple[int, int]
) -> bytes:
    from pycocotools import mask as coco_mask

    (h, w), (rows, columns) = shape, crop.shape
    x = min(x, w - 1)  # of a crop without columns
    end = min(x + columns + 1, w)  # an empty column more: so the last run is background
    strip = np.zeros((h, end - x), np.uint8, order="F")
    strip[y : y + rows, :columns] = crop
    text = coco_mask.encode(strip)["counts"]
    if end < w:  # no later number is a difference to the last one
        start = _last_number(text)
        text = text[:start] + _added(text[start:], (w - end) * h)
    length = next(i for i, letter in enumerate(text, 1) if not (letter - 48) & 32)
    return _added(text[:length], x * h) + text[length:]  # nor to the first one


def _last_number(text: bytes) -> int:
    start = len(text) - 1
    while start and (text[start - 1] - 48) & 32:
        start -= 1
    return start


def _added(number: bytes, more: int) -> bytes:
    """Add to one number of a run-length text: groups of five bits, the lowest first."""
    value = sum((letter - 48 & 31) << 5 * i for i, letter in enumerate(number))
    value += more - ((number[-1] - 48 & 16) << 5 * len(number) - 4)  # its sign
    groups = []
    while not -16 <= value < 16:
        groups.append((value & 31) + 80)
        value >>= 5
    return bytes([*groups, (value & 31) + 48])


def lengths_of(text: str) -> Int[np.ndarray, " N"] | None:
    """Decompress COCO's text form of run lengths; None for text that is damaged.

    Each number is cut into groups of five bits, lowest first, one letter each; from
    the fourth on it is the difference to the number two places before. pycocotools
    does the same, but reads past the end of a damaged text.

    >>> lengths_of("kQe18g7").tolist()
    [54331, 8, 247]
    """
    groups = np.frombuffer(text.encode("ascii", "ignore"), np.uint8).astype(int) - 48
    last = groups & 32 == 0  # the last group of a number
    if not text.isascii() or not last.size or not last[-1]:
        return None
    ends = np.flatnonzero(last)
    sizes = np.diff(ends, prepend=-1)  # groups in each number
    if groups.min() < 0 or groups.max() > 63 or sizes.max() > _MOST_GROUPS:
        return None
    place = np.arange(len(groups)) - np.repeat(ends - sizes + 1, sizes)
    values = np.add.reduceat((groups & 31) << 5 * place, ends - sizes + 1)
    values -= (groups[ends] & 16) << (5 * sizes - 4)  # bit 4 is the sign
    for first in (1, 2):
        values[first::2] = np.cumsum(values[first::2])
    return values
