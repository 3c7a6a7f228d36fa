"""Masks as COCO run lengths: made from crops that are never drawn whole, and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Integer

__all__ = ["crop_rles", "lengths_of", "run_counts"]

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
    from pycocotools.mask import frPyObjects

    (h, w), found = shape, []
    for crop, (x, y) in zip(crops, np.asarray(boxes)[:, :2].tolist(), strict=True):
        rows, columns = crop.shape
        x = min(x, w - 1)                        # of a crop without columns
        end = min(x + columns + 1, w)            # one more, so that the last run is 0
        strip = np.zeros((h, end - x), bool)
        strip[y : y + rows, :columns] = crop
        counts = run_counts(strip)
        counts[0] += x * h
        counts[-1] += (w - end) * h
        found.append(frPyObjects({"size": [h, w], "counts": counts}, h, w))
    return found


def run_counts(mask: Bool[np.ndarray, "h w"]) -> list[int]:
    """Lengths of the runs down the columns; the first is of ground, perhaps empty.

    >>> run_counts(np.array([[False, True, False], [False, True, False]]))
    [2, 2, 2]
    >>> run_counts(np.array([[True, True], [False, True]]))
    [0, 1, 1, 2]
    """
    line = mask.T.ravel()
    changes = np.flatnonzero(np.diff(line, prepend=False))
    return np.diff(changes, prepend=0, append=mask.size).tolist()


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
