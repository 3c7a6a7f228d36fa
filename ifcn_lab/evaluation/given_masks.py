"""Masks that others wrote down: checked, and brought to compressed run lengths.

pycocotools reads past the end of damaged run lengths, so nothing from a file goes to it
unchecked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int
from pycocotools import mask as coco_mask

from ifcn_lab.data.segmentation import Region

__all__ = ["checked_run_lengths", "fits", "lengths_of"]

_MOST_GROUPS = 10  # of five bits each: lengths below 2 ** 49


def checked_run_lengths(
    segmentation: Any, size: tuple[int, int], label: str
) -> dict[str, Any]:
    """Bring a mask of an image of ``size`` (h, w) to compressed run lengths.

    Polygons, run lengths as a list of numbers and run lengths as text come in.
    ``label`` names the mask in messages. Raises ValueError for what is no polygon and
    no run lengths of that image.

    >>> checked_run_lengths([[1, 0, 4, 0, 4, 3, 1, 3]], (4, 6), "a mask")["size"]
    [4, 6]
    """
    if not fits(segmentation, size):
        # Slower, but says what is wrong.
        Region.from_coco({"id": 0, "segmentation": segmentation}, size, label)
    h, w = size
    if isinstance(segmentation, list):
        return coco_mask.merge(coco_mask.frPyObjects(segmentation, h, w))
    if isinstance(segmentation["counts"], list):
        return coco_mask.frPyObjects(segmentation, h, w)
    return segmentation


def fits(segmentation: Any, size: tuple[int, int]) -> bool:
    """Say whether this is run-length text that makes just an image of ``size``.

    >>> text = coco_mask.encode(np.asfortranarray(np.ones((4, 6), np.uint8)))
    >>> text["counts"] = text["counts"].decode()
    >>> fits(text, (4, 6)), fits(text, (6, 6))
    (True, False)
    """
    if not isinstance(segmentation, dict) or segmentation.get("size") != [*size]:
        return False
    counts = segmentation.get("counts")
    if not isinstance(counts, str) or not counts.isascii():
        return False
    lengths = lengths_of(counts)
    return bool(
        lengths is not None
        and (lengths >= 0).all()
        and lengths.sum() == size[0] * size[1]
    )


def lengths_of(text: str) -> Int[np.ndarray, " N"] | None:
    """Do what ``run_lengths`` of `data.segmentation` does, all letters at once.

    None for text that is damaged.

    >>> lengths_of("kQe18g7").tolist()
    [54331, 8, 247]
    """
    groups = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    last = groups & 32 == 0  # the last group of a number
    if not last.size or not last[-1] or groups.min() < 0 or groups.max() > 63:
        return None
    ends = np.flatnonzero(last)
    sizes = np.diff(ends, prepend=-1)  # groups in each number
    if sizes.max() > _MOST_GROUPS:
        return None
    place = np.arange(len(groups)) - np.repeat(ends - sizes + 1, sizes)
    values = np.add.reduceat((groups & 31) << 5 * place, ends - sizes + 1)
    values -= (groups[ends] & 16) << (5 * sizes - 4)  # bit 4 is the sign
    # From the fourth on each is the difference to the one two places before.
    for first in (1, 2):
        values[first::2] = np.cumsum(values[first::2])
    return values
