"""Image pyramid -> windows -> masks -> NMS."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from ifcn_lab.backbone import fused, uses_bfloat16
from ifcn_lab.model import InstanceFCN, ScoreMaps
from ifcn_lab.proposals.candidates import (
    Level,
    best_windows,
    crops_at,
    pyramid_of,
    tight_boxes_at,
)
from ifcn_lab.proposals.nms import nms
from ifcn_lab.proposals.proposals import Proposals
from ifcn_lab.proposals.pyramid import (
    resize_image,
    zooms_for_fractions,
    zooms_for_sizes,
)

PIXELS_AT_MOST = 40_000_000


def propose(
    model: InstanceFCN,
    image: UInt8[np.ndarray, "h w *rgb"] | Float[np.ndarray, "h w *rgb"],
    *, top: int = 1000, scales: Sequence[float] | None = None, nms_iou: float = 0.8,
    threshold: float = 0.5, candidates: int | None = None,
    precision: str = "float32",
) -> Proposals:
    """Segment an image: the best masks of any object, whatever its kind.

    Args:
        model: a trained network.
        image: uint8, or float in [0, 1]; grey scale (h, w) and RGBA are converted.
        top: how many proposals at most.
        scales: enlargements of the image; None: those that fit `model.sizes`, or, if
            the network knows no sizes, the paper's six, which cover objects from 0.11
            to 0.81 of the image's shorter side.
        nms_iou: of two tight boxes that overlap more, the worse goes (paper: 0.8).
        threshold: a pixel is in the mask at this probability. No source gives the
            paper's value.
        candidates: windows kept before NMS, over all scales; None: 4 * top.
        precision: of the convolutions: "float32", "bfloat16", or "auto", bfloat16
            where the processor has instructions for it. At 640 x 480 with the small
            backbone that takes 122 ms instead of 440 on one thread, and a score
            differs by up to 0.04.

    Raises:
        ValueError: an image of a wrong shape or range, a wish that makes no sense, or
            scores that are NaN or infinite.
        TypeError: an image of whole numbers other than uint8.

    The network is used as in evaluation mode and stays as it is. Its batch norms are
    fused into the convolutions of a copy, once for all scales.

    Source: Dai et al., ECCV 2016, section 3.3.
    """
    check_wishes(top, scales, nms_iou, threshold, candidates)
    picture = to_tensor(image)
    shape = tuple(picture.shape[1:])
    zooms = default_zooms(model, shape) if scales is None else tuple(map(float, scales))
    half = uses_bfloat16(precision)
    fast = fused(model)
    levels = [score_level(fast, picture, zoom, half=half) for zoom in zooms]
    windows, scores = best_windows(levels, candidates or 4 * top)
    pyramid = pyramid_of(model, levels, shape, threshold)
    boxes = tight_boxes_at(pyramid, windows)
    some = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(1))
    kept = some[nms(boxes[some], scores[some], nms_iou)[:top]]
    crops = crops_at(pyramid, windows[kept], boxes[kept])
    return Proposals(shape, boxes[kept], scores[kept], crops, windows[kept], zooms)


def check_wishes(
    top: int, scales: Sequence[float] | None, nms_iou: float, threshold: float,
    candidates: int | None,
) -> None:
    """Raise a ValueError for a wish that cannot be met, naming it."""
    fine = {
        "top, at least 1": top >= 1,
        "candidates, at least 1": candidates is None or candidates >= 1,
        "scales, at least one and all above 0":
            scales is None or (len(scales) > 0 and min(scales) > 0),
        "nms_iou, 0 to 1": 0 <= nms_iou <= 1,
        "threshold, between 0 and 1": 0 < threshold < 1,
    }
    given = {"top": top, "candidates": candidates, "scales": scales, "nms_iou": nms_iou,
             "threshold": threshold}
    for wish, met in fine.items():
        if not met:
            raise ValueError(f"give {wish}; got {given[wish.split(',')[0]]}")


def default_zooms(model: InstanceFCN, shape: tuple[int, int]) -> tuple[float, ...]:
    """The pyramid for the objects that this network was trained to find.

    No enlarged image has more than `PIXELS_AT_MOST` pixels, whatever the sizes ask.
    """
    side = model.stride * model.m
    if model.sizes is None:
        zooms = zooms_for_fractions(shape, side, model.canonical)
    else:
        zooms = zooms_for_sizes(*model.sizes, side, model.canonical)
    largest = math.sqrt(PIXELS_AT_MOST / (shape[0] * shape[1]))
    return tuple(sorted({min(zoom, largest) for zoom in zooms}))


def to_tensor(image: np.ndarray) -> Float[Tensor, "3 h w"]:
    """An image as the network takes it.

    Raises:
        ValueError: not (h, w), (h, w, 3) or (h, w, 4), empty, or not in [0, 1].
        TypeError: neither uint8 nor floating point.

    Example:
        >>> to_tensor(np.full((4, 5), 255, np.uint8)).shape
        torch.Size([3, 4, 5])
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.ndim != 3 or image.shape[2] not in (3, 4) or 0 in image.shape:
        raise ValueError(f"an image is (h, w), (h, w, 3) or (h, w, 4), with at least "
                         f"one pixel; got shape {image.shape}")
    if image.dtype == np.uint8:
        image = image.astype(np.float32) / 255
    elif not np.issubdtype(image.dtype, np.floating):
        raise TypeError(f"an image is uint8, or float in [0, 1]; got {image.dtype}")
    elif not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"a float image lies in [0, 1]; this one spans "
                         f"[{image.min()}, {image.max()}]: divide by its largest value")
    return torch.tensor(image[:, :, :3], dtype=torch.float32).permute(2, 0, 1)


@torch.inference_mode()
def score_level(
    model: InstanceFCN, image: Float[Tensor, "3 h w"], zoom: float, *,
    half: bool = False,
) -> Level:
    """Run the network at one scale.

    Raises:
        ValueError: the network returns NaN or infinity.
    """
    device = next(model.parameters()).device
    scaled = resize_image(image, zoom, least=model.stride)
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        scores = model.eval()(scaled[None].to(device))
    maps, objectness = planes(scores.maps[0]), scores.objectness[0].float().cpu()
    check_finite(ScoreMaps(maps[None], objectness[None]))
    cell = tuple(model.stride * a / b
                 for a, b in zip(image.shape[1:], scaled.shape[1:], strict=True))
    return Level(maps, objectness, cell)


def planes(maps: Float[Tensor, "kk H W"]) -> Float[Tensor, "kk H W"]:
    """The maps in float32, one after the other in memory, as assembling reads them.

    Convolutions leave the scores of one cell side by side. As a matrix of two axes
    they are turned round about three times faster than as an array of three.
    """
    cells = maps.float().cpu().permute(1, 2, 0).flatten(0, 1)      # (H*W, k*k)
    return cells.T.contiguous().view(maps.shape)


def check_finite(scores: ScoreMaps) -> None:
    """Raise a ValueError where a score is NaN or infinite."""
    for name, values in zip(scores._fields, scores, strict=True):
        # One sum is quicker than a look at every score, and NaN and infinity survive
        # it. Should finite scores have an infinite sum, the closer look says so.
        if not values.sum().isfinite() and not values.isfinite().all():
            raise ValueError(f"the network's {name} hold NaN or infinity; its weights "
                             "are broken or training diverged")
