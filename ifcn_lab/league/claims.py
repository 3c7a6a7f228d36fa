"""What the papers claim, as experiments at small scale, each with its rule.

A claim says that differences of figures lie in ranges. One rule is for all, and stood
here before anything ran: with d a difference's mean over seeds and s its spread (n - 1)
it is *shown* if d - 2 s to d + 2 s lies within the range (its ends left out, unless it
is a single number), *refuted here* if it lies outside, else *not shown*; one seed shows
nothing. Of several differences all must be shown, and one refuted refutes. No range is
changed after a figure was seen.

The papers' figures are on their data and networks: only directions compare. Parts of
claims that need what is not here: 11's third row, InstanceFCN's masks in R-FCN's boxes
(two networks whose answers would have to be matched), 14's masks by a fully connected
layer, and the AR@1000 of 5 and 20, as scenes have so few objects that AR@100 says the
same. The times of 19 are the clock's: run it with one job where nothing else runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import inf
from statistics import mean, stdev
from typing import Any, NamedTuple

from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
from ifcn_lab.league.table import Seeds, spread

SHOWN, NOT_SHOWN, REFUTED = "shown", "not shown", "refuted here"

def of_kinds(model: str, **options: Any) -> dict[str, Any]:
    """A row that tells the shapes of scenes apart."""
    named = SceneSet(1, by_shape=True).categories
    return {"model": model, "kinds": True, "options": {"categories": named, **options}}


ROWS: dict[str, dict[str, Any]] = {
    **{f"k = {k}": {"model": "InstanceFCN", "options": {"k": k}} for k in (1, 3, 5)},
    "k = 5, whole": {"model": "InstanceFCN", "recipe": "whole"},
    "k = 5, 100 scenes": {"model": "InstanceFCN", "train": 100},
    "layers": {"model": "DeepMask"},
    "layers, 100 scenes": {"model": "DeepMask", "train": 100},
    "DeepMask": {"options": {"m": 24}}, "SharpMask": {},
    **{name: {"model": "AfterSGN", "options": {"directions": name}}
       for name in ("both", "rows", "columns")},
    "align": {"model": "MaskRCNN", "ways": {"larger boxes": {"wider": 0.5}}},
    **{roi: {"model": "MaskRCNN", "options": {"roi": roi}} for roi in ("warp", "pool")},
    **{f"{rule} masks": of_kinds("MaskRCNN", mask_rule=rule)
       for rule in ("sigmoid", "softmax", "agnostic")},
    "joint maps": of_kinds("FCIS"), "separate maps": of_kinds("FCIS", joint=False),
    "box gradient on": {"model": "MNCJoint",
                        "ways": {"proposals": {"proposing": True}}},
    "box gradient off": {"model": "MNCJoint", "options": {"box_gradient": False}},
    "scoring": {"model": "MaskScoringRCNN",
                "ways": {"category's score": {"scoring": False}}},
    "mask alone": {"model": "MaskScoringRCNN", "options": {"features": False},
                   "ways": {"category's score": {"scoring": False}}},
    **{f"{k} prototypes": {"model": "YOLACT", "options": {"k": k}} for k in (8, 32)},
    "YOLACT": {"ways": {"greedy NMS": {"fast": False}, "larger boxes": {"wider": 0.5}}},
    "coordinates on": {"model": "Discriminative", "ways": {
        "true centres": {"told": ("centres",)},
        "true foreground": {"told": ("foreground",)}}},
    "coordinates off": {"model": "Discriminative", "options": {"coordinates": False}},
}
"""What the claims train, as `Setting.relative` takes it: k = 5 of several only once."""


class Gap(NamedTuple):
    """That a sum of figures lies between `low` and `high`.

    `figures` is the sum as it is read: "a/AR@10 - b/AR@10" is row a's less row b's.
    """

    figures: str
    low: float = 0.0
    high: float = inf

    @property
    def terms(self) -> list[tuple[int, str, str]]:
        """Sign, row and figure of each term.

        Example:
            >>> Gap("k = 5/AR@10 - k = 1/far and equal: AR@10").terms
            [(1, 'k = 5', 'AR@10'), (-1, 'k = 1', 'far and equal: AR@10')]
        """
        signs = re.split(r" ([+-]) ", f" + {self.figures}")[1:]
        return [(1 if sign == "+" else -1, *term.split("/"))
                for sign, term in zip(signs[::2], signs[1::2], strict=True)]

    def values(self, found: Mapping[str, Seeds]) -> list[float]:
        """The sum, seed by seed."""
        columns = [[sign * seed[figure] for seed in found[row]]
                   for sign, row, figure in self.terms]
        return [sum(each) for each in zip(*columns, strict=True)]


class Claim(NamedTuple):
    """A claim, what the paper printed for it and where that was seen, and the gaps."""

    number: int
    text: str
    paper: str
    source: str
    gaps: tuple[Gap, ...]

    @property
    def rows(self) -> list[str]:
        """The rows of `ROWS` that it needs."""
        return list(dict.fromkeys(row for gap in self.gaps for _, row, _ in gap.terms))


CLAIMS = (
    Claim(1, "one map cannot split touching objects", "FCIS without positions 52.5 / "
          "38.5, with 65.7 / 52.1 mAP^r@.5 / .7; InstanceFCN has no row k = 1",
          "KR-FCIS", (
              Gap("k = 5/touching: recall@70 - k = 1/touching: recall@70", 20),
              Gap("k = 5/touching: recall@70 - k = 1/touching: recall@70 "
                  "- k = 5/separated: recall@70 + k = 1/separated: recall@70"))),
    Claim(2, "more parts than 3 x 3 bring little", "AR@10 38.3, 38.9, 38.8 for k = 3, "
          "5, 7", "KR-INST", (Gap("k = 5/AR@10 - k = 3/AR@10", -3, 3),)),
    Claim(3, "local coherence beats layers for each window, the more with less data",
          "AR@10 37.4 against 31.2", "KR-INST", (
              Gap("k = 5/AR@10 - layers/AR@10"),
              Gap("k = 5, 100 scenes/AR@10 - layers, 100 scenes/AR@10 "
                  "- k = 5/AR@10 + layers/AR@10"))),
    Claim(4, "whole images teach more than crops", "AR@10 37.4 to 38.9", "KR-INST",
          (Gap("k = 5, whole/AR@10 - k = 5/AR@10"),)),
    Claim(5, "SharpMask gains where the overlap is high", "AR@1000 33.1 to 35.5, AUC "
          "19.4 to 20.9", "KR-SM", (
              Gap("SharpMask/AR@100 - DeepMask/AR@100"),
              Gap("SharpMask/recall@80 - DeepMask/recall@80 "
                  "- SharpMask/recall@50 + DeepMask/recall@50"))),
    Claim(6, "breakpoints are needed along rows and along columns", "none at hand",
          "-", (Gap("both/AR@10 - rows/AR@10"), Gap("both/AR@10 - columns/AR@10"))),
    Claim(7, "RoIAlign is better than RoIWarp and RoIPool, most at high overlap",
          "AP 30.3, 27.2, 26.9", "Mask R-CNN, ablations", (
              Gap("align/AP75 - warp/AP75"), Gap("align/AP75 - pool/AP75"),
              Gap("align/AP75 - pool/AP75 - align/AP50 + pool/AP50"))),
    Claim(8, "the box's gradient helps MNC", "mAP^r@.5 60.5 step by step, 62.6 end to "
          "end", "KR-MNC", (Gap("box gradient on/AP50 - box gradient off/AP50"),)),
    Claim(9, "masks that do not compete are better than a softmax over categories",
          "AP 30.3 by sigmoid, 24.8 by softmax", "Mask R-CNN, ablations",
          (Gap("sigmoid masks/AP - softmax masks/AP"),)),
    Claim(10, "one mask for all categories is nearly as good", "AP 29.7, and 30.3 with "
          "one for each", "Mask R-CNN, ablations",
          (Gap("agnostic masks/AP - sigmoid masks/AP", -2),)),
    Claim(11, "maps that draw and name at once beat maps of their own", "mAP^r@.7 52.1 "
          "jointly, 49.7 with separate maps", "KR-FCIS",
          (Gap("joint maps/mAP^r@0.7 - separate maps/mAP^r@0.7"),)),
    Claim(12, "a score of the mask changes the order, not the masks", "AP 34.2 to 35.6",
          "the released code", (
              Gap("scoring/AR@100 - scoring/category's score: AR@100", 0, 0),
              Gap("scoring/AP75 - scoring/category's score: AP75"),
              Gap("scoring/AP50 - scoring/category's score: AP50", -1, 1))),
    Claim(13, "the IoU of a mask is told better if the region's features are seen too",
          "AP 29.3, and 28.2 from the mask alone, with a ResNet-18",
          "the author, in issue 10 of the released code",
          # what scoring gains in each network, as their masks are not the same
          (Gap("scoring/AP75 - scoring/category's score: AP75 "
               "- mask alone/AP75 + mask alone/category's score: AP75"),)),
    Claim(14, "the number of prototypes hardly matters", "AP 26.8 with 8, 27.7 with 32",
          "YOLACT", (Gap("32 prototypes/AR@10 - 8 prototypes/AR@10", -3, 3),)),
    Claim(15, "a box that is too large lets a neighbour's pixels into YOLACT's mask, "
          "and less so where features are read again", "leakage is named, without a "
          "figure", "YOLACT, and issues 128 and 599 of its code", (
              # sides half as long again
              Gap("YOLACT/touching: best IoU - YOLACT/larger boxes: touching: best IoU "
                  "- align/touching: best IoU "
                  "+ align/larger boxes: touching: best IoU"),)),
    Claim(16, "Fast NMS loses little", "0.1 AP", "YOLACT", (
        Gap("YOLACT/AP50 - YOLACT/greedy NMS: AP50", -1, 1),
        Gap("YOLACT/many small: AP50 - YOLACT/greedy NMS: many small: AP50", -1, 1))),
    Claim(17, "the foreground costs more than the grouping", "AP 21.4; 22.9 with true "
          "centres, 37.5 with the true foreground", "KR-DISC", (
              Gap("coordinates on/true foreground: best IoU "
                  "- coordinates on/true centres: best IoU"),
              Gap("coordinates on/true foreground: best IoU "
                  "- coordinates on/best IoU"))),
    Claim(18, "without coordinates equal objects far apart are one", "a theorem",
          "the network commutes with shifts", (
              Gap("coordinates on/far and equal: best IoU "
                  "- coordinates off/far and equal: best IoU", 20),
              Gap("coordinates on/far and equal: best IoU "
                  "- coordinates off/far and equal: best IoU "
                  "- coordinates on/touching: best IoU "
                  "+ coordinates off/touching: best IoU"))),
    Claim(19, "the time of mean-shift grows with the objects", "300 to 400 ms of "
          "grouping, 15 ms of network", "issue 518 of a lane detector's code", (
              Gap("coordinates on/many small: ms an image "
                  "- coordinates on/separated: ms an image"),
              Gap("coordinates on/many small: ms an image "
                  "- coordinates on/separated: ms an image "
                  "- YOLACT/many small: ms an image + YOLACT/separated: ms an image"))),
    Claim(20, "masks of MNC's boxes lose among few proposals and win among many",
          "AR@10, 100, 1000 33.4, 48.5, 53.8 against 38.9, 49.7, 52.6", "KR-INST", (
              Gap("k = 5/AR@10 - box gradient on/proposals: AR@10"),
              Gap("box gradient on/proposals: AR@100 - k = 5/AR@100"))),
)


def asked(name: str) -> dict[str, Any]:
    """The row of that name, measured on the scene sets that any claim asks it for.

    Example:
        >>> asked("k = 1")["sets"], asked("SharpMask")["sets"]
        (('touching', 'separated'), ())
    """
    figures = [figure for claim in CLAIMS for gap in claim.gaps
               for _, row, figure in gap.terms if row == name]
    sets = tuple(one for one in SCENE_SETS if any(f"{one}: " in f for f in figures))
    return {**ROWS[name], "sets": sets}


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


def measured(found: Mapping[str, Seeds]) -> list[Claim]:
    """The claims all of whose figures are there.

    Example:
        >>> measured({"k = 1": [{"AR@10": 0.5}]})
        []
    """
    return [claim for claim in CLAIMS if all(
        figure in seed for gap in claim.gaps for _, row, figure in gap.terms
        for seed in found.get(row, [{}]))]


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


def claim_told(claim: Claim, found: Mapping[str, Seeds]) -> str:
    """A claim in Markdown: the paper's figures, the ranges, ours, the verdict."""
    gaps = [(gap, gap.values(found)) for gap in claim.gaps]
    said = [verdict(values, gap.low, gap.high) for gap, values in gaps]
    worst = next(word for word in (REFUTED, NOT_SHOWN, SHOWN) if word in said)
    lines = [f"## {claim.number}. {claim.text}: {worst}", "",
             f"The paper: {claim.paper} (source: {claim.source}).", ""]
    lines += [f"- {gap.figures}, between {gap.low:g} and {gap.high:g}: "
              f"{spread(values)}, {word}"
              for (gap, values), word in zip(gaps, said, strict=True)]
    return "\n".join([*lines, ""])
