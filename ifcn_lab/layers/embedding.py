"""Vectors for every place: what pulls them together, and how they are grouped again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.backbones import convolved
from ifcn_lab.layers.whole_image import Piece, WholeImageModel, enlarged
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


class EmbeddingModel(WholeImageModel):
    """A whole-image model with a vector for every place.

    Args:
        dimensions: of a vector.
        coordinates: the head also sees x and y.
        backbone, categories, others: see `WholeImageModel`.
    """

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        dimensions: int, coordinates: bool = True, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        self.dimensions, self.coordinates = dimensions, coordinates
        c = self.channels
        self.look = nn.Sequential(convolved(c + 2 * coordinates, c), convolved(c, c))
        self.vectors = nn.Conv2d(c, dimensions, 1)

    def seen(self, images: Float[Tensor, "B 3 h w"]) -> Float[Tensor, "B C H W"]:
        """What vectors and the other answers of a place are told from."""
        features = self.backbone(self.normalised(images))
        return self.look(with_coordinates(features) if self.coordinates else features)

    def targets(self, view: View, rng: np.random.Generator) -> PlaceLabels:
        """Object and kind of every place.

        Raises:
            ValueError: an object has a category that the model does not know.
        """
        return label_places(view, self.numbers(view), self.stride, rng)


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
            near = ((vectors - mean).square().sum(1) < bandwidth ** 2) & free
            moved = vectors[near].mean(0) if near.any() else mean
            if torch.equal(moved, mean):
                break
            mean = moved
        near[start] = True                  # whatever the mean left behind
        free &= ~near
        if near.sum() >= least:
            yield near.nonzero()[:, 0]


def as_pieces(
    groups: Iterable[Bool[Tensor, "H W"]], kind: Float[Tensor, "C1 H W"], stride: int,
    shape: tuple[int, ...],
) -> Iterator[Piece]:
    """Groups of places as pieces of an image, (h, w), in the foreground's own outline.

    Each pixel goes with its nearest place. The outline is where the probabilities of
    the kinds, enlarged bilinearly, are not highest for the background; a group's score
    is the mean of its best kind's.
    """
    h, w = shape
    solid = (enlarged(kind[None], stride, shape)[0].argmax(0) != NOTHING).numpy()
    for group in groups:
        score, best = kind[1:, group].mean(1).max(0)
        wide = group.numpy().repeat(stride, 0).repeat(stride, 1)[:h, :w]
        yield Piece(wide & solid, float(score), int(best))
