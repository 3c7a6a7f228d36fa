"""What models share whose boxes start from anchors: their sides, and objects to learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ifcn_lab.layers.anchors import spread_sides
from ifcn_lab.layers.backbones import BACKBONES
from ifcn_lab.layers.rpn import Objects, view_objects
from ifcn_lab.layers.whole_image import WholeImageModel
from ifcn_lab.views import View

SIDES = {name: (24.0, 40.0, 64.0) if kind.small else (128.0, 256.0, 512.0)
         for name, kind in BACKBONES.items()}
"""Sides of the anchors of each backbone: Faster R-CNN's, and ones for the scenes."""


class AnchoredModel(WholeImageModel):
    """A whole-image model with anchors of some sides, in three ratios each.

    Args:
        backbone: "vgg16" (stride 8) or "small" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        sides: of the anchors, in image pixels; None: as usual for the backbone.
        normalisation: of an image in [0, 1]: "imagenet" or "caffe".
    """

    def __init__(
        self, backbone: str = "small", categories: Mapping[Any, str] | None = None, *,
        sides: Sequence[float] | None = None, normalisation: str = "imagenet",
    ) -> None:
        super().__init__(backbone, categories, normalisation=normalisation)
        self.sides = tuple(sides or SIDES[backbone])

    def expect(self, low: float, high: float) -> None:
        """Anchors from the smallest objects to the largest."""
        self.sides = spread_sides(low, high, len(self.sides))

    def targets(self, view: View, rng: np.random.Generator) -> Objects:
        """Boxes, masks and categories of the view's objects.

        Raises:
            ValueError: an object has a category that the model does not know.
        """
        return view_objects(view, self.numbers(view), rng)
