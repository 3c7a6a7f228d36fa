"""The Playground: draw shapes, and the network itself says in the page what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from ifcn_lab.draw.palette import COLOURS as LINES
from ifcn_lab.draw.palette import TRUE, WRONG, part_colours
from ifcn_lab.widgets import drawn_shapes
from ifcn_lab.widgets.greys import digits, shade
from ifcn_lab.widgets.inputs import failures_told
from ifcn_lab.widgets.layer_list import layer_list, rounded
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.rival import FOUND, BesideRival, default_rival

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.models.yolact import YOLACT
    from ifcn_lab.segmenter import Instances
    from ifcn_lab.windows.candidates import Level

SIDE = 128
"""Pixels of the picture, down and across."""
WISHES = {"top": 20, "candidates": 200, "iou": 0.5, "least": 0.5}
"""Of the windows: proposals at most, windows before NMS, IoU of a copy, objectness."""
MASK_COLOURS = [colour for colour in LINES if colour not in (TRUE, WRONG)]


def shape(family: str, y: int, x: int, size: int = 46, *, turn: int = 0,
          colour: int = 0) -> dict[str, Any]:
    """A shape of the Playground.

    >>> shape("disc", 64, 40)["size"]
    46
    """
    return {"family": family, "y": y, "x": x, "size": size, "turn": turn,
            "colour": colour}


APART = [shape("disc", 64, 36), shape("disc", 64, 92)]
TOUCHING = [shape("disc", 64, 41), shape("disc", 64, 88)]
FAILING = [shape("bar", 64, 64, 122, turn=35)]
"""No mask is larger than its window, and a window is 84 pixels wide."""
LARGE = [shape("disc", 64, 64, 100)]
"""Too large as well, but not for YOLACT, whose masks have no window."""


class Playground(BesideRival):
    """Shapes to draw, drag and resize, and the network's answer to them.

    The network runs where the page is read: its 611 thousand weights (203 on the light
    backbone) travel as float16. It sees the picture at its own size, so shapes of about
    34 to 68 pixels fit its window of 84.

    Args:
        model: a network on a small backbone; None: the one of the lessons.
        shapes: what is drawn at first, as `shape` makes them.
        rival: what a button sets beside it; None: the YOLACT that ships.

    `shapes`, `selected`, `chosen` (a proposal's index; -1: the one on the selected
    shape), `shuffled` and `beside` (the rival is shown) are traits: Python sees them
    change and can set them.

    >>> widget = Playground()
    >>> widget.words()[:43]
    '2 shapes, apart. It finds 2 of 2 at IoU 0.7'
    """

    module = "playground.js"
    shown = ("selected", "shuffled")
    hint = traitlets.Unicode("Drag a shape, and see what the network makes of it."
                             ).tag(sync=True)
    shapes, start, touching = (traitlets.List([]).tag(sync=True) for _ in range(3))
    selected, chosen = (traitlets.Int(n).tag(sync=True) for n in (0, -1))
    shuffled = traitlets.Bool(False).tag(sync=True)
    k, m = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    weights, recorded = (traitlets.Bytes(b"").tag(sync=True) for _ in range(2))
    told, wishes, paint = (traitlets.Dict({}).tag(sync=True) for _ in range(3))
    colours, order = (traitlets.List([]).tag(sync=True) for _ in range(2))
    image_size, map_size = (traitlets.List([0, 0]).tag(sync=True) for _ in range(2))
    mask_colours = traitlets.List(MASK_COLOURS).tag(sync=True)

    def __init__(
        self, model: InstanceFCN | None = None,
        shapes: Sequence[dict[str, Any]] | None = None, rival: YOLACT | None = None,
    ) -> None:
        super().__init__()
        try:
            self.challenge(rival or default_rival())
            self._prepare(model or default_network(), list(shapes or APART))
        except (TypeError, ValueError, traitlets.TraitError) as error:
            self.problem = f"{error}"

    def _prepare(self, model: InstanceFCN, shapes: list[dict[str, Any]]) -> None:
        listed = layer_list(model)
        self.network = rounded(model).eval()
        self.k, self.m, self.colours = model.k, model.m, part_colours(model.k)
        self.order = np.random.default_rng(0).permutation(model.k**2).tolist()
        self.told, self.weights = listed.told(), listed.weights
        self.paint = {"ground": drawn_shapes.GROUND, "colours": drawn_shapes.COLOURS}
        self.image_size = [SIDE, SIDE]
        self.wishes = {"k": model.k, "m": model.m, "stride": model.stride, **WISHES}
        self.shapes = self.start = shapes
        self.touching = TOUCHING if shapes == APART else shapes
        with failures_told():
            level = self._level()
        self.map_size = list(level.objectness.shape)
        self.recorded = b"".join(np.ascontiguousarray(scores.numpy(), "<f4").tobytes()
                                 for scores in (level.maps, level.objectness))
        self.actions = [
            ["the case where it fails", {"shapes": FAILING, "selected": 0,
                                         "chosen": -1, "shuffled": False}],
            ["one that YOLACT finds", {"shapes": LARGE, "selected": 0, "chosen": -1,
                                       "shuffled": False, "beside": True}],
            ["start again", {"shapes": shapes, "selected": 0, "chosen": -1,
                             "shuffled": False, "beside": False}]]

    @traitlets.validate("shapes")
    def _drawable(self, proposal: Any) -> list[dict[str, Any]]:
        for each in proposal["value"]:
            checked(each)
        return proposal["value"]

    def drawing(self) -> drawn_shapes.Drawing:
        """The picture as it stands, and whose each pixel is."""
        return drawn_shapes.drawing(self.shapes, SIDE, SIDE)

    def _level(self) -> Level:
        from ifcn_lab.segmenter import to_tensor
        from ifcn_lab.windows import score_level

        level = score_level(self.network, to_tensor(self.drawing().image), 1.0)
        return level._replace(maps=level.maps[self.order]) if self.shuffled else level

    def proposals(self) -> Instances:
        """What the network finds, best first."""
        from ifcn_lab.windows.candidates import pyramid_of
        from ifcn_lab.windows.proposals import read_masks

        pyramid = pyramid_of(self.network, [self._level()], (SIDE, SIDE), 0.5)
        found = read_masks(pyramid, (1.0,), WISHES["top"], WISHES["iou"],
                           WISHES["candidates"])
        return found.take(np.flatnonzero(found.scores >= WISHES["least"]))

    def words(self) -> str:
        """How the shapes lie, how many of them are found, and the chosen window."""
        count = len(self.shapes)
        if count == 0:
            return "No shape is drawn: add one."
        (image, owner), found = self.drawing(), self.proposals()
        how = ("alone" if count == 1 else
               "touching" if drawn_shapes.any_touch(owner) else "apart")
        best = best_overlaps(owner, count, found)
        hits, overlaps = sum(iou >= FOUND for iou in best), map(two_decimals, best)
        return (f"{counted(count, 'shape')}, {how}. It finds {hits} of {count} at IoU "
                f"{FOUND} (best IoU {', '.join(overlaps)}) with "
                f"{counted(len(found), 'proposal')}.{self._warnings()} "
                f"{self._chosen_words(found)}{self.rival_words(image, owner, count)}")

    def _warnings(self) -> str:
        """What cannot come out well."""
        window, text = self.m * self.wishes["stride"], ""
        if any(each["size"] > window for each in self.shapes):
            text += (f" No mask is larger than its window, {window} pixels: a shape "
                     "here is.")
        if self.shuffled:
            text += (" The maps are shuffled: each part of a window is copied from "
                     "another's map.")
        return text

    def _chosen_words(self, found: Instances) -> str:
        chosen = self._chosen_of(found)
        if chosen < 0:
            return "No proposal lies on the chosen shape."
        _, y, x = found.windows[chosen].tolist()
        return (f"The chosen window, row {y}, column {x}: objectness "
                f"{fixed(found.scores[chosen], 2)}, {int(found.crops[chosen].sum())} "
                "pixels.")

    def _chosen_of(self, found: Instances) -> int:
        """The proposal asked for, or the smallest that holds the shape's middle."""
        if self.chosen >= 0:
            return min(self.chosen, len(found) - 1)
        own = self._selected()
        here = [n for n, (crop, (x0, y0, x1, y1)) in
                enumerate(zip(found.crops, found.boxes.tolist(), strict=True))
                if x0 <= own["x"] < x1 and y0 <= own["y"] < y1
                and crop[own["y"] - y0, own["x"] - x0]]
        area = [found.crops[n].size for n in here]
        return here[int(np.argmin(area))] if here else -1

    def _selected(self) -> dict[str, Any]:
        return self.shapes[max(0, min(self.selected, len(self.shapes) - 1))]

    def grid(self) -> str:
        """The objectness of every place as digits, 0 dark to 9 light."""
        return digits(shade(self._level().objectness.numpy())[None])


def counted(count: int, what: str) -> str:
    """So many things.

    >>> counted(1, "shape"), counted(0, "shape")
    ('1 shape', '0 shapes')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"


def two_decimals(value: float) -> str:
    """An IoU as the words say it.

    >>> two_decimals(0.5)
    '0.50'
    """
    return fixed(value, 2)


def best_overlaps(owner: np.ndarray, count: int, found: Instances) -> list[float]:
    """For each shape the highest IoU that a proposal has with its visible pixels."""
    masks = found.masks
    best = []
    for number in range(1, count + 1):
        own = owner == number
        shared = (masks & own).sum((1, 2))
        union = (masks | own).sum((1, 2))
        best.append(float((shared / np.maximum(union, 1)).max(initial=0.0)))
    return best


def checked(given: Any) -> None:
    """Raise a TraitError for what is no shape, saying what one is."""
    numbers = ("y", "x", "size", "turn", "colour")
    good = (isinstance(given, dict) and given.get("family") in drawn_shapes.DISTANCES
            and all(isinstance(given.get(name), int) for name in numbers)
            and given["size"] > 0 and 0 <= given["colour"] < len(drawn_shapes.COLOURS))
    if not good:
        raise traitlets.TraitError(
            f"{given!r} is no shape; make one with shape('disc', y, x, size), its "
            f"family one of {', '.join(drawn_shapes.DISTANCES)}, its colour 0 to "
            f"{len(drawn_shapes.COLOURS) - 1}")


@lru_cache(maxsize=1)
def default_network() -> InstanceFCN:
    """The smallest network that ships."""
    from ifcn_lab.models.instancefcn import InstanceFCN

    return InstanceFCN.from_pretrained()
