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
from ifcn_lab.widgets.given import checked_image, checked_maps, image_array, score_maps

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
    Window at row 2, column 4: 8 of 16 pixels above 1.5, copied from 2 x 2 maps.
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

    def __init__(
        self, model: InstanceFCN | Sequence[InstanceFCN],
        image: UInt8[np.ndarray, "h w 3"], *, center: tuple[int, int] | None = None,
    ) -> None:
        models = model if isinstance(model, Sequence) else [model]
        found = [score_maps(net, image) for net in models]
        maps = {isqrt(len(each.maps)): each.maps for each in found}
        objectness = found[0].objectness
        super().__init__(**maps_traits(maps, models[0].m, image, objectness, center))

    @classmethod
    def from_maps(
        cls, maps: Any, m: int, image: Any = None, *, objectness: Any = None,
        center: tuple[int, int] | None = None,
    ) -> Assembler:
        """The widget for score maps at hand, or for one set of them for each k.

        Args:
            maps: (k*k, H, W) logits, or whole numbers, which are shown as they are; an
                array or a tensor, or a dict of them by k.
            m: window side in feature cells.
            image: (h, w, 3) or (h, w) uint8, the picture the maps belong to.
            objectness: (H, W) logits.
            center: (y, x) at first; None: highest objectness, or the middle.

        Maps or a picture that cannot be shown give a widget that says why.
        """
        widget = cls.__new__(cls)
        Explorable.__init__(widget, **maps_traits(maps, m, image, objectness, center))
        return widget

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
                f"pixels above {self.half:g}, copied from {self.k} x {self.k} maps.")
        if self.objectness:
            score = np.frombuffer(self.objectness, np.float32)[self.y * self.W + self.x]
            text += f" Objectness {1 / (1 + np.exp(-float(score))):.2f}."
        return text if self.i < 0 else f"{text} {self._pixel_words()}"

    def _pixel_words(self) -> str:
        channel = Grid(self.k, self.m).channel[self.i, self.j]
        row, column = self.y - self.m // 2 + self.i, self.x - self.m // 2 + self.j
        inside = 0 <= row < self.H and 0 <= column < self.W
        score = float(self.window()[self.i, self.j])
        value = f"{score:.{self.decimals}f}" if inside else "fill"
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


def maps_traits(
    maps: Any, m: int, image: Any, objectness: Any, center: tuple[int, int] | None
) -> dict[str, Any]:
    """The state for these maps, or the sentence that says what is wrong with them."""
    sets = dict(maps) if isinstance(maps, Mapping) else {0: maps}
    try:
        arrays = {k: checked_maps(each, m, k or None) for k, each in sets.items()}
        picture = checked_image(image)
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    by_k = {isqrt(len(each)): each for each in arrays.values()}
    H, W = next(iter(by_k.values())).shape[1:]
    if any(each.shape[1:] != (H, W) for each in by_k.values()):
        return {"problem": "The score maps of different k differ in size."}
    state = _score_traits(by_k) | _picture_traits(picture)
    if objectness is not None:
        objectness = np.ascontiguousarray(image_array(objectness), np.float32)
        if objectness.shape != (H, W):
            return {"problem": f"Objectness is {objectness.shape}, the maps {(H, W)}."}
        state["objectness"] = objectness.tobytes()
    y, x = center or _start(objectness, H, W)
    return state | {"m": m, "H": H, "W": W, "k": max(by_k), "y": int(y), "x": int(x)}


def _start(objectness: Any, H: int, W: int) -> tuple[int, int]:
    if objectness is None:
        return H // 2, W // 2
    return divmod(int(objectness.argmax()), W)


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
        "half": 0.0 if logits else (least + most) / 2, "decimals": 0 if whole else 2,
        "colours": {str(k): cell_colours(k) for k in ks},
    }


def _picture_traits(image: UInt8[np.ndarray, "h w 3"] | None) -> dict[str, Any]:
    if image is None:
        return {}
    return {"image": png_bytes(image), "image_size": list(image.shape[:2])}
