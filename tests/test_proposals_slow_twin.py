"""`propose` returns what whole masks, one window at a time, and pairwise NMS give."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from slow_proposals import propose_slowly, read_slowly
from training_cases import one_thread

from ifcn_lab import scenes
from ifcn_lab.data import shipped
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.layers.nms import nms
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import Instances
from ifcn_lab.windows import propose
from ifcn_lab.windows.candidates import (
    Level,
    best_windows,
    crops_at,
    pyramid_of,
    tight_boxes_at,
)
from ifcn_lab.windows.proposals import default_zooms

__all__ = ["one_thread"]  # a fixture


def agree(fast: Instances, slow: Instances) -> None:
    """Equal but for the last digit of a score: eight sigmoids are taken at once."""
    assert np.array_equal(fast.windows, slow.windows)
    assert np.array_equal(fast.boxes, slow.boxes)
    assert fast.scores == pytest.approx(slow.scores, abs=2e-7)
    assert all(map(np.array_equal, fast.crops, slow.crops)) and fast.zooms == slow.zooms
    assert fast.shape == slow.shape and len(fast.crops) == len(slow.crops)


def read(net: InstanceFCN, levels: list[Level], shape: tuple[int, int], count: int,
         threshold: float, iou: float) -> Instances:
    """What `propose` makes of score maps."""
    windows, scores = best_windows(levels, count)
    pyramid = pyramid_of(net, levels, shape, threshold)
    boxes = tight_boxes_at(pyramid, windows)
    some = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(1))
    kept = some[nms(boxes[some], scores[some], iou)]
    crops = crops_at(pyramid, windows[kept], boxes[kept])
    return Instances(shape, boxes[kept], scores[kept], crops, windows=windows[kept])


@pytest.mark.parametrize("seed", [0, 1])
def test_scenes_give_what_whole_masks_one_at_a_time_give(seed: int) -> None:
    net, image = InstanceFCN.from_pretrained("scenes-k5"), scenes.make(seed).image
    zooms = default_zooms(net, image.shape[:2])
    agree(propose(net, image, top=60, candidates=150),
          propose_slowly(net, image, top=60, candidates=150, scales=zooms))


def test_coins_give_what_whole_masks_one_at_a_time_give() -> None:
    net = InstanceFCN.from_pretrained().rated("objectness")
    image = CocoFolder(shipped.path("photos/coins.json"))[0].image
    agree(propose(net, image, top=20, scales=[1.2]),
          propose_slowly(net, image, top=20, scales=[1.2]))


@pytest.mark.parametrize("m", [1, 2, 7])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (20, 20), (33, 41)])
@pytest.mark.parametrize("zooms", [[5.3], [0.13, 9.0], [0.5, 1.0, 1.7]])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_odd_images_windows_and_scales_give_what_the_slow_twin_gives(
    m: int, shape: tuple[int, int], zooms: list[float], threshold: float
) -> None:
    """Windows larger than the image, beside it, and below a pixel; empty masks."""
    net = InstanceFCN(k=1, m=m, backbone="small")
    draw = torch.manual_seed(m)
    levels = []
    for zoom in zooms:
        size = [max(4, round(zoom * side)) for side in shape]
        cells = [-(-side // 4) for side in size]
        maps, objectness = (4 * torch.randn(n, *cells, generator=draw) for n in (1, 1))
        cell = tuple(4 * a / b for a, b in zip(shape, size, strict=True))
        levels.append(Level(maps, objectness[0], cell))
    for count in (1, 40):
        agree(read(net, levels, shape, count, threshold, 0.8),
              read_slowly(net, levels, shape, count, count, 0.8, threshold, ()))


def test_masks_that_are_empty_everywhere_are_no_proposals() -> None:
    net = InstanceFCN(k=3, m=7, backbone="small")
    level = Level(torch.full((9, 5, 6), -3.0), torch.zeros(5, 6), (4.0, 4.0))
    found = read(net, [level], (20, 24), 30, 0.5, 0.8)
    assert len(found) == 0 and found.boxes.shape == (0, 4) and found.crops == ()


def test_a_network_that_reads_its_masks_otherwise_is_asked_for_them() -> None:
    torch.manual_seed(0)
    net = DeepMask(m=7, backbone="small").eval()
    image = np.random.default_rng(5).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    found = propose(net, image, scales=[1.0], top=15)
    assert len(found) > 3
    agree(found, propose_slowly(net, image, scales=[1.0], top=15))
