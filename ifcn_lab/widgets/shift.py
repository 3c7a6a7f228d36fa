"""ShiftExplorer: shift then convolve, or convolve then shift?"""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets
from jaxtyping import Bool, Float, UInt8

from ifcn_lab.widgets.explorable import Explorable
from ifcn_lab.widgets.inputs import checked_image, image_array
from ifcn_lab.widgets.shifting import (
    Outcome,
    both_orders,
    near_edge,
    near_edge_of_scores,
    new_rows,
    places_moved,
)

STRIDES = [1, 2, 4]
EDGES = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))  # it finds upright edges
SIDES = (1, 3, 5, 7)
MOST = 128  # pixels; a larger picture is made smaller


class ShiftExplorer(Explorable):
    """A picture to drag, and what a layer makes of it: before and after the shift.

    Drag the picture. In the upper row it is moved and then convolved, in the lower row
    convolved and then moved. Where the two differ is marked and counted, for the
    features and for a score map made of them. Choose the stride of the layer, and what
    lies outside the picture: zeros, or ("wrap") its other side.

    Args:
        image: (h, w) or (h, w, 3) uint8, or (h, w) of numbers from 0 to 255; it is
            shown in grey, at most 128 pixels high and wide. None: a striped disc.
        kernel: (n, n) numbers, n odd and at most 7. None: a filter for upright edges.

    `dy`, `dx` (pixels), `stride` (1, 2, 4) and `padding` ("zeros", "wrap") are traits:
    Python sees them change and can set them.

    >>> widget = ShiftExplorer()
    >>> widget.dx, widget.stride = 2, 4
    >>> widget
    ShiftExplorer(dy=6, dx=2, stride=4, padding='zeros')
    >>> print(widget.words().split(". ")[1])
    The shift is no whole number of places
    """

    module = "shift.js"
    shown = ("dy", "dx", "stride", "padding")
    hint = traitlets.Unicode(
        "Drag the disc to the edge, then choose another stride and another padding."
    ).tag(sync=True)
    dy, dx = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    stride = traitlets.Enum(STRIDES, 1).tag(sync=True)
    padding = traitlets.Enum(["zeros", "wrap"], "zeros").tag(sync=True)
    size = traitlets.List([0, 0]).tag(sync=True)
    picture = traitlets.Bytes(b"").tag(sync=True)
    kernel = traitlets.List().tag(sync=True)

    def __init__(self, image: Any = None, kernel: Any = None) -> None:
        super().__init__(**_traits(image, kernel))

    def way(self) -> tuple[int, int]:
        """How far the picture is moved, down and right; at most half its size."""
        pairs = zip((self.dy, self.dx), self.size, strict=True)
        if self.padding == "wrap":
            return tuple((d + n // 2) % n - n // 2 for d, n in pairs)
        return tuple(max(-(n // 2), min(d, n - n // 2 - 1)) for d, n in pairs)

    def image(self) -> UInt8[np.ndarray, "h w"]:
        """The picture that is moved, in grey."""
        return np.frombuffer(self.picture, np.uint8).reshape(self.size)

    def filter(self) -> Float[np.ndarray, "n n"]:
        """The kernel as an array."""
        side = round(len(self.kernel) ** 0.5)
        return np.array(self.kernel, float).reshape(side, side)

    def orders(self) -> tuple[Outcome, Outcome]:
        """First shift then convolve, and first convolve then shift."""
        wrap = self.padding == "wrap"
        return both_orders(self.image(), self.filter(), self.way(), self.stride, wrap)

    def inside(self) -> tuple[Bool[np.ndarray, "H W"], Bool[np.ndarray, "H W"]]:
        """Places of features and score map that see no edge, where it is or was."""
        reach, edges = len(self.filter()) // 2, []
        for pixels, size in zip(self.way(), self.size, strict=True):
            near = near_edge(size, reach, self.stride)
            way = places_moved(pixels, self.stride)
            edges.append([each | np.roll(each, way) | new_rows(len(each), way)
                          for each in (near, near_edge_of_scores(near))])
        return tuple(~np.logical_or.outer(*pair) for pair in zip(*edges, strict=True))

    def differences(self) -> tuple[Bool[np.ndarray, "H W"], Bool[np.ndarray, "H W"]]:
        """Where the two orders differ, in the features and in the score map."""
        (features, scores), second = self.orders()
        return features != second.features, scores != second.scores

    def words(self) -> str:
        """How far the picture is moved, and at how many places the orders differ."""
        y, x = self.way()
        text = f"Moved {y} down, {x} right; stride {self.stride}, {self.padding}."
        if y % self.stride or x % self.stride:
            text += " The shift is no whole number of places."
        said = [self._count(differ, inside) for differ, inside
                in zip(self.differences(), self.inside(), strict=True)]
        return f"{text} Features: {said[0]}. Score map: {said[1]}."

    def _count(
        self, differ: Bool[np.ndarray, "H W"], inside: Bool[np.ndarray, "H W"]
    ) -> str:
        if not differ.any():
            return f"equal at all {differ.size} places"
        text = f"{differ.sum()} of {differ.size} places differ"
        if self.padding == "wrap":
            return text
        return f"{text}, {(differ & inside).sum() or 'none'} of them away from the edge"

    def grid(self) -> str:
        """Where the features differ, one digit for each place, if they are not many."""
        differ = self.differences()[0]
        if max(differ.shape) > 32:
            return ""
        rows = differ.astype(int).astype(str).tolist()
        return "\n".join(map("".join, rows))


def striped_disc() -> UInt8[np.ndarray, "64 64"]:
    """A disc with stripes on black, far from every edge.

    >>> int(striped_disc()[0, 0]), int(striped_disc()[32, 32])
    (0, 230)
    """
    y, x = np.indices((64, 64)) - 31.5
    stripes = np.where((2 * x + y) % 9 < 5, 230, 80)
    return np.where(x**2 + y**2 < 13**2, stripes, 0).astype(np.uint8)


def _traits(image: Any, kernel: Any) -> dict[str, Any]:
    """The state for this picture and kernel, or what is wrong with them."""
    try:
        picture = striped_disc() if image is None else grey_picture(image)
        values = checked_kernel(EDGES if kernel is None else kernel)
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    return {"picture": picture.tobytes(), "size": [*picture.shape],
            "kernel": values.ravel().tolist(), "dy": 6, "dx": 10}


def grey_picture(image: Any) -> UInt8[np.ndarray, "h w"]:
    """A picture in grey whose sides are multiples of 4 and at most 128.

    Raises:
        ValueError: not a picture, or less than 16 pixels high or wide.

    >>> grey_picture(np.full((300, 330, 3), 7, np.uint8)).shape
    (100, 108)
    """
    image = image_array(image)
    if image.ndim == 2 and image.dtype.kind in "iuf" and image.size:
        whole = np.floor(image.astype(float) + 0.5)
        image = whole.astype(np.uint8) if (abs(whole - 127.5) < 128).all() else image
    grey = checked_image(image).mean(2)
    step = -(-max(grey.shape) // MOST)
    h, w = (n // step // 4 * 4 for n in grey.shape)
    if min(h, w) < 16:
        raise ValueError(f"A picture of {grey.shape[0]} x {grey.shape[1]} pixels is "
                         "too small; 16 x 16 will do.")
    blocks = grey[: h * step, : w * step].reshape(h, step, w, step)
    return np.floor(blocks.mean((1, 3)) + 0.5).astype(np.uint8)


def checked_kernel(kernel: Any) -> Float[np.ndarray, "n n"]:
    """A kernel that can be shown; leading axes of size 1 are taken off.

    Raises:
        ValueError: not square, not odd, larger than 7, or not finite.

    >>> checked_kernel([[[[1]]]]).shape
    (1, 1)
    """
    kernel = image_array(kernel)
    shape = kernel.shape
    if kernel.ndim == 4 and shape[:2] == (1, 1):
        kernel = kernel[0, 0]
    if kernel.shape not in {(n, n) for n in SIDES}:
        raise ValueError(f"A kernel is (n, n) with n 1, 3, 5 or 7; this one has shape "
                         f"{shape}.")
    if kernel.dtype.kind not in "biuf" or not np.isfinite(kernel).all():
        raise ValueError("The kernel holds NaN, infinity or no numbers.")
    return kernel.astype(float)
