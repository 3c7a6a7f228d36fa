"""Facts about the synthetic scenes as a whole."""
from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, label

from benchmarks.scenes import baseline, best_ious, components, same_colour, shares
from ifcn_lab import scenes
from ifcn_lab.scenes import measure

COUNT = 120
TWO_LARGE_DISCS = dict(
    size=(76, 76), sizes=(64, 64), objects=(2, 2), touching=0.0, families=("disc",)
)


@pytest.fixture(scope="module")
def some() -> list[scenes.Scene]:
    return list(islice(scenes.stream(5), COUNT))


def same(a: scenes.Scene, b: scenes.Scene) -> bool:
    pairs = zip(a, b, strict=True)
    return all(x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in pairs)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**40])
def test_the_same_seed_gives_the_same_bytes(seed):
    assert same(scenes.make(seed), scenes.make(seed))


def test_different_seeds_give_different_scenes():
    images = {scenes.make(seed).image.tobytes() for seed in range(20)}
    images |= {scene.image.tobytes() for scene in islice(scenes.stream(0), 20)}
    assert len(images) == 40


def test_a_stream_repeats_itself_and_takes_the_wishes_of_make():
    first, again = (scenes.stream(3, size=(96, 112), objects=(2, 3)) for _ in range(2))
    for a, b in islice(zip(first, again, strict=True), 5):
        assert same(a, b)
        assert a.image.shape == (96, 112, 3) and len(a.masks) in (2, 3)


def test_masks_are_disjoint_not_empty_and_of_the_images_size(some):
    for image, masks in some:
        assert image.dtype == np.uint8 and masks.dtype == bool
        assert image.shape == (128, 128, 3) and masks.shape[1:] == (128, 128)
        assert masks.sum(0).max() == 1
        assert masks.any((1, 2)).all()


def test_every_scene_has_two_to_eight_objects_and_all_counts_occur(some):
    assert {len(scene.masks) for scene in some} == set(range(2, 9))


def test_at_least_sixty_percent_touch_an_object_of_their_colour(some):
    assert shares(some)["touching_same_colour"] >= 0.6


def test_sizes_span_more_than_a_factor_of_three(some):
    found = shares(some)
    assert found["size_ratio"] > 3
    assert found["size_smallest"] <= 26 and found["size_largest"] > 65


def test_lengths_are_log_uniform():
    low, high = 28, 86
    wishes = dict(families=("disc",), touching=0.0, objects=(2, 3), size=(400, 400))
    discs = (scenes.make(seed, **wishes) for seed in range(150))
    sides = [np.any(m, 0).sum() for d in discs for m in d.masks]
    share = np.mean(np.array(sides) < np.sqrt(low * high))  # the geometric middle
    assert 0.42 < share < 0.58
    assert min(sides) >= low - 2 and max(sides) <= high + 2


def test_thresholding_finds_two_of_five_objects_at_most(some):
    reached = baseline(some)
    assert reached["recall_50"] < 0.4
    assert reached["recall"] < 0.25


def test_thresholding_finds_less_than_a_third_of_the_objects_in_wild_scenes():
    reached = baseline(list(islice(scenes.stream(5, style="wild"), COUNT)))
    assert reached["recall_50"] < 0.33
    assert reached["recall"] < 0.2


def test_thresholding_finds_objects_that_stand_apart_on_an_even_ground():
    wishes = dict(touching=0.0, style="plain", objects=(2, 3))  # all alone
    apart = [scenes.make(seed, **wishes) for seed in range(20)]
    assert baseline(apart)["recall_50"] > 0.95


def test_the_best_iou_agrees_with_counting_pixels():
    truth = np.zeros((1, 4, 4), bool)
    truth[0, :2] = True
    guess = np.zeros((2, 4, 4), bool)
    guess[0, :3] = guess[1, 3:] = True
    assert best_ious(guess, truth).tolist() == pytest.approx([8 / 12])
    assert best_ious(guess[:0], truth).tolist() == [0.0]
    assert len(components(truth[0] | guess[1])) == 2


def test_touching_zero_keeps_objects_of_one_colour_apart():
    for seed in range(30):
        scene = scenes.make(seed, touching=0.0, style="plain")
        near = measure.touching(scene.masks)
        assert not (near & same_colour(*scene)).any()


def test_touching_one_leaves_hardly_an_object_alone():
    every = (scenes.make(s, touching=1.0, style="plain") for s in range(60))
    found = shares(every)
    assert found["touching_same_colour"] > 0.93


def test_touching_agrees_with_growing_each_mask_by_hand(some):
    masks = some[0].masks
    square = np.ones((2 * measure.REACH + 1,) * 2, bool)
    grown = [binary_dilation(m, square) for m in masks]
    for i, row in enumerate(measure.touching(masks)):
        for j, near in enumerate(row):
            assert near == (i != j and (grown[i] & masks[j]).any())


def test_shares_of_no_scenes_is_an_error():
    with pytest.raises(ValueError, match="no scenes"):
        shares([])


def test_a_plain_scene_has_flat_surfaces():
    image, masks = scenes.make(1, style="plain")
    for mask in masks:
        _, counts = np.unique(image[mask], axis=0, return_counts=True)
        assert counts.max() > 0.5 * mask.sum()


def test_grey_and_colour_scenes_and_both_polarities_occur(some):
    grey = [np.ptp(scene.image, axis=2).max() == 0 for scene in some]
    assert 0.2 < np.mean(grey) < 0.8
    lighter = []
    for image, masks in some:
        inside = masks.any(0)
        lighter.append(image[inside].mean() > image[~inside].mean())
    assert 0.2 < np.mean(lighter) < 0.9


def test_a_border_between_touching_objects_can_be_seen(some):
    """Along the border the image changes more than the noise alone explains."""
    seen = []
    for image, masks in some:
        grey = image.astype(float).mean(2)
        slope = np.hypot(*np.gradient(grey))
        for i, j in np.argwhere(np.triu(measure.touching(masks))):
            near = binary_dilation(masks[i], iterations=2)
            border = near & binary_dilation(masks[j], iterations=2)
            seen.append(np.percentile(slope[border], 75))
    assert np.mean(np.array(seen) > 1) > 0.95


def test_the_two_discs_touch_are_whole_and_are_one_to_a_threshold():
    image, masks = scenes.two_touching()
    assert len(masks) == 2 and measure.touching(masks).all(1).sum() == 0
    assert measure.touching(masks).any(1).all()
    assert abs(int(masks[0].sum()) - int(masks[1].sum())) < 60
    border = np.ones((128, 128), bool)
    border[1:-1, 1:-1] = False
    assert not masks[:, border].any()
    assert label(image.mean(2) < 190)[1] == 1


def test_the_standard_pair_is_symmetric():
    image, masks = scenes.two_touching()
    assert np.array_equal(masks[0], masks[1, :, ::-1])
    assert np.array_equal(image, image[:, ::-1])


@pytest.mark.parametrize("diameter", [3, 61])
def test_a_pair_that_does_not_fit_is_an_error(diameter):
    with pytest.raises(ValueError, match="diameter"):
        scenes.two_touching(diameter=diameter)


def test_a_photograph_of_many_coins_can_be_drawn():
    scene = scenes.make(
        1, size=(303, 384), objects=(20, 24), sizes=(36, 60), touching=0.0
    )
    assert scene.image.shape == (303, 384, 3) and len(scene.masks) >= 20


@pytest.mark.parametrize(
    "wishes, words",
    [
        (dict(objects=(0, 3)), "objects"),
        (dict(objects=(5, 3)), "objects"),
        (dict(sizes=(30, 20)), "sizes"),
        (dict(sizes=(0, 20)), "sizes"),
        (dict(size=(64, 128)), "does not fit"),
        (dict(size=(64, 64), sizes=(30, 40), objects=(9, 9)), "no room"),
        (TWO_LARGE_DISCS, "no room"),
        (dict(families=("disc", "cube")), "cube"),
        (dict(families=()), "families"),
        (dict(touching=1.5), "touching"),
        (dict(touching=-0.1), "touching"),
    ],
)
def test_wishes_that_cannot_be_met_are_named(wishes, words):
    with pytest.raises(ValueError, match=words):
        scenes.make(0, **wishes)
    if "no room" not in words:
        with pytest.raises(ValueError, match=words):
            scenes.stream(0, **wishes)


@pytest.mark.parametrize("wishes", [dict(size=(128.5, 128)), dict(objects=(2, True))])
def test_sizes_and_counts_are_whole_numbers(wishes):
    with pytest.raises(TypeError):
        scenes.make(0, **wishes)


def test_a_family_given_as_a_bare_string_is_an_error():
    with pytest.raises(ValueError, match="tuple of names"):
        scenes.make(0, families="disc")


@pytest.mark.parametrize("seed, error", [(-1, ValueError), (1.5, TypeError)])
def test_a_seed_is_a_whole_number_from_zero(seed, error):
    with pytest.raises(error):
        scenes.make(seed)
    with pytest.raises(error):
        scenes.stream(seed)


def test_numpy_integers_are_seeds_too():
    assert same(scenes.make(np.int64(4)), scenes.make(4))


def test_two_touching_discs_touch_whatever_their_diameter():
    for diameter in (8, 20, 44, 46, 50, 54.5, 56, 58, 60):
        left, right = scenes.two_touching(diameter=diameter).masks
        grown = np.pad(left, 1)
        beside = grown[:-2, 1:-1] | grown[2:, 1:-1] | grown[1:-1, :-2] | grown[1:-1, 2:]
        assert (beside & right).any(), diameter
