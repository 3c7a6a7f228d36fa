"""What the papers claim, as experiments at small scale, each with its rule.

A claim says that differences of figures lie in ranges. One rule is for all, and stood
here before anything ran: with d a difference's mean over seeds and s its spread (n - 1)
it is *shown* if d - 2 s to d + 2 s lies within the range (its ends left out, unless it
is a single number), *refuted here* if it lies outside, else *not shown*; one seed shows
nothing. Of several differences all must be shown, and one refuted refutes. No range is
changed after a figure was seen.

Not among them, as they need what no model here has an option for: 9 and 10 (masks by
softmax, masks without classes), 11 (separate maps), 13 (mask alone into the IoU head),
15 (grown test boxes), 17 (true centres), 19 (seconds by objects) and 20 (proposals of
MNC's RPN). The papers' figures are on their data and networks: only directions compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from statistics import mean, stdev
from typing import NamedTuple

from ifcn_lab.data.scenes import SCENE_SETS
from ifcn_lab.league.entries import Entry
from ifcn_lab.league.summary import Figures

SHOWN, NOT_SHOWN, REFUTED = "shown", "not shown", "refuted here"

ROWS = {
    **{f"k = {k}": Entry("InstanceFCN", {"k": k}) for k in (1, 3, 5)},
    "k = 5, whole": Entry("InstanceFCN", {"k": 5}, view="whole"),
    "k = 5, 100 scenes": Entry("InstanceFCN", {"k": 5}, data={"train": 100}),
    "layers": Entry("DeepMask"),
    "layers, 100 scenes": Entry("DeepMask", data={"train": 100}),
    "DeepMask": Entry("DeepMask", {"m": 24}), "SharpMask": Entry("SharpMask"),
    **{name: Entry("AfterSGN", {"directions": name})
       for name in ("both", "rows", "columns")},
    **{roi: Entry("MaskRCNN", {"roi": roi}) for roi in ("align", "warp", "pool")},
    **{f"box gradient {on}": Entry("MNCJoint", {"box_gradient": on == "on"})
       for on in ("on", "off")},
    "scoring": Entry("MaskScoringRCNN", ways={"category's score": {"scoring": False}}),
    **{f"{k} prototypes": Entry("YOLACT", {"k": k}) for k in (8, 32)},
    "YOLACT": Entry("YOLACT", ways={"greedy NMS": {"fast": False}}),
    **{f"coordinates {on}": Entry("Discriminative", {"coordinates": on == "on"})
       for on in ("on", "off")},
}
"""What the claims train, by name: the k = 5 of several is trained once."""


class Gap(NamedTuple):
    """That the sum of the first figures less the others lies from `low` to `high`.

    A figure is a row and its figure's name; those after the first half are taken off.
    """

    figures: tuple[tuple[str, str], ...]
    low: float = 0.0
    high: float = inf

    @property
    def half(self) -> int:
        """How many figures are added; as many are taken off."""
        return len(self.figures) // 2

    def __str__(self) -> str:
        told = [f"{row}'s {name}" for row, name in self.figures]
        plus, less = (" + ".join(part) for part in (told[:self.half],
                                                    told[self.half:]))
        return f"({plus}) - ({less}) from {self.low:g} to {self.high:g}"

    def values(self, found: Mapping[str, Figures]) -> list[float]:
        """The difference, seed by seed."""
        signs = [1] * self.half + [-1] * self.half
        columns = [[sign * seed[name] for seed in found[row]]
                   for sign, (row, name) in zip(signs, self.figures, strict=True)]
        return [sum(each) for each in zip(*columns, strict=True)]


@dataclass(frozen=True)
class Claim:
    """A claim, what the paper printed for it and where that was seen, and the gaps."""

    number: int
    text: str
    paper: str
    source: str
    gaps: tuple[Gap, ...]

    @property
    def rows(self) -> list[str]:
        """The rows of `ROWS` that it needs."""
        return list(dict.fromkeys(row for gap in self.gaps for row, _ in gap.figures))


def gap(better: str, worse: str, figure: str, low: float = 0.0, high: float = inf
        ) -> Gap:
    """That one row's figure is above another's by at least `low`."""
    return Gap(((better, figure), (worse, figure)), low, high)


def way(row: str, other: str, figure: str, low: float = 0.0, high: float = inf
        ) -> Gap:
    """That a trained row's figure is above its own, measured in the other way."""
    return Gap(((row, figure), (row, f"{other}: {figure}")), low, high)


def twice(first: tuple[str, str], other: tuple[str, str], one: str, two: str) -> Gap:
    """That the first pair is farther apart in figure `one` than the other in `two`."""
    return Gap(((first[0], one), (other[1], two), (first[1], one), (other[0], two)))


def growing(better: str, worse: str, more: str, less: str) -> Gap:
    """That a row gains more over another in one figure than in a second."""
    return twice((better, worse), (better, worse), more, less)


CLAIMS = (
    Claim(1, "one map cannot split touching objects", "FCIS without positions 52.5 / "
          "38.5, with 65.7 / 52.1 mAP^r@.5 / .7; InstanceFCN has no row k = 1",
          "KR-FCIS", (gap("k = 5", "k = 1", "touching: recall@70", 20),
                      growing("k = 5", "k = 1", "touching: recall@70",
                              "separated: recall@70"))),
    Claim(2, "more parts than 3 x 3 bring little", "AR@10 38.3, 38.9, 38.8 for k = 3, "
          "5, 7", "KR-INST", (gap("k = 5", "k = 3", "AR@10", -3, 3),)),
    Claim(3, "local coherence beats layers for each window, the more with less data",
          "AR@10 37.4 against 31.2", "KR-INST", (
              gap("k = 5", "layers", "AR@10"),
              twice(("k = 5, 100 scenes", "layers, 100 scenes"), ("k = 5", "layers"),
                    "AR@10", "AR@10"))),
    Claim(4, "whole images teach more than crops", "AR@10 37.4 to 38.9", "KR-INST",
          (gap("k = 5, whole", "k = 5", "AR@10"),)),
    Claim(5, "SharpMask gains where the overlap is high", "AR@1000 33.1 to 35.5, AUC "
          "19.4 to 20.9", "KR-SM", (gap("SharpMask", "DeepMask", "AR@100"),
                                    growing("SharpMask", "DeepMask", "recall@80",
                                            "recall@50"))),
    Claim(6, "breakpoints are needed along rows and along columns", "none at hand",
          "-", tuple(gap("both", one, "AR@10") for one in ("rows", "columns"))),
    Claim(7, "RoIAlign is better than RoIWarp and RoIPool, most at high overlap",
          "AP 30.3, 27.2, 26.9", "Mask R-CNN, ablations", (
              gap("align", "warp", "AP75"), gap("align", "pool", "AP75"),
              growing("align", "pool", "AP75", "AP50"))),
    Claim(8, "the box's gradient helps MNC", "mAP^r@.5 60.5 step by step, 62.6 end to "
          "end", "KR-MNC", (gap("box gradient on", "box gradient off", "AP50"),)),
    Claim(12, "a score of the mask changes the order, not the masks", "AP 34.2 to 35.6",
          "the released code", (
              way("scoring", "category's score", "AR@100", 0, 0),
              way("scoring", "category's score", "AP75"),
              way("scoring", "category's score", "AP50", -1, 1))),
    Claim(14, "the number of prototypes hardly matters", "AP 26.8 with 8, 27.7 with 32",
          "YOLACT", (gap("32 prototypes", "8 prototypes", "AR@10", -3, 3),)),
    Claim(16, "Fast NMS loses little", "0.1 AP", "YOLACT", tuple(
        way("YOLACT", "greedy NMS", name, -1, 1)
        for name in ("AP50", "many small: AP50"))),
    Claim(18, "without coordinates equal objects far apart are one", "a theorem",
          "the network commutes with shifts", (
              gap("coordinates on", "coordinates off", "far and equal: best IoU", 20),
              growing("coordinates on", "coordinates off", "far and equal: best IoU",
                      "touching: best IoU"))),
)


def entry_of(name: str) -> Entry:
    """The row of that name, measured on the scene sets that any claim asks it for.

    Example:
        >>> entry_of("k = 1").data["sets"], entry_of("SharpMask").data["sets"]
        (('touching', 'separated'), ())
    """
    asked = [figure for claim in CLAIMS for each in claim.gaps
             for row, figure in each.figures if row == name]
    sets = tuple(one for one in SCENE_SETS if any(f"{one}: " in a for a in asked))
    return replace(ROWS[name], data={**ROWS[name].data, "sets": sets})


def chosen(claims: Sequence[Claim], only: Sequence[int] | None) -> list[Claim]:
    """The claims of these numbers, all where none is given; 0 is the RoI oracle.

    Raises:
        ValueError: there is no such claim.
    """
    known = {claim.number for claim in claims} | {0}
    if wrong := set(only or ()) - known:
        raise ValueError(f"no experiment for claim {min(wrong)}; there are "
                         f"{', '.join(map(str, sorted(known)))}")
    return [claim for claim in claims if only is None or claim.number in only]


def verdict(values: Sequence[float], low: float, high: float) -> str:
    """What the rule says of a difference, seed by seed.

    Example:
        >>> [verdict([each - 1, each, each + 1], 0, 10) for each in (5, 1, -4)]
        ['shown', 'not shown', 'refuted here']
    """
    if len(values) < 2:
        return NOT_SHOWN
    reach = 2 * stdev(values)
    first, last = mean(values) - reach, mean(values) + reach
    if low < first and last < high or low == first == last == high:
        return SHOWN
    return REFUTED if last < low or first > high else NOT_SHOWN


def together(verdicts: Sequence[str]) -> str:
    """One verdict of several.

    Example:
        >>> together(["shown", "not shown"]), together(["shown", "shown"])
        ('not shown', 'shown')
    """
    if REFUTED in verdicts:
        return REFUTED
    return NOT_SHOWN if NOT_SHOWN in verdicts else SHOWN
