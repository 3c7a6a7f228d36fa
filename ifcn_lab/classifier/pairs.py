"""Proposals of a training image with their categories, and drawing 64 of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ifcn_lab.classifier.recipe import ClassifierRecipe
from ifcn_lab.data import Sample
from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.layers.regions import Crops, as_boxes, box_overlaps, crop_iou, mask_bins
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import Classifier
from ifcn_lab.windows import propose

BACKGROUND, IGNORED = 0, -1
IN_CROWD = 0.5
"""Background that lies in the crowd region by this share of itself is not drawn."""


class Rois(NamedTuple):
    """Proposals of one image and what they are.

    Shapes: `boxes` (N, 4) in image pixels; `masks` (N, bins, bins), the share of each
    bin that the mask covers; `label` (N,), by the masks, and `box_label` (N,), by the
    boxes: 0 for background, c for the c-th category, -1 for what says nothing.
    """

    boxes: Float[Tensor, "N 4"]
    masks: Float[Tensor, "N bins bins"]
    label: Int[Tensor, "N"]
    box_label: Int[Tensor, "N"]

    def take(self, index: Int[Tensor, "n"]) -> Rois:
        """Some of them."""
        return Rois(*(column[index] for column in self))

    def mirrored(self, width: int) -> Rois:
        """The same in the image turned from left to right.

        Example:
            >>> one = Rois(torch.tensor([[1.0, 2.0, 4.0, 9.0]]), torch.ones(1, 2, 2),
            ...            torch.tensor([1]), torch.tensor([1]))
            >>> one.mirrored(10).boxes.tolist()
            [[6.0, 2.0, 9.0, 9.0]]
        """
        x0, y0, x1, y1 = self.boxes.T
        boxes = torch.stack([width - x1, y0, width - x0, y1], 1)
        return self._replace(boxes=boxes, masks=self.masks.flip(-1))


class Matched:
    """The rois of every training image, found when first asked for and then kept.

    The network that proposes is not trained any more, so its proposals stay the same.
    Kept are boxes, masks in half precision and labels: 120 kB for 300 of an image.

    Args:
        model: the trained network.
        classifier: says the bins and the categories.
        recipe: says how many proposals and what is positive.
        gigabytes: how much to keep; rois beyond that are found every time.

    Raises:
        ValueError: on taking an image with an object of an unknown category.
    """

    def __init__(
        self, model: InstanceFCN, classifier: Classifier, recipe: ClassifierRecipe,
        gigabytes: float = 3.0,
    ) -> None:
        self.model, self.recipe = model, recipe
        self.bins, self.numbers = classifier.bins, numbered(classifier.categories)
        self._room = gigabytes * 1e9
        self._kept: dict[tuple[str, int], Rois] = {}

    def of(self, sample: Sample) -> Rois:
        """The rois of an image; it is known by its name and number."""
        index = sample.name, sample.image_id
        if index not in self._kept:
            rois = self._find(sample)
            rois = rois._replace(masks=rois.masks.half())
            size = sum(column.nbytes for column in rois)
            if size > self._room:
                return rois
            self._room -= size
            self._kept[index] = rois
        return self._kept[index]

    def _find(self, sample: Sample) -> Rois:
        wish = self.recipe
        found = propose(self.model, sample.image, top=wish.proposals,
                        nms_iou=wish.nms_iou, threshold=wish.threshold,
                        precision=wish.precision)
        boxes, crops = found.boxes, found.crops
        if wish.objects:
            masks = sample.masks[sample.masks.any((1, 2))]
            own = tight_boxes(masks)                               # (M, 4)
            boxes = np.concatenate([boxes, own])
            crops = (*crops, *cut_to_boxes(masks, own))
        return label_rois(boxes, crops, sample, self.numbers, wish, self.bins)


def numbered(categories: Mapping[int, str]) -> dict[int, int]:
    """The place, from 1, of each category id among the sorted ids.

    Example:
        >>> numbered({7: "star", 1: "disc"})
        {1: 1, 7: 2}
    """
    return {category: place for place, category in enumerate(sorted(categories), 1)}


def label_rois(
    boxes: Int[np.ndarray, "N 4"], crops: Crops, sample: Sample,
    numbers: Mapping[int, int], recipe: ClassifierRecipe, bins: int,
) -> Rois:
    """Say of every region what it is.

    A region is of the category of the object that it overlaps most, if that is
    enough, and background otherwise. Background in the crowd says nothing.

    Raises:
        ValueError: an object's category is not among `numbers`.
    """
    kinds = kinds_of(sample, numbers)                              # (M,)
    label = nearest_kind(crop_iou(boxes, crops, sample.masks), kinds, recipe.mask_iou)
    overlap = box_overlaps(boxes, tight_boxes(sample.masks))
    box_label = nearest_kind(overlap, kinds, recipe.box_iou)
    crowded = np.array([sample.crowd[y0:y1, x0:x1][crop].mean() >= IN_CROWD
                        for (x0, y0, x1, y1), crop in zip(boxes, crops, strict=True)],
                       bool)
    label[crowded & (label == BACKGROUND)] = IGNORED
    box_label[crowded & (box_label == BACKGROUND)] = IGNORED
    return Rois(as_boxes(boxes), mask_bins(crops, bins), torch.from_numpy(label),
                torch.from_numpy(box_label))


def kinds_of(sample: Sample, numbers: Mapping[int, int]) -> Int[np.ndarray, "M"]:
    """The places of a sample's categories.

    Raises:
        ValueError: a category is unknown.
    """
    unknown = sorted(set(sample.categories) - set(numbers))
    if unknown:
        raise ValueError(f"{sample.name} has an object of category {unknown[0]}, but "
                         f"the classifier knows {sorted(numbers)}; build it with the "
                         "data set's `categories`")
    return np.array([numbers[kind] for kind in sample.categories], int)


def nearest_kind(
    overlap: Float[np.ndarray, "N M"], kinds: Int[np.ndarray, "M"], enough: float
) -> Int[np.ndarray, "N"]:
    """The kind of the object that each region overlaps most; 0 if not enough.

    Example:
        >>> nearest_kind(np.array([[0.2, 0.7], [0.4, 0.3]]), np.array([3, 5]), 0.5)
        array([5, 0])
    """
    if overlap.shape[1] == 0:
        return np.zeros(len(overlap), int)
    return np.where(overlap.max(1) >= enough, kinds[overlap.argmax(1)], BACKGROUND)


def draw_rois(rois: Rois, recipe: ClassifierRecipe, rng: np.random.Generator) -> Rois:
    """Draw an image's share: positives up to a quarter, the rest background.

    Where there is less background than that, fewer are drawn.
    """
    label = rois.label.numpy()
    positive = np.flatnonzero(label > BACKGROUND)
    negative = np.flatnonzero(label == BACKGROUND)
    most = max(1, int(recipe.positive_share * recipe.rois))
    some = rng.permutation(positive)[:most]
    rest = rng.permutation(negative)[: recipe.rois - len(some)]
    return rois.take(torch.from_numpy(np.concatenate([some, rest])))
