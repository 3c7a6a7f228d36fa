"""The RoiExplorer: what RoI operators read in a box, and what pulls at the box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Bool, Float, Shaped

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.grid import Grid
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.inputs import checked_image, image_array
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.roi_reading import (
    OPERATORS,
    TEACHING,
    Reading,
    readers,
    reading_words,
)
from ifcn_lab.widgets.sampler import pale

if TYPE_CHECKING:
    from torch import Tensor

BINS, LEAST = (2, 4, 7, 14), 0.5
EDGES = ("left", "upper", "right", "lower")


class RoiExplorer(Explorable):
    """A box over a picture and its map: what an operator reads, and what it costs.

    The map has one channel, the share of the object in each place, so whatever the
    pasted mask lacks was lost by the operator and the stride. Drag the box, or one of
    its edges; choose operator, stride and bins; point at a bin to see what it reads.
    Arrows show how the loss pulls at the edges: the mean squared difference from what
    the same operator reads in the object's own box.

    Args:
        image: (h, w, 3) uint8; sides are multiples of the largest stride.
        mask: (h, w), the object that is to be found.
        strides: image pixels per place, to switch between.
        box: (x0, y0, x1, y1) in pixels at first; None: the object's own.
        k: parts per side of position-sensitive maps. Map c is bright where part c of
            the object lies.

    `operator`, `stride`, `bins`, the box (`x0`, `y0`, `x1`, `y1`, in pixels, fractions
    allowed) and the bin pointed at (`i`, `j`) are traits.

    >>> mask = np.zeros((32, 32), bool)
    >>> mask[8:24, 8:24] = True
    >>> shown = RoiExplorer(np.zeros((32, 32, 3), np.uint8), mask, strides=(4,))
    >>> shown
    RoiExplorer(operator='RoIAlign', stride=4, bins=7)
    >>> round(shown.iou(), 2)
    1.0
    """

    module = "roi_explorer.js"
    shown = ("operator", "stride", "bins")
    hint = traitlets.Unicode(
        "Drag the box or one of its edges, then change the operator.").tag(sync=True)
    operator = traitlets.Enum(list(OPERATORS), "RoIAlign").tag(sync=True)
    stride = traitlets.Int(1).tag(sync=True)
    strides = traitlets.List([1]).tag(sync=True)
    bins = traitlets.Enum(list(BINS), 7).tag(sync=True)
    x0, y0, x1, y1 = (traitlets.Float(0.0).tag(sync=True) for _ in range(4))
    i, j = (traitlets.Int(n, min=0).tag(sync=True) for n in (3, 0))
    size = traitlets.List([1, 1]).tag(sync=True)
    plane, parts, target, image = (
        traitlets.Bytes(b"").tag(sync=True) for _ in range(4))
    own = traitlets.List([]).tag(sync=True)

    def __init__(
        self, image: Any, mask: Any, *, strides: Sequence[int] = (4, 8, 16),
        box: Sequence[float] | None = None, k: int = 2,
    ) -> None:
        try:
            picture, inside = checked_object(image, mask, strides)
        except ValueError as error:
            super().__init__(problem=f"{error}")
            return
        own = [float(edge) for edge in tight_boxes(inside[None])[0]]
        super().__init__(
            **_planes(inside, part_planes(inside, k)), image=png_bytes(pale(picture)),
            target=inside.astype(np.uint8).tobytes(), own=own, strides=list(strides),
            stride=min(strides), **_box(box or own))

    @classmethod
    def from_map(
        cls, plane: Any, maps: Any = None, *, box: Sequence[float] | None = None
    ) -> RoiExplorer:
        """The widget for a map at hand, without a picture, at stride 1.

        Args:
            plane: (H, W), what most operators read.
            maps: (k*k, H, W), what position-sensitive pooling reads; None: the plane,
                four times.
            box: (x0, y0, x1, y1) in places; None: the whole map.
        """
        plane = image_array(plane)
        maps = np.stack([plane] * 4) if maps is None else image_array(maps)
        height, width = plane.shape
        return cls._of({**_planes(plane, maps), **_box(box or (0, 0, width, height))})

    @traitlets.validate("stride")
    def _a_stride(self, proposal: Any) -> int:
        if proposal["value"] not in self.strides:
            raise traitlets.TraitError(
                f"stride is one of {self.strides}; got {proposal['value']}")
        return proposal["value"]

    @property
    def box(self) -> list[float]:
        """(x0, y0, x1, y1) in pixels, within the picture and half a pixel at least."""
        height, width = self.size
        x0 = min(max(self.x0, 0), width - LEAST)
        y0 = min(max(self.y0, 0), height - LEAST)
        return [x0, y0, min(max(self.x1, x0 + LEAST), width),
                min(max(self.y1, y0 + LEAST), height)]

    def maps(self) -> Tensor:
        """(1, H, W), or (k*k, H, W) for position-sensitive pooling, at this stride."""
        import torch

        stored = self.parts if self.operator == "PS-RoI pooling" else self.plane
        planes = np.frombuffer(stored, np.float32).reshape(-1, *self.size)
        pixels = torch.from_numpy(planes.astype(np.float64))
        return torch.nn.functional.avg_pool2d(pixels, self.stride)

    def values(self) -> Float[np.ndarray, "bins bins"]:
        """What the operator reads in the box."""
        return _read(self, self.box).detach().numpy()

    def pull(self) -> list[float]:
        """How the loss pulls at left, upper, right and lower edge: less its gradient.

        In places of the map; to the right and downwards is positive.
        """
        import torch

        box = torch.tensor(self.box, dtype=torch.float64, requires_grad=True)
        loss = (_read(self, box) - _read(self, self.own).detach()).square().mean()
        if not loss.requires_grad:
            return [0.0] * 4
        gradient = torch.autograd.grad(loss, box, allow_unused=True)[0]
        return [0.0] * 4 if gradient is None else (-self.stride * gradient).tolist()

    def pasted(self) -> Bool[np.ndarray, "h w"]:
        """The mask that comes back: what was read, over the box, cut at one half."""
        import torch

        from ifcn_lab.layers.two_stage import paste_part, within

        box = torch.tensor(self.box, dtype=torch.float64)
        x0, y0, x1, y1 = pixels = within(box, tuple(self.size))
        found = np.zeros(self.size, bool)
        part = paste_part(torch.from_numpy(self.values()), box, pixels)
        found[y0:y1, x0:x1] = np.round(part, 6) > 0.5
        return found

    def iou(self) -> float:
        """The object's IoU with the pasted mask."""
        target = np.frombuffer(self.target, np.uint8).reshape(self.size) > 0
        found = self.pasted()
        return float((found & target).sum() / max((found | target).sum(), 1))

    def bin(self) -> tuple[int, int]:
        """The bin pointed at: row and column."""
        return min(self.i, self.bins - 1), min(self.j, self.bins - 1)

    def words(self) -> str:
        """The box, the IoU of what is pasted, the pull at the box, and one bin."""
        x0, y0, x1, y1 = (fixed(edge, 2) for edge in self.box)
        text = (f"{self.operator} at stride {self.stride}, {self.bins} x {self.bins} "
                f"bins. The box goes from ({x0}, {y0}) to ({x1}, {y1}).")
        if self.target:
            text += f" Pasted back, IoU {fixed(self.iou(), 3)}. {self._pull_words()}"
        return f"{text} {reading_words(self)}"

    def _pull_words(self) -> str:
        if self.operator not in TEACHING:
            return "Rounded: no gradient reaches the box."
        told = [signed(pull) for pull in self.pull()]
        if set(told) == {"0.000"}:
            return "Nothing pulls at the box."
        return "Pull at the edges: " + ", ".join(
            f"{edge} {pull}" for edge, pull in zip(EDGES, told, strict=True)) + "."

    def reading(self) -> Reading:
        """What the bin pointed at reads."""
        return Reading.of(self.operator, self.maps(), self.box, self.bins, self.stride,
                          self.bin())

    def grid(self) -> str:
        """The values, row by row."""
        return "\n".join(" ".join(fixed(round(float(v), 6), 2) for v in row)
                         for row in self.values())


def _read(shown: RoiExplorer, box: Any) -> Tensor:
    """What the operator of a widget reads in a box in pixels, in double precision."""
    import torch

    boxes = torch.as_tensor(box, dtype=torch.float64)[None]
    read = readers()[shown.operator]
    return read(shown.maps(), boxes, shown.bins, shown.stride)[0, 0]


def signed(value: float) -> str:
    """A number with three decimals; zero has no sign.

    >>> signed(-0.0004), signed(0.0625)
    ('0.000', '0.063')
    """
    told = fixed(round(value, 6), 3)
    return "0.000" if told == "-0.000" else told


def checked_object(
    image: Any, mask: Any, strides: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its object, of a size that every stride divides.

    Raises:
        ValueError: they do not fit each other or the strides, or nothing is there.
    """
    picture, inside = checked_image(image), image_array(mask).astype(bool)
    if picture is None or inside.shape != picture.shape[:2]:
        size = None if picture is None else picture.shape[:2]
        raise ValueError(f"The mask is (h, w) with the size of the picture; it is "
                         f"{inside.shape}, the picture is {size}.")
    if any(side % stride for side in inside.shape for stride in strides):
        raise ValueError(f"The picture's sides are multiples of the strides, "
                         f"{tuple(strides)}; it is {inside.shape}. Crop it.")
    if not inside.any():
        raise ValueError("The mask is empty; give the pixels of one object.")
    return picture, inside


def part_planes(
    mask: Bool[np.ndarray, "h w"], k: int
) -> Float[np.ndarray, "kk h w"]:
    """Position-sensitive maps as they should be: each shows its part of the object.

    >>> part_planes(np.ones((2, 2), bool), 2)[3].tolist()
    [[0.0, 0.0], [0.0, 1.0]]
    """
    x0, y0, x1, y1 = tight_boxes(mask[None])[0]
    rows, columns = (Grid(k, max(int(past - first), k)).edges
                     for first, past in ((y0, y1), (x0, x1)))
    planes = np.zeros((k * k, *mask.shape))
    for c, plane in enumerate(planes):
        i, j = divmod(c, k)
        part = (slice(y0 + rows[i], y0 + rows[i + 1]),
                slice(x0 + columns[j], x0 + columns[j + 1]))
        plane[part] = mask[part]
    return planes


def _planes(
    plane: Shaped[np.ndarray, "h w"], maps: Shaped[np.ndarray, "kk h w"]
) -> dict[str, Any]:
    return {"plane": plane.astype(np.float32).tobytes(), "size": list(plane.shape),
            "parts": maps.astype(np.float32).tobytes()}


def _box(box: Sequence[float]) -> dict[str, float]:
    return dict(zip(("x0", "y0", "x1", "y1"), map(float, box), strict=True))
