"""Windows before NMS, for the ProposalExplorer: found once, and sent as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ifcn_lab.widgets.greys import shade
from ifcn_lab.widgets.inputs import image_array

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.segmenter import Instances, Segmenter
    from ifcn_lab.windows.candidates import Level


class Candidates(NamedTuple):
    """The best windows of an image, none taken for a copy, and the maps they read."""

    found: Instances
    levels: Sequence[Level]


def candidates_of(
    model: InstanceFCN, image: Shaped[np.ndarray, "h w *rgb"], count: int
) -> Candidates:
    """What `propose` has before NMS: the windows of highest objectness, best first.

    With a head for the quality of masks they stand in the order of its score.

    Raises:
        ValueError: an image that cannot be shown to the network, or scores that are
            NaN.
    """
    from ifcn_lab.layers.backbones import fused
    from ifcn_lab.segmenter import Instances, to_tensor
    from ifcn_lab.windows import candidates as parts
    from ifcn_lab.windows.proposals import default_zooms, score_level
    from ifcn_lab.windows.quality import calibrated, ranked

    picture = to_tensor(image)
    shape = tuple(picture.shape[1:])
    zooms, fast = default_zooms(model, shape), fused(model)
    levels = [score_level(fast, picture, zoom) for zoom in zooms]
    windows, scores = parts.best_windows(levels, count)
    pyramid = parts.pyramid_of(model, levels, shape, 0.5)
    if model.rates:
        windows, scores = ranked(pyramid, windows, scores, model.score)
    scores = calibrated(scores, model.calibration)
    boxes = parts.tight_boxes_at(pyramid, windows)
    some = (boxes[:, 2:] > boxes[:, :2]).all(1)        # a mask pixel in the image
    windows, scores, boxes = windows[some], scores[some], boxes[some]
    crops = parts.crops_at(pyramid, windows, boxes)
    return Candidates(Instances(shape, boxes, scores, crops, windows=windows,
                                zooms=zooms), levels)


def answers_of(
    model: Segmenter, image: Shaped[np.ndarray, "h w *rgb"], count: int
) -> Instances:
    """What a network without such windows finds, its own sieves as open as they go."""
    asks = signature(model.detect).parameters
    wide = {name: value for name, value in (("nms_iou", 1.0), ("least", 0.0))
            if name in asks and isinstance(asks[name].default, float)}
    return model.detect([image], top=count, **wide)[0]


def level_traits(levels: Sequence[Level]) -> dict[str, Any]:
    """Score maps as the greys they are drawn in, and each level's size of a place."""
    greys = [shade(image_array(level.maps)) for level in levels]
    return {
        "maps": b"".join(each.tobytes() for each in greys),
        "sizes": [list(each.shape[1:]) for each in greys],
        "cells": [list(level.stride) for level in levels],
    }


def mask_traits(
    boxes: Int[np.ndarray, "N 4"], crops: Iterable[Bool[np.ndarray, "_ _"]]
) -> dict[str, bytes]:
    """Masks as the lengths of their runs, each mask in its box."""
    return {"boxes": boxes.astype(np.int32).tobytes(),
            "runs": run_lengths(list(crops)).tobytes()}


def run_lengths(masks: Sequence[Bool[np.ndarray, "_ _"]]) -> Shaped[np.ndarray, " R"]:
    """How many pixels are out, in, out, ... of each mask, row by row; uint16.

    A mask ends with its last pixel: no run of nothing follows, and a mask without
    pixels has no run.

    >>> masks = np.array([[[False, True], [True, False]], [[True, True]] * 2])
    >>> run_lengths(list(masks)).tolist()
    [1, 2, 1, 0, 4]
    """
    masks = [mask for mask in masks if mask.size]
    if not masks:
        return np.zeros(0, np.uint16)
    # A pixel that is out stands before each mask, so that each begins with such a run.
    out = np.zeros(1, bool)
    flat = np.concatenate([part for mask in masks for part in (out, mask.ravel())])
    starts = np.append(0, np.cumsum([1 + mask.size for mask in masks]))
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.union1d(starts, changes)
    lengths = np.diff(edges)
    lengths[np.searchsorted(edges, starts[:-1])] -= 1
    most = np.iinfo(np.uint16).max
    if lengths.max() > most:  # a longer run is cut, with a run of nothing between
        before = [max(0, n - 1) // most for n in lengths.tolist()]
        cut = [[most, 0] * many + [n - most * many]
               for n, many in zip(lengths.tolist(), before, strict=True)]
        lengths = np.concatenate(cut)
    return lengths.astype(np.uint16)


def lost_to(
    boxes: Shaped[np.ndarray, "N 4"], lost: Int[np.ndarray, " L"],
    kept: Int[np.ndarray, " K"], iou: float,
) -> Int[np.ndarray, " L"]:
    """For each box that NMS takes away, the best of the kept ones that overlaps it.

    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
    >>> lost_to(boxes, np.array([1]), np.array([0, 2]), 0.8).tolist()
    [0]
    """
    from ifcn_lab.layers.nms import overlapping

    sides = boxes.T.astype(np.float64)                               # (4, N)
    better, worse = overlapping(sides[:, kept], sides[:, lost], iou)
    first = np.full(len(lost), len(kept))
    np.minimum.at(first, worse, better)                # kept stand best first
    return kept[first]


def overlaps(
    found: Instances, masks: Bool[np.ndarray, "M h w"]
) -> Float[np.ndarray, "N M"]:
    """IoU of every candidate with every true object."""
    from ifcn_lab.data.overlap import encode, rle_iou

    return rle_iou(found.rles(), encode(masks))
