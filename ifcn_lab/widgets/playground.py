"""The Playground: draw shapes, and the network itself says in the page what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import UInt8

from ifcn_lab.draw.palette import COLOURS as LINES
from ifcn_lab.draw.palette import TRUE, WRONG, part_colours
from ifcn_lab.widgets import drawn_shapes
from ifcn_lab.widgets.candidates import run_lengths
from ifcn_lab.widgets.greys import digits, shade
from ifcn_lab.widgets.inputs import failures_told
from ifcn_lab.widgets.layer_list import rounded
from ifcn_lab.widgets.number_words import counted, fixed
from ifcn_lab.widgets.rival import FOUND, BesideRival, default_rival

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.models.yolact import YOLACT
    from ifcn_lab.segmenter import Instances
    from ifcn_lab.windows.candidates import Level

SIDE = 128
"""Pixels of the picture, down and across."""
SMALL = 0.38
"""Of the window's side; the shipped networks find no shape that is smaller."""
WISHES = {"top": 20, "candidates": 200, "iou": 0.5, "least": 0.5}
"""Of the windows: proposals at most, windows before NMS, IoU of a copy, objectness."""
OF_PHOTOGRAPH = {**WISHES, "top": 60, "candidates": 600}
WIDEST = 480
"""Pixels along the longer side; a larger photograph is reduced to that."""
MASK_COLOURS = [colour for colour in LINES if colour not in (TRUE, WRONG)]


def shape(family: str, y: int, x: int, size: int = 46, *, turn: int = 0,
          colour: int = 0, texture: int = 0) -> dict[str, Any]:
    """A shape of the Playground.

    >>> shape("disc", 64, 40)["size"]
    46
    """
    return {"family": family, "y": y, "x": x, "size": size, "turn": turn,
            "colour": colour, "texture": texture}


APART = [shape("disc", 64, 36), shape("disc", 64, 92)]
TOUCHING = [shape("disc", 64, 41), shape("disc", 64, 88)]
FAILING = [shape("bar", 64, 64, 122, turn=35)]
"""No mask is larger than its window, and a window is 84 pixels wide."""
LARGE = [shape("disc", 64, 64, 100)]
"""Too large as well, but not for YOLACT, whose masks have no window."""
TWENTY = [shape(("disc", "ellipse", "rectangle")[n % 3], 17 + 31 * (n // 5),
                14 + 25 * (n % 5), 20, turn=31 * n % 180, colour=n % 3)
          for n in range(20)]
PLAIN = {"selected": 0, "chosen": -1, "shuffled": False, "light": 100, "noise": 0,
         "seen": "drawing", "beside": False}


class Playground(BesideRival):
    """Shapes to draw, drag and paint, or a photograph, and the network's answer.

    The network runs where the page is read: its 203 thousand weights (611 on the small
    backbone) travel as float16. It sees a drawing at its own size, so shapes of about
    32 to 68 pixels fit its window of 84. A photograph is seen at all zooms of the
    pyramid, as `propose` does; one that a reader drops never leaves the page.

    Args:
        model: a network on a small or light backbone; None: `scenes-instancefcn`, whose
            backbone also has mask heads for k = 1, 3 and 7.
        shapes: what is drawn at first, as `shape` makes them.
        rival: what a button sets beside it; None: the YOLACT that ships.

    `shapes`, `selected`, `chosen` (a proposal's index; -1: the one on the selected
    shape), `k`, `shuffled`, `light` (per cent), `noise` (steps of 255), `seen`
    ("drawing", "coins", or "own", which only the page has) and `beside` (the rival is
    shown, of a drawing) are traits: Python sees them change and can set them.

    >>> widget = Playground()
    >>> widget.words()[:43]
    '2 shapes, apart. It finds 2 of 2 at IoU 0.7'
    """

    module = "playground.js"
    shown = ("selected", "shuffled")
    later = ("photograph", "weights", "rival_weights")
    hint = traitlets.Unicode("Drag a shape, and the network follows.").tag(sync=True)
    shapes, start, touching = (traitlets.List([]).tag(sync=True) for _ in range(3))
    selected, chosen = (traitlets.Int(n).tag(sync=True) for n in (0, -1))
    shuffled = traitlets.Bool(False).tag(sync=True)
    light = traitlets.Int(100, min=20, max=180).tag(sync=True)
    noise = traitlets.Int(0, min=0, max=60).tag(sync=True)
    seen = traitlets.Enum(["drawing", "coins", "own"], "drawing").tag(sync=True)
    k, m, widest = (traitlets.Int(n).tag(sync=True) for n in (0, 0, WIDEST))
    weights, recorded, photograph = (traitlets.Bytes(b"").tag(sync=True)
                                     for _ in range(3))
    told, wishes, of_photograph, paint, found = (traitlets.Dict({}).tag(sync=True)
                                                 for _ in range(5))
    heads, cut, zooms, runs = (traitlets.List([]).tag(sync=True) for _ in range(4))
    image_size, map_size = (traitlets.List([SIDE, SIDE]).tag(sync=True)
                            for _ in range(2))
    mask_colours = traitlets.List(MASK_COLOURS).tag(sync=True)

    def __init__(
        self, model: InstanceFCN | None = None,
        shapes: Sequence[dict[str, Any]] | None = None, rival: YOLACT | None = None,
    ) -> None:
        super().__init__()
        from ifcn_lab.widgets.mask_heads import default_networks

        try:
            self.challenge(rival or default_rival())
            networks = {model.k: model} if model else default_networks()
            self._prepare(networks, model.k if model else 5, list(shapes or APART))
        except (TypeError, ValueError, traitlets.TraitError) as error:
            self.problem = f"{error}"

    def _prepare(
        self, networks: dict[int, InstanceFCN], k: int, shapes: list[dict[str, Any]]
    ) -> None:
        from ifcn_lab.data import shipped
        from ifcn_lab.widgets.mask_heads import pieces
        from ifcn_lab.windows.proposals import default_zooms

        cut = pieces(networks, k)
        self._orders = {k: np.random.default_rng(0).permutation(k**2).tolist()
                        for k in networks}
        self.networks = {k: rounded(network).eval() for k, network in networks.items()}
        self.told, self.weights, self.cut = cut.told, cut.weights, cut.cut
        self.heads = [{"k": k, "span": cut.spans[k], "order": self._orders[k],
                       "colours": part_colours(k)} for k in networks]
        own = networks[k]
        self.m, self.k, self._trunk = own.m, k, k
        self.paint = {"ground": drawn_shapes.GROUND, "colours": drawn_shapes.COLOURS}
        self.photograph = shipped.path("photos/coins.png").read_bytes()
        self.zooms = list(default_zooms(own, (SIDE, SIDE)))
        size = {"m": own.m, "stride": own.stride}
        self.wishes, self.of_photograph = WISHES | size, OF_PHOTOGRAPH | size
        self.shapes = self.start = shapes
        self.touching = TOUCHING if shapes == APART else shapes
        self._record()
        first = {**PLAIN, "shapes": shapes, "k": k}
        self.actions = [["the case where it fails", {**first, "shapes": FAILING}],
                        ["one that YOLACT finds",
                         {**first, "shapes": LARGE, "beside": True}],
                        ["twenty objects", {**first, "shapes": TWENTY}],
                        ["start again", first]]

    def _record(self) -> None:
        """Keep the answer to what is drawn at first: the page shows it at once."""
        with failures_told():
            (level,) = self.levels()
        self.map_size = list(level.objectness.shape)
        self.recorded = b"".join(np.ascontiguousarray(scores.numpy(), "<f4").tobytes()
                                 for scores in (level.maps, level.objectness))
        found = self.proposals()
        self.runs = run_lengths(found.crops).tolist()
        self.found = {name: getattr(found, name).tolist()
                      for name in ("windows", "scores", "boxes")}

    @traitlets.validate("shapes")
    def _drawable(self, proposal: Any) -> list[dict[str, Any]]:
        for each in proposal["value"]:
            checked(each)
        return proposal["value"]

    @traitlets.validate("k")
    def _offered(self, proposal: Any) -> int:
        offered = [head["k"] for head in self.heads]
        if offered and proposal["value"] not in offered:
            raise traitlets.TraitError(
                f"k = {proposal['value']}: this network has heads for k = "
                f"{', '.join(map(str, offered))}; set one of these")
        return proposal["value"]

    def drawing(self) -> drawn_shapes.Drawing:
        """The picture as it is drawn, and whose each pixel is."""
        return drawn_shapes.drawing(self.shapes, SIDE, SIDE, light=self.light,
                                    noise=self.noise)

    def picture(self) -> UInt8[np.ndarray, "h w *rgb"]:
        """What the network sees: the drawing, or the photograph of coins.

        Raises:
            ValueError: a photograph of the reader's own, which Python never gets.
        """
        if self.seen == "own":
            raise ValueError(OWN)
        return self.drawing().image if self.seen == "drawing" else coins()

    def levels(self) -> list[Level]:
        """The network's scores of the picture, at each zoom."""
        from ifcn_lab.segmenter import to_tensor
        from ifcn_lab.windows import score_level

        image, order = to_tensor(self.picture()), self._orders[self.k]
        found = [score_level(self.networks[self.k], image, zoom)
                 for zoom in self._zooms()]
        return [each._replace(maps=each.maps[order]) if self.shuffled else each
                for each in found]

    def _zooms(self) -> tuple[float, ...]:
        return (1.0,) if self.seen == "drawing" else tuple(self.zooms)

    def proposals(self) -> Instances:
        """What the network finds, best first."""
        from ifcn_lab.windows.candidates import pyramid_of
        from ifcn_lab.windows.proposals import read_masks

        wishes = WISHES if self.seen == "drawing" else OF_PHOTOGRAPH
        pyramid = pyramid_of(self.networks[self.k], self.levels(),
                             self.picture().shape[:2], 0.5)
        found = read_masks(pyramid, self._zooms(), wishes["top"], wishes["iou"],
                           wishes["candidates"])
        return found.take(np.flatnonzero(found.scores >= wishes["least"]))

    def words(self) -> str:
        """How the shapes lie, how many of them are found, and the chosen window."""
        if self.seen == "own":
            return OWN
        if self.seen == "coins":
            return self._photograph_words()
        count = len(self.shapes)
        if count == 0:
            return "No shape is drawn: add one."
        (image, owner), found = self.drawing(), self.proposals()
        how = ("alone" if count == 1 else
               "touching" if drawn_shapes.any_touch(owner) else "apart")
        best = best_overlaps(owner, count, found)
        hits, told = sum(iou >= FOUND for iou in best), [fixed(iou, 2) for iou in best]
        listed = f" (best IoU {', '.join(told)})" if count <= 4 else ""
        return (f"{counted(count, 'shape')}, {how}. It finds {hits} of {count} at IoU "
                f"{FOUND}{listed} with {counted(len(found), 'proposal')}."
                f"{self._size_words()}{self._change_words()} "
                f"{self._chosen_words(found)}{self.rival_words(image, owner, count)}")

    def _photograph_words(self) -> str:
        found = self.proposals()
        h, w = found.shape
        return (f"A photograph, {w} x {h} pixels, seen at {len(self.zooms)} zooms. "
                f"{counted(len(found), 'proposal')}.{self._change_words()} "
                f"{self._chosen_words(found)}")

    def _size_words(self) -> str:
        """What cannot come out well."""
        window, text = self.m * self.wishes["stride"], ""
        if any(each["size"] > window for each in self.shapes):
            text += (f" No mask is larger than its window, {window} pixels: a shape "
                     "here is.")
        if any(each["size"] < SMALL * window for each in self.shapes):
            text += (f" A shape here is small for a window of {window} pixels, which "
                     "then holds its neighbours too; propose would enlarge the "
                     "picture.")
        return text

    def _change_words(self) -> str:
        """What was done to the network, and to the light."""
        text = ""
        if self.shuffled:
            text += (" The maps are shuffled: each part of a window is copied from "
                     "another's map.")
        if self.k != self._trunk:
            text += (f" k = {self.k}, a head on the backbone that k = {self._trunk} "
                     "trained.")
        if self.seen == "drawing" and (self.light, self.noise) != (100, 0):
            text += f" Light {self.light} %, noise {self.noise}."
        return text

    def _chosen_words(self, found: Instances) -> str:
        chosen = self._chosen_of(found)
        if chosen < 0:
            return ("No proposal lies on the chosen shape." if self.seen == "drawing"
                    else "Nothing is sure enough.")
        level, y, x = found.windows[chosen].tolist()
        zoom = "" if self.seen == "drawing" else f" zoom {fixed(self.zooms[level], 2)},"
        return (f"The chosen window,{zoom} row {y}, column {x}: objectness "
                f"{fixed(found.scores[chosen], 2)}, {int(found.crops[chosen].sum())} "
                "pixels.")

    def _chosen_of(self, found: Instances) -> int:
        """The proposal asked for, or the smallest that holds the shape's middle."""
        if self.chosen >= 0 or self.seen != "drawing":
            return min(max(self.chosen, 0), len(found) - 1)
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
        if self.seen == "own":
            return ""
        return digits(shade(self.levels()[0].objectness.numpy())[None])


OWN = "A photograph of the reader's own, which has not left the page."


def coins() -> UInt8[np.ndarray, "h w"]:
    """The photograph of coins that ships."""
    from PIL import Image

    from ifcn_lab.data import shipped

    with Image.open(shipped.path("photos/coins.png")) as picture:
        return np.asarray(picture)


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
            and given["size"] > 0 and 0 <= given["colour"] < len(drawn_shapes.COLOURS)
            and given.get("texture", 0) in range(len(drawn_shapes.TEXTURES)))
    if not good:
        raise traitlets.TraitError(
            f"{given!r} is no shape; make one with shape('disc', y, x, size), its "
            f"family one of {', '.join(drawn_shapes.DISTANCES)}, its colour and "
            f"its texture 0 to {len(drawn_shapes.COLOURS) - 1}")
