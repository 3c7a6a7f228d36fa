"""A relative of InstanceFCN whose mask head gives every window its own m*m numbers.

It is there to be compared with: backbone, objectness, training and proposals are the
same, only the way to a mask differs.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.model import InstanceFCN

BINS = 7
"""A window's features are averaged to at least this many bins per side."""


class DeepMaskStyle(InstanceFCN):
    """The paper's ~DeepMask at lesson scale: a low-rank linear head at every position.

    A 1x1 convolution and a ReLU; then the features of the whole window, averaged in
    bins, go through one linear layer to `rank` numbers and through a second one to
    m*m mask logits, with no non-linearity between the two. Slid over the feature map
    both layers are convolutions. `ScoreMaps.maps` has m*m channels here, one for each
    pixel of the window, and a mask is read from all channels at the window's centre.
    `k` is 1: there is no grid.

    What differs from ~DeepMask in the paper: there 14 x 14 bins of 512 channels lead
    to 512 numbers and to 56 x 56 logits (53 million weights); here it is 7 x 7 bins,
    64 channels, 64 numbers and 21 x 21 logits (229 thousand) for the small backbone
    with m = 21, and the backbone keeps its stride of 4. Bins are averages of 3 x 3
    features, not the cells of a coarser map. The objectness branch is InstanceFCN's,
    and whole images are trained on instead of cut-out windows.

    Args:
        m: window side in feature cells.
        backbone: "vgg16" or "small".
        rank: how many numbers a window is squeezed through; None: as many as the
            backbone has channels (512 for VGG-16, as in the paper).
        others: what InstanceFCN takes beside k, m and the backbone.

    Raises:
        ValueError: m < 1, rank < 1, or an unknown backbone.

    Source: Dai et al., ECCV 2016, "Local coherence" and the ~DeepMask baseline;
    Pinheiro et al., NIPS 2015, the mask branch.

    Example:
        >>> net = DeepMaskStyle(backbone="small").eval()
        >>> maps, objectness = net(torch.zeros(1, 3, 50, 70))
        >>> maps.shape, objectness.shape
        (torch.Size([1, 441, 13, 18]), torch.Size([1, 13, 18]))
    """

    def __init__(
        self, m: int = 21, backbone: str = "vgg16", *, rank: int | None = None,
        **others: Any,
    ) -> None:
        super().__init__(k=1, m=m, backbone=backbone, **others)
        channels = self.backbone.channels
        self.rank = channels if rank is None else rank
        if self.rank < 1:
            raise ValueError(f"rank is {rank}; a window needs at least 1 number.")
        self.masks = WindowHead(channels, m, self.rank)

    @property
    def config(self) -> dict[str, object]:
        """The arguments that build this network again."""
        same = {name: value for name, value in super().config.items() if name != "k"}
        return same | {"rank": self.rank}

    def windows(
        self, maps: Float[Tensor, "*B mm H W"], centers: Int[Tensor, "N axes"],
        fill: float = 0.0,
    ) -> Float[Tensor, "N m m"]:
        """The mask logits of chosen windows: all channels at each window's centre.

        Pixels off the map get `fill`, as in InstanceFCN.

        Raises:
            ValueError: the maps do not have m*m channels.
        """
        if maps.shape[-3] != self.m**2:
            raise ValueError(f"the maps have {maps.shape[-3]} channels, windows of "
                             f"{self.m} x {self.m} pixels need {self.m**2}")
        *image, y, x = centers.to(maps.device).T                  # (N,) each
        pixels = maps.movedim(-3, -1)[(*image, y, x)]             # (N, m*m)
        windows = pixels.unflatten(1, (self.m, self.m))           # (N, m, m)
        inside = on_map(torch.stack([y, x], 1), self.m, maps.shape[-2:])
        return windows.where(inside, windows.new_tensor(fill))


class WindowHead(nn.Module):
    """From features to m*m logits per position, through a bottle-neck of `rank`.

    Example:
        >>> head = WindowHead(channels=8, m=6, rank=4)
        >>> head(torch.zeros(1, 8, 5, 9)).shape
        torch.Size([1, 36, 5, 9])
    """

    def __init__(self, channels: int, m: int, rank: int) -> None:
        super().__init__()
        self.bin = max(1, m // BINS)                  # cells per bin and side
        bins = -(-m // self.bin)                      # bins per side
        self.before, after = m // 2, bins * self.bin - 1 - m // 2
        self.around = (self.before, after, self.before, after)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.squeeze = nn.Conv2d(channels, rank, bins, dilation=self.bin)
        self.spread = nn.Conv2d(rank, m * m, 1)

    def forward(self, features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B mm H W"]:
        """Logits of the window centred at every cell; outside the map there is 0."""
        x = F.pad(torch.relu(self.mix(features)), self.around)    # (B, C, H+.., W+..)
        x = F.avg_pool2d(x, self.bin, stride=1)
        return self.spread(self.squeeze(x))                       # (B, m*m, H, W)


def on_map(
    centers: Int[Tensor, "N 2"], m: int, shape: tuple[int, int] | torch.Size
) -> Bool[Tensor, "N m m"]:
    """Which pixels of each window lie on a map of this shape (H, W).

    Example:
        >>> on_map(torch.tensor([[0, 0]]), 3, (5, 5))[0].int().tolist()
        [[0, 0, 0], [0, 1, 1], [0, 1, 1]]
    """
    offsets = torch.arange(m, device=centers.device) - m // 2
    places = centers[:, :, None] + offsets                        # (N, 2, m)
    limits = torch.tensor(shape, device=centers.device)[:, None]
    inside = (places >= 0) & (places < limits)                    # (N, 2, m)
    return inside[:, 0, :, None] & inside[:, 1, None, :]
