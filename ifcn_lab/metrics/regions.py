"""What was found and what was to be found in one image, in the form COCO compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from pycocotools import mask as coco_mask

from ifcn_lab.data import Sample
from ifcn_lab.data.coco_file import AnnotatedImage
from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.data.overlap import encode, rle_iou, xywh
from ifcn_lab.data.run_lengths import crop_rles
from ifcn_lab.data.segmentation import rle_of

ANY = 0
"""Stands for all categories where they are not told apart."""

EVERY = -1
"""The category of a crowd region that stands in for every category; no file has it."""


@runtime_checkable
class Detections(Protocol):
    """What is evaluated: the masks found in one image, with scores, in any order.

    ``masks``, bool (N, h, w), or a method ``rles()`` that gives them as COCO run
    lengths and goes before it. ``boxes``, (N, 4), half-open (x0, y0, x1, y1), is needed
    to evaluate boxes, ``categories``, (N,), to evaluate by category.
    """

    # The others are not listed: to check that masks are there would draw them all.
    scores: Shaped[np.ndarray, " N"]


@dataclass(frozen=True)
class Found:
    """The best answers found in one image, best first.

    ``rles`` are masks as COCO run lengths; the list is empty where there are boxes
    only. ``boxes`` are COCO's (x, y, width, height), None for the masks' tight ones.
    """

    rles: list[dict[str, Any]]
    scores: Float[np.ndarray, " N"]
    boxes: Float[np.ndarray, "N 4"] | None = None
    categories: Int[np.ndarray, " N"] | None = None

    def __len__(self) -> int:
        """Count the answers."""
        return len(self.scores)

    def outlines(self, kind: str) -> list[dict[str, Any]] | Float[np.ndarray, "N 4"]:
        """Give what is compared: kind "masks" or "boxes"."""
        if kind == "masks":
            return self.rles
        return boxes_of(self.rles) if self.boxes is None else self.boxes

    def areas(self, kind: str) -> Float[np.ndarray, " N"]:
        """Give the areas that pycocotools goes by.

        That is a mask's number of pixels, also where the box was made from the mask.
        """
        if kind == "masks" or self.boxes is None:
            return self._areas
        return self.boxes[:, 2] * self.boxes[:, 3]

    @cached_property
    def _areas(self) -> Float[np.ndarray, " N"]:
        return areas_of(self.rles)

    def overlaps(self, truth: Objects, kind: str) -> Float[np.ndarray, "N M"]:
        """Give the IoU with every object, kept for the next measure of this image."""
        wanted = truth.outlines(kind)
        if self._overlaps.get(kind, (None,))[0] is not wanted:
            iou = rle_iou(self.outlines(kind), wanted, truth.crowd)
            self._overlaps[kind] = wanted, iou
        return self._overlaps[kind][1]

    @cached_property
    def _overlaps(self) -> dict[str, tuple[Any, Float[np.ndarray, "N M"]]]:
        return {}

    def take(self, places: Int[np.ndarray, " n"]) -> Found:
        """Give the answers at these places, in this order."""
        return Found(
            rles=[self.rles[i] for i in places] if self.rles else [],
            scores=self.scores[places],
            boxes=None if self.boxes is None else self.boxes[places],
            categories=None if self.categories is None else self.categories[places],
        )

    def top(self, n: int) -> Found:
        """Give the n best."""
        return self if n >= len(self) else self.take(np.arange(n))


class Objects(NamedTuple):
    """What was to be found in one image.

    ``boxes`` are COCO's (x, y, width, height). ``crowd`` marks regions that are no
    single object: what lies in them is forgiven. A crowd region of category ``EVERY``
    forgives in every category.
    """

    rles: list[dict[str, Any]]
    areas: Float[np.ndarray, " M"]
    boxes: Float[np.ndarray, "M 4"]
    crowd: Bool[np.ndarray, " M"]
    categories: Int[np.ndarray, " M"]

    def outlines(self, kind: str) -> list[dict[str, Any]] | Float[np.ndarray, "M 4"]:
        """Give what is compared: kind "masks" or "boxes"."""
        return self.rles if kind == "masks" else self.boxes

    def of(self, category: int) -> Objects:
        """Give those of one category, and the crowd that forgives in it."""
        mine = np.isin(self.categories, [category, EVERY])
        return Objects([self.rles[i] for i in np.flatnonzero(mine)],
                       *(column[mine] for column in self[1:]))


def found(proposals: Detections, size: tuple[int, int]) -> Found:
    """Check proposals of an image of ``size`` (h, w), and sort them by score.

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
    rles = _rles(proposals, size)
    boxes, categories = (getattr(proposals, n, None) for n in ("boxes", "categories"))
    for name, column in [("masks", rles), ("boxes", boxes), ("categories", categories)]:
        if column is not None and len(column) != len(scores):
            raise ValueError(f"there are {len(column)} {name}, but {len(scores)} "
                             "scores")
    best = np.argsort(-scores, kind="stable")
    boxes = None if boxes is None else xywh(boxes)
    categories = None if categories is None else np.array(categories, dtype=int)
    return Found(rles, scores, boxes, categories).take(best)


def paired(
    proposals: Iterable[Detections], samples: Iterable[Sample]
) -> Iterator[tuple[Detections, Sample]]:
    """Go through what was found and the samples side by side, holding one image.

    Raises ValueError if there are more of one than of the other.

    >>> list(paired([], []))
    []
    """
    for number, (each, sample) in enumerate(zip_longest(proposals, samples)):
        if each is None or sample is None:
            ended = "proposals" if each is None else "samples"
            raise ValueError(f"the {ended} end after {number} images, but the others "
                             "go on; give one set of proposals for each sample")
        yield each, sample


def objects(sample: Sample) -> Objects:
    """List a sample's objects, and its crowd as one region of every category.

    The area of an object is its mask's.

    >>> masks = np.ones((2, 4, 6), bool)
    >>> sample = Sample(None, masks, np.zeros((4, 6), bool), (5, 9), (1, 3), "", 0)
    >>> objects(sample).areas.tolist(), objects(sample).categories.tolist()
    ([24.0, 24.0], [1, 3])
    """
    boxes, categories = tight_boxes(sample.masks), list(sample.categories)
    crops = cut_to_boxes(sample.masks, boxes)
    rles = crop_rles(crops, boxes, sample.crowd.shape)
    crowd = [False] * len(rles)
    if sample.crowd.any():
        rles, crowd = rles + encode(sample.crowd[None]), [*crowd, True]
        categories.append(EVERY)
    return measured(rles, crowd, categories)


def objects_of_file(image: AnnotatedImage) -> Objects:
    """List the objects of an image as its annotation file has them, as COCOeval does.

    A sample has masks. A file has more: an area of its own for each object, by which
    COCO tells small from large, a box that is not the mask's, and crowd regions one by
    one with their categories. Equal objects stay in COCOeval's order: by category, then
    as in the file.

    >>> from ifcn_lab.data.coco_file import Annotation
    >>> square = Annotation(1, 3, False, [[1, 0, 4, 0, 4, 3, 1, 3]], 9.5, None)
    >>> objects_of_file(AnnotatedImage(7, "a.png", (4, 6), [square])).areas.tolist()
    [9.5]
    """
    entries = sorted(image.annotations, key=lambda entry: entry.category)
    known = measured([rle_of(entry.segmentation, image.size) for entry in entries],
                     [entry.crowd for entry in entries],
                     [entry.category for entry in entries])
    for i, entry in enumerate(entries):
        known.areas[i] = known.areas[i] if entry.area is None else entry.area
        known.boxes[i] = known.boxes[i] if entry.box is None else entry.box
    return known


def measured(
    rles: list[dict[str, Any]], crowd: Sequence[bool], categories: Sequence[int]
) -> Objects:
    """Complete run lengths by their areas and tight boxes.

    >>> square = encode(np.ones((1, 4, 6), bool))
    >>> measured(square, [False], [1]).boxes.tolist()
    [[0.0, 0.0, 6.0, 4.0]]
    """
    return Objects(rles, areas_of(rles), boxes_of(rles), np.array(crowd, dtype=bool),
                   np.array(categories, dtype=int))


def areas_of(rles: list[dict[str, Any]]) -> Float[np.ndarray, " N"]:
    """Count the pixels of each mask.

    >>> areas_of(encode(np.ones((1, 4, 6), bool))).tolist()
    [24.0]
    """
    # One by one: of a list, pycocotools 2.0 counts at most 255 with NumPy 2.
    return np.array([coco_mask.area(rle) for rle in rles], dtype=float)


def boxes_of(rles: list[dict[str, Any]]) -> Float[np.ndarray, "N 4"]:
    """Find each mask's tight box, COCO's (x, y, width, height).

    >>> boxes_of(encode(np.ones((1, 4, 6), bool))).tolist()
    [[0.0, 0.0, 6.0, 4.0]]
    """
    return np.array(coco_mask.toBbox(rles) if rles else [], float).reshape(-1, 4)


def _rles(proposals: Detections, size: tuple[int, int]) -> list[dict[str, Any]]:
    if hasattr(proposals, "rles"):
        rles = list(proposals.rles())
    else:
        masks = np.asarray(proposals.masks)
        if masks.dtype != bool or masks.ndim != 3:
            raise TypeError(f"the masks are {masks.dtype}, shape {masks.shape}; "
                            "expected bool, (N, h, w): compare scores with a "
                            "threshold first")
        rles = encode(masks)
    for h, w in (rle["size"] for rle in rles):
        if (h, w) != tuple(size):
            raise ValueError(f"the masks are {h} x {w} (h x w), the image is "
                             f"{size[0]} x {size[1]}; bring the masks to the "
                             "image's size")
    return rles
