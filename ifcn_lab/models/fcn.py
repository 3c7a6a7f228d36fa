"""FCN: one map per class, brought to the image's size; touching objects become one.

The ancestor, and the family's k = 1: every pixel is told one class, whoever it belongs
to. Objects are the connected components of a class's pixels, because nothing in the
maps says where one object ends and the next of its kind begins.

Left out of FCN-8s: the skips from pool3 and pool4, as the backbones here keep a finer
stride (8 or 4, not 32), and the learnt deconvolution, whose start, bilinear, is kept.

Source: Long, Shelhamer and Darrell, CVPR 2015.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.thresholding import pieces
from ifcn_lab.layers.whole_image import Piece, WholeImageModel, enlarged
from ifcn_lab.segmenter import Instances, Terms
from ifcn_lab.views import View

IGNORED = -1
"""The label of pixels that say nothing: crowd and padding."""


class ClassMaps(NamedTuple):
    """Logits of background (0) and C classes, (B, C + 1, h, w), at the image's size."""

    logits: Float[Tensor, "B C1 h w"]


class PixelLabels(NamedTuple):
    """What each pixel is: 0 background, c the c-th class, -1 for what says nothing."""

    label: Int[Tensor, "h w"]


class FCN(WholeImageModel):
    """A backbone, a 1x1 convolution to class maps, and bilinear enlarging.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        others: see `WholeImageModel`.

    Raises:
        ValueError: an unknown backbone or normalisation.

    Example:
        >>> net = FCN("small", {1: "disc", 7: "star"}).eval()
        >>> net(torch.zeros(1, 3, 52, 72)).logits.shape
        torch.Size([1, 3, 52, 72])
    """

    scored = False

    def __init__(
        self, backbone: str = "vgg16", categories: Mapping[Any, str] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        self.classify = nn.Conv2d(self.channels, self.kinds + 1, 1)

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> ClassMaps:
        """Class maps of a batch of images in [0, 1], at their size."""
        maps = self.classify(self.backbone(self.normalised(images)))  # (B, C+1, H, W)
        return ClassMaps(enlarged(maps, self.stride, images.shape[2:]))

    def targets(self, view: View, rng: np.random.Generator) -> PixelLabels:
        """The class of every pixel; where objects overlap, the last one has it.

        Raises:
            ValueError: an object has a category that the model does not know.
        """
        label = np.zeros(view.crowd.shape, np.int64)
        for mask, kind in zip(view.masks.numpy(), self.numbers(view), strict=True):
            label[mask >= 0.5] = kind
        label[view.crowd.numpy() >= 0.5] = IGNORED
        label[view.size[0]:] = IGNORED
        label[:, view.size[1]:] = IGNORED
        return PixelLabels(torch.from_numpy(label))

    def losses(self, out: ClassMaps, targets: Sequence[PixelLabels]) -> Terms:
        """One softmax over the classes for every pixel that says something."""
        label = torch.stack([t.label for t in targets])              # (B, h, w)
        loss = F.cross_entropy(out.logits, label, ignore_index=IGNORED,
                               reduction="sum")
        return {"pixel": (loss, self.counts(targets)["pixel"])}

    def counts(self, targets: Sequence[PixelLabels]) -> dict[str, float]:
        """How many pixels say something."""
        return {"pixel": int(sum((t.label != IGNORED).sum() for t in targets))}

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100, least: int = 10,
        precision: str = "float32",
    ) -> list[Instances]:
        """The connected components of every class, largest mean probability first.

        Args:
            images: uint8, or float in [0, 1].
            top: how many of an image at most.
            least: components of fewer pixels are left out.
            precision: "float32", "bfloat16" or "auto".

        Raises:
            ValueError, TypeError: an image of a wrong shape, range or kind.
        """
        def found(out: ClassMaps, shape: tuple[int, int]) -> Iterator[Piece]:
            return self.components(out.logits[0].softmax(0).cpu().numpy(), least)

        return self.detect_by(found, images, top, precision)

    def components(
        self, probabilities: Float[np.ndarray, "C1 h w"], least: int
    ) -> Iterator[Piece]:
        """The pieces of every class, with the mean probability of their pixels."""
        best = probabilities.argmax(0)                               # (h, w)
        for kind, probability in enumerate(probabilities[1:]):
            for (x0, y0, x1, y1), crop in zip(*pieces(best == kind + 1, least),
                                              strict=True):
                score = float(probability[y0:y1, x0:x1][crop].mean())
                yield Piece(crop, score, kind, x0, y0)
