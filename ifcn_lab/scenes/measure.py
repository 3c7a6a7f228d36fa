"""Which objects of a scene touch."""
from __future__ import annotations

import numpy as np
from jaxtyping import Bool

REACH = 2  # pixels: masks that meet when grown by this much touch


def touching(masks: Bool[np.ndarray, "n h w"]) -> Bool[np.ndarray, "n n"]:
    """Which objects lie within `REACH` pixels of each other.

    >>> masks = np.zeros((2, 8, 8), bool)
    >>> masks[0, :, :4] = masks[1, :, 4:] = True
    >>> touching(masks).tolist()
    [[False, True], [True, False]]
    """
    from scipy.ndimage import maximum_filter

    grown = maximum_filter(masks, size=(1, 2 * REACH + 1, 2 * REACH + 1))
    pixels = masks.shape[1] * masks.shape[2]
    flat, wide = (m.reshape(-1, pixels).astype(np.float32) for m in (masks, grown))
    meet = wide @ flat.T > 0  # (n, n)
    return meet & ~np.eye(len(masks), dtype=bool)
