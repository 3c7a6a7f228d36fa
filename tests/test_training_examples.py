"""What a training step is given: the target lies where the object is in the image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from training_cases import network, one_thread

from ifcn_lab.data import Sample
from ifcn_lab.training import LESSON, PAPER, Example, Recipe, example_of
from ifcn_lab.views import (
    IMAGENET_MEAN,
    View,
    cut,
    mirror,
    relight,
    scale_all,
    turn,
)
from ifcn_lab.windows.labels import CLOSE, WindowRule
from ifcn_lab.windows.losses import WindowTargets

__all__ = ["one_thread"]  # a fixture

STRIDE, M = 4, 21
LARGE = WindowRule(canonical=0.7, negative_center=0.11, negative_scale=0.5)
RECIPES = {
    "crop": (LESSON.with_(photometric=0.0, crop=128), LARGE),
    "small crop": (LESSON.with_(photometric=0.0, crop=96), LARGE),
    "whole": (PAPER.with_(shorter_sides=(60.0, 90.0, 130.0)), WindowRule()),
}
USUAL = LESSON, CLOSE


def painted(
    h: int = 90, w: int = 120, boxes: tuple[tuple[int, int, int, int], ...] = (
        (10, 12, 60, 50), (40, 30, 100, 80), (90, 5, 115, 33)), crowd: bool = False,
) -> Sample:
    """A black picture with up to three objects: one red, one green, one blue."""
    masks = np.zeros((len(boxes), h, w), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        mask[y0:y1, x0:x1] = True
        mask[y0 : y0 + 3, x0 : x0 + 7] = False          # no symmetry
    image = np.zeros((h, w, 3), np.uint8)
    for colour, mask in enumerate(masks):
        image[mask, colour] = 255
    ids = tuple(range(len(boxes)))
    where = np.full((h, w), crowd)
    return Sample(image, masks, where, ids, ids, "painted", 0)


def example(
    sample: Sample, chosen: tuple[Recipe, WindowRule], seed: int, windows: int = 256
) -> Example:
    recipe, rule = chosen
    return example_of(network(m=M, windows=windows, rule=rule), sample, recipe,
                      np.random.default_rng(seed))


def windows_of_colours(image: torch.Tensor, made: WindowTargets) -> torch.Tensor:
    """How much of each colour lies in each cell of each positive window, by loops."""
    cells = F.avg_pool2d(image, STRIDE).numpy()                   # (3, H, W)
    found = np.zeros((3, len(made.target), M, M), np.float32)
    for p, (y, x) in enumerate(made.centers[made.label == 1].tolist()):
        for i, j in np.argwhere(made.counts[p].numpy()):
            found[:, p, i, j] = cells[:, y - M // 2 + i, x - M // 2 + j]
    return torch.tensor(found)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("seed", range(4))
def test_every_target_lies_where_its_colour_is_in_the_image(
    name: str, seed: int
) -> None:
    """Scaled, cropped or mirrored: a window's target is what one colour shows there."""
    image, made = example(painted(), RECIPES[name], seed, windows=24)
    # Padding shows the mean colour, which is less than half of any colour.
    colours = windows_of_colours(image, made)
    off = ((colours > 0.5) != (made.target > 0.5)) & made.counts       # (3, P, m, m)
    assert len(made.target) > 0
    assert (off.flatten(2).sum(2).min(0).values == 0).all()


def test_targets_are_exactly_the_share_of_each_cell_that_the_object_covers() -> None:
    """Without padding the picture's colour and the object's mask are one thing."""
    for seed in range(4):
        image, made = example(painted(180, 240), RECIPES["small crop"], seed, 24)
        gap = (windows_of_colours(image, made) - made.target).abs()    # (3, P, m, m)
        assert gap.flatten(2).amax(2).min(0).values.max() < 1e-5


def test_mirrored_and_plain_examples_both_occur() -> None:
    sample = painted(boxes=((5, 20, 40, 60),))
    recipe = PAPER.with_(shorter_sides=(90.0,))
    chosen = recipe, WindowRule()
    left = [bool(example(sample, chosen, s).image[0, :90, :48].sum() > 0)
            for s in range(12)]
    assert set(left) == {True, False}
    unflipped = recipe.with_(flip=False), WindowRule()
    assert all(example(sample, unflipped, s).image[0, :90, :48].sum() > 0
               for s in range(12))


@pytest.mark.parametrize("name", RECIPES)
def test_an_example_has_256_windows_the_positives_first(name: str) -> None:
    image, made = example(painted(), RECIPES[name], 1)
    assert made.centers.shape == (256, 2)
    assert made.label.tolist() == [1.0] * 128 + [0.0] * 128
    assert made.target.shape == made.counts.shape == (128, M, M)
    assert image.min() >= 0 and image.max() < 1 + 1e-5
    height, width = (side // STRIDE for side in image.shape[1:])
    assert (made.centers >= 0).all()
    assert (made.centers < torch.tensor([height, width])).all()


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("size", [(1, 1), (7, 13), (90, 120)])
def test_an_image_without_objects_gives_negatives_only(
    name: str, size: tuple[int, int]
) -> None:
    made = example(painted(*size, boxes=()), RECIPES[name], 0).targets
    assert made.label.tolist() == [0.0] * 128
    assert made.target.shape == (0, M, M)


def test_an_image_all_crowd_gives_no_window() -> None:
    made = example(painted(88, boxes=(), crowd=True), USUAL, 0).targets
    assert made.centers.shape == (0, 2)
    assert made.target.shape == (0, M, M)


def test_no_window_is_centred_on_padding() -> None:
    """A picture of 40 x 60 in a crop of 128 leaves most of it to padding."""
    sample = painted(40, 60, boxes=((10, 10, 45, 35),))
    view = cut(sample, 1.0, np.array([10, 10, 45, 35]), 128, np.random.default_rng(0))
    assert view.size == (40, 60)
    made = network(m=M).targets(view, np.random.default_rng(0))
    assert (made.centers < torch.tensor([10, 15])).all()


def test_padding_shows_the_mean_colour_below_and_to_the_right() -> None:
    sample = painted(40, 60, boxes=((0, 0, 60, 40),))
    view = cut(sample, 1.0, np.array([0, 0, 60, 40]), 128, np.random.default_rng(0))
    mean = torch.tensor(IMAGENET_MEAN)[:, None, None]
    assert (view.image[:, 40:] == mean).all() and (view.image[:, :, 60:] == mean).all()
    assert (view.masks[:, 40:] == 0).all() and (view.masks[:, :, 60:] == 0).all()
    assert torch.equal(view.image[0, :40, :60], view.masks[0, :40, :60])


def test_mirroring_leaves_the_padding_where_it_is() -> None:
    sample = painted(40, 60, boxes=((0, 0, 10, 40),))
    view = cut(sample, 1.0, np.array([0, 0, 10, 40]), 128, np.random.default_rng(0))
    turned = mirror(view)
    assert torch.equal(turned.image[..., :60], view.image[..., :60].flip(-1))
    assert torch.equal(turned.masks[..., :60], view.masks[..., :60].flip(-1))
    assert torch.equal(turned.image[..., 60:], view.image[..., 60:])
    assert torch.equal(mirror(turned).image, view.image)


@pytest.mark.parametrize("zoom", [0.3, 1.0, 1.7])
def test_a_scaled_sample_is_padded_by_less_than_one_stride(zoom: float) -> None:
    view = scale_all(painted(), zoom, STRIDE)
    assert view.size == (round(90 * zoom), round(120 * zoom))
    for side, padded in zip(view.size, view.image.shape[1:], strict=True):
        assert padded % STRIDE == 0 and 0 <= padded - side < STRIDE


@pytest.mark.parametrize("seed", range(6))
def test_a_drawn_object_has_the_right_size_for_the_window(seed: int) -> None:
    """So that there is a positive window, whatever the size in the picture."""
    size = (10, 20, 40, 80, 200, 300)[seed]
    sample = painted(320, 320, boxes=((5, 5, 5 + size, 5 + size // 2),))
    assert (example(sample, USUAL, seed).targets.label == 1).any()


def test_the_same_generator_makes_the_same_example() -> None:
    one, two = (example(painted(), USUAL, 3) for _ in range(2))
    assert torch.equal(one.image, two.image)
    assert all(map(torch.equal, one.targets, two.targets))
    other = example(painted(), USUAL, 4)
    assert not torch.equal(one.image, other.image)


def test_light_changes_the_image_within_its_range_and_nothing_at_strength_0() -> None:
    image = torch.rand(3, 20, 30)
    changed = [relight(image, 1.0, np.random.default_rng(s)) for s in range(20)]
    assert all(c.min() >= 0 and c.max() <= 1 for c in changed)
    assert all((c - image).abs().mean() > 0.01 for c in changed)
    negative = [float(torch.corrcoef(torch.stack([c.flatten(), image.flatten()]))[0, 1])
                < 0 for c in changed]
    assert 1 <= sum(negative) <= 15
    same = relight(image, 0.0, np.random.default_rng(0))
    torch.testing.assert_close(same, image)


@pytest.mark.parametrize("part", ["masks", "crowd"])
@pytest.mark.parametrize("name", RECIPES)
def test_masks_of_another_size_than_the_image_are_refused(part: str, name: str) -> None:
    sample = painted()
    odd = sample._replace(**{part: getattr(sample, part)[..., :-1]})
    says = rf"painted: {part} of \(90, 119\).* \(90, 120\)"
    with pytest.raises(ValueError, match=says):
        example(odd, RECIPES[name], 0)


def test_a_quarter_turn_moves_image_masks_and_crowd_alike():
    rng = np.random.default_rng(0)
    planes = torch.tensor(rng.random((5, 6, 6)), dtype=torch.float32)
    view = View(planes[:3], planes[3:4], planes[4], (6, 6), (1,))
    turned = turn(view, 1)
    expected = torch.tensor(np.rot90(planes.numpy(), 1, (1, 2)).copy())
    assert torch.equal(turned.image, expected[:3])
    assert torch.equal(turned.masks, expected[3:4])
    assert torch.equal(turned.crowd, expected[4])


@pytest.mark.parametrize("seed", range(4))
def test_a_whole_picture_that_is_turned_keeps_its_windows(seed: int) -> None:
    """Upright or lying, an object at the far end of the longer side still teaches."""
    sample = painted(64, 160, boxes=((98, 4, 156, 60),))
    recipe = PAPER.with_(shorter_sides=(64.0,), flip=False, turn=True)
    view = network(m=M).view(sample, recipe, np.random.default_rng(seed))
    assert view.size == tuple(view.image.shape[1:])
    _, made = example(sample, (recipe, LARGE), seed)
    assert made.label.sum() == 128
    along = STRIDE * made.centers[:, int(view.size[1] > view.size[0])]
    assert along[made.label == 1].min() < 30 or along[made.label == 1].max() > 120
    assert along.max() > 64                     # further than the shorter side reaches


def test_turned_pictures_lie_both_ways() -> None:
    recipe = PAPER.with_(shorter_sides=(64.0,), turn=True)
    sizes = {network(m=M).view(painted(64, 160), recipe, np.random.default_rng(s)).size
             for s in range(12)}
    assert sizes == {(64, 160), (160, 64)}
