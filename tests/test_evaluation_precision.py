"""Average precision agrees with its definition and, where it can, with COCOeval."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_cases import (
    SIZE,
    answer,
    coco_truth,
    empty_answer,
    image,
    noisy_answer,
)
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.cocoeval import COCOeval
from slow_evaluation import precision_by_cutting

from ifcn_lab.data import Sample
from ifcn_lab.metrics import average_precision, nuclei_ap, to_coco_results
from ifcn_lab.metrics.precision import area_under_envelope


def disjoint(sample: Sample) -> Sample:
    """Give every pixel to one object: then at IoU above 1/2 no match is in doubt."""
    taken = np.zeros(SIZE, bool)
    masks = np.zeros_like(sample.masks)
    for own, mask in zip(masks, sample.masks, strict=True):
        own[:] = mask & ~taken
        taken |= mask
    full = masks.any(axis=(1, 2))
    kinds = tuple(c for c, keep in zip(sample.categories, full, strict=True) if keep)
    ids = tuple(range(1, len(kinds) + 1))
    return sample._replace(masks=masks[full], ids=ids, categories=kinds)


def coco_precision(
    detections: list[SimpleNamespace], samples: list[Sample], categories: bool
) -> np.ndarray:
    """Give COCOeval's AP, (T, categories), its 101 points put where recall rises."""
    truth = coco_truth(samples, categories)
    plain = detections
    if not categories:
        plain = [SimpleNamespace(masks=d.masks, scores=d.scores) for d in detections]
    evaluation = COCOeval(truth, truth.loadRes(to_coco_results(plain, samples)), "segm")
    evaluation.params.maxDets = [1000]
    evaluation.params.iouThrs = np.array([0.5, 0.7])
    evaluation.params.areaRng = [[0, 1e10]]
    scores = []
    for category in (1, 2, 3) if categories else (1,):
        kinds = [sample.categories for sample in samples]
        number = sum(c == category or not categories for k in kinds for c in k)
        evaluation.params.catIds = [category]
        evaluation.params.recThrs = np.arange(1, number + 1) / number
        evaluation.evaluate()
        evaluation.accumulate()
        scores.append(evaluation.eval["precision"][:, :, 0, 0, 0].mean(axis=1))
    return np.array(scores).T


@pytest.mark.parametrize("seed", range(6))
def test_precision_is_that_of_cocoeval_on_a_finer_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [disjoint(image(rng, n, crowd=n == 5)) for n in (6, 0, 5, 9)]
    detections = [noisy_answer(rng, s, count=20) for s in samples]
    report = average_precision(detections, samples)
    expected = coco_precision(detections, samples, categories=False)[:, 0]
    assert [report[0.5], report[0.7]] == pytest.approx(expected, abs=1e-12)
    assert 0 < report[0.7] < report[0.5] < 1


@pytest.mark.parametrize("seed", range(6))
def test_precision_by_category_is_that_of_cocoeval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [disjoint(image(rng, n)) for n in (6, 0, 5, 9)]
    detections = [noisy_answer(rng, s, count=40) for s in samples]
    report = average_precision(detections, samples, by_category=True)
    expected = coco_precision(detections, samples, categories=True)  # (T, 3)
    for t, threshold in enumerate((0.5, 0.7)):
        mine = [report.by_category[c][threshold] for c in (1, 2, 3)]
        assert mine == pytest.approx(expected[t], abs=1e-12)
        assert report[threshold] == pytest.approx(expected[t].mean(), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_precision_is_what_cutting_the_list_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [image(rng, n, crowd=n == 5) for n in (6, 0, 5)]
    detections = [noisy_answer(rng, s, count=25) for s in samples]
    report = average_precision(detections, samples, thresholds=(0.3, 0.5, 0.7))
    for threshold in report.thresholds:
        by_hand = precision_by_cutting(detections, samples, threshold)
        assert report[threshold] == pytest.approx(by_hand, abs=1e-12)


@given(st.lists(st.booleans(), max_size=12), st.integers(0, 5))
def test_the_envelope_is_never_below_the_curve(hits: list[bool], missed: int) -> None:
    objects = sum(hits) + missed
    if not objects:
        return
    area = area_under_envelope(np.array(hits, dtype=int), objects)
    right = np.cumsum(hits)
    raw = sum(right[i] / (i + 1) for i in range(len(hits)) if hits[i]) / objects
    assert raw - 1e-12 <= area <= sum(hits) / objects + 1e-12


def test_a_second_detection_of_an_object_is_wrong() -> None:
    sample = disjoint(image(np.random.default_rng(0), 2))
    masks = sample.masks[[0, 0, 1]]
    given_ = answer(masks, np.array([0.9, 0.8, 0.7]))
    assert average_precision([given_], [sample])[0.5] == pytest.approx((1 + 2 / 3) / 2)


def test_a_detection_in_the_crowd_is_forgiven() -> None:
    sample = disjoint(image(np.random.default_rng(1), 1))
    rest = ~sample.masks[0]
    given_ = answer([rest, *sample.masks], np.array([0.9, 0.8]))
    assert average_precision([given_], [sample])[0.5] == 0.5
    crowded = sample._replace(crowd=rest)
    assert average_precision([given_], [crowded])[0.5] == 1


def test_a_detection_of_another_category_is_wrong() -> None:
    sample = disjoint(image(np.random.default_rng(2), 1))._replace(categories=(3,))
    for category, expected in (3, 1.0), (2, 0.0):
        given_ = answer(sample.masks, np.ones(1), categories=np.array([category]))
        report = average_precision([given_], [sample], by_category=True)
        assert report.by_category == {3: {0.5: expected, 0.7: expected}}


def test_detections_in_images_without_objects_lower_precision() -> None:
    rng = np.random.default_rng(3)
    sample, bare = disjoint(image(rng, 1)), image(rng, 0)
    good = answer(sample.masks, np.array([0.5]))
    false = answer(np.ones((1, *SIZE), bool), np.array([0.9]))
    assert average_precision([good, false], [sample, bare])[0.5] == 0.5
    assert average_precision([good, empty_answer(bare)], [sample, bare])[0.5] == 1


def test_without_objects_precision_is_unknown_and_without_answers_zero() -> None:
    rng = np.random.default_rng(4)
    bare, sample = image(rng, 0), image(rng, 2)
    assert np.isnan(average_precision([noisy_answer(rng, bare, 2)], [bare])[0.5])
    report = average_precision([empty_answer(sample)], [sample])
    assert str(report) == "mAP^r@0.5 0.000  mAP^r@0.7 0.000"
    with pytest.raises(ValueError, match="no object"):
        precision_by_cutting([empty_answer(bare)], [bare], 0.5)


def test_wrong_input_is_refused() -> None:
    sample = image(np.random.default_rng(5), 2)
    h, w = SIZE
    with pytest.raises(ValueError, match="2 of 2 scores are NaN"):
        average_precision([answer(sample.masks, np.full(2, np.nan))], [sample])
    with pytest.raises(ValueError, match=f"{h} x {w - 2} .* {h} x {w}"):
        average_precision([answer(sample.masks[..., 2:], np.ones(2))], [sample])
    with pytest.raises(ValueError, match="have no categories"):
        given_ = answer(sample.masks, np.ones(2))
        average_precision([given_], [sample], by_category=True)
    with pytest.raises(ValueError, match="0.6 was not measured, but at 0.5, 0.7"):
        average_precision([], [])[0.6]


def test_the_nuclei_score_counts_right_wrong_and_missed_over_all_images() -> None:
    rng = np.random.default_rng(6)
    first, second = disjoint(image(rng, 3)), disjoint(image(rng, 2))
    bare = image(rng, 0)
    nothing = ~first.masks.any(axis=0)
    given_ = [
        answer([*first.masks[:2], nothing], np.ones(3)),  # 2 right, 1 wrong, 1 missed
        answer(second.masks, np.ones(2)),  # 2 right
        answer(np.ones((1, *SIZE), bool), np.ones(1)),  # 1 wrong
    ]
    scores = nuclei_ap(given_, [first, second, bare])
    assert list(scores) == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9]
    assert set(scores.values()) == {4 / 7}


def test_the_nuclei_score_of_nothing_is_zero_or_unknown() -> None:
    rng = np.random.default_rng(7)
    sample, bare = image(rng, 3), image(rng, 0)
    assert nuclei_ap([empty_answer(sample)], [sample], [0.5]) == {0.5: 0}
    assert np.isnan(nuclei_ap([empty_answer(bare)], [bare], [0.5])[0.5])


def test_the_nuclei_score_falls_where_the_iou_does_not_reach() -> None:
    mask = np.zeros((1, *SIZE), bool)
    mask[0, :10, :10] = True
    sample = image(np.random.default_rng(8), 0)
    sample = sample._replace(masks=mask, ids=(1,), categories=(1,))
    part = mask.copy()
    part[0, :3] = False  # 70 of 100 pixels
    scores = nuclei_ap([answer(part, np.ones(1))], [sample], [0.5, 0.7, 0.75])
    assert list(scores.values()) == [1, 1, 0]
