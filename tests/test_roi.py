"""RoI operators on the map F[y, x] = 10 y + x: golden figures, twins, gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ifcn_lab import assemble
from ifcn_lab.layers.roi import ps_roi_pool, roi_align, roi_pool, roi_warp

RAMP = 10 * torch.arange(4.0, dtype=torch.float64)[:, None] + torch.arange(4.0)
RAMP = RAMP[None]                                                   # (1, 4, 4)


def box(*sides: float) -> Tensor:
    return torch.tensor([sides], dtype=torch.float64)


def same(found: Tensor, *wanted: float) -> None:
    torch.testing.assert_close(found.flatten(), torch.tensor(wanted).double())


ALIGNED = {  # box, scale: not aligned with 1 sample, with 2, aligned with either
    (.5, .5, 3.5, 3.5, 1): [(13.75, 15.25, 28.75, 30.25),
                            (13.75, 15.1875, 28.125, 29.5625),
                            (8.25, 9.75, 23.25, 24.75)],
    (0, 0, 4, 4, 1): [(11, 13, 31, 33), (11, 12.75, 28.5, 30.25),
                      (5.5, 7.5, 25.5, 27.5)],
    (1, 1, 3, 3, 1): [(16.5, 17.5, 26.5, 27.5)] * 2 + [(11, 12, 21, 22)],
    (.5, .5, 1, 1, 1): [(8.25, 8.75, 13.25, 13.75)] * 2 + [(1.375, 1.625, 3.875,
                                                            4.125)],
    (4, 4, 12, 12, .25): [(16.5, 17.5, 26.5, 27.5)] * 2 + [(11, 12, 21, 22)],
}


@pytest.mark.parametrize("key", ALIGNED)
def test_roi_align(key: tuple[float, ...]) -> None:
    once, twice, aligned = ALIGNED[key]
    at = box(*key[:4]) * key[4]
    same(roi_align(RAMP, at, 2, samples=1, aligned=False), *once)
    same(roi_align(RAMP, at, 2, samples=2, aligned=False), *twice)
    for samples in (1, 2):
        same(roi_align(RAMP, at, 2, samples=samples), *aligned)


def test_roi_align_of_a_linear_map_is_the_middle_of_each_bin() -> None:
    wide = 10 * torch.arange(20.0)[:, None] + torch.arange(30.0)
    found = roi_align(wide[None], torch.tensor([[3.2, 4.1, 17.6, 15.3]]), 5, samples=3)
    x = 3.2 + (torch.arange(5) + .5) * 14.4 / 5 - .5
    y = 4.1 + (torch.arange(5) + .5) * 11.2 / 5 - .5
    torch.testing.assert_close(found[0, 0], 10 * y[:, None] + x)


@pytest.mark.parametrize("at, wanted", [
    ((.5, .5, 3.5, 3.5), (22, 23, 32, 33)),
    ((0, 0, 2, 2), (11, 12, 21, 22)),
    ((0, 0, 3, 3), (11, 13, 31, 33)),
    ((1.5, 1.5, 2.5, 2.5), (22, 23, 32, 33)),  # halves to even would say 22 everywhere
])
def test_roi_pool(at: tuple[float, ...], wanted: tuple[float, ...]) -> None:
    same(roi_pool(RAMP, box(*at), 2), *wanted)


def test_a_bin_outside_the_map_is_empty() -> None:
    same(roi_pool(RAMP + 1, box(-4, 0, 3, 3), 2), 0, 14, 0, 34)
    same(roi_pool(RAMP + 1, box(8, 8, 9, 9), 1), 0)


WIDE = torch.arange(64.0 * 64).view(1, 64, 64)
PARTS = torch.cat([RAMP + 100 * c for c in range(8)])


@pytest.mark.parametrize("at, wanted", [
    ((0, 0, 2, 2), (5.5, 106.5, 215.5, 316.5)),
    ((1, 1, 3, 3), (16.5, 117.5, 226.5, 327.5)),
    ((0, 0, 3, 3), (5.5, 107.5, 225.5, 327.5)),
    ((0, 0, 4, 4), (11, 112.5, 226, 327.5)),
])
def test_position_sensitive_pooling(at: tuple[int, ...], wanted: tuple[float, ...]
                                    ) -> None:
    one_past = box(*at) + box(0, 0, 1, 1)
    same(ps_roi_pool(PARTS[:4], one_past, 2), *wanted)
    both = ps_roi_pool(PARTS, one_past, 2)
    assert (both[:, 1] - both[:, 0]).eq(400).all()  # class after class


def test_pooling_by_parts_is_assembling_where_a_bin_has_one_place() -> None:
    same(ps_roi_pool(PARTS[:4], box(0, 0, 4, 4), 2, bins=4),
         0, 1, 102, 103, 10, 11, 112, 113, 220, 221, 322, 323, 230, 231, 332, 333)
    k, m, (y, x) = 3, 7, (6, 5)
    maps = torch.from_numpy(np.random.default_rng(0).normal(size=(k * k, 12, 14)))
    window = [x - m // 2, y - m // 2, x - m // 2 + m, y - m // 2 + m]
    pooled = ps_roi_pool(maps.float(), box(*window), k, bins=m)[0, 0]
    assembled = assemble(maps.float(), m, centers=[(y, x)])[0]
    assert torch.equal(pooled, assembled)


def test_a_bin_of_whole_places_stays_whole() -> None:
    for bins in range(1, 60):  # 49 * (1 / 49) is less than 1
        for start in (0, 3):
            whole = ps_roi_pool(WIDE, box(start, start, start + bins, start + bins), 1,
                                bins=bins)
            assert torch.equal(whole[0, 0], WIDE[0, start:, start:][:bins, :bins])


def ps_roi_pool_by_loops(maps: Tensor, one: list[float], k: int, bins: int,
                         stride: int) -> Tensor:
    """Every bin's mean, as the code of FCIS goes through them."""
    classes, (h, w) = len(maps) // k ** 2, maps.shape[1:]
    found = torch.zeros(classes, bins, bins, dtype=maps.dtype)
    x0, y0, x1, y1 = (math.copysign(math.floor(abs(v) + .5), v) for v in one)
    width, height = (max(b / stride - a / stride, .1)
                     for a, b in ((x0, x1), (y0, y1)))
    for c, i, j in np.ndindex(classes, bins, bins):
        rows = range(max(math.floor(y0 / stride + i * height / bins), 0),
                     min(math.ceil(y0 / stride + (i + 1) * height / bins), h))
        columns = range(max(math.floor(x0 / stride + j * width / bins), 0),
                        min(math.ceil(x0 / stride + (j + 1) * width / bins), w))
        channel = (c * k + i * k // bins) * k + j * k // bins
        if len(rows) and len(columns):
            found[c, i, j] = maps[channel, rows.start:rows.stop,
                                  columns.start:columns.stop].mean()
    return found


def test_position_sensitive_pooling_equals_its_loops() -> None:
    rng = np.random.default_rng(1)
    maps = torch.from_numpy(rng.normal(size=(2 * 9, 9, 11)))
    at = rng.uniform(-6, 40, (30, 4))
    at[:, 2:] = at[:, :2] + rng.uniform(0, 30, (30, 2))
    for bins in (3, 7):
        found = ps_roi_pool(maps, torch.from_numpy(at), 3, bins=bins, stride=4)
        wanted = [ps_roi_pool_by_loops(maps, one, 3, bins, 4) for one in at.tolist()]
        torch.testing.assert_close(found, torch.stack(wanted))


@pytest.mark.parametrize("as_written, wanted, gradient", [
    (True, (5.5, 7, 20.5, 22), (3, 30, 1, 10)),
    (False, (8.25, 9.75, 23.25, 24.75), (2, 20, 2, 20)),
])
def test_roi_warp_teaches_the_box(as_written: bool, wanted: tuple[float, ...],
                                  gradient: tuple[float, ...]) -> None:
    at = box(.5, .5, 3.5, 3.5).requires_grad_()
    found = roi_warp(RAMP, at, 2, as_written=as_written)
    same(found.detach(), *wanted)
    same(torch.autograd.grad(found.sum(), at)[0], *gradient)


def test_the_released_roi_warp_rounds_first() -> None:
    same(roi_warp(RAMP, box(1, 1, 4, 4), 2, as_written=True), 11, 12.5, 26, 27.5)


@pytest.mark.parametrize("at, loss, gradient", [
    ((1.5, 2, 5.5, 6), .0625, (-.21875, -.03125)),
    ((.5, 2, 4.5, 6), .3125, (-.15625, -.09375)),
    ((2, 2, 6, 6), 0, (0, 0)),
    ((2.5, 2, 6.5, 6), .0625, (.03125, .21875)),
])
def test_only_an_edge_of_the_map_teaches_the_box(
        at: tuple[float, ...], loss: float, gradient: tuple[float, ...]) -> None:
    square = torch.zeros(1, 8, 8, dtype=torch.float64)
    square[:, 2:6, 2:6] = 1
    sides = box(*at).requires_grad_()
    wrong = (roi_warp(square, sides, 4) - 1).square().mean()
    same(wrong.detach(), loss)
    same(torch.autograd.grad(wrong, sides)[0][0, ::2], *gradient)


@pytest.mark.parametrize("operator, of_the_box", [
    (roi_align, True), (roi_warp, True), (roi_pool, False), (ps_roi_pool, False)])
def test_gradients_are_those_of_small_differences(operator, of_the_box: bool) -> None:
    rng = np.random.default_rng(2)
    maps = torch.from_numpy(rng.normal(size=(4, 5, 6))).requires_grad_()
    at = torch.tensor([[.3, .4, 3.9, 4.2], [1.2, -.7, 5.4, 2.9]]).double()
    at.requires_grad_(of_the_box)
    assert torch.autograd.gradcheck(lambda f, b: operator(f, b, 2), (maps, at))


@pytest.mark.parametrize("operator", [roi_align, roi_warp, roi_pool, ps_roi_pool])
def test_no_box_gives_nothing(operator) -> None:
    assert operator(PARTS, torch.zeros(0, 4).double(), 2).shape[0] == 0


def test_agreement_with_torchvision() -> None:
    ops = pytest.importorskip("torchvision.ops", reason="torchvision is not installed")
    rng = np.random.default_rng(3)
    maps = torch.from_numpy(rng.normal(size=(3, 16, 20)))
    at = torch.from_numpy(rng.uniform(0, 8, (20, 4)))
    at[:, 2:] += at[:, :2]
    for aligned in (False, True):
        wanted = ops.roi_align(maps[None], [at], 5, 1.0, 2, aligned)
        torch.testing.assert_close(roi_align(maps, at, 5, aligned=aligned), wanted)
    torch.testing.assert_close(roi_pool(maps, at, 5), ops.roi_pool(maps[None], [at], 5))
