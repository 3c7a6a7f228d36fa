"""A feature pyramid: maps of growing stride, each of which knows what coarser ones saw.

Bottom up a map gets coarser and knows more. Top down each map is enlarged and added to
the next finer one, so that a fine map knows as much and keeps its outlines; small
objects are then read from it and large ones from a coarse one.

In the source the way up is a ResNet's stages. Backbones here end with their finest map,
so it goes on from there by convolutions of stride 2.

Source: Lin et al., CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.backbones import convolved
from ifcn_lab.layers.boxes import box_area


class FeaturePyramid(nn.Module):
    """Maps of stride, 2 stride, 4 stride and so on, all with `channels`.

    Example:
        >>> pyramid = FeaturePyramid(32, 16, stride=4, levels=3)
        >>> [tuple(each.shape) for each in pyramid(torch.zeros(1, 32, 8, 12))]
        [(1, 16, 8, 12), (1, 16, 4, 6), (1, 16, 2, 3)]
    """

    def __init__(self, inputs: int, channels: int, stride: int, levels: int) -> None:
        super().__init__()
        self.stride, self.levels = stride, levels
        self.down = nn.ModuleList(convolved(inputs, inputs, 2)
                                  for _ in range(levels - 1))
        self.lateral = nn.ModuleList(nn.Conv2d(inputs, channels, 1)
                                     for _ in range(levels))
        self.smooth = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1)
                                    for _ in range(levels))

    def forward(self, features: Float[Tensor, "B C H W"]) -> list[Tensor]:
        """The levels, finest first; H and W halve without a rest."""
        maps = [features]
        for down in self.down:
            maps.append(down(maps[-1]))
        sums = [self.lateral[-1](maps[-1])]
        for lateral, near in zip(self.lateral[-2::-1], maps[-2::-1], strict=True):
            sums.append(lateral(near) + F.interpolate(sums[-1], scale_factor=2))
        return [smooth(each) for smooth, each in zip(self.smooth, sums[::-1],
                                                     strict=True)]

    def regions(
        self, operator: Callable[..., Tensor], maps: Float[Tensor, "C H W"],
        boxes: Float[Tensor, "N 4"], level: Int[Tensor, " N"], bins: int,
    ) -> Float[Tensor, "N C bins bins"]:
        """What a RoI operator reads of boxes, in pixels, each from its level of `maps`,
        the `stacked` levels of one image.
        """
        order, found = [], []
        finest = (maps.shape[1] << self.levels - 1) // ((1 << self.levels) - 1)
        rows = maps.split([finest >> n for n in range(self.levels)], 1)
        for n, each in enumerate(rows):
            some = (level == n).nonzero()[:, 0]
            own = each[:, :, : each.shape[2] >> n]                 # (C, H/2^n, W/2^n)
            found.append(operator(own, boxes[some] / (self.stride << n), bins))
            order.append(some)
        return torch.cat(found)[torch.cat(order).argsort()]


def stacked(levels: list[Tensor]) -> Float[Tensor, "B C H W"]:
    """Levels below each other in one map, finest first; zeros beside the coarser ones.
    """
    width = levels[0].shape[3]
    return torch.cat([F.pad(each, (0, width - each.shape[3])) for each in levels], 2)


def level_of(
    boxes: Float[Tensor, "N 4"], side: float = 224.0, level: int = 4
) -> Int[Tensor, " N"]:
    """The level of each box: floor(level + log2(sqrt(w h) / side)), equation 1.

    Example:
        >>> level_of(torch.tensor([[0.0, 0, 224, 224], [0, 0, 100, 100]])).tolist()
        [4, 2]
    """
    octaves = (box_area(boxes).clamp(min=1).sqrt() / side).log2()
    return (level + octaves).floor().long()
