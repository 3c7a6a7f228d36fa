"""A mask that is a crop, as COCO run lengths of the whole image, never drawn whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool


def crop_rle(
    crop: Bool[np.ndarray, "P Q"], corner: tuple[int, int], shape: tuple[int, int]
) -> dict[str, Any]:
    """COCO's compressed run lengths of a crop in its place.

    Args:
        crop: the mask cut to a box.
        corner: (x, y) of the box's first pixel in the image; the box lies inside.
        shape: (h, w) of the image.

    Example:
        >>> crop_rle(np.ones((2, 1), bool), (1, 0), (2, 3))
        {'size': [2, 3], 'counts': b'222'}
    """
    from pycocotools import mask as coco_mask

    h, w = shape
    turned = np.pad(crop.T, ((0, 0), (1, 1))).astype(np.int8)      # (Q, P + 2)
    column, row = np.nonzero(np.diff(turned))      # a start, an end, a start, an end...
    edges = (column + corner[0]) * h + row + corner[1]
    # A run that ends where the next column's begins is one run with it.
    meets = np.flatnonzero(edges[1:-1:2] == edges[2::2])
    edges = np.delete(edges, [*(2 * meets + 1), *(2 * meets + 2)])
    if len(edges) and edges[-1] == h * w:                          # no run after it
        edges = edges[:-1]
    counts = np.diff(edges, prepend=0, append=h * w).tolist()
    return coco_mask.frPyObjects({"size": [h, w], "counts": counts}, h, w)
