"""A window round each object of a sample, as a network sees it: for lesson 9."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.data import Sample
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.windows.model import WindowModel
from ifcn_lab.windows.pyramid import resize_image


class CloseUp(NamedTuple):
    """A window round an object, all in pixels of the enlarged picture, s x s.

    `logits` are the window's, enlarged smoothly; `truth` is the object. `maps` are the
    network's on the whole enlarged picture and `center` the window's place (y, x).
    """

    image: UInt8[np.ndarray, "s s 3"]
    logits: Float[np.ndarray, "s s"]
    truth: Bool[np.ndarray, "s s"]
    maps: Float[Tensor, "C H W"]
    center: Int[Tensor, "1 2"]


def close_ups(net: WindowModel, sample: Sample) -> Iterator[CloseUp]:
    """The windows whose middles are nearest to the objects', at the zoom that fits.

    Example:
        >>> from ifcn_lab.data.scenes import SceneSet
        >>> from ifcn_lab.models.deepmask import DeepMask
        >>> [one] = close_ups(DeepMask(m=24, backbone="light").eval(),
        ...                   SceneSet(1, objects=(1, 1))[0])
        >>> one.image.shape, one.logits.shape, one.truth.any()
        ((96, 96, 3), (96, 96), np.True_)
    """
    side = net.stride * net.m
    for mask, box in zip(sample.masks, tight_boxes(sample.masks), strict=True):
        zoom = net.canonical * side / float(max(box[2:] - box[:2]))
        image = resize_image(to_tensor(sample.image), zoom, least=1)
        whole = resize_image(torch.from_numpy(mask)[None].float(), zoom, least=1)
        with torch.no_grad():
            maps = net(image[None]).maps[0]
        center = middle_place(box, zoom, net.stride, maps.shape[-2:])
        top, left = ((center[0] - net.m // 2) * net.stride).tolist()
        with torch.no_grad():
            logits = net.windows(maps, center)
        large = F.interpolate(logits[None], (side, side), mode="bilinear")[0, 0]
        colours = cut(image, top, left, side).movedim(0, -1)
        yield CloseUp((255 * colours).round().byte().numpy(), large.numpy(),
                      cut(whole, top, left, side)[0].numpy() >= 0.5, maps, center)


def middle_place(
    box: Int[np.ndarray, "4"], zoom: float, stride: int, places: tuple[int, int]
) -> Int[Tensor, "1 2"]:
    """The place (y, x) whose window has the box's middle nearest to its own.

    >>> middle_place(np.array([0, 0, 20, 40]), 1.0, 4, (16, 16)).tolist()
    [[5, 2]]
    """
    middle = zoom * (box[:2] + box[2:])[::-1] / 2 / stride
    last = np.array(places) - 1
    return torch.from_numpy(np.clip(middle.astype(int), 0, last))[None]


def cut(
    image: Float[Tensor, "C H W"], top: int, left: int, side: int
) -> Float[Tensor, "C side side"]:
    """A square of an image, 0 outside of it.

    >>> cut(torch.ones(1, 2, 2), -1, 0, 2).tolist()
    [[[0.0, 0.0], [1.0, 1.0]]]
    """
    wide = F.pad(image, [side] * 4)
    down, right = max(0, top + side), max(0, left + side)
    return wide[:, down : down + side, right : right + side]
