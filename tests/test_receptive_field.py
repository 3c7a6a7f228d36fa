"""What a place sees: computed from the layers, found again by gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ifcn_course.predict import predictions
from ifcn_lab.layers.backbones import (
    LightBackbone,
    SmallBackbone,
    VGG16Hole,
    vgg16_layers,
)
from ifcn_lab.layers.receptive_field import receptive_field, stride_of, ways

NETWORKS = {
    "VGG-16": lambda: vgg16_layers(nn.MaxPool2d(2), 1),
    "stride 8, no holes": lambda: vgg16_layers(nn.MaxPool2d(3, 1, 1), 1),
    "stride 8, holes": VGG16Hole,
    "small": SmallBackbone,
    "light": LightBackbone,
}
SIDE = 352


def thin(layer: nn.Module) -> nn.Module:
    """The same layer with one channel and weights of 1, so that nothing is hidden.

    A maximum passes the gradient to one of the pixels it looks at, a mean to all.
    """
    if isinstance(layer, nn.Conv2d):
        shape = layer.kernel_size, layer.stride, layer.padding, layer.dilation
        one = nn.Conv2d(3 if layer.in_channels == 3 else 1, 1, *shape, bias=False)
        nn.init.ones_(one.weight)
        return one
    if isinstance(layer, nn.MaxPool2d):
        return nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding)
    if isinstance(layer, nn.BatchNorm2d):
        return nn.Identity()
    for name, child in layer.named_children():
        setattr(layer, name, thin(child))
    return layer


@pytest.mark.parametrize("name", NETWORKS)
def test_those_pixels_and_no_others_change_a_place(name: str) -> None:
    with torch.device("meta"):
        network = NETWORKS[name]()
    network = thin(getattr(network, "features", network))
    image = torch.ones(1, 3, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
    found = network.double()(image)[0, 0]
    last = len(found) - 1
    for place in (0, 1, 7, last // 2, last // 2 + 1, last - 1, last):
        image.grad = None
        found[place, last - place].backward(retain_graph=True)
        for axis, at in ((2, place), (3, last - place)):
            changed = image.grad.sum((1, 5 - axis))[0].nonzero().flatten()
            first, end = receptive_field(NETWORKS[name](), at)
            assert changed.tolist() == [*range(max(first, 0), min(end + 1, SIDE))]


@pytest.mark.parametrize(("name", "stride", "size"), [
    ("VGG-16", 16, 196), ("stride 8, no holes", 8, 156), ("stride 8, holes", 8, 204)])
def test_holes_see_as_far_as_vgg16_did_at_half_its_stride(
    name: str, stride: int, size: int
) -> None:
    first, last = receptive_field(NETWORKS[name](), 20)
    assert last - first + 1 == size
    assert {stride_of(way) for way in ways(NETWORKS[name]())} == {stride}
    sees_its_window = first <= (20 - 10) * stride and last >= (20 + 11) * stride - 1
    assert sees_its_window == (name == "stride 8, holes")
    assert (size == predictions()["2.2"]["answer"]) == (name == "stride 8, no holes")


def test_the_light_backbone_sees_all_of_a_picture_from_its_middle() -> None:
    first, last = receptive_field(LightBackbone(), 16)
    assert first < 0 and last > 127 and LightBackbone.stride == 4


def test_every_place_of_the_light_backbone_sees_167_pixels_and_its_window() -> None:
    for place in range(32):
        first, last = receptive_field(LightBackbone(), place)
        assert last - first + 1 == 167
        assert first <= 4 * (place - 10) and last >= 4 * (place + 11) - 1


def test_another_network_is_refused() -> None:
    with pytest.raises(ValueError, match="Linear are not known; there are"):
        receptive_field(nn.Linear(2, 2), 0)
