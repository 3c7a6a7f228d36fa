"""The League: one scene, and what each model finds and joins in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import traitlets
from jaxtyping import Float

from ifcn_lab.widgets.explorable import Explorable
from ifcn_lab.widgets.inputs import needed_image
from ifcn_lab.widgets.league_state import Compared, league_traits, load
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.proposal_explorer import MASK_COLOURS, checked_masks

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Instances

COLUMNS = ("model", "iou", "score", "joined", "found", "figure")
"""By which the table can be sorted; `figure` is AP, or recall where no score is."""


class Standing(NamedTuple):
    """A model's line of the table, for the chosen object and the sliders' values.

    `answer` finds the object, -1: none does, and `iou` is then the largest there is.
    """

    number: int
    answer: int
    iou: float
    score: float | None
    joined: list[int]
    found: int
    figure: float


class League(Explorable):
    """One scene, all models side by side, and the table of what each one finds.

    Click on an object, or go to it with the arrow keys, to see who found it, at what
    IoU and score, and who joined it with another: one answer that covers at least
    half of each. Sort by any column; move the IoU from which an object counts as
    found, and the score from which an answer counts.

    Args:
        image: (h, w, 3) uint8. Without it, a scene and the answers of the models that
            ship are shown, as they were recorded.
        truth: (M, h, w) bool, the true objects.
        answers: by the model's name, what it finds in the image.
        scoreless: models whose scores only order their answers: all of those count,
            and recall stands for AP. None: as the classes of those names say.

    `chosen` (an object), `picked` (a model, as given), `iou` and `least` (per cent),
    `by` (one of `COLUMNS`) and `down` are traits: Python sees them change and can set
    them. Who finds what goes by COCO's rule, as in `ifcn_lab.metrics`.

    >>> from ifcn_lab import scenes
    >>> from ifcn_lab.models.yolact import YOLACT
    >>> scene = scenes.two_touching()
    >>> answers = {"YOLACT": YOLACT.from_pretrained().detect([scene.image])[0]}
    >>> League(scene.image, scene.masks, answers)
    League(chosen=0, picked=0, iou=50, least=50, by='iou', down=True)
    """

    module = "league.js"
    shown = ("chosen", "picked", "iou", "least", "by", "down")
    hint = traitlets.Unicode(
        "Click on an object: who finds it, and who joins it with its neighbour? Then "
        "ask for a higher IoU.").tag(sync=True)
    chosen, picked, objects = (traitlets.Int(0).tag(sync=True) for _ in range(3))
    iou, least = (traitlets.Int(50).tag(sync=True) for _ in range(2))
    by = traitlets.Enum(COLUMNS, "iou").tag(sync=True)
    down = traitlets.Bool(True).tag(sync=True)
    names, counts, mute, thresholds = (traitlets.List([]).tag(sync=True)
                                       for _ in range(4))
    finders, joins, curves = (traitlets.List([]).tag(sync=True) for _ in range(3))
    boxes, runs, scores, overlap, image = (traitlets.Bytes(b"").tag(sync=True)
                                           for _ in range(5))
    image_size, image_pixels = (traitlets.List([0, 0]).tag(sync=True)
                                for _ in range(2))
    mask_colours = traitlets.List(MASK_COLOURS).tag(sync=True)

    _in_reach = traitlets.validate("chosen", "picked", "least")(Explorable.held)

    def __init__(
        self, image: Any = None, truth: Any = None,
        answers: Mapping[str, Instances] | None = None, *,
        scoreless: Collection[str] | None = None,
    ) -> None:
        super().__init__()
        try:
            compared = load() if image is truth is answers is None else Compared(
                needed_image(image), checked_masks(truth, np.shape(image)[:2]),
                answers or {})
            state = league_traits(compared, scoreless)
        except (TypeError, ValueError) as error:
            self.problem = f"{error}"
            return
        self.masks = compared.truth
        for name, value in state.items():
            self.set_trait(name, value)
        joining = [sum(any(each in on for _, on in joins) for joins in self.joins)
                   for each in range(self.objects)]
        self.chosen = int(np.argmax(joining))

    def reach(self) -> dict[str, tuple[int, int]]:
        """An object and a model that are there; a share."""
        return {"chosen": (0, max(0, self.objects - 1)), "least": (0, 100),
                "picked": (0, max(0, len(self.names) - 1))}

    @traitlets.validate("iou")
    def _a_threshold(self, proposal: Any) -> int:
        return 5 * round(max(50, min(proposal["value"], 95)) / 5)

    def standings(self) -> list[Standing]:
        """The lines of the table, in its order."""
        lines = [self.standing(number) for number in range(len(self.names))]
        return sorted(lines, key=self._rank, reverse=self.down)

    def standing(self, number: int) -> Standing:
        """A model's line."""
        start = sum(self.counts[:number])
        overlap, scores = self._numbers(start, start + self.counts[number])
        meant = len(scores) if self.mute[number] else int(
            (scores >= self.least / 100).sum())
        step, chosen = (self.iou - 50) // 5, self.chosen
        finders = [a if a < meant else -1 for a in self.finders[number][step]]
        with_it = {each for answer, on in self.joins[number]
                   if answer < meant and chosen in on for each in on}
        answer = finders[chosen]
        return Standing(
            number, answer, float(overlap[answer, chosen] if answer >= 0 else
                                  overlap[:meant, chosen].max(initial=0)),
            None if answer < 0 or self.mute[number] else float(scores[answer]),
            sorted(with_it - {chosen}), sum(a >= 0 for a in finders),
            self.curves[number][step])

    def _numbers(
        self, start: int, end: int
    ) -> tuple[Float[np.ndarray, "N M"], Float[np.ndarray, " N"]]:
        overlap = np.frombuffer(self.overlap).reshape(-1, self.objects)
        return overlap[start:end], np.frombuffer(self.scores)[start:end]

    def _rank(self, line: Standing) -> Any:
        """By what lines are sorted; an AP stands above a recall."""
        return {"model": self.names[line.number], "iou": line.iou,
                "score": -1 if line.score is None else line.score,
                "joined": len(line.joined), "found": line.found,
                "figure": line.figure + 2 * (not self.mute[line.number])}[self.by]

    def words(self) -> str:
        """Who finds the chosen object, who joins it, and how the picked model does."""
        lines = [self.standing(number) for number in range(len(self.names))]
        found = [line for line in lines if line.answer >= 0]
        text = (f"Object {self.chosen + 1} of {self.objects}, at IoU "
                f"{fixed(self.iou / 100, 2)} and a score of {self.least} % or more: "
                f"found by {len(found)} of {len(lines)} models")
        if found:
            best = max(found, key=lambda line: line.iou)
            text += f", best by {self._said(best)}"
        joining = [self.names[line.number] for line in lines if line.joined]
        return (f"{text}. Joined with another by {', '.join(joining) or 'none'}. "
                f"{self._said(lines[self.picked])}, {self._in_all(lines[self.picked])}.")

    def _said(self, line: Standing) -> str:
        score = "" if line.score is None else f", score {fixed(line.score, 2)}"
        missed = ", missed" if line.answer < 0 else ""
        return f"{self.names[line.number]} (IoU {fixed(line.iou, 2)}{score}{missed})"

    def _in_all(self, line: Standing) -> str:
        name = "recall" if self.mute[line.number] else "AP"
        return (f"{line.found} of {self.objects} found, {name} "
                f"{fixed(line.figure, 2)}")

    def grid(self) -> str:
        """The table as it is sorted."""
        rows = [("model", "IoU", "score", "joined with", "found", "AP")]
        for line in self.standings():
            iou, figure = fixed(line.iou, 2), fixed(line.figure, 2)
            rows.append((
                self.names[line.number], iou if line.answer >= 0 else f"({iou})",
                "-" if line.score is None else fixed(line.score, 2),
                ", ".join(str(each + 1) for each in line.joined) or "-",
                f"{line.found} of {self.objects}",
                f"recall {figure}" if self.mute[line.number] else figure))
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, wide)).rstrip() for row in rows)
