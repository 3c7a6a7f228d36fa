"""A mask as a sum of prototypes, in the words of YOLACT and in float64.

The front end computes the same in the same order, so both cut the same pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

STRIDE = 4
"""Image pixels per place of a prototype."""


def mixed(
    prototypes: Float[np.ndarray, "k H W"], mix: Sequence[float]
) -> Float[np.ndarray, "H W"]:
    """The sum of prototypes, each times its coefficient; a logit for every place.

    >>> mixed(np.ones((2, 1, 1), np.float32), [1.0, -0.25]).tolist()
    [[0.75]]
    """
    total = np.zeros(prototypes.shape[1:])
    for coefficient, prototype in zip(mix, prototypes.astype(float), strict=True):
        total += coefficient * prototype
    return total


def sigmoid(logits: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    """A probability for every logit.

    >>> sigmoid(np.zeros((1, 1))).tolist()
    [[0.5]]
    """
    return 1 / (1 + np.exp(-logits))


def inside(
    box: Sequence[float], shape: tuple[int, int]
) -> Bool[np.ndarray, "H W"]:
    """Which places lie in a box of image pixels, and one more on every side.

    >>> inside([4, 0, 12, 4], (1, 5))[0].astype(int).tolist()
    [1, 1, 1, 1, 0]
    """
    x0, y0, x1, y1 = (side / STRIDE for side in box)
    rows, columns = (np.arange(n) for n in shape)
    return np.outer((rows >= max(y0 - 1, 0)) & (rows < y1 + 1),
                    (columns >= max(x0 - 1, 0)) & (columns < x1 + 1))


def enlarged(
    values: Float[np.ndarray, "H W"], shape: tuple[int, int]
) -> Float[np.ndarray, "h w"]:
    """Values of places as values of pixels, in straight lines from one to the next.

    >>> enlarged(np.array([[0.0, 8.0]]), (1, 8))[0].tolist()
    [0.0, 0.0, 1.0, 3.0, 5.0, 7.0, 8.0, 8.0]
    """
    (above, below, down), (left, right, across) = (
        _neighbours(pixels, places)
        for pixels, places in zip(shape, values.shape, strict=True))
    upper, lower = ((1 - across) * rows[:, left] + across * rows[:, right]
                    for rows in (values[above], values[below]))
    return (1 - down[:, None]) * upper + down[:, None] * lower


def _neighbours(pixels: int, places: int) -> tuple[np.ndarray, ...]:
    """The place before each pixel's middle, the one behind, and how far between."""
    at = np.maximum((np.arange(pixels) + 0.5) / STRIDE - 0.5, 0)
    first = np.minimum(at.astype(int), places - 1)
    return first, np.minimum(first + 1, places - 1), at - first
