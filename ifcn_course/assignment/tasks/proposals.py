"""Lesson 6 for a class: boxes in its own format, suppression, recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ifcn_course.assignment.scores import ClassScene
from ifcn_course.assignment.sheet import Sheet, first_step, wrapped
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.variant import Variant
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.nms import nms_pairwise, pair_iou

FORMATS = {
    "corner and size":
        ("(x, y, width, height), with the corner at the top left",
         "x, y, w, h = box\nreturn x, y, x + w, y + h"),
    "middle and size":
        ("(x, y, width, height), with (x, y) in the *middle* of the box",
         "x, y, w, h = box\nreturn x - w / 2, y - h / 2, x + w / 2, y + h / 2"),
    "last pixels":
        ("(x0, y0, x1, y1), where x1 and y1 are the last pixels *inside* the box",
         "x0, y0, x1, y1 = box\nreturn x0, y0, x1 + 1, y1 + 1"),
}
"""How a box is written; the lessons write (x0, y0, x1, y1), half-open."""

LIMITS = {"at least": (">=", "by `iou` or more"), "above": (">", "by more than `iou`")}
Box = Sequence[float | int]


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 6 for one class."""
    draws = variant.draws
    kind, limit = draws.one("format", list(FORMATS)), draws.one("limit", list(LIMITS))
    iou = draws.one("iou", (0.45, 0.55, 0.6, 0.65, 0.7))
    ladder = draws.one("ladder", ((0.4, 0.05), (0.5, 0.04), (0.45, 0.06), (0.55, 0.03)))
    own = candidates(ClassScene(variant), kind)
    tasks = (corners_task(kind), overlap_task(own), suppress_task(kind),
             recall_task(limit), kept_task(own, iou),
             found_task(own, limit, thresholds(ladder)))
    opening = (
        first_step(variant),
        Lead(f"## Your boxes\n\nIn your class a box is written **{FORMATS[kind][0]}**."
             "\nLengths are pixels. The lessons write (x0, y0, x1, y1), half-open. You "
             "do not."),
    )
    return Sheet("From score maps to proposals", "You suppress doubles and measure "
                 "recall, with boxes that are written in your class's own way.",
                 opening, tasks, {"format": kind, "limit": limit, "iou": iou,
                                  "thresholds": list(thresholds(ladder))},
                 uses=("m", "scene"))


def written(box: Int[np.ndarray, "4"], kind: str) -> list[float | int]:
    """A half-open box in the class's format.

    >>> written(np.array([2, 1, 6, 4]), "corner and size")
    [2, 1, 4, 3]
    >>> written(np.array([2, 1, 6, 4]), "last pixels")
    [2, 1, 5, 3]
    """
    x0, y0, x1, y1 = box.tolist()
    if kind == "middle and size":
        return [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]
    last = [x1 - 1, y1 - 1] if kind == "last pixels" else [x1 - x0, y1 - y0]
    return [x0, y0, *last]


def read(box: Box, kind: str) -> Float[np.ndarray, "4"]:
    """The half-open box that a box in the class's format means."""
    first, last = np.asarray(box, float).reshape(2, 2)
    if kind == "middle and size":
        first = first - last / 2
    reach = last + 1 if kind == "last pixels" else first + last
    return np.concatenate([first, reach])


class Candidates(NamedTuple):
    """The boxes of a class in its format: its objects', and candidates with scores."""

    scene: int
    kind: str
    objects: list[list[float | int]]
    boxes: list[list[float | int]]
    scores: list[float]


def candidates(scene: ClassScene, kind: str) -> Candidates:
    """Boxes near the tight boxes of the class's objects, each with a score.

    They are whole pixels, drawn for the class, and no two scores are equal.
    """
    draws, made, tight = scene.variant.draws, [], tight_boxes(scene.scene.masks)
    for number, box in enumerate(tight):
        for turn in range(7):
            moved = [draws.whole(f"box {number} {turn} {side}", -6, 6)
                     for side in range(4)]
            made.append(np.array(box) + moved * np.array(turn > 0))
    order = draws.shuffled("box order", range(len(made)))
    ranks = draws.shuffled("box scores", range(len(made)))
    return Candidates(scene.variant.scene, kind, [written(box, kind) for box in tight],
                      [written(np.array(made[n]), kind) for n in order],
                      [(rank + 1) / 64 for rank in ranks])


def corners_task(kind: str) -> Task:
    """The lesson's corners from a box in the class's format."""
    asked = [(0, 0, 4, 2), (2, 1, 6, 7), (10, 20, 40, 24)]
    cases = tuple(Asked(f"box {tuple(box)}", (tuple(box),), "Right and bottom are just "
                        "outside the box.")
                  for box in (written(np.array(each), kind) for each in asked))
    return Task("corners(box)", "Read a box",
        f"Return the corners (x0, y0, x1, y1), half-open, of a box in your format: "
        f"{FORMATS[kind][0]}.\nLater tasks may call this function.", FORMATS[kind][1],
        lambda box: tuple(read(box, kind).tolist()), cases, agree="close")


def overlap_task(own: Candidates) -> Task:
    """IoU of two boxes in the class's format, and a printed target on its scene."""
    kind = own.kind
    asked = [((0, 0, 2, 2), (0, 0, 2, 2)), ((0, 0, 4, 4), (1, 1, 3, 2)),
             ((0, 0, 6, 4), (4, 2, 8, 6)), ((0, 0, 2, 2), (5, 7, 6, 9)),
             ((3, 2, 17, 30), (5, 4, 20, 21))]
    pairs = [tuple(tuple(written(np.array(box), kind)) for box in pair)
             for pair in asked]
    cases = calls("a = {}, b = {}", "Take the corners of both first; "
                  "cut negative widths off.", pairs)
    lines = """\
(ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = corners(a), corners(b)
width = max(0, min(ax1, bx1) - max(ax0, bx0))
height = max(0, min(ay1, by1) - max(ay0, by0))
areas = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0)
return width * height / (areas - width * height)"""
    return Task("box_overlap(a, b)", "IoU in your format",
        "Write the IoU of two boxes in your format.", lines,
        lambda a, b: float(pair_iou(read(a, kind), read(b, kind))), cases,
        agree="close", before=(scene_step(own),), tried=overlap_target(kind, own.boxes))


def overlap_target(kind: str, boxes: list[list[float | int]]) -> Tried:
    """The two candidates that overlap most without being one, and their IoU."""
    ious = {(i, j): float(pair_iou(read(boxes[i], kind), read(boxes[j], kind)))
            for i in range(len(boxes)) for j in range(i)}
    (i, j), iou = max(((pair, iou) for pair, iou in ious.items() if iou < 1),
                      key=lambda item: item[1])
    return Tried(f"box_overlap(boxes[{i}], boxes[{j}])", "a number", f"Boxes {i} and "
                 f"{j} of your scene have an IoU of **{iou:.4f}**. Do yours?", iou)


def scene_step(own: Candidates) -> Lead:
    """The class's scene, its objects' boxes and the candidates, as lists."""
    code = (f"scene = scenes.make({own.scene})\nobjects = {rows(own.objects)}\n"
            f"boxes = {rows(own.boxes)}\nscores = {wrapped(own.scores)}\n"
            "draw.show(pictures.scene_windows(scene.image, scene.masks, [], M))")
    return Lead("## Your scene\n\nA scene of your class.\n`objects` are the tight "
                "boxes of its objects, `boxes` are candidates, and `scores` say how "
                "good each candidate is. All boxes are in your format.", code)


def rows(boxes: list[list[float | int]]) -> str:
    """Boxes as source, several in a line of at most 79 characters."""
    lines, line = [], "   "
    for box in boxes:
        word = f" {tuple(box)},"
        if len(line) + len(word) > 79:
            lines, line = [*lines, line], "   "
        line += word
    return "[\n" + "\n".join([*lines, line]) + "\n]"


def kept_boxes(
    boxes: Sequence[Box], scores: Sequence[float], iou: float, kind: str
) -> list[int]:
    """Greedy NMS by the library, on the corners."""
    corners = np.array([read(box, kind) for box in boxes])
    return [int(i) for i in nms_pairwise(corners, np.array(scores), iou)]


def suppress_task(kind: str) -> Task:
    """Greedy NMS on boxes in the class's format."""
    row = [written(np.array([x, 0, x + 10, 10]), kind) for x in (0, 1, 3, 30)]
    tall = [written(np.array(box), kind) for box in
            ([0, 0, 10, 30], [0, 0, 30, 10], [0, 2, 10, 32], [0, 4, 12, 30])]
    asked = [(row[:1], [0.4], 0.5), (row[:2], [0.4, 0.6], 0.5),
             (row, [0.9, 0.8, 0.7, 0.6], 0.6), (tall, [0.5, 0.9, 0.6, 0.7], 0.55),
             (tall + row, FALLING, 0.7)]
    cases = tuple(Asked(f"{len(boxes)} boxes, limit {iou}", (boxes, scores, iou),
                        "Compare with boxes that are kept only, best first.")
                  for boxes, scores, iou in asked)
    lines = """\
kept = []
for i in sorted(range(len(boxes)), key=lambda n: -scores[n]):
    if all(box_overlap(boxes[i], boxes[j]) <= iou for j in kept):
        kept.append(i)
return kept"""
    return Task("suppress(boxes, scores, iou)", "Suppress doubles",
        "Write greedy NMS on boxes in your format, from the best score to the worst.\n"
        "Keep a box unless one that is kept already overlaps it by more than `iou`.\n"
        "Return the kept indices, best first.", lines,
        lambda boxes, scores, iou: kept_boxes(boxes, scores, iou, kind), cases)


FALLING = [0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5]


def recall_task(limit: str) -> Task:
    """Recall from a table that lies the other way."""
    fits = np.array([[0.9, 0.2, 0.1], [0.1, 0.5, 0.8], [0.3, 0.3, 0.5]])
    asked = [(np.array([[0.7]]), 1, 0.5), (fits, 1, 0.5), (fits, 2, 0.5),
             (fits, 3, 0.5), (fits[:2], 3, 0.75)]
    cases = tuple(Asked(f"{len(overlap)} objects, the first {n} proposals, IoU {iou}",
                        (overlap, n, iou), "Rows are objects here; look at a value "
                        "that equals the limit.") for overlap, n, iou in asked)
    sign, words = LIMITS[limit]
    lines = f"return (overlap[:, :n].max(1) {sign} iou).mean()"
    return Task("recall(overlap, n, iou)", "Recall",
        "`overlap[o, p]` is the IoU of object o with proposal p, best proposal first: "
        "in your class a **row is an object**.\nReturn the share of objects that some "
        f"of the first n proposals overlaps **{words}**.", lines,
        lambda overlap, n, iou: found(overlap.T[:n], iou, limit), cases, agree="close")


def found(overlap: Float[np.ndarray, "P N"], iou: float, limit: str) -> float:
    """The share of objects (columns) that some proposal (rows) overlaps enough."""
    enough = overlap >= iou if limit == "at least" else overlap > iou
    return float(enough.any(0).mean())


def kept_task(own: Candidates, iou: float) -> Task:
    """A number: which candidates of the class's scene are kept."""
    kept = kept_boxes(own.boxes, own.scores, iou, own.kind)
    lines = f"""\
kept = suppress(boxes, scores, {iou})
return sum((place + 1) * i for place, i in enumerate(kept))"""
    return Task("sum_of_kept()", "Doubles in your scene",
        f"Suppress the doubles among `boxes`, with the limit {iou}.\nReturn 1 times "
        "the first kept index plus 2 times the second, 3 times the third, and so on.",
        lines, lambda: sum((place + 1) * i for place, i in enumerate(kept)),
        (Asked("the weighted sum", (), "The order of the kept boxes counts too.", 3),))


def thresholds(ladder: tuple[float, float]) -> list[float]:
    """Ten limits, from the first on."""
    first, step = ladder
    return [round(first + n * step, 2) for n in range(10)]


def found_task(own: Candidates, limit: str, limits: list[float]) -> Task:
    """A number: objects found by the first candidates, at every limit."""
    boxes, objects = ([read(box, own.kind) for box in some]
                      for some in (own.boxes, own.objects))
    overlap = np.array([[float(pair_iou(boxes[n], box)) for box in objects]
                        for n in np.argsort(-np.array(own.scores))])  # (P, N)
    total = sum(round(found(overlap[:n], iou, limit) * len(objects))
                for iou in limits for n in range(1, 16))
    lines = f"""\
order = sorted(range(len(boxes)), key=lambda n: -scores[n])
overlap = np.array([[box_overlap(a, boxes[i]) for i in order]
                    for a in objects])
limits = {limits}
pairs = [(n, iou) for n in range(1, 16) for iou in limits]
total = sum(recall(overlap, n, iou) for n, iou in pairs)
return round(total * len(objects))"""
    return Task("objects_found()", "Objects that are found",
        "Sort `boxes` by score, the best first, without suppressing any, and take "
        "their IoU with `objects`.\nHow many objects do the first n candidates find at "
        "a limit? A candidate finds an object as in `recall`.\n"
        f"Add this up for n = 1 to 15 and for the limits {limits}, 150 "
        "numbers in all.", lines, lambda: total,
        (Asked("the sum", (), "Objects found are recall times the number of objects.",
               3),))
