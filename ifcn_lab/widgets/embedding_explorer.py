"""The EmbeddingExplorer: a vector for every place, and the places that are like it."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Bool, Float

from ifcn_lab.widgets import embedding_state as state
from ifcn_lab.widgets.explorable import Explorable
from ifcn_lab.widgets.number_words import fixed

if TYPE_CHECKING:
    from ifcn_lab.layers.embedding import EmbeddingModel

TERMS = ("pull", "push", "norm")


class EmbeddingExplorer(Explorable):
    """The picture beside the plane of its vectors, and the group of one place.

    Click a place: all places are grey by their likeness to it, and those near enough
    are outlined. Near enough is a distance, the bandwidth, from where mean-shift moves
    on to the mean, or a likeness, tau. A vector of more than two numbers is drawn on
    the plane of the first two principal axes.

    Args:
        model: a network that gives every place a vector.
        image: (h, w, 3) uint8, what it is shown.
        masks: (N, h, w) bool, the objects, whose colours the dots get.

    `y`, `x`, `rule` ("bandwidth" or "tau"), `bandwidth` and `tau` (in hundredths),
    `moves`, and of a recording `frame` and the switches `pull`, `push`, `norm` are
    traits: Python sees them change and can set them.

    >>> widget = EmbeddingExplorer.from_vectors([[[0, 1, 9]], [[0, 0, 0]]])
    >>> widget.bandwidth = 150
    >>> print(widget.describe())
    Row 0, column 1: 2 of 3 places lie within 1.50 of its vector.
    590
    """

    module = "embedding.js"
    shown = ("rule", "y", "x", "bandwidth", "tau", "moves")
    hint = traitlets.Unicode(
        "Click a place of the picture: which others are near it?").tag(sync=True)
    H, W, D, runs = (traitlets.Int(1).tag(sync=True) for _ in range(4))
    y, x, moves, frame = (traitlets.Int(0).tag(sync=True) for _ in range(4))
    bandwidth = traitlets.Int(150).tag(sync=True)
    tau = traitlets.Int(50).tag(sync=True)
    rule = traitlets.Enum(("bandwidth", "tau"), "bandwidth").tag(sync=True)
    pull, push, norm = (traitlets.Bool(True).tag(sync=True) for _ in range(3))
    unit, share = (traitlets.Float(1.0).tag(sync=True) for _ in range(2))
    steps, losses, axes, middle, span = (
        traitlets.List().tag(sync=True) for _ in range(5))
    vectors, there, own, image = (traitlets.Bytes(b"").tag(sync=True) for _ in range(4))
    image_size = traitlets.List([0, 0]).tag(sync=True)

    _held = traitlets.validate("y", "x", "moves", "frame", "bandwidth", "tau")(
        Explorable.held)

    def __init__(self, model: EmbeddingModel, image: Any, masks: Any = None) -> None:
        from ifcn_lab.models.metric_learning import MetricLearning

        super().__init__(**state.of_network(model, image, masks))
        if isinstance(model, MetricLearning):
            self.rule = "tau"
        self._to_the_middle()

    @classmethod
    def from_vectors(
        cls, vectors: Any, image: Any = None, *, there: Any = None, own: Any = None,
    ) -> EmbeddingExplorer:
        """The widget for vectors at hand.

        Args:
            vectors: (D, H, W).
            image: (h, w, 3) uint8, the picture that they belong to.
            there: (H, W) bool, the places that take part; None: all.
            own: (H, W), the number of each place's object, 0 for background.
        """
        made = cls._of(state.of_vectors(vectors, image, there, own))
        made._to_the_middle()
        return made

    @classmethod
    def recorded(cls, recording: state.Recording | None = None) -> EmbeddingExplorer:
        """The widget for a recorded training with its three terms as switches.

        Args:
            recording: None: the one that ships.
        """
        recording = state.load() if recording is None else recording
        made = cls._of(state.of_recording(recording))
        made.frame = len(made.steps) - 1
        made._to_the_middle()
        return made

    def reach(self) -> dict[str, tuple[int, int]]:
        """What can be chosen: a place, a moment, a distance, a likeness."""
        return {"y": (0, self.H - 1), "x": (0, self.W - 1), "moves": (0, 50),
                "frame": (0, max(0, len(self.steps) - 1)), "bandwidth": (5, 600),
                "tau": (1, 99)}

    def _to_the_middle(self) -> None:
        """Choose the place that lies in the middle of those that have a vector."""
        if self.problem:
            return
        places = np.argwhere(self.foreground())
        nearest = ((places - [self.H // 2, self.W // 2]) ** 2).sum(1).argmin()
        self.y, self.x = places[nearest].tolist()

    def foreground(self) -> Bool[np.ndarray, "H W"]:
        """The places that have a vector."""
        return state.there_of(self.there, self.H, self.W)

    def now(self) -> Float[np.ndarray, "n D"]:
        """The vectors that are shown, in units."""
        every = np.frombuffer(self.vectors, np.int16).reshape(
            self.runs, max(1, len(self.steps)), -1, self.D)
        return every[self.run(), self.frame].astype(np.float64)

    def run(self) -> int:
        """The run with the terms that are switched on; 0 where nothing is recorded."""
        return state.run_of(self.pull, self.push, self.norm) if self.steps else 0

    def seed(self) -> int:
        """The number of the chosen place among those with a vector; -1: it has none."""
        there = self.foreground().ravel()
        at = self.y * self.W + self.x
        return int(there[:at].sum()) if there[at] else -1

    def limit(self) -> float:
        """The squared distance, in units, up to which a vector is near."""
        tau = self.tau / 100
        square = (self.bandwidth / 100) ** 2
        return (square if self.rule == "bandwidth" else log(2 / tau - 1)) / self.unit**2

    def path(self) -> list[Float[np.ndarray, " D"]]:
        """The chosen vector and the means that it moved to; the last one is asked."""
        vectors = self.now()
        found = [vectors[self.seed()]]
        for _ in range(self.moves if self.rule == "bandwidth" else 0):
            near = self.near(vectors, found[-1])
            if not near.any():
                break
            found.append(vectors[near].sum(0) / near.sum())
        return found

    def near(
        self, vectors: Float[np.ndarray, "n D"], to: Float[np.ndarray, " D"]
    ) -> Bool[np.ndarray, " n"]:
        """The vectors that are near one, by the rule at hand."""
        away = squares(vectors, to)
        limit = self.limit()
        return away < limit if self.rule == "bandwidth" else away <= limit

    def group(self) -> Bool[np.ndarray, "H W"]:
        """The places whose vectors are near the chosen one, or the mean it moved to."""
        found = np.zeros((self.H, self.W), bool)
        if self.seed() >= 0:
            found[self.foreground()] = self.near(self.now(), self.path()[-1])
        return found

    def likeness(self) -> Float[np.ndarray, "H W"]:
        """How like each place is: 2 / (1 + exp(d * d)); background NaN."""
        found = np.full((self.H, self.W), np.nan)
        if self.seed() >= 0:
            away = squares(self.now(), self.path()[-1]) * self.unit**2
            found[self.foreground()] = 2 / (1 + np.exp(np.minimum(away, 700)))
        return found

    def words(self) -> str:
        """Moment and losses of a recording, the place, its group, and whose that is."""
        place = f"Row {self.y}, column {self.x}"
        if self.seed() < 0:
            said = f"{place} is background and takes no part."
        else:
            said = f"{place}: {self._group_words()}{self._owner_words()}"
        if self.share < 1:
            said += (f" The plane shows {fixed(100 * self.share, 0)} % of the spread "
                     f"of vectors of {self.D} numbers.")
        return f"{self._moment_words()}{said}"

    def _moment_words(self) -> str:
        if not self.steps:
            return ""
        on = [name for name in TERMS if getattr(self, name)]
        terms = ("variance", "distance", "regularisation")
        values = self.losses[self.run()][self.frame]
        said = ", ".join(f"{name} {fixed(value, 2)}" for name, value
                         in zip(terms, values, strict=True))
        return (f"Step {self.steps[self.frame]} with {' + '.join(on) or 'no term'}: "
                f"{said}. ")

    def _group_words(self) -> str:
        count, every = int(self.group().sum()), int(self.foreground().sum())
        if self.rule == "tau":
            return (f"{count} of {every} places have a likeness of "
                    f"{fixed(self.tau / 100, 2)} or more.")
        where = "its vector"
        if self.moves:
            path = self.path()
            near = self.near(self.now(), path[-1])
            mean = self.now()[near].sum(0) / max(1, near.sum())
            stays = bool(near.any()) and bool((mean == path[-1]).all())
            moves = f"{self.moves} move{'s' if self.moves > 1 else ''}"
            where = f"the mean after {moves}, which {'stays' if stays else 'moves on'}"
        return (f"{count} of {every} places lie within "
                f"{fixed(self.bandwidth / 100, 2)} of {where}.")

    def _owner_words(self) -> str:
        own = np.frombuffer(self.own, np.uint8).reshape(self.H, self.W)
        group = self.group()
        if not own.any():
            return ""
        ious = [int((group & (own == n)).sum()) / int((group | (own == n)).sum())
                for n in range(1, int(own.max()) + 1)]
        best = int(np.argmax(ious))
        return f" IoU {fixed(ious[best], 2)} with object {best + 1}."

    def grid(self) -> str:
        """Likeness as digits, 9 for equal vectors; a point is background."""
        tenths = np.nan_to_num(np.minimum(self.likeness() * 10, 9), nan=-1).astype(int)
        return "\n".join("".join("." if n < 0 else str(n) for n in row)
                         for row in tenths.tolist())


def squares(
    vectors: Float[np.ndarray, "n D"], to: Float[np.ndarray, " D"]
) -> Float[np.ndarray, " n"]:
    """Squared distances, summed in the order in which the browser sums them.

    >>> squares(np.array([[3.0, 4.0]]), np.zeros(2)).tolist()
    [25.0]
    """
    total = np.zeros(len(vectors))
    for d in range(vectors.shape[1]):
        total += (vectors[:, d] - to[d]) ** 2
    return total
