"""NMS on pixels: by mask IoU, soft, and the better mask has the pixels."""

from __future__ import annotations

import numpy as np
import pytest

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.overlaps import own_pixels, soft_nms, without_overlaps
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.scenes import make
from ifcn_lab.segmenter import Instances
from ifcn_lab.windows.proposals import propose


def some(seed: int, n: int = 14) -> Instances:
    """Rectangles on a small canvas, some with equal scores, best first."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((n, 12, 14), bool)
    for mask in masks:
        y, x = rng.integers(0, (8, 9))
        h, w = rng.integers(2, 6, 2)
        mask[y : y + h, x : x + w] = rng.random((h, w))[: 12 - y, : 14 - x] < 0.9
        mask[y, x] = True
    boxes = tight_boxes(masks)
    crops = tuple(m[y0:y1, x0:x1] for m, (x0, y0, x1, y1)
                  in zip(masks, boxes, strict=True))
    scores = np.sort(rng.integers(1, 9, n) / 10)[::-1]
    return Instances((12, 14), boxes, scores, crops)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("limit", [0.0, 0.3, 0.6])
def test_by_masks_the_worse_of_two_that_overlap_goes(limit: float) -> None:
    for seed in range(8):
        found = some(seed)
        kept: list[int] = []
        for i, mask in enumerate(found.masks):
            if all(iou(mask, found.masks[j]) <= limit for j in kept):
                kept.append(i)
        stay = without_overlaps(found, "masks", limit)
        assert np.array_equal(stay.masks, found.masks[kept])
        assert np.array_equal(stay.scores, found.scores[kept])


@pytest.mark.parametrize("limit", [0.0, 0.3, 1.0])
def test_soft_lowers_what_overlaps_the_best_of_the_rest(limit: float) -> None:
    for seed in range(8):
        found = some(seed)
        rest, scores = list(range(len(found))), found.scores.tolist()
        order, told = [], []
        while rest:
            best = max(rest, key=lambda i: (scores[i], -i))
            rest.remove(best)
            order.append(best)
            told.append(scores[best])
            for i in rest:
                overlap = iou(found.masks[best], found.masks[i])
                if overlap > limit:
                    scores[i] *= 1 - overlap
        soft = soft_nms(found, limit)
        assert np.array_equal(soft.masks, found.masks[order])
        assert soft.scores.tolist() == pytest.approx(told, abs=1e-12)


@pytest.mark.parametrize("lost", [0.0, 0.3, 1.0])
def test_the_better_mask_has_the_pixels(lost: float) -> None:
    for seed in range(8):
        found = some(seed)
        taken, kept = np.zeros(found.shape, bool), []
        for i, mask in enumerate(found.masks):
            own = mask & ~taken
            if own.any() and (mask & taken).sum() <= lost * mask.sum():
                kept.append((i, own))
                taken |= own
        stay = own_pixels(found, lost)
        assert np.array_equal(stay.masks, np.array([own for _, own in kept]))
        assert np.array_equal(stay.scores, found.scores[[i for i, _ in kept]])
        assert np.array_equal(stay.boxes, tight_boxes(stay.masks))
        assert stay.masks.sum(0).max() == 1


def test_nothing_found_stays_nothing() -> None:
    nothing = Instances((4, 5), np.zeros((0, 4), int), np.zeros(0), ())
    for how in ("masks", "soft", "pixels"):
        assert len(without_overlaps(nothing, how, 0.5)) == 0


@pytest.mark.parametrize("nms", ["masks", "soft", "pixels"])
def test_proposals_are_those_of_all_candidates_without_overlaps(nms: str) -> None:
    net, image = InstanceFCN.from_pretrained("scenes-instancefcn"), make(11).image
    every = propose(net, image, top=60, candidates=60, nms_iou=1.0)
    wanted = without_overlaps(every, nms, 0.4).top(20)
    found = propose(net, image, top=20, candidates=60, nms=nms, nms_iou=0.4)
    assert np.array_equal(found.masks, wanted.masks)
    assert np.array_equal(found.scores, wanted.scores)
    assert np.array_equal(found.windows, wanted.windows)
