"""What score maps should say: parts, read from masks without any network.

A window cuts the object in its middle into k x k parts. From masks alone follows
which pixel plays which part, and so what a perfect score map would hold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.grid import Grid
from ifcn_lab.windows.labels import WindowRule, label_windows, mask_targets


class Questions(NamedTuple):
    """What training asks each score map, pixel by pixel.

    Shapes: `asked` and `yes` (k*k, H, W): how many windows ask map c about a pixel,
    and how many of them want the answer "object". A pixel half covered counts half.
    """

    asked: Float[np.ndarray, "kk H W"]
    yes: Float[np.ndarray, "kk H W"]


def coverage(
    masks: Bool[np.ndarray, "N h w"], stride: int
) -> Float[np.ndarray, "N H W"]:
    """The share of every place of the feature map that each object covers.

    Raises:
        ValueError: the sides are no multiples of the stride.

    >>> coverage(np.eye(2, dtype=bool)[None], 2).tolist()
    [[[0.5]]]
    """
    n, h, w = masks.shape
    if h % stride or w % stride:
        raise ValueError(f"masks of {h} x {w} px do not divide into places of {stride} "
                         "px; pad them to a multiple")
    blocks = masks.reshape(n, h // stride, stride, w // stride, stride)
    return blocks.mean((2, 4))                                        # (N, H, W)


def object_centers(
    masks: Bool[np.ndarray, "N h w"], stride: int, m: int
) -> Int[np.ndarray, "N 2"]:
    """The window (y, x) in whose middle each object stands, in places.

    >>> masks = np.zeros((1, 16, 16), bool)
    >>> masks[0, 4:8, 8:12] = True
    >>> object_centers(masks, stride=4, m=3).tolist()
    [[1, 2]]
    """
    x0, y0, x1, y1 = tight_boxes(masks).T
    middle = np.stack([y0 + y1, x0 + x1], axis=1) / 2                 # (N, 2) pixels
    first = np.floor((middle - stride * m / 2) / stride + 0.5)        # (N, 2) places
    last = np.array(masks.shape[1:]) // stride - 1
    return np.clip(first + m // 2, 0, last).astype(np.int64)


def parts_seen(
    center: Int[np.ndarray, "2"], grid: Grid, shape: tuple[int, int]
) -> Int[np.ndarray, "H W"]:
    """The part each pixel of the map plays in one window, -1 outside the window.

    >>> parts_seen(np.array([1, 1]), Grid(k=2, m=2), (3, 3)).tolist()
    [[0, 1, -1], [2, 3, -1], [-1, -1, -1]]
    """
    parts = np.full(shape, -1, np.int64)
    rows, columns = (c - grid.m // 2 + np.arange(grid.m) for c in center)
    on_rows = (rows >= 0) & (rows < shape[0])
    on_columns = (columns >= 0) & (columns < shape[1])
    inside = np.ix_(rows[on_rows], columns[on_columns])
    parts[inside] = grid.channel[np.ix_(on_rows, on_columns)]
    return parts                                                      # (H, W)


def oracle_maps(
    places: Bool[np.ndarray, "N H W"], centers: Int[np.ndarray, "N 2"], k: int, m: int
) -> Bool[np.ndarray, "kk H W"]:
    """The maps a perfect network would give: is this pixel part c of an object?

    Args:
        places: which places of the map each object covers.
        centers: the window (y, x) that belongs to each object.

    >>> oracle_maps(np.ones((1, 2, 2), bool), np.array([[1, 1]]), 2, 2).sum((1, 2))
    array([1, 1, 1, 1])
    """
    maps = np.zeros((k * k, *places.shape[1:]), bool)
    for mask, center in zip(places, centers, strict=True):
        part = parts_seen(center, Grid(k, m), mask.shape)             # (H, W)
        y, x = np.nonzero(mask & (part >= 0))
        maps[part[y, x], y, x] = True
    return maps


def questions(
    masks: Bool[np.ndarray, "N h w"], k: int, m: int, stride: int,
    rule: WindowRule | None = None,
) -> Questions:
    """Every question that the positive windows of one image ask its score maps.

    Window pixel (i, j) asks map g(i)*k + g(j) one thing: does this pixel belong to
    the object of this window? Nobody asks the other maps about it.

    >>> mask = np.zeros((1, 128, 128), bool)
    >>> mask[0, 40:88, 40:88] = True
    >>> asked, yes = questions(mask, k=1, m=21, stride=4)
    >>> int(asked.max()), int(yes[0, 16, 16]), int(yes[0, 0, 0])
    (16, 16, 0)
    """
    share = coverage(masks, stride)
    labels = label_windows(tight_boxes(masks), share.shape[1:], stride=stride, m=m,
                           rule=rule)
    centers = np.argwhere(labels.label == 1)                          # (P, 2)
    target, counts = mask_targets(share, centers, labels.instance[tuple(centers.T)], m)
    offsets = np.stack(np.indices((m, m)), -1) - m // 2               # (m, m, 2)
    y, x = np.moveaxis(centers[:, None, None] + offsets, -1, 0)       # (P, m, m)
    channel = np.broadcast_to(Grid(k, m).channel, counts.shape)       # (P, m, m)
    at = channel[counts], y[counts], x[counts]
    asked, yes = (np.zeros((k * k, *share.shape[1:])) for _ in range(2))
    np.add.at(asked, at, 1)
    np.add.at(yes, at, target[counts])
    return Questions(asked, yes)


def window_ious(
    windows: Bool[np.ndarray, "N m m"], places: Bool[np.ndarray, "N H W"],
    centers: Int[np.ndarray, "N 2"],
) -> Float[np.ndarray, " N"]:
    """How well each window's mask agrees with its object: IoU on places of the map.

    >>> window = np.array([[[True, True], [False, False]]])
    >>> window_ious(window, np.ones((1, 2, 2), bool), np.array([[1, 1]])).tolist()
    [0.5]
    """
    each = np.arange(len(places))
    truth, known = mask_targets(places.astype(float), centers, each, windows.shape[1])
    found, truth = windows & known, truth > 0.5
    either = (found | truth).sum((1, 2))
    return (found & truth).sum((1, 2)) / np.maximum(either, 1)
