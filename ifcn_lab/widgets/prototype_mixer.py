"""The PrototypeMixer: a mask is a sum of prototypes, cut at 1/2 and by a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import traitlets
from jaxtyping import Bool, Float, Float32, UInt8

from ifcn_lab.widgets import mixing
from ifcn_lab.widgets.explorable import Explorable
from ifcn_lab.widgets.greys import digits, shade
from ifcn_lab.widgets.inputs import failures_told, image_array, needed_image
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.proposal_explorer import checked_masks, picture_traits

if TYPE_CHECKING:
    from ifcn_lab.models.yolact import YOLACT

WIDEST = 512
"""Pixels; the prototypes of a larger picture would make the page too large."""
SIDES = ("left", "top", "right", "bottom")


class Found(NamedTuple):
    """Objects of a picture: boxes in its pixels, scores, and coefficients."""

    boxes: Float[np.ndarray, "N 4"]
    scores: Float[np.ndarray, " N"]
    mixes: Float[np.ndarray, "N k"]


class PrototypeMixer(Explorable):
    """The prototypes of a picture, and sliders that mix them into a mask.

    Click on an object, or go to it with the arrow keys, to load its coefficients.
    Move them, and see the sum, its sigmoid and the mask follow. Pull the box by its
    sides or its grip, and see what leaks in.

    Args:
        model: a YOLACT.
        image: (h, w, 3) uint8, at most 512 pixels wide or high.
        masks: (M, h, w) bool, the true objects; with them the IoU is told, and which
            of the mask's pixels belong to another object.
        least: objects of a lower score are left out.

    `chosen`, `mix` (k coefficients from -1 to 1; empty: what the network says),
    `left`, `top`, `right`, `bottom` (pixels by which the box is pulled out) and
    `cropped` are traits: Python sees them change and can set them. As the network
    says, a mask is that of `model.detect`.

    >>> image, halves = np.zeros((16, 16, 3), np.uint8), np.zeros((2, 4, 4), np.float32)
    >>> halves[0, :, :2] = halves[1, :2] = 9  # the left half, the upper half
    >>> widget = PrototypeMixer.from_prototypes(halves, [[1, -1]], [[0, 8, 8, 16]],
    ...                                         image)
    >>> widget
    PrototypeMixer(chosen=0, left=0, top=0, right=0, bottom=0, cropped=True)
    >>> print(widget.words().split(". ")[0])
    Object 1 of 1: 1 prototype adds, 1 subtracts
    """

    module = "mixer.js"
    shown = ("chosen", *SIDES, "cropped")
    hint = traitlets.Unicode(
        "Click on an object, pull its box wider, and see what leaks in. Then move "
        "the coefficients.").tag(sync=True)
    chosen, left, top, right, bottom = (traitlets.Int(0).tag(sync=True)
                                        for _ in range(5))
    cropped = traitlets.Bool(True).tag(sync=True)
    mix = traitlets.List([]).tag(sync=True)
    shape, boxes, mixes, scores, owners = (traitlets.List([]).tag(sync=True)
                                           for _ in range(5))
    prototypes, truth, image = (traitlets.Bytes(b"").tag(sync=True)
                                for _ in range(3))
    image_size, image_pixels = (traitlets.List([0, 0]).tag(sync=True)
                                for _ in range(2))

    def __init__(
        self, model: YOLACT, image: Any, masks: Any = None, *, least: float = 0.3
    ) -> None:
        super().__init__()
        try:
            picture = needed_image(image)
            prototypes, found = answers(model, picture, least)
            self._prepare(prototypes, found, picture, masks)
        except (TypeError, ValueError) as error:
            self.problem = f"{error}"

    @classmethod
    def from_prototypes(
        cls, prototypes: Any, mixes: Any, boxes: Any, image: Any, masks: Any = None
    ) -> PrototypeMixer:
        """The widget for prototypes at hand.

        Args:
            prototypes: (k, H, W), one place for 4 x 4 pixels.
            mixes: (N, k), the coefficients of every object, from -1 to 1.
            boxes: (N, 4), x0, y0, x1, y1 in pixels.
            image: (h, w, 3) uint8.
            masks: (M, h, w) bool, the true objects.

        What cannot be shown gives a widget that says why.
        """
        widget = cls._of({})
        try:
            found = Found(np.array(boxes, float), np.ones(len(boxes)),
                          np.array(mixes, float))
            prototypes = image_array(prototypes).astype(np.float32)
            widget._prepare(prototypes, found, needed_image(image), masks)
        except (TypeError, ValueError) as error:
            widget.problem = f"{error}"
        return widget

    def _prepare(
        self, prototypes: Float32[np.ndarray, "*shape"], found: Found,
        picture: UInt8[np.ndarray, "h w 3"], masks: Any,
    ) -> None:
        check(prototypes, found, picture.shape[:2])
        true = checked_masks(masks, picture.shape[:2])
        labels = np.zeros(picture.shape[:2], np.uint8)
        for number, mask in enumerate(true[:255], 1):
            labels[mask] = number
        state = picture_traits(picture) | {
            "prototypes": prototypes.tobytes(), "shape": [*prototypes.shape],
            "boxes": found.boxes.tolist(), "mixes": found.mixes.tolist(),
            "scores": found.scores.tolist(), "truth": labels.tobytes()}
        for name, value in state.items():
            self.set_trait(name, value)
        if len(true):
            self.owners = [self._owner(n) for n in range(len(found.boxes))]

    _held = traitlets.validate("chosen", *SIDES)(Explorable.held)

    def reach(self) -> dict[str, tuple[int, int]]:
        """An object that there is; sides move by at most half the picture."""
        most = max(self.image_size) // 2
        return {"chosen": (0, max(0, len(self.boxes) - 1)),
                **dict.fromkeys(SIDES, (-most, most))}

    @traitlets.validate("mix")
    def _coefficients(self, proposal: Any) -> list[float]:
        mix = [float(each) for each in proposal["value"]]
        if mix and (len(mix) != self.shape[0] or not np.isfinite(mix).all()):
            raise traitlets.TraitError(f"mix needs {self.shape[0]} finite numbers, or "
                                       f"none; it is given {proposal['value']}")
        return [max(-1.0, min(each, 1.0)) for each in mix]

    def maps(self) -> Float32[np.ndarray, "k H W"]:
        """The prototypes."""
        return np.frombuffer(self.prototypes, np.float32).reshape(self.shape)

    def true(self) -> UInt8[np.ndarray, "h w"]:
        """The number of the true object at every pixel, from 1; 0: none."""
        return np.frombuffer(self.truth, np.uint8).reshape(self.image_size)

    def coefficients(self) -> list[float]:
        """The coefficients as they stand."""
        return self.mix or self.mixes[self.chosen]

    def box(self) -> list[float]:
        """The box as it stands, within the picture and at least a pixel wide."""
        h, w = self.image_size
        x0, y0, x1, y1 = self.boxes[self.chosen]
        x0 = max(0, min(x0 - self.left, w - 1))
        y0 = max(0, min(y0 - self.top, h - 1))
        return [x0, y0, max(x0 + 1, min(x1 + self.right, w)),
                max(y0 + 1, min(y1 + self.bottom, h))]

    def sum(self) -> Float[np.ndarray, "H W"]:
        """The sum of the prototypes: a logit for every place."""
        return mixing.mixed(self.maps(), self.coefficients())

    def mask(self) -> Bool[np.ndarray, "h w"]:
        """The mask: the sum's sigmoid, cropped, enlarged, and cut at 1/2."""
        return self._cut(self.coefficients(), self.box() if self.cropped else None)

    def _cut(
        self, mix: Sequence[float], box: Sequence[float] | None
    ) -> Bool[np.ndarray, "h w"]:
        soft = mixing.sigmoid(mixing.mixed(self.maps(), mix))
        if box is not None:
            soft = soft * mixing.inside(box, soft.shape)
        return mixing.enlarged(soft, tuple(self.image_size)) > 0.5

    def _owner(self, number: int) -> int:
        """The true object, from 1, that an object's mask shares most pixels with."""
        mask = self._cut(self.mixes[number], self.boxes[number])
        counts = np.bincount(self.true()[mask], minlength=2)
        return int(counts[1:].argmax()) + 1

    def words(self) -> str:
        """How the mask is mixed, how it is cut, and how many pixels it has."""
        signs = [each for each in self.coefficients() if abs(each) >= 0.005]
        adds = sum(each > 0 for each in signs)
        hand = ", mixed by hand" if self.mix else ""
        plural = "prototype adds" if adds == 1 else "prototypes add"
        less = len(signs) - adds
        text = (f"Object {self.chosen + 1} of {len(self.boxes)}{hand}: {adds} "
                f"{plural}, {less} {'subtracts' if less == 1 else 'subtract'}. ")
        x0, y0, x1, y1 = self.box()
        text += (f"Its box is {fixed(x1 - x0, 0)} x {fixed(y1 - y0, 0)} pixels. "
                 if self.cropped else "No box cuts it. ")
        return text + self._mask_words()

    def _mask_words(self) -> str:
        mask = self.mask()
        if not self.owners:
            return f"The mask has {mask.sum()} pixels."
        own = self.true() == self.owners[self.chosen]
        other = mask & (self.true() > 0) & ~own
        iou = (mask & own).sum() / (mask | own).sum()
        return (f"The mask has {mask.sum()} pixels, IoU {fixed(iou, 2)}; {other.sum()} "
                "of them belong to other objects.")

    def grid(self) -> str:
        """The sum's sigmoid as digits, 0 dark to 9 light."""
        return digits(shade(self.sum())[None])


def answers(
    model: YOLACT, picture: UInt8[np.ndarray, "h w 3"], least: float
) -> tuple[Float32[np.ndarray, "k H W"], Found]:
    """The prototypes of a picture and its objects, best first.

    Raises:
        TypeError: the model is no YOLACT.
        ValueError: it fails on the picture, or finds nothing.
    """
    from ifcn_lab.models.yolact import YOLACT

    if not isinstance(model, YOLACT):
        raise TypeError(f"Prototypes are mixed by a YOLACT; this is a "
                        f"{type(model).__name__}.")
    if max(picture.shape[:2]) > WIDEST:
        raise ValueError(f"The picture is {picture.shape[0]} x {picture.shape[1]} "
                         f"pixels; make it at most {WIDEST} wide and high.")
    with failures_told():
        net, out, shape = next(iter(model.seen_images([picture], "float32")))
        parts = list(net.found(out, shape, least=least))
    joined = [np.concatenate([image_array(each[n]) for each in parts]).astype(float)
              for n in range(3)]
    if len(joined[0]) == 0:
        raise ValueError(f"Nothing in this picture has a score above {least}. Is the "
                         "network trained, and are there objects of its sizes?")
    best = np.argsort(-joined[1], kind="stable")
    return image_array(out.prototypes[0]), Found(*(each[best] for each in joined))


def check(
    prototypes: Float32[np.ndarray, "*shape"], found: Found, size: Sequence[int]
) -> None:
    """Raise a ValueError that says what does not fit together, if anything."""
    if prototypes.ndim != 3 or 0 in prototypes.shape:
        raise ValueError(f"Prototypes are (k, H, W); these are {prototypes.shape}.")
    places = tuple(-(-side // mixing.STRIDE) for side in size)
    if any(a < b for a, b in zip(prototypes.shape[1:], places, strict=True)):
        raise ValueError(
            f"A picture of {size[0]} x {size[1]} pixels needs prototypes of "
            f"{places[0]} x {places[1]} places; these have {prototypes.shape[1]} x "
            f"{prototypes.shape[2]}.")
    n, k = len(found.boxes), len(prototypes)
    if n == 0 or found.boxes.shape != (n, 4) or found.mixes.shape != (n, k):
        raise ValueError(f"Boxes are (N, 4) and coefficients (N, {k}), N at least 1; "
                         f"these are {found.boxes.shape} and {found.mixes.shape}.")
    if not all(np.isfinite(each).all() for each in (prototypes, *found)):
        raise ValueError("Prototypes, boxes or coefficients hold NaN or infinity; did "
                         "training diverge?")
