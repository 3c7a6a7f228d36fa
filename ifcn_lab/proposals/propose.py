"""Image pyramid -> windows -> masks -> NMS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from ifcn_lab.backbone import uses_bfloat16
from ifcn_lab.model import InstanceFCN, ScoreMaps
from ifcn_lab.proposals.nms import nms
from ifcn_lab.proposals.paste import enlarge, inside_image, place_windows
from ifcn_lab.proposals.proposals import Proposals
from ifcn_lab.proposals.pyramid import (
    resize_image,
    zooms_for_fractions,
    zooms_for_sizes,
)
from ifcn_lab.targets import first_and_past_last

PIXELS_AT_ONCE = 8_000_000
PIXELS_AT_MOST = 40_000_000


class Level(NamedTuple):
    """One scale of the pyramid: its score maps and the size of a cell in the image.

    Shapes: `maps` (k*k, H, W) and `objectness` (H, W), logits; `cell` is the height
    and width of a feature cell in image pixels.
    """

    maps: Float[Tensor, "kk H W"]
    objectness: Float[Tensor, "H W"]
    cell: tuple[float, float]


class Candidates(NamedTuple):
    """Windows before NMS: boxes, scores, crops and where each came from.

    `windows` holds (y, x) in a level, (index of the level, y, x) in the whole.
    """

    boxes: Int[np.ndarray, "N 4"]
    scores: Float[np.ndarray, "N"]
    crops: list[Bool[np.ndarray, "_ _"]]
    windows: Int[np.ndarray, "N where"]


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
            where the processor has instructions for it (about twice as fast; scores
            then differ in the third digit).

    Raises:
        ValueError: an image of a wrong shape or range, a wish that makes no sense, or
            scores that are NaN or infinite.
        TypeError: an image of whole numbers other than uint8.

    Source: Dai et al., ECCV 2016, section 3.3.
    """
    check_wishes(top, scales, nms_iou, threshold, candidates)
    picture = to_tensor(image)
    shape = tuple(picture.shape[1:])
    zooms = default_zooms(model, shape) if scales is None else tuple(map(float, scales))
    half = uses_bfloat16(precision)
    levels = [score_level(model, picture, zoom, half=half) for zoom in zooms]
    found = gather(model, levels, shape, candidates or 4 * top, threshold)
    kept = nms(found.boxes, found.scores, nms_iou)[:top]
    return Proposals(shape, found.boxes[kept], found.scores[kept],
                     tuple(found.crops[i] for i in kept), found.windows[kept], zooms)


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
    images = scaled[None].to(device, memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        maps, objectness = (x[0].float().cpu() for x in model.eval()(images))
    check_finite(ScoreMaps(maps[None], objectness[None]))
    cell = tuple(model.stride * a / b
                 for a, b in zip(image.shape[1:], scaled.shape[1:], strict=True))
    return Level(maps, objectness, cell)


def check_finite(scores: ScoreMaps) -> None:
    """Raise a ValueError where a score is NaN or infinite."""
    for name, values in zip(scores._fields, scores, strict=True):
        if not torch.isfinite(values).all():
            raise ValueError(f"the network's {name} hold NaN or infinity; its weights "
                             "are broken or training diverged")


def gather(
    model: InstanceFCN, levels: Sequence[Level], shape: tuple[int, int], count: int,
    threshold: float,
) -> Candidates:
    """Masks of the `count` windows of highest objectness, over all scales."""
    parts = []
    for index, centers in enumerate(best_windows(levels, count)):
        for some in chunks(centers, model.m, levels[index].cell):
            found = masks_at(model, levels[index], some, shape, threshold)
            origin = np.insert(found.windows, 0, index, axis=1)
            parts.append(found._replace(windows=origin))
    boxes, scores, windows = (
        np.concatenate([getattr(p, name) for p in parts])
        for name in ("boxes", "scores", "windows")
    )
    return Candidates(boxes, scores, [c for p in parts for c in p.crops], windows)


def best_windows(levels: Sequence[Level], count: int) -> list[Int[Tensor, "N 2"]]:
    """The centres, level by level, of the windows with the highest objectness."""
    everything = torch.cat([level.objectness.flatten() for level in levels])
    best = everything.topk(min(count, len(everything))).indices.sort().values
    centers, start = [], 0
    for level in levels:
        width, size = level.objectness.shape[1], level.objectness.numel()
        here = best[(best >= start) & (best < start + size)] - start
        centers.append(torch.stack([here // width, here % width], 1))     # (N, 2)
        start += size
    return centers


def chunks(
    centers: Int[Tensor, "N 2"], m: int, cell: tuple[float, float]
) -> tuple[Tensor, ...]:
    """The centres in portions whose enlarged masks fit in memory together."""
    pixels = math.ceil(m * cell[0]) * math.ceil(m * cell[1])
    return centers.split(max(1, PIXELS_AT_ONCE // pixels))


def masks_at(
    model: InstanceFCN, level: Level, centers: Int[Tensor, "N 2"],
    shape: tuple[int, int], threshold: float,
) -> Candidates:
    """Assemble the windows at these centres and cut them at the threshold."""
    limit = math.log(threshold / (1 - threshold))
    windows = model.windows(level.maps, centers, fill=limit)              # (N, m, m)
    placement = place_windows(centers, model.m, level.cell)
    masks = enlarge(windows, placement) > limit                           # (N, P, Q)
    masks = (masks & inside_image(placement, shape)).numpy()
    y0, y1 = first_and_past_last(masks.any(2))
    x0, x1 = first_and_past_last(masks.any(1))
    some = np.flatnonzero(y1 > y0)
    corner = torch.stack([placement.columns[:, 0], placement.rows[:, 0]], 1).numpy()
    boxes = np.stack([x0, y0, x1, y1], 1) + np.tile(corner, 2)            # (N, 4)
    crops = [masks[i, y0[i] : y1[i], x0[i] : x1[i]].copy() for i in some]
    scores = torch.sigmoid(level.objectness[centers[:, 0], centers[:, 1]])
    return Candidates(boxes[some], scores.double().numpy()[some], crops,
                      centers.numpy()[some])
