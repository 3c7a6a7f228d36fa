"""Discriminative loss: a vector for every place, near for one object, far for two.

The network draws no mask and finds no box. It gives every place a vector, and the loss
wants three things of them: vectors of one object within `pull` of their mean, means of
two objects `push` times two apart, and means not too far from nothing. Where that
holds, any vector's ball of a radius between 2 pull and 2 (push - pull) is exactly its
object, so grouping needs no learning: mean-shift with a flat kernel.

Background takes no part; a second head tells it from objects (the source takes that
from another network). Answers have no score of their own: the head's mean probability
orders them. Left out of the source: its ResNet-38. `coordinates` adds x and y, as its
authors do on leaves. `edges` is ours: an extra head that training asks for the places
between objects, and detection does not use.

Source: De Brabandere, Neven and Van Gool, CVPR 2017 workshop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.data import Sample
from ifcn_lab.layers.embedding import (
    NOTHING,
    SILENT,
    EmbeddingModel,
    PlaceLabels,
    as_pieces,
    mean_shift,
    object_means,
)
from ifcn_lab.layers.whole_image import Piece
from ifcn_lab.segmenter import Instances, Terms
from ifcn_lab.views import scale_all

REG_WEIGHT = 0.001


class Vectors(NamedTuple):
    """`vectors` (B, D, H, W); logits of background and C kinds, `kind` (B, C + 1, H,
    W); and of a place on a border between objects, `edge` (B, H, W).
    """

    vectors: Float[Tensor, "B D H W"]
    kind: Float[Tensor, "B C1 H W"]
    edge: Float[Tensor, "B H W"]


class Discriminative(EmbeddingModel):
    """Vectors that one loss pulls together and pushes apart.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        dimensions: of a vector; 8 for Cityscapes in the source, 16 for leaves.
        pull: distance from its object's mean at which a vector is near enough.
        push: half the distance from which two means are far enough.
        edges: train an extra head on the borders of objects.
        others: see `EmbeddingModel`.

    Raises:
        ValueError: push is not more than twice pull, so that objects would touch.

    Example:
        >>> net = Discriminative("small", dimensions=6).eval()
        >>> net(torch.zeros(1, 3, 64, 64)).vectors.shape
        torch.Size([1, 6, 16, 16])
    """

    scored = False

    told: tuple[str, ...] = ()
    """What `detect` takes from `truth`: "centres", "foreground", both or nothing."""

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        dimensions: int = 8, pull: float = 0.5, push: float = 1.5,
        edges: bool = True, **others: Any,
    ) -> None:
        super().__init__(backbone, categories, dimensions=dimensions, **others)
        if not 0 < 2 * pull < push:
            raise ValueError(f"push is {push} and pull {pull}; objects stay apart only "
                             "if push is more than twice pull")
        self.pull, self.push, self.edges = pull, push, edges
        self.kind = nn.Conv2d(self.channels, self.kinds + 1, 1)
        self.edge = nn.Conv2d(self.channels, 1, 1)

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Vectors:
        """Vectors, kinds and edges of images in [0, 1], at the backbone's stride."""
        seen = self.seen(images)
        return Vectors(self.vectors(seen), self.kind(seen), self.edge(seen)[:, 0])

    # What it is taught

    def losses(self, out: Vectors, targets: Sequence[PlaceLabels]) -> Terms:
        """Each image's three terms, and kinds (and edges) of its places."""
        own = torch.stack([t.own for t in targets])                # (B, H, W)
        kind = torch.stack([t.kind for t in targets])
        three = sum(discriminative_loss(v.flatten(1).T, o.flatten(), self.pull,
                                        self.push)
                    for v, o in zip(out.vectors, own, strict=True))
        told = int((own != SILENT).sum())
        named = F.cross_entropy(out.kind, kind, ignore_index=SILENT,
                                reduction="sum")
        terms = {"pull": (three[0], len(own)), "push": (three[1], len(own)),
                 "norm": (REG_WEIGHT * three[2], len(own)), "kind": (named, told)}
        if self.edges:
            border = on_border(own)
            edge = F.binary_cross_entropy_with_logits(
                out.edge, border.to(out.edge), reduction="none")
            terms["edge"] = ((edge * (own != SILENT)).sum(), told)
        return terms

    # What it finds

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100,
        bandwidth: float | None = None, least: int = 4, precision: str = "float32",
        truth: Sequence[Sample] = (),
    ) -> list[Instances]:
        """The groups of vectors of each image's foreground.

        Args:
            images: uint8, or float in [0, 1].
            top: how many of an image at most.
            bandwidth: of the mean-shift; None: `push`, as the authors' own code takes;
                their text takes `pull`, which may need several moves.
            least: groups of fewer places are left out.
            precision: "float32", "bfloat16" or "auto".
            truth: the images' samples, where `told` takes something from them.

        Raises:
            ValueError, TypeError: an image that makes no sense, scores that are NaN, or
                no truth where `told` needs it.
        """
        if self.told and len(truth) != len(images):
            raise ValueError(f"`told` is {self.told}, but `truth` holds {len(truth)} "
                             f"samples for {len(images)} images; give each its own")
        rng = np.random.default_rng(0)
        right = iter([self.targets(scale_all(each, 1.0, self.stride), rng)
                      for each in truth])
        pieces = partial(self.pieces, bandwidth=bandwidth or self.push, least=least,
                         right=right)
        return self.detect_by(pieces, images, top, precision)

    def pieces(
        self, out: Vectors, shape: tuple[int, ...], bandwidth: float, least: int,
        right: Iterator[PlaceLabels],
    ) -> Iterator[Piece]:
        """Groups of the vectors of the foreground's places."""
        kind = out.kind[0].softmax(0).cpu()                        # (C+1, H, W)
        vectors = out.vectors[0].cpu()                             # (D, H, W)
        labels = next(right, None)
        if "foreground" in self.told:
            kind = F.one_hot(labels.kind.clamp(min=0), len(kind)).permute(2, 0, 1) * 1.0
        there = kind.argmax(0) != NOTHING
        some = vectors[:, there].T                                 # (N, D)
        number = torch.arange(len(some))
        groups = mean_shift(some, bandwidth, least=least)
        if "centres" in self.told:
            own = labels.own.flatten()
            groups = near_centres(some, vectors.flatten(1).T, own, bandwidth)
        groups = (there.masked_scatter(there, torch.isin(number, group))
                  for group in groups)
        return as_pieces(groups, kind, self.stride, shape)


def near_centres(
    some: Float[Tensor, "n D"], vectors: Float[Tensor, "N D"], own: Int[Tensor, " N"],
    bandwidth: float,
) -> Iterator[Int[Tensor, " k"]]:
    """Groups of `some`: those nearest each object's mean vector, if within reach."""
    numbers = own[own > NOTHING].unique()
    if len(numbers) == 0:
        return
    means = torch.stack([vectors[own == number].mean(0) for number in numbers])
    away = torch.cdist(some, means)                                # (n, C)
    for number in range(len(means)):
        near = (away.argmin(1) == number) & (away[:, number] < bandwidth)
        if near.any():
            yield near.nonzero()[:, 0]


def discriminative_loss(
    vectors: Float[Tensor, "N D"], own: Int[Tensor, " N"], pull: float = 0.5,
    push: float = 1.5,
) -> Float[Tensor, "3"]:
    """The variance, distance and regularisation terms of one image, 0 without objects.

    Source: De Brabandere et al., equations 1 to 3, with the norm L2.

    Example:
        >>> vectors = torch.tensor([[0., 0], [2, 0], [1, 2], [1, 2]])
        >>> discriminative_loss(vectors, torch.tensor([1, 1, 2, 2])).tolist()
        [0.125, 1.0, 1.6180340051651]
    """
    some = own > NOTHING
    vectors, number = vectors[some], own[some]
    if len(number) == 0:
        return vectors.sum().expand(3) * 0
    number = number.unique(return_inverse=True)[1] + 1
    count = int(number.max())
    means, sizes = object_means(vectors, number, count)            # (C, D), (C,)
    away = length(vectors - means[number - 1])                     # (N,)
    near = (away - pull).clamp(min=0).square() / sizes[number - 1]
    apart = (2 * push - length(means[:, None] - means)).clamp(min=0).square()
    pairs = apart.triu(1).sum() * 2 / max(count * (count - 1), 1)
    return torch.stack([near.sum() / count, pairs, length(means).mean()])


def length(vectors: Float[Tensor, "*N D"]) -> Float[Tensor, "*N"]:
    """Euclidean length, with a slope of 0 at 0 where a root has none."""
    square = vectors.square().sum(-1)
    return torch.where(square > 0, square, 1).sqrt() * (square > 0)


def on_border(own: Int[Tensor, "B H W"]) -> Tensor:
    """Places with a neighbour, of eight, that belongs to something else."""
    near = F.pad(own[:, None].float(), (1, 1, 1, 1), mode="replicate")
    return (F.max_pool2d(near, 3, 1) != -F.max_pool2d(-near, 3, 1))[:, 0]
