"""What models share that look at a whole image once: backbone, categories, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.backbones import build_backbone, fused, uses_bfloat16
from ifcn_lab.segmenter import (
    Instances,
    Segmenter,
    as_classes,
    numbered,
    to_tensor,
)
from ifcn_lab.views import View


class WholeImageModel(Segmenter):
    """A backbone that sees the whole image, and the categories told apart.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        normalisation: of an image in [0, 1]: "imagenet" or "caffe".

    Raises:
        ValueError: an unknown backbone or normalisation, or no category.
    """

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        normalisation: str = "imagenet",
    ) -> None:
        super().__init__()
        self.backbone_name = backbone
        if categories is not None:
            self.classes = as_classes(categories)
        self.backbone = build_backbone(backbone)
        self.stride, self.channels = self.backbone.stride, self.backbone.channels
        self.normalise_as(normalisation)

    @property
    def kinds(self) -> int:
        """How many categories there are besides the background."""
        return 1 if self.classes is None else len(self.classes)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this model again.

        Every option, an argument that is given by name only, of the class and of those
        it derives from is kept under its own name.
        """
        named = self.classes and {str(i): name for i, name in self.classes.items()}
        options = [each.name for kind in type(self).__mro__
                   for each in signature(kind.__init__).parameters.values()
                   if each.kind is Parameter.KEYWORD_ONLY]
        return {"backbone": self.backbone_name, "categories": named,
                **{name: getattr(self, name) for name in options}}

    def numbers(self, view: View) -> list[int]:
        """The kind of each of the view's objects, counted from 1.

        Raises:
            ValueError: an object has a category that the model does not know.
        """
        return ([1] * len(view.masks) if self.classes is None
                else numbered(view.categories, self.classes))

    @torch.inference_mode()
    def see(self, image: Float[Tensor, "3 h w"], precision: str) -> tuple[Tensor, ...]:
        """What the network, fused by its caller, makes of one image, in float32.

        Args:
            image: in [0, 1].
            precision: of the convolutions: "float32", "bfloat16" or "auto".

        Raises:
            ValueError: another precision, or outputs that hold NaN or infinity.
        """
        half = uses_bfloat16(precision, self.device.type)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            out = self(image.to(self.device)[None])
        out = type(out)(*(each.float() for each in out))
        check_finite(**out._asdict())
        return out

    def seen_images(
        self, images: Sequence[np.ndarray], precision: str
    ) -> Iterator[tuple[WholeImageModel, tuple[Tensor, ...], tuple[int, int]]]:
        """Of each image: the network, fused once, what it says, and (h, w)."""
        net = fused(self)
        for image in map(to_tensor, images):
            yield net, net.see(image, precision), (image.shape[1], image.shape[2])

    def detect_by(
        self, pieces: Callable[..., Iterable[Piece]], images: Sequence[np.ndarray],
        top: int, precision: str,
    ) -> list[Instances]:
        """The best objects of each image: what the network says, cut into pieces.

        Args:
            pieces: of the network's outputs and the image's (h, w).
            images: uint8, or float in [0, 1].
            top: how many of an image at most.
            precision: see `see`.
        """
        return [self.as_instances(pieces(out, shape), shape).top(top)
                for _, out, shape in self.seen_images(images, precision)]

    def as_instances(
        self, pieces: Iterable[Piece], shape: tuple[int, int]
    ) -> Instances:
        """Objects of an image of (h, w) pixels, best first; one without a pixel goes.
        """
        kept = [piece for piece in pieces if piece.mask.any()]
        tight = [tight_boxes(piece.mask[None])[0] for piece in kept]
        boxes = [box + np.array([piece.x, piece.y] * 2)
                 for piece, box in zip(kept, tight, strict=True)]
        crops = tuple(piece.mask[y0:y1, x0:x1]
                      for piece, (x0, y0, x1, y1) in zip(kept, tight, strict=True))
        scores = np.array([piece.score for piece in kept], float)
        kinds = np.array([piece.kind for piece in kept], int)
        ids = None if self.classes is None else np.array(list(self.classes))
        return Instances(
            shape, np.array(boxes, int).reshape(-1, 4), scores, crops,
            names=self.classes, categories=None if ids is None else ids[kinds],
        ).take(np.argsort(-scores, kind="stable"))


def enlarged(
    maps: Float[Tensor, "B C H W"], stride: int, shape: Sequence[int]
) -> Float[Tensor, "B C h w"]:
    """Maps brought bilinearly to the (h, w) pixels of their image."""
    large = F.interpolate(maps, scale_factor=stride, mode="bilinear",
                          align_corners=False)
    return large[..., : shape[0], : shape[1]]


def check_finite(**outputs: Tensor) -> None:
    """Raise a ValueError that names an output of a network with NaN or infinity."""
    for name, values in outputs.items():
        # One sum is quicker than a look at every number, and NaN and infinity survive
        # it. Should finite numbers have an infinite sum, the closer look says so.
        if not values.sum().isfinite() and not values.isfinite().all():
            raise ValueError(f"the network's {name} hold NaN or infinity; its weights "
                             "are broken or training diverged")


class Piece(NamedTuple):
    """A mask that begins at column x and row y of the image; kinds count from 0."""

    mask: Bool[np.ndarray, "h w"]
    score: float
    kind: int = 0
    x: int = 0
    y: int = 0
