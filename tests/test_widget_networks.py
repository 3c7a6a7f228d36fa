"""Every widget over a network: on its device, its failures told, read by one rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from ifcn_lab import InstanceFCN, scenes
from ifcn_lab.models.fcis import FCIS
from ifcn_lab.models.fcn import FCN
from ifcn_lab.models.mask_rcnn import MaskRCNN
from ifcn_lab.models.rfcn import RFCN
from ifcn_lab.models.yolact import YOLACT
from ifcn_lab.segmenter import Segmenter, to_tensor
from ifcn_lab.widgets import Assembler, CoherenceExplorer, MapGrid, ProposalExplorer

SCENE = scenes.two_touching()
WIDGETS = {
    "MapGrid": MapGrid,
    "Assembler": Assembler,
    "CoherenceExplorer": CoherenceExplorer,
    "the other head": lambda net, image: CoherenceExplorer(
        InstanceFCN(2, 7, "small"), image, other=net),
    "ProposalExplorer": ProposalExplorer,
}
each_widget = pytest.mark.parametrize("shown", WIDGETS.values(), ids=WIDGETS)


class Noting(InstanceFCN):
    """A network that keeps on which devices it was shown pictures."""

    def forward(self, image: torch.Tensor) -> tuple:
        self.seen = {*getattr(self, "seen", ()), image.device.type}
        return super().forward(image)


class Full(InstanceFCN):
    """A network that has no room for a picture."""

    def forward(self, image: torch.Tensor) -> tuple:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB.\nMore lines.")


@each_widget
def test_the_picture_goes_to_the_device_of_the_network(shown: Callable) -> None:
    # On the device "meta" tensors have shapes and no values: nothing comes back.
    net = Noting(2, 7, "small").to("meta")
    widget = shown(net, SCENE.image)
    assert "fails on this picture" in widget.problem and "meta" in widget.problem
    assert widget.describe() == widget.problem
    if shown is not ProposalExplorer:  # it looks through a copy, with its norms fused
        assert net.seen == {"meta"}


@each_widget
def test_a_network_that_fails_becomes_a_sentence(shown: Callable) -> None:
    net = Full(2, 7, "small").train()
    widget = shown(net, SCENE.image)
    assert widget.problem == ("The network fails on this picture: CUDA out of memory. "
                              "Tried to allocate 2 GiB.")
    assert net.training


RANGES = {
    "a third": np.linspace(0, 0.333, 9 * 64),
    "small": np.linspace(0, 0.004, 9 * 64),
    "whole": np.arange(9 * 64),
    "logits": np.linspace(-3, 4, 9 * 64),
}


@pytest.mark.parametrize("values", RANGES.values(), ids=RANGES)
def test_map_grid_and_assembler_see_the_same_pixels(values: np.ndarray) -> None:
    maps, masks = values.reshape(9, 8, 8), np.zeros((1, 8, 8), bool)
    masks[0, 2:6, 1:5] = True
    grid = MapGrid.from_maps(maps, masks=masks, m=6)
    window = Assembler.from_maps(maps, m=6, center=tuple(grid.centers[0][0]))
    assert (grid.half, grid.limits, grid.decimals) == (
        window.half, window.limits, window.decimals)
    assert np.array_equal(grid.windows()[0], window.window() > window.half)
    assert grid.windows().any() and not grid.windows().all()


# Relatives whose maps are parts, classes or prototypes

POINTS = [{}, {"y": 9, "x": 20}, {"y": 3, "x": 3, "part": 1}]


@pytest.mark.parametrize(("kind", "count", "named"), [
    (FCIS, 25, "(top left"), (RFCN, 9, "(top"), (YOLACT, 16, "map "),
    (FCN, 2, "(background)")])
def test_map_grid_lays_the_maps_of_a_relative_side_by_side(
    opened: Callable, kind: type[Segmenter], count: int, named: str
) -> None:
    grid = MapGrid(kind.from_pretrained(), SCENE.image)
    assert grid.problem == "" and grid.maps().shape[0] == count
    page = opened(grid)
    for state in POINTS:
        page.set(**state)
        for name, value in state.items():
            grid.set_trait(name, value)
        assert page.words() == grid.words(), state
    grid.part = 9999
    assert grid.part == count - 1
    grid.y, grid.x, grid.part = 1, 1, 0
    assert named in grid.words()
    assert (len(set(grid.colours)) == 1) == (grid.what != "part")
    assert page.errors == []


def test_the_maps_of_fcis_draw_the_mask_that_it_draws(opened: Callable) -> None:
    net = FCIS.from_pretrained()
    with torch.no_grad():
        seen = net(to_tensor(SCENE.image)[None]).maps[0]
        box = torch.tensor([[6.0, 4, 27, 25]]) * net.stride  # one place for each bin
        mask = net.masks(seen, box, torch.tensor([0]))[0]
    window = Assembler(net, SCENE.image, center=(14, 16))
    assert (window.m, window.objectness) == (21, b"")
    assert window.window() == pytest.approx(mask.logit().numpy(), abs=1e-3)
    page = opened(window)
    assert page.words() == window.words() and page.errors == []


def test_prototypes_and_classes_are_the_networks_own() -> None:
    net, pixels = YOLACT.from_pretrained(), to_tensor(SCENE.image)[None]
    with torch.no_grad():
        assert np.allclose(MapGrid(net, SCENE.image).maps(), net(pixels).prototypes[0],
                           atol=1e-5)
        net = FCN.from_pretrained()
        assert np.allclose(MapGrid(net, SCENE.image).maps(),
                           net(pixels).logits[0].softmax(0), atol=1e-5)


@pytest.mark.parametrize(("make", "words"), [
    (lambda image: MapGrid(MaskRCNN("small"), image), "no maps to lay side by side"),
    (lambda image: Assembler(FCN("small"), image), "assembles no window"),
    (lambda image: Assembler(MaskRCNN("small"), image), "no maps to lay side by side"),
    (lambda image: MapGrid(FCIS("small"), image, kind=1), "has 1 categories"),
    (lambda image: MapGrid(YOLACT("small"), image, SCENE.masks), "leave the masks out"),
])
def test_a_network_without_such_maps_becomes_a_sentence(
    opened: Callable, make: Callable, words: str
) -> None:
    shown = make(SCENE.image)
    assert words in shown.describe() and words in repr(shown)
    assert words in opened(shown).page.get_by_role("alert").inner_text()
