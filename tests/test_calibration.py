"""Reliability, its error, the line that mends it, and the cut: against slow twins."""

from __future__ import annotations

import numpy as np
import pytest

from ifcn_lab import draw
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.metrics.calibration import (
    Verdicts,
    best_cut,
    calibrate,
    fitted,
    reliability,
    verdicts,
)
from ifcn_lab.models import load
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import Instances
from ifcn_lab.windows.quality import calibrated


def some_answers(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 41, n) / 40        # equal ones, and on edges
    return scores, rng.random(n) < scores ** 3


def error_by_hand(scores, right, bins: int) -> float:
    """The definition, one bin and one answer at a time."""
    total = 0.0
    for b in range(bins):
        here = [i for i, s in enumerate(scores)
                if b / bins <= s < (b + 1) / bins or (b == bins - 1 and s == 1)]
        if here:
            said = sum(scores[i] for i in here) / len(here)
            so = sum(bool(right[i]) for i in here) / len(here)
            total += len(here) / len(scores) * abs(said - so)
    return total


@pytest.mark.parametrize("bins", [1, 4, 8])
def test_the_error_is_that_of_the_definition(bins: int) -> None:
    for seed in range(5):
        scores, right = some_answers(seed)
        assert reliability(scores, right, bins).error == pytest.approx(
            error_by_hand(scores, right, bins), abs=1e-12)
    assert reliability(np.array([]), np.array([], bool)).error == 0


def test_scores_that_mean_what_they_say_have_no_error() -> None:
    scores = np.repeat([0.25, 0.75], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    assert reliability(scores, right).error == 0


def cut_by_trying(judged: Verdicts) -> float:
    best, chosen = -1.0, 0.0
    for cut in sorted(set(judged.scores.tolist()), reverse=True):
        meant = judged.scores >= cut
        right = int((meant & judged.right).sum())
        share = right / (int(meant.sum()) + judged.objects - right)
        if share > best:
            best, chosen = share, cut
    return chosen


def test_the_cut_is_the_best_of_all_that_can_be_tried() -> None:
    for seed in range(20):
        scores, right = some_answers(seed, 30)
        judged = Verdicts(scores, right, int(right.sum()) + 5, 10)
        assert best_cut(judged) == cut_by_trying(judged)


def test_at_a_cut_found_and_wrong_answers_are_counted() -> None:
    judged = Verdicts(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 4, 2)
    assert judged.at(0.8) == (0.25, 0.5)
    assert judged.at(0.0) == (0.5, 0.5)
    assert judged.at(1.0) == (0.0, 0.0)


def test_the_line_has_no_slope_left_to_gain() -> None:
    """Platt's softened likelihood is lower at every neighbour of what was fitted."""
    scores, right = some_answers(7, 400)
    line = np.array(fitted(scores, right))
    yes, no = right.sum(), (~right).sum()
    wanted = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))

    def likelihood(each: np.ndarray) -> float:
        p = calibrated(scores, tuple(each))
        return float((wanted * np.log(p) + (1 - wanted) * np.log(1 - p)).sum())

    top = likelihood(line)
    for step in (0.01, -0.01):
        assert likelihood(line + [step, 0]) < top
        assert likelihood(line + [0, step]) < top


def test_a_line_finds_the_line_that_scores_were_bent_by() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.02, 0.98, 40_000)
    right = rng.random(len(p)) < p
    bent = calibrated(p, (2.0, 1.0))
    slope, offset = fitted(bent, right)
    assert (slope, offset) == pytest.approx((0.5, -0.5), abs=0.05)
    assert reliability(bent, right).error > 0.1
    assert reliability(calibrated(bent, (slope, offset)), right).error < 0.02


def test_a_second_mask_of_an_object_is_wrong_and_the_first_is_right() -> None:
    sample = SceneSet(1, start=7)[0]
    mask = sample.masks[0]
    y, x = np.nonzero(mask)
    box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
    crop = mask[box[1] : box[3], box[0] : box[2]]
    found = Instances(mask.shape, np.stack([box, box]), np.array([0.9, 0.8]),
                      (crop, crop))
    judged = verdicts([found], [sample])
    assert judged.right.tolist() == [True, False]
    assert (judged.objects, judged.images) == (len(sample.masks), 1)


def test_a_calibrated_model_says_of_the_same_pictures_what_is_so(tmp_path) -> None:
    scenes = SceneSet(8, start=3_000_000)
    net = InstanceFCN.from_pretrained("scenes-instancefcn")
    images = [each.image for each in scenes]
    before = verdicts(net.detect(images, nms="masks", nms_iou=0.3), scenes)
    calibrate(net, scenes)
    after = verdicts(net.detect(images, nms="masks", nms_iou=0.3), scenes)
    assert np.array_equal(before.right, after.right)
    errors = [reliability(each.scores, each.right).error for each in (before, after)]
    assert errors[1] < errors[0] / 2
    again = load(net.save(tmp_path / "calibrated.safetensors"))
    assert again.cut == net.cut == best_cut(after)
    meant = verdicts(again.answers(images), scenes)
    assert meant.scores.min() == again.cut
    assert meant.right.sum() == int(after.at(again.cut)[0] * after.objects + 0.5)


def test_scores_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match="no probability"):
        reliability(np.array([1.2]), np.array([True]))
    with pytest.raises(ValueError, match="right ones and wrong ones"):
        fitted(np.array([0.2]), np.array([True]))


def test_the_figure_says_each_error() -> None:
    scores, right = some_answers(0)
    drawn = draw.reliability({"objectness": (scores, right), "other": (scores, ~right)})
    assert f"{reliability(scores, right).error:.2f} for objectness" in drawn.alt
    assert len(drawn.figure.axes) == 2
