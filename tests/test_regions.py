"""RoIWarp is its definition, and regions are compared and labelled as they should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from evaluation_cases import image, random_masks, tight_box
from slow_evaluation import box_iou_pairs, mask_iou_pixels

from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.data.overlap import box_iou
from ifcn_lab.layers.regions import (
    RoiRule,
    Rois,
    as_boxes,
    crop_iou,
    label_rois,
    mask_bins,
)
from ifcn_lab.layers.roi import roi_warp
from ifcn_lab.segmenter import numbered

# RoIWarp


def warp_by_loops(features: np.ndarray, box: Any, bins: int) -> np.ndarray:
    """The double sum of the source for one box, a number at a time."""
    channels, height, width = features.shape
    x0, y0, x1, y1 = box
    warped = np.zeros((channels, bins, bins))
    for c, i, j in np.ndindex(warped.shape):
        x, y = x0 + (j + 0.5) / bins * (x1 - x0), y0 + (i + 0.5) / bins * (y1 - y0)
        for v, u in np.ndindex(height, width):
            down, across = abs(y - v - 0.5), abs(x - u - 0.5)
            weight = max(0, 1 - down) * max(0, 1 - across)
            warped[c, i, j] += weight * features[c, v, u]
    return warped


def some_boxes(seed: int, n: int = 6) -> torch.Tensor:
    """Boxes of any size round a map of 6 x 8 cells, some partly outside."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-2, 7, (n, 2))
    return torch.tensor(np.concatenate([corners, corners + rng.uniform(0.2, 6, (n, 2))],
                                       axis=1))


def test_the_warp_is_the_sum_over_all_cells() -> None:
    features = torch.randn(2, 6, 8, dtype=torch.float64)
    boxes = some_boxes(seed=0)
    warped = roi_warp(features, boxes, 3)
    for box, one in zip(boxes.tolist(), warped, strict=True):
        expected = warp_by_loops(features.numpy(), box, 3)
        np.testing.assert_allclose(one.numpy(), expected, rtol=0, atol=1e-12)


def test_a_box_of_whole_cells_is_copied() -> None:
    features = torch.randn(3, 6, 8)
    box = torch.tensor([[2.0, 1.0, 6.0, 5.0]])
    torch.testing.assert_close(roi_warp(features, box, 4)[0], features[:, 1:5, 2:6])


def test_features_and_boxes_that_move_together_are_warped_alike() -> None:
    inner, boxes = torch.randn(2, 4, 4, dtype=torch.float64), some_boxes(1).clamp(1, 3)
    here = torch.nn.functional.pad(inner, (1, 3, 1, 2))
    there = torch.nn.functional.pad(inner, (3, 1, 2, 1))
    moved = roi_warp(there, boxes + torch.tensor([3.0, 2.0, 3.0, 2.0]), 5)
    torch.testing.assert_close(moved, roi_warp(here, boxes + 1.0, 5))


def test_gradients_reach_the_features_and_the_boxes() -> None:
    features = torch.randn(2, 6, 8, dtype=torch.float64, requires_grad=True)
    boxes = some_boxes(seed=2, n=3).requires_grad_()
    assert torch.autograd.gradcheck(lambda f, b: roi_warp(f, b, 3), (features, boxes))
    roi_warp(features, boxes, 3).square().sum().backward()
    assert boxes.grad.abs().min() > 0


def test_no_boxes_have_no_features() -> None:
    assert roi_warp(torch.randn(4, 6, 8), torch.zeros(0, 4), 14).shape == (0, 4, 14, 14)


# Masks in bins, overlaps


def test_a_bin_is_the_share_of_it_that_the_mask_covers() -> None:
    crop = np.random.default_rng(0).random((12, 18)) < 0.5
    blocks = mask_bins([crop, ~crop], 6)
    for i, j in np.ndindex(6, 6):
        block = crop[2 * i : 2 * i + 2, 3 * j : 3 * j + 3]
        assert float(blocks[0, i, j]) == pytest.approx(block.mean())
        assert float(blocks[1, i, j]) == pytest.approx(1 - block.mean())


@pytest.mark.parametrize("shape", [(1, 1), (3, 29), (5, 2)])
def test_a_mask_of_any_size_fills_its_bins(shape: tuple[int, int]) -> None:
    assert (mask_bins([np.ones(shape, bool)], 14) == 1).all()
    assert mask_bins([], 14).shape == (0, 14, 14)


def test_overlaps_are_those_of_the_slow_twins() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = random_masks(rng, 9), random_masks(rng, 5)
    theirs[0] = False
    boxes = tight_boxes(ours)
    crops = cut_to_boxes(ours, boxes)
    np.testing.assert_allclose(crop_iou(boxes, crops, theirs),
                               mask_iou_pixels(ours, theirs), atol=1e-12)
    np.testing.assert_allclose(box_iou(boxes, tight_boxes(theirs)),
                               box_iou_pairs(boxes, tight_boxes(theirs)), atol=1e-12)


# Labels


def label_by_loops(sample: Any, masks: np.ndarray, numbers: dict) -> list[int]:
    """What each mask is, one comparison at a time."""
    labels = []
    for mask in masks:
        best, label = 0.0, 0
        for other, category in zip(sample.masks, sample.categories, strict=True):
            iou = (mask & other).sum() / max(1, (mask | other).sum())
            if iou > best:
                best, label = iou, numbers[category] if iou >= 0.5 else 0
        crowded = (mask & sample.crowd).sum() >= 0.5 * mask.sum()
        labels.append(-1 if label == 0 and crowded else label)
    return labels


def rois_of(masks: np.ndarray, boxes: np.ndarray, sample: Any, kinds: dict) -> Rois:
    """Regions with what they are called beside a sample's objects."""
    crops = cut_to_boxes(masks, boxes)
    labels = label_rois(boxes, crops, sample.masks, sample.crowd,
                        np.array(numbered(sample.categories, kinds)), RoiRule())
    return Rois(as_boxes(boxes), mask_bins(crops, 14), *map(torch.from_numpy, labels))


KINDS = {1: "a", 2: "b", 3: "c"}


def regions(seed: int) -> tuple[Any, np.ndarray, Rois]:
    """A sample with a crowd, masks that look for its objects, and their rois."""
    rng = np.random.default_rng(seed)
    sample = image(rng, 5, crowd=True)
    masks = np.concatenate([
        np.roll(sample.masks, rng.integers(-3, 4, 2), (1, 2)), random_masks(rng, 8)])
    boxes = np.array([tight_box(mask) for mask in masks])
    return sample, masks, rois_of(masks, boxes, sample, KINDS)


@pytest.mark.parametrize("seed", range(5))
def test_labels_are_those_of_the_slow_twin(seed: int) -> None:
    sample, masks, rois = regions(seed)
    expected = label_by_loops(sample, masks, {1: 1, 2: 2, 3: 3})
    assert rois.label.tolist() == expected
    assert len(set(expected)) > 2


def test_boxes_have_labels_of_their_own() -> None:
    """A ring and the disc in its hole share a box, more or less, but no pixel."""
    sample = image(np.random.default_rng(0), 1)
    ring = np.zeros(sample.crowd.shape, bool)
    ring[10:30, 10:30] = True
    ring[12:28, 12:28] = False
    hole = np.zeros_like(ring)
    hole[12:28, 12:28] = True
    sample = sample._replace(masks=ring[None], categories=(2,))
    box = np.array([tight_box(hole)])
    rois = rois_of(hole[None], box, sample, {2: "b"})
    assert (rois.label.tolist(), rois.box_label.tolist()) == ([0], [1])


def test_a_category_that_the_model_does_not_know_is_named() -> None:
    with pytest.raises(ValueError, match=r"category 9, but the model knows \[1\]"):
        numbered((1, 9, 1), {1: "a"})


def test_mirrored_rois_are_the_rois_of_the_mirrored_image() -> None:
    sample, masks, rois = regions(seed=1)
    there = sample._replace(masks=sample.masks[..., ::-1], crowd=sample.crowd[:, ::-1])
    boxes = np.array([tight_box(mask) for mask in masks[..., ::-1]])
    expected = rois_of(masks[..., ::-1].copy(), boxes, there, KINDS)
    for ours, theirs in zip(rois.mirrored(masks.shape[2]), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_quarter_of_the_drawn_is_positive_and_nothing_is_drawn_twice() -> None:
    label = torch.tensor([1] * 30 + [0] * 200 + [-1] * 40)
    numbers = torch.arange(270.0)
    rois = regions(0)[2]._replace(boxes=numbers[:, None].expand(-1, 4), label=label,
                                  masks=torch.zeros(270, 2, 2), box_label=label)
    drawn = rois.drawn(RoiRule(), np.random.default_rng(0))
    assert [int((drawn.label == kind).sum()) for kind in (1, 0, -1)] == [16, 48, 0]
    assert len(set(drawn.boxes[:, 0].tolist())) == 64
    few = Rois(*(column[3:40] for column in rois))   # 27 positive, 10 of the background
    drawn = few.drawn(RoiRule(), np.random.default_rng(0))
    assert [int((drawn.label == kind).sum()) for kind in (1, 0)] == [16, 10]
