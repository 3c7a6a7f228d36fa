"""Masks as COCO run lengths: made from crops that are never drawn whole, and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Integer

_MOST_GROUPS = 10  # of five bits each: lengths below 2 ** 49


def crop_rles(
    crops: Iterable[Bool[np.ndarray, "_ _"]],
    boxes: Integer[np.ndarray, "N _"],
    shape: tuple[int, int],
) -> list[dict[str, Any]]:
    """COCO's compressed run lengths of masks that are kept as crops.

    COCO counts down the columns. The image is never drawn: where runs begin and end in
    the crop says where they do in the image.

    Args:
        crops: N masks, each cut to its box.
        boxes: (x0, y0, ...) of each crop's first pixel; the boxes lie in the image.
        shape: (h, w) of the image.

    Example:
        >>> crop_rles([np.ones((2, 1), bool)], np.array([[1, 0]]), (2, 3))
        [{'size': [2, 3], 'counts': b'222'}]
    """
    from pycocotools.mask import frPyObjects

    h, w = shape
    corners = np.asarray(boxes)[:, :2].tolist()
    return [frPyObjects({"size": [h, w], "counts": _counts(crop, x, y, h, w)}, h, w)
            for crop, (x, y) in zip(crops, corners, strict=True)]


def _counts(
    crop: Bool[np.ndarray, "P Q"], x: int, y: int, h: int, w: int
) -> Int[np.ndarray, " N"]:
    """Lengths of the runs of a crop's mask in its image of h x w pixels."""
    rows, columns = crop.shape
    line = np.zeros((columns, rows + 1), bool)        # below each column one of ground
    line[:, :rows] = crop.T
    column, row = np.divmod(_changes(line.ravel()), rows + 1)
    places = (x + column) * h + y + row               # where runs begin and end
    if rows == h:                                     # a run goes on in the next column
        goes_on = np.flatnonzero(places[1:] == places[:-1])
        places = np.delete(places, [goes_on, goes_on + 1])
    if not places.size or places[-1] < h * w:         # the last run is of ground
        places = np.append(places, h * w)
    counts = places.copy()
    counts[1:] -= places[:-1]
    return counts


def _changes(line: Bool[np.ndarray, " L"]) -> Int[np.ndarray, " N"]:
    """Where a line differs from what stands before; before the first stands False."""
    inner = np.flatnonzero(line[1:] != line[:-1]) + 1
    return np.concatenate([[0], inner]) if line[:1].any() else inner


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
