"""Vectors for every place: what pulls them together, and how they are grouped again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.views import View

NOTHING, SILENT = 0, -1
"""Labels of places that belong to no object, and of those that say nothing."""


class PlaceLabels(NamedTuple):
    """Of every place of a map: `own` (H, W), the number of its object from 1, and
    `kind` (H, W), that object's; 0 for background, -1 where nothing is said. `seed` (),
    from which all draws are made.
    """

    own: Int[Tensor, "H W"]
    kind: Int[Tensor, "H W"]
    seed: Int[Tensor, ""]


def label_places(
    view: View, numbers: Sequence[int], stride: int, rng: np.random.Generator
) -> PlaceLabels:
    """The object that covers the most of each place, if that is half of it or more."""
    covered = F.avg_pool2d(torch.cat([view.crowd[None], view.masks]), stride)
    most, own = covered[1:].max(0) if len(numbers) else (covered[0] * 0, covered[0] * 0)
    own = torch.where(most >= 0.5, own.long() + 1, NOTHING)
    own[covered[0] > 0.5] = SILENT
    own[-(-view.size[0] // stride):] = SILENT
    own[:, -(-view.size[1] // stride):] = SILENT
    kinds = torch.tensor([NOTHING, *numbers, SILENT])    # own -1 reads the last
    return PlaceLabels(own, kinds[own], torch.tensor(int(rng.integers(2**31))))


def draw_places(own: Int[Tensor, " N"], drawn: int, seed: int) -> Int[Tensor, " S"]:
    """So many places of each object and of the background, or all of a smaller one."""
    rng = torch.Generator().manual_seed(seed)
    order = torch.rand(len(own), generator=rng).argsort().to(own.device)
    some = [order[own[order] == number][:drawn]
            for number in own.unique().tolist() if number != SILENT]
    return torch.cat(some) if some else order[:0]


def with_coordinates(features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C2 H W"]:
    """The features, and where each place is: x and y from -1 to 1.

    A network without them is equivariant: two equal patches that are farther from
    everything than it sees get equal vectors, and no grouping can tell them apart.
    """
    h, w = features.shape[2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w),
                          indexing="ij")
    at = torch.stack([x, y]).to(features).expand(len(features), -1, -1, -1)
    return torch.cat([features, at], 1)


def object_means(
    vectors: Float[Tensor, "N D"], own: Int[Tensor, " N"], count: int
) -> tuple[Float[Tensor, "C D"], Float[Tensor, " C"]]:
    """Mean vector and number of places of each object 1 ... count."""
    member = F.one_hot(own - 1, count).to(vectors)                 # (N, C)
    sizes = member.sum(0)
    return (member.T @ vectors) / sizes.clamp(min=1)[:, None], sizes


def mean_shift(
    vectors: Float[Tensor, "N D"], bandwidth: float, *, rounds: int = 100,
    least: int = 1, rng: torch.Generator | None = None,
) -> Iterator[Int[Tensor, " n"]]:
    """Groups of vectors: from a random free one to the mean of its neighbours, again
    until it stays; all free ones within reach are a group.

    The kernel is flat: a neighbour is nearer than `bandwidth`, and all count alike.

    Args:
        vectors: of the places of the foreground.
        bandwidth: as a distance of vectors.
        rounds: how often the mean moves at most.
        least: smaller groups are left out.
        rng: chooses where to begin.

    Source: De Brabandere, Neven and Van Gool, 2017, section 2.3.

    Example:
        >>> line = torch.tensor([[0.0], [0.2], [9.0], [0.1]])
        >>> sorted(group.tolist() for group in mean_shift(line, 1.0))
        [[0, 1, 3], [2]]
    """
    rng = rng or torch.Generator().manual_seed(0)
    free = torch.ones(len(vectors), dtype=torch.bool)
    for start in torch.randperm(len(vectors), generator=rng).tolist():
        if not free[start]:
            continue
        mean, near = vectors[start], free
        for _ in range(rounds):
            near = within_reach(vectors, mean, bandwidth) & free
            moved = vectors[near].mean(0) if near.any() else mean
            if torch.equal(moved, mean):
                break
            mean = moved
        near[start] = True                  # whatever the mean left behind
        free &= ~near
        if near.sum() >= least:
            yield near.nonzero()[:, 0]


def within_reach(
    vectors: Float[Tensor, "N D"], mean: Float[Tensor, " D"], reach: float
) -> Bool[Tensor, " N"]:
    """Which vectors are nearer than this."""
    return (vectors - mean).square().sum(1) < reach ** 2
