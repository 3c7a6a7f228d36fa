"""A VGG-16 of drawn weights, a network to put it into, and how to compare them."""

from __future__ import annotations

import pytest
import torch

from ifcn_lab.layers.backbones import VGG16Hole
from ifcn_lab.models.instancefcn import InstanceFCN

State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    torch.manual_seed(3)
    return {name: torch.randn_like(value)
            for name, value in VGG16Hole().state_dict().items()}


@pytest.fixture
def net() -> InstanceFCN:
    torch.manual_seed(1)
    return InstanceFCN(k=3)


def holds(net: InstanceFCN, state: State) -> bool:
    ours = net.backbone.state_dict()
    return ours.keys() == state.keys() and all(
        torch.equal(ours[name], value) for name, value in state.items())
