"""The stage-3 classifier: what kind of object a proposal is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.backbones import build_backbone
from ifcn_lab.layers.roi_warp import roi_warp
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import (
    NORMALISATIONS,
    pad_to_multiple,
    read_weights,
    write_weights,
)
from ifcn_lab.windows.pyramid import resize_image


class ClassScores(NamedTuple):
    """Logits of N proposals for background (0) and C categories (1 ... C).

    `mask_level` is the classifier's answer. `box_level` is a second softmax that is
    there to be trained beside it, on labels that come from boxes.
    """

    mask_level: Float[Tensor, "N C1"]
    box_level: Float[Tensor, "N C1"]


class Classifier(nn.Module):
    """MNC's third stage: masked and unmasked features of a proposal to a category.

    RoIWarp reads each proposal's box from the backbone's last map, in bins x bins
    cells. Mask path: these features times the mask, at the same resolution; box path:
    the features as they are. Each path is a 2x2 max-pool and two layers of `width`,
    and both together lead to the scores.

    The backbone is the classifier's own. MNC's class-wise box regression is left out:
    here a mask comes from its proposal and a box from its mask.

    Args:
        categories: names by category id, as a data set's `categories`.
        backbone: "vgg16" or "small".
        width: of the fully connected layers; 4096 in MNC, 256 is enough for "small".
        bins: per side, an even number; 14 in MNC.
        oversample: RoIWarp reads so many times as many bins and max-pools them; 1 as
            in MNC's text, 2 as in its released code.
        dropout: share of the layers' outputs left out in training. No source at hand
            names it; 0 here.
        sides: enlarge an image until its shorter side has the first number of pixels,
            but its longer side no more than the second; (600, 1000) for photographs.
            600 is confirmed, 1000 is not. None: images as they are.
        normalisation: of the image, as InstanceFCN's.

    Raises:
        ValueError: no category, an odd `bins`, an unknown backbone or normalisation.

    Source: Dai, He and Sun, CVPR 2016 (MNC), stage 3; Dai et al., ECCV 2016, instance
    semantic segmentation.

    Example:
        >>> net = Classifier({1: "disc", 7: "star"}, "small", width=32).eval()
        >>> boxes, masks = torch.tensor([[4.0, 8.0, 30.0, 40.0]]), torch.ones(1, 14, 14)
        >>> net(torch.rand(3, 50, 70), boxes, masks).mask_level.shape
        torch.Size([1, 3])
    """

    def __init__(
        self, categories: Mapping[int, str], backbone: str = "vgg16", *,
        width: int = 4096, bins: int = 14, oversample: int = 1, dropout: float = 0.0,
        sides: tuple[int, int] | None = None, normalisation: str = "imagenet",
    ) -> None:
        super().__init__()
        check_choices(categories, width, bins, oversample, dropout, normalisation)
        self.categories = {int(i): str(categories[i]) for i in sorted(categories)}
        self.backbone_name, self.width, self.bins = backbone, width, bins
        self.oversample, self.dropout, self.sides = oversample, dropout, sides
        self.normalisation = normalisation
        self.backbone = build_backbone(backbone)
        features = self.backbone.channels * (bins // 2) ** 2
        self.mask_path = two_layers(features, width, dropout)
        self.box_path = two_layers(features, width, dropout)
        self.mask_level = nn.Linear(2 * width, len(categories) + 1)
        self.box_level = nn.Linear(2 * width, len(categories) + 1)
        for name, values in zip(("mean", "std"), NORMALISATIONS[normalisation],
                                strict=True):
            buffer = torch.tensor(values).view(1, 3, 1, 1)
            self.register_buffer(name, buffer, persistent=False)

    @classmethod
    def beside(
        cls, model: InstanceFCN, categories: Mapping[int, str], *,
        width: int | None = None, **choices: object,
    ) -> Classifier:
        """A new classifier for a network's proposals, with a copy of its backbone.

        Args:
            model: the network; it stays as it is.
            categories: names by category id.
            width: None: 4096 for "vgg16", 256 for "small".
            choices: handed to `Classifier`.

        Example:
            >>> net = Classifier.beside(InstanceFCN(backbone="small"), {1: "cell"})
            >>> net.width, net.backbone.stride
            (256, 4)
        """
        width = width or (4096 if model.backbone_name == "vgg16" else 256)
        net = cls(categories, model.backbone_name, width=width,
                  normalisation=model.normalisation, **choices)
        net.backbone = copy.deepcopy(model.backbone)
        return net.to(next(model.parameters()).device)

    @property
    def config(self) -> dict[str, object]:
        """The arguments that build this classifier again."""
        return {"categories": dict(self.categories), "backbone": self.backbone_name,
                "width": self.width, "bins": self.bins, "oversample": self.oversample,
                "dropout": self.dropout, "sides": self.sides,
                "normalisation": self.normalisation}

    def forward(
        self, image: Float[Tensor, "3 h w"], boxes: Float[Tensor, "N 4"],
        masks: Float[Tensor, "N bins bins"],
    ) -> ClassScores:
        """Scores of the proposals of one image.

        Args:
            image: in [0, 1].
            boxes: (x0, y0, x1, y1), half-open, in pixels of this image.
            masks: each mask within its box, as `mask_bins` gives it, (bins, bins).
        """
        features, cell = self.features(image)                       # (C, H, W)
        warped = roi_warp(features, boxes / cell, self.bins * self.oversample)
        if self.oversample > 1:
            warped = F.max_pool2d(warped, self.oversample)          # (N, C, bins, bins)
        seen = torch.cat([self.mask_path(F.max_pool2d(warped * masks[:, None], 2)),
                          self.box_path(F.max_pool2d(warped, 2))], 1)
        return ClassScores(self.mask_level(seen), self.box_level(seen))

    def features(
        self, image: Float[Tensor, "3 h w"]
    ) -> tuple[Float[Tensor, "C H W"], Float[Tensor, "4"]]:
        """The feature map, and a cell's (width, height, width, height) in pixels."""
        stride, size = self.backbone.stride, image.shape[1:]
        scaled = resize_image(image, self.zoom(tuple(size)), least=stride)[None]
        x = pad_to_multiple((scaled - self.mean) / self.std, stride)
        x = x.contiguous(memory_format=torch.channels_last)
        height, width = (stride * a / b for a, b in zip(size, scaled.shape[2:],
                                                        strict=True))
        cell = torch.tensor([width, height, width, height], device=image.device)
        return self.backbone(x)[0].float(), cell

    def zoom(self, shape: tuple[int, int]) -> float:
        """How much an image of (h, w) pixels is enlarged.

        Example:
            >>> Classifier({1: "cell"}, "small", width=8, sides=(600, 1000)).zoom(
            ...     (300, 400))
            2.0
        """
        if self.sides is None:
            return 1.0
        return min(self.sides[0] / min(shape), self.sides[1] / max(shape))

    def save(self, path: str | Path) -> Path:
        """Write weights and configuration to one safetensors file."""
        pairs = list(self.categories.items())         # JSON has no whole number as key
        config = self.config | {"categories": pairs}
        return write_weights(Path(path), config, self.state_dict())

    @classmethod
    def load(cls, path: str | Path) -> Classifier:
        """The classifier saved at `path`, ready for inference.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is truncated, or does not hold a saved Classifier.
        """
        config, tensors = read_weights(Path(path))
        try:
            config["categories"] = dict(config["categories"])
            config["sides"] = config["sides"] and tuple(config["sides"])
            net = cls(**{n: v for n, v in config.items() if n != "sizes"})
            net.load_state_dict(tensors)
        except (KeyError, TypeError, RuntimeError) as error:
            reason = str(error).splitlines()[-1].strip()
            raise ValueError(f"{path} does not hold a saved Classifier ({reason}); "
                             "load it as what it is") from error
        return net.eval()


def two_layers(features: int, width: int, dropout: float) -> nn.Sequential:
    """From pooled features to `width` numbers, through as many."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(features, width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout),
    )


def check_choices(
    categories: Mapping[int, str], width: int, bins: int, oversample: int,
    dropout: float, normalisation: str,
) -> None:
    """Raise a ValueError for a choice that makes no classifier, naming it."""
    if not categories:
        raise ValueError("no category to tell apart; give names by id, {1: 'disc'}")
    if bins < 2 or bins % 2:
        raise ValueError(f"bins is {bins}; give an even number, 2 x 2 are pooled")
    if min(width, oversample) < 1 or not 0 <= dropout < 1:
        raise ValueError("give width and oversample of at least 1 and dropout from 0 "
                         f"to below 1; got {width}, {oversample} and {dropout}")
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"normalisation is one of {', '.join(NORMALISATIONS)}; got "
                         f"{normalisation!r}")
