"""Mistakes of overlap, suppression and recall: lesson 6."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ifcn_course.museum.specimen import mistake
from ifcn_lab.layers.nms import nms_pairwise, pair_iou

Box = Sequence[int]
Boxes = Shaped[np.ndarray, "N 4"]
Scores = Float[np.ndarray, " N"]
Overlap = Float[np.ndarray, "N M"]
Masks = Bool[np.ndarray, "N m m"]
Corners = Int[np.ndarray, "N 2"]
Number = float | np.number


@mistake(
    "Closed boxes",
    "It looks as if boxes are closed: widths with + 1.",
    "Boxes are half-open: the width is x1 - x0.",
    "box_overlap",
)
def closed_boxes(a: Box, b: Box) -> float:
    """Counts x1 and y1 as inside."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    areas = [(x1 - x0 + 1) * (y1 - y0 + 1) for x0, y0, x1, y1 in (a, b)]
    return width * height / (sum(areas) - width * height)


@mistake(
    "Negative widths kept",
    "It looks as if negative widths are not cut off at 0.",
    "Boxes that do not meet share nothing: max(0, ...) for width and height.",
    "box_overlap",
)
def negative_widths(a: Box, b: Box) -> float:
    """Lets minus times minus make plus."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)]
    return width * height / (sum(areas) - width * height)


@mistake(
    "Shared part counted twice",
    "It looks as if the union counts the shared part twice.",
    "Union = both areas less what they share.",
    "box_overlap",
)
def union_too_large(a: Box, b: Box) -> float:
    """Divides by the sum of the areas."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)]
    return width * height / sum(areas)


@mistake(
    "Divided by the smaller box",
    "It looks as if the shared area is divided by the smaller box.",
    "Divide by the union of both boxes.",
    "box_overlap",
)
def over_smaller(a: Box, b: Box) -> float:
    """Gives 1 for a box inside another."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)]
    return width * height / min(areas)


@mistake(
    "Hull for union",
    "It looks as if the union is taken for the box round both boxes.",
    "Union = area of a + area of b - shared area.",
    "box_overlap",
)
def over_hull(a: Box, b: Box) -> float:
    """Divides by the smallest box round both."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    across = max(a[2], b[2]) - min(a[0], b[0])
    down = max(a[3], b[3]) - min(a[1], b[1])
    return width * height / (across * down)


@mistake(
    "Intersection only",
    "It looks as if the shared area is not divided by the union.",
    "IoU is a share: intersection over union.",
    "box_overlap",
)
def intersection_only(a: Box, b: Box) -> int:
    """Gives pixels, no share."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    return width * max(0, min(a[3], b[3]) - max(a[1], b[1]))


@mistake(
    "The suppressed suppress",
    "It looks as if boxes that are gone still throw out others.",
    "Compare with the kept boxes only.",
    "suppress",
)
def suppressed_suppress(boxes: Boxes, scores: Scores, iou: float) -> list[int]:
    """Compares with every better box, kept or not."""
    order = list(map(int, np.argsort(-scores, kind="stable")))
    return [i for n, i in enumerate(order)
            if all(pair_iou(boxes[i], boxes[j]) <= iou for j in order[:n])]


@mistake(
    "Any for all",
    "It looks as if a box stays when a single kept box leaves room for it.",
    "All kept boxes have to: `all`, not `any`.",
    "suppress",
)
def any_for_all(boxes: Boxes, scores: Scores, iou: float) -> list[int]:
    """Throws out only what every kept box overlaps."""
    kept: list[int] = []
    for i in map(int, np.argsort(-scores, kind="stable")):
        if not kept or any(pair_iou(boxes[i], boxes[j]) <= iou for j in kept):
            kept.append(i)
    return kept


@mistake(
    "Worst first",
    "It looks as if boxes are taken from the worst score to the best.",
    "argsort sorts upwards: sort -scores.",
    "suppress",
)
def worst_first(boxes: Boxes, scores: Scores, iou: float) -> list[int]:
    """Keeps the worse of two."""
    return nms_pairwise(boxes, -scores, iou)


@mistake(
    "In their old order",
    "It looks as if boxes are taken in the order they are given.",
    "Go through them from the best score to the worst.",
    "suppress",
)
def unsorted(boxes: Boxes, scores: Scores, iou: float) -> list[int]:
    """Never looks at the scores."""
    return nms_pairwise(boxes, np.zeros(len(boxes)), iou)


@mistake(
    "Sorted by index",
    "It looks as if the kept indices are sorted by number.",
    "Return them best first, as they were kept.",
    "suppress",
)
def kept_by_index(boxes: Boxes, scores: Scores, iou: float) -> list[int]:
    """Keeps the right boxes and forgets their order."""
    return sorted(nms_pairwise(boxes, scores, iou))


@mistake(
    "At the limit, gone",
    "It looks as if a box whose IoU equals the limit is thrown out.",
    "A box goes only if its IoU is above the limit: keep it with <=.",
    "suppress",
)
def limit_suppresses(boxes: Boxes, scores: Scores, iou: float) -> list[int]:
    """Asks with < where it should ask with <=."""
    kept: list[int] = []
    for i in map(int, np.argsort(-scores, kind="stable")):
        if all(pair_iou(boxes[i], boxes[j]) < iou for j in kept):
            kept.append(i)
    return kept


@mistake(
    "Compared with the last only",
    "It looks as if a box is compared with the last kept box only.",
    "Compare it with every kept box.",
    "suppress",
)
def last_kept_only(boxes: Boxes, scores: Scores, iou: float) -> list[int]:
    """Forgets the boxes that were kept before."""
    kept: list[int] = []
    for i in map(int, np.argsort(-scores, kind="stable")):
        if not kept or pair_iou(boxes[i], boxes[kept[-1]]) <= iou:
            kept.append(i)
    return kept


@mistake(
    "All proposals counted",
    "It looks as if all proposals count, not only the first n.",
    "Cut the list first: overlap[:n].",
    "recall",
)
def all_proposals(overlap: Overlap, n: int, iou: float) -> Number:
    """Gives the recall of a list of any length."""
    return (overlap.max(0) >= iou).mean()


@mistake(
    "Divided by n",
    "It looks as if the objects found are divided by n.",
    "Recall is a share of the objects: divide by their number.",
    "recall",
)
def divided_by_n(overlap: Overlap, n: int, iou: float) -> Number:
    """Takes the proposals for the whole."""
    return (overlap[:n].max(0) >= iou).sum() / n


@mistake(
    "At the limit, not found",
    "It looks as if an object whose IoU equals the limit is not found.",
    "IoU at least t: use >=.",
    "recall",
)
def recall_above(overlap: Overlap, n: int, iou: float) -> Number:
    """Asks with > where it should ask with >=."""
    return (overlap[:n].max(0) > iou).mean()


@mistake(
    "Proposals, not objects",
    "It looks as if proposals are counted, not objects.",
    "Columns are objects: max(0) takes the best proposal of each.",
    "recall",
)
def share_of_proposals(overlap: Overlap, n: int, iou: float) -> Number:
    """Gives the share of proposals that meet an object, which is precision."""
    return (overlap[:n].max(1) >= iou).mean()


@mistake(
    "First n objects",
    "It looks as if the first n objects are taken, not the first n proposals.",
    "Rows are proposals: overlap[:n].",
    "recall",
)
def first_objects(overlap: Overlap, n: int, iou: float) -> Number:
    """Cuts columns where it should cut rows."""
    return (overlap[:, :n].max(0) >= iou).mean()


@mistake(
    "Mean overlap",
    "It looks as if the best overlaps are averaged.",
    "Count the objects whose best overlap is iou or more.",
    "recall",
)
def mean_overlap(overlap: Overlap, n: int, iou: float) -> Number:
    """Forgets the limit."""
    return overlap[:n].max(0).mean()


@mistake(
    "Objects counted",
    "It looks as if the objects found are counted and not divided by all.",
    "Recall is a share: take the mean.",
    "recall",
)
def objects_counted(overlap: Overlap, n: int, iou: float) -> int:
    """Gives a number of objects."""
    return int((overlap[:n].max(0) >= iou).sum())


@mistake(
    "NMS on windows",
    "It looks as if whole windows are compared, not the boxes round the masks.",
    "Take the tight box of each mask: windows of one size overlap far more.",
    "suppress_masks",
)
def windows_suppress(
    masks: Masks, corners: Corners, scores: Scores, iou: float
) -> list[int]:
    """Suppresses on the windows, so neighbours lose their masks."""
    start = corners[:, ::-1]                                         # (N, 2), x first
    return nms_pairwise(np.hstack([start, start + masks.shape[1]]), scores, iou)


@mistake(
    "Masks not moved",
    "It looks as if the masks' boxes are not moved to where their windows stand.",
    "Add the window's corner to the box: x to x, y to y.",
    "suppress_masks",
)
def unmoved_masks(
    masks: Masks, corners: Corners, scores: Scores, iou: float
) -> list[int]:
    """Compares all masks as if their windows lay upon each other."""
    from ifcn_lab.data.masks import tight_boxes

    return nms_pairwise(tight_boxes(masks), scores, iou)


@mistake(
    "Corner read as (x, y)",
    "It looks as if x and y of the corners are swapped.",
    "Corners are (y, x) and boxes (x0, y0, x1, y1).",
    "suppress_masks",
)
def corners_as_xy(
    masks: Masks, corners: Corners, scores: Scores, iou: float
) -> list[int]:
    """Adds y to x and x to y."""
    from ifcn_lab.data.masks import tight_boxes

    boxes = tight_boxes(masks) + np.tile(corners, 2)                 # (N, 4)
    return nms_pairwise(boxes, scores, iou)
