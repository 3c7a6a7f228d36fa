"""SharpMask: a coarse mask of many channels, refined from coarse to fine.

DeepMask squeezes a window through a few numbers and draws its mask from them, so the
mask is coarse: the numbers know what is there, not where the outline runs. The early
features know outlines but not objects. SharpMask draws a small mask of many channels
from the same numbers and refines it step by step: beside it stand the window's features
at the same size, both are convolved together, and the result is twice as large.

It is trained in two steps. First DeepMask; then its network is frozen, its last linear
layer is replaced by one to the many channels, and only that and the refinement learn.

Left out of the source: its faster trunk, the reflecting border, and refining only the
best windows. Its laterals come from a layer for every step; here all come from the
backbone's last map, which has the outlines too, once for the image, cut at each window.

Source: Pinheiro, Lin, Collobert and Dollár, ECCV 2016.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.assembling import assemble
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.windows.losses import ScoreMaps
from ifcn_lab.windows.model import WindowModel


class SharpMask(WindowModel):
    """DeepMask's frozen network and a refinement on top of it.

    Args:
        trunk: a trained DeepMask, or the configuration of one.
        channels: of the coarse mask; halved at every step. 32 in the source.
        steps: how often the mask doubles its side.

    Raises:
        ValueError: the window's side is no multiple of 2 ** steps.

    Example:
        >>> net = SharpMask(DeepMask(m=24, backbone="small"), steps=2).eval()
        >>> out = net(torch.zeros(1, 3, 64, 64))
        >>> net.windows(out.maps, torch.tensor([[0, 8, 8]])).shape
        torch.Size([1, 24, 24])
    """

    def __init__(
        self, trunk: DeepMask | dict[str, Any], *, channels: int = 16, steps: int = 2,
        **others: Any,
    ) -> None:
        trunk = trunk if isinstance(trunk, DeepMask) else DeepMask(**trunk)
        super().__init__(trunk.m, trunk.backbone_name, sizes=trunk.sizes,
                         windows=trunk.drawn, rule=trunk.rule, **others)
        if steps < 1 or self.m % 2 ** steps or channels % 2 ** steps:
            raise ValueError(f"{steps} steps double a side {steps} times: give a "
                             f"window (m is {self.m}) and channels ({channels}) that "
                             f"are multiples of {2 ** max(steps, 1)}")
        self.trunk = trunk.requires_grad_(False)
        self.stride, self.channels, self.steps = trunk.stride, channels, steps
        self.coarse = self.m // 2 ** steps
        self.encode = nn.Linear(trunk.rank, channels * self.coarse ** 2)
        widths = [channels // 2 ** i for i in range(steps + 1)]
        features = trunk.backbone.channels
        # One convolution for all steps' laterals; its output is cut at each window.
        self.laterals = nn.Sequential(nn.Conv2d(features, sum(widths), 3, padding=1),
                                      nn.ReLU())
        self.widths = widths
        self.refine = nn.ModuleList(
            nn.Conv2d(2 * before, after, 3, padding=1)
            for before, after in zip(widths, [*widths[1:], 1], strict=True))
        self.normalise_as(trunk.normalisation)

    @classmethod
    def on(
        cls, model: DeepMask, categories: object = None, **options: Any
    ) -> SharpMask:
        """A new refinement on a trained DeepMask; kinds are not told apart."""
        return cls(model, **options)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {"trunk": self.trunk.config, "channels": self.channels,
                "steps": self.steps, "negative_masks": self.negative_masks}

    def train(self, mode: bool = True) -> SharpMask:
        """The trunk is frozen, its batch norms too."""
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> ScoreMaps:
        """The numbers of every window and the laterals, one beside the other."""
        trunk = self.trunk
        features = trunk.backbone(self.normalised(images))         # (B, C, H, W)
        numbers = trunk.masks.squeezed(features)                   # (B, rank, H, W)
        maps = torch.cat([numbers, self.laterals(features)], 1)
        return ScoreMaps(maps, trunk.objectness(features).squeeze(1))

    def windows(
        self, maps: Float[Tensor, "*B C H W"], centers: Int[Tensor, "N axes"],
        fill: float = 0.0,
    ) -> Float[Tensor, "N m m"]:
        """The mask logits of chosen windows, refined step by step."""
        mask = self.stages(maps, centers)[-1][:, 0]                # (N, m, m)
        everywhere = maps.new_ones(1, *maps.shape[-2:], dtype=torch.bool)
        places = centers[:, -2:].to(maps.device)
        inside = assemble(everywhere, self.m, centers=places)
        return mask.where(inside, mask.new_tensor(fill))

    def stages(
        self, maps: Float[Tensor, "*B C H W"], centers: Int[Tensor, "N axes"]
    ) -> list[Float[Tensor, "N c side side"]]:
        """What chosen windows hold before each step, and last the logits of the mask.

        Example:
            >>> net = SharpMask(DeepMask(m=24, backbone="light"), steps=2).eval()
            >>> maps, _ = net(torch.zeros(1, 3, 64, 64))
            >>> found = net.stages(maps, torch.tensor([[0, 8, 8]]))
            >>> [tuple(stage.shape) for stage in found]
            [(1, 16, 6, 6), (1, 8, 12, 12), (1, 4, 24, 24), (1, 1, 24, 24)]
        """
        maps = maps if maps.dim() == 4 else maps[None]
        centers = centers.to(maps.device)
        image, y, x = (F.pad(centers, (3 - centers.shape[1], 0))).T
        numbers = maps[image, : self.trunk.rank, y, x]             # (N, rank)
        mask = self.encode(numbers).unflatten(1, (-1, self.coarse, self.coarse))
        found = [mask]
        cut = cut_windows(maps[:, self.trunk.rank:], image, y, x, self.m)
        for step, lateral in enumerate(cut.split(self.widths, 1)):
            lateral = F.adaptive_avg_pool2d(lateral, self.coarse * 2 ** step)
            mask = self.refine[step](torch.cat([lateral, F.relu(mask)], 1))
            if step < self.steps:
                mask = F.interpolate(F.relu(mask), scale_factor=2, mode="nearest")
            found.append(mask)
        return found


def cut_windows(
    maps: Float[Tensor, "B C H W"], image: Int[Tensor, " N"], y: Int[Tensor, " N"],
    x: Int[Tensor, " N"], m: int,
) -> Float[Tensor, "N C m m"]:
    """The m x m places of each window, 0 off the map.

    Example:
        >>> maps, zero = torch.arange(9.0).view(1, 1, 3, 3), torch.tensor([0])
        >>> cut_windows(maps, zero, zero, zero + 1, 3)[0, 0].tolist()
        [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    """
    wide = F.pad(maps, (m // 2, m) * 2).movedim(1, -1)             # (B, H.., W.., C)
    reach = torch.arange(m, device=maps.device)
    rows, columns = y[:, None] + reach, x[:, None] + reach         # (N, m)
    return wide[image[:, None, None], rows[:, :, None], columns[:, None]].movedim(-1, 1)
