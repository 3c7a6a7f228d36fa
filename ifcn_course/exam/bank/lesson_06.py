"""Lesson 6: zooms, copies, suppression, recall."""

from __future__ import annotations

import math

import numpy as np

from ifcn_course.assignment.variant import Draws, Unfit
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault
from ifcn_lab.layers.nms import nms_pairwise

ZOOMS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


def which_zoom(draws: Draws) -> Question:
    """The zoom at which an object fits best."""
    right, length = draws.one("right", [48, 60, 72]), draws.whole("length", 20, 150)
    octaves = {zoom: abs(math.log2(length * zoom / right)) for zoom in ZOOMS}
    best, second, *_ = sorted(ZOOMS, key=octaves.get)
    if octaves[second] - octaves[best] < 0.2:
        raise Unfit("two zooms fit nearly as well")
    return calculation(
        f"Objects of {right} pixels fit the window. The pyramid has the zooms "
        f"{', '.join(f'{zoom:g}' for zoom in ZOOMS)}. At which of them is an object of "
        f"{length} pixels nearest to the right size, as a quotient?", best,
        f"It should be {right} / {length} = {right / length:.2f}; at {best:g} the "
        f"object has {length * best:g} pixels.",
        [(min(ZOOMS, key=lambda zoom: abs(zoom - length / right)),
          "the quotient the other way round"), (second, "the next best zoom"),
         (1.0, "the picture as it is")])


def suppressed(draws: Draws) -> Question:
    """Which boxes NMS keeps."""
    step = draws.one("step", [2, 3])
    lefts = [1, 1 + step, 1 + 2 * step, 12]
    tops = [1, 1, 1, draws.whole("top", 3, 4)]
    boxes = np.array([[x, y, x + 8, y + 5] for x, y in zip(lefts, tops, strict=True)])
    ranks = draws.shuffled("scores", [0.9, 0.8, 0.7, 0.6])
    limit = {2: 0.5, 3: 0.4}[step]
    kept = "".join(sorted("ABCD"[i] for i in nms_pairwise(
        boxes * 1.0, np.array(ranks), limit)))
    order = np.argsort(ranks)[::-1]
    scores = ", ".join(f"{'ABCD'[i]} {ranks[i]}" for i in order)
    near, far = (8 - step) / (8 + step), (8 - 2 * step) / (8 + 2 * step)
    once = "".join(name for i, name in enumerate("ABC") if not any(
        abs(i - j) == 1 and ranks[j] > ranks[i] for j in range(3))) + "D"
    return calculation(
        "The figure shows the tight boxes of four proposals, with the scores "
        f"{scores}. Which of them are left after NMS that drops what a kept, better "
        f"one overlaps by an IoU of more than {limit}?", ", ".join(kept),
        f"A and B, and B and C, have the IoU {near:.2f}; A and C "
        f"{far:.2f}; D overlaps no other by that much. A box that is dropped "
        "drops no other.",
        [(", ".join(once), "dropped boxes drop others"),
         ("A, B, C, D", "nothing overlaps enough"),
         (f"{'ABC'[int(np.argmax(ranks[:3]))]}, D", "one box for each heap"),
         ("B, D", "the box in the middle of the heap")],
        grids({"": np.full((10, 21), "")}, "Boxes (x0, y0, x1, y1): " + "; ".join(
            f"{name} {box.tolist()}" for name, box in zip("ABCD", boxes, strict=True)),
            dict(zip("ABCD", (tuple(box.tolist()) for box in boxes), strict=True))))


def recall(draws: Draws) -> Question:
    """Recall from a table of IoUs."""
    table = np.array([[draws.one(f"iou {p} {o}", [0.0, 0.05, 0.1]) for o in range(4)]
                      for p in range(4)])
    for p in range(4):  # each is near one object, as objects do not overlap
        table[p, draws.whole(f"near {p}", 0, 3)] = draws.one(
            f"iou {p}", [0.45, 0.55, 0.65, 0.8])
    n, t = draws.whole("n", 2, 3), draws.one("t", [0.5, 0.6])
    hit = table[:n] >= t
    return calculation(
        "The figure shows the IoU, in percent, of four proposals (rows, the best "
        f"first) with four objects (columns). What is the recall of the first {n} "
        f"proposals at IoU {t}?",
        f"{hit.any(0).sum()} of 4",
        f"Objects, not proposals: each that some of the first {n} rows overlaps by {t} "
        "or more.",
        [(f"{hit.any(1).sum()} of {n}", "proposals counted (precision)"),
         (f"{(table >= t).any(0).sum()} of 4", "all proposals taken"),
         (f"{hit.sum()} of 4", "an object counted twice"),
         (f"{(table[n - 1] >= t).sum()} of 4", f"proposal {n} alone")],
        grids({"": (100 * table).round().astype(int)}, f"IoUs: {table.tolist()}.",
              numbered=True))


def two_copies(draws: Draws) -> Question:
    """How NMS sees that two windows of different zooms show one object."""
    one, two = draws.one("zooms", [(1, 1.5), (0.75, 1), (1.5, 2)])
    return Question(
        f"Windows at zoom {one:g} and at zoom {two:g} have both found the same coin, "
        "and cover areas of the picture that differ a lot. How can NMS see that the "
        "two are copies?",
        "It compares the tight boxes of their masks, and these nearly coincide.",
        "Both masks are brought to the picture's size, and the box is the smallest "
        "round the mask.",
        {"It compares the windows, and drops the one with the lower score.":
            "The windows differ a lot; with them both copies would stay.",
         "It compares their centres: copies have the same one.":
            "A centre says nothing of the size, and copies have neighbouring centres.",
         "It cannot: NMS is done for each zoom alone.":
            "All zooms come together before NMS."})


def greedy(draws: Draws) -> Question:
    """NMS with a fault."""
    return fault(
        "NMS: the indices of the boxes that are kept, best first.", """\
kept = []
for i in np.argsort(-scores):
    if all(iou(boxes[i], boxes[j]) <= limit for j in kept):
        kept.append(i)
return kept""",
        [(2, "for i in np.argsort(scores):",
          "The worst box comes first, and drops the better ones."),
         (3, "if all(iou(boxes[i], boxes[j]) <= limit for j in range(i)):",
          "It compares with boxes that come before it in the list, dropped ones and "
          "worse ones too, instead of those that are kept."),
         (3, "if any(iou(boxes[i], boxes[j]) <= limit for j in kept):",
          "With nothing kept yet `any` is False, so no box is ever kept."),
         (3, "if all(iou(boxes[i], boxes[j]) >= limit for j in kept):",
          "It keeps what overlaps the kept boxes and drops the rest.")],
        draws.whole("fault", 0, 3))


QUESTIONS = (which_zoom, suppressed, recall, two_copies, greedy)
