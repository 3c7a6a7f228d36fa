"""The m*m head: what a window reads, what it costs, and that the rest works with it."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from ifcn_lab import InstanceFCN
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.deepmask import DeepMask, WindowHead
from ifcn_lab.training import LESSON, train
from ifcn_lab.windows import propose

TINY = LESSON.with_(iterations=2, seconds=None, batch=2, precision="float32")


@pytest.fixture(scope="module")
def net() -> DeepMask:
    torch.manual_seed(0)
    return DeepMask(m=7, backbone="small", rank=5).eval()


def window_by_hand(maps, center, m, fill):
    """Read every pixel of one window from its own channel, at the window's centre."""
    y, x = center
    window = np.full((m, m), fill, np.float32)
    for i in range(m):
        for j in range(m):
            row, column = y - m // 2 + i, x - m // 2 + j
            if 0 <= row < maps.shape[1] and 0 <= column < maps.shape[2]:
                window[i, j] = maps[i * m + j, y, x]
    return window


def test_a_window_is_read_from_all_channels_at_its_centre(net: DeepMask) -> None:
    maps = torch.randn(49, 9, 12)
    centers = torch.tensor([(4, 6), (0, 0), (8, 11), (3, 1)])
    windows = net.windows(maps, centers, fill=-9.0)
    for window, center in zip(windows, centers.tolist(), strict=True):
        by_hand = window_by_hand(maps.numpy(), center, 7, -9.0)
        assert np.array_equal(window.numpy(), by_hand)


def test_no_pixel_keeps_its_score_when_the_window_moves(net: DeepMask) -> None:
    maps = torch.randn(49, 20, 20)
    before, after = net.windows(maps, torch.tensor([(10, 10), (10, 11)]))
    assert (before[:, 1:] == after[:, :-1]).sum() == 0


@pytest.mark.parametrize(("m", "rank"), [(1, 1), (4, 3), (7, 5), (8, 2), (21, 6)])
def test_the_head_computes_two_linear_layers_of_the_window(m: int, rank: int) -> None:
    head = WindowHead(channels=3, m=m, rank=rank)
    features = torch.randn(1, 3, 11, 13)
    y, x = 5, 6
    side = head.bin * head.squeeze.kernel_size[0]
    assert side >= m
    padded = torch.zeros(3, 11 + 2 * side, 13 + 2 * side)
    padded[:, side:-side, side:-side] = torch.relu(head.mix(features))[0]
    top, left = side + y - m // 2, side + x - m // 2
    window = padded[:, top : top + side, left : left + side]  # (3, side, side)
    bins = window.unflatten(1, (-1, head.bin)).unflatten(3, (-1, head.bin))
    binned = bins.mean((2, 4)).flatten()
    squeezed = head.squeeze.weight.flatten(1) @ binned + head.squeeze.bias
    spread = head.spread.weight.flatten(1) @ squeezed + head.spread.bias
    torch.testing.assert_close(head(features)[0, :, y, x], spread)


def test_at_lesson_scale_the_head_has_ten_times_the_weights_of_score_maps() -> None:
    def weights(net: InstanceFCN) -> int:
        return sum(p.numel() for p in net.masks[1:].parameters() if p.ndim > 1)

    maps = weights(InstanceFCN(backbone="small"))
    head = DeepMask(backbone="small").masks
    linear = head.squeeze.weight.numel() + head.spread.weight.numel()
    assert (maps, linear) == (96 * 9 * 25, 7 * 7 * 64 * 64 + 64 * 441)
    assert linear > 10 * maps


def test_at_the_papers_size_the_two_layers_have_53_million_weights() -> None:
    with torch.device("meta"):  # sizes only
        net = DeepMask(m=28, bins=14, side=56)
        maps = InstanceFCN().masks[2]
    squeeze, spread = net.masks.squeeze.weight, net.masks.spread.weight
    assert squeeze.shape == (512, 512, 14, 14) and spread.shape == (3136, 512, 1, 1)
    assert squeeze.numel() + spread.numel() == 52_985_856
    assert maps.weight.numel() == 115_200           # InstanceFCN's last layer, k = 5
    assert net.stride * net.m == 224


def test_a_bin_of_two_cells_is_a_cell_of_features_at_twice_the_stride() -> None:
    head = WindowHead(channels=3, m=28, rank=4, bins=14, side=56)
    assert (head.bin, head.squeeze.kernel_size, head.squeeze.dilation) == (
        2, (14, 14), (2, 2))
    features = torch.randn(1, 3, 28, 28)
    coarse = torch.relu(head.mix(features)).unflatten(2, (14, 2)).unflatten(4, (14, 2))
    binned = coarse.mean((3, 5)).flatten()          # (3 * 14 * 14,), stride 16
    squeezed = head.squeeze.weight.flatten(1) @ binned + head.squeeze.bias
    spread = head.spread.weight.flatten(1) @ squeezed + head.spread.bias
    torch.testing.assert_close(head(features)[0, :, 14, 14], spread)


def test_finer_logits_are_brought_to_the_windows_cells() -> None:
    net = DeepMask(m=4, backbone="small", rank=2, side=8)
    maps = torch.randn(2, 64, 6, 7)
    centers = torch.tensor([(0, 3, 3), (1, 2, 4)])
    windows = net.windows(maps, centers, fill=-9.0)
    for window, (image, y, x) in zip(windows, centers.tolist(), strict=True):
        fine = maps[image, :, y, x].view(4, 2, 4, 2)
        torch.testing.assert_close(window, fine.mean((1, 3)))   # 2 x 2 logits a cell
    assert (net.windows(maps, torch.tensor([(0, 0, 0)]), fill=-9.0)[0, :2] == -9).all()


def test_bilinear_resizing_is_weighing_by_distance() -> None:
    windows = torch.randn(1, 5, 5)
    by_hand = torch.zeros(3, 3)
    for i, j, a, b in np.ndindex(3, 3, 5, 5):
        y, x = (i + 0.5) * 5 / 3 - 0.5, (j + 0.5) * 5 / 3 - 0.5
        by_hand[i, j] += (max(0, 1 - abs(y - a)) * max(0, 1 - abs(x - b))
                          * windows[0, a, b])
    net = DeepMask(m=3, backbone="small", side=5)
    maps = windows.view(25, 1, 1).expand(25, 5, 5)
    found = net.windows(maps, torch.tensor([[2, 2]]))
    torch.testing.assert_close(found[0], by_hand)


def test_the_finer_head_trains_proposes_and_comes_back(tmp_path) -> None:
    torch.manual_seed(1)
    net = DeepMask(m=8, backbone="small", rank=3, bins=4, side=16)
    scenes = SceneSet(2)
    train(net, scenes, TINY)
    assert len(propose(net, scenes[0].image, top=5, scales=(0.5,))) > 0
    back = DeepMask.load(net.save(tmp_path / "net.safetensors"))
    assert back.config == net.config and back.side == 16 and back.bins == 4


def test_all_but_the_mask_head_is_the_same_as_in_instancefcn() -> None:
    def others(net: InstanceFCN) -> dict[str, torch.Size]:
        state = net.state_dict()
        return {n: t.shape for n, t in state.items() if not n.startswith("masks.")}

    same = others(InstanceFCN(backbone="small"))
    assert others(DeepMask(backbone="small")) == same


def test_training_changes_the_head_and_proposals_come_out() -> None:
    torch.manual_seed(1)
    net, scenes = DeepMask(m=21, backbone="small"), SceneSet(2)
    before = net.masks.squeeze.weight.clone()
    train(net, scenes, TINY)
    assert not torch.equal(before, net.masks.squeeze.weight)
    found = propose(net, scenes[0].image, top=20, scales=(1.0,))
    assert len(found) > 0
    assert found.masks.shape[1:] == (128, 128)


def test_it_comes_back_from_a_file_as_it_was(net: DeepMask, tmp_path) -> None:
    back = DeepMask.load(net.save(tmp_path / "net.safetensors"))
    image = torch.rand(1, 3, 40, 52)
    assert back.config == net.config
    for name, weights in net.state_dict().items():
        assert torch.equal(back.state_dict()[name], weights)
    with torch.no_grad():  # where tensors lie in memory decides the last bits
        torch.testing.assert_close(back(image).maps, net(image).maps)


def test_score_maps_of_another_head_are_refused(net: DeepMask) -> None:
    windows = inspect.unwrap(DeepMask.windows)
    with pytest.raises(ValueError, match="windows of 7 x 7 pixels need 49"):
        windows(net, torch.zeros(25, 9, 9), torch.tensor([(4, 4)]))


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"rank": -1}, {"bins": 0}, {"side": 0}])
def test_sizes_below_one_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="needs at least 1 number"):
        DeepMask(backbone="small", **wrong)


def test_which_pixels_lie_on_the_map_is_counted_for_an_even_window_too() -> None:
    net, maps = DeepMask(m=4, backbone="small"), torch.ones(16, 5, 5)
    inside = net.windows(maps, torch.tensor([(0, 0), (4, 4)])) > 0
    assert inside.sum((1, 2)).tolist() == [4, 9]
