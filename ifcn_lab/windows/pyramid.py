"""The image pyramid: one network, one window, objects of many sizes.

A window finds objects of one size only: those whose longest side is `canonical`
(128/224) of the window's. Larger and smaller objects are found by showing the
network a smaller or a larger picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.windows.labels import WindowRule

CANONICAL = WindowRule().canonical
PAPER_FRACTIONS = tuple(96 / (600 * 1.5**power) for power in range(-4, 2))
"""Object size over the image's shorter side, at the paper's six scales.

The paper enlarges the shorter side to 600 x 1.5^{-4..1} pixels and its window is
right for objects of 96 pixels. Said this way, the same pyramid serves any window.
"""


def zooms_for_fractions(
    shape: tuple[int, int], side: float, canonical: float = CANONICAL,
    fractions: Sequence[float] = PAPER_FRACTIONS,
) -> tuple[float, ...]:
    """Enlargements at which objects of these shares of the image fit the window.

    Args:
        shape: (h, w) of the image.
        side: the window's side in pixels, stride * m.
        canonical: the share of the window's side that a fitting object takes.
        fractions: longest side of the object over shorter side of the image.

    Example:
        >>> [round(500 * z, 1) for z in zooms_for_fractions((500, 700), 168)]
        [118.5, 177.8, 266.7, 400.0, 600.0, 900.0]
    """
    return tuple(canonical * side / (f * min(shape)) for f in fractions)


def zooms_for_sizes(
    smallest: float, largest: float, side: float, canonical: float = CANONICAL,
    step: float = 1.5,
) -> tuple[float, ...]:
    """Enlargements that leave no object between two sizes without a fitting window.

    Args:
        smallest, largest: longest side of the objects, in pixels of the image.
        side: the window's side in pixels, stride * m.
        canonical: the share of the window's side that a fitting object takes.
        step: ratio of neighbouring scales; the paper's is 1.5.

    Raises:
        ValueError: sizes that are not 0 < smallest <= largest.

    Example:
        >>> zooms_for_sizes(24, 72, side=84)      # 48 pixels fit the window
        (0.7698, 1.154701, 1.732051)
    """
    if not 0 < smallest <= largest:
        raise ValueError(f"sizes must be 0 < smallest <= largest, got "
                         f"({smallest}, {largest})")
    covered = 2 * WindowRule().scale_tolerance
    missing = math.log2(largest / smallest) - covered
    levels = 1 + max(0, math.ceil(round(missing / math.log2(step), 6)))
    middle = math.sqrt(smallest * largest)
    first = canonical * side / middle * step ** (-(levels - 1) / 2)
    return tuple(round(first * step**level, 6) for level in range(levels))


def resize_image(
    image: Float[Tensor, "C h w"], zoom: float, least: int, multiple: int = 1
) -> Float[Tensor, "C H W"]:
    """The image enlarged by `zoom`, neither side below `least` pixels.

    Its longer side is a whole `multiple`.

    Example:
        >>> import torch
        >>> resize_image(torch.zeros(3, 40, 60), 0.5, least=4).shape
        torch.Size([3, 20, 30])
    """
    size = [max(least, round(zoom * side)) for side in image.shape[1:]]
    longer = int(size[1] > size[0])
    size[longer] = -(-size[longer] // multiple) * multiple
    if size == list(image.shape[1:]):
        return image
    return F.interpolate(image[None], size, mode="bilinear", antialias=True,
                         align_corners=False)[0]
