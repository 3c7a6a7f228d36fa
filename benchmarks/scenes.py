"""What the synthetic scenes are like, and what thresholding reaches on them.

Run with `make bench`, or `python benchmarks/scenes.py [number of scenes]`.
"""
from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from itertools import islice

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.ndimage import label

from ifcn_lab import scenes
from ifcn_lab.layers.thresholding import grey_levels, otsu
from ifcn_lab.scenes.measure import touching

SEED = 20_000  # no training run uses it
ALIKE = 32  # levels: colours nearer than this in every channel are one colour
THRESHOLDS = np.arange(0.5, 1.0, 0.05)


def best_ious(
    proposals: Bool[np.ndarray, "n h w"], masks: Bool[np.ndarray, "g h w"]
) -> Float[np.ndarray, " g"]:
    """Return each true mask's best IoU with any proposal."""
    pixels = masks.shape[1] * masks.shape[2]
    a = proposals.reshape(-1, pixels).astype(np.float32)
    b = masks.reshape(-1, pixels).astype(np.float32)
    both = b @ a.T  # (g, n)
    either = b.sum(1)[:, None] + a.sum(1) - both
    return (both / either).max(1, initial=0.0).astype(float)


def components(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "N h w"]:
    """Return every connected piece as a mask of its own; corners do not connect."""
    labels, count = label(mask)
    return labels == np.arange(1, count + 1)[:, None, None]


def thresholding(scene: scenes.Scene) -> Float[np.ndarray, " g"]:
    """Return best IoUs after thresholding, for the polarity that serves better."""
    grey = grey_levels(scene.image)
    bright = grey > otsu(grey)
    both = [best_ious(components(b), scene.masks) for b in (bright, ~bright)]
    return max(both, key=lambda ious: float(np.mean(ious)))


def baseline(some: Iterable[scenes.Scene]) -> dict[str, float]:
    """Return recall at IoU 0.5 and its mean over 0.5, 0.55, ... 0.95."""
    ious = np.concatenate([thresholding(scene) for scene in some])
    recalls = [(ious >= t).mean() for t in THRESHOLDS]
    return {"recall_50": float(recalls[0]), "recall": float(np.mean(recalls))}


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


def shares(some: Iterable[scenes.Scene]) -> dict[str, float | int]:
    """Count objects, touching ones and sizes over a set of scenes.

    touching_same_colour, touching: shares of all objects. size_ratio: the 98th over the
    2nd percentile of the longest visible side. lone_scenes: the share in which no two
    objects touch. Everything is measured on images and masks, not on what was planned.

    >>> shares([scenes.two_touching()])["touching_same_colour"]
    1.0
    """
    counts, touched, mated, sides = [], [], [], []
    for image, masks in some:
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


def main(count: int = 500) -> None:
    """Print time, shares and the baseline for a held-out stream."""
    next(scenes.stream(SEED))  # the first call imports and allocates
    start = time.perf_counter()
    some = list(islice(scenes.stream(SEED), count))
    each = (time.perf_counter() - start) / count * 1000
    print(f"scenes: seed {SEED}, {count} scenes of 128 x 128 px, {each:.1f} ms each")
    for name, value in (shares(some) | baseline(some)).items():
        title = name if "recall" not in name else f"thresholding, {name}"
        print(f"  {title:26} {value:8.3f}" if isinstance(value, float)
              else f"  {title:26} {value:8}")  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
