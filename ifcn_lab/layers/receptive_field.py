"""Receptive fields: which pixels of the image a place of a feature map can see.

A kernel of side n whose points lie d places apart, and which moves s places at a time
from -p on, reads the places y * s - p ... y * s - p + d * (n - 1) of what it is given.
So the layers are gone through from the last to the first, for rows as for columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from torch import nn

ENLARGED = nn.Upsample(scale_factor=2, mode="bilinear")
WAYS = {
    "VGG16Hole": (("features",),),
    "SmallBackbone": (("stem", "fine", "last"),
                      ("stem", "fine", "down", "context", ENLARGED, "last")),
    "LightBackbone": (("stem", "levels.0", "last.0"),
                      ("stem", "levels.0", "levels.1", "last.1", ENLARGED, "last.0"),
                      ("stem", "levels", ENLARGED, "last.1", ENLARGED, "last.0")),
}
"""The ways from the image to the map: parts of a backbone, in the order they run."""

Layers = Sequence[nn.Module]


def ways(backbone: nn.Module) -> list[list[nn.Module]]:
    """The layers that look round or move, once for each way through the network.

    Raises:
        ValueError: the ways through it are not known here.

    >>> [len(way) for way in ways(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()))]
    [1]
    """
    name = type(backbone).__name__
    if name not in WAYS and not isinstance(backbone, nn.Sequential):
        raise ValueError(f"the ways through a {name} are not known; there are "
                         f"{sorted(WAYS)}, and any nn.Sequential")
    kinds = nn.Conv2d, nn.MaxPool2d, nn.Upsample
    parts = [[backbone.get_submodule(part) if isinstance(part, str) else part
              for part in way] for way in WAYS.get(name, ())] or [[backbone]]
    return [[layer for part in way for layer in part.modules()
             if isinstance(layer, kinds)] for way in parts]


def receptive_field(backbone: nn.Module, place: int) -> tuple[int, int]:
    """The first and the last row of pixels that a row of the map sees; columns alike.

    They may lie outside the image: there is only padding.

    Args:
        backbone: VGG-16 with holes, the small or the light one, or an `nn.Sequential`
            of layers.
        place: the row of the feature map.

    >>> two = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1))
    >>> receptive_field(two, 0), receptive_field(two, 5)
    ((-3, 3), (17, 23))
    """
    ends = [seen(way, place) for way in ways(backbone)]
    return min(first for first, _ in ends), max(last for _, last in ends)


def seen(layers: Layers, place: int) -> tuple[int, int]:
    """What `receptive_field` gives, for one way through a network."""
    first = last = place
    for layer in reversed(layers):
        if isinstance(layer, nn.Upsample):   # between the two nearest of half as many
            first, last = (2 * first - 1) // 4, (2 * last - 1) // 4 + 1
            continue
        n, s, p, d = map(number, (layer.kernel_size, layer.stride, layer.padding,
                                  layer.dilation))
        first, last = first * s - p, last * s - p + d * (n - 1)
    return first, last


def number(setting: int | tuple[int, ...]) -> int:
    """A layer's setting, which is one number or the same one twice."""
    return setting if isinstance(setting, int) else setting[0]


def stride_of(layers: Layers) -> int:
    """How many pixels one place is wide after these layers.

    >>> stride_of([nn.MaxPool2d(2), nn.MaxPool2d(2), ENLARGED])
    2
    """
    enlarged = sum(isinstance(layer, nn.Upsample) for layer in layers)
    moves = [number(layer.stride) for layer in layers if hasattr(layer, "stride")]
    return prod(moves) // 2**enlarged


def spacing_of(layers: Layers) -> int:
    """How many pixels apart the points of the last kernel look.

    >>> spacing_of([nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, dilation=2)])
    4
    """
    return stride_of(layers) * number(layers[-1].dilation)
