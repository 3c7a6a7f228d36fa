"""MapGrid: one place of the picture, and its k * k scores."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Bool, Float, Shaped, UInt8

from ifcn_lab.assembling import assemble
from ifcn_lab.draw.palette import cell_colours
from ifcn_lab.film import SCALE, Film
from ifcn_lab.grid import Grid
from ifcn_lab.parts import coverage, object_centers, oracle_maps
from ifcn_lab.targets import mask_targets
from ifcn_lab.widgets import still
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.given import (
    checked_image,
    checked_maps,
    checked_stride,
    image_array,
    score_maps,
)
from ifcn_lab.widgets.saying import fixed

if TYPE_CHECKING:
    from ifcn_lab.model import InstanceFCN

UNKNOWN = 2  # a window's pixel that lies off the map
WINDOWS = 3  # as many objects have their window shown


class MapGrid(Explorable):
    """The picture, its k * k score maps in their grid, and the scores of one place.

    Point at the picture or at a map: the same place is marked everywhere, and its
    k * k scores stand in a table. Point at a score: its part is shown. Arrow keys do
    the same. With masks there are perfect maps to compare, and the windows of the
    first three objects with the masks they show.

    Args:
        model: a network.
        image: (h, w, 3) uint8, what it is shown.
        masks: (N, h, w) bool, the objects.

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
    sources, steps, reads, names, colours, centers = (
        traitlets.List().tag(sync=True) for _ in range(6))
    source = traitlets.Unicode("").tag(sync=True)
    k, m, H, W, scenes = (traitlets.Int(1).tag(sync=True) for _ in range(5))
    y, x, frame, scene = (traitlets.Int(0).tag(sync=True) for _ in range(4))
    part = traitlets.Int(-1).tag(sync=True)
    packed, half = (traitlets.Float(0.0).tag(sync=True) for _ in range(2))
    decimals = traitlets.Int(2).tag(sync=True)
    limits = traitlets.List(None, allow_none=True).tag(sync=True)
    scores, perfect, truth, image = (
        traitlets.Bytes(b"").tag(sync=True) for _ in range(4))
    image_size = traitlets.List([0, 0]).tag(sync=True)

    def __init__(
        self, model: InstanceFCN, image: UInt8[np.ndarray, "h w 3"], masks: Any = None,
    ) -> None:
        super().__init__(**_checked(model, image, masks))

    @classmethod
    def from_maps(
        cls, maps: Any, image: Any = None, *, masks: Any = None, m: int = 21,
    ) -> MapGrid:
        """The widget for score maps at hand.

        Args:
            maps: (k*k, H, W) logits, or whole numbers, which are shown as they are.
            image: (h, w, 3) or (h, w) uint8, the picture the maps belong to.
            masks: (N, h, w) bool, the objects in that picture.
            m: window side in feature cells; only masks need windows.

        Maps, masks or a picture that cannot be shown give a widget that says why.
        """
        return cls._of(_traits(maps, image, masks, m))

    @classmethod
    def film(cls, film: Film, run: str = "plain") -> MapGrid:
        """The widget for a film of training, with a slider over its steps.

        Args:
            film: as `ifcn_lab.film.load` reads it.
            run: "plain" or "shuffled".
        """
        if run not in film.runs:
            return cls._of({"problem": f"This film has the runs {film.runs}, "
                                       f"and not {run!r}."})
        return cls._of(_film_traits(film, run))

    @classmethod
    def _of(cls, traits: dict[str, Any]) -> MapGrid:
        widget = cls.__new__(cls)
        Explorable.__init__(widget, **traits)
        return widget

    def maps(self) -> Float[np.ndarray, "kk H W"]:
        """The maps that are shown now, each at the place of the part it gives."""
        kind = np.int8 if self.packed else np.float32
        data, frame, divide = self.scores, self.frame, self.packed or 1
        if self.source == "perfect":
            kind, data, frame, divide = np.uint8, self.perfect, 0, 1
        shape = (-1, self.scenes, self.k**2, self.H, self.W)
        every = np.frombuffer(data, kind).reshape(shape)
        return every[frame, self.scene].astype(np.float32) / divide

    def place(self) -> Float[np.ndarray, "kk"]:
        """The k * k scores of the place that is pointed at."""
        y, x = self._at()
        return self.maps()[:, y, x]

    def windows(self) -> Bool[np.ndarray, "N m m"]:
        """The masks of the objects' windows, assembled from these maps."""
        half = 0.5 if self.source == "perfect" else self.half
        return assemble(self.maps(), self.m, centers=self._centers()) > half

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
        (y, x), scores = self._at(), self.place()
        best = int(scores.argmax())
        text = f"highest in {self._named(best)}, {self._said(scores[best])}."
        if scores.min() == scores.max():
            text = f"{self._said(scores[0])} in every map."
        parts = [self._lead(), f"Row {y}, column {x}: {text}", *self._readings(scores)]
        if self.part >= 0:
            chosen = self._named(self.part).capitalize()
            parts.append(f"{chosen}: {self._said(scores[self.part])}.")
        if self._centers().size:
            shares = ", ".join(fixed(iou, 2) for iou in self.ious())
            parts.append(f"IoU of the windows' masks: {shares}.")
        return " ".join(part for part in parts if part)

    def grid(self) -> str:
        """The k * k scores of the place."""
        said = [self._said(score) for score in self.place()]
        width = max(map(len, said))
        rows = np.array([each.rjust(width) for each in said]).reshape(self.k, self.k)
        return "\n".join(map(" ".join, rows.tolist()))

    def still(self) -> UInt8[np.ndarray, "h w 3"]:
        """The picture, the maps with the place marked, and its scores."""
        from ifcn_lab.widgets.mapgrid_still import picture

        return picture(self)

    def _lead(self) -> str:
        scene = f"Scene {self.scene}." if self.scenes > 1 else ""
        source = {"training": "Training step {}.", "perfect": "Perfect maps."}
        step = self.steps[self.frame] if self.steps else 0
        return f"{scene} {source.get(self.source, '').format(step)}".strip()

    def _readings(self, scores: Float[np.ndarray, "kk"]) -> list[str]:
        parts = [self.read_by(center) for center in self._centers()]
        return [f"Window {n} reads {self._named(part)}, {self._said(scores[part])}."
                for n, part in enumerate(parts, 1) if part >= 0]

    def read_by(self, center: Any) -> int:
        """The part that this place plays in the window at (y, x); -1: outside."""
        i, j = (at - c + self.m // 2 for at, c in zip(self._at(), center, strict=True))
        inside = 0 <= i < self.m and 0 <= j < self.m
        return int(Grid(self.k, self.m).channel[i, j]) if inside else -1

    def number(self, part: int) -> int:
        """The number of the map that gives a part."""
        return self.reads[part] if self.source == "training" else part

    def _named(self, part: int) -> str:
        return f"map {self.number(part)} ({self.names[part]})"

    def _said(self, score: float) -> str:
        return fixed(score, 0 if self.source == "perfect" else self.decimals)

    def _at(self) -> tuple[int, int]:
        return (min(max(self.y, 0), self.H - 1), min(max(self.x, 0), self.W - 1))

    def _centers(self) -> np.ndarray:
        found = self.centers[self.scene] if self.centers else []
        return np.array(found, np.int64).reshape(-1, 2)


def part_names(k: int) -> list[str]:
    """What the parts of a k x k window are called, row by row.

    >>> part_names(2), part_names(5)[1]
    (['top left', 'top right', 'bottom left', 'bottom right'], 'top left, cell (0, 1)')
    """
    rows, columns = (
        [a if 2 * n < k - 1 else b if 2 * n > k - 1 else "" for n in range(k)]
        for a, b in (("top", "bottom"), ("left", "right")))
    names = [f"{row} {column}".strip() or "middle" for row in rows for column in columns]
    if k == 1:
        return ["whole"]
    if k <= 3:
        return names
    return [f"{name}, cell ({n // k}, {n % k})" for n, name in enumerate(names)]


def _checked(model: Any, image: Any, masks: Any) -> dict[str, Any]:
    if image is None:
        return {"problem": "A network needs a picture; there is none."}
    try:
        maps = score_maps(model, checked_image(image)).maps
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    return _traits(maps, image, masks, model.m, "network")


def _traits(
    maps: Any, image: Any, masks: Any, m: int, source: str = "maps"
) -> dict[str, Any]:
    """The state for these maps, or the sentence that says what is wrong with them."""
    try:
        maps, picture = checked_maps(maps, m), checked_image(image)
        state = _map_traits(maps) | {"m": m, "sources": [source], "source": source}
        (_, H, W), stride = maps.shape, 1
        if picture is not None:
            stride = checked_stride(picture, H, W)
            state |= {"image": png_bytes(picture), "image_size": [*picture.shape[:2]]}
        if masks is not None:
            shape = (H, W) if picture is None else picture.shape[:2]
            every = _whole(masks, shape, (H * stride, W * stride))
            state |= _object_traits([every], stride, state["k"], m)
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    if "perfect" in state:
        state["sources"] = [source, "perfect"]
    return state | {"y": H // 2, "x": W // 2}


def _map_traits(maps: Shaped[np.ndarray, "kk H W"]) -> dict[str, Any]:
    k, (_, H, W) = isqrt(len(maps)), maps.shape
    whole, least, most = maps.dtype.kind in "biu", float(maps.min()), float(maps.max())
    logits = not whole and least < 0
    return {
        "k": k, "H": H, "W": W, "reads": list(range(k * k)), "names": part_names(k),
        "colours": cell_colours(k), "scores": maps.astype(np.float32).tobytes(),
        "limits": None if logits else [least, most], "decimals": 0 if whole else 2,
        "half": 0.0 if logits else (least + most) / 2,
    }


def _whole(
    masks: Any, shape: tuple[int, int], size: tuple[int, int]
) -> Bool[np.ndarray, "N H W"]:
    """The masks of objects that are there, filled up to a whole number of cells.

    Raises:
        ValueError: masks that do not belong to the picture.
    """
    masks = image_array(masks).astype(bool)
    if masks.ndim != 3 or masks.shape[1:] != tuple(shape):
        raise ValueError(f"Masks are (N, {shape[0]}, {shape[1]}), as the picture; these "
                         f"have shape {masks.shape}.")
    below, right = (n - s for n, s in zip(size, shape, strict=True))
    whole = np.pad(masks, ((0, 0), (0, below), (0, right)))
    return whole[whole.any((1, 2))]


def _object_traits(
    scenes: list[Bool[np.ndarray, "N h w"]], stride: int, k: int, m: int
) -> dict[str, Any]:
    """Perfect maps of each scene, and the windows of its first objects."""
    if not any(map(len, scenes)):
        return {}
    perfect, centers, truth = [], [], []
    for masks in scenes:
        cells, at = coverage(masks, stride) > 0.5, object_centers(masks, stride, m)
        perfect.append(oracle_maps(cells, at, k, m).astype(np.uint8).tobytes())
        centers.append(at[:WINDOWS].tolist())
        truth.append(_truth(cells[:WINDOWS], at[:WINDOWS], m).tobytes())
    joined = {"perfect": b"".join(perfect), "truth": b"".join(truth)}
    return joined | {"centers": centers}


def _truth(
    cells: Bool[np.ndarray, "N H W"], centers: np.ndarray, m: int
) -> UInt8[np.ndarray, "N m m"]:
    each = np.arange(len(cells))
    wanted, known = mask_targets(cells.astype(float), centers, each, m)
    return np.where(known, wanted > 0.5, UNKNOWN).astype(np.uint8)


def _film_traits(film: Film, run: str) -> dict[str, Any]:
    """The state for one run of a film; its scores stay packed, and nothing is lost."""
    count, reads = len(film.images), film.reads(run)
    scores = film.scores[film.runs.index(run)][:, :, reads]  # (F, S, k*k, H, W)
    state = _map_traits(np.zeros(scores.shape[2:], np.float32))
    masks = [film.masks(scene) for scene in range(count)]
    return state | _object_traits(masks, film.stride, film.k, film.m) | {
        "scores": np.ascontiguousarray(scores).tobytes(), "packed": float(SCALE),
        "limits": None, "half": 0.0, "m": film.m, "scenes": count,
        "steps": film.steps.tolist(), "reads": reads.tolist(),
        "sources": ["training", "perfect"], "source": "training",
        "image": png_bytes(np.concatenate(film.images)),
        "image_size": [*film.images.shape[1:3]],
        "y": state["H"] // 2, "x": state["W"] // 2,
    }
