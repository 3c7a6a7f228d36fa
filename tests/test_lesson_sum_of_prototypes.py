"""What lesson 12 says of its networks and figures, whatever the last digits are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ifcn_course.check import sum_of_prototypes as checks
from ifcn_course.predict import predictions
from ifcn_lab import average_recall, draw
from ifcn_lab.data import Sample
from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
from ifcn_lab.league import rescoring
from ifcn_lab.metrics.precision import CocoPrecision
from ifcn_lab.models.mask_scoring import MaskScoringRCNN
from ifcn_lab.models.yolact import YOLACT


@pytest.fixture(scope="module")
def net() -> YOLACT:
    return YOLACT.from_pretrained()


@pytest.fixture(scope="module")
def held_out() -> list[Sample]:
    return [*SceneSet(8, start=1_000_000)]


def test_most_coefficients_of_every_object_are_below_zero(
    net: YOLACT, held_out: list[Sample]
) -> None:
    assert predictions()["12.1"]["answer"] == "eight or more"
    for sample in held_out:
        _, mixes = rescoring.prototypes_of(net, sample.image)
        assert ((mixes < 0).sum(1) >= 8).all()


def test_a_neighbour_leaks_into_a_box_that_is_pulled_over_it(net: YOLACT) -> None:
    from ifcn_lab.widgets import PrototypeMixer

    sample = SceneSet(12, start=1_000_000)[11]
    mixer = PrototypeMixer(net, sample.image, sample.masks)
    mixer.chosen = 5
    before = mixer.mask()
    mixer.left = 40
    own, other = (mixer.mask() & (sample.masks[n]) for n in
                  (mixer.owners[5] - 1, slice(None)))
    added = mixer.mask() & ~before
    assert predictions()["12.2"]["answer"] == "parts of the neighbour are added"
    assert (mixer.mask() & before).sum() == before.sum() > 0
    assert (added & sample.masks.any(0)).sum() > 300
    assert own.any() and other.any(0).sum() > own.sum() + 300


def test_boxes_that_are_too_small_cost_and_too_large_ones_cost_the_worst(
    net: YOLACT, held_out: list[Sample]
) -> None:
    small, right, large = (
        rescoring.nearest(rescoring.answers(net, held_out, wider), held_out)
        for wider in (-0.4, 0, 1.0))
    assert small.mean() < right.mean() - 0.1
    assert large.mean() < right.mean()
    assert np.quantile(large, 0.1) < np.quantile(right, 0.1) - 0.05


def test_torch_takes_a_hundred_for_a_logarithm_of_nothing() -> None:
    zero, one = torch.zeros(1), torch.ones(1)
    assert F.binary_cross_entropy(zero, one) == predictions()["12.3"]["answer"]


def test_the_losses_of_the_exercise_are_the_golden_ones() -> None:
    logits = checks.expected_sum(checks.HALVES, [np.tanh(2), np.tanh(-2)])
    wanted, margin, tight = np.zeros((3, 4, 4))
    wanted[2:, :2] = margin[1:, :3] = tight[2:, :1] = 1
    golden = checks.expected_loss(logits, wanted, margin > 0, 4)
    assert golden == pytest.approx(1.096977, abs=1e-6)
    outside = checks.expected_loss(logits, wanted, tight > 0, 1)
    assert outside == pytest.approx(200.646128, abs=1e-6)


def test_a_head_taught_alone_raises_ap_and_changes_no_mask() -> None:
    net = MaskScoringRCNN.from_pretrained()
    thin = SceneSet(24, start=1_000_000, **SCENE_SETS["thin parts"])
    images = [each.image for each in thin]
    net.scoring = False
    plain = net.detect(images)
    training = SceneSet(40, start=500_000, **SCENE_SETS["thin parts"])
    pupil = rescoring.new_head(net)
    losses = rescoring.teach_head(pupil, rescoring.seen_once(net, training), 160)
    assert np.mean(losses[-10:]) < 0.3 * np.mean(losses[:10])
    pupil.scoring = True
    better = pupil.detect(images)
    true = rescoring.reordered(plain, rescoring.qualities(plain, thin))
    ap = [CocoPrecision(sizes=False).over(found, thin).at()
          for found in (plain, better, true)]
    assert ap[0] + 0.005 < ap[1] < ap[2]
    first, second = (average_recall(found, thin, ns=(100,))[100]
                     for found in (plain, better))
    assert first == second and predictions()["12.4"]["answer"] == "AP"


def test_the_head_teaches_nothing_else() -> None:
    net = MaskScoringRCNN.from_pretrained()
    pupil = rescoring.new_head(net)
    seen = rescoring.seen_once(net, SceneSet(2, start=500_000))
    rescoring.teach_head(pupil, seen, steps=2, batch=1)
    same = {name: torch.equal(value, pupil.state_dict()[name])
            for name, value in net.state_dict().items()}
    assert {name.partition(".")[0] for name, equal in same.items() if not equal} == {
        "iou_head"}


def test_answers_are_those_of_detect(net: YOLACT, held_out: list[Sample]) -> None:
    for each, found in zip(rescoring.answers(net, held_out[:2]),
                           net.detect([s.image for s in held_out[:2]]), strict=True):
        order = np.argsort(-each.scores, kind="stable")
        np.testing.assert_array_equal(each.masks[order], found.masks)


@pytest.mark.parametrize("score", [
    lambda scores, soft: scores * np.where(soft > 0.5, soft, 0).sum((1, 2))
    / np.maximum((soft > 0.5).sum((1, 2)), 1),
    lambda scores, soft: scores - 4 * (soft * (1 - soft)).sum((1, 2))
    / np.maximum((soft > 0.5).sum((1, 2)), 1),
])
def test_other_right_answers_of_the_open_problem_pass(score, capsys) -> None:
    checks.crisp_scores(score)
    assert "correct" in capsys.readouterr().out


@pytest.mark.parametrize("score", [
    lambda scores, soft: scores, lambda scores, soft: soft.sum((1, 2)),
    lambda scores, soft: scores[:-1], lambda scores, soft: -scores,
])
def test_what_is_no_better_does_not_pass(score, capsys) -> None:
    checks.crisp_scores(score)
    assert "correct" not in capsys.readouterr().out


def test_the_figures_say_what_they_show() -> None:
    chain = draw.box_chain(np.eye(3, 4) + 9, {"NMS": [0, 2], "Fast NMS": [0]})
    assert chain.alt == "3 boxes in a chain. NMS keeps A and C and Fast NMS keeps A."
    mixed = draw.mixture(checks.HALVES, {"all": [1, 1], "corner": [1, -1]})
    assert "all, with +1 and +1: 12 of 16" in mixed.alt
    assert "corner, with +1 and -1: 4 of 16" in mixed.alt
    grown = draw.by_growth([0, 0.5], {"mean": [0.9, 0.8]})
    assert "mean: +0 % 0.90 and +50 % 0.80" in grown.alt
