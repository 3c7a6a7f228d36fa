"""Checks of lesson 12: sums of prototypes, the crop and its loss, Fast NMS, scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of

if TYPE_CHECKING:
    from ifcn_lab.data.scenes import SceneSet
    from ifcn_lab.league.rescoring import Replies

HALVES = np.zeros((2, 4, 4))
"""The left half and the upper half of 4 x 4 places."""
HALVES[0, :, :2] = HALVES[1, :2] = 1


def mix_prototypes(function: Callable[..., object]) -> None:
    """Exercise 12.1: the sum, as `function(prototypes, mix)`."""
    rng = np.random.default_rng(0)
    plain = "Each prototype times its coefficient, then all added."
    asked = [
        (np.array([[[2.0]]]), [0.5], "One prototype of one place: 2 times 0.5."),
        (np.ones((2, 1, 1)), [1.0, -0.25], plain),
        (HALVES, [1.0, -1.0], "A coefficient below 0 subtracts."),
        (rng.integers(0, 9, (3, 2, 4)) * 1.0, [0.5, -1.0, 0.25], plain),
    ]
    cases = [Case(f"{len(maps)} prototypes of {maps.shape[1]} x {maps.shape[2]}",
                  (maps, np.array(mix)), expected_sum(maps, mix), hint)
             for maps, mix, hint in asked]
    report("Exercise 12.1", function, cases, agree=close, rule=plain)


def expected_sum(
    prototypes: Float[np.ndarray, "k H W"], mix: Sequence[float]
) -> Float[np.ndarray, "H W"]:
    """The sum by the library.

    >>> expected_sum(np.ones((2, 1, 1)), [1.0, -0.25]).tolist()
    [[0.75]]
    """
    import torch

    from ifcn_lab.models.yolact import assembled

    own = torch.tensor([[*mix]], dtype=torch.float64)
    return assembled(torch.tensor(prototypes), own)[0].numpy()


def kept_places(function: Callable[..., object]) -> None:
    """Exercise 12.2: what the crop keeps, as `function(low, high, n)`."""
    asked = [
        (0.25, 0.75, 4, "Places 1 and 2 lie in the box; one more on each side."),
        (0.0, 0.5, 4, "The ends are -1 and 3; nothing lies before place 0."),
        (0.5, 1.0, 4, "The ends are 1 and 5; nothing lies behind place 3."),
        (0.3, 0.6, 4, "The ends are 0.2 and 3.4: nothing is rounded."),
        (0.1875, 0.475, 8, "The ends are 0.5 and 4.8: nothing is rounded."),
        (0.3125, 0.5, 16, "Place 4 is kept, as 4 <= 4; place 9 is not."),
    ]
    cases = [Case(f"from {low} to {high}, n = {n}", (low, high, n),
                  expected_places(low, high, n), hint) for low, high, n, hint in asked]
    report("Exercise 12.2", function, cases, rule="Every i of range(n) from "
           "low n - 1, that one included, to high n + 1, that one left out.")


def expected_places(low: float, high: float, n: int) -> list[int]:
    """The kept places by the library.

    >>> expected_places(0.25, 0.75, 4)
    [0, 1, 2, 3]
    """
    import torch

    from ifcn_lab.models.yolact import crop

    box = torch.tensor([[low * n, 0, high * n, 1]], dtype=torch.float64)
    return np.flatnonzero(crop(box, (1, n))[0, 0].numpy()).tolist()


def cropped_loss(function: Callable[..., object]) -> None:
    """Exercise 12.3: an object's loss, as `function(logits, wanted, inside, area)`."""
    golden = expected_sum(HALVES, [np.tanh(2), np.tanh(-2)])
    corner = np.zeros((4, 4))
    corner[2:, :2] = 1
    margin, tight = np.zeros((2, 4, 4), bool)
    margin[1:, :3] = tight[2:, :1] = True
    thin, one = np.zeros((4, 4)), np.ones((1, 1))
    thin[1] = 1
    asked = [
        ("one place, inside", (0 * one, one, one > 0, 1), "The loss is log 2."),
        ("one wanted place, outside", (-5 * one, one, one < 0, 1),
         "Outside, a wanted place costs 100, whatever the logit."),
        ("one place of the ground, outside", (5 * one, 0 * one, one < 0, 1),
         "Outside, a place that is not wanted costs nothing."),
        ("a box of 3.5 places", (golden, corner, margin, 3.5),
         "Divide by the area of the box, not by the places that are kept."),
        ("a box that is too tight", (golden, corner, tight, 2),
         "Two wanted places lie outside, 100 each; then divide by the area."),
        ("large logits", (2000 * (corner - 0.5) * -1, corner, margin, 4),
         "A place inside costs 1000 here; np.logaddexp(0, logits) does not overflow."),
        ("an object one place high", (golden, thin, thin < 2, 4),
         "Each wanted place counts: `wanted` is compared place by place."),
    ]
    cases = [Case(what, args, expected_loss(*args), hint) for what, args, hint in asked]
    report("Exercise 12.3", function, cases, agree=close, rule="Inside, the cross "
           "entropy of each place; outside, 100 for each wanted one; the sum by the "
           "area of the box.")


def expected_loss(
    logits: Float[np.ndarray, "H W"], wanted: Float[np.ndarray, "H W"],
    inside: Bool[np.ndarray, "H W"], area: float,
) -> float:
    """The loss by the library.

    >>> round(expected_loss(np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1)) > 0, 1),
    ...       6)
    0.693147
    """
    import torch

    from ifcn_lab.models.yolact import masked_loss

    three = (torch.tensor(each)[None] for each in (logits, wanted > 0, inside))
    return masked_loss(*three).item() / area


def fast_suppress(function: Callable[..., object]) -> None:
    """Exercise 12.4: Fast NMS, as `function(overlap, iou)`; numbers that stay."""
    chain = [[1, 0.6, 1 / 3], [0.6, 1, 0.6], [1 / 3, 0.6, 1]]
    largest = "The largest overlap with a better box is compared with the limit."
    several = np.eye(6)
    for i, j, value in ((0, 2, 0.7), (0, 4, 0.3), (0, 5, 0.55), (1, 3, 0.4),
                        (3, 4, 0.25)):
        several[i, j] = several[j, i] = value
    asked = [
        (np.ones((1, 1)), 0.5, "A box does not remove itself: leave the diagonal out."),
        (np.eye(3), 0.5, "Nothing overlaps: all stay."),
        (np.array([[1, 0.6], [0.6, 1]]), 0.5, "The better of two stays, number 0."),
        (np.array([[1, 0.5], [0.5, 1]]), 0.5, "At the limit itself a box stays."),
        (np.array(chain), 0.5, "The chain: B has gone, and still removes C."),
        (several, 0.5, largest), (several, 0.3, largest),
    ]
    cases = [Case(f"{len(table)} box{'es' * (len(table) > 1)}, limit {iou}",
                  (table, iou), expected_fast(table, iou), hint)
             for table, iou, hint in asked]
    report("Exercise 12.4", function, cases, rule="A box stays if no better one, kept "
           "or not, overlaps it by more than the limit.")


def expected_fast(overlap: Float[np.ndarray, "N N"], iou: float) -> list[int]:
    """Fast NMS pair by pair.

    >>> expected_fast(np.array([[1, 0.6], [0.6, 1]]), 0.5)
    [0]
    """
    return [j for j in range(len(overlap))
            if not any(overlap[i, j] > iou for i in range(j))]


def told_iou(function: Callable[..., object]) -> None:
    """Exercise 12.5: what the head should say, as `function(logits, wanted, area)`."""
    logits = np.array([[0.45, 0.1], [-0.2, -2.0]])
    wanted = np.array([[True, True], [False, False]])
    asked = [
        ("a perfect mask of one place", (np.ones((1, 1)), np.ones((1, 1)) > 0, 1),
         "One place, found: the IoU is 1."),
        ("logits of 0.45 and 0.1", (logits, wanted, 2),
         "The probability is 1/2 where the logit is 0: cut there."),
        ("half of the object outside", (2 * logits, wanted, 4),
         "The places outside are missed: they belong to the union."),
        ("a mask half beside the object", (logits * [[1, -1], [-1, -1]], wanted, 2),
         "One place is in both, and four are in one of them or in both."),
        ("an empty mask", (logits - 9, wanted, 3), "Nothing is shared: 0."),
        ("a logit of exactly 0", (np.zeros((2, 2)) + wanted, wanted, 3),
         "A place belongs to the mask above 1/2, not at it."),
    ]
    cases = [Case(what, args, expected_iou_told(*args), hint)
             for what, args, hint in asked]
    report("Exercise 12.5", function, cases, agree=close, rule="Cut the logits at 0; "
           "shared places by the union, in which the whole object counts.")


def expected_iou_told(
    logits: Float[np.ndarray, "P P"], wanted: Bool[np.ndarray, "P P"], area: float
) -> float:
    """The IoU by the library.

    >>> expected_iou_told(np.ones((1, 1)), np.ones((1, 1)) > 0, 2)
    0.5
    """
    import torch

    from ifcn_lab.models.mask_scoring import mask_iou_of_cut

    box = torch.tensor([[0.0, 0, logits.shape[1], logits.shape[0]]])
    return mask_iou_of_cut(torch.tensor(logits > 0)[None], torch.tensor(wanted)[None],
                           torch.tensor([float(area)]), box).item()


SCENES, GAIN = 32, 0.002
"""How many scenes, and how much more AP than with the scores as they are."""


def crisp_scores(function: Callable[..., object]) -> None:
    """Exercise 12.6: other scores, as `function(scores, soft)`."""
    judge("Exercise 12.6", crisp_trials(function),
          "AP is higher than with the network's scores")


def crisp_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """One score for each mask; then AP over scenes nobody trained on."""
    first = answered()[0]
    yield Trial("the masks of one scene", partial(new_scores, function, first),
                partial(no_scores, len(first.scores)),
                "Return one number for each mask; the highest comes first.")
    yield Trial(f"{SCENES} scenes", partial(gain, function), no_gain,
                "Which masks have probabilities near 1/2, and how many?")


@cache
def asked_scenes() -> SceneSet:
    """The scenes of the check; the lesson shows others."""
    from ifcn_lab.data.scenes import SCENE_SETS, SceneSet

    return SceneSet(SCENES, start=1_000_400, **SCENE_SETS["mixed sizes"])


@cache
def answered() -> list[Replies]:
    """What the shipped YOLACT says of them."""
    from ifcn_lab.league.rescoring import answers
    from ifcn_lab.models.yolact import YOLACT

    return answers(YOLACT.from_pretrained(), asked_scenes())


def new_scores(function: Callable[..., object], each: Replies) -> object:
    """What the learner gives for copies of one scene's answers."""
    return function(each.scores.copy(), each.soft.copy())


def no_scores(count: int, answer: Any) -> str | None:
    """Say what keeps an answer from being a score for each mask."""
    values = array_of(answer)
    if values.shape != (count,) or values.dtype.kind not in "biuf":
        return f"{count} scores are asked for, one a mask."
    return None if np.isfinite(values).all() else "A score is NaN or infinite."


def gain(function: Callable[..., object]) -> float:
    """How much AP rises with the learner's scores."""
    from ifcn_lab.league.rescoring import precision

    found, scenes = answered(), asked_scenes()
    own = precision(found, scenes, lambda each: np.asarray(
        array_of(new_scores(function, each)), float)).at()
    return own - precision(found, scenes, lambda each: each.scores).at()


def no_gain(rise: float) -> str | None:
    """Say that the new order is no better."""
    if rise >= GAIN:
        return None
    return (f"AP changes by {100 * rise:+.1f} points; {100 * GAIN:.1f} or more are "
            "asked for.")
