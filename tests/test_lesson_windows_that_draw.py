"""Lesson 9: what its figures must show, whatever machine drew them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ifcn_course.check.windows_that_draw import box_of, labelled_loss, refined
from ifcn_course.predict import predictions
from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
from ifcn_lab.draw import refinement
from ifcn_lab.models.sharpmask import SharpMask
from ifcn_lab.windows.close_up import close_ups, cut
from ifcn_lab.windows.pyramid import resize_image


@cache
def network() -> SharpMask:
    return SharpMask.from_pretrained().eval()


@cache
def thin() -> SceneSet:
    return SceneSet(12, start=1_000_000, **SCENE_SETS["thin parts"])


def masks_of(model, samples):
    """Masks and objects of all close-ups."""
    every = [one for sample in samples for one in close_ups(model, sample)]
    return np.stack([one.logits > 0 for one in every]), np.stack(
        [one.truth for one in every])


def overlaps(model, samples):
    masks, truths = masks_of(model, samples)
    return (masks & truths).sum((1, 2)) / (masks | truths).sum((1, 2))


def test_two_layers_have_a_sixth_of_the_weights() -> None:
    inputs, outputs = 14 * 14 * 512, 56 * 56
    assert inputs * outputs == 314_703_872
    assert 512 * (inputs + outputs) == 52_985_856
    assert round(inputs * outputs / 52_985_856) == 6
    assert predictions()["9.1"]["answer"] == "6 times"


def test_the_trained_head_has_the_rank_of_its_waist() -> None:
    head = network().trunk.masks
    second, first = head.spread.weight[:, :, 0, 0], head.squeeze.weight.flatten(1)
    whole = second.detach().double() @ first.detach().double()
    assert whole.shape == (576, 2048)
    assert np.linalg.matrix_rank(whole.numpy()) == 32


def test_the_loss_is_the_golden_one() -> None:
    f, m = np.array([[2.0, -1.0, 0.5, -3.0]]), np.array([[1, -1, -1, 1]])
    assert labelled_loss(f, m, 1e9, 1) == pytest.approx(1.115714, abs=1e-6)
    bce = F.binary_cross_entropy_with_logits(
        torch.tensor(f), torch.tensor((m + 1) / 2))
    assert labelled_loss(f, m, 1e9, 1) == pytest.approx(float(bce))


def test_a_window_is_found_again_as_the_released_rule_says() -> None:
    # The middle is ((x - 1) * 16 / 2^s, (y - 1) * 16 / 2^s), x and y counted from 1.
    x0, y0, x1, y1 = box_of(2 * 7 + 4, 7, 16, 160, 2.0)
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == (4 * 16 / 2, 2 * 16 / 2)
    assert x1 - x0 == y1 - y0 == 80


def test_the_step_of_the_check_is_that_of_torch() -> None:
    rng = np.random.default_rng(0)
    drawn = [rng.integers(-3, 4, s) for s in ((3, 4, 4), (2, 4, 4), (5, 3), (5, 2))]
    features, mask, w_features, w_mask = (torch.tensor(d).float() for d in drawn)
    joined = F.conv2d(torch.cat([features, mask])[None],
                      torch.cat([w_features, w_mask], 1)[..., None, None])
    large = F.interpolate(joined.relu(), scale_factor=2, mode="nearest")[0]
    assert np.array_equal(refined(*drawn), large.numpy())


def test_the_last_stage_is_the_mask_of_the_window() -> None:
    [one, *_] = close_ups(network(), thin()[0])
    with torch.no_grad():
        last = network().stages(one.maps, one.center)[-1][:, 0]
        mask = network().windows(one.maps, one.center, fill=float("nan"))
    assert torch.equal(mask[~mask.isnan()], last[~mask.isnan()])
    assert not mask.isnan().all()


def test_a_close_up_shows_the_object_in_its_middle() -> None:
    for one in close_ups(network().trunk, SceneSet(1, objects=(1, 1))[0]):
        y, x = np.argwhere(one.truth).T
        assert abs((y.min() + y.max()) / 2 - 48) <= 5
        assert abs((x.min() + x.max()) / 2 - 48) <= 5
        longest = max(np.ptp(y), np.ptp(x)) + 1
        assert longest == pytest.approx(network().canonical * 96, abs=2)


def test_a_cut_is_what_lies_there() -> None:
    image = torch.arange(16.0).view(1, 4, 4)
    assert torch.equal(cut(image, 1, 2, 2), image[:, 1:3, 2:4])
    assert cut(image, 3, -1, 2).tolist() == [[[0, 12], [0, 0]]]
    assert torch.equal(resize_image(image, 1.0, least=1), image)


@pytest.mark.slow
def test_refinement_gains_most_where_masks_have_to_be_exact() -> None:
    samples = SceneSet(20, start=1_000_000)
    before, after = (overlaps(net, samples) for net in (network().trunk, network()))
    gain = {limit: (after >= limit).mean() - (before >= limit).mean()
            for limit in (0.5, 0.85)}
    assert gain[0.85] > gain[0.5] + 0.05
    assert predictions()["9.2"]["answer"] == "at IoU 0.85"


@pytest.mark.slow
def test_the_gain_lies_at_the_outline_and_begins_earlier_with_thin_parts() -> None:
    from scipy.ndimage import distance_transform_edt as distance

    deep, truths = masks_of(network().trunk, thin())
    sharp, _ = masks_of(network(), thin())
    signed = np.stack([distance(t) - distance(~t) for t in truths])
    near, far = np.abs(signed) <= 4, np.abs(signed) > 12
    less = {name: (deep != truths)[band].mean() - (sharp != truths)[band].mean()
            for name, band in (("near", near), ("far", far))}
    assert less["near"] > less["far"] and less["near"] > 0
    ious = [(m & truths).sum((1, 2)) / (m | truths).sum((1, 2)) for m in (deep, sharp)]
    assert (ious[1] >= 0.75).mean() > (ious[0] >= 0.75).mean() + 0.05


def test_figures_say_what_they_show() -> None:
    assert "one layer 8 and two layers 6" in refinement.waist(4, 1, 2).alt
    values = {"a": np.array([2.0, 1.0, 1e-9])}
    assert "a has 2 that are not 0" in refinement.singular_values(values).alt
    truth = np.eye(4) > 0
    told = refinement.stages(np.zeros((4, 4, 3), np.uint8), {"x": np.eye(4)}, truth)
    assert "x 1.00" in told.alt
    told = refinement.gains([0.5, 0.9], np.array([1.0, 0.2]), np.array([1.0, 0.5]),
                            ("A", "B"))
    assert "+0 at 0.50 and +30 at 0.90" in told.alt
