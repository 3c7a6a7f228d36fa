"""What the League compares: each model's answers in one scene, and what they find."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Instances

NAME = "film/league.npz"
MOST = 100
"""Answers of a model at most, the best first, as COCO's AP counts them."""
COVERS = 0.5
"""An answer that covers this share of each of two objects joins them."""


class Compared(NamedTuple):
    """A scene, its true objects, and the answers of each model."""

    image: UInt8[np.ndarray, "h w 3"]
    truth: Bool[np.ndarray, "M h w"]
    answers: Mapping[str, Instances]


def save(compared: Compared, path: Path) -> Path:
    """Write scene and answers to one file; scores keep four decimals."""
    image, truth, answers = compared
    masks = np.concatenate([each.masks for each in answers.values()])
    np.savez_compressed(
        path, image=image, truth=np.packbits(truth, axis=-1), names=[*answers],
        counts=[len(each) for each in answers.values()],
        masks=np.packbits(masks, axis=-1),
        scores=np.concatenate([each.scores for each in answers.values()]).round(4))
    return path


def load() -> Compared:
    """The scene and the answers that ship."""
    from ifcn_lab.data import shipped
    from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
    from ifcn_lab.segmenter import Instances

    with np.load(shipped.path(NAME)) as file:
        kept = {name: file[name] for name in file.files}
    h, w = kept["image"].shape[:2]
    masks, truth = (np.unpackbits(kept[name], axis=-1, count=w).astype(bool)
                    for name in ("masks", "truth"))
    boxes, ends = tight_boxes(masks), np.cumsum(kept["counts"])
    own = [slice(end - n, end) for end, n in zip(ends, kept["counts"], strict=True)]
    answers = {name: Instances((h, w), boxes[at], kept["scores"][at],
                               cut_to_boxes(masks[at], boxes[at]))
               for name, at in zip(kept["names"].tolist(), own, strict=True)}
    return Compared(kept["image"], truth, answers)


def league_traits(
    compared: Compared, scoreless: Collection[str] | None = None
) -> dict[str, Any]:
    """The state of the widget: overlaps, who finds what, who joins what, AP.

    Raises:
        ValueError: there is no object or no model, or masks of another size.
    """
    from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
    from ifcn_lab.metrics import COCO_THRESHOLDS
    from ifcn_lab.widgets.candidates import mask_traits
    from ifcn_lab.widgets.proposal_explorer import picture_traits

    image, truth, answers = compared
    if not len(truth) or not answers:
        raise ValueError(f"A league needs true objects and models; here are "
                         f"{len(truth)} objects and {len(answers)} models.")
    best = {name: ranked(each, name, image) for name, each in answers.items()}
    overlaps = [overlap(each, truth) for each in best.values()]
    boxes = tight_boxes(truth)
    mute = [without_score(n) if scoreless is None else n in scoreless for n in best]
    crops = [crop for each in best.values() for crop in each.crops]
    return picture_traits(image) | mask_traits(
        np.concatenate([*(each.boxes for each in best.values()), boxes]),
        [*crops, *cut_to_boxes(truth, boxes)]) | {
        "names": [*best], "objects": len(truth), "mute": mute,
        "counts": [len(each) for each in best.values()],
        "thresholds": [*COCO_THRESHOLDS],
        "scores": np.concatenate(
            [each.scores.astype(float) for each in best.values()]).tobytes(),
        "overlap": np.concatenate(overlaps).tobytes(),
        "finders": [taken(each, COCO_THRESHOLDS).tolist() for each in overlaps],
        "joins": [joined(each, truth) for each in best.values()],
        "curves": [curve(each, image, truth, recall=each_mute)
                   for each, each_mute in zip(best.values(), mute, strict=True)]}


def ranked(found: Instances, name: str, image: np.ndarray) -> Instances:
    """The best answers of a model, the best first.

    Raises:
        ValueError: they are of another picture.
    """
    if tuple(found.shape) != image.shape[:2]:
        raise ValueError(f"The answers of {name} are for a picture of {found.shape}; "
                         f"this one is {image.shape[:2]}.")
    return found.take(np.argsort(-found.scores, kind="stable")[:MOST])


def without_score(name: str) -> bool:
    """Whether a model of that name has scores that only order its answers."""
    from ifcn_lab.models import MODELS, model_class

    return name in MODELS and not model_class(name).scored


def overlap(
    found: Instances, truth: Bool[np.ndarray, "M h w"]
) -> Float[np.ndarray, "N M"]:
    """IoU of each answer with each object."""
    from ifcn_lab.data.overlap import encode, rle_iou

    return rle_iou(found.rles(), encode(truth))


def taken(
    iou: Float[np.ndarray, "N M"], thresholds: Sequence[float]
) -> Int[np.ndarray, "T M"]:
    """Which answer finds which object at each threshold, by COCO's rule; -1: none.

    The best answer first, each takes the free object that it overlaps most, of equal
    ones the last.

    >>> taken(np.array([[0.6, 0.0], [0.9, 0.0]]), [0.5, 0.7]).tolist()
    [[0, -1], [1, -1]]
    """
    found = np.full((len(thresholds), iou.shape[1]), -1)
    for row, threshold in zip(found, thresholds, strict=True):
        for answer, own in enumerate(iou):
            free = np.where(row < 0, own, -1)[::-1]                      # (M,)
            if free.max() >= min(threshold, 1 - 1e-10):
                row[len(row) - 1 - free.argmax()] = answer
    return found


def joined(
    found: Instances, truth: Bool[np.ndarray, "M h w"]
) -> list[tuple[int, list[int]]]:
    """The answers that cover at least half of several objects, and those objects."""
    from ifcn_lab.data.overlap import encode, rle_iou

    share = rle_iou(encode(truth), found.rles(), np.ones(len(found), bool))  # (M, N)
    under = (share >= COVERS).T
    return [(n, np.flatnonzero(under[n]).tolist())
            for n in np.flatnonzero(under.sum(1) > 1).tolist()]


def curve(
    found: Instances, image: np.ndarray, truth: np.ndarray, *, recall: bool
) -> list[float]:
    """AP at each of COCO's thresholds in this scene, or recall."""
    from ifcn_lab.data import from_scene
    from ifcn_lab.metrics import COCO_THRESHOLDS, CocoPrecision, average_recall
    from ifcn_lab.scenes import Scene

    samples = [from_scene(Scene(image, truth), "the scene")]
    if recall:
        return average_recall([found], samples, ns=(MOST,)).curves["all"][:, -1].tolist()
    report = CocoPrecision(sizes=False).over([found], samples)
    return [report.at(threshold) for threshold in COCO_THRESHOLDS]
