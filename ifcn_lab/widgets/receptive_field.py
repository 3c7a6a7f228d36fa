"""ReceptiveField: a place of the feature map, and the pixels that it can see."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets
from jaxtyping import UInt8

from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.inputs import checked_image

NETWORKS = ("VGG-16", "VGG-16, pool4 at stride 1", "the same with holes",
            "the light backbone")
BLOCK = 16  # pixels; a picture's sides are multiples of the largest stride


class ReceptiveField(Explorable):
    """A picture, a place of the feature map above it, and what that place sees.

    Point at the picture, or go there with the arrow keys. The bright pixels are those
    that can change the place's features; nine dots mark where the last kernel looks,
    and the dashed box is the window that has the place in its middle.

    Args:
        image: (h, w) or (h, w, 3) uint8. None: a scene of 320 x 320 pixels.
        m: window side in places.

    `network` (one of four), `y` and `x` (the pixel that is pointed at) are traits:
    Python sees them change and can set them.

    >>> widget = ReceptiveField()
    >>> widget.network = "VGG-16"
    >>> print(widget.words().split(". ")[1])
    It sees 196 x 196 pixels: rows 70 to 265, columns 70 to 265
    """

    module = "receptive_field.js"
    shown = ("network", "y", "x")
    hint = traitlets.Unicode(
        "Move the place over the picture, then choose another network."
    ).tag(sync=True)
    network = traitlets.Enum(NETWORKS, NETWORKS[2]).tag(sync=True)
    y, x = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    m = traitlets.Int(21).tag(sync=True)
    size = traitlets.List([BLOCK, BLOCK]).tag(sync=True)
    picture = traitlets.Bytes(b"").tag(sync=True)
    layers = traitlets.Dict().tag(sync=True)

    def __init__(self, image: Any = None, *, m: int = 21) -> None:
        try:
            picture = a_scene() if image is None else in_blocks(checked_image(image))
        except ValueError as error:
            super().__init__(problem=f"{error}")
            return
        size = picture.shape[:2]
        super().__init__(size=[*size], picture=png_bytes(picture), m=m,
                         layers=layers_of(size))
        self.y, self.x = size[0] // 2, size[1] // 2

    _place = traitlets.validate("y", "x")(Explorable.held)

    def reach(self) -> dict[str, tuple[int, int]]:
        """The pixel that is pointed at stays in the picture."""
        return {"y": (0, self.size[0] - 1), "x": (0, self.size[1] - 1)}

    @property
    def stride(self) -> int:
        """Pixels per place of the chosen network."""
        return self.layers[self.network]["stride"]

    def at(self) -> tuple[int, int]:
        """The place (row, column) of the map that lies over the pixel."""
        return self.y // self.stride, self.x // self.stride

    def sees(self) -> list[tuple[int, int]]:
        """First and last pixel that the place sees, rows and columns; also outside."""
        seen = self.layers[self.network]["seen"]
        return [tuple(seen[place]) for place in self.at()]

    def window(self) -> list[tuple[int, int]]:
        """First and last pixel of the window that has the place in its middle."""
        begins = [(place - self.m // 2) * self.stride for place in self.at()]
        return [(first, first + self.m * self.stride - 1) for first in begins]

    def words(self) -> str:
        """Which place it is, which pixels it sees, and whether that is its window."""
        (top, bottom), (left, right) = self.sees()
        rows, columns = (f"{max(first, 0)} to {min(last, side - 1)}" for (first, last),
                         side in zip(self.sees(), self.size, strict=True))
        height, width = (side // self.stride for side in self.size)
        y, x = self.at()
        wide = self.m * self.stride
        whole = all(a <= c and d <= b for (a, b), (c, d)
                    in zip(self.sees(), self.window(), strict=True))
        return (f"{self.network[0].upper()}{self.network[1:]}, stride {self.stride}: "
                f"row {y}, column {x} of {height} x {width} places. It sees "
                f"{bottom - top + 1} x {right - left + 1} pixels: rows {rows}, columns "
                f"{columns}. Its window is {wide} x {wide} pixels, and it "
                + ("sees all of it." if whole else "does not see all of it."))


def layers_of(size: tuple[int, ...]) -> dict[str, dict[str, Any]]:
    """What the front end needs of each network, for a picture of this size.

    >>> layers_of((16, 16))["VGG-16"]
    {'stride': 16, 'spacing': 16, 'seen': [[-90, 105]]}
    """
    import torch
    from torch import nn

    from ifcn_lab.layers.backbones import LightBackbone, VGG16Hole, vgg16_layers
    from ifcn_lab.layers.receptive_field import (
        receptive_field,
        spacing_of,
        stride_of,
        ways,
    )

    with torch.device("meta"):  # no weights are needed
        networks = (vgg16_layers(nn.MaxPool2d(2), 1),
                    vgg16_layers(nn.MaxPool2d(3, 1, 1), 1), VGG16Hole(),
                    LightBackbone())
    found = {}
    for name, network in zip(NETWORKS, networks, strict=True):
        way = ways(network)[0]
        stride = stride_of(way)
        seen = [[*receptive_field(network, place)]
                for place in range(max(size) // stride)]
        found[name] = {"stride": stride, "spacing": spacing_of(way), "seen": seen}
    return found


def a_scene() -> UInt8[np.ndarray, "320 320 3"]:
    """Objects that fit a window of 168 pixels, in the middle and round it.

    >>> a_scene().shape
    (320, 320, 3)
    """
    from ifcn_lab import scenes

    return scenes.make(29, size=(320, 320), sizes=(100, 150), objects=(4, 5)).image


def in_blocks(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """The picture, less what is left over at its end: sides are multiples of 16.

    Raises:
        ValueError: less than 16 pixels high or wide.

    >>> in_blocks(np.zeros((40, 33, 3), np.uint8)).shape
    (32, 32, 3)
    """
    h, w = (side // BLOCK * BLOCK for side in image.shape[:2])
    if not h * w:
        raise ValueError(f"A picture of {image.shape[0]} x {image.shape[1]} pixels is "
                         f"too small; {BLOCK} x {BLOCK} will do.")
    return image[:h, :w]
