"""Image pyramid -> windows -> masks -> NMS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from ifcn_lab.layers.backbones import fused, uses_bfloat16
from ifcn_lab.layers.nms import nms as box_nms
from ifcn_lab.layers.overlaps import OVERLAPS, without_overlaps
from ifcn_lab.layers.whole_image import check_finite
from ifcn_lab.segmenter import Instances, Segmenter, to_tensor
from ifcn_lab.windows.candidates import (
    Level,
    Pyramid,
    best_windows,
    crops_at,
    pyramid_of,
    tight_boxes_at,
)
from ifcn_lab.windows.pyramid import (
    resize_image,
    zooms_for_fractions,
    zooms_for_sizes,
)
from ifcn_lab.windows.quality import SCORES, calibrated, ranked

PIXELS_AT_MOST = 40_000_000
BAND_PIXELS = 4_000_000
"""Larger pictures are shown to a network in bands: at 75 bytes a pixel, 300 MB."""
GRAIN = 16
"""Rows of the coarsest place of a network in bands: where bands and picture end."""


def propose(
    model: Segmenter,
    image: UInt8[np.ndarray, "h w *rgb"] | Float[np.ndarray, "h w *rgb"],
    *, top: int = 1000, **wishes: Any,
) -> Instances:
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
        candidates: windows kept before NMS, over all scales; None: 4 * top. They are
            those of the highest objectness, whatever the score.
        score: what ranks them then: "objectness", or with a head for the quality of
            masks "quality" (the IoU that it tells) or "both" (the product); None: as
            the model says, which then also knows how to calibrate it.
        nms: what is compared with `nms_iou`: "boxes" (paper), or "masks", "soft" or
            "pixels", as `layers.overlaps` has them.
        precision: of the convolutions: "float32", "bfloat16", or "auto", bfloat16
            where the processor, or the GPU, has instructions for it. At 640 x 480 with
            the small backbone that takes 122 ms instead of 440 on one thread, and a
            score differs by up to 0.04.

    Raises:
        ValueError: an image of a wrong shape or range, a wish that makes no sense, or
            scores that are NaN or infinite.
        TypeError: an image of whole numbers other than uint8.

    The network is used as in evaluation mode and stays as it is. Its batch norms are
    fused into the convolutions of a copy, once for all scales.

    Source: Dai et al., ECCV 2016, section 3.3.
    """
    return propose_many(model, [image], top=top, **wishes)[0]


def propose_many(
    model: Segmenter,
    images: Sequence[np.ndarray],
    *, top: int = 1000, scales: Sequence[float] | None = None, nms_iou: float = 0.8,
    threshold: float = 0.5, candidates: int | None = None,
    precision: str = "float32", score: str | None = None, nms: str = "boxes",
) -> list[Instances]:
    """Segment several images, one after the other, with one copy of the network.

    See `propose` for the arguments and what is raised.

    Example:
        >>> from ifcn_lab import InstanceFCN
        >>> net = InstanceFCN.from_pretrained("scenes")
        >>> images = [np.zeros((48, 64, 3), np.uint8), np.zeros((64, 48), np.uint8)]
        >>> [found.shape for found in propose_many(net, images, top=5)]
        [(48, 64), (64, 48)]
    """
    check_wishes(top, scales, nms_iou, threshold, candidates)
    ranking = ranking_of(model, score, nms)
    half = uses_bfloat16(precision, model.device.type)
    net, given, found = fused(model), tuple(map(float, scales or ())), []
    for picture in map(to_tensor, images):
        shape = tuple(picture.shape[1:])
        zooms = given or default_zooms(model, shape)
        levels = [score_level(net, picture, zoom, half=half) for zoom in zooms]
        found.append(read_masks(pyramid_of(model, levels, shape, threshold), zooms, top,
                                nms_iou, candidates or 4 * top, ranking))
    return found


@torch.inference_mode()
def score_level(
    model: Segmenter, image: Float[Tensor, "3 h w"], zoom: float, *,
    half: bool = False,
) -> Level:
    """Run the network at one scale, on its own device.

    Args:
        model: the network.
        image: in [0, 1].
        zoom: how much it is enlarged.
        half: convolutions in bfloat16.

    Raises:
        ValueError: the network returns NaN or infinity.
    """
    reach, pixels = getattr(model, "reach", None), zoom**2 * image[0].numel()
    banded = reach is not None and pixels > BAND_PIXELS
    scaled = resize_image(image.to(model.device), zoom, least=model.stride,
                          multiple=GRAIN if banded else 1)
    with torch.autocast(model.device.type, torch.bfloat16, enabled=half):
        scores = (in_bands(model.eval(), scaled, reach, BAND_PIXELS) if banded
                  else model.eval()(scaled[None]))
    maps, objectness = planes(scores[0][0]), scores[1][0].float().cpu()
    check_finite(maps=maps, objectness=objectness)
    stride = tuple(model.stride * a / b
                 for a, b in zip(image.shape[1:], scaled.shape[1:], strict=True))
    seen = [each[0].float() for each in scores[2:]]     # of a head for quality
    return Level(maps, objectness, stride, *seen)


def in_bands(
    model: Segmenter, image: Float[Tensor, "3 h w"], reach: int, pixels: int
) -> list[Tensor]:
    """What the network returns for an image, run band by band along its longer side.

    Each band is seen with `reach` more pixels on both sides, so that every place has
    all that it looks at, and has about `pixels` pixels. Bands begin at multiples of
    `GRAIN`: the network's strides and enlargements fall as in the whole image, whose
    longer side must be such a multiple.
    """
    axis = -1 if image.shape[2] > image.shape[1] else -2
    length, whole = image.shape[axis], []
    places = [-(-side // model.stride) for side in image.shape[1:]]
    step = max(GRAIN, reach, pixels * length // image[0].numel() - 2 * reach)
    step -= step % GRAIN
    for start in range(0, length, step):
        first, last = max(0, start - reach), min(length, start + step + reach)
        seen = model(image.narrow(axis, first, last - first)[None])
        whole = whole or [image.new_empty(*each.shape[:-2], *places) for each in seen]
        count = min(step, length - start) // model.stride
        for into, each in zip(whole, seen, strict=True):
            inner = each.narrow(axis, (start - first) // model.stride, count)
            into.narrow(axis, start // model.stride, count).copy_(inner)
    return whole


def planes(maps: Float[Tensor, "kk H W"]) -> Float[Tensor, "kk H W"]:
    """The maps in float32, one after the other in memory, as assembling reads them.

    Convolutions leave the scores of one place side by side. As a matrix of two axes
    they are turned round about three times faster than as an array of three.
    """
    places = maps.float().permute(1, 2, 0).flatten(0, 1)            # (H*W, k*k)
    return places.T.contiguous().view(maps.shape)


class Ranking(NamedTuple):
    """How windows become proposals: their score, what makes it a probability, NMS."""

    score: str = "objectness"
    calibration: Sequence[float] | None = None
    nms: str = "boxes"


AS_IN_THE_PAPER = Ranking()


def ranking_of(model: Segmenter, score: str | None, nms: str) -> Ranking:
    """The model's own ranking where nothing else is asked for.

    Raises:
        ValueError: there is no such score or NMS, or the model cannot tell the score.
    """
    own = getattr(model, "score", "objectness")
    score = score or own
    for name, given, known in (("score", score, SCORES), ("nms", nms, OVERLAPS)):
        if given not in known:
            raise ValueError(f"{name} is one of {', '.join(known)}; got {given!r}")
    if score != "objectness" and own == "objectness":
        raise ValueError(f"score {score!r} needs a network with a head for the quality "
                         "of masks, and this one has none; `rated` gives it one to "
                         "train")
    line = getattr(model, "calibration", None) if score == own else None
    return Ranking(score, line, nms)


def read_masks(
    pyramid: Pyramid, zooms: tuple[float, ...], top: int, nms_iou: float, count: int,
    ranking: Ranking = AS_IN_THE_PAPER,
) -> Instances:
    """The best masks of an image's score maps.

    Args:
        pyramid: the score maps of every scale.
        zooms: the scales.
        top: how many masks at most.
        nms_iou: of two tight boxes that overlap more, the worse goes.
        count: windows kept before that.
        ranking: by which score, and by which NMS.
    """
    windows, scores = best_windows(pyramid.levels, count)
    if ranking.score != "objectness":
        windows, scores = ranked(pyramid, windows, scores, ranking.score)
    scores = calibrated(scores, ranking.calibration)
    boxes = tight_boxes_at(pyramid, windows)
    kept = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(1))
    if ranking.nms == "boxes":
        kept = kept[box_nms(boxes[kept], scores[kept], nms_iou)[:top]]
    crops = crops_at(pyramid, windows[kept], boxes[kept])
    found = Instances(pyramid.shape, boxes[kept], scores[kept], crops,
                      windows=windows[kept], zooms=zooms)
    if ranking.nms == "boxes":
        return found
    return without_overlaps(found, ranking.nms, nms_iou).top(top)


def check_wishes(
    top: int, scales: Sequence[float] | None, nms_iou: float, threshold: float,
    candidates: int | None,
) -> None:
    """Raise a ValueError for a wish that cannot be met, naming it."""
    for wish, met, given in (
        ("top, at least 1", top >= 1, top),
        ("candidates, at least 1", candidates is None or candidates >= 1, candidates),
        ("scales, at least one and all above 0",
         scales is None or (len(scales) > 0 and min(scales) > 0), scales),
        ("nms_iou, 0 to 1", 0 <= nms_iou <= 1, nms_iou),
        ("threshold, between 0 and 1", 0 < threshold < 1, threshold),
    ):
        if not met:
            raise ValueError(f"give {wish}; got {given}")


def default_zooms(model: Segmenter, shape: tuple[int, int]) -> tuple[float, ...]:
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
