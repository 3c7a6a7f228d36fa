"""What was found badly, and what can be measured about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8

from ifcn_lab.data import Sample
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.overlap import mask_iou
from ifcn_lab.segmenter import Instances

SMALL_PART, SLIM, DENTED = 0.25, 0.45, 0.9


class Failure(NamedTuple):
    """An object, the proposal that overlaps it most, and what is special about it."""

    image: UInt8[np.ndarray, "h w 3"]
    truth: Bool[np.ndarray, "h w"]
    nearest: Bool[np.ndarray, "h w"]
    iou: float
    trait: str


def worst_first(
    found: Sequence[Instances], samples: Sequence[Sample], sizes: tuple[float, float]
) -> list[Failure]:
    """Every object of all samples, those with the worst best proposal first.

    Args:
        found: proposals, one set for each sample.
        samples: images and their objects.
        sizes: the smallest and the largest object that was looked for, in pixels.
    """
    every = [each for proposals, sample in zip(found, samples, strict=True)
             for each in judged(proposals, sample, sizes)]
    return sorted(every, key=lambda each: each.iou)


def judged(
    found: Instances, sample: Sample, sizes: tuple[float, float]
) -> list[Failure]:
    """Each object of one sample and its nearest proposal; no proposal, no mask."""
    nothing = np.zeros((1, *sample.crowd.shape), bool)
    masks = np.concatenate([found.masks, nothing])                    # (N + 1, h, w)
    overlap = mask_iou(masks, sample.masks)                           # (N + 1, objects)
    return [
        Failure(sample.image, mask, masks[overlap[:, index].argmax()],
                float(overlap[:, index].max()), trait(mask, sizes))
        for index, mask in enumerate(sample.masks)
    ]


def trait(mask: Bool[np.ndarray, "h w"], sizes: tuple[float, float]) -> str:
    """What is special about an object's visible shape; the first that holds.

    >>> trait(np.ones((9, 9), bool), (26, 80))
    'cut by the border'
    >>> mask = np.zeros((99, 99), bool)
    >>> mask[40:50, 40:50] = True
    >>> trait(mask, (26, 80))
    'too small'
    """
    x0, y0, x1, y1 = (int(v) for v in tight_boxes(mask[None])[0])
    height, width = mask.shape
    longest, shortest = max(x1 - x0, y1 - y0), min(x1 - x0, y1 - y0)
    if min(x0, y0) == 0 or x1 == width or y1 == height:
        return "cut by the border"
    if longest < sizes[0]:
        return "too small"
    if longest > sizes[1]:
        return "too large"
    if shortest < SLIM * longest or mask.sum() < SMALL_PART * longest**2:
        return "long and thin"
    return "dented" if solidity(mask) < DENTED else "whole"


def solidity(mask: Bool[np.ndarray, "h w"]) -> float:
    """The mask's share of its convex hull: below 1 where something bites into it.

    >>> block = np.zeros((8, 8), bool)
    >>> block[2:6, 2:6] = True
    >>> solidity(block)
    1.0
    """
    from scipy.spatial import ConvexHull

    y, x = np.nonzero(mask)
    steps = [(0, 0), (0, 1), (1, 0), (1, 1)]
    corners = np.concatenate([np.stack([y + a, x + b], 1) for a, b in steps])
    return float(mask.sum() / ConvexHull(corners).volume)
