"""Checks of lesson 6: overlap of boxes, suppression, recall."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of

if TYPE_CHECKING:
    from ifcn_lab.data import Sample
    from ifcn_lab.segmenter import Instances

Box = tuple[int, ...] | Int[np.ndarray, "4"]


def exact_zoom(function: Callable[..., object]) -> None:
    """Exercise 6.1: the zoom that makes an object fit, as `function(length, right)`."""
    asked = [
        (48, 48, "An object of the right size fits as it is, at zoom 1."),
        (24, 48, "An object of half the size needs zoom 2: the picture grows."),
        (96, 48, "A large object needs a smaller picture: a zoom below 1."),
        (34, 59, "The zoom times the length is the right size."),
    ]
    cases = [Case(f"length {length}, right size {right}", (length, right),
                  right / length, hint) for length, right, hint in asked]
    report("Exercise 6.1", function, cases, agree=close,
           rule="The zoom times the length is the right size.")


def box_overlap(function: Callable[..., object]) -> None:
    """Exercise 6.2: IoU of two boxes, as `function(a, b)`."""
    half_open = "Boxes are half-open: the width is x1 - x0, without + 1."
    apart = "Boxes that do not meet share 0 pixels: cut negative widths off with max."
    asked = [
        ((0, 0, 2, 2), (0, 0, 2, 2), "A box and itself: 1."),
        ((1, 1, 3, 4), (0, 0, 2, 3), half_open),
        ((2, 5, 6, 9), (1, 6, 9, 12), "The union is both areas less what they share."),
        ((1, 6, 9, 12), (2, 5, 6, 9), "The other way round it is the same."),
        ((0, 0, 2, 2), (5, 0, 6, 2), apart),
        ((0, 7, 2, 9), (1, 2, 3, 4), apart),
        ((0, 0, 2, 2), (5, 7, 6, 9), "Apart in x and in y: minus times minus is plus."),
    ]
    cases = [Case(f"a = {a}, b = {b}", (a, b), expected_iou(a, b), hint)
             for a, b, hint in asked]
    report("Exercise 6.2", function, cases, agree=close, rule="Shared area by union; "
           "draw both boxes and count the pixels of each.")


def expected_iou(a: Box, b: Box) -> float:
    """IoU of two boxes by the library's definition.

    >>> expected_iou((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    from ifcn_lab.layers.nms import pair_iou

    return pair_iou(np.array(a), np.array(b))


def suppress(function: Callable[..., object]) -> None:
    """Exercise 6.3: greedy NMS, as `function(boxes, scores, iou)`; indices kept."""
    from ifcn_lab.layers.nms import nms_pairwise

    row = np.array([[x, 0, x + 10, 10] for x in (0, 1, 3, 30)])
    asked = [
        (row[:1], [0.9], 0.5, "One box is always kept: return its index, 0."),
        (row[[0, 3]], [0.4, 0.6], 0.5, "Nothing overlaps: all are kept, best first."),
        (row[:2], [0.4, 0.6], 0.5, "The better of two remains, here number 1."),
        (row, [0.9, 0.8, 0.7, 0.6], 0.6,
         "A box that is gone suppresses nobody: compare with the kept ones only."),
        (row[[0, 3, 1]], [0.9, 0.8, 0.7], 0.6, "Compare with every kept box."),
        (row[[3, 0, 1]], [0.9, 0.8, 0.7], 0.6, "One kept box that overlaps is enough."),
        (row[[0, 2]], [0.9, 0.8], 0.5, "IoU 7 / 13 is above the limit: one goes."),
        (row[[0, 2]], [0.9, 0.8], 0.6, "IoU 7 / 13 is below the limit: both stay."),
        (row[[0, 0]], [0.9, 0.8], 1.0, "A box goes when its IoU is above the limit."),
    ]
    cases = []
    for boxes, scores, iou, hint in asked:
        kept = nms_pairwise(boxes, np.array(scores), iou)
        what = f"{len(boxes)} box{'es' * (len(boxes) > 1)}, limit {iou}"
        cases.append(Case(what, (boxes, np.array(scores), iou), kept, hint))
    report("Exercise 6.3", function, cases, rule="From the best score to the worst: a "
           "box goes if its IoU with some kept box is above the limit.")


def recall(function: Callable[..., object]) -> None:
    """Exercise 6.4: recall, as `function(overlap, n, iou)`; overlap is (N, M)."""
    none = np.zeros((3, 2))
    fits = np.array([[0.9, 0.1], [0.2, 0.6], [0.1, 0.8]])
    twice = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]])
    asked = [
        (np.array([[0.7]]), 1, 0.5, "One object, found: recall 1."),
        (none, 3, 0.5, "Nothing overlaps: recall 0."),
        (fits, 1, 0.5, "Only the first n proposals count."),
        (fits - [0, 0.4], 1, 0.5, "Rows are proposals: overlap[:n]."),
        (twice, 2, 0.5, "One object of three is found, by both proposals."),
        (fits, 1, 0.7, "Only the first n proposals count."),
        (fits, 3, 0.7, "Columns are objects: take the best proposal of each."),
        (fits, 3, 0.9, "At the limit itself an object is found: use >=."),
    ]
    cases = [
        Case(f"{overlap.shape[1]} object{'s' * (overlap.shape[1] > 1)}, n = {n}, "
             f"IoU {iou}", (overlap, n, iou), share_found(overlap, n, iou), hint)
        for overlap, n, iou, hint in asked
    ]
    report("Exercise 6.4", function, cases, agree=close, rule="Of all objects, the "
           "share that one of the first n proposals overlaps by iou or more.")


def share_found(overlap: Float[np.ndarray, "N M"], n: int, iou: float) -> float:
    """The share of objects that some of the first n proposals overlap enough.

    >>> share_found(np.array([[0.9, 0.1], [0.2, 0.6]]), 2, 0.5)
    1.0
    """
    return float((overlap[:n].max(0) >= iou).mean())


SCENES, GAIN = 12, 0.01
"""How many scenes, and how much more AR@10 than objectness alone."""


class Ranked(NamedTuple):
    """A scene, its proposals, and the windows they came from, as logits (N, m, m)."""

    sample: Sample
    proposals: Instances
    windows: Float[np.ndarray, "N m m"]


def rescore(function: Callable[..., object]) -> None:
    """Exercise 6.5: a better order, as `function(scores, masks, windows)`."""
    judge("Exercise 6.5", rescore_trials(function),
          "AR@10 is higher than that of objectness by the bar or more")


def rescore_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """One score for each proposal; then AR@10 over scenes nobody trained on."""
    first = ranked(0)
    yield Trial("the proposals of one scene", partial(new_scores, function, first),
                partial(no_scores, len(first.proposals)),
                "Return one number for each proposal; the highest comes first.")
    every = [ranked(n) for n in range(SCENES)]
    yield Trial(f"{SCENES} scenes",
                lambda: [new_scores(function, each) for each in every],
                partial(no_gain, every),
                "Of ten masks that show the same object nine are wasted. And a window "
                "whose logits are near 0 is not sure of its mask.")


@cache
def ranked(number: int) -> Ranked:
    """The best 100 proposals of a scene, with their windows; made once."""
    import torch

    from ifcn_lab.data.scenes import SceneSet
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.segmenter import to_tensor
    from ifcn_lab.windows import propose, score_level

    net = InstanceFCN.from_pretrained("scenes").rated("objectness")
    sample = SceneSet(SCENES, start=1_000_100, style="wild")[number]
    found = propose(net, sample.image, top=100)
    image = to_tensor(sample.image)
    levels = [score_level(net, image, zoom) for zoom in found.zooms]
    windows = [net.windows(levels[of].maps, torch.tensor([[y, x]]), fill=-9.0)[0]
               for of, y, x in found.windows.tolist()]
    return Ranked(sample, found, torch.stack(windows).numpy())


def new_scores(function: Callable[..., object], scene: Ranked) -> Any:
    """What a learner's function says of a scene; it gets copies."""
    found = scene.proposals
    return function(found.scores.copy(), found.masks, scene.windows.copy())


def no_scores(count: int, returned: Any) -> str | None:
    """Say where these are no scores of so many proposals."""
    scores = array_of(returned)
    if scores.shape != (count,):
        return f"Expected are {count} scores; yours has shape {scores.shape}."
    if scores.dtype.kind not in "biuf" or not np.isfinite(scores).all():
        return "Every score has to be a finite number."
    return None


def no_gain(scenes: list[Ranked], scores: list[Any]) -> str | None:
    """Say where AR@10 is too low."""
    base = recall_of(scenes, [each.proposals.scores for each in scenes])
    now = recall_of(scenes, scores)
    if now >= base + GAIN:
        return None
    return (f"AR@10 is {now:.3f} with your scores and {base:.3f} with objectness "
            f"alone; at least {base + GAIN:.3f} is asked.")


def recall_of(scenes: list[Ranked], scores: list[Any]) -> float:
    """AR@10 of the scenes' proposals, in the order of these scores."""
    from ifcn_lab.metrics import average_recall

    found = []
    for scene, new in zip(scenes, scores, strict=True):
        given = array_of(new).astype(float)
        order = np.argsort(-given, kind="stable")
        found.append(replace(scene.proposals.take(order), scores=given[order]))
    samples = [scene.sample for scene in scenes]
    return float(average_recall(found, samples, ns=(10,))[10])
