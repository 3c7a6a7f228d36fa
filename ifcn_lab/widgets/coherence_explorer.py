"""The CoherenceExplorer: what a window keeps when it moves by a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import traitlets
from jaxtyping import Int, Shaped, UInt8

from ifcn_lab.assembling import assemble
from ifcn_lab.assembling.coherence import kept, shared
from ifcn_lab.grid import Grid
from ifcn_lab.widgets.greys import shade
from ifcn_lab.widgets.inputs import image_array, score_maps
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.over_maps import OverMaps, maps_traits, of_networks

if TYPE_CHECKING:
    from ifcn_lab.models.deepmask import DeepMask
    from ifcn_lab.models.instancefcn import InstanceFCN

GREY_OF_FILL = 128


class Moved(NamedTuple):
    """A window, the window a step further, and what became of the shared pixels.

    `kinds`: 0 reads the same score, 1 another score, 2 one of another answer; of the
    second window's pixels -1 where the first had none.
    """

    before: Shaped[np.ndarray, "m m"]
    after: Shaped[np.ndarray, "m m"]
    kinds: Int[np.ndarray, "m m"]

    def count(self, *kinds: int) -> int:
        """How many pixels are of these kinds."""
        return int(np.isin(self.kinds, kinds).sum())


class CoherenceExplorer(OverMaps):
    """A window that moves by a place: which pixels keep their map and their score.

    Move the window with the arrow keys, the buttons, or by dragging; it is compared
    with the place where it started. "start here" makes the new place the start.
    Point at a place to read where it came from before, and where it comes from now.

    Args:
        model: a network, or several that differ in k, to switch between.
        image: (h, w, 3) uint8, what they are shown.
        other: a network with an output of its own for every place, shown below.
        center: the place (y, x) where the window starts; None: where
            objectness is highest.

    `y`, `x` (the start), `down`, `right` (the step), `k`, and `i`, `j` (the offset
    pointed at, -1: none) are traits: Python sees them change and can set them.

    >>> maps = np.random.default_rng(0).normal(size=(25, 40, 40))
    >>> widget = CoherenceExplorer.from_maps(maps, m=21)
    >>> widget
    CoherenceExplorer(k=5, y=20, x=20, down=0, right=1)
    >>> print(widget.words().split(".")[0])
    The window moves 0 down, 1 right; 420 places are in both
    """

    module = "coherence.js"
    shown = ("k", "y", "x", "down", "right")
    hint = traitlets.Unicode(
        "Move the window step by step away from its start, and count "
        "what is kept.").tag(sync=True)
    down, right = (traitlets.Int(n).tag(sync=True) for n in (0, 1))
    outputs = traitlets.Bytes(b"").tag(sync=True)

    def __init__(
        self, model: InstanceFCN | Sequence[InstanceFCN], image: Any, *,
        other: DeepMask | None = None, center: tuple[int, int] | None = None,
    ) -> None:
        try:
            maps, objectness, m = of_networks(model, image)
            outputs = None if other is None else score_maps(other, image).maps
        except (TypeError, ValueError) as error:
            super().__init__(problem=f"{error}")
            return
        best = objectness[max(maps)]
        start = divmod(int(best.argmax()), best.shape[1])
        super().__init__(**_traits(maps, m, outputs, image, center or start))

    @classmethod
    def from_maps(
        cls, maps: Any, m: int, other_maps: Any = None, image: Any = None, *,
        center: tuple[int, int] | None = None,
    ) -> CoherenceExplorer:
        """The widget for maps at hand.

        Args:
            maps: (k*k, H, W) logits, or a dict of them by k.
            m: window side in places.
            other_maps: (m*m, H, W) logits, an output for every place of the window.
            image: (h, w, 3) or (h, w) uint8, the picture the maps belong to.
            center: (y, x) where the window starts; None: the middle.

        Maps or a picture that cannot be shown give a widget that says why.
        """
        return cls._of(_traits(maps, m, other_maps, image, center))

    @property
    def step(self) -> tuple[int, int]:
        """How far the window moves, (down, right); it stays on the map."""
        down, right = (max(-at, min(moved, size - 1 - at)) for at, moved, size in
                       ((self.y, self.down, self.H), (self.x, self.right, self.W)))
        return down, right

    def windows(self) -> Moved:
        """Both windows of the score maps, and what became of their pixels."""
        down, right = self.step
        places = [(self.y, self.x), (self.y + down, self.x + right)]
        before, after = assemble(self.maps_of(self.k), self.m, centers=places)
        same = kept(self.k, self.m, self.step)
        return self._compared(before, after, same, self.half)

    def other_windows(self) -> Moved:
        """Both windows of the other head, as greys, and what became of their pixels."""
        m, moved = self.m, self.step
        every = np.frombuffer(self.outputs, np.uint8).reshape(m, m, self.H, self.W)
        pair = [self._own_outputs(every, self.y + down, self.x + right)
                for down, right in ((0, 0), moved)]
        return self._compared(*pair, moved == (0, 0), GREY_OF_FILL - 0.5)

    def _own_outputs(
        self, every: UInt8[np.ndarray, "m m H W"], y: int, x: int
    ) -> UInt8[np.ndarray, "m m"]:
        """The outputs at one place; what lies off the map is not told."""
        offsets = np.arange(self.m) - self.m // 2
        rows, columns = y + offsets[:, None], x + offsets
        inside = (rows >= 0) & (rows < self.H) & (columns >= 0) & (columns < self.W)
        return np.where(inside, every[:, :, y, x], np.uint8(GREY_OF_FILL))

    def _compared(
        self, before: Shaped[np.ndarray, "m m"], after: Shaped[np.ndarray, "m m"],
        same: Any, half: float,
    ) -> Moved:
        one, other = shared(before, after, self.step)
        changed = np.where((one > half) == (other > half), 1, 2)
        kinds = np.full(before.shape, -1)
        shared(kinds, kinds, self.step)[1][...] = np.where(same, 0, changed)
        return Moved(before, after, kinds)

    def words(self) -> str:
        """How far the window moved, and how many places kept their score."""
        found = self.windows()
        both = found.count(0, 1, 2)
        down, right = self.step
        text = (f"The window moves {abs(down)} {'up' if down < 0 else 'down'}, "
                f"{abs(right)} {'left' if right < 0 else 'right'}")
        if both == 0:
            return f"{text}; no place is in both."
        share = int(100 * found.count(0) / both + 0.5)
        text += (f"; {both} places are in both. With {self.k} x {self.k} maps "
                 f"{found.count(0)} ({share} %) keep map and score; "
                 f"{found.count(1, 2)} read another map, {found.count(2)} of them with "
                 "another answer.")
        if self.outputs:
            other = self.other_windows()
            text += (f" With {self.m} x {self.m} outputs {other.count(0)} keep theirs; "
                     f"{other.count(2)} have another answer.")
        return text if self.i < 0 else f"{text} {self._pixel_words()}"

    def _pixel_words(self) -> str:
        """Where the place pointed at came from, and where it comes from."""
        i, j, m = self.i, self.j, self.m
        above, left = i + self.step[0], j + self.step[1]
        found, channel = self.windows(), Grid(self.k, m).channel
        score = self._score_words(found.after, i, j)
        text = f"Offset ({i}, {j})"
        if not (0 <= above < m and 0 <= left < m):
            return f"{text} is new: map {channel[i, j]}, {score}."
        if channel[above, left] == channel[i, j]:
            return f"{text} keeps map {channel[i, j]}, {score}."
        was = self._score_words(found.before, above, left, back=True)
        return (f"{text} had map {channel[above, left]}, {was}; it has map "
                f"{channel[i, j]}, {score}.")

    def _score_words(
        self, window: Shaped[np.ndarray, "m m"], i: int, j: int, *, back: bool = False
    ) -> str:
        down, right = (0, 0) if back else self.step
        row, column = (at - self.m // 2 for at in (self.y + down + i,
                                                   self.x + right + j))
        inside = 0 <= row < self.H and 0 <= column < self.W
        return fixed(float(window[i, j]), self.decimals) if inside else "off the map"

    def grid(self) -> str:
        """The second window: 0 the same score, 1 another, 2 another answer, . new."""
        return "\n".join("".join("." if kind < 0 else str(kind) for kind in row)
                         for row in self.windows().kinds.tolist())


def _traits(
    maps: Any, m: int, outputs: Any, image: Any, center: tuple[int, int] | None
) -> dict[str, Any]:
    """The state for these maps, or the sentence that says what is wrong with them."""
    state = maps_traits(maps, m, image, None, center)
    if "problem" in state:
        return state
    H, W = state["H"], state["W"]
    if outputs is not None:
        outputs = image_array(outputs)
        if outputs.shape != (m * m, H, W):
            return {"problem": f"The other maps are {outputs.shape}; an output for "
                               f"every place of the window is {(m * m, H, W)}."}
        if not np.isfinite(outputs).all():
            return {"problem": "The other maps hold NaN or infinity; did training "
                               "diverge?"}
        state["outputs"] = shade(outputs).tobytes()
    right = 1 if state["x"] + 1 < W else -1 if W > 1 else 0
    return state | {"right": right}
