"""The Assembler: drag the window, and see from which map each pixel is copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Float

from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid
from ifcn_lab.widgets.greys import digits, shade
from ifcn_lab.widgets.number_words import fixed, plain
from ifcn_lab.widgets.over_maps import OverMaps, maps_traits, of_networks

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN


class Assembler(OverMaps):
    """The picture, its k * k score maps, and the window they make under the pointer.

    Drag the window over the picture or the maps; the mask is assembled as you go. Point
    at a place of the mask, and a line leads to the score it is a copy of. Arrow keys
    do the same; Shift makes steps of five. "Copy step by step" shows the copy.

    Args:
        model: a network, or several that differ in k, to switch between.
        image: (h, w, 3) uint8, what they are shown.
        center: the place (y, x) where the window stands at first; None: where
            objectness is highest.

    `y`, `x`, `k`, `i`, `j` (the offset pointed at, -1: none) and `snap` are traits:
    Python sees them change and can set them.

    >>> maps = np.arange(4.0).reshape(4, 1, 1) * np.ones((4, 5, 6))
    >>> widget = Assembler.from_maps(maps, m=4, center=(2, 3))
    >>> widget.x = 4
    >>> widget
    Assembler(k=2, y=2, x=4)
    >>> print(widget.describe())
    Window at row 2, column 4: 8 of 16 places above 1.50, copied from 2 x 2 maps.
    0033
    0033
    6699
    6699
    """

    module = "assembler.js"
    shown = ("k", "y", "x")
    hint = traitlets.Unicode(
        "Drag the window from one object to the other. Point at a "
        "place of the mask: a line leads to the score it is a copy "
        "of.").tag(sync=True)
    fill = traitlets.Float(0.0).tag(sync=True)
    snap = traitlets.Bool(False).tag(sync=True)
    objectness = traitlets.Bytes(b"").tag(sync=True)

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
            m: window side in places.
            image: (h, w, 3) or (h, w) uint8, the picture the maps belong to.
            objectness: (H, W) logits, or a dict of them by k.
            center: (y, x) at first; None: highest objectness, or the middle.

        Maps or a picture that cannot be shown give a widget that says why.
        """
        return cls._of(maps_traits(maps, m, image, objectness, center))

    def window(self) -> Float[np.ndarray, "m m"]:
        """The window as it is assembled now."""
        maps, place = self.maps_of(self.k), [(self.y, self.x)]
        return assemble(maps, self.m, centers=place, fill=self.fill)[0]

    def words(self) -> str:
        """Where the window stands, what is in it, and whence one score comes."""
        above = int((self.window() > self.half).sum())
        text = (f"Window at row {self.y}, column {self.x}: {above} of {self.m**2} "
                f"places above {plain(self.half)}, copied from {self.k} x {self.k} "
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
        return (f"Offset ({self.i}, {self.j}) comes from map {channel}, row {row}, "
                f"column {column}: {value}.")

    def grid(self) -> str:
        """The window as digits, 0 dark to 9 light."""
        return digits(shade(self.window(), self.limits)[None])
