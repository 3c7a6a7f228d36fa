"""FCIS: every part of every category has two maps, inside and outside.

InstanceFCN has k * k maps that draw masks and R-FCN has k * k maps that name regions.
FCIS lets one pair do both. A pixel of a region reads two numbers from the maps of its
part: how much it looks like the inside of the object there, and how much like its
surroundings. Which of the two is larger draws the mask (a softmax over the pair). How
large the larger one is names the region (their maximum, averaged over the region):
where both are low the region shows something else. The softmax sees the difference,
the maximum sees the level.

Left out of the source: ResNet-101, hard example mining, the second pass over moved
boxes and mask voting. Boxes are moved once, after their masks were named.

Source: Li, Qi, Dai, Ji and Wei, CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.layers.roi import ps_roi_pool
from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import Read, Taught, cut_masks
from ifcn_lab.models.rfcn import RFCN
from ifcn_lab.segmenter import Terms

INSIDE, OUTSIDE = 0, 1


class FCIS(RFCN):
    """R-FCN with inside and outside maps for every part of every category.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        k: parts per side; 7 in the source.
        bins: per side of an assembled region; 21 in the source, 3 to a part.
        joint: masks and categories share the maps. Otherwise the first map of a pair
            draws by itself, by a sigmoid, and the mean of the second one names.
        others: see `TwoStage`.

    Raises:
        ValueError: an unknown backbone or normalisation, or bins fewer than k.

    Example:
        >>> net = FCIS("small", k=3).eval()
        >>> maps = net(torch.zeros(1, 3, 64, 64)).maps[0]
        >>> net.assembled(maps, torch.tensor([[4.0, 4, 40, 40]])).shape
        torch.Size([1, 2, 2, 21, 21])
    """

    mask_terms = ("mask",)
    finds = "Masks"

    maps_per_part = 2

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        k: int = 5, bins: int = 21, joint: bool = True, **others: Any,
    ) -> None:
        if not 1 <= k <= bins:
            raise ValueError(f"k is {k} and bins is {bins}; give k of 1 to bins")
        super().__init__(backbone, categories, k=k, **others)
        self.bins, self.joint = bins, joint

    def assembled(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"]
    ) -> Float[Tensor, "N C1 2 P P"]:
        """Inside and outside of each category over bins x bins parts of each box."""
        pairs = maps[: -4 * self.k ** 2]
        pooled = ps_roi_pool(pairs, boxes, self.k, bins=self.bins, stride=self.stride)
        return pooled.unflatten(1, (-1, 2))

    def read(self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"]) -> Read:
        """The larger of each pair, averaged over the region; the box by parts."""
        pairs = self.assembled(maps, boxes)                        # (N, C+1, 2, P, P)
        level = pairs.amax(2) if self.joint else pairs[:, :, OUTSIDE]
        code = ps_roi_pool(maps[-4 * self.k ** 2:], boxes, self.k, stride=self.stride)
        return Read(level.mean((2, 3)), code.mean((2, 3)))

    def own_pairs(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        number: Int[Tensor, " N"],
    ) -> Float[Tensor, "N 2 P P"]:
        """Inside and outside of the category of each region; outside 0 if not joint.
        """
        index = torch.arange(len(number), device=maps.device)
        pair = self.assembled(maps, boxes)[index, number]
        return pair if self.joint else pair * pair.new_tensor([1, 0])[:, None, None]

    def masks(
        self, maps: Float[Tensor, "D H W"], boxes: Float[Tensor, "N 4"],
        kind: Int[Tensor, " N"],
    ) -> Float[Tensor, "N P P"]:
        """The softmax over the pair, that is a sigmoid of its difference."""
        return self.own_pairs(maps, boxes, kind + 1).softmax(1)[:, INSIDE]

    def mask_losses(
        self, maps: Float[Tensor, "D H W"], taught: Taught, objects: Objects
    ) -> Terms:
        """A softmax over the true category's pair, mean over a region's pixels."""
        some = taught.positive()
        pair = self.own_pairs(maps, some.boxes, some.label)        # (R, 2, P, P)
        wanted = cut_masks(objects, some, self.bins)
        side = torch.where(wanted, INSIDE, OUTSIDE)
        loss = F.cross_entropy(pair, side, reduction="sum")
        return {"mask": (loss, side.numel())}
