"""Mistakes of sums of prototypes, their crop and loss, Fast NMS, scores: lesson 12."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ifcn_course.museum.specimen import mistake

Maps = Float[np.ndarray, "k H W"]
Mix = Float[np.ndarray, " k"]
Plane = Float[np.ndarray, "H W"]
Kept = Bool[np.ndarray, "H W"]
Overlap = Float[np.ndarray, "N N"]
Answer = Float[np.ndarray, "H W"]


@mistake(
    "Sigmoid already",
    "It looks as if the sum has been through the sigmoid.",
    "The sum is a logit: leave it as it is.",
    "mix_prototypes",
)
def sigmoid_already(prototypes: Maps, mix: Mix) -> Answer:
    """Gives probabilities."""
    return 1 / (1 + np.exp(-np.tensordot(mix, prototypes, 1)))


@mistake(
    "ReLU on the coefficients",
    "It looks as if coefficients below 0 are taken for 0.",
    "Subtracting is the point: keep the sign.",
    "mix_prototypes",
)
def relu_on_mix(prototypes: Maps, mix: Mix) -> Answer:
    """Can only add."""
    return np.tensordot(np.maximum(mix, 0), prototypes, 1)


@mistake(
    "Absolute coefficients",
    "It looks as if coefficients lose their sign.",
    "A coefficient below 0 subtracts.",
    "mix_prototypes",
)
def absolute_mix(prototypes: Maps, mix: Mix) -> Answer:
    """Adds what should be subtracted."""
    return np.tensordot(np.abs(mix), prototypes, 1)


@mistake(
    "Mean for sum",
    "It looks as if the sum is divided by the number of prototypes.",
    "Add, and divide by nothing.",
    "mix_prototypes",
)
def mean_of_prototypes(prototypes: Maps, mix: Mix) -> Answer:
    """Averages."""
    return np.tensordot(mix, prototypes, 1) / len(mix)


@mistake(
    "Clipped at 0",
    "It looks as if the sum is cut off at 0.",
    "A logit below 0 is a probability below 1/2: keep it.",
    "mix_prototypes",
)
def sum_clipped(prototypes: Maps, mix: Mix) -> Answer:
    """Puts the ReLU behind the sum."""
    return np.maximum(np.tensordot(mix, prototypes, 1), 0)


@mistake(
    "No margin",
    "It looks as if the box has no margin.",
    "Keep one place more on each side: low n - 1 and high n + 1.",
    "kept_places",
)
def crop_without_margin(low: float, high: float, n: int) -> list[int]:
    """Keeps what lies in the box alone."""
    return [i for i in range(n) if low * n <= i < high * n]


@mistake(
    "Ends rounded",
    "It looks as if the ends of the box are rounded down to places.",
    "Round nothing: compare every i with low n - 1 and high n + 1.",
    "kept_places",
)
def rounded_ends(low: float, high: float, n: int) -> list[int]:
    """Takes the places that hold the ends."""
    first, behind = int(low * n) - 1, int(high * n) + 1
    return [i for i in range(n) if first <= i < behind]


@mistake(
    "Middles of places",
    "It looks as if the middles of the places are compared, half a place further.",
    "Compare i itself: this crop has no half pixel.",
    "kept_places",
)
def middles_of_places(low: float, high: float, n: int) -> list[int]:
    """Adds the half pixel that YOLACT does not have."""
    return [i for i in range(n) if low * n - 1 <= i + 0.5 < high * n + 1]


@mistake(
    "Last end included",
    "It looks as if the place at the last end is kept.",
    "The first end is included and the last one is not: first <= i < behind.",
    "kept_places",
)
def last_end_included(low: float, high: float, n: int) -> list[int]:
    """Asks with <= where it should ask with <."""
    return [i for i in range(n) if low * n - 1 <= i <= high * n + 1]


@mistake(
    "First end left out",
    "It looks as if the place at the first end is left out.",
    "The first end is included: first <= i.",
    "kept_places",
)
def first_end_left_out(low: float, high: float, n: int) -> list[int]:
    """Asks with < where it should ask with <=."""
    first = max(low * n - 1, -0.5)
    return [i for i in range(n) if first < i < high * n + 1]


@mistake(
    "Outside for nothing",
    "It looks as if places outside the box cost nothing.",
    "A wanted place outside has probability 0, and costs 100.",
    "cropped_loss",
)
def outside_for_nothing(
    logits: Plane, wanted: Plane, inside: Kept, area: float
) -> float:
    """Forgets the object's places that were cut off."""
    cost = np.logaddexp(0, logits) - wanted * logits
    return float((cost * inside).sum() / area)


@mistake(
    "No crop",
    "It looks as if the loss is taken over the whole map.",
    "Outside the box the logit does not count: np.where(inside, ...).",
    "cropped_loss",
)
def loss_of_all(logits: Plane, wanted: Plane, inside: Kept, area: float) -> float:
    """Makes every object explain the whole picture."""
    return float((np.logaddexp(0, logits) - wanted * logits).sum() / area)


@mistake(
    "Divided by the mask",
    "It looks as if the loss is divided by the area of the mask.",
    "Divide by the area of the box, `area`.",
    "cropped_loss",
)
def over_mask_area(logits: Plane, wanted: Plane, inside: Kept, area: float) -> float:
    """Gives thin objects a larger weight."""
    cost = np.where(inside, np.logaddexp(0, logits) - wanted * logits, 100 * wanted)
    return float(cost.sum() / max(wanted.sum(), 1))


@mistake(
    "Mean over the kept places",
    "It looks as if the loss is the mean over the places that are kept.",
    "The crop keeps a margin too; divide by the area of the box.",
    "cropped_loss",
)
def mean_of_kept(logits: Plane, wanted: Plane, inside: Kept, area: float) -> float:
    """Divides by what the crop keeps."""
    cost = np.where(inside, np.logaddexp(0, logits) - wanted * logits, 100 * wanted)
    return float(cost.sum() / max(inside.sum(), 1))


@mistake(
    "Not divided",
    "It looks as if the loss is not divided by anything.",
    "Divide by the area of the box, so that small objects count as much.",
    "cropped_loss",
)
def loss_not_divided(logits: Plane, wanted: Plane, inside: Kept, area: float) -> float:
    """Lets large objects count more."""
    cost = np.where(inside, np.logaddexp(0, logits) - wanted * logits, 100 * wanted)
    return float(cost.sum())


@mistake(
    "Logits cropped to 0",
    "It looks as if the logits outside are set to 0, a probability of 1/2.",
    "What is cropped has probability 0: a wanted place costs 100, another nothing.",
    "cropped_loss",
)
def logits_cropped(logits: Plane, wanted: Plane, inside: Kept, area: float) -> float:
    """Multiplies before the sigmoid."""
    cut = logits * inside
    return float((np.logaddexp(0, cut) - wanted * cut).sum() / area)


@mistake(
    "Area as a share",
    "It looks as if the area is taken as a share of the whole map.",
    "Divide by the number of places in the box: `area` as it is.",
    "cropped_loss",
)
def area_as_share(logits: Plane, wanted: Plane, inside: Kept, area: float) -> float:
    """Makes the loss grow with the size of the map."""
    cost = np.where(inside, np.logaddexp(0, logits) - wanted * logits, 100 * wanted)
    return float(cost.sum() / (area / logits.size))


@mistake(
    "Truth by nearest place",
    "It looks as if the true mask is read at every second place only.",
    "Use `wanted` as it is: read coarsely, thin objects vanish from the truth.",
    "cropped_loss",
)
def coarse_truth(logits: Plane, wanted: Plane, inside: Kept, area: float) -> float:
    """Makes the truth smaller by leaving places out, and larger again."""
    h, w = wanted.shape
    wanted = wanted[::2, ::2].repeat(2, 0).repeat(2, 1)[:h, :w]
    cost = np.where(inside, np.logaddexp(0, logits) - wanted * logits, 100 * wanted)
    return float(cost.sum() / area)


@mistake(
    "Boxes remove themselves",
    "It looks as if a box is compared with itself.",
    "The diagonal is each box with itself: np.triu(overlap, 1) leaves it out.",
    "fast_suppress",
)
def diagonal_kept(overlap: Overlap, iou: float) -> list[int]:
    """Keeps the diagonal, which is 1."""
    return np.flatnonzero(np.triu(overlap).max(0) <= iou).tolist()


@mistake(
    "Worse boxes remove better ones",
    "It looks as if worse boxes remove better ones as well.",
    "Only better boxes count, those with a smaller number: np.triu(overlap, 1).",
    "fast_suppress",
)
def both_triangles(overlap: Overlap, iou: float) -> list[int]:
    """Sets the diagonal to 0 and nothing else."""
    return np.flatnonzero((overlap - np.eye(len(overlap))).max(0) <= iou).tolist()


@mistake(
    "Rows for columns",
    "It looks as if each box is compared with the worse ones.",
    "A box's better ones stand in its column above the diagonal: max(0).",
    "fast_suppress",
)
def rows_for_columns(overlap: Overlap, iou: float) -> list[int]:
    """Keeps the worst of each heap."""
    return np.flatnonzero(np.triu(overlap, 1).max(1) <= iou).tolist()


@mistake(
    "The usual NMS",
    "It looks as if a box that has gone removes no other: that is the usual NMS.",
    "In Fast NMS every better box counts, kept or not.",
    "fast_suppress",
)
def usual_nms(overlap: Overlap, iou: float) -> list[int]:
    """Goes through the boxes one by one."""
    kept: list[int] = []
    for i in range(len(overlap)):
        if all(overlap[j, i] <= iou for j in kept):
            kept.append(i)
    return kept


@mistake(
    "Gone at the limit",
    "It looks as if a box goes whose IoU equals the limit.",
    "Keep with <=: only an IoU above the limit removes.",
    "fast_suppress",
)
def fast_at_the_limit(overlap: Overlap, iou: float) -> list[int]:
    """Asks with < where YOLACT asks with <=."""
    return np.flatnonzero(np.triu(overlap, 1).max(0) < iou).tolist()


@mistake(
    "Logits cut at 0.5",
    "It looks as if logits are cut at 0.5, a probability of 0.62.",
    "A logit of 0 is the probability 1/2: cut there.",
    "told_iou",
)
def logits_cut_at_half(logits: Plane, wanted: Kept, area: float) -> float:
    """What the first release of Mask Scoring R-CNN did."""
    mask = logits > 0.5
    shared = (mask & wanted).sum()
    return float(shared / (mask.sum() + area - shared))


@mistake(
    "IoU inside the box",
    "It looks as if the object ends where its box ends.",
    "What the box leaves out is missed: the union has the whole area.",
    "told_iou",
)
def iou_inside_box(logits: Plane, wanted: Kept, area: float) -> float:
    """Makes a box that is too tight look perfect."""
    mask = logits > 0
    return float((mask & wanted).sum() / max((mask | wanted).sum(), 1))


@mistake(
    "Recall, not IoU",
    "It looks as if the shared places are divided by the object alone.",
    "Places of the mask that are not the object's belong to the union as well.",
    "told_iou",
)
def recall_not_iou(logits: Plane, wanted: Kept, area: float) -> float:
    """Forgives a mask that is too large."""
    return float(((logits > 0) & wanted).sum() / area)


@mistake(
    "Union counts twice",
    "It looks as if the union counts the shared places twice.",
    "Union: mask and object, less what they share.",
    "told_iou",
)
def shared_twice(logits: Plane, wanted: Kept, area: float) -> float:
    """Divides by the sum of both areas."""
    mask = logits > 0
    return float((mask & wanted).sum() / (mask.sum() + area))


@mistake(
    "At 1/2 inside",
    "It looks as if a probability of exactly 1/2 counts as mask.",
    "A place belongs to the mask above 1/2: logits > 0.",
    "told_iou",
)
def half_counts(logits: Plane, wanted: Kept, area: float) -> float:
    """Asks with >= where it should ask with >."""
    mask = logits >= 0
    shared = (mask & wanted).sum()
    return float(shared / (mask.sum() + area - shared))
