"""InstanceFCN: a backbone and two fully convolutional branches.

A score map of its own for each part of the window, k * k in all, says "this pixel is in
that part of an object"; a window's mask is put together by copying each part from its
map. A second branch says for every window whether an object stands in its middle.

Which windows teach, the two losses and the pyramid of proposals are shared with other
window models and stand in `ifcn_lab.windows`. Left out of the paper's system: nothing;
stage 3, which names the objects, is MNC's (`ifcn_lab.models.mnc`).

Source: Dai, He, Li, Ren and Sun, ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid
from ifcn_lab.layers.backbones import build_backbone
from ifcn_lab.segmenter import Terms
from ifcn_lab.views import View
from ifcn_lab.windows.losses import ScoreMaps, WindowTargets
from ifcn_lab.windows.model import WindowModel
from ifcn_lab.windows.quality import (
    SCORES,
    QualityHead,
    RatedMaps,
    RatedTargets,
    quality_losses,
    rated_counts,
    rated_targets,
)


class InstanceFCN(WindowModel):
    """Instance-sensitive fully convolutional network.

    Branch 1: 1x1 convolution, ReLU, 3x3 convolution to k*k score maps. Branch 2:
    3x3 convolution, ReLU, 1x1 convolution to one objectness logit per place. Both
    branches are 512 wide on VGG-16. Images of any size are accepted: they are
    padded with zeros, below and to the right, to a multiple of the stride.

    Args:
        k: parts per side of the grid; the paper's default is 5.
        m: window side in places; 21 in the paper.
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        sizes: longest side of the smallest and the largest object to look for, in
            image pixels; `propose` builds its pyramid from it. None: the paper's.
        others: `windows`, `rule` and `negative_masks`, as `WindowModel` takes them.
        score: what proposals are ranked by. "objectness": as in the paper; "quality"
            and "both": a head tells each mask's IoU (`ifcn_lab.windows.quality`), and
            it stands alone or times objectness.
        calibration: slope and offset of the line that brings the logit of that score
            to that of being right; None: the score stays.
        normalisation: what is done to an image in [0, 1] first: "imagenet" or "caffe",
            whichever the backbone's first weights were trained with.

    Raises:
        ValueError: m < k, k < 1, or an unknown backbone, score or normalisation.

    Source: Dai et al., ECCV 2016, section 4.1.

    Example:
        >>> import torch
        >>> net = InstanceFCN(k=3, backbone="small").eval()
        >>> maps, objectness = net(torch.zeros(1, 3, 50, 70))
        >>> maps.shape, objectness.shape
        (torch.Size([1, 9, 13, 18]), torch.Size([1, 13, 18]))
        >>> InstanceFCN.from_pretrained("scenes-k7").k
        7
    """

    pretrained = "scenes"

    frozen = False
    """Whether only the head for the quality of masks learns, as `rated` makes it."""

    def __init__(
        self, k: int = 5, m: int = 21, backbone: str = "vgg16", *,
        sizes: Sequence[float] | None = None, normalisation: str = "imagenet",
        score: str = "objectness", calibration: Sequence[float] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(m, backbone, sizes=sizes, **others)
        Grid(k, m)  # says what is wrong with k and m, if anything is
        self.k = k
        self.backbone = build_backbone(backbone)
        self.stride = self.backbone.stride
        features, width = self.backbone.channels, self.backbone.head_channels
        self.masks = nn.Sequential(
            nn.Conv2d(features, width, 1), nn.ReLU(inplace=True),
            nn.Conv2d(width, k * k, 3, padding=1),
        )
        self.objectness = nn.Sequential(
            nn.Conv2d(features, width, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(width, 1, 1),
        )
        self.normalise_as(normalisation)
        if score not in SCORES:
            raise ValueError(f"score is one of {', '.join(SCORES)}; got {score!r}")
        self.score, self.calibration = score, calibration
        if self.rates:
            self.quality = QualityHead(features, m)

    @property
    def rates(self) -> bool:
        """Whether it has a head that tells the quality of masks."""
        return self.score != "objectness"

    @property
    def reach(self) -> int | None:
        """Pixels beyond a place's own that it may see, where they are counted."""
        return getattr(self.backbone, "reach", None)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this network again."""
        own = {"score": self.score} if self.rates else {}
        if self.calibration is not None:
            own["calibration"] = self.calibration
        return {"k": self.k, **super().config, **own}

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> ScoreMaps | RatedMaps:
        """Score maps and objectness of a batch of images in [0, 1]."""
        features = self.backbone(self.normalised(images))           # (B, C, H, W)
        objectness = self.objectness(features).squeeze(1)           # (B, H, W)
        out = ScoreMaps(self.masks(features), objectness)
        if not self.rates:
            return out
        return RatedMaps(*out, self.quality.narrow(features.detach()))

    def windows(
        self, maps: Float[Tensor, "*B kk H W"], centers: Int[Tensor, "N axes"],
        fill: float = 0.0,
    ) -> Float[Tensor, "N m m"]:
        """The mask logits of chosen windows, assembled from the maps."""
        return assemble(maps, self.m, centers=centers, fill=fill)

    def targets(
        self, view: View, rng: np.random.Generator
    ) -> WindowTargets | RatedTargets:
        """The windows drawn in this view; with a head for quality its objects, too."""
        drawn = super().targets(view, rng)
        return rated_targets(drawn, view, self.stride) if self.rates else drawn

    def losses(
        self, out: ScoreMaps | RatedMaps,
        targets: Sequence[WindowTargets] | Sequence[RatedTargets],
    ) -> Terms:
        """Objectness, masks, and the quality of masks where a head tells it."""
        if not self.rates:
            return super().losses(out, targets)
        drawn = [WindowTargets(*each[:4]) for each in targets]
        return super().losses(ScoreMaps(*out[:2]), drawn) | quality_losses(
            self.quality, self.windows, out, targets)

    def counts(
        self, targets: Sequence[WindowTargets] | Sequence[RatedTargets]
    ) -> dict[str, float]:
        """How many windows a batch draws, have a mask, and teach their quality."""
        if not self.rates:
            return super().counts(targets)
        drawn = [WindowTargets(*each[:4]) for each in targets]
        return super().counts(drawn) | {"quality": rated_counts(targets)}

    def rated(self, score: str = "both") -> InstanceFCN:
        """This network with a head for the quality of its masks, new if it has none.

        All but the head is frozen, batch norms too: training then takes no gradient of
        the backbone, and the masks stay to the last bit. With "objectness" the head
        goes, nothing is frozen, and the ranking is the paper's.
        """
        net = type(self)(**self.config | {"score": score, "calibration": None})
        net.load_state_dict(self.state_dict(), strict=False)
        if net.rates:
            net.requires_grad_(False).quality.requires_grad_(True)
            net.frozen = True
        net.train(self.training)
        return net.to(self.device, memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> InstanceFCN:
        """Train or not; what is frozen never does."""
        super().train(mode)
        for name, child in self.named_children():
            child.train(mode and (name == "quality" or not self.frozen))
        return self
