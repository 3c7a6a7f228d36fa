"""Several images say what one by one says, and broken scores are found."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from training_cases import one_thread

from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import Instances
from ifcn_lab.windows import propose, propose_many

__all__ = ["one_thread"]  # a fixture


@pytest.fixture
def net() -> InstanceFCN:
    torch.manual_seed(0)
    return InstanceFCN(k=3, m=7, backbone="small").eval()


def image(h: int, w: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3), np.uint8)


def test_each_of_several_images_is_exactly_as_alone(net: InstanceFCN) -> None:
    images = [image(40, 60), image(52, 44, 1)]
    for one, found in zip(images, propose_many(net, images, top=20), strict=True):
        assert same(found, propose(net, one, top=20))


def same(a: Instances, b: Instances) -> bool:
    return (np.array_equal(a.boxes, b.boxes) and np.array_equal(a.scores, b.scores)
            and np.array_equal(a.windows, b.windows) and a.zooms == b.zooms
            and all(map(np.array_equal, a.crops, b.crops)))


def test_no_image_gives_no_proposals(net: InstanceFCN) -> None:
    assert propose_many(net, []) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_broken_scores_of_one_image_of_a_batch_are_found(
    net: InstanceFCN, bad: float
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
def test_a_gpu_says_what_the_processor_says(net: InstanceFCN) -> None:
    one = image(96, 128)
    here = propose(net, one, top=50)
    there = propose(copy.deepcopy(net).cuda(), one, top=50)
    assert np.allclose(here.scores, there.scores, atol=1e-3)
