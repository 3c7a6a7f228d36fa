"""Every widget over a network: on its device, its failures told, read by one rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from ifcn_lab import InstanceFCN, scenes
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
