"""What `propose` means: every mask whole, one window at a time, then pairwise NMS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.backbones import fused
from ifcn_lab.layers.nms import nms_pairwise
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import Instances, to_tensor
from ifcn_lab.windows import score_level
from ifcn_lab.windows.candidates import Level
from ifcn_lab.windows.paste import hat_weights, place_line


def propose_slowly(
    model: InstanceFCN, image: np.ndarray, *, top: int, scales: Sequence[float],
    nms_iou: float = 0.8, threshold: float = 0.5, candidates: int | None = None,
) -> Instances:
    """What `propose` returns, with nothing in portions."""
    picture = to_tensor(image)
    # Fused here as well: no mask may differ for the sake of a rounded score.
    levels = [score_level(fused(model), picture, zoom) for zoom in scales]
    return read_slowly(model, levels, image.shape[:2], candidates or 4 * top, top,
                       nms_iou, threshold, tuple(scales))


def read_slowly(
    model: InstanceFCN, levels: Sequence[Level], shape: tuple[int, int], count: int,
    top: int, iou: float, threshold: float, zooms: tuple[float, ...],
) -> Instances:
    """Proposals from score maps."""
    best = ranked(levels)[:count]
    masks = np.stack([mask_of(model, levels[level], y, x, shape, threshold)
                      for _, level, y, x in best])                 # (N, h, w)
    some = np.flatnonzero(masks.any((1, 2)))
    masks, best = masks[some], np.array(best).reshape(-1, 4)[some]
    boxes = tight_boxes(masks)
    kept = nms_pairwise(boxes, best[:, 0], iou)[:top]
    crops = tuple(masks[i][y0:y1, x0:x1]
                  for i, (x0, y0, x1, y1) in zip(kept, boxes[kept], strict=True))
    return Instances(shape, boxes[kept], best[kept, 0], crops,
                     windows=best[kept, 1:].astype(int), zooms=zooms)


def ranked(levels: Sequence[Level]) -> list[tuple[float, int, int, int]]:
    """(score, level, y, x) of every window, best first."""
    windows = []
    for number, level in enumerate(levels):
        scores = torch.sigmoid(level.objectness).double().numpy()
        windows += [(float(score), number, y, x)
                    for (y, x), score in np.ndenumerate(scores)]
    return sorted(windows, key=lambda window: -window[0])


def mask_of(
    model: InstanceFCN, level: Level, y: int, x: int, shape: tuple[int, int],
    threshold: float,
) -> Bool[np.ndarray, "h w"]:
    """The mask of one window in an image of its own."""
    limit = float(np.log(threshold / (1 - threshold)))
    center = torch.tensor([[y, x]])
    window = model.windows(level.maps, center, fill=limit)         # (1, m, m)
    placement = place_windows(center, model.m, level.stride)
    inside = (enlarge_each(window, placement)[0] > limit).numpy()       # (P, Q)
    mask = np.zeros(shape, bool)
    for i, row in enumerate(placement.rows[0].tolist()):
        for j, column in enumerate(placement.columns[0].tolist()):
            if 0 <= row < shape[0] and 0 <= column < shape[1]:
                mask[row, column] = inside[i, j]
    return mask


class Placement(NamedTuple):
    """Where windows of one scale lie in the image.

    `rows` and `columns` (N, P): the image pixels each window covers, in order.
    `row_at` and `column_at` (N, P): the same pixels in window cells.
    """

    rows: Int[Tensor, "N P"]
    columns: Int[Tensor, "N Q"]
    row_at: Float[Tensor, "N P"]
    column_at: Float[Tensor, "N Q"]


def place_windows(
    centers: Int[Tensor, "N 2"], m: int, cell: tuple[float, float]
) -> Placement:
    """Find the image pixels under each window.

    Args:
        centers: (y, x) in feature cells.
        m: window side in cells.
        cell: height and width of a cell in image pixels (stride over zoom).
    """
    rows, row_at = place_line(centers[:, 0], m, cell[0])
    columns, column_at = place_line(centers[:, 1], m, cell[1])
    return Placement(rows, columns, row_at, column_at)


def enlarge_each(
    windows: Float[Tensor, "N m m"], placement: Placement
) -> Float[Tensor, "N P Q"]:
    """The windows at image resolution."""
    m = windows.shape[-1]
    down = hat_weights(placement.row_at, m)                        # (N, P, m)
    across = hat_weights(placement.column_at, m)                   # (N, Q, m)
    return down @ windows @ across.transpose(1, 2)                 # (N, P, Q)


def enlarge_pixelwise(
    window: Float[np.ndarray, "m m"], row_at: float, column_at: float
) -> float:
    """What `enlarge_each` means: the bilinear value of one window at one point."""
    m = len(window)
    y, x = np.clip([row_at, column_at], 0, m - 1)
    top, left = min(int(y), m - 2), min(int(x), m - 2)
    dy, dx = y - top, x - left
    upper = (1 - dx) * window[top, left] + dx * window[top, left + 1]
    lower = (1 - dx) * window[top + 1, left] + dx * window[top + 1, left + 1]
    return float((1 - dy) * upper + dy * lower)
