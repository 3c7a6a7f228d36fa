"""The camera of lesson 1: move it, and see whether a layer follows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Shaped

from ifcn_lab.draw.equivariance import shift
from ifcn_lab.widgets.redrawn import Redrawn, slider


class Camera(Redrawn):
    """`draw.shift` with a slider for the camera's way and one for the layer's stride.

    Args:
        layer: called with an image and a stride, gives the response.
        image: what the camera sees at first.
        most: the longest way, in pixels.

    >>> widget = Camera(lambda image, stride: image[::stride, ::stride], np.eye(8), 4)
    >>> widget.sliders["rows"].value = 2
    >>> widget
    Camera(rows=2, stride=1)
    """

    def __init__(
        self, layer: Callable[..., Shaped[np.ndarray, "H W"]],
        image: Shaped[np.ndarray, "h w"], most: int = 16,
    ) -> None:
        def picture(rows: int, stride: int) -> object:
            moved = image[rows:]
            return shift(image, layer(image, stride), moved, layer(moved, stride))

        super().__init__(
            picture,
            rows=slider("camera, pixels", 4, 0, most),
            stride=slider("stride", 1, 1, 4),
        )
