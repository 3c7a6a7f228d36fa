"""Boxes as tensors: overlap, the box coder, matching with objects, Fast NMS.

Boxes are (x0, y0, x1, y1), half-open, so a box from 0 to 16 is 16 wide. Fast R-CNN's
code counted ends as inside and added 1 to sides; half of the bugs of its copies come
from adding it in one place and not in the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ifcn_lab.layers.nms import nms

MOST_GROWTH = math.log(1000 / 16)
"""A decoded box is at most e to this, 62.5, times as wide and high as its anchor."""

NEGATIVE, IGNORED = -1, -2


def box_iou(a: Float[Tensor, "N 4"], b: Float[Tensor, "M 4"]) -> Float[Tensor, "N M"]:
    """Overlap of every box of `a` with every box of `b`; 0 where both are empty.

    Example:
        >>> box_iou(torch.tensor([[0., 0, 10, 10]]), torch.tensor([[0., 0, 10, 5]]))
        tensor([[0.5000]])
    """
    sides = torch.minimum(a[:, None, 2:], b[:, 2:]) \
        - torch.maximum(a[:, None, :2], b[:, :2])                  # (N, M, 2)
    shared = sides.clamp(min=0).prod(-1)                           # (N, M)
    areas = box_area(a)[:, None] + box_area(b) - shared
    return shared / areas.clamp(min=torch.finfo(areas.dtype).tiny)


def box_area(boxes: Float[Tensor, "N 4"]) -> Float[Tensor, " N"]:
    """Area of each box."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)


def clip_boxes(
    boxes: Float[Tensor, "*N 4"], shape: tuple[int, int]
) -> Float[Tensor, "*N 4"]:
    """What of each box lies in an image of (h, w) pixels."""
    h, w = shape
    return boxes.clamp(min=0).minimum(boxes.new_tensor([w, h, w, h]))


def grow_boxes(
    boxes: Float[Tensor, "N 4"], share: float, shape: tuple[int, int]
) -> Float[Tensor, "N 4"]:
    """Boxes wider and higher by a share of themselves, as far as the image goes.

    Example:
        >>> grow_boxes(torch.tensor([[2.0, 0, 6, 8]]), 0.5, (9, 9)).tolist()
        [[1.0, 0.0, 7.0, 9.0]]
    """
    half = (boxes[:, 2:] - boxes[:, :2]) * share / 2               # (N, 2)
    return clip_boxes(boxes + torch.cat([-half, half], 1), shape)


def as_middles(boxes: Float[Tensor, "*N 4"]) -> tuple[Tensor, Tensor]:
    """Middle (x, y) and size (w, h) of each box, both (*N, 2)."""
    size = boxes[..., 2:] - boxes[..., :2]
    return boxes[..., :2] + size / 2, size


def encode_boxes(
    boxes: Float[Tensor, "*N 4"], anchors: Float[Tensor, "*N 4"],
    weights: Sequence[float] = (1, 1, 1, 1),
) -> Float[Tensor, "*N 4"]:
    """How to move and stretch each anchor so that it becomes its box.

    Args:
        boxes: of a size above 0.
        anchors: as many.
        weights: each number is multiplied by its weight; (10, 10, 5, 5) in the second
            stage of Fast R-CNN, which SSD writes as division by (.1, .1, .2, .2).

    Source: Girshick et al., CVPR 2014, appendix C.

    Example:
        >>> anchor = torch.tensor([[0., 0, 16, 16]])
        >>> encode_boxes(torch.tensor([[4., 2, 20, 26]]), anchor)
        tensor([[0.2500, 0.3750, 0.0000, 0.4055]])
    """
    (at, size), (start, side) = as_middles(boxes), as_middles(anchors)
    code = torch.cat([(at - start) / side, (size / side).log()], -1)
    return code * code.new_tensor(weights)


def decode_boxes(
    code: Float[Tensor, "*N 4"], anchors: Float[Tensor, "*N 4"],
    weights: Sequence[float] = (1, 1, 1, 1),
) -> Float[Tensor, "*N 4"]:
    """The boxes that `encode_boxes` wrote; growth is at most `MOST_GROWTH`.

    Example:
        >>> anchor = torch.tensor([[0., 0, 16, 16]])
        >>> decode_boxes(torch.tensor([[0., 0, 10, 0]]), anchor).round()
        tensor([[-492.,    0.,  508.,   16.]])
    """
    start, side = as_middles(anchors)
    code = code / code.new_tensor(weights)
    at = start + code[..., :2] * side
    size = side * code[..., 2:].clamp(max=MOST_GROWTH).exp()
    return torch.cat([at - size / 2, at + size / 2], -1)


def match(
    overlap: Float[Tensor, "N M"], positive: float = 0.7, negative: float = 0.3, *,
    best: bool = True,
) -> Int[Tensor, " N"]:
    """Which object each anchor learns: its index, -1 for none, -2 for ignored.

    An anchor learns the object that it overlaps most, from `positive` on; below
    `negative` it is background. With `best` the anchors that overlap an object more
    than all others do learn it as well, however little that is; without them a small
    object might teach nobody.

    Source: Ren et al., NIPS 2015 (Faster R-CNN), section 3.1.2.

    Example:
        >>> match(torch.tensor([[.8, .1], [.5, .2], [.1, .25], [.0, .1]])).tolist()
        [0, -2, 1, -1]
    """
    if overlap.shape[1] == 0:
        return overlap.new_full((len(overlap),), NEGATIVE, dtype=torch.long)
    most, nearest = overlap.max(1)                                 # (N,)
    found = torch.where(most >= positive, nearest, IGNORED)
    found[most < negative] = NEGATIVE
    if best and len(overlap):
        top = overlap.max(0).values                                # (M,)
        for anchor, own in ((overlap == top) & (top > 0)).nonzero().tolist():
            if found[anchor] < 0:
                found[anchor] = own
    return found


def usual_nms(
    boxes: Float[Tensor, "N 4"], scores: Float[Tensor, " N"], iou: float = 0.5
) -> Int[Tensor, " kept"]:
    """`nms` of boxes that are tensors."""
    kept = nms(boxes.detach().cpu().numpy(), scores.detach().cpu().numpy(), iou)
    return torch.from_numpy(kept).to(boxes.device)


def fast_nms(
    boxes: Float[Tensor, "N 4"], scores: Float[Tensor, " N"], iou: float = 0.5
) -> Int[Tensor, " kept"]:
    """Indices of the boxes that no better box overlaps by more than `iou`, best first.

    Unlike in `nms` a box that has gone itself still removes others, so all pairs can
    be looked at at once; in a chain of three the last one goes too.

    Source: Bolya et al., ICCV 2019 (YOLACT), section 3.3.

    Example:
        >>> chain = torch.tensor([[0, 0, 10, 10], [0, 2.5, 10, 12.5], [0, 5, 10, 15]])
        >>> fast_nms(chain, torch.tensor([.9, .8, .7])).tolist()
        [0]
    """
    order = scores.argsort(descending=True, stable=True)
    worst = box_iou(boxes[order], boxes[order]).triu(diagonal=1).amax(0) \
        if len(order) else scores
    return order[worst <= iou]
