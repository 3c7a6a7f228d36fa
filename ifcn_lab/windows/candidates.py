"""The best windows over all scales: first their boxes, then the masks of a few.

Of some thousand windows NMS leaves a part, and it looks at boxes only. So no mask is
kept before it: windows are assembled and enlarged a few at a time, while they stay in
the processor's cache, and leave behind the four numbers of their tight boxes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ifcn_lab.data.masks import first_and_past_last
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.windows.paste import Zoomed, enlarge, zoom_places

WINDOWS_AT_ONCE = 4096
PIXELS_AT_ONCE = 250_000
"""Enlarged pixels in one portion: 1 MB, half of a common level-2 cache."""
PIXELS_AT_ONCE_ON_GPU = 50_000_000
"""There a portion is a launch, and 200 MB are few."""


class Level(NamedTuple):
    """One scale of the pyramid: its score maps and its stride in the image.

    Shapes: `maps` (k*k, H, W) and `objectness` (H, W), logits; `stride` is how many
    image pixels a place has, down and across. The maps stay on the network's device,
    objectness is on the CPU. `features` (C, H, W) are what a head for the quality of
    masks looks at; None where there is none.
    """

    maps: Float[Tensor, "kk H W"]
    objectness: Float[Tensor, "H W"]
    stride: tuple[float, float]
    features: Float[Tensor, "C H W"] | None = None


class Pyramid(NamedTuple):
    """All that is needed to read the mask of any window of an image.

    `zoomed` has one entry for each level; `shape` is (h, w) of the image; a pixel is
    in a mask where its logit is above `limit`.
    """

    model: Segmenter
    levels: Sequence[Level]
    zoomed: Sequence[Zoomed]
    shape: tuple[int, int]
    limit: float


def pyramid_of(
    model: Segmenter, levels: Sequence[Level], shape: tuple[int, int],
    threshold: float,
) -> Pyramid:
    """Prepare to read masks, cut at the probability `threshold`."""
    zoomed = [zoom_places(tuple(level.objectness.shape), model.m, level.stride, shape,
                         device=level.maps.device) for level in levels]
    limit = math.log(threshold / (1 - threshold))
    return Pyramid(model, levels, zoomed, shape, limit)


def best_windows(
    levels: Sequence[Level], count: int
) -> tuple[Int[np.ndarray, "N 3"], Float[np.ndarray, " N"]]:
    """The windows of highest objectness over all levels, best first.

    Returns:
        (level, y, x) of each window, and its objectness as a probability. Of two equal
        probabilities the one of the first level, row and column stands first.
    """
    everything = torch.cat([level.objectness.flatten() for level in levels])
    best = everything.topk(min(count, len(everything))).indices.sort().values
    scores = torch.sigmoid(everything[best]).double().numpy()
    order = np.argsort(-scores, kind="stable")
    places = best.numpy()[order]
    past = np.cumsum([level.objectness.numel() for level in levels])
    of = np.searchsorted(past, places, side="right")               # (N,) level
    widths = np.array([level.objectness.shape[1] for level in levels])
    y, x = np.divmod(places - np.append(0, past)[of], widths[of])
    return np.stack([of, y, x], 1), scores[order]


def tight_boxes_at(
    pyramid: Pyramid, windows: Int[np.ndarray, "N 3"]
) -> Int[np.ndarray, "N 4"]:
    """Tight boxes of the masks of these windows; no mask outlives its portion.

    A row of pixels belongs to the box if its highest score is above the limit.

    Returns:
        (x0, y0, x1, y1), half-open, in image pixels. A window without a mask pixel in
        the image has a box without an inside.
    """
    boxes = np.zeros((len(windows), 2, 2), int)         # window, first or past, x or y
    for index, corners, logits in enlarged(pyramid, windows):
        for axis in (0, 1):
            inside = (logits.amax(1 + axis) > pyramid.limit).cpu().numpy()
            ends = np.stack(first_and_past_last(inside), 1)        # (N, 2)
            length = pyramid.shape[1 - axis]
            boxes[index, :, axis] = np.clip(ends + corners[:, axis, None], 0, length)
    return boxes.reshape(-1, 4)


def crops_at(
    pyramid: Pyramid, windows: Int[np.ndarray, "N 3"], boxes: Int[np.ndarray, "N 4"]
) -> tuple[Bool[np.ndarray, "_ _"], ...]:
    """The masks of these windows, each cut to its box."""
    crops: list[np.ndarray] = [np.empty((0, 0), bool)] * len(windows)
    for index, corners, logits in enlarged(pyramid, windows):
        masks = (logits > pyramid.limit).cpu().numpy()
        inner = boxes[index] - np.tile(corners, 2)                 # box in the window
        for i, mask, (x0, y0, x1, y1) in zip(index, masks, inner.tolist(), strict=True):
            crops[i] = mask[y0:y1, x0:x1].copy()
    return tuple(crops)


def enlarged(
    pyramid: Pyramid, windows: Int[np.ndarray, "N 3"]
) -> Iterator[tuple[Int[np.ndarray, " n"], Int[np.ndarray, "n 2"],
                    Float[Tensor, "n P Q"]]]:
    """The windows at image resolution, level by level, a few at a time.

    Their places in the list of windows; x and y of each one's first pixel; logits at
    image pixels.
    """
    for number, (level, zoomed) in enumerate(zip(pyramid.levels, pyramid.zoomed,
                                                 strict=True)):
        # Neighbours read the same scores and weights: one after the other they find
        # them in the cache.
        here = np.flatnonzero(windows[:, 0] == number)
        here = here[np.lexsort(windows[here, :0:-1].T)]
        most = PIXELS_AT_ONCE_ON_GPU if level.maps.is_cuda else PIXELS_AT_ONCE
        few = max(1, most // zoomed.pixels)
        for start in range(0, len(here), WINDOWS_AT_ONCE):
            index = here[start : start + WINDOWS_AT_ONCE]
            centers = torch.from_numpy(windows[index, 1:]).to(level.maps.device)
            y, x = windows[index, 1:].T
            corners = np.stack([zoomed.left[x], zoomed.top[y]], axis=1)
            logits = pyramid.model.windows(level.maps, centers, fill=pyramid.limit)
            for at in range(0, len(index), few):
                some = slice(at, at + few)
                yield (index[some], corners[some],
                       enlarge(logits[some], centers[some], zoomed))
