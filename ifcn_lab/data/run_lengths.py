"""Masks as COCO run lengths: made from crops that are never drawn whole, and read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Integer

_MOST_GROUPS = 10  # of five bits each: lengths below 2 ** 49
_AT_ONCE = 100     # crops are copied, so many at a time


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
    corners, (h, w) = np.asarray(boxes)[:, :2].astype(int), map(int, shape)
    crops = tuple(crops)
    texts: list[bytes] = []
    for first in range(0, len(crops), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        texts += _texts(*_lengths(*_places(crops[some], corners[some], h), h * w))
    return [{"size": [h, w], "counts": text} for text in texts]


def _places(
    crops: Sequence[Bool[np.ndarray, "_ _"]], corners: Integer[np.ndarray, "N 2"],
    h: int,
) -> tuple[Int[np.ndarray, " P"], Int[np.ndarray, " N"]]:
    """Where runs begin and end in images of h rows, and how many places each has."""
    sides = np.array([crop.shape for crop in crops])
    starts = np.cumsum([0, *((sides[:, 0] + 1) * sides[:, 1])])
    line = np.zeros(starts[-1] + 1, bool)             # below each column one of ground
    for start, crop in zip(starts.tolist(), crops, strict=False):
        rows, columns = crop.shape
        to = line[start + 1 : start + 1 + (rows + 1) * columns]
        to.reshape(columns, rows + 1)[:, :rows] = crop.T
    places = np.flatnonzero(line[1:] != line[:-1])
    count = np.diff(np.searchsorted(places, starts))
    crop = np.repeat(np.arange(len(crops)), count)    # of each place
    column, row = np.divmod(places - starts[crop], sides[crop, 0] + 1)
    places = (corners[crop, 0] + column) * h + corners[crop, 1] + row
    goes_on = np.flatnonzero((places[1:] == places[:-1]) & (crop[1:] == crop[:-1]))
    if goes_on.size:                                  # a run does in the next column
        gone = np.concatenate([goes_on, goes_on + 1])
        places = np.delete(places, gone)
        count = np.bincount(np.delete(crop, gone), minlength=len(crops))
    return places, count


def _lengths(
    places: Int[np.ndarray, " P"], count: Int[np.ndarray, " N"], size: int
) -> tuple[Int[np.ndarray, " L"], Int[np.ndarray, " N"]]:
    """Lengths of the runs, and how many each image of so many pixels has."""
    image, last = np.arange(len(count)), np.cumsum(count)
    # The images stand one after the other, and where each ends is a place, too.
    every = np.insert(places + np.repeat(image, count) * size, last, (image + 1) * size)
    lengths = np.diff(every, prepend=0)
    ends = last + image
    empty = (lengths[ends] == 0) & (count > 0)        # the last run is not of ground
    return np.delete(lengths, ends[empty]), count + ~empty


def _texts(
    lengths: Int[np.ndarray, " L"], count: Int[np.ndarray, " N"]
) -> list[bytes]:
    """COCO's text form, as `lengths_of` reads it."""
    ends = np.cumsum(count)
    place = np.arange(len(lengths)) - np.repeat(ends - count, count)
    later = np.flatnonzero(place > 2)
    values = lengths.copy()
    values[later] -= lengths[later - 2]
    reach = np.maximum(values, ~values)               # below 16 there is one group
    groups = 1 + sum(reach >= 16 << 5 * g for g in range(_MOST_GROUPS - 1))
    stops = np.cumsum(groups)
    place = np.arange(stops[-1]) - np.repeat(stops - groups, groups)
    letters = 80 + (np.repeat(values, groups) >> 5 * place & 31)
    letters[stops - 1] -= 32                          # of all but the last 32 is set
    text, cuts = letters.astype(np.uint8).tobytes(), [0, *stops[ends - 1].tolist()]
    return [text[a:b] for a, b in pairwise(cuts)]


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
