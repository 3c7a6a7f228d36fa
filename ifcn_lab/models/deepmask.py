"""A relative of InstanceFCN whose mask head gives every window its own m*m numbers.

It is there to be compared with: backbone, objectness, training and proposals are the
same, only the way to a mask differs.

Source: Dai, He, Li, Ren and Sun, ECCV 2016, their ~DeepMask; after Pinheiro, Collobert
and Dollár, NIPS 2015.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.assembling import assemble
from ifcn_lab.models.instancefcn import InstanceFCN

BINS = 7
"""Bins per side at lesson scale; a window's features are averaged to at least so many.

At the paper's scale there are 14.
"""


class DeepMask(InstanceFCN):
    """The paper's ~DeepMask: a low-rank linear head at every position.

    A 1x1 convolution and a ReLU; then the features of the whole window, averaged in
    bins, go through one linear layer to `rank` numbers and through a second one to
    side*side mask logits, with no non-linearity between the two. Slid over the feature
    map both layers are convolutions. `ScoreMaps.maps` has side*side channels here, one
    for each pixel of the mask, and a mask is read from all channels at the window's
    centre. `k` is 1: there is no grid.

    The default is made for lessons: 7 x 7 bins, and a logit for each of the window's
    places. With the small backbone that is 64 channels, 64 numbers and 21 x 21 logits,
    229 thousand weights.

    `DeepMask(m=28, bins=14, side=56)` has the paper's sizes: the window is
    DeepMask's 224 pixels, 14 x 14 bins of 512 channels lead to 512 numbers and to
    56 x 56 logits, 53 million weights. Two choices are ours:

    - DeepMask's features have stride 16. Here the backbone keeps its stride of 8, and
      a bin is the mean of 2 x 2 features; the squeezing layer then reads every second
      place of the means, by dilation. So windows stand 8 pixels apart, as those of
      InstanceFCN.
    - `windows` brings the side x side logits to m x m by bilinear interpolation, since
      masks are trained and pasted in places. From 56 to 28 a place is the mean
      of its 2 x 2 logits. Masks of both heads so have places of 8 pixels; what
      DeepMask's finer grid of 4 pixels would add is not measured here.

    The objectness branch is InstanceFCN's.

    Args:
        m: window side in places.
        backbone: "vgg16", "small" or "light".
        rank: how many numbers a window is squeezed through; None: as many as the
            backbone has channels (512 for VGG-16, as in the paper).
        bins: how many bins a side the window's features are averaged to, at least.
        side: mask logits per side of the window; None: m.
        others: what InstanceFCN takes beside k, m and the backbone.

    Raises:
        ValueError: m, rank, bins or side < 1, or an unknown backbone.

    Source: Dai et al., ECCV 2016, "Local coherence" and the ~DeepMask baseline;
    Pinheiro et al., NIPS 2015, the mask branch.

    Example:
        >>> net = DeepMask(backbone="small").eval()
        >>> maps, objectness = net(torch.zeros(1, 3, 50, 70))
        >>> maps.shape, objectness.shape
        (torch.Size([1, 441, 13, 18]), torch.Size([1, 13, 18]))
    """

    pretrained = ""

    def __init__(
        self, m: int = 21, backbone: str = "vgg16", *, rank: int | None = None,
        bins: int = BINS, side: int | None = None, **others: Any,
    ) -> None:
        super().__init__(k=1, m=m, backbone=backbone, **others)
        channels = self.backbone.channels
        self.rank = channels if rank is None else rank
        self.bins, self.side = bins, m if side is None else side
        self.masks = WindowHead(channels, m, self.rank, bins=bins, side=self.side)

    @property
    def config(self) -> dict[str, object]:
        """The arguments that build this network again."""
        same = {name: value for name, value in super().config.items() if name != "k"}
        return same | {"rank": self.rank, "bins": self.bins, "side": self.side}

    def windows(
        self, maps: Float[Tensor, "*B mm H W"], centers: Int[Tensor, "N axes"],
        fill: float = 0.0,
    ) -> Float[Tensor, "N m m"]:
        """The mask logits of chosen windows: all channels at each window's centre.

        With side x side logits a window, they are brought to m x m by bilinear
        interpolation. Pixels off the map get `fill`, as in InstanceFCN.

        Raises:
            ValueError: the maps do not have side*side channels.

        Example:
            >>> net = DeepMask(m=3, backbone="small")
            >>> net.windows(torch.ones(9, 4, 4), torch.tensor([[0, 0]]))[0].tolist()
            [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
        """
        if maps.shape[-3] != self.side**2:
            raise ValueError(f"the maps have {maps.shape[-3]} channels, windows of "
                             f"{self.side} x {self.side} pixels need {self.side**2}")
        *image, y, x = centers.to(maps.device).T                  # (N,) each
        pixels = maps.movedim(-3, -1)[(*image, y, x)]             # (N, side*side)
        windows = pixels.unflatten(1, (self.side, self.side))     # (N, side, side)
        if self.side != self.m:
            windows = F.interpolate(windows[:, None], (self.m, self.m), mode="bilinear",
                                    align_corners=False)[:, 0]    # (N, m, m)
        everywhere = maps.new_ones(1, *maps.shape[-2:], dtype=torch.bool)
        inside = assemble(everywhere, self.m, centers=torch.stack([y, x], 1))
        return windows.where(inside, windows.new_tensor(fill))


class WindowHead(nn.Module):
    """From features to side*side logits per position, squeezed through `rank` numbers.

    Args:
        channels: of the features.
        m: window side in places.
        rank: how many numbers a window is squeezed through.
        bins: how many bins a side, at least; fewer where the window has fewer places.
        side: logits per side; None: m.

    Raises:
        ValueError: rank, bins or side < 1.

    Example:
        >>> head = WindowHead(channels=8, m=6, rank=4)
        >>> head(torch.zeros(1, 8, 5, 9)).shape
        torch.Size([1, 36, 5, 9])
    """

    def __init__(
        self, channels: int, m: int, rank: int, *, bins: int = BINS,
        side: int | None = None,
    ) -> None:
        super().__init__()
        side = m if side is None else side
        if min(rank, bins, side) < 1:
            raise ValueError(f"a window needs at least 1 number, 1 bin and 1 logit a "
                             f"side; got rank {rank}, bins {bins}, side {side}")
        self.bin = max(1, m // bins)                  # places per bin and side
        bins = -(-m // self.bin)                      # bins per side
        self.before, after = m // 2, bins * self.bin - 1 - m // 2
        self.around = (self.before, after, self.before, after)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.squeeze = nn.Conv2d(channels, rank, bins, dilation=self.bin)
        self.spread = nn.Conv2d(rank, side * side, 1)

    def forward(self, features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B ss H W"]:
        """Logits of the window centred at every place; outside the map there is 0."""
        return self.spread(self.squeezed(features))               # (B, s*s, H, W)

    def squeezed(self, features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B r H W"]:
        """The numbers that the window at every place is squeezed through."""
        x = F.pad(torch.relu(self.mix(features)), self.around)    # (B, C, H+.., W+..)
        return self.squeeze(F.avg_pool2d(x, self.bin, stride=1))
