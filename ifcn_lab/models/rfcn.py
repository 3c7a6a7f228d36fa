"""R-FCN: k x k maps for every category, and nothing learnt after the region is cut.

InstanceFCN's maps say "this pixel is the upper left part of an object"; R-FCN asks the
same for each category and, instead of copying pixels to draw a mask, takes the mean of
each part's bin and lets the k * k bins vote. A region costs a few additions, so a
thousand cost little. It finds boxes: its masks are the boxes themselves.

Left out of the source: ResNet-101 and hard example mining.

Source: Dai, Li, He and Sun, NIPS 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ifcn_lab.layers.roi import ps_roi_pool
from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import Read, Taught, TwoStage
from ifcn_lab.segmenter import Terms


class RFCN(TwoStage):
    """Position-sensitive maps of every category, pooled and averaged.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        k: parts per side; 7 in the source, 3 in its smallest form.
        others: see `TwoStage`.

    Raises:
        ValueError: an unknown backbone or normalisation, or k below 1.

    Example:
        >>> net = RFCN("small", {1: "disc", 7: "star"}, k=3).eval()
        >>> net(torch.zeros(1, 3, 64, 64)).maps.shape  # 9 maps of 3 categories, 4 boxes
        torch.Size([1, 63, 16, 16])
    """

    mask_terms = ()
    finds = "Boxes"

    maps_per_part = 1
    """How many of them a part of a category has."""

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        k: int = 3, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        if k < 1:
            raise ValueError(f"k is {k}; give at least 1 part per side")
        self.k = k
        width = 96 if self.backbone.small else 1024
        self.head = nn.Sequential(
            nn.Conv2d(self.channels, width, 1, bias=False), nn.BatchNorm2d(width),
            nn.ReLU())
        self.part_maps = nn.Conv2d(
            width, k * k * self.maps_per_part * (self.kinds + 1), 1)
        self.box_maps = nn.Conv2d(width, k * k * 4, 1)

    def make_maps(self, features: Float[Tensor, "B C H W"]) -> Tensor:
        """k * k maps of every category, the background first, then of 4 box numbers."""
        seen = self.head(features)
        return torch.cat([self.part_maps(seen), self.box_maps(seen)], 1)

    def read(self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"]) -> Read:
        """Each bin's mean from the map of its part; the vote is their mean, eq. 1, 2.
        """
        pooled = ps_roi_pool(maps, boxes, self.k, stride=self.stride)
        vote = pooled.mean((2, 3))                                 # (N, C + 1 + 4)
        return Read(vote[:, :-4], vote[:, -4:])

    def masks(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"],
    ) -> Float[Tensor, "N 1 1"]:
        """The whole box."""
        return boxes.new_ones(len(boxes), 1, 1)

    def mask_losses(
        self, maps: Float[Tensor, "D H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """None: boxes are the answer."""
        return {}
