"""Thresholding and connected components: the baseline that any network has to beat.

A picture's grey levels are split in two (Otsu 1979), and each connected piece of the
foreground is an object. Nothing is learned, and a picture takes milliseconds. Objects
that touch become one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from ifcn_lab.segmenter import Instances


def grey_levels(
    image: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"],
) -> UInt8[np.ndarray, "h w"]:
    """The mean of the three colours, rounded; a grey picture stays as it is.

    >>> grey_levels(np.full((1, 1, 3), [10, 20, 40], np.uint8)).tolist()
    [[23]]
    """
    if image.ndim == 2:
        return image
    return np.rint(image.mean(2)).astype(np.uint8)


def between_variance(counts: Int[np.ndarray, " L"]) -> Float[np.ndarray, " L"]:
    """How far apart the two sides of each split are: variance between the classes.

    Args:
        counts: how many pixels have each grey level.

    The split at t puts levels 0 ... t on one side. With the shares w and the mean
    levels u of both sides it is w0 * w1 * (u0 - u1)**2, and 0 where a side is empty.

    >>> between_variance(np.array([1, 0, 0, 1])).tolist()
    [2.25, 2.25, 2.25, 0.0]
    """
    below = np.cumsum(counts, dtype=float)
    moment = np.cumsum(counts * np.arange(len(counts)), dtype=float)
    above = below[-1] - below
    both = below * above
    apart = moment[-1] * below - moment * below[-1]
    largest = max(below[-1], 1.0)
    return np.where(both > 0, apart**2 / np.maximum(both, 1.0), 0.0) / largest**2


def otsu(grey: UInt8[np.ndarray, "h w"]) -> int:
    """The grey level that splits the histogram best; what is above it is bright.

    Source: Otsu, "A threshold selection method from gray-level histograms", 1979.

    >>> otsu(np.array([[10, 12, 200, 201]], np.uint8))
    12
    """
    counts = np.bincount(grey.ravel(), minlength=256)
    return int(between_variance(counts).argmax())


def foreground(
    image: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"],
) -> Bool[np.ndarray, "h w"]:
    """The bright or the dark side of Otsu's split: the one less seen at the border.

    Objects may be lighter or darker than the ground. Nobody says which; the ground is
    taken to be what fills most of the picture's border.

    >>> picture = np.zeros((5, 5), np.uint8)
    >>> picture[2, 2] = 9
    >>> int(foreground(picture).sum()), int(foreground(9 - picture).sum())
    (1, 1)
    """
    grey = grey_levels(image)
    bright = grey > otsu(grey)
    border = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return ~bright if border.mean() > 0.5 else bright


def pieces(
    mask: Bool[np.ndarray, "h w"], least: int = 1
) -> tuple[Int[np.ndarray, "N 4"], list[Bool[np.ndarray, "_ _"]]]:
    """The connected pieces of at least so many pixels; corners do not connect.

    Returns:
        Their tight boxes (x0, y0, x1, y1), and each piece cut to its box.

    >>> boxes, crops = pieces(np.array([[True, False, True]]))
    >>> boxes.tolist(), [crop.tolist() for crop in crops]
    ([[0, 0, 1, 1], [2, 0, 3, 1]], [[[True]], [[True]]])
    """
    from scipy.ndimage import find_objects, label

    labels, _ = label(mask)
    all_ = [((x.start, y.start, x.stop, y.stop), labels[y, x] == number)
            for number, (y, x) in enumerate(find_objects(labels), 1)]
    large = [(box, crop) for box, crop in all_ if crop.sum() >= least]
    return (np.array([box for box, _ in large], int).reshape(-1, 4),
            [crop for _, crop in large])


def thresholded(
    image: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"], *, least: int = 10
) -> Instances:
    """The connected pieces of the foreground, in the form that `propose` returns.

    Args:
        image: the picture.
        least: pieces of fewer pixels are taken for noise and left out.

    The largest piece comes first. Scores are areas as shares of the largest, for want
    of anything better: thresholding does not say how sure it is.

    >>> picture = np.zeros((8, 8), np.uint8)
    >>> picture[1:3, 1:6] = picture[5:7, 5:7] = 200
    >>> thresholded(picture, least=1).boxes.tolist()
    [[1, 1, 6, 3], [5, 5, 7, 7]]
    """
    mask = foreground(image)
    boxes, crops = pieces(mask, least)
    areas = np.array([crop.sum() for crop in crops], float)
    found = Instances(mask.shape, boxes, areas / max(areas.max(initial=1), 1),
                      tuple(crops), windows=np.zeros((len(areas), 3), int))
    return found.take(np.argsort(-areas, kind="stable"))
