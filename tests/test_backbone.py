"""VGG-16 with the hole algorithm is VGG-16, only denser; the small one looks far."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from training_cases import one_thread

from ifcn_lab.layers.backbones import (
    BACKBONES,
    SmallBackbone,
    VGG16Hole,
    build_backbone,
    fused,
)
from ifcn_lab.layers.rpn import SIDES
from ifcn_lab.models.rfcn import RFCN
from ifcn_lab.windows.labels import CLOSE
from ifcn_lab.windows.model import RULES

__all__ = ["one_thread"]  # a fixture

# Where torchvision's vgg16().features has its convolutions, and how wide they are.
TORCHVISION = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128),
    10: (128, 256), 12: (256, 256), 14: (256, 256),
    17: (256, 512), 19: (512, 512), 21: (512, 512),
    24: (512, 512), 26: (512, 512), 28: (512, 512),
}  # fmt: skip
POOL4 = 23


@pytest.fixture(scope="module")
def vgg() -> VGG16Hole:
    torch.manual_seed(0)
    return VGG16Hole().eval()


@pytest.fixture(scope="module")
def small() -> SmallBackbone:
    torch.manual_seed(0)
    return SmallBackbone().eval()


def convolutions(net: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]


def test_vgg_has_thirteen_convolutions_of_three_by_three(vgg: VGG16Hole) -> None:
    found = convolutions(vgg)
    assert len(found) == 13
    assert {conv.kernel_size for conv in found} == {(3, 3)}


def test_the_weights_have_torchvisions_names_and_shapes(vgg: VGG16Hole) -> None:
    expected = {}
    for index, (inputs, outputs) in TORCHVISION.items():
        expected[f"features.{index}.weight"] = (outputs, inputs, 3, 3)
        expected[f"features.{index}.bias"] = (outputs,)
    assert {n: tuple(t.shape) for n, t in vgg.state_dict().items()} == expected


def test_vgg_has_the_weights_of_the_convolutions_of_vgg16(vgg: VGG16Hole) -> None:
    assert sum(p.numel() for p in vgg.parameters()) == 14_714_688


def test_only_conv5_has_holes_and_pool4_moves_one_cell_at_a_time(
    vgg: VGG16Hole,
) -> None:
    dilations = [conv.dilation for conv in convolutions(vgg)]
    assert dilations == [(1, 1)] * 10 + [(2, 2)] * 3
    pools = [layer for layer in vgg.features if isinstance(layer, nn.MaxPool2d)]
    assert [pool.stride for pool in pools] == [2, 2, 2, 1]
    assert vgg.features[POOL4] is pools[3]


@pytest.mark.parametrize("size", [(8, 8), (8, 200), (64, 80), (168, 24)])
def test_the_features_have_an_eighth_of_the_images_sides(
    vgg: VGG16Hole, size: tuple[int, int]
) -> None:
    with torch.inference_mode():
        features = vgg(torch.rand(1, 3, *size))
    assert features.shape == (1, 512, size[0] // 8, size[1] // 8)


def ordinary(vgg: VGG16Hole) -> nn.Sequential:
    """The same weights at stride 16: pool4 moves two cells, conv5 has no holes."""
    layers = copy.deepcopy(vgg.features)
    pool = layers[POOL4]
    layers[POOL4] = nn.MaxPool2d(pool.kernel_size, stride=2, padding=pool.padding)
    for conv in convolutions(layers)[10:]:
        conv.dilation, conv.padding = (1, 1), (1, 1)
    return layers


def assert_close(a: torch.Tensor, b: torch.Tensor) -> None:
    assert a.shape == b.shape
    assert a.std() > 0
    torch.testing.assert_close(a, b, rtol=1e-4, atol=float(b.abs().max()) * 1e-5)


@torch.inference_mode()
def test_every_second_cell_is_what_the_network_at_stride_16_says(
    vgg: VGG16Hole,
) -> None:
    """With one pool4 kernel in both, the ordinary cells are among the dense ones.

    Pooling at stride 1 gives a map of which every second cell is the map at stride 2.
    A kernel with holes, put on such a cell, reads such cells only.
    """
    image = torch.randn(1, 3, 80, 112)
    assert_close(vgg(image)[:, :, ::2, ::2], ordinary(vgg)(image))


@torch.inference_mode()
def test_conv5_sees_what_vggs_own_pool4_would_show_it(vgg: VGG16Hole) -> None:
    """VGG's pool4 is 2x2 at stride 2; here it is 3x3 at stride 1.

    The two read the same numbers where odd rows and columns hold nothing, which a
    ReLU's output may. There conv5 with holes says exactly what VGG's conv5 says.
    """
    conv4 = torch.zeros(1, 512, 12, 16)
    conv4[:, :, ::2, ::2] = torch.rand(1, 512, 6, 8)
    plain = ordinary(vgg)
    plain[POOL4] = nn.MaxPool2d(2)
    assert_close(vgg.features[POOL4:](conv4)[:, :, ::2, ::2], plain[POOL4:](conv4))


@torch.inference_mode()
def test_without_holes_conv5_would_see_something_else(vgg: VGG16Hole) -> None:
    image = torch.randn(1, 3, 64, 64)
    wrong = copy.deepcopy(vgg)
    for conv in convolutions(wrong)[10:]:
        conv.dilation, conv.padding = (1, 1), (1, 1)
    right, other = ordinary(vgg)(image), wrong(image)[:, :, ::2, ::2]
    assert (right - other).abs().max() > 0.01 * right.abs().max()


@pytest.mark.parametrize("size", [(4, 4), (4, 100), (52, 36)])
@pytest.mark.parametrize("name", ["small", "light"])
def test_the_small_backbones_have_stride_four(name: str, size: tuple[int, int]
                                              ) -> None:
    backbone = build_backbone(name).eval()
    with torch.inference_mode():
        features = backbone(torch.rand(2, 3, *size))
    assert features.shape == (2, backbone.channels, size[0] // 4, size[1] // 4)


@pytest.mark.parametrize("name", ["small", "light"])
def test_a_small_backbone_sees_a_whole_window_from_its_middle(name: str) -> None:
    """To call itself top left, a cell must see the object's other end: 84 pixels."""
    torch.manual_seed(0)
    image = torch.rand(1, 3, 256, 256, requires_grad=True)
    build_backbone(name).eval()(image)[0, :, 32, 32].sum().backward()
    rows = image.grad[0].abs().sum((0, 2)).nonzero()
    reach = int(rows.max() - rows.min()) + 1
    assert reach >= 84


def test_the_small_backbone_is_small(small: SmallBackbone) -> None:
    """Shipped weights stay below 4 MB, so in float32 below a million numbers."""
    assert sum(p.numel() for p in small.parameters()) < 1_000_000


def test_on_every_small_backbone_models_are_as_the_lessons_have_them() -> None:
    assert BACKBONES.keys() == RULES.keys() == SIDES.keys()
    assert RULES["light"] == RULES["small"] == CLOSE != RULES["vgg16"]
    assert SIDES["light"] == SIDES["small"] != SIDES["vgg16"]
    widths = {name: RFCN(name).head[0].out_channels for name in BACKBONES}
    assert widths["light"] == widths["small"] < widths["vgg16"]


def test_an_unknown_backbone_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'resnet'.*small.*vgg16"):
        build_backbone("resnet")


@pytest.mark.parametrize("name", ["vgg16", "small", "light"])
def test_a_backbone_says_its_stride_and_its_width(name: str) -> None:
    backbone = build_backbone(name)
    with torch.inference_mode():
        features = backbone.eval()(torch.rand(1, 3, 48, 96))
    assert features.shape[1:] == (
        backbone.channels, 48 // backbone.stride, 96 // backbone.stride
    )  # fmt: skip


# Without batch norms


def worn(net: nn.Module) -> nn.Module:
    """The network with batch norms that have seen something."""
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            some = (layer.weight, layer.bias, layer.running_mean)
            for values in filter(torch.is_tensor, some):
                nn.init.normal_(values, 0.5, 0.5)
            nn.init.uniform_(layer.running_var, 0.3, 3)
    return net.eval()


@torch.inference_mode()
def test_fused_says_the_same_without_a_single_batch_norm() -> None:
    torch.manual_seed(0)
    net, image = worn(SmallBackbone()), torch.rand(2, 3, 52, 36)
    fast = fused(net)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in fast.modules())
    assert_close(fast(image), net(image))
    assert_close(fused(fast)(image), net(image))


def test_fused_leaves_the_network_alone_and_shares_what_it_does_not_change() -> None:
    torch.manual_seed(0)
    net = worn(SmallBackbone()).train()
    before = copy.deepcopy(net)
    fast = fused(net)
    assert all(layer.training for layer in net.modules())
    assert not any(layer.training for layer in fast.modules())
    assert repr(net) == repr(before)
    after = net.state_dict()
    assert all(torch.equal(after[n], v) for n, v in before.state_dict().items())
    assert fast.merge.weight is net.merge.weight


@torch.inference_mode()
def test_fused_keeps_a_bias_and_a_norm_that_needs_its_batch() -> None:
    torch.manual_seed(0)
    biased = worn(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, affine=False)))
    image = torch.rand(2, 3, 9, 9)
    assert_close(fused(biased)(image), biased(image))
    alive = nn.Sequential(nn.Conv2d(3, 8, 3),
                          nn.BatchNorm2d(8, track_running_stats=False)).eval()
    assert isinstance(fused(alive)[1], nn.BatchNorm2d)
    assert_close(fused(alive)(image), alive(image))


def test_working_in_place_leaves_the_gradients_right() -> None:
    """Against differences of the loss, in double precision."""
    torch.manual_seed(0)
    net = SmallBackbone().double().train()
    image = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    weights = torch.randn(2, 64, 4, 4, dtype=torch.float64)
    bias = net.merge.bias
    (net(image) * weights).sum().backward()
    for channel in range(3):
        losses = []
        for way in (1e-6, -1e-6):
            with torch.no_grad():
                bias[channel] += way
                losses.append(float((net(image) * weights).sum()))
                bias[channel] -= way
        slope = (losses[0] - losses[1]) / 2e-6
        assert float(bias.grad[channel]) == pytest.approx(slope, rel=1e-4, abs=1e-5)
