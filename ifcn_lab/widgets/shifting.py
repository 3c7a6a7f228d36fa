"""Shifting and convolving, in both orders: what a ShiftExplorer compares.

Where the layer's padding wraps, so does the picture: what leaves on one side comes in
on the other. Where zeros lie round it, what leaves is lost, and zeros come in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped

REACH = 2  # places; the score map sums 5 x 5 of them


class Outcome(NamedTuple):
    """Features and score map after one order of steps."""

    features: Float[np.ndarray, "H W"]
    scores: Float[np.ndarray, "H W"]


def convolve(
    image: Shaped[np.ndarray, "h w"], kernel: Shaped[np.ndarray, "n n"],
    stride: int = 1, wrap: bool = False,
) -> Float[np.ndarray, "H W"]:
    """A convolution as deep learning writes it, of the image's size over the stride.

    Args:
        image: any numbers.
        kernel: its side n is odd.
        stride: one output for every `stride` pixels.
        wrap: whether the image goes on at its other side; else zeros lie round it.

    >>> convolve(np.array([[1, 2, 3]]), np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]]))
    array([[0., 1., 2.]])
    """
    n, (h, w) = len(kernel), image.shape
    padded = np.pad(image.astype(float), n // 2, "wrap" if wrap else "constant")
    total = np.zeros((-(-h // stride), -(-w // stride)))              # (H, W)
    for i, j in np.ndindex(n, n):  # in the front end's order: the same sums, bit by bit
        total += kernel[i, j] * padded[i : i + h : stride, j : j + w : stride]
    return total


def outcome(
    image: Shaped[np.ndarray, "h w"], kernel: Shaped[np.ndarray, "n n"], stride: int,
    wrap: bool,
) -> Outcome:
    """Features, and as score map the sum of their sizes over 5 x 5 places.

    The score map is a small network with one channel, set by hand: it is high where
    the kernel finds much, and so where an object is.
    """
    features = convolve(image, kernel, stride, wrap)
    ones = np.ones((2 * REACH + 1,) * 2)
    return Outcome(features, convolve(np.abs(features), ones, 1, wrap))


def places_moved(pixels: int, stride: int) -> int:
    """A way in pixels as the nearest way in places; halves go up.

    >>> places_moved(8, 4), places_moved(6, 4), places_moved(-6, 4)
    (2, 2, -1)
    """
    return (2 * pixels + stride) // (2 * stride)


def both_orders(
    image: Shaped[np.ndarray, "h w"], kernel: Shaped[np.ndarray, "n n"],
    way: tuple[int, int], stride: int, wrap: bool,
) -> tuple[Outcome, Outcome]:
    """First shift then convolve, and first convolve then shift.

    >>> image, kernel = np.arange(16).reshape(4, 4), np.ones((3, 3))
    >>> first, second = both_orders(image, kernel, (1, 2), 1, wrap=True)
    >>> bool((first.scores == second.scores).all())
    True
    """
    first = outcome(moved(image, way, wrap), kernel, stride, wrap)
    places = tuple(places_moved(pixels, stride) for pixels in way)
    second = outcome(image, kernel, stride, wrap)
    return first, Outcome(*(moved(each, places, wrap) for each in second))


def moved(
    image: Shaped[np.ndarray, "h w"], way: tuple[int, int], wrap: bool
) -> Shaped[np.ndarray, "h w"]:
    """The image moved down and right; what leaves comes in again, or zeros do.

    >>> moved(np.array([[1, 2, 3]]), (0, 1), wrap=False)
    array([[0, 1, 2]])
    """
    found = np.roll(image, way, (0, 1))
    if not wrap:
        rows, columns = (new_rows(n, d) for n, d in zip(image.shape, way, strict=True))
        found[rows] = found[:, columns] = 0
    return found


def new_rows(size: int, way: int) -> Bool[np.ndarray, " H"]:
    """The rows that come in when an image of so many is moved.

    >>> new_rows(4, -1).astype(int).tolist()
    [0, 0, 0, 1]
    """
    source = np.arange(size) - way
    return (source < 0) | (source >= size)


def near_edge(size: int, reach: int, stride: int) -> Bool[np.ndarray, " H"]:
    """The rows of features that see past the picture's edge.

    Args:
        size: of the picture, in pixels.
        reach: of the kernel, in pixels to each side.

    >>> near_edge(6, 1, 1).astype(int).tolist()
    [1, 0, 0, 0, 0, 1]
    """
    at = stride * np.arange(-(-size // stride))
    return (at < reach) | (at + reach > size - 1)


def near_edge_of_scores(near: Bool[np.ndarray, " H"]) -> Bool[np.ndarray, " H"]:
    """The same for the score map, which sees two places further to each side.

    >>> near_edge_of_scores(np.array([1, 0, 0, 0, 0, 0, 0], bool)).astype(int).tolist()
    [1, 1, 1, 0, 0, 1, 1]
    """
    beyond = np.pad(near, REACH, constant_values=True)
    return np.convolve(beyond, np.ones(2 * REACH + 1), "valid") > 0
