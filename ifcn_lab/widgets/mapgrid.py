"""MapGrid: one place of the picture, and its k * k scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Bool, Float

from ifcn_lab.assembling import assemble
from ifcn_lab.data.film import Film
from ifcn_lab.grid import Grid
from ifcn_lab.widgets.explorable import Explorable
from ifcn_lab.widgets.greys import Rule
from ifcn_lab.widgets.mapgrid_state import UNKNOWN, of_film, of_maps, of_network
from ifcn_lab.widgets.number_words import fixed

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Segmenter


class MapGrid(Explorable):
    """The picture, its score maps in their grid, and the scores of one place.

    Point at the picture or at a map: the same place is marked everywhere, and its
    k * k scores stand in a table. Point at a score: its part is shown. Arrow keys do
    the same. With masks there are perfect maps to compare, and the windows of the
    first three objects with the masks they show.

    Args:
        model: an InstanceFCN, or a relative whose maps are parts (R-FCN, FCIS: inside
            less outside), classes (FCN) or prototypes (YOLACT).
        image: (h, w, 3) uint8, what it is shown.
        masks: (N, h, w) bool, the objects.
        kind: the category whose maps are shown, from 0, where each has its own.

    `y`, `x`, `part` (-1: none), `source` (one of `sources`), `frame` and `scene` are
    traits: Python sees them change and can set them.

    >>> maps = np.arange(4.0).reshape(4, 1, 1) * np.ones((4, 5, 6))
    >>> widget = MapGrid.from_maps(maps)
    >>> widget
    MapGrid(source='maps', frame=0, y=2, x=3)
    >>> print(widget.describe())
    Row 2, column 3: highest in map 3 (bottom right), 3.00.
    0.00 1.00
    2.00 3.00
    """

    module = "mapgrid.js"
    shown = ("source", "frame", "y", "x")
    hint = traitlets.Unicode(
        "Point at the picture or at a map: the same place is marked "
        "everywhere.").tag(sync=True)
    sources, steps, reads, names, colours, centers = (
        traitlets.List().tag(sync=True) for _ in range(6))
    source = traitlets.Unicode("").tag(sync=True)
    what = traitlets.Unicode("part").tag(sync=True)
    k, m, H, W, scenes = (traitlets.Int(1).tag(sync=True) for _ in range(5))
    y, x, frame, scene = (traitlets.Int(0).tag(sync=True) for _ in range(4))
    part = traitlets.Int(-1).tag(sync=True)
    packed, half = (traitlets.Float(0.0).tag(sync=True) for _ in range(2))
    decimals = traitlets.Int(2).tag(sync=True)
    limits = traitlets.List(None, allow_none=True).tag(sync=True)
    scores, perfect, truth, image = (
        traitlets.Bytes(b"").tag(sync=True) for _ in range(4))
    image_size = traitlets.List([0, 0]).tag(sync=True)

    _place = traitlets.validate("y", "x", "part", "frame", "scene")(Explorable.held)

    def reach(self) -> dict[str, tuple[int, int]]:
        """Place, part, moment and scene stay among those there are."""
        return {"y": (0, self.H - 1), "x": (0, self.W - 1),
                "part": (-1, len(self.names) - 1), "scene": (0, self.scenes - 1),
                "frame": (0, max(0, len(self.steps) - 1))}

    @traitlets.validate("source")
    def _offered(self, proposal: Any) -> str:
        if self.sources and proposal["value"] not in self.sources:
            raise traitlets.TraitError(f"source is {proposal['value']!r}; choose one "
                                       f"of {', '.join(self.sources)}")
        return proposal["value"]

    def __init__(
        self, model: Segmenter, image: Any, masks: Any = None, *, kind: int = 0,
    ) -> None:
        super().__init__(**of_network(model, image, masks, kind))

    @classmethod
    def from_maps(
        cls, maps: Any, image: Any = None, *, masks: Any = None, m: int = 21,
    ) -> MapGrid:
        """The widget for score maps at hand.

        Args:
            maps: (k*k, H, W) logits, or whole numbers, which are shown as they are.
            image: (h, w, 3) or (h, w) uint8, the picture the maps belong to.
            masks: (N, h, w) bool, the objects in that picture.
            m: window side in places; only masks need windows.

        Maps, masks or a picture that cannot be shown give a widget that says why.
        """
        return cls._of(of_maps(maps, image, masks, m))

    @classmethod
    def film(cls, film: Film, run: str = "plain") -> MapGrid:
        """The widget for a film of training, with a slider over its steps.

        Args:
            film: as `ifcn_lab.data.film.load` reads it.
            run: "plain" or "shuffled".
        """
        if run not in film.runs:
            return cls._of({"problem": f"This film has the runs {film.runs}, "
                                       f"and not {run!r}."})
        return cls._of(of_film(film, run))

    def maps(self) -> Float[np.ndarray, "kk H W"]:
        """The maps that are shown now, each at the place of the part it gives."""
        kind = np.int8 if self.packed else np.float32
        data, frame, divide = self.scores, self.frame, self.packed or 1
        if self.source == "perfect":
            kind, data, frame, divide = np.uint8, self.perfect, 0, 1
        shape = (-1, self.scenes, len(self.names), self.H, self.W)
        every = np.frombuffer(data, kind).reshape(shape)
        return every[frame, self.scene].astype(np.float32) / divide

    def rule(self) -> Rule:
        """How the maps that are shown now are read."""
        if self.source == "perfect":
            return Rule([0, 1], 0.5, 0)
        return Rule(self.limits, self.half, self.decimals)

    def place(self) -> Float[np.ndarray, " kk"]:
        """The k * k scores of the place that is pointed at."""
        y, x = self.at()
        return self.maps()[:, y, x].astype(np.float64)

    def windows(self) -> Bool[np.ndarray, "N m m"]:
        """The masks of the objects' windows, assembled from these maps."""
        scores = assemble(self.maps(), self.m, centers=self._centers())
        return scores > self.rule().half

    def ious(self) -> list[float]:
        """How well each window's mask agrees with its object."""
        before = sum(map(len, self.centers[: self.scene])) * self.m**2
        truth = np.frombuffer(self.truth, np.uint8)[before:]
        found = self.windows()
        truth = truth[: found.size].reshape(found.shape)
        found, wanted = found & (truth != UNKNOWN), truth == 1
        either = (found | wanted).sum((1, 2))
        return ((found & wanted).sum((1, 2)) / np.maximum(either, 1)).tolist()

    def words(self) -> str:
        """What is pointed at, its highest score, and what each window reads there."""
        (y, x), scores = self.at(), self.place()
        best = int(scores.argmax())
        text = f"highest in {self._named(best)}, {self.said(scores[best])}."
        if scores.min() == scores.max():
            text = f"{self.said(scores[0])} in every map."
        parts = [self._lead(), f"Row {y}, column {x}: {text}", *self._readings(scores)]
        if self.part >= 0:
            chosen = self._named(self.part).capitalize()
            parts.append(f"{chosen}: {self.said(scores[self.part])}.")
        if self._centers().size:
            shares = ", ".join(fixed(iou, 2) for iou in self.ious())
            parts.append(f"IoU of the windows' masks: {shares}.")
        return " ".join(part for part in parts if part)

    def grid(self) -> str:
        """The scores of the place, k in a row."""
        said = [self.said(score) for score in self.place()]
        said = [each.rjust(max(map(len, said))) for each in said]
        return "\n".join(" ".join(said[n : n + self.k])
                         for n in range(0, len(said), self.k))

    def _lead(self) -> str:
        scene = f"Scene {self.scene}." if self.scenes > 1 else ""
        source = {"training": "Training step {}.", "perfect": "Perfect maps."}
        step = self.steps[self.frame] if self.steps else 0
        return f"{scene} {source.get(self.source, '').format(step)}".strip()

    def _readings(self, scores: Float[np.ndarray, " kk"]) -> list[str]:
        parts = [self.read_by(center) for center in self._centers()]
        return [f"Window {n} reads {self._named(part)}, {self.said(scores[part])}."
                for n, part in enumerate(parts, 1) if part >= 0]

    def read_by(self, center: Any) -> int:
        """The part that this place plays in the window at (y, x); -1: outside."""
        i, j = (at - c + self.m // 2 for at, c in zip(self.at(), center, strict=True))
        inside = 0 <= i < self.m and 0 <= j < self.m
        return int(Grid(self.k, self.m).channel[i, j]) if inside else -1

    def number(self, part: int) -> int:
        """The number of the map that gives a part."""
        return self.reads[part] if self.source == "training" else part

    def _named(self, part: int) -> str:
        name = f" ({self.names[part]})" if self.names[part] else ""
        return f"map {self.number(part)}{name}"

    def said(self, score: float) -> str:
        """A score as it stands in the table."""
        return fixed(score, self.rule().decimals)

    def at(self) -> tuple[int, int]:
        """The place (y, x) that is pointed at, held inside the maps."""
        return (min(max(self.y, 0), self.H - 1), min(max(self.x, 0), self.W - 1))

    def _centers(self) -> np.ndarray:
        found = self.centers[self.scene] if self.centers else []
        return np.array(found, np.int64).reshape(-1, 2)
