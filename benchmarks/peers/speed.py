"""torchvision's operators beside ours: same inputs, by turns, as ratios of one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import quantiles
from typing import NamedTuple

import numpy as np
import torch

from ifcn_lab.layers.nms import nms
from ifcn_lab.layers.roi import ps_roi_pool, roi_align

ROUNDS, LEAST, SAME = 5, 0.01, 1e-5


class Pair(NamedTuple):
    """The same work by ours and theirs, and whether the answers should be equal."""

    name: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    same: bool


def boxes(count: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """Boxes whose corners are whole and whose sides are multiples of 7."""
    size = 7 * rng.integers(1, side // 14, (count, 2))
    start = rng.integers(0, side - size)
    return np.concatenate([start, start + size], 1).astype(np.float32)


def crowds(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Boxes that overlap as a network's do, ten in each crowd, and their scores."""
    start = np.repeat(rng.uniform(0, 500, (count // 10, 2)), 10, 0)
    start = start + rng.normal(0, 4, start.shape)
    size = rng.uniform(30, 60, start.shape)
    return (np.concatenate([start, start + size], 1).astype(np.float32),
            rng.permutation(count).astype(np.float32) / count)


def learnt(align: Callable[[torch.Tensor], torch.Tensor], maps: torch.Tensor
           ) -> torch.Tensor:
    """The gradient of the sum of squares with respect to the maps."""
    maps = maps.clone().requires_grad_()
    align(maps).square().sum().backward()
    return maps.grad


def pairs() -> list[Pair]:
    """Every comparison."""
    from torchvision import ops

    rng, found = np.random.default_rng(0), []
    for count, channels, side in ((100, 64, 64), (1000, 64, 64), (1000, 64, 200)):
        maps = torch.from_numpy(rng.normal(size=(channels, side, side)).astype("f4"))
        parts = torch.from_numpy(rng.normal(size=(49, side, side)).astype("f4"))
        given = torch.from_numpy(boxes(count, side, rng))

        def align(m, b=given):
            return roi_align(m, b, 7)

        def aligned(m, b=given):
            return ops.roi_align(m[None], [b], 7, 1.0, 2, True)

        at = f"{count} boxes, {side} x {side}"
        found += [
            Pair(f"roi_align, 64 maps, {at}", lambda f=align, m=maps: f(m),
                 lambda f=aligned, m=maps: f(m), True),
            Pair(f"the same and its gradient, {at}",
                 lambda f=align, m=maps: learnt(f, m),
                 lambda f=aligned, m=maps: learnt(f, m), True),
            Pair(f"ps_roi_pool, k = 7, {at}",
                 lambda m=parts, b=given: ps_roi_pool(m, b, 7),
                 lambda m=parts, b=given: ops.ps_roi_pool(m[None], [b], 7), True),
            Pair(f"ps_roi_pool beside ps_roi_align, {at}",
                 lambda m=parts, b=given: ps_roi_pool(m, b, 7),
                 lambda m=parts, b=given: ops.ps_roi_align(m[None], [b], 7, 1.0, 2),
                 False)]
    return found + list(suppressions(rng))


def suppressions(rng: np.random.Generator) -> list[Pair]:
    """NMS of boxes, each library with its own kind of array."""
    from torchvision import ops

    found = []
    for count, iou in ((100, 0.5), (1000, 0.5), (1000, 0.8), (10_000, 0.8)):
        given, scores = crowds(count, rng)
        tensors = torch.from_numpy(given), torch.from_numpy(scores)
        found.append(Pair(
            f"nms, {count} boxes, IoU {iou}",
            lambda b=given, s=scores, t=iou: nms(b, s, t),
            lambda b=tensors, t=iou: ops.nms(*b, t), True))
    return found


def took(run: Callable[[], object]) -> float:
    """Processor ms of one call, over enough calls to be told."""
    calls, start = 0, time.process_time()
    while (spent := time.process_time() - start) < LEAST or not calls:
        run()
        calls += 1
    return 1e3 * spent / calls


def equal(pair: Pair) -> str:
    """What the two answers say of each other."""
    if not pair.same:
        return "other by definition"
    a, b = (torch.as_tensor(run()) for run in (pair.ours, pair.theirs))
    if a.shape != b.shape:
        return "NOT EQUAL"
    if not a.is_floating_point():
        return "equal" if torch.equal(a, b) else "NOT EQUAL"
    off = float((a - b).abs().max() / b.abs().max())
    return f"to {off:.0e} of the largest" if off < SAME else "NOT EQUAL"


def page() -> str:
    """A line for each pair: both times, their ratio with its middle half, equality."""
    torch.set_num_threads(1)
    lines = ["| | ours, ms | torchvision, ms | ours / theirs | answers |",
             "| --- | --- | --- | --- | --- |"]
    for pair in pairs():
        times = np.array([(took(pair.ours), took(pair.theirs)) for _ in range(ROUNDS)])
        low, middle, high = quantiles(times[:, 0] / times[:, 1])
        ours, theirs = np.median(times, 0)
        lines.append(f"| {pair.name} | {ours:.3f} | {theirs:.3f} | {middle:.1f} "
                     f"({low:.1f} to {high:.1f}) | {equal(pair)} |")
    return "\n".join(lines)
