"""The figure of the network says the paper's sizes, and lights what a lesson is about.
"""

from __future__ import annotations

import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch

from ifcn_lab import InstanceFCN, draw
from ifcn_lab.draw.whole_network import LIGHT, PARTS, boxes


def test_its_sizes_are_those_of_the_papers_network() -> None:
    with torch.device("meta"):
        net = InstanceFCN(k=5, backbone="vgg16")
        features = net.backbone(torch.zeros(1, 3, 64, 96))
        out = net(torch.zeros(1, 3, 64, 96))
    said = {box.words for box in boxes((64, 96), 5, 21)}
    assert features.shape == (1, 512, 8, 12) and "feature map\n8 x 12\nx 512" in said
    assert out.maps.shape == (1, 25, 8, 12) and "\n\n25 maps\n8 x 12" in said
    assert out.objectness.shape == (1, 8, 12) and "objectness\n8 x 12" in said
    convolutions = [m for m in net.backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 13


@pytest.mark.parametrize("lit", [(), ("assembling",), ("score maps", "objectness")])
def test_what_is_lit_is_coloured_and_said(lit: tuple[str, ...]) -> None:
    picture = draw.network(*lit)
    shown = [to_hex(p.get_facecolor()) for p in picture.figure.axes[0].patches
             if isinstance(p, FancyBboxPatch)]
    coloured = [box.part in (lit or PARTS) for box in boxes((480, 640), 5, 21)]
    assert [each == LIGHT for each in shown] == coloured
    assert (f"Lit: {' and '.join(lit)}." in picture.alt) == bool(lit)
    assert "a mask 21 x 21" in picture.alt


def test_another_part_is_refused() -> None:
    with pytest.raises(ValueError, match="no part {'head'} of the network; there are"):
        draw.network("head")
