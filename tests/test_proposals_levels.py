"""All scales of several images in few passes say what one by one says."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_cases import one_thread

from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.models.instancefcn import InstanceFCN, ScoreMaps
from ifcn_lab.segmenter import Instances
from ifcn_lab.windows import levels, propose, propose_many
from ifcn_lab.windows.levels import score_level, score_levels, stacked, together

__all__ = ["one_thread"]  # a fixture


class Counting(InstanceFCN):
    """A network that notes the shape of every batch it is given."""

    seen: list[tuple[int, ...]] = []

    def forward(self, images: torch.Tensor) -> ScoreMaps:
        self.seen.append(tuple(images.shape))
        return super().forward(images)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Counting:
    torch.manual_seed(0)
    monkeypatch.setattr(Counting, "seen", [])
    return Counting(k=3, m=7, backbone="small").eval()


def image(h: int, w: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3), np.uint8)


def agree(a: levels.Level, b: levels.Level) -> None:
    assert a.cell == b.cell
    torch.testing.assert_close(a.maps, b.maps, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(a.objectness, b.objectness, rtol=1e-4, atol=1e-5)


# Which images share a pass


@given(
    shapes=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), max_size=12),
    most=st.integers(1, 900),
)
@settings(max_examples=60)
def test_every_image_is_in_one_group_of_one_shape_within_the_limit(
    shapes: list[tuple[int, int]], most: int
) -> None:
    groups = list(together(shapes, 4, most))
    assert sorted(i for group in groups for i in group) == list(range(len(shapes)))
    for group in groups:
        cells = {(-(-shapes[i][0] // 4), -(-shapes[i][1] // 4)) for i in group}
        assert len(cells) == 1
        (rows, columns), = cells
        assert len(group) == 1 or len(group) * rows * columns * 16 <= most


def test_images_of_one_size_share_their_passes_and_scales_do_not(
    net: Counting,
) -> None:
    images = [image(40, 60, seed) for seed in range(3)]
    propose_many(net, images, top=5, scales=[1.0, 0.5])
    assert sorted(net.seen) == [(3, 3, 20, 30), (3, 3, 40, 60)]


def test_no_pass_is_larger_than_the_limit(
    net: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "PIXELS_TOGETHER", 2 * 40 * 60)
    propose_many(net, [image(40, 60, seed) for seed in range(5)], top=5, scales=[1.0])
    assert [shape[0] for shape in net.seen] == [2, 2, 1]


# The same scores


def test_batched_levels_are_those_of_one_by_one(net: Counting) -> None:
    pictures = [torch.rand(3, *size) for size in ((40, 60), (60, 40), (40, 60))]
    zooms = [[0.5, 1.0, 1.5], [1.0, 0.7], [1.0]]
    together_ = score_levels(net, pictures, zooms)
    assert [len(some) for some in together_] == [3, 2, 1]
    for picture, some, scales in zip(pictures, together_, zooms, strict=True):
        for level, zoom in zip(some, scales, strict=True):
            agree(level, score_level(net, picture, zoom))


def test_images_that_share_only_their_cells_are_padded_as_the_network_pads(
    net: Counting,
) -> None:
    pictures = [torch.rand(3, *size) for size in ((37, 58), (40, 60), (39, 57))]
    found = score_levels(net, pictures, [[1.0]] * 3)
    assert net.seen == [(3, 3, 40, 60)]
    for picture, (level,) in zip(pictures, found, strict=True):
        agree(level, score_level(net, picture, 1.0))


def test_a_padded_batch_is_zero_to_the_network_outside_its_images(
    net: Counting,
) -> None:
    batch = stacked(net, [torch.rand(3, 5, 8), torch.rand(3, 8, 7)])
    outside = ((batch - net.mean) / net.std)[0, :, 5:]
    assert batch.shape == (2, 3, 8, 8)
    assert (outside == 0).all()


def test_images_of_shapes_of_their_own_are_exactly_as_alone(net: Counting) -> None:
    images = [image(40, 60), image(52, 44, 1)]
    for one, found in zip(images, propose_many(net, images, top=20), strict=True):
        assert same(found, propose(net, one, top=20))


def test_many_images_give_what_each_gives(net: Counting) -> None:
    """Scores to rounding; the masks of equal windows to the pixels near a half."""
    images = [image(48, 64, seed) for seed in range(3)]
    for one, found in zip(images, propose_many(net, images, top=20), strict=True):
        alone = propose(net, one, top=20)
        assert np.allclose(found.scores, alone.scores, atol=1e-5)
        masks = {tuple(w): m for w, m in zip(alone.windows, alone.masks, strict=True)}
        both = [(mask, masks[tuple(w)]) for w, mask
                in zip(found.windows, found.masks, strict=True) if tuple(w) in masks]
        assert len(both) >= 18
        assert np.mean([a != b for a, b in both]) < 1e-3


def same(a: Instances, b: Instances) -> bool:
    return (np.array_equal(a.boxes, b.boxes) and np.array_equal(a.scores, b.scores)
            and np.array_equal(a.windows, b.windows) and a.zooms == b.zooms
            and all(map(np.array_equal, a.crops, b.crops)))


def test_no_image_gives_no_proposals(net: Counting) -> None:
    assert propose_many(net, []) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_broken_scores_of_one_image_of_a_batch_are_found(
    net: Counting, bad: float
) -> None:
    broken = copy.deepcopy(net)
    with torch.no_grad():
        broken.objectness[-1].bias.fill_(bad)
    with pytest.raises(ValueError, match="objectness hold NaN"):
        propose_many(broken, [image(20, 20), image(20, 20, 1)], scales=[1.0])


def test_automatic_precision_asks_the_device_that_the_network_is_on() -> None:
    assert uses_bfloat16("bfloat16", "cuda") and not uses_bfloat16("float32", "cuda")
    there = torch.cuda.is_available() and torch.cuda.is_bf16_supported(False)
    assert uses_bfloat16("auto", "cuda") == there


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_says_what_the_processor_says(net: Counting) -> None:
    one = image(96, 128)
    here = propose(net, one, top=50)
    there = propose(copy.deepcopy(net).cuda(), one, top=50)
    assert np.allclose(here.scores, there.scores, atol=1e-3)
