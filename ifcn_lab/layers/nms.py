"""Non-maximum suppression on boxes.

Most boxes are far from most others, so `nms` compares neighbours only. An IoU bounds
how far apart two boxes may lie: along each axis, the distance of their middles is at
most (1 - iou) / (2 * iou) times the shorter of their two sides.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

FIRST_BLOCK = 128
PAIRS_AT_ONCE = 500_000
Pairs = tuple[Int[np.ndarray, " P"], Int[np.ndarray, " P"]]


def nms(
    boxes: Shaped[np.ndarray, "N 4"], scores: Float[np.ndarray, " N"], iou: float = 0.8
) -> Int[np.ndarray, " kept"]:
    """Indices of the boxes that no better box overlaps by more than `iou`.

    The best boxes are settled first, a block at a time, and each block removes what it
    overlaps before the next, four times larger one is looked at. So a crowd of boxes
    in one place is gone before anybody compares all of it with all of it.

    Args:
        boxes: (x0, y0, x1, y1), half-open.
        scores: higher is better; of two equal scores the first box wins.
        iou: a box goes when its IoU with a kept, better box is above this; 0 to 1.

    Returns:
        The kept indices, best first.

    Raises:
        ValueError: a score is NaN, the two lengths differ, the boxes are not (N, 4) or
            not finite, or iou is not from 0 to 1.

    Source: Dai et al., ECCV 2016, section 3.3: 0.8, on the tight boxes of the masks.

    Example:
        >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
        >>> nms(boxes, np.array([0.5, 0.9, 0.7])).tolist()
        [1, 2]
    """
    check_boxes(boxes, scores, iou)
    order = np.argsort(-scores, kind="stable")
    if iou >= 1:  # no IoU is above 1
        return order
    sides = boxes.astype(np.float64)[order].T.copy()               # (4, N)
    alive = np.ones(len(order), bool)
    # A box without an inside has IoU 0 with every box: it stays and removes none.
    rest = np.flatnonzero((sides[2:] > sides[:2]).all(0))
    size = FIRST_BLOCK
    while len(rest):
        block, rest = rest[:size], rest[size:]
        lost = settle(sides[:, block], iou)                        # (block,)
        near = overlapping(sides[:, block[~lost]], sides[:, rest], iou)[1]
        hit = np.bincount(near, minlength=len(rest)) > 0           # (rest,)
        alive[block[lost]] = alive[rest[hit]] = False
        rest, size = rest[~hit], 4 * size
    return order[alive]


def settle(sides: Float[np.ndarray, "4 N"], iou: float) -> Bool[np.ndarray, " N"]:
    """Which boxes lose to a better one; the best box comes first."""
    better, worse = overlapping(sides, sides, iou, later=True)
    turn = np.argsort(better, kind="stable")
    lost = bytearray(sides.shape[1])
    # In this order a box's own fate is known before it may remove another.
    for i, j in zip(better[turn].tolist(), worse[turn].tolist(), strict=True):
        if not lost[i]:
            lost[j] = 1
    return np.frombuffer(lost, bool)


def overlapping(
    a: Float[np.ndarray, "4 A"], b: Float[np.ndarray, "4 B"], iou: float, *,
    later: bool = False,
) -> Pairs:
    """All pairs (index in a, index in b) of an IoU above `iou`.

    Args:
        a, b: boxes as columns.
        iou: the threshold.
        later: only pairs whose second index is the larger one.
    """
    found = [(np.empty(0, int), np.empty(0, int))]
    for i, j in neighbours(a, b, iou):
        if later:
            i, j = i[j > i], j[j > i]
        above = column_iou(a[:, i], b[:, j]) > iou
        found.append((i[above], j[above]))
    return tuple(map(np.concatenate, zip(*found, strict=True)))


def column_iou(
    a: Float[np.ndarray, "4 P"], b: Float[np.ndarray, "4 P"]
) -> Float[np.ndarray, " P"]:
    """IoU of each column of `a` with the same column of `b`; 0 where both are empty."""
    width = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
    height = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / np.maximum(areas - shared, 1e-12)


def neighbours(
    a: Float[np.ndarray, "4 A"], b: Float[np.ndarray, "4 B"], iou: float
) -> Iterator[Pairs]:
    """Pairs that may have an IoU above `iou`, in portions; no such pair is left out.

    The middles of `a` are sorted into the bins of a grid. Each box of `b` looks into
    the bins within its reach; of every row of bins that is one run of the sorted `a`.
    """
    if a.shape[1] == 0 or b.shape[1] == 0:
        return
    reach = reach_of(a, b, iou)                                    # (2, B)
    middles = (a[:2] + a[2:]) / 2                                  # (2, A)
    low, side, last = grid_for(middles, reach)                     # (2, 1) each
    columns, rows = last[:, 0].astype(int) + 1
    bins = np.array([1, columns]) @ ((middles - low) // side).astype(int)
    order = np.argsort(bins, kind="stable")                        # (A,)
    start = np.append(0, np.bincount(bins, minlength=rows * columns).cumsum())
    first, past = (np.clip(((b[:2] + b[2:]) / 2 + way - low) // side, 0, last)
                   .astype(int) for way in (-reach, reach))        # (2, B) each
    owner, row = spell_out(first[1], past[1] + 1)
    begin = start[row * columns + first[0][owner]]
    end = start[row * columns + past[0][owner] + 1]
    for some in portions(end - begin):
        run, place = spell_out(begin[some], end[some])
        yield order[place], owner[some][run]


def grid_for(
    middles: Float[np.ndarray, "2 A"], reach: Float[np.ndarray, "2 B"]
) -> tuple[Float[np.ndarray, "2 1"], ...]:
    """Where the grid of bins begins, the sides of a bin, and the last bin's number.

    A bin is about as large as most boxes reach; there are at most 4 for each middle.
    """
    low = middles.min(1, keepdims=True)
    spread = middles.max(1, keepdims=True) - low
    side = np.maximum(np.median(reach, 1, keepdims=True),
                      spread / np.sqrt(4 * middles.shape[1]))
    return low, side, spread // side


def reach_of(
    a: Float[np.ndarray, "4 A"], b: Float[np.ndarray, "4 B"], iou: float
) -> Float[np.ndarray, "2 B"]:
    """How far from a box's middle, along x and y, an overlapping one's may lie."""
    sides = b[2:] - b[:2]                                          # (2, B)
    touching = (sides + (a[2:] - a[:2]).max(1, keepdims=True)) / 2
    reach = np.minimum((1 - iou) / (2 * max(iou, 1e-9)) * sides, touching)
    # Sums are rounded: look a little further than exact numbers would need.
    return reach * (1 + 1e-6) + 1e-9 * max(np.abs(a).max(), np.abs(b).max())


def spell_out(begin: Int[np.ndarray, " N"], end: Int[np.ndarray, " N"]) -> Pairs:
    """All numbers of the ranges begin[i] ... end[i] - 1, and the i of each.

    Example:
        >>> [x.tolist() for x in spell_out(np.array([5, 0]), np.array([7, 3]))]
        [[0, 0, 1, 1, 1], [5, 6, 0, 1, 2]]
    """
    counts = end - begin
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) + (end - counts.cumsum())[owner]


def portions(counts: Int[np.ndarray, " N"]) -> Iterator[slice]:
    """Slices of rows that together have about `PAIRS_AT_ONCE` pairs."""
    total = counts.cumsum()
    cuts = np.searchsorted(total, np.arange(PAIRS_AT_ONCE, total[-1], PAIRS_AT_ONCE))
    edges = np.unique([0, *(cuts + 1), len(counts)])
    yield from map(slice, edges[:-1], edges[1:])


def nms_pairwise(
    boxes: Shaped[np.ndarray, "N 4"], scores: Float[np.ndarray, " N"], iou: float = 0.8
) -> list[int]:
    """What `nms` means, one pair of boxes at a time."""
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(pair_iou(boxes[i], boxes[j]) <= iou for j in kept):
            kept.append(i)
    return kept


def pair_iou(a: Shaped[np.ndarray, "4"], b: Shaped[np.ndarray, "4"]) -> float:
    """IoU of two boxes, 0 where both are empty."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return float(width * height / max(areas - width * height, 1e-12))


def check_boxes(boxes: np.ndarray, scores: np.ndarray, iou: float) -> None:
    """Raise a ValueError for boxes, scores or a limit that cannot be compared."""
    if np.ndim(boxes) != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes has shape {np.shape(boxes)}; give (N, 4), a row "
                         "x0, y0, x1, y1 for each box")
    if not 0 <= iou <= 1:
        raise ValueError(f"iou is {iou}; give a number from 0 to 1")
    if len(boxes) != len(scores):
        raise ValueError(f"{len(boxes)} boxes but {len(scores)} scores; give one each")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN and cannot be ranked; did training diverge?")
    if not np.isfinite(boxes).all():
        row = int(np.isfinite(boxes).all(1).argmin())
        raise ValueError(f"box {row} is {boxes[row].tolist()}; give finite numbers")
