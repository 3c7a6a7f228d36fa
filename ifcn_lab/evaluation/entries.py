"""Proposals and samples in the form pycocotools compares: run lengths and boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Shaped
from pycocotools import mask as coco_mask

from ifcn_lab.datasets import Sample
from ifcn_lab.evaluation.overlap import encode, xywh

__all__ = ["Answers", "Found", "answers", "entry", "found", "paired", "results"]


@runtime_checkable
class Answers(Protocol):
    """What is evaluated: the masks found in one image, with scores, in any order.

    ``masks``, bool (N, h, w), or a method ``rles()`` that gives them as COCO run
    lengths and goes before it. ``boxes``, (N, 4), half-open (x0, y0, x1, y1), is needed
    to evaluate boxes, ``categories``, (N,), to evaluate by category.
    """

    # The others are not listed: to check that masks are there would draw them all.
    scores: Shaped[np.ndarray, " N"]


@dataclass(frozen=True)
class Found:
    """The best ``limit`` masks found in one image, best first."""

    rles: list[dict[str, Any]]
    scores: Float[np.ndarray, " N"]
    boxes: Shaped[np.ndarray, "N 4"] | None
    categories: Shaped[np.ndarray, " N"] | None

    def __len__(self) -> int:
        """Count the masks."""
        return len(self.rles)


def found(proposals: Answers, size: tuple[int, int], limit: int | None = None) -> Found:
    """Check proposals of an image of ``size`` (h, w); sort and cut them by score.

    Equal scores keep their order. Raises ValueError if a score is NaN, if there are not
    as many masks as scores (or boxes, or categories), or if the masks are not of the
    image's size; TypeError if the masks are not bool, (N, h, w).

    >>> from types import SimpleNamespace
    >>> two = SimpleNamespace(masks=np.ones((2, 4, 6), bool), scores=np.array([0, 1.]))
    >>> found(two, (4, 6)).scores.tolist()
    [1.0, 0.0]
    """
    scores = np.asarray(proposals.scores, dtype=float).reshape(-1)
    if np.isnan(scores).any():
        raise ValueError(f"{np.isnan(scores).sum()} of {len(scores)} scores are NaN")
    rles = _rles(proposals)
    boxes, categories = _column(proposals, "boxes"), _column(proposals, "categories")
    for name, column in [("masks", rles), ("boxes", boxes), ("categories", categories)]:
        if column is not None and len(column) != len(scores):
            raise ValueError(
                f"there are {len(column)} {name}, but {len(scores)} scores"
            )
    _check_sizes(rles, size)
    best = np.argsort(-scores, kind="stable")[:limit]
    return Found(
        rles=[rles[i] for i in best],
        scores=scores[best],
        boxes=None if boxes is None else boxes[best],
        categories=None if categories is None else categories[best],
    )


def paired(
    proposals: Iterable[Answers], samples: Iterable[Sample]
) -> Iterator[tuple[Answers, Sample]]:
    """Go through what was found and the samples side by side, holding one image.

    Raises ValueError if there are more of one than of the other.

    >>> list(paired([], []))
    []
    """
    for number, (each, sample) in enumerate(zip_longest(proposals, samples)):
        if each is None or sample is None:
            ended = "proposals" if each is None else "samples"
            raise ValueError(
                f"the {ended} end after {number} images, but the others go on; "
                "give one set of proposals for each sample"
            )
        yield each, sample


def answers(sample: Sample) -> list[dict[str, Any]]:
    """List a sample's objects as COCO annotations, the crowd as one more, ids from 1.

    All are of category 1: even where COCOeval ignores categories, it looks only for
    those it has been told of.

    >>> objects = np.ones((2, 4, 6), bool)
    >>> sample = Sample(None, objects, np.zeros((4, 6), bool), (5, 9), (1, 1), "", 0)
    >>> [(entry["id"], entry["area"]) for entry in answers(sample)]
    [(1, 24.0), (2, 24.0)]
    """
    # COCOeval keeps matches by id and takes id 0 for "no match": count from 1.
    masks = enumerate(encode(sample.masks), start=1)
    entries = [entry(rle, id=number, iscrowd=0) for number, rle in masks]
    if sample.crowd.any():
        crowd = encode(sample.crowd[None])[0]
        entries.append(entry(crowd, id=len(entries) + 1, iscrowd=1))
    return entries


def results(best: Found, kind: str = "masks") -> list[dict[str, Any]]:
    """List what was found as COCO results, ids from 1, in their order.

    With kind "boxes" the proposals' own boxes stand in place of the masks' boxes.
    Raises ValueError if there are none.

    >>> from types import SimpleNamespace
    >>> one = SimpleNamespace(masks=np.ones((1, 4, 6), bool), scores=np.array([0.5]))
    >>> [(entry["id"], entry["score"]) for entry in results(found(one, (4, 6)))]
    [(1, 0.5)]
    """
    scored = zip(best.rles, best.scores.tolist(), strict=True)
    entries = [
        entry(rle, id=i, score=score) for i, (rle, score) in enumerate(scored, 1)
    ]
    if kind == "boxes":
        if best.boxes is None:
            raise ValueError("the proposals have no boxes; evaluate kind='masks'")
        for each, box in zip(entries, xywh(best.boxes).tolist(), strict=True):
            each |= {"bbox": box, "area": box[2] * box[3]}
    return entries


def entry(rle: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Complete a mask's run lengths to a COCO annotation: image 1, category 1.

    >>> entry(encode(np.ones((1, 4, 6), bool))[0])["bbox"]
    [0.0, 0.0, 6.0, 4.0]
    """
    return {
        "image_id": 1,
        "category_id": 1,
        "segmentation": rle,
        "area": float(coco_mask.area(rle)),
        "bbox": coco_mask.toBbox(rle).tolist(),
        **more,
    }


def _rles(proposals: Answers) -> list[dict[str, Any]]:
    if hasattr(proposals, "rles"):
        return list(proposals.rles())
    masks = np.asarray(proposals.masks)
    if masks.dtype != bool or masks.ndim != 3:
        raise TypeError(
            f"the masks are {masks.dtype}, shape {masks.shape}; expected bool, "
            "(N, h, w): compare scores with a threshold first"
        )
    return encode(masks)


def _column(proposals: Answers, name: str) -> Shaped[np.ndarray, "N ..."] | None:
    column = getattr(proposals, name, None)
    return None if column is None else np.asarray(column)


def _check_sizes(rles: list[dict[str, Any]], size: tuple[int, int]) -> None:
    for rle in rles:
        if tuple(rle["size"]) != tuple(size):
            h, w = rle["size"]
            raise ValueError(
                f"the masks are {h} x {w} (h x w), the image is {size[0]} x {size[1]}; "
                "bring the masks to the image's size"
            )
