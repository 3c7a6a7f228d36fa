"""What widgets over k * k score maps share: the maps of every k, and their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Float, Shaped, UInt8

from ifcn_lab.draw.palette import part_colours
from ifcn_lab.grid import whole_number
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.greys import rule_of
from ifcn_lab.widgets.inputs import (
    checked_image,
    checked_maps,
    checked_stride,
    image_array,
)
from ifcn_lab.widgets.model_maps import model_maps

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Segmenter


class OverMaps(Explorable):
    """A widget with a window on k * k score maps, for one k or several.

    The front end has the maps of all k, one after the other, in `scores`.
    """

    ks, starts = (traitlets.List().tag(sync=True) for _ in range(2))
    k, m, H, W = (traitlets.Int(1).tag(sync=True) for _ in range(4))
    y, x = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    i, j = (traitlets.Int(-1).tag(sync=True) for _ in range(2))
    half = traitlets.Float(0.0).tag(sync=True)
    decimals = traitlets.Int(2).tag(sync=True)
    limits = traitlets.List(None, allow_none=True).tag(sync=True)
    colours = traitlets.Dict().tag(sync=True)
    scores, image = (traitlets.Bytes(b"").tag(sync=True) for _ in range(2))
    image_size = traitlets.List([0, 0]).tag(sync=True)

    _place = traitlets.validate("y", "x", "i", "j")(Explorable.held)

    @traitlets.validate("k")
    def _known(self, proposal: Any) -> int:
        if self.ks and proposal["value"] not in self.ks:
            raise traitlets.TraitError(
                f"there are no maps for k = {proposal['value']}; there are for "
                f"{', '.join(map(str, self.ks))}")
        return proposal["value"]

    def reach(self) -> dict[str, tuple[int, int]]:
        """The window's centre stays on the map, the pixel in the window."""
        pixel = (-1, self.m - 1)
        return {"y": (0, self.H - 1), "x": (0, self.W - 1), "i": pixel, "j": pixel}

    def maps_of(self, k: int) -> Float[np.ndarray, "kk H W"]:
        """The score maps of one k, as the front end has them."""
        start, size = self.starts[self.ks.index(k)], k * k * self.H * self.W
        every = np.frombuffer(self.scores, np.float32)
        return every[start : start + size].reshape(k * k, self.H, self.W)


def of_networks(
    model: Segmenter | Sequence[Segmenter], image: Any, kind: int = 0
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray] | None, int]:
    """Score maps and objectness by k, and the window's side, of one network or more.

    Raises:
        ValueError: the picture cannot be shown, a network has no k * k maps that are
            assembled, or the networks differ in m or do not differ in k.
    """
    models = model if isinstance(model, Sequence) else [model]
    found = [model_maps(net, image, kind) for net in models]
    for net, each in zip(models, found, strict=True):
        if not each.m:
            raise ValueError(f"{type(net).__name__} assembles no window of k*k maps; "
                             "InstanceFCN and FCIS do.")
    sides = sorted({each.m for each in found})
    ks = [net.k for net in models]
    if len(sides) != 1:
        raise ValueError(f"The networks have windows of different sides, m = {sides}.")
    if len(set(ks)) != len(ks):
        raise ValueError(f"Two networks have the same k; these have {sorted(ks)}.")
    by_k = dict(zip(ks, found, strict=True))
    objectness = {k: each.objectness for k, each in by_k.items()
                  if each.objectness is not None}
    return {k: each.maps for k, each in by_k.items()}, objectness or None, sides[0]


def maps_traits(
    maps: Any, m: int, image: Any, objectness: Any, center: tuple[int, int] | None
) -> dict[str, Any]:
    """The state for these maps, or the sentence that says what is wrong with them."""
    try:
        by_k = _by_k(maps, m)
        H, W = next(iter(by_k.values())).shape[1:]
        picture = checked_image(image)
        if picture is not None:
            checked_stride(picture, H, W)
        planes = _objectness_planes(objectness, sorted(by_k), (H, W))
        y, x = _start(planes, (H, W)) if center is None else (
            whole_number("center", at) for at in center)
        if not (0 <= y < H and 0 <= x < W):
            raise ValueError(f"The center ({y}, {x}) is off the maps of {H} x {W}.")
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    state = _score_traits(by_k) | _picture_traits(picture)
    if planes is not None:
        state["objectness"] = planes.tobytes()
    return state | {"m": m, "H": H, "W": W, "k": max(by_k), "y": int(y), "x": int(x)}


def _by_k(maps: Any, m: int) -> dict[int, Shaped[np.ndarray, "kk H W"]]:
    sets = dict(maps) if isinstance(maps, Mapping) else {0: maps}
    if not sets:
        raise ValueError("There are no score maps; give at least one set of them.")
    arrays = [checked_maps(each, m, k or None) for k, each in sets.items()]
    if len({each.shape[1:] for each in arrays}) > 1:
        raise ValueError("The score maps of different k differ in size.")
    return {isqrt(len(each)): each for each in arrays}


def _objectness_planes(
    objectness: Any, ks: Sequence[int], size: tuple[int, int]
) -> Float[np.ndarray, "ks H W"] | None:
    """One plane of objectness for each k, the same for all if only one is given."""
    if objectness is None:
        return None
    given = objectness if isinstance(objectness, Mapping) else dict.fromkeys(
        ks, objectness)
    if missing := sorted(set(ks) - set(given)):
        raise ValueError(f"Objectness is missing for k = {missing}.")
    planes = [np.asarray(image_array(given[k]), np.float32) for k in ks]
    for plane in planes:
        if plane.shape != size:
            raise ValueError(f"Objectness is {plane.shape}, the maps {size}.")
        if not np.isfinite(plane).all():
            raise ValueError("Objectness holds NaN or infinity; did training diverge?")
    return np.stack(planes)


def _start(
    planes: Float[np.ndarray, "ks H W"] | None, size: tuple[int, int]
) -> tuple[int, int]:
    """Where the objectness of the largest k is highest; the middle without any."""
    if planes is None:
        return size[0] // 2, size[1] // 2
    return divmod(int(planes[-1].argmax()), size[1])


def _score_traits(by_k: Mapping[int, Shaped[np.ndarray, "kk H W"]]) -> dict[str, Any]:
    ks = sorted(by_k)
    sizes = [by_k[k].size for k in ks]
    values = np.concatenate([by_k[k].ravel() for k in ks])
    return rule_of(values)._asdict() | {
        "ks": ks, "starts": np.cumsum([0, *sizes[:-1]]).tolist(),
        "scores": values.astype(np.float32).tobytes(),
        "colours": {str(k): part_colours(k) for k in ks},
    }


def _picture_traits(image: UInt8[np.ndarray, "h w 3"] | None) -> dict[str, Any]:
    if image is None:
        return {}
    return {"image": png_bytes(image), "image_size": list(image.shape[:2])}
