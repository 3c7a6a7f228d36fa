"""The Assembler: drag the window, and see from which map each pixel is copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Float, Shaped, UInt8

from ifcn_lab.assembling import assemble
from ifcn_lab.draw.palette import cell_colours
from ifcn_lab.grid import Grid
from ifcn_lab.widgets import still
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.given import (
    checked_image,
    checked_maps,
    checked_stride,
    image_array,
    score_maps,
)
from ifcn_lab.widgets.saying import fixed, plain

if TYPE_CHECKING:
    from ifcn_lab.model import InstanceFCN


class Assembler(Explorable):
    """The picture, its k * k score maps, and the window they make under the pointer.

    Drag the window over the picture or the maps; the mask is assembled as you go. Point
    at a pixel of the mask, and a line leads to the score it is a copy of. Arrow keys
    do the same; Shift makes steps of five. "Copy step by step" shows the copy.

    Args:
        model: a network, or several that differ in k, to switch between.
        image: (h, w, 3) uint8, what they are shown.
        center: (y, x) in feature cells where the window stands at first; None: where
            objectness is highest.

    `y`, `x`, `k`, `i`, `j` (the pixel pointed at, -1: none) and `snap` are traits:
    Python sees them change and can set them.

    >>> maps = np.arange(4.0).reshape(4, 1, 1) * np.ones((4, 5, 6))
    >>> widget = Assembler.from_maps(maps, m=4, center=(2, 3))
    >>> widget.x = 4
    >>> widget
    Assembler(k=2, y=2, x=4)
    >>> print(widget.describe())
    Window at row 2, column 4: 8 of 16 pixels above 1.50, copied from 2 x 2 maps.
    0033
    0033
    6699
    6699
    """

    module = "assembler.js"
    shown = ("k", "y", "x")
    ks = traitlets.List().tag(sync=True)
    starts = traitlets.List().tag(sync=True)
    k, m, H, W = (traitlets.Int(1).tag(sync=True) for _ in range(4))
    y, x = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    i, j = (traitlets.Int(-1).tag(sync=True) for _ in range(2))
    fill, half = (traitlets.Float(0.0).tag(sync=True) for _ in range(2))
    decimals = traitlets.Int(2).tag(sync=True)
    limits = traitlets.List(None, allow_none=True).tag(sync=True)
    colours = traitlets.Dict().tag(sync=True)
    snap = traitlets.Bool(False).tag(sync=True)
    scores, objectness, image = (traitlets.Bytes(b"").tag(sync=True) for _ in range(3))
    image_size = traitlets.List([0, 0]).tag(sync=True)

    _place = traitlets.validate("y", "x", "i", "j")(Explorable.held)
    _choice = traitlets.validate("k")(Explorable.known)

    def __init__(
        self, model: InstanceFCN | Sequence[InstanceFCN], image: Any, *,
        center: tuple[int, int] | None = None,
    ) -> None:
        try:
            maps, objectness, m = of_networks(model, image)
        except (TypeError, ValueError) as error:
            super().__init__(problem=f"{error}")
        else:
            super().__init__(**maps_traits(maps, m, image, objectness, center))

    @classmethod
    def from_maps(
        cls, maps: Any, m: int, image: Any = None, *, objectness: Any = None,
        center: tuple[int, int] | None = None,
    ) -> Assembler:
        """The widget for score maps at hand, or for one set of them for each k.

        Args:
            maps: (k*k, H, W), an array or a tensor, or a dict of them by k: logits, or
                whole numbers, or floats of which none is negative. Logits are shown as
                probabilities, the others by their range, from black to white.
            m: window side in feature cells.
            image: (h, w, 3) or (h, w) uint8, the picture the maps belong to.
            objectness: (H, W) logits, or a dict of them by k.
            center: (y, x) at first; None: highest objectness, or the middle.

        Maps or a picture that cannot be shown give a widget that says why.
        """
        widget = cls.__new__(cls)
        Explorable.__init__(widget, **maps_traits(maps, m, image, objectness, center))
        return widget

    def reach(self) -> dict[str, tuple[int, int]]:
        """The window's centre stays on the map, the pixel in the window."""
        pixel = (-1, self.m - 1)
        return {"y": (0, self.H - 1), "x": (0, self.W - 1), "i": pixel, "j": pixel}

    def maps_of(self, k: int) -> Float[np.ndarray, "kk H W"]:
        """The score maps of one k, as the front end has them."""
        start, size = self.starts[self.ks.index(k)], k * k * self.H * self.W
        every = np.frombuffer(self.scores, np.float32)
        return every[start : start + size].reshape(k * k, self.H, self.W)

    def window(self) -> Float[np.ndarray, "m m"]:
        """The window as it is assembled now."""
        maps, place = self.maps_of(self.k), [(self.y, self.x)]
        return assemble(maps, self.m, centers=place, fill=self.fill)[0]

    def words(self) -> str:
        """Where the window stands, what is in it, and whence one pixel comes."""
        above = int((self.window() > self.half).sum())
        text = (f"Window at row {self.y}, column {self.x}: {above} of {self.m**2} "
                f"pixels above {plain(self.half)}, copied from {self.k} x {self.k} "
                "maps.")
        if self.objectness:
            every = np.frombuffer(self.objectness, np.float32)
            planes = every.reshape(len(self.ks), self.H, self.W)
            score = float(planes[self.ks.index(self.k), self.y, self.x])
            text += f" Objectness {fixed(1 / (1 + np.exp(-score)), 2)}."
        return text if self.i < 0 else f"{text} {self._pixel_words()}"

    def _pixel_words(self) -> str:
        channel = Grid(self.k, self.m).channel[self.i, self.j]
        row, column = self.y - self.m // 2 + self.i, self.x - self.m // 2 + self.j
        inside = 0 <= row < self.H and 0 <= column < self.W
        score = float(self.window()[self.i, self.j])
        value = fixed(score, self.decimals) if inside else "fill"
        return (f"Pixel ({self.i}, {self.j}) comes from map {channel}, row {row}, "
                f"column {column}: {value}.")

    def grid(self) -> str:
        """The window as digits, 0 dark to 9 light."""
        digits = still.shade(self.window(), self.limits).astype(int) * 10 // 256
        return "\n".join("".join(map(str, row)) for row in digits.tolist())

    def still(self) -> UInt8[np.ndarray, "h w 3"]:
        """The maps with their pieces, and the window."""
        maps, place = self.maps_of(self.k), (self.y, self.x)
        return still.beside(still.maps_picture(maps, place, self.m, self.limits),
                            still.mask_picture(self.window(), self.k, self.limits))


def of_networks(
    model: InstanceFCN | Sequence[InstanceFCN], image: Any
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray], int]:
    """Score maps and objectness by k, and the window's side, of one network or more.

    Raises:
        ValueError: the picture cannot be shown, or the networks differ in m or do not
            differ in k.
    """
    models = model if isinstance(model, Sequence) else [model]
    sides = sorted({net.m for net in models})
    ks = [net.k for net in models]
    if len(sides) != 1:
        raise ValueError(f"The networks have windows of different sides, m = {sides}.")
    if len(set(ks)) != len(ks):
        raise ValueError(f"Two networks have the same k; these have {sorted(ks)}.")
    found = {net.k: score_maps(net, image) for net in models}
    maps = {k: each.maps for k, each in found.items()}
    return maps, {k: each.objectness for k, each in found.items()}, sides[0]


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
        y, x = _start(planes, (H, W)) if center is None else center
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
    whole = values.dtype.kind in "iu"
    least, most = float(values.min()), float(values.max())
    logits = not whole and least < 0
    return {
        "ks": ks, "starts": np.cumsum([0, *sizes[:-1]]).tolist(),
        "scores": values.astype(np.float32).tobytes(),
        "limits": None if logits else [least, most],
        "half": 0.0 if logits else round((least + most) / 2, 2),
        "decimals": 0 if whole else 2,
        "colours": {str(k): cell_colours(k) for k in ks},
    }


def _picture_traits(image: UInt8[np.ndarray, "h w 3"] | None) -> dict[str, Any]:
    if image is None:
        return {}
    return {"image": png_bytes(image), "image_size": list(image.shape[:2])}
