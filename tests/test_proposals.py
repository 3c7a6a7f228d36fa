"""Proposals: the right masks at the right place, for any image."""

from __future__ import annotations

from inspect import unwrap

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask
from torch import Tensor
from torch.nn import functional as F
from training_cases import one_thread

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.metrics import mask_iou
from ifcn_lab.models.instancefcn import InstanceFCN, ScoreMaps
from ifcn_lab.segmenter import Instances, pad_to_multiple, to_tensor
from ifcn_lab.windows import candidates, propose, score_level
from ifcn_lab.windows.labels import label_windows
from ifcn_lab.windows.proposals import default_zooms

__all__ = ["one_thread"]  # a fixture


class Oracle(InstanceFCN):
    """Knows the answer for white rectangles on black that do not touch.

    Every score map says how much of a cell is white. Objectness is high exactly where
    the rule of training has a positive window.
    """

    def __init__(self, m: int = 11) -> None:
        super().__init__(k=3, m=m, backbone="small")

    def forward(self, images: Tensor) -> ScoreMaps:
        from scipy.ndimage import label

        white = pad_to_multiple(images[:, :1], self.stride)             # (1, 1, h, w)
        cells = F.avg_pool2d(white, self.stride)                        # (1, 1, H, W)
        labels, count = label(images[0, 0].numpy() > 0.5)
        masks = labels == np.arange(1, count + 1)[:, None, None]
        boxes = tight_boxes(masks)
        windows = label_windows(boxes, tuple(cells.shape[2:]), stride=self.stride,
                                m=self.m)
        objectness = torch.tensor(windows.label == 1).float() * 8 - 4
        return ScoreMaps(20 * (cells - 0.5).expand(1, 9, -1, -1), objectness[None])


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle()


def picture(h: int, w: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = np.zeros((h, w, 3), np.uint8)
    for x0, y0, x1, y1 in boxes:
        image[y0:y1, x0:x1] = 255
    return image


@pytest.fixture(scope="module")
def net() -> InstanceFCN:
    torch.manual_seed(0)
    return InstanceFCN(k=3, m=7, backbone="small").eval()


def same(a: Instances, b: Instances) -> bool:
    return (
        np.array_equal(a.boxes, b.boxes) and np.array_equal(a.scores, b.scores)
        and all(np.array_equal(x, y) for x, y in zip(a.crops, b.crops, strict=True))
    )  # fmt: skip


# The right mask at the right place


@pytest.mark.parametrize("seed", range(12))
def test_a_rectangle_is_found_to_the_pixel_though_cells_are_four_pixels_wide(
    oracle: Oracle, seed: int
) -> None:
    """Its box is exact wherever it lies between cells; its corners may be rounded."""
    rng = np.random.default_rng(seed)
    x0, y0, width, height = rng.integers((0, 0, 21, 13), (41, 31, 30, 30)).tolist()
    box = (x0, y0, x0 + width, y0 + height)
    image = picture(64, 75, box)
    found = propose(oracle, image, scales=[1.0]).above(0.5)
    assert found.boxes.tolist() == [list(box)]
    wrong = found.masks[0] != (image[..., 0] > 0)
    corners = [(y, x) for y in (box[1], box[3] - 1) for x in (box[0], box[2] - 1)]
    for y, x in np.argwhere(wrong):     # less than a cell from a corner, never an edge
        assert min(max(abs(y - v), abs(x - u)) for v, u in corners) < 4
    assert wrong.sum() <= 4 * 6


@pytest.mark.parametrize("zoom", [0.5, 0.77, 1.5, 2.0])
def test_a_mask_found_in_a_resized_image_lies_where_the_object_is(
    oracle: Oracle, zoom: float
) -> None:
    size = round(25 / zoom)
    box = np.array([31, 17, 31 + size, 17 + size])
    image = picture(100, 120, tuple(box))
    found = propose(oracle, image, scales=[zoom]).above(0.5)
    assert len(found) >= 1
    assert np.abs(found.boxes - box).max() <= max(1, 0.5 / zoom)
    truth = image[None, :, :, 0] > 0
    assert mask_iou(found.masks, truth).min() > 0.9


def test_objects_of_every_size_are_found_at_their_own_zoom(
    oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = [(10, 10, 24, 24), (60, 20, 95, 50), (20, 90, 30, 110),
             (10, 150, 110, 230), (180, 30, 290, 215)]
    truth = np.stack([picture(240, 320, box)[..., 0] > 0 for box in boxes])
    monkeypatch.setattr(oracle, "sizes", (14.0, 185.0))
    found = propose(oracle, picture(240, 320, *boxes)).above(0.5)
    assert mask_iou(found.masks, truth).max(0).min() > 0.85


def test_windows_of_one_object_are_one_proposal_after_nms(oracle: Oracle) -> None:
    image = picture(64, 64, (20, 20, 45, 45))
    found = propose(oracle, image, scales=[1.0], nms_iou=0.8).above(0.5)
    every = propose(oracle, image, scales=[1.0], nms_iou=1.0).above(0.5)
    assert len(found) == 1 and len(every) > 1
    assert len({tuple(box) for box in every.boxes.tolist()}) == 1


def test_each_proposal_says_which_window_it_came_from(oracle: Oracle) -> None:
    image = picture(64, 64, (20, 20, 45, 45))
    zooms = [0.5, 1.0, 2.0]
    found = propose(oracle, image, scales=zooms).above(0.5)
    assert found.zooms == tuple(zooms)
    level, y, x = found.windows[0]
    assert level == 1                     # 25 pixels fit the window of 44 as they are
    assert abs(4 * y + 2 - 32.5) <= 44 * 16 / 224
    assert abs(4 * x + 2 - 32.5) <= 44 * 16 / 224
    expected = 1 / (1 + np.exp(-4))
    assert found.scores[0] == pytest.approx(expected)


def test_the_threshold_moves_the_outline(oracle: Oracle) -> None:
    image = picture(64, 64, (20, 20, 45, 45))
    areas = [propose(oracle, image, scales=[1.0], threshold=t).masks[0].sum()
             for t in (0.01, 0.5, 0.99)]
    assert areas[0] > areas[1] > areas[2] > 0


# Any image


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 3), (20, 20), (63, 41)])
def test_nothing_reaches_outside_an_image_of_any_size(
    net: InstanceFCN, size: tuple[int, int]
) -> None:
    """The window is 28 pixels: most of these images are smaller."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    found = propose(net, image, scales=[0.5, 1.0, 1.7], top=50)
    assert found.shape == size and found.masks.shape == (len(found), *size)
    h, w = size
    assert (found.boxes[:, :2] >= 0).all()
    assert (found.boxes[:, 2:] <= [w, h]).all()
    assert np.array_equal(tight_boxes(found.masks), found.boxes)


@pytest.mark.parametrize("size", [(1, 1), (6, 4)])
def test_the_papers_pyramid_enlarges_a_tiny_image(
    net: InstanceFCN, size: tuple[int, int]
) -> None:
    found = propose(net, np.full((*size, 3), 200, np.uint8), top=5)
    assert len(found.zooms) == 6 and found.shape == size


def test_a_white_image_smaller_than_a_window_is_one_object(oracle: Oracle) -> None:
    found = propose(oracle, picture(24, 24, (0, 0, 24, 24)), scales=[1.0]).above(0.5)
    assert found.boxes.tolist() == [[0, 0, 24, 24]]
    assert found.masks.all()


def test_an_image_without_objects_gives_no_proposals(oracle: Oracle) -> None:
    found = propose(oracle, picture(40, 50), scales=[0.5, 1.0])
    assert len(found) == 0 and found.masks.shape == (0, 40, 50)
    assert found.boxes.shape == (0, 4) and found.rles() == []
    assert len(found.top(5)) == len(found.above(0.1)) == 0


def test_grey_rgba_and_float_images_give_what_rgb_gives(net: InstanceFCN) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (30, 44), dtype=np.uint8)
    rgb = np.repeat(grey[:, :, None], 3, axis=2)
    alpha = np.full((30, 44, 1), 17, np.uint8)
    expected = propose(net, rgb, scales=[1.0], top=20)
    assert len(expected) > 0
    for other in (grey, np.concatenate([rgb, alpha], 2),
                  rgb.astype(np.float32) / 255, grey.astype(np.float32) / 255):
        assert same(expected, propose(net, other, scales=[1.0], top=20))


@pytest.mark.parametrize(
    ("image", "error", "says"),
    [
        (np.zeros((4, 5, 2), np.uint8), ValueError, r"\(4, 5, 2\)"),
        (np.zeros((0, 5, 3), np.uint8), ValueError, "at least one pixel"),
        (np.zeros(7, np.uint8), ValueError, r"\(7,\)"),
        (np.zeros((2, 4, 5, 3), np.uint8), ValueError, r"\(2, 4, 5, 3\)"),
        (np.full((4, 5, 3), 255.0), ValueError, r"divide by its largest value"),
        (np.full((4, 5, 3), -0.1), ValueError, r"\[0, 1\]"),
        (np.full((4, 5, 3), np.nan), ValueError, r"\[0, 1\]"),
        (np.zeros((4, 5, 3), np.int64), TypeError, "int64"),
        (np.zeros((4, 5, 3), bool), TypeError, "bool"),
    ],
)
def test_what_is_no_image_is_refused(
    net: InstanceFCN, image: np.ndarray, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        to_tensor(image)
    with pytest.raises(error, match=says):
        unwrap(propose)(net, image)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_broken_weights_are_an_error_that_says_so(bad: float) -> None:
    net = InstanceFCN(k=3, m=7, backbone="small")
    with torch.no_grad():
        net.masks[-1].bias.fill_(bad)
    with pytest.raises(ValueError, match=r"maps hold .*weights are broken"):
        propose(net, picture(20, 20), scales=[1.0])


@pytest.mark.parametrize(
    "wish",
    [{"threshold": 0.0}, {"threshold": 1.0}, {"top": 0}, {"scales": []},
     {"scales": [1.0, 0.0]}, {"scales": [-1.0]}, {"candidates": 0}, {"nms_iou": 1.5}],
)
def test_wishes_that_make_no_sense_are_named(net: InstanceFCN, wish: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wish))):
        propose(net, picture(20, 20), **wish)


def test_half_precision_finds_nearly_the_same_and_an_unknown_one_is_named(
    net: InstanceFCN,
) -> None:
    image = torch.rand(3, 24, 28)
    full, half = (score_level(net, image, 1.0, half=half) for half in (False, True))
    assert half.maps.dtype == half.objectness.dtype == torch.float32
    assert 0 < (full.maps - half.maps).abs().max() < 0.1 * full.maps.abs().max()
    with pytest.raises(ValueError, match="'float16'"):
        propose(net, picture(20, 20), precision="float16")


# The result


def test_masks_rles_top_and_above_agree(net: InstanceFCN) -> None:
    image = np.random.default_rng(2).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    found = propose(net, image, scales=[0.7, 1.0], top=30)
    assert 5 < len(found) <= 30
    assert (np.diff(found.scores) <= 0).all()
    masks = found.masks
    for mask, code in zip(masks, found.rles(), strict=True):
        assert np.array_equal(coco_mask.decode(code).astype(bool), mask)
    assert same(found.top(3), propose(net, image, scales=[0.7, 1.0], top=30).top(3))
    assert np.array_equal(found.top(3).masks, masks[:3])
    assert len(found.top(10**6)) == len(found)
    middle = float(np.median(found.scores))
    above = found.above(middle)
    assert len(above) == (found.scores >= middle).sum()
    assert (above.scores >= middle).all()
    assert np.array_equal(above.masks, masks[: len(above)])


def test_fewer_asked_for_are_the_best_of_more(net: InstanceFCN) -> None:
    image = np.random.default_rng(3).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    many = propose(net, image, scales=[1.0], top=30, candidates=200)
    few = propose(net, image, scales=[1.0], top=4, candidates=200)
    assert same(few, many.top(4))


def test_windows_in_portions_give_what_all_at_once_give(
    net: InstanceFCN, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.random.default_rng(4).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    whole = propose(net, image, scales=[1.0], top=20)
    monkeypatch.setattr(candidates, "PIXELS_AT_ONCE", 1)
    monkeypatch.setattr(candidates, "WINDOWS_AT_ONCE", 7)
    assert same(whole, propose(net, image, scales=[1.0], top=20))


def test_a_level_says_how_large_a_cell_is_in_the_image(net: InstanceFCN) -> None:
    level = score_level(net, torch.rand(3, 40, 60), 0.5)
    assert level.maps.shape == (9, 5, 8) and level.objectness.shape == (5, 8)
    assert level.stride == (8.0, 8.0)


def test_small_objects_do_not_make_a_pyramid_that_fills_the_memory():
    net = InstanceFCN(k=1, backbone="small", sizes=(2.0, 40.0))
    assert max(default_zooms(net, (30, 40))) > 20
    zooms = default_zooms(net, (3000, 4000))
    assert max(zooms) ** 2 * 3000 * 4000 <= 40_000_001
    assert list(zooms) == sorted(set(zooms)) and len(zooms) >= 2


@pytest.mark.parametrize("training", [True, False])
def test_the_callers_network_stays_as_it_is(training: bool) -> None:
    net = InstanceFCN(k=3, m=7, backbone="small").train(training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modules = [(name, type(module)) for name, module in net.named_modules()]
    propose(net, picture(20, 20, (3, 4, 12, 15)), scales=[1.0, 2.0])
    assert all(module.training == training for module in net.modules())
    assert [(name, type(module)) for name, module in net.named_modules()] == modules
    after = net.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
