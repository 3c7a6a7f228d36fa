"""Overlap and average recall agree with their definitions and with COCOeval."""

from __future__ import annotations

import json
from inspect import unwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_cases import (
    answer,
    coco_eval,
    coco_recall,
    empty_answer,
    image,
    noisy_answer,
    random_masks,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask
from slow_evaluation import box_iou_pairs, mask_iou_pixels, recall_by_matching

from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.metrics import (
    COCO_THRESHOLDS,
    Recall,
    average_recall,
    box_iou,
    mask_iou,
    to_coco_results,
)


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_mask_iou_is_what_counting_pixels_gives(h: int, w: int, data: object) -> None:
    few = st.integers(0, 4)
    a = data.draw(arrays(bool, st.tuples(few, st.just(h), st.just(w))))
    b = data.draw(arrays(bool, st.tuples(few, st.just(h), st.just(w))))
    crowd = data.draw(arrays(bool, len(b)))
    assert (mask_iou(a, b) == mask_iou_pixels(a, b)).all()
    fast, slow = mask_iou(a, b, crowd=crowd), mask_iou_pixels(a, b, crowd=crowd)
    assert (fast == slow).all() and fast.shape == (len(a), len(b))


def test_overlap_with_a_crowd_is_the_share_of_the_mask_inside() -> None:
    a = np.zeros((1, 4, 4), bool)
    a[0, :2, :2] = True
    crowd = np.zeros((1, 4, 4), bool)
    crowd[0, :, 1:] = True
    assert mask_iou(a, crowd, crowd=np.array([True])) == 0.5
    assert mask_iou(a, crowd) == 2 / 14


def test_masks_of_two_sizes_are_refused_with_both() -> None:
    a, b = np.zeros((1, 4, 6), bool), np.zeros((1, 6, 4), bool)
    with pytest.raises(ValueError, match="4 x 6 .* 6 x 4"):
        unwrap(mask_iou)(a, b)


CORNERS = st.lists(st.integers(0, 12), min_size=2, max_size=2, unique=True).map(sorted)
BOXES = st.lists(st.tuples(CORNERS, CORNERS), max_size=4).map(
    lambda boxes: np.array(
        [(x0, y0, x1, y1) for (x0, x1), (y0, y1) in boxes], dtype=int
    ).reshape(-1, 4)
)


@given(BOXES, BOXES)
def test_box_iou_is_what_the_definition_gives(a: np.ndarray, b: np.ndarray) -> None:
    assert (box_iou(a, b) == box_iou_pairs(a, b)).all()
    assert (box_iou(a / 4, b / 4) == box_iou(a, b)).all()


@given(BOXES, BOXES)
def test_boxes_overlap_as_much_as_the_pixels_they_hold(
    a: np.ndarray, b: np.ndarray
) -> None:
    def filled(boxes: np.ndarray) -> np.ndarray:
        masks = np.zeros((len(boxes), 12, 12), bool)
        for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
            mask[y0:y1, x0:x1] = True
        return masks

    assert (box_iou(a, b) == mask_iou_pixels(filled(a), filled(b))).all()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["masks", "boxes"])
def test_recall_is_that_of_cocoeval_to_the_last_digit(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    samples = [image(rng, n, crowd=n % 2 == 0) for n in (6, 0, 4, 1, 0)]
    proposals = [noisy_answer(rng, s, count=30) for s in samples]
    proposals[3] = empty_answer(samples[3])
    report = average_recall(proposals, samples, (1, 5, 20), kind=kind, sizes=True)
    expected = coco_recall(proposals, samples, (1, 5, 20), kind)  # (T, sizes, ns)
    for i, size in enumerate(report.curves):
        mine = report.curves[size][:, [0, 4, 19]]
        known = np.where(expected[:, i] < 0, np.nan, expected[:, i])
        assert np.array_equal(mine, known, equal_nan=True)
    assert report[5] == np.mean(expected[:, 0, 1])
    assert 0 < report[5] < 1
    assert report.objects["all"] == 11 and report.images == 5


@pytest.mark.parametrize("seed", range(8))
def test_recall_is_what_greedy_matching_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [image(rng, n, crowd=n == 4) for n in (6, 0, 4)]
    proposals = [noisy_answer(rng, s, count=20) for s in samples]
    report = average_recall(proposals, samples, ns=(10,))
    for n in 1, 3, 10:
        by_hand = [
            recall_by_matching(proposals, samples, n, threshold)
            for threshold in COCO_THRESHOLDS
        ]
        assert report.curves["all"][:, n - 1].tolist() == by_hand


def test_each_object_is_found_by_one_proposal_and_each_proposal_finds_one() -> None:
    rng = np.random.default_rng(0)
    sample = image(rng, 1)
    twice = answer(sample.masks[[0, 0]], np.array([0.9, 0.8]))
    two = sample._replace(masks=sample.masks[[0, 0]], ids=(1, 2), categories=(1, 1))
    one = answer(sample.masks, np.array([0.9]))
    assert average_recall([twice], [sample])[10] == 1
    assert average_recall([one], [two])[10] == 0.5
    assert average_recall([twice], [two])[10] == 1


def test_only_the_best_n_of_each_image_count() -> None:
    rng = np.random.default_rng(1)
    sample = image(rng, 3)
    wrong = ~np.any(sample.masks, axis=0)
    scores = np.array([0.1, 0.2, 0.3, 0.9])
    report = average_recall(
        [answer([*sample.masks, wrong], scores)], [sample], (1, 2, 4)
    )
    assert [report[n] for n in (1, 2, 3, 4)] == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_crowds_and_images_without_objects_change_no_recall() -> None:
    rng = np.random.default_rng(2)
    sample, bare = image(rng, 4), image(rng, 0)
    crowded = image(rng, 0, crowd=True)
    proposals = [noisy_answer(rng, s, count=9) for s in (sample, bare, crowded)]
    alone = average_recall(proposals[:1], [sample])
    together = average_recall(proposals, [sample, bare, crowded])
    assert (alone.curves["all"] == together.curves["all"]).all()
    assert (alone.images, together.images) == (1, 3)
    in_crowd = sample._replace(crowd=np.ones_like(sample.crowd))
    hidden = average_recall(proposals[:1], [in_crowd])
    assert (alone.curves["all"] == hidden.curves["all"]).all()


def test_without_any_object_recall_is_unknown_not_zero() -> None:
    rng = np.random.default_rng(3)
    bare = image(rng, 0)
    report = average_recall([noisy_answer(rng, bare, count=3)], [bare])
    assert np.isnan(report[100]) and np.isnan(report.auc)
    assert json.loads(json.dumps(report.as_dict()))["AR@100"] is None
    with pytest.raises(ValueError, match="no object"):
        recall_by_matching([empty_answer(bare)], [bare], 1, 0.5)


def test_without_any_proposal_recall_is_zero() -> None:
    sample = image(np.random.default_rng(4), 3)
    report = average_recall([empty_answer(sample)], [sample])
    assert report[1000] == report.auc == 0


def test_perfect_proposals_find_everything() -> None:
    sample = image(np.random.default_rng(5), 5)
    report = average_recall([answer(sample.masks, np.ones(5))], [sample], kind="boxes")
    assert report[5] == report[10] == report[1000] == 1
    assert report[1] == 1 / 5


def test_auc_is_the_area_over_the_logarithm_of_n() -> None:
    sample = image(np.random.default_rng(6), 1)
    wrong = ~sample.masks[0]
    third = answer([wrong, wrong, *sample.masks], np.array([0.9, 0.8, 0.7]))
    report = average_recall([third], [sample], ns=(4,))  # AR@1..4: 0 0 1 1
    rise, plateau = np.log(3 / 2) / 2, np.log(4 / 3)
    assert report.auc == pytest.approx((rise + plateau) / np.log(4))
    assert average_recall([third], [sample], ns=(1,)).auc == 0


def test_run_lengths_are_used_in_place_of_masks() -> None:
    sample = image(np.random.default_rng(7), 3)
    rles = [
        coco_mask.encode(np.asfortranarray(m, dtype=np.uint8)) for m in sample.masks
    ]
    given = SimpleNamespace(rles=lambda: rles, scores=np.array([3.0, 2.0, 1.0]))
    assert average_recall([given], [sample])[10] == 1


def test_a_score_that_is_nan_is_refused() -> None:
    sample = image(np.random.default_rng(8), 2)
    with pytest.raises(ValueError, match="1 of 2 scores are NaN"):
        Recall().add(answer(sample.masks, np.array([0.5, np.nan])), sample)


def test_masks_of_another_size_than_the_image_are_refused_with_both_sizes() -> None:
    sample = image(np.random.default_rng(9), 2)
    h, w = sample.crowd.shape
    small = answer(sample.masks[:, :-1], np.ones(2))
    with pytest.raises(ValueError, match=f"{h - 1} x {w} .* {h} x {w}"):
        Recall().add(small, sample)


def test_masks_that_are_not_thresholded_are_refused() -> None:
    sample = image(np.random.default_rng(9), 2)
    with pytest.raises(TypeError, match="float64.* expected bool"):
        Recall().add(answer(sample.masks * 0.7, np.ones(2)), sample)
    with pytest.raises(TypeError, match=r"expected bool, \(N, h, w\)"):
        Recall().add(SimpleNamespace(masks=sample.masks[0], scores=np.ones(2)), sample)


def test_unequal_numbers_are_refused() -> None:
    sample = image(np.random.default_rng(10), 2)
    with pytest.raises(ValueError, match="2 masks, but 3 scores"):
        Recall().add(answer(sample.masks, np.ones(3)), sample)
    one = answer(sample.masks, np.ones(2))
    with pytest.raises(ValueError, match="proposals end after 1 .* one set"):
        average_recall([one], [sample, sample])
    with pytest.raises(ValueError, match="samples end after 0 .* one set"):
        average_recall([one], [])


def test_boxes_cannot_be_evaluated_where_there_are_none() -> None:
    sample = image(np.random.default_rng(11), 2)
    bare = SimpleNamespace(masks=sample.masks, scores=np.ones(2))
    with pytest.raises(ValueError, match="have no boxes"):
        Recall(kind="boxes").add(bare, sample)


@pytest.mark.parametrize("ns", [(), (0, 10)])
def test_numbers_of_proposals_start_at_one(ns: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="from 1 up"):
        Recall(ns)


def test_what_was_not_measured_is_not_given() -> None:
    with pytest.raises(ValueError, match="ask for 1 to 10"):
        Recall((10,)).result()[100]
    with pytest.raises(ValueError, match="'masks' or 'boxes'"):
        Recall(kind="polygons")


def test_evaluation_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(12)
    sample = image(rng, 2)
    average_recall([noisy_answer(rng, sample, count=4)], [sample])
    assert capfd.readouterr() == ("", "")


def test_the_report_is_one_line_and_a_dict() -> None:
    sample = image(np.random.default_rng(13), 4)
    given = answer(sample.masks, np.ones(4))
    report = average_recall([given], [sample], (2, 4), sizes=True)
    assert str(report) == "AR@2 0.500  AR@4 1.000  (images 1, objects 4)"
    known = report.as_dict()
    assert (known["AR@2"], known["images"], known["objects"]) == (0.5, 1, 4)
    assert known["AR@4 small"] == 1 and known["AR@4 large"] is None


def test_results_are_written_as_coco_reads_them() -> None:
    rng = np.random.default_rng(14)
    samples = [image(rng, 3), image(rng, 0), image(rng, 2)]
    proposals = [noisy_answer(rng, s, count=5) for s in samples]
    proposals[1] = empty_answer(samples[1])
    results = json.loads(json.dumps(to_coco_results(proposals, samples)))
    assert len(results) == 10
    assert {r["image_id"] for r in results} == {s.image_id for s in samples[::2]}
    order = np.argsort(-proposals[0].scores, kind="stable")
    for result, best in zip(results, order, strict=False):
        assert result["score"] == proposals[0].scores[best]
        mask = coco_mask.decode(result["segmentation"]).astype(bool)
        assert (mask == proposals[0].masks[best]).all()


def test_results_keep_categories() -> None:
    sample = image(np.random.default_rng(15), 2)
    given = answer(sample.masks, np.array([0.1, 0.2]), categories=np.array([4, 9]))
    results = to_coco_results([given], [sample])
    assert [r["category_id"] for r in results] == [9, 4]


def test_on_photographs_with_crowds_recall_is_that_of_cocoeval(
    shared_data: Path,
) -> None:
    from pycocotools.coco import COCO

    folder = CocoFolder(shared_data / "coco_dev")
    rng = np.random.default_rng(16)
    crowded = [i for i, s in enumerate(folder) if s.crowd.any()][:4]
    samples = [folder[i] for i in [*range(4), *crowded]]
    proposals = [noisy_answer(rng, s, count=60) for s in samples]
    for each in proposals:
        del each.categories  # COCOeval would put equal scores in their order
    report = average_recall(proposals, samples, (10, 100))

    # Against the annotation file itself, so that reading it is in the comparison, too.
    truth = COCO(folder.annotations)
    truth.dataset["images"] = truth.loadImgs(sorted({s.image_id for s in samples}))
    found = truth.loadRes(to_coco_results(proposals, samples))
    ids = sorted({s.image_id for s in samples})
    recall = coco_eval(truth, found, (10, 100), "segm", ids).eval["recall"]
    assert (report.curves["all"][:, [9, 99]] == recall[:, 0, 0]).all()
    assert report.objects["all"] == sum(len(s.masks) for s in samples)
    assert 0.1 < report[100] < 1


def test_random_masks_really_touch_and_hide_each_other() -> None:
    masks = random_masks(np.random.default_rng(0), 12)
    overlap = mask_iou(masks, masks) - np.eye(12)
    assert 0 < overlap.max() < 1
