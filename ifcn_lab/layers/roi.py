"""RoI operators: what a map says of a box, brought to bins x bins numbers.

Four rules for the same wish, and they differ in where a number is read:

- RoIPool rounds the box to whole places and takes each bin's largest;
- RoIWarp reads one point a bin, and the box gets a gradient;
- RoIAlign rounds nothing and takes the mean of n x n points a bin;
- position-sensitive pooling takes a bin's mean from the map of the bin's own part.

Each takes one image's map and boxes, and gives (N, C, bins, bins). A place is read at
its middle, so a box of whole places brought to as many bins is a plain copy: place u
covers [u, u + 1), and bin u' of a box stands in the middle of its share of the box. The
source of RoIWarp writes the same formula with bare indices u and u' and does not say
where in a place they stand; the middles are the choice made here, and `as_written` is
the other one.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.grid import Grid


def roi_align(
    features: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"], bins: int = 14, *,
    samples: int = 2, aligned: bool = True,
) -> Float[Tensor, "N C bins bins"]:
    """The mean of samples x samples points of each bin, each read bilinearly.

    A point more than a place outside the map counts as 0; one nearer is moved to the
    border.

    Args:
        features: the map of one image.
        boxes: (x0, y0, x1, y1) in places, half-open, fractions allowed.
        bins: per side.
        samples: points per side of a bin.
        aligned: a place is read at its middle. Without it, as in the first releases of
            Detectron and in ONNX Runtime, the whole box is read half a place too far
            to the right and below, and no box is smaller than one place.

    Source: He et al., ICCV 2017 (Mask R-CNN), section 3.

    Example:
        >>> ramp = torch.arange(6.0).expand(1, 4, 6)
        >>> roi_align(ramp, torch.tensor([[1.0, 0.0, 5.0, 4.0]]), bins=2)[0, 0].tolist()
        [[1.5, 3.5], [1.5, 3.5]]
    """
    start, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    start, size = (start - 0.5, size) if aligned else (start, size.clamp(min=1))
    share = (torch.arange(bins * samples).to(boxes) + 0.5) / (bins * samples)
    at = start[:, None] + share[:, None] * size[:, None]           # (N, P, 2)
    columns, rows = (
        line_weights(x.clamp(0, n - 1), n) * ((x >= -1) & (x <= n))[..., None]
        for x, n in zip(at.unbind(-1), features.shape[:0:-1], strict=True))
    means = (each.unflatten(1, (bins, samples)).mean(2) for each in (rows, columns))
    return weighted(features, *means)                              # (N, C, bins, bins)


def line_weights(at: Float[Tensor, "N P"], length: int) -> Float[Tensor, "N P length"]:
    """Bilinear weights of the places of a line, read at `at`; outside there is 0.

    Between two places the nearer one counts more, as 1 less its distance. Written with
    the place below and the one above and not with the distance's size, which has no
    slope just at a place.

    Example:
        >>> line_weights(torch.tensor([[0.25, 1.0, -0.5]]), 2).tolist()
        [[[0.75, 0.25], [0.0, 1.0], [0.5, 0.0]]]
    """
    low = at.detach().floor()
    low = torch.where((low == length - 1) & (at == low), low - 1, low)[..., None]
    place = torch.arange(length).to(at)
    share = at[..., None] - low
    return (place == low) * (1 - share) + (place == low + 1) * share


def weighted(
    features: Float[Tensor, "C H W"], rows: Float[Tensor, "N P H"],
    columns: Float[Tensor, "N Q W"], at_once: int = 64,
) -> Float[Tensor, "N C P Q"]:
    """Each box's weighted sums: two matrix products, as weights of points are a
    product of a row's and a column's. `at_once` boxes, for the sake of memory.
    """
    channels, height, width = features.shape
    flat = features.transpose(0, 1).reshape(height, -1)            # (H, C*W)
    found = [features.new_zeros(0, channels, rows.shape[1], columns.shape[1])]
    for row, column in zip(rows.to(features).split(at_once),
                           columns.to(features).split(at_once), strict=True):
        lines = (row.flatten(0, 1) @ flat).unflatten(0, row.shape[:2])
        lines = lines.unflatten(-1, (channels, width)).flatten(1, 2)  # (n, P*C, W)
        read = (lines @ column.transpose(1, 2)).unflatten(1, (-1, channels))
        found.append(read.transpose(1, 2))                         # (n, C, P, Q)
    return torch.cat(found)


def roi_warp(
    features: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"], bins: int = 14, *,
    as_written: bool = False,
) -> Float[Tensor, "N C bins bins"]:
    """Read every box's features at the middles of bins x bins parts, bilinearly.

    F_roi(u', v') = sum over u, v of g(u, u' | x, w) g(v, v' | y, h) F(u, v), with
    g(u, u' | x, w) = max(0, 1 - |x + u' / bins * w - u|). Features outside the map are
    0. Gradients reach the features and the boxes: a point at the share r of a side
    moves by (1 - r) of its first end and r of its other.

    Args:
        features: the feature map of one image.
        boxes: (x0, y0, x1, y1) in places, half-open, fractions allowed.
        bins: per side; 14 in MNC.
        as_written: places and bins are read at their indices, the left and upper edge
            of each bin, as the formula and the released code have it.

    Source: Dai, He and Sun, CVPR 2016 (MNC), the RoI warping layer.

    Example:
        >>> ramp = torch.arange(6.0).expand(1, 4, 6)
        >>> roi_warp(ramp, torch.tensor([[1.0, 0.0, 5.0, 4.0]]), bins=2)[0, 0].tolist()
        [[1.5, 3.5], [1.5, 3.5]]
    """
    height, width = features.shape[1:]
    if as_written:  # half a bin to the left of the middle, half a place to the right
        boxes = boxes + 0.5 - (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2) / (2 * bins)
    x = bin_middles(boxes[:, 0], boxes[:, 2], bins) - 0.5                  # (N, bins)
    y = bin_middles(boxes[:, 1], boxes[:, 3], bins) - 0.5                  # (N, bins)
    return weighted(features, line_weights(y, height), line_weights(x, width))


def bin_middles(
    first: Float[Tensor, " N"], past: Float[Tensor, " N"], bins: int
) -> Float[Tensor, "N bins"]:
    """Where the bins between two edges have their middles.

    Example:
        >>> bin_middles(torch.tensor([2.0]), torch.tensor([6.0]), 4).tolist()
        [[2.5, 3.5, 4.5, 5.5]]
    """
    share = (torch.arange(bins).to(first) + 0.5) / bins
    return first[:, None] + share * (past - first)[:, None]


def roi_pool(
    features: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"], bins: int = 7
) -> Float[Tensor, "N C bins bins"]:
    """The largest feature of each bin of the box, rounded to whole places.

    Corners are rounded, halves away from zero, and the last place counts as inside: a
    box from 0 to 2 has three places. Bins take every place they touch, so neighbours
    share places. A bin outside the map is 0.

    Args:
        features: the map of one image.
        boxes: (x0, y0, x1, y1) in places.
        bins: per side.

    Source: Girshick, ICCV 2015 (Fast R-CNN), section 2.1; rounding as in its code.

    Example:
        >>> ramp = torch.arange(4.0).expand(1, 4, 4)
        >>> roi_pool(ramp, torch.tensor([[0.0, 0.0, 2.0, 2.0]]), bins=2)[0, 0].tolist()
        [[1.0, 2.0], [1.0, 2.0]]
    """
    if len(boxes) == 0:
        return features.new_zeros(0, len(features), bins, bins)
    # torch.round goes to the even neighbour at halves; C's goes away from zero.
    corners = (boxes.sign() * (boxes.abs() + 0.5).floor()).long()  # (N, 4)
    corners[:, 2:] = corners[:, 2:].maximum(corners[:, :2]) + 1
    h, w = features.shape[1:]
    left, top = (-corners[:, :2].amin(0)).clamp(min=0).tolist()
    right, below = (corners[:, 2:].amax(0) - corners.new_tensor([w, h])) \
        .clamp(min=0).tolist()
    wide = F.pad(features, (left, right, top, below), value=-torch.inf)
    pooled = torch.stack([
        F.adaptive_max_pool2d(wide[:, y0 + top:y1 + top, x0 + left:x1 + left], bins)
        for x0, y0, x1, y1 in corners.tolist()])                   # (N, C, bins, bins)
    return pooled.masked_fill(pooled == -torch.inf, 0)


def ps_roi_pool(
    maps: Float[Tensor, "CKK H W"], boxes: Float[Tensor, "N 4"], k: int, *,
    bins: int | None = None, stride: int = 1,
) -> Float[Tensor, "N C bins bins"]:
    """The mean of each bin, read from the map of the bin's own part of the box.

    With bins of one place each nothing is averaged: this is InstanceFCN's assembling.

    Args:
        maps: k * k of every class, class after class, row-major within one.
        boxes: (x0, y0, x1, y1) in image pixels, half-open. They are rounded to whole
            pixels and then brought to places.
        k: parts per side.
        bins: per side; k as in R-FCN if left out, 21 in FCIS.
        stride: image pixels per place.

    Source: Dai et al., NIPS 2016 (R-FCN), equation 1; rounding as in FCIS's code,
    whose boxes end with the last pixel inside.

    Example:
        >>> ramp = torch.arange(16.0).view(1, 4, 4).repeat(4, 1, 1)
        >>> whole = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
        >>> ps_roi_pool(ramp, whole, k=2, bins=4).flatten().tolist() == list(range(16))
        True
    """
    bins = bins or k
    channel = part_channels(k, bins, len(maps) // k ** 2).to(maps.device)
    first, past = bin_edges(boxes, bins, stride, tuple(maps.shape[1:]))
    # Sums over rectangles are four corners of the running sum; in double precision, as
    # small differences of large sums lose digits.
    total = F.pad(maps.double().cumsum(1).cumsum(2), (1, 0, 1, 0))  # (CKK, H+1, W+1)

    def corner(y: Tensor, x: Tensor) -> Tensor:
        return total[channel, y[:, None, :, None], x[:, None, None, :]]

    summed = corner(past[..., 1], past[..., 0]) - corner(first[..., 1], past[..., 0]) \
        - corner(past[..., 1], first[..., 0]) + corner(first[..., 1], first[..., 0])
    sides = past - first                                           # (N, bins, 2)
    area = sides[:, None, :, None, 1] * sides[:, None, None, :, 0]
    return (summed / area.clamp(min=1)).to(maps.dtype)             # (N, C, bins, bins)


def part_channels(k: int, bins: int, classes: int) -> Int[Tensor, "C bins bins"]:
    """Which map each bin of each class is read from.

    Example:
        >>> part_channels(2, 4, 1)[0].tolist()
        [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    """
    inside = torch.as_tensor(Grid(k, bins).channel.copy())               # (bins, bins)
    return torch.arange(classes)[:, None, None] * k ** 2 + inside


def bin_edges(
    boxes: Float[Tensor, "N 4"], bins: int, stride: int, shape: tuple[int, int]
) -> tuple[Int[Tensor, "N bins 2"], Int[Tensor, "N bins 2"]]:
    """First place of every bin and the one past its last, columns (x) then rows (y)."""
    whole = boxes.double().sign() * (boxes.double().abs() + 0.5).floor()
    start = whole[:, :2] / stride
    size = (whole[:, 2:] / stride - start).clamp(min=0.1)
    # Divided last: a third of 21, times 3, may miss 7, and floor would see it.
    steps = torch.arange(bins + 1).to(whole)[:, None] * size[:, None]
    edges = start[:, None] + steps / bins                          # (N, bins + 1, 2)
    limit = edges.new_tensor(shape[::-1])
    first = edges[:, :-1].floor().clamp(min=0).minimum(limit).long()
    past = edges[:, 1:].ceil().clamp(min=0).minimum(limit).long()
    return first, past
