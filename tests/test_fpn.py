"""The feature pyramid: its levels, which box is read from which, a network on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from relatives_cases import four_regions, seeded, two_objects
from torch import Tensor
from training_cases import one_thread

import ifcn_lab
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.anchors import anchor_sizes, make_anchors
from ifcn_lab.layers.fpn import FeaturePyramid, level_of, stacked
from ifcn_lab.layers.roi import roi_align
from ifcn_lab.models.mask_rcnn import MaskRCNN
from ifcn_lab.training import train
from ifcn_lab.training.recipe import LESSON

__all__ = ["one_thread"]  # a fixture
SCENES = SceneSet(4, by_shape=True)
FEW = LESSON.with_(iterations=2, seconds=None, batch=2, lr=1e-3, term_weights={},
                   precision="float32")


def fresh(backbone: str = "light", **options: object) -> MaskRCNN:
    torch.manual_seed(0)
    return MaskRCNN(backbone, SCENES.categories, fpn=True, **options)


def square(side: float) -> list[float]:
    return [1.0, 2.0, 1 + side, 2 + side]


@pytest.mark.parametrize("side, level", [
    (56, 2), (111, 2), (112, 3), (223, 3), (224, 4), (447, 4), (448, 5), (1000, 6)])
def test_the_papers_level_of_a_box(side: float, level: int) -> None:
    boxes = torch.tensor([square(side), [0, 0, side / 2, 2 * side]])
    assert level_of(boxes).tolist() == [level] * 2  # of its area, whatever its shape


def test_levels_are_the_papers_sums_by_loops() -> None:
    torch.manual_seed(0)
    pyramid = FeaturePyramid(3, 2, stride=4, levels=3).double().eval()
    features = torch.randn(1, 3, 8, 12).double()
    up = [features]
    for down in pyramid.down:
        up.append(down(up[-1]))
    assert [tuple(each.shape[2:]) for each in up] == [(8, 12), (4, 6), (2, 3)]
    across = [lateral(each) for lateral, each in zip(pyramid.lateral, up, strict=True)]
    for n in (1, 0):                                # each place gets the one above it
        for y, x in np.ndindex(*across[n].shape[2:]):
            across[n][0, :, y, x] = (across[n][0, :, y, x]
                                     + across[n + 1][0, :, y // 2, x // 2])
    for found, smooth, each in zip(pyramid(features), pyramid.smooth, across,
                                   strict=True):
        torch.testing.assert_close(found, smooth(each))


def test_a_box_is_read_from_its_own_level_and_stands_in_its_own_place() -> None:
    pyramid = FeaturePyramid(3, 2, stride=4, levels=3)
    levels = [torch.randn(1, 2, 8 >> n, 12 >> n) for n in range(3)]
    boxes = torch.tensor([square(20), square(9), square(30), square(10), square(19)])
    level = torch.tensor([1, 0, 2, 0, 1])
    found = pyramid.regions(roi_align, stacked(levels)[0], boxes, level, 7)
    for n, (box, own) in enumerate(zip(boxes, level.tolist(), strict=True)):
        alone = roi_align(levels[own][0], box[None] / (4 << own), 7)[0]
        torch.testing.assert_close(found[n], alone)
    nothing = pyramid.regions(roi_align, stacked(levels)[0], boxes[:0], level[:0], 7)
    assert nothing.shape == (0, 2, 7, 7)


def test_a_box_as_large_as_the_middle_anchor_is_read_from_the_middle_level() -> None:
    net = fresh(sides=[16, 32, 64])
    maps = stacked([torch.full((1, 32, 64 >> n, 64 >> n), float(n)) for n in range(3)])
    boxes = torch.tensor([square(side) for side in (3, 31, 32, 63, 64, 250)])
    found = net.regions(maps[0], boxes, 7)          # each level holds its own number
    assert found.amax((1, 2, 3)).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("backbone, strides", [
    ("light", (4, 8, 16)), ("small", (4, 8, 16)), ("vgg16", (8, 16, 32))])
def test_every_level_has_the_anchors_of_one_side(backbone: str, strides: tuple) -> None:
    with torch.device("meta"):
        net = fresh(backbone)
    rows, columns = 64 // strides[0], 96 // strides[0]
    found = net.rpn.anchors(torch.zeros(1, 9, rows, columns))
    wanted = [make_anchors((64 // stride, 96 // stride), stride, anchor_sizes([side]))
              for stride, side in zip(strides, net.sides, strict=True)]
    assert torch.equal(found, torch.cat(wanted))
    assert net.stride == strides[-1]


def test_logits_and_codes_stand_in_the_order_of_the_anchors() -> None:
    net = fresh().eval()
    out = net(torch.rand(2, 3, 64, 96))
    count = len(net.rpn.anchors(out.features))
    assert out.objectness.shape == (2, count) and out.code.shape == (2, count, 4)
    levels = net.pyramid(out.features)
    coarse = net.rpn(levels[2])
    torch.testing.assert_close(out.code[:, -len(coarse.code[0]):], coarse.code)


def test_every_level_and_the_backbone_are_taught() -> None:
    net = fresh(sides=[8, 12, 16]).double().eval()
    maps = seeded(32, 8 + 4 + 2, 8)                 # 32 x 32 pixels
    slope, = torch.autograd.grad(
        net.mask_losses(maps, four_regions(), two_objects())["mask"][0], maps)
    read = [each.any() for each in slope.split([8, 4, 2], 1)]
    boxes = four_regions().positive().boxes         # about 10, 15 and 17 pixels long
    level = level_of(boxes, 12, 1).clamp(0, 2).tolist()
    assert [bool(each) for each in read] == [n in level for n in range(3)]
    net = train(fresh(), SCENES, FEW)
    untaught = [name for name, each in net.named_parameters()
                if each.grad is not None and not each.grad.any()]
    assert not [name for name in untaught if name.startswith(("pyramid", "backbone"))]


def image_of(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).random((*shape, 3), np.float32)


def test_it_finds_in_any_size_and_comes_back_from_its_file(tmp_path: Path) -> None:
    net = train(fresh("small"), SCENES, FEW)
    back = ifcn_lab.load(net.save(tmp_path / "net.safetensors"))
    assert back.config == net.config and back.fpn
    for shape in ((75, 131), (9, 6), (3, 2)):
        a, b = (each.detect([image_of(shape)], top=5, least=0)[0]
                for each in (net, back))
        assert a.shape == shape and a.scores.tolist() == b.scores.tolist()
        assert a.boxes.tolist() == b.boxes.tolist()


def test_vgg_stands_on_it_with_256_channels() -> None:
    with torch.device("meta"):
        net = fresh("vgg16")
    assert net.channels == 256 and net.mask_head[0][0].in_channels == 256
    assert net.pyramid.lateral[0].in_channels == 512


def test_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    whole = train(fresh(), SCENES, FEW.with_(iterations=4))
    path = tmp_path / "checkpoint.pt"

    class Stopped(Exception):
        pass

    def stop(step: object) -> None:
        if step.iteration == 2:
            raise Stopped

    recipe = FEW.with_(iterations=4)
    with pytest.raises(Stopped):
        train(fresh(), SCENES, recipe, checkpoint=path, every=1, on_step=stop)
    again = train(fresh(), SCENES, recipe, checkpoint=path, resume=True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_few_steps_lower_the_loss() -> None:
    told: list[Tensor] = []
    recipe = FEW.with_(iterations=30, batch=1, lr=2e-3)
    train(fresh(), SceneSet(1, by_shape=True), recipe,
          on_step=lambda step: told.append(sum(step.losses.values())))
    assert sum(told[-5:]) < sum(told[:5])
