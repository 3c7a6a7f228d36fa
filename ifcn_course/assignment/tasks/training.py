"""Lesson 5 for a class: its own labels, its own loss, copies in its own order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from ifcn_course.assignment.scores import ClassScene, grids
from ifcn_course.assignment.sheet import SIDE, STRIDE, Sheet, first_steps
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.tasks.counting import number_task
from ifcn_course.assignment.variant import Variant
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.windows.labels import WindowRule, label_windows

CODES = ((2, 1, 0), (0, 1, 2), (1, 2, 0), (-1, 1, 0), (5, -5, 0), (1, -1, 0))
"""What stands for positive, negative, ignored; lesson 5 has 1, 0, -1."""

EDGES = {
    "a value that equals a tolerance does not meet it": ("<", ">"),
    "a value that equals a tolerance meets it for a positive window, not for a "
    "negative one": ("<=", ">"),
    "a value that equals a tolerance meets it for a negative window, not for a "
    "positive one": ("<", ">="),
}
LOSSES = {
    "weighted": ("the term of target 1 counts **{n} times**: -{n} t log(p) - (1 - t) "
                 "log(1 - p)",
                 "return -{n} * t * np.log(p) - (1 - t) * np.log(1 - p)"),
    "focal": ("a place that is right already counts less: -(1 - p)^{n} t log(p) - "
              "p^{n} (1 - t) log(1 - p)",
              "return (-((1 - p) ** {n}) * t * np.log(p)\n"
              "        - p**{n} * (1 - t) * np.log(1 - p))"),
    "smoothed": ("targets are drawn to the middle first: t becomes t (1 - 1/{n}0) + "
                 "1/{n}0 / 2; then -t log(p) - (1 - t) log(1 - p)",
                 "t = t * (1 - 1 / {n}0) + 1 / {n}0 / 2\n"
                 "return -t * np.log(p) - (1 - t) * np.log(1 - p)"),
}


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 5 for one class."""
    draws, scene = variant.draws, ClassScene(variant)
    codes, edge = draws.one("codes", CODES), draws.one("edge", list(EDGES))
    loss, n = draws.one("loss", list(LOSSES)), draws.whole("loss number", 2, 4)
    centers = positive_centers(scene)
    tasks = (number_task(variant), label_task(codes, edge), loss_task(loss, n),
             copies_task(scene, centers), weighted_task(variant, centers),
             scene_loss_task(scene, loss, n))
    return Sheet("Training", "You label windows, write the loss of your class and "
                 "count which scores training asks for.", first_steps(variant), tasks,
                 {"labels": list(codes), "edge": edge, "loss": loss, "loss number": n})


def label_task(codes: tuple[int, int, int], edge: str) -> Task:
    """The label of a window, in the class's codes."""
    rule = (0.1, 0.3, 0.2, 1.0)
    asked = [(0.0, 0.0, "Nothing is off: positive."), (0.5, 0.0, "Far off: negative."),
             (0.15, 0.1, "In between: ignored."), (0.0, 1.5, "Another size: negative."),
             (0.1, 0.0, "It equals `near`."), (0.2, 0.1, "It equals `far`."),
             (0.0, 0.3, "It equals `fits`."), (0.1, 1.0, "It equals `other`.")]
    cases = tuple(Asked(f"{distance} of the side off, {octaves} octaves off",
                        (distance, octaves, rule), hint)
                  for distance, octaves, hint in asked)
    below, above = EDGES[edge]
    lines = ("near, fits, far, other = rule\n"
             f"if distance {below} near and octaves {below} fits:\n"
             f"    return {codes[0]}\n"
             f"if distance {above} far or octaves {above} other:\n"
             f"    return {codes[1]}\n"
             f"return {codes[2]}")
    return Task("label(distance, octaves, rule)", "Label a window",
        "`rule` holds four numbers: near, fits, far, other.\nA window is positive if "
        "its object is off the middle by no more than `near` and off in size by no "
        "more than `fits` octaves; negative if it is off the middle by `far` or off in "
        f"size by `other` octaves; else ignored.\nIn your class **{edge}**.\nReturn "
        f"**{codes[0]}** for positive, **{codes[1]}** for negative, **{codes[2]}** for "
        "ignored.", lines,
        lambda distance, octaves, rule: labelled(distance, octaves, rule, codes, edge),
        cases)


def labelled(
    distance: float, octaves: float, rule: tuple[float, ...],
    codes: tuple[int, int, int], edge: str,
) -> int:
    """The label by arithmetic: a small step towards the middle, or away, at an edge."""
    below, above = EDGES[edge]
    inner = 1e-9 if "=" in below else -1e-9
    outer = 1e-9 if "=" in above else -1e-9
    slack = np.array([rule[0] - distance, rule[1] - octaves])
    excess = np.array([distance - rule[2], octaves - rule[3]])
    if (slack + inner > 0).all():
        return codes[0]
    return codes[1] if (excess + outer > 0).any() else codes[2]


def loss_task(loss: str, n: int) -> Task:
    """The loss of one place, the class's kind."""
    words, lines = (text.format(n=n) for text in LOSSES[loss])
    asked = [(0.0, 1), (2.0, 1), (2.0, 0), (-1.5, 1), (-3.0, 0), (0.5, 0.25)]
    cases = calls("logit {}, target {}", "p = 1 / (1 + exp(-z)).", asked)
    return Task("pixel_loss(z, t)", "The loss of a place",
        "Write the loss of one place with logit z and target t, where p = 1 / (1 + "
        f"exp(-z)).\nIn your class {words}.", f"p = 1 / (1 + np.exp(-z))\n{lines}",
        lambda z, t: float(lost(z, t, loss, n)), cases, agree="close")


def lost(
    z: Float[np.ndarray, "*s"] | float, t: Float[np.ndarray, "*s"] | float, loss: str,
    n: int,
) -> Float[np.ndarray, "*s"] | float:
    """The loss, from log p = -log(1 + exp(-z)): no logarithm of a small number."""
    yes, no = np.logaddexp(0, -z), np.logaddexp(0, z)    # -log(p), -log(1 - p)
    if loss == "smoothed":
        t = t + (0.5 - t) / (10 * n)
    if loss == "weighted":
        yes = n * yes
    if loss == "focal":
        yes, no = np.exp(-n * no) * yes, np.exp(-n * yes) * no
    return t * yes + (1 - t) * no


def positive_centers(scene: ClassScene) -> Int[np.ndarray, "P 2"]:
    """The centres of all positive windows of the class's scene."""
    labels = label_windows(tight_boxes(scene.scene.masks), (SIDE, SIDE), stride=STRIDE,
                           m=scene.variant.m, rule=WindowRule(scale_tolerance=0.9))
    return np.argwhere(labels.label == 1)


def copies(
    variant: Variant, centers: Sequence | Int[np.ndarray, "P 2"], k: int, m: int,
    h: int, w: int,
) -> Int[np.ndarray, "kk h w"]:
    """How often each score is copied, in the class's order, window by window."""
    channel = variant.channels(k, m)
    counts = np.zeros((k * k, h, w), np.int64)
    i, j = np.indices((m, m))
    for y, x in np.asarray(centers).tolist():
        row, column = y - m // 2 + i, x - m // 2 + j
        on = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        counts[channel[on], row[on], column[on]] += 1  # no score twice in one window
    return counts


def copies_task(scene: ClassScene, centers: Int[np.ndarray, "P 2"]) -> Task:
    """How often each score is copied, and a printed target on the class's scene."""
    variant, k, m = scene.variant, scene.variant.k, scene.variant.m
    asked = [([(1, 1)], other, other + 1, other + 2, other + 1)
             for other in grids(variant)]
    asked += [([(3, 3), (3, 4), (0, 6)], k, m, m, m - 2), ([(m, 1)] * 3, k, m, m, m)]
    cases = tuple(Asked(f"k = {k}, m = {m}, {len(places)} windows, {h} x {w} places",
                        (places, k, m, h, w), "Off the map nothing is copied; a window "
                        "that is listed twice counts twice.")
                  for places, k, m, h, w in asked)
    lines = """\
counts = np.zeros((k * k, H, W), int)
for y, x in centers:
    for i, j in np.ndindex(m, m):
        row, column = y - m // 2 + i, x - m // 2 + j
        if 0 <= row < H and 0 <= column < W:
            c = part_number(i * k // m, j * k // m, k)
            counts[c, row, column] += 1
return counts"""
    total = int(copies(variant, centers, k, m, SIDE, SIDE).sum())
    return Task("count_copies(centers, k, m, H, W)", "How often is a score copied?",
        "Count, for windows at `centers`, how often each score is copied: an array of "
        "k * k maps of H x W, in your order.\nWhat lies off the map is left out.",
        lines, lambda centers, k, m, h, w: copies(variant, centers, k, m, h, w), cases,
        before=(Lead(SCENE, POSITIVE.format(seed=variant.scene)),),
        tried=Tried("count_copies(positive, K, M, 32, 32).sum()", "a whole number",
                    "The positive windows of your scene copy "
                    f"**{total}** scores. Do yours?", total))


SCENE = """\
## Your scene

A scene of your class.
`positive` are the centres of its positive windows, under the library's rule with a wide tolerance of size."""  # noqa: E501
POSITIVE = """\
from ifcn_lab.windows.oracle import coverage
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.windows.labels import WindowRule, label_windows

scene, rule = scenes.make({seed}), WindowRule(scale_tolerance=0.9)
covered = coverage(scene.masks, 4) > 0.5  # (objects, 32, 32)
boxes = tight_boxes(scene.masks)
labels = label_windows(boxes, (32, 32), stride=4, m=M, rule=rule)
positive = np.argwhere(labels.label == 1)
draw.show(draw.window_labels(scene.image, labels, stride=4))"""


def weighted_task(variant: Variant, centers: Int[np.ndarray, "P 2"]) -> Task:
    """A number: map numbers times the places that were copied."""
    k, m = variant.k, variant.m
    taught = (copies(variant, centers, k, m, SIDE, SIDE) > 0).sum((1, 2))
    lines = """\
counts = count_copies(positive, K, M, 32, 32)
return (np.arange(K * K) * (counts > 0).sum((1, 2))).sum()"""
    return Task("scores_copied()", "The scores that learn",
        "Count the copies of the `positive` windows of your scene.\nIn each map count "
        "the places that are copied at least once, and return 0 times the number of "
        "map 0 plus 1 times that of map 1 plus 2 times that of map 2, and so "
        "on.", lines,
        lambda: int((np.arange(k * k) * taught).sum()),
        (Asked("the weighted sum", (), "Your order decides which count is multiplied "
               "by what.", 2),))


def scene_loss_task(scene: ClassScene, loss: str, n: int) -> Task:
    """A number: the loss of a map over the class's scene."""
    draws = scene.variant.draws
    factor, shift = draws.whole("logit factor", 3, 9), draws.whole("logit shift", 5, 8)
    logits = (factor * np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 13 - shift) / 2
    target = scene.covered.any(0).astype(float)
    lines = f"""\
z = ({factor} * np.arange(32 * 32).reshape(32, 32) % 13 - {shift}) / 2
t = covered.any(0).astype(float)
return pixel_loss(z, t).mean()"""
    return Task("loss_of_scene()", "The loss of a map",
        f"Take as logits `({factor} * np.arange(32 * 32).reshape(32, 32) % 13 - {shift}"
        ") / 2`, and as targets 1 at every place that some object covers, else 0.\n"
        "Return the mean of your loss over all 32 x 32 places.", lines,
        lambda: float(lost(logits, target, loss, n).mean()),
        (Asked("the mean", (), "`covered.any(0)` is True at covered places.", 3),),
        agree="close")
