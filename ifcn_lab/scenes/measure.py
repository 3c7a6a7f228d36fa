"""What a set of scenes is like: who touches whom, how large, how many."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, UInt8

REACH = 2  # pixels: masks that meet when grown by this much touch
ALIKE = 32  # levels: colours nearer than this in every channel are one colour


def touching(masks: Bool[np.ndarray, "n h w"]) -> Bool[np.ndarray, "n n"]:
    """Which objects lie within `REACH` pixels of each other.

    >>> masks = np.zeros((2, 8, 8), bool)
    >>> masks[0, :, :4] = masks[1, :, 4:] = True
    >>> touching(masks).tolist()
    [[False, True], [True, False]]
    """
    from scipy.ndimage import maximum_filter

    grown = maximum_filter(masks, size=(1, 2 * REACH + 1, 2 * REACH + 1))
    pixels = masks.shape[1] * masks.shape[2]
    flat, wide = (m.reshape(-1, pixels).astype(np.float32) for m in (masks, grown))
    meet = wide @ flat.T > 0  # (n, n)
    return meet & ~np.eye(len(masks), dtype=bool)


def same_colour(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "n h w"]
) -> Bool[np.ndarray, "n n"]:
    """Which objects' median colours differ by at most `ALIKE` levels per channel.

    >>> image = np.zeros((2, 4, 3), np.uint8)
    >>> masks = np.arange(2)[:, None, None] == np.zeros((2, 2, 4)) + [0, 0, 1, 1]
    >>> same_colour(image, masks).all()
    np.True_
    """
    median = np.stack([np.median(image[mask], axis=0) for mask in masks])  # (n, 3)
    return np.abs(median[:, None] - median[None]).max(-1) <= ALIKE


def shares(scenes: Iterable) -> dict[str, float | int]:
    """Count objects, touching ones and sizes over a set of scenes.

    touching_same_colour, touching: shares of all objects. size_ratio: the 98th over the
    2nd percentile of the longest visible side. lone_scenes: the share in which no two
    objects touch. Everything is measured on images and masks, not on what was planned.

    >>> from ifcn_lab.scenes import two_touching
    >>> shares([two_touching()])["touching_same_colour"]
    1.0
    """
    counts, touched, mated, sides = [], [], [], []
    for image, masks in scenes:
        near = touching(masks)
        counts.append(len(masks))
        touched.append(near.any(1))
        mated.append((near & same_colour(image, masks)).any(1))
        sides += [max(np.ptp(axis) + 1 for axis in np.nonzero(m)) for m in masks]
    if not counts:
        raise ValueError("shares was given no scenes; give at least one")
    return _summary(counts, touched, mated, sides)


def _summary(
    counts: list, touched: list, mated: list, sides: list
) -> dict[str, float | int]:
    low, high = np.percentile(sides, (2, 98))
    return {
        "scenes": len(counts),
        "objects": int(sum(counts)),
        "objects_per_scene": float(np.mean(counts)),
        "fewest": int(min(counts)),
        "most": int(max(counts)),
        "touching_same_colour": float(np.concatenate(mated).mean()),
        "touching": float(np.concatenate(touched).mean()),
        "lone_scenes": float(np.mean([not t.any() for t in touched])),
        "size_smallest": float(low),
        "size_largest": float(high),
        "size_ratio": float(high / low),
    }
