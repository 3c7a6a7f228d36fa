"""The AnchorBoard: which anchor learns which object, and NMS, box after box."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
import traitlets
from jaxtyping import Bool, Float, Int

from ifcn_lab.layers.anchors import anchor_sizes, make_anchors, spread_sides
from ifcn_lab.layers.boxes import IGNORED, NEGATIVE, box_iou, match
from ifcn_lab.layers.nms import nms, pair_iou
from ifcn_lab.widgets.candidates import lost_to
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.inputs import image_array, needed_image
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.sampler import pale

LONGEST, OBJECTS = 40, 4
"""Boxes that go through NMS, and objects, at most."""
SIZES, STRIDES = (1, 2, 3, 4), (8, 16, 32)
RATIOS = {1: (1.0,), 3: (0.5, 1.0, 2.0)}


class Matched(NamedTuple):
    """What each anchor learns: an object's number, -1 (none) or -2 (ignored).

    `about` is that object, or else the one it overlaps most, and `iou` how much;
    `rescued` are those that learn an object by the best-anchor rule alone.
    """

    label: Int[np.ndarray, " N"]
    about: Int[np.ndarray, " N"]
    iou: Float[np.ndarray, " N"]
    rescued: Bool[np.ndarray, " N"]


class Turn(NamedTuple):
    """A box's turn in NMS: the better box that takes it away, -1 if it stays.

    >>> print(Turn(7, 0.6, 4, 0.75))
    anchor 7, score 0.60, goes: IoU 0.75 with anchor 4
    """

    box: int
    score: float
    by: int
    iou: float

    def __str__(self) -> str:
        """What becomes of it, in words."""
        goes = f"goes: IoU {fixed(self.iou, 2)} with anchor {self.by}"
        return (f"anchor {self.box}, score {fixed(self.score, 2)}, "
                f"{'stays' if self.by < 0 else goes}")


class AnchorBoard(Explorable):
    """Anchors over a picture, the objects that they learn, and their NMS.

    Drag an object's box, or one of its edges, and move the two thresholds: anchors
    become positive, ignored or negative, and where none is good enough the best-anchor
    rule steps in. Then go through NMS, with each anchor's IoU as its score.

    Args:
        image: (h, w, 3) uint8; sides are multiples of 32.
        boxes: (N, 4), up to four objects, (x0, y0, x1, y1) in pixels, half-open.

    `boxes`, `chosen` (an object), `positive`, `negative` and `iou` (per cent), `best`
    (the rule), `sizes` and `ratios` of a place's anchors, `stride`, `step` (of NMS) and
    `anchor` (-1: none) are traits.

    >>> board = AnchorBoard(np.zeros((64, 64, 3), np.uint8), [[8, 8, 40, 40]])
    >>> board
    AnchorBoard(positive=70, negative=30, best=True)
    >>> board.matched().label.tolist().count(0)
    1
    """

    module = "anchor_board.js"
    shown = ("positive", "negative", "best")
    hint = traitlets.Unicode(
        "Drag an object's box or one of its edges, then move the thresholds. Which "
        "anchors learn it?").tag(sync=True)
    boxes, spread, size = (traitlets.List([]).tag(sync=True) for _ in range(3))
    positive, negative, iou = (traitlets.Int(n, min=0, max=100).tag(sync=True)
                               for n in (70, 30, 50))
    chosen, step = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    anchor = traitlets.Int(-1, min=-1).tag(sync=True)
    best = traitlets.Bool(True).tag(sync=True)
    sizes = traitlets.Enum(list(SIZES), 2).tag(sync=True)
    ratios = traitlets.Enum(list(RATIOS), 3).tag(sync=True)
    stride = traitlets.Enum(list(STRIDES), 16).tag(sync=True)
    image = traitlets.Bytes(b"").tag(sync=True)

    _place = traitlets.validate("chosen", "step")(Explorable.held)

    def __init__(self, image: Any, boxes: Any) -> None:
        try:
            picture = needed_image(image)
            held = checked_boxes(boxes, picture.shape[:2])
        except ValueError as error:
            super().__init__(problem=f"{error}")
            return
        side = min(picture.shape[:2])
        super().__init__(
            size=list(picture.shape[:2]), image=png_bytes(pale(picture)),
            spread=[list(spread_sides(side / 8, side, count)) for count in SIZES])
        self.boxes = held

    def reach(self) -> dict[str, tuple[int, int]]:
        """The object and the step of NMS stay among those there are."""
        return {"chosen": (0, max(0, len(self.boxes) - 1)), "step": (0, LONGEST)}

    @traitlets.validate("boxes")
    def _within(self, proposal: Any) -> list[list[float]]:
        try:
            return checked_boxes(proposal["value"], tuple(self.size))
        except ValueError as error:
            raise traitlets.TraitError(f"{error}") from error

    def anchors(self) -> Float[np.ndarray, "N 4"]:
        """All anchors, place by place."""
        sizes = anchor_sizes(self.spread[self.sizes - 1], RATIOS[self.ratios])
        places = tuple(side // self.stride for side in self.size)
        return make_anchors(places, self.stride, sizes).numpy().astype(np.float64)

    def matched(self) -> Matched:
        """Which object each anchor learns."""
        objects = torch.tensor(self.boxes, dtype=torch.float64)
        overlap = box_iou(torch.from_numpy(self.anchors()), objects)   # (N, M)
        label = match(overlap, self.positive / 100, self.negative / 100, best=self.best)
        most, nearest = overlap.max(1)
        about = torch.where(label >= 0, label, nearest)
        rescued = (label >= 0) & (most < self.positive / 100)
        own = overlap.gather(1, about[:, None])[:, 0]
        return Matched(*(each.numpy() for each in (label, about, own, rescued)))

    def turns(self) -> list[Turn]:
        """NMS of the anchors that are not negative, best first, `LONGEST` at most."""
        found, limit = self.matched(), self.iou / 100
        some = np.flatnonzero(found.label != NEGATIVE)
        order = some[np.argsort(-found.iou[some], kind="stable")][:LONGEST]
        boxes, scores = self.anchors()[order], found.iou[order]
        kept = nms(boxes, scores, limit)
        lost = np.setdiff1d(np.arange(len(order)), kept)
        by = dict(zip(lost, lost_to(boxes, lost, kept, limit), strict=True))
        return [Turn(int(box), float(scores[n]), int(order[by[n]]),
                     pair_iou(boxes[n], boxes[by[n]])) if n in by
                else Turn(int(box), float(scores[n]), -1, 0.0)
                for n, box in enumerate(order)]

    def words(self) -> str:
        """How many anchors are of each kind, who learns each object, and NMS."""
        found = self.matched()
        ignored, none = ((found.label == kind).sum() for kind in (IGNORED, NEGATIVE))
        text = (f"{len(found.label)} anchors: {(found.label >= 0).sum()} positive, "
                f"{ignored} ignored, {none} negative.")
        for n in range(len(self.boxes)):
            text += f" Object {n}: {self._taught(found, n)}."
        text += f" {self._nms_words()}"
        return text if self.anchor < 0 else f"{text} {self._anchor_words(found)}"

    def _taught(self, found: Matched, n: int) -> str:
        own = found.label == n
        count, best = own.sum(), fixed(found.iou[own].max(initial=0), 2)
        if count == 0:
            return "no anchor learns it"
        if found.rescued[own].all():
            return f"only the best-anchor rule gives it {count}, of IoU {best}"
        return f"{count} of them, best IoU {best}"

    def _nms_words(self) -> str:
        turns, limit = self.turns(), fixed(self.iou / 100, 2)
        step = min(self.step, len(turns))
        if step == 0:
            return f"NMS at IoU {limit} has {len(turns)} boxes before it."
        return f"NMS at IoU {limit}, box {step} of {len(turns)}: {turns[step - 1]}."

    def _anchor_words(self, found: Matched) -> str:
        n = min(self.anchor, len(found.label) - 1)
        kind = {NEGATIVE: "negative", IGNORED: "ignored"}.get(
            int(found.label[n]), "positive")
        kind += " by the best-anchor rule alone" * bool(found.rescued[n])
        return (f"Anchor {n}: IoU {fixed(found.iou[n], 2)} with object "
                f"{found.about[n]}, {kind}.")

    def grid(self) -> str:
        """NMS to its end, a box a line."""
        return "\n".join(map(str, self.turns()))


def checked_boxes(boxes: Any, shape: tuple[int, int]) -> list[list[float]]:
    """Boxes of objects in a picture whose sides every stride divides.

    Raises:
        ValueError: none or too many, not (N, 4), without an inside, or not in it.
    """
    if any(side % 32 for side in shape):
        raise ValueError("The picture's sides are multiples of 32, the largest stride; "
                         f"it is {shape}. Crop it.")
    found = np.asarray(image_array(boxes), np.float64)
    if found.ndim != 2 or found.shape[1] != 4 or not 1 <= len(found) <= OBJECTS:
        raise ValueError(f"Boxes are (N, 4), of 1 to {OBJECTS} objects; these have "
                         f"shape {found.shape}.")
    low, high = found[:, :2], found[:, 2:]
    if not ((low >= 0) & (low < high) & (high <= shape[::-1])).all():
        raise ValueError("Boxes are (x0, y0, x1, y1) in the picture, x0 < x1 and "
                         f"y0 < y1; these are {found.tolist()}.")
    return found.tolist()
