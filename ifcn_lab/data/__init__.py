"""Pictures with one mask per object, and the small files that ship.

Every data set is a sequence of ``Sample``, so that training and evaluation need not
know where the pictures came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8

if TYPE_CHECKING:
    from ifcn_lab.scenes import Scene


class Sample(NamedTuple):
    """One picture and its objects.

    ``crowd`` marks pixels that hold objects nobody drew one by one. They are neither
    object nor background: training takes no window from them, evaluation forgives what
    is found there. ``ids`` and ``categories`` belong to ``masks``, one for one.
    """

    image: UInt8[np.ndarray, "h w 3"]
    masks: Bool[np.ndarray, "N h w"]
    crowd: Bool[np.ndarray, "h w"]
    ids: tuple[int | str, ...]
    categories: tuple[int, ...]
    name: str
    image_id: int | str


def from_scene(scene: Scene, name: str, image_id: int = 0) -> Sample:
    """Turn a synthetic scene into a sample: one category, no crowd, ids from 1.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> picture, masks = np.zeros((4, 6, 3), np.uint8), np.ones((2, 4, 6), bool)
    >>> scene = SimpleNamespace(image=picture, masks=masks)
    >>> from_scene(scene, "two objects").ids
    (1, 2)
    """
    count, h, w = scene.masks.shape
    return Sample(scene.image, scene.masks, np.zeros((h, w), dtype=bool),
                  tuple(range(1, count + 1)), (1,) * count, name, image_id)
