"""The film that ships, and the camera that made it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ifcn_course.film.recording import (
    ORDER,
    RECIPE,
    Shuffled,
    network,
    pack,
    record,
    save,
)
from ifcn_lab import assemble
from ifcn_lab.data import film, shipped
from ifcn_lab.windows.oracle import coverage, object_centers, oracle_maps, window_ious


@pytest.fixture(scope="module")
def reel() -> film.Film:
    return film.load()


def ious(reel: film.Film, maps: np.ndarray, scene: int) -> np.ndarray:
    """Return how well the windows read from these maps agree with their objects."""
    masks = reel.masks(scene)
    centers = object_centers(masks, reel.stride, reel.m)
    windows = assemble(maps, reel.m, centers=centers) > 0
    return window_ious(windows, coverage(masks, reel.stride) > 0.5, centers)


def test_the_film_is_small_and_as_it_was_shipped() -> None:
    assert shipped.path(film.NAME).stat().st_size <= 400_000
    assert shipped.checksums()[film.NAME] is None


@pytest.mark.parametrize("scene", [0, 1])
def test_masks_are_bad_before_training_and_good_after(
    reel: film.Film, scene: int
) -> None:
    assert ious(reel, reel.maps("plain", 0, scene), scene).mean() < 0.5
    assert ious(reel, reel.maps("plain", 400, scene), scene).min() > 0.85


@pytest.mark.parametrize("scene", [0, 1])
def test_masks_fall_apart_when_channels_are_shuffled_after_training(
    reel: film.Film, scene: int
) -> None:
    shuffled = reel.maps("plain", 400, scene)[reel.order]
    assert ious(reel, shuffled, scene).max() < 0.2


@pytest.mark.parametrize("scene", [0, 1])
def test_a_network_shuffled_before_training_learns_as_well(
    reel: film.Film, scene: int
) -> None:
    maps = reel.maps("shuffled", 400, scene)
    assert ious(reel, maps[reel.order], scene).min() > 0.8
    assert ious(reel, maps, scene).max() < 0.2
    last = reel.mask_loss[:, -50:].mean(1)
    assert abs(last[0] - last[1]) < 0.1 * last[0]


def test_after_training_each_channel_looks_most_like_its_own_part(
    reel: film.Film,
) -> None:
    masks = reel.masks(0)
    centers = object_centers(masks, 4, 21)
    parts = oracle_maps(coverage(masks, 4) > 0.5, centers, 3, 21).reshape(9, -1)
    for run, order in (("plain", range(9)), ("shuffled", reel.order)):
        maps = 1 / (1 + np.exp(-reel.maps(run, 400, 0))).reshape(9, -1)
        likeness = np.corrcoef(parts, maps)[:9, 9:]  # part by channel
        assert likeness.argmax(1).tolist() == list(order)


def test_no_channel_keeps_its_place_in_the_shuffled_run(reel: film.Film) -> None:
    assert sorted(reel.order) == list(range(9))
    assert not (reel.order == np.arange(9)).any()


def test_both_runs_begin_with_the_same_maps(reel: film.Film) -> None:
    for scene in (0, 1):
        plain, shuffled = (reel.maps(run, 0, scene) for run in reel.runs)
        np.testing.assert_array_equal(plain, shuffled)


def test_a_run_or_step_that_was_not_filmed_is_named(reel: film.Film) -> None:
    with pytest.raises(ValueError, match="no run 'backwards'"):
        reel.maps("backwards", 0)
    with pytest.raises(ValueError, match="step 7 is not in this film"):
        reel.maps("plain", 7)


def test_packing_keeps_signs_and_is_off_by_a_sixteenth_at_most() -> None:
    logits = np.random.default_rng(0).normal(0, 3, 1000).clip(-7.9, 7.9)
    kept = film.unpack(pack(logits))
    assert np.abs(kept - logits).max() <= 1 / 16
    np.testing.assert_array_equal(kept > 0, logits > 0)


def test_a_film_is_written_and_read_again_and_twice_the_same(tmp_path: Path) -> None:
    short = record(RECIPE.with_(iterations=2, batch=1), steps=(0, 2))
    paths = [save(short, tmp_path / name) for name in ("a.npz", "b.npz")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    again = film.load(paths[0])
    np.testing.assert_array_equal(again.scores, short.scores)
    assert again.scores.shape == (2, 2, 2, 9, 32, 32)
    assert again.mask_loss.shape == (2, 2) and again.runs == ("plain", "shuffled")
    assert (again.scores[0, 1] != again.scores[1, 1]).any()


def test_the_filmed_scenes_have_their_objects(reel: film.Film) -> None:
    assert [len(reel.masks(scene)) for scene in (0, 1)] == [2, 3]


def test_a_shuffled_network_reads_the_channels_in_its_order() -> None:
    net = network(ORDER)
    maps = torch.randn(9, 30, 30)
    centers = torch.tensor([[4, 4], [20, 15]])
    expected = assemble(maps[list(ORDER)], 21, centers=centers)
    assert torch.equal(net.windows(maps, centers), expected)


def test_the_same_weights_start_with_and_without_an_order() -> None:
    plain, shuffled = network(None).state_dict(), network(ORDER).state_dict()
    assert all(torch.equal(plain[name], shuffled[name]) for name in plain)


def test_an_order_that_leaves_a_channel_out_is_refused() -> None:
    with pytest.raises(ValueError, match="each of the 4 channels once"):
        Shuffled((0, 1, 2, 2), k=2, m=2, backbone="small")
