"""The ProposalExplorer: which windows become proposals, and what is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import traitlets
from jaxtyping import Bool, Int, UInt8
from PIL import Image

from ifcn_lab.assembling import assemble
from ifcn_lab.draw.palette import COLOURS, TRUE, WRONG, part_colours
from ifcn_lab.widgets import candidates as prepared
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.greys import digits
from ifcn_lab.widgets.inputs import failures_told, needed_image
from ifcn_lab.widgets.number_words import fixed

if TYPE_CHECKING:
    from ifcn_lab.metrics import RecallReport
    from ifcn_lab.segmenter import Instances, Segmenter

MASKS_HINT = ("Move the sliders, and see which objects are lost. Click on a mask to "
              "see its copies.")
LIMIT = 0.7
"""IoU from which an object counts as found in the picture and in the words."""
MASK_COLOURS = [colour for colour in COLOURS if colour not in (TRUE, WRONG)]
"""Blue and red are the lines round true objects."""
WIDEST = 720
"""Pixels; a larger photograph is sent reduced, to be looked at only."""


class Sifted(NamedTuple):
    """Indices of the windows that are sure enough, that NMS leaves, that are shown."""

    sure: Int[np.ndarray, " N"]
    kept: Int[np.ndarray, " K"]
    shown: Int[np.ndarray, " T"]


class ProposalExplorer(Explorable):
    """The windows of a picture, and three sieves: objectness, NMS, and their number.

    Move the sliders, and see which masks stay and which objects are lost. Click on a
    mask, or press the arrow keys, to see the maps its window was assembled from and
    the copies that it removes. A network without such windows shows the masks that it
    finds, with as few left out by itself as it allows.

    Args:
        model: any `Segmenter`; of an InstanceFCN also windows and score maps are shown.
        image: (h, w, 3) uint8, what it is shown.
        masks: (M, h, w) bool, the true objects; with them recall is shown. One
            without a pixel is no object and is left out.
        candidates: how many windows, or masks, there are before the sieves.

    `objectness` and `iou` (per cent), `top`, `scale` (0: all zooms, 1: the first one)
    and `chosen` (a window's index, -1: none) are traits: Python sees them change and
    can set them. Where the network has a head for the quality of masks, its score
    stands for objectness, and the first sieve begins at the cut of its weights. With
    objectness 0 and all scales the masks shown are those of
    `propose(model, image, top=top, nms_iou=iou / 100, candidates=candidates)`.

    >>> from ifcn_lab import InstanceFCN, scenes
    >>> net, scene = InstanceFCN.from_pretrained("scenes"), scenes.two_touching()
    >>> widget = ProposalExplorer(net, scene.image, scene.masks)
    >>> widget.objectness, widget.top = 60, 5
    >>> widget
    ProposalExplorer(objectness=60, iou=80, top=5, scale=0)
    """

    module = "explorer.js"
    shown = ("objectness", "iou", "top", "scale")
    hint = traitlets.Unicode(
        "Move the sliders, and see which objects are lost. Click on a "
        "mask to see its window.").tag(sync=True)
    objectness, iou, top = (traitlets.Int(n).tag(sync=True) for n in (50, 80, 10))
    scale, chosen = (traitlets.Int(n).tag(sync=True) for n in (0, 0))
    score = traitlets.Unicode("score").tag(sync=True)
    k, m, objects = (traitlets.Int(0).tag(sync=True) for _ in range(3))
    boxes, scores, windows, runs = (traitlets.Bytes(b"").tag(sync=True)
                                    for _ in range(4))
    overlap, maps, image = (traitlets.Bytes(b"").tag(sync=True) for _ in range(3))
    sizes, cells, zooms, colours = (traitlets.List([]).tag(sync=True)
                                    for _ in range(4))
    image_size, image_pixels = (traitlets.List([0, 0]).tag(sync=True)
                                for _ in range(2))
    thresholds = traitlets.List([]).tag(sync=True)
    mask_colours = traitlets.List(MASK_COLOURS).tag(sync=True)

    def __init__(
        self, model: Segmenter, image: Any, masks: Any = None, *,
        candidates: int = 600,
    ) -> None:
        super().__init__()
        try:
            self._prepare(model, image, masks, candidates)
        except (TypeError, ValueError) as error:
            self.problem = f"{error}"

    def _prepare(
        self, model: Segmenter, image: Any, masks: Any, count: int
    ) -> None:
        self.picture = needed_image(image)
        self.masks = checked_masks(masks, self.picture.shape[:2])
        levels, self.objects = self._find(model, count), len(self.masks)
        if levels:
            self.k, self.m, self.zooms = model.k, model.m, list(self.found.zooms)
            self.colours = part_colours(model.k)
            self.score = "score" if model.rates else "objectness"
        else:
            self.hint = MASKS_HINT
        if model.cut:
            self.objectness = int(100 * model.cut)
        state = prepared.level_traits(levels) | self._mask_traits()
        for name, value in (state | picture_traits(self.picture)).items():
            self.set_trait(name, value)

    @traitlets.validate("chosen")
    def _existing(self, proposal: Any) -> int:
        last = len(self.found) - 1 if hasattr(self, "found") else 0
        return max(-1, min(proposal["value"], last))

    @traitlets.validate("iou")
    def _per_cent(self, proposal: Any) -> int:
        return max(0, min(proposal["value"], 100))

    def _find(self, model: Segmenter, count: int) -> list:
        from ifcn_lab.models.instancefcn import InstanceFCN

        windowed, levels = isinstance(model, InstanceFCN), []
        with failures_told():
            if windowed:
                self.found, levels = prepared.candidates_of(model, self.picture, count)
            else:
                self.found = prepared.answers_of(model, self.picture, count)
        if len(self.found) == 0:
            lacks = ("No window of this picture holds a mask pixel" if windowed else
                     f"{type(model).__name__} finds no mask in this picture")
            raise ValueError(f"{lacks}. Is the network trained, and are there objects "
                             "of its sizes?")
        parts = bool(levels) and levels[0].maps.shape[0] == model.k**2
        return levels if parts else []  # DeepMask's windows are made of no k * k maps

    def _mask_traits(self) -> dict[str, bytes]:
        """The candidates, and after them the true objects."""
        from ifcn_lab.data.masks import tight_boxes
        from ifcn_lab.metrics import COCO_THRESHOLDS

        true = tight_boxes(self.masks)
        crops = [mask[y0:y1, x0:x1]
                 for mask, (x0, y0, x1, y1) in zip(self.masks, true, strict=True)]
        boxes = np.concatenate([self.found.boxes, true])
        self.thresholds = list(COCO_THRESHOLDS)
        self._overlap = prepared.overlaps(self.found, self.masks)
        return prepared.mask_traits(boxes, [*self.found.crops, *crops]) | {
            "scores": self.found.scores.tobytes(),
            "windows": (self.found.windows.astype(np.int32).tobytes()
                        if self.zooms else b""),
            "overlap": self._overlap.tobytes(),
        }

    def sifted(self) -> Sifted:
        """Which windows pass the sieves as they stand, best first."""
        from ifcn_lab.layers.nms import nms

        found = self.found
        here = found.scores >= self.objectness / 100
        if self.zooms and self.scale:
            here &= found.windows[:, 0] == self.scale - 1
        sure = np.flatnonzero(here)
        kept = sure[nms(found.boxes[sure], found.scores[sure], self.iou / 100)]
        return Sifted(sure, kept, kept[: self.top])

    def proposals(self) -> Instances:
        """The proposals that are shown."""
        return self.found.take(self.sifted().shown)

    def report(self) -> RecallReport:
        """Recall of what is shown, as `average_recall` measures it."""
        from ifcn_lab.data import from_scene
        from ifcn_lab.metrics import average_recall
        from ifcn_lab.scenes import Scene

        sample = from_scene(Scene(self.picture, self.masks), "shown")
        return average_recall([self.proposals()], [sample], ns=(self.top,))

    def words(self) -> str:
        """How many windows pass each sieve, what they find, and which one is chosen."""
        sure, kept, shown = self.sifted()
        what, score = self._named()
        zoom = (f" at zoom {fixed(self.zooms[self.scale - 1], 2)}"
                if self.zooms and self.scale else "")
        text = (f"Of {len(self.found)} {what}s {len(sure)}{zoom} have {score} "
                f"{self.objectness} % or more. NMS at IoU {self.iou} % leaves "
                f"{len(kept)}; {len(shown)} shown.")
        if len(shown) == 0:
            zooms = ", or choose all zooms" if self.zooms else ""
            text += f" Nothing is left: lower the {score}{zooms}."
        if self.objects:
            text += f" {self._recall_words()}"
        return text if self.chosen < 0 else f"{text} {self._chosen_words()}"

    def _named(self) -> tuple[str, str]:
        """What a candidate is called, and its score."""
        return "window" if self.zooms else "mask", self.score

    def _recall_words(self) -> str:
        report = self.report()
        curve = report.curves["all"][:, -1] * self.objects           # (T,) found
        hits = np.rint(curve).astype(int)
        found = hits[np.argmin(np.abs(np.array(report.thresholds) - LIMIT))]
        average = fixed(hits.sum() / (len(hits) * self.objects), 2)
        return (f"{found} of {self.objects} objects found at IoU {LIMIT}; "
                f"AR@{self.top} {average}.")

    def _chosen_words(self) -> str:
        (what, score), where = self._named(), ""
        if self.zooms:
            level, y, x = self.found.windows[self.chosen].tolist()
            where = f"zoom {fixed(self.zooms[level], 2)}, row {y}, column {x}, "
        text = (f"{what.capitalize()} {self.chosen}: {score} "
                f"{fixed(self.found.scores[self.chosen], 2)}, {where}{self._fate()}.")
        if not self.objects:
            return text
        best = int(self._overlap[self.chosen].argmax())
        value = fixed(self._overlap[self.chosen, best], 2)
        return f"{text} IoU {value} with object {best + 1}."

    def _fate(self) -> str:
        """What became of the chosen window."""
        sure, kept, shown = self.sifted()
        lost = np.setdiff1d(sure, kept)
        to = prepared.lost_to(self.found.boxes, lost, kept, self.iou / 100)
        if self.chosen in lost:
            return f"a copy of {self._named()[0]} {to[lost == self.chosen][0]}"
        if self.chosen in shown:
            count = int((to == self.chosen).sum())
            return f"shown; it removes {count} {'copy' if count == 1 else 'copies'}"
        return f"not among the best {self.top}" if self.chosen in kept else "sifted out"

    def maps_of(self, level: int) -> UInt8[np.ndarray, "kk H W"]:
        """The score maps of one zoom, as the greys that the front end has."""
        areas = [self.k**2 * H * W for H, W in self.sizes]
        every, start = np.frombuffer(self.maps, np.uint8), sum(areas[:level])
        return every[start : start + areas[level]].reshape(-1, *self.sizes[level])

    def window(self) -> UInt8[np.ndarray, "m m"]:
        """The chosen window as the greys that are drawn."""
        level, y, x = self.found.windows[max(0, self.chosen)].tolist()
        return assemble(self.maps_of(level), self.m, centers=[(y, x)], fill=128)[0]

    def grid(self) -> str:
        """The chosen window as digits, 0 dark to 9 light."""
        if self.chosen < 0 or not self.zooms:
            return ""
        return digits(self.window()[None])


def checked_masks(masks: Any, shape: tuple[int, ...]) -> Bool[np.ndarray, "M h w"]:
    """Masks of the picture, those with a pixel; None gives none.

    Raises:
        ValueError: they are not bool, or not of the picture's size.
    """
    if masks is None:
        return np.zeros((0, *shape), bool)
    masks = np.asarray(masks)
    if masks.dtype != bool or masks.ndim != 3 or masks.shape[1:] != tuple(shape):
        raise ValueError(f"True masks are bool, (M, {shape[0]}, {shape[1]}) as the "
                         f"picture; these are {masks.shape} of {masks.dtype}.")
    return masks[masks.any((1, 2))]


def picture_traits(image: UInt8[np.ndarray, "h w 3"]) -> dict[str, Any]:
    """The picture as a file, no larger than can be seen."""
    h, w = image.shape[:2]
    share = min(1.0, WIDEST / max(h, w))
    size = max(1, round(w * share)), max(1, round(h * share))
    if share < 1:
        image = np.asarray(Image.fromarray(image).resize(size))
    return {"image": png_bytes(image), "image_size": [h, w], "image_pixels": size[::-1]}
