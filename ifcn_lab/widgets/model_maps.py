"""The maps that a network lays over a picture, whichever relative it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ifcn_lab.widgets.inputs import needed_image, outputs

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Segmenter


class ModelMaps(NamedTuple):
    """Maps of one picture, and what they are maps of.

    `what` they show: "part" of a k x k grid, "class" or "prototype". `m` is the side of
    the window that parts are assembled in, 0 where nothing is assembled; `names` are
    given to maps that are no parts.
    """

    maps: Float[np.ndarray, "N H W"]
    what: str = "part"
    m: int = 0
    objectness: Float[np.ndarray, "H W"] | None = None
    names: list[str] | None = None


def model_maps(model: Segmenter, image: Any, kind: int = 0) -> ModelMaps:
    """What a network says of a picture, place by place.

    InstanceFCN has the maps of k * k parts, R-FCN those of each category, and of FCIS
    the inside maps less the outside maps are shown, whose sigmoid draws the mask. FCN
    has a probability for each class, YOLACT its prototypes.

    Args:
        model: the network.
        image: (h, w, 3) uint8.
        kind: the category whose maps are shown, from 0, where each has its own.

    Raises:
        ValueError: the network has no such maps or no such category, there is no
            picture, or the network fails on it.
    """
    from ifcn_lab.models.fcn import FCN
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.models.rfcn import RFCN
    from ifcn_lab.models.yolact import YOLACT

    needed_image(image)
    if isinstance(model, InstanceFCN):
        maps, objectness = outputs(model, image)[:2]     # not what its head reads
        return ModelMaps(maps, m=model.m, objectness=objectness)
    if isinstance(model, RFCN):
        return category_maps(model, outputs(model, image)[1], kind)
    if isinstance(model, FCN):
        logits = outputs(model, image)[0]                     # (C + 1, h, w)
        share = np.exp(logits - logits.max(0))
        names = ["background", *(model.classes or {1: "object"}).values()]
        return ModelMaps(share / share.sum(0), "class", names=names)
    if isinstance(model, YOLACT):
        prototypes = outputs(model, image)[0]
        return ModelMaps(prototypes, "prototype", names=[""] * len(prototypes))
    raise ValueError(f"{type(model).__name__} has no maps to lay side by side; "
                     "InstanceFCN, R-FCN, FCIS, FCN and YOLACT have.")


def category_maps(
    model: Any, maps: Float[np.ndarray, "D H W"], kind: int
) -> ModelMaps:
    """The k * k maps of one category of R-FCN or FCIS.

    Raises:
        ValueError: there is no such category.
    """
    parts, each = model.k ** 2, model.maps_per_part
    every = maps[: -4 * parts].reshape(-1, each, parts, *maps.shape[1:])
    if not 0 <= kind < len(every) - 1:
        raise ValueError(f"kind is {kind}; this network has {len(every) - 1} "
                         "categories, counted from 0.")
    own = every[kind + 1]                                     # (1 or 2, k*k, H, W)
    shown = own[0] - own[1] if each == 2 else own[0]
    return ModelMaps(shown, m=getattr(model, "bins", 0))
