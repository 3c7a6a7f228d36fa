"""Deep metric learning: a mask is a seed and all places that are like it.

Every place has a vector, and two places are alike by sigma = 2 / (1 + exp(d)), d their
squared distance: 1 for equal vectors, nearly 0 for far ones. Pairs of places drawn from
each object are taught to be alike or not. A mask is then one place, the seed, and all
places alike by tau or more.

Which place is a good seed? A second head says for every place and every tau what the
mask grown from there would show, an object of some kind or nothing; the best such score
is the place's seediness. Seeds are chosen one after the other, each good by itself and
far from those before.

Left out of the source: ResNet-101 at four scales, and the weight of the seeds' loss
that grows from 0 to 0.2 (a recipe's `term_weights` can set one). Background takes part
as one more label, as in the source, with as many places as an object.

Source: Fathi et al., 2017 (arXiv 1703.10277).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.embedding import (
    NOTHING,
    SILENT,
    EmbeddingModel,
    PlaceLabels,
    draw_places,
)
from ifcn_lab.layers.mask_voting import kept_masks
from ifcn_lab.layers.whole_image import Piece, enlarged
from ifcn_lab.segmenter import Instances, Terms

TAUS = (0.25, 0.5, 0.75, 0.9)


class Alike(NamedTuple):
    """`vectors` (B, D, H, W) and, for T thresholds, logits of what grows from each
    place, `seeds` (B, T, C + 1, H, W).
    """

    vectors: Float[Tensor, "B D H W"]
    seeds: Float[Tensor, "B T C1 H W"]


class MetricLearning(EmbeddingModel):
    """Vectors that are alike or not, and seeds.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        dimensions: of a vector; 64 in the source.
        drawn: places of each object that teach; 10 in the source.
        taus: thresholds of likeness.
        others: see `EmbeddingModel`.

    Example:
        >>> net = MetricLearning("small", {1: "disc", 7: "star"}).eval()
        >>> net(torch.zeros(1, 3, 64, 64)).seeds.shape
        torch.Size([1, 4, 3, 16, 16])
    """

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        dimensions: int = 64, drawn: int = 10, taus: Sequence[float] = TAUS,
        **others: Any,
    ) -> None:
        super().__init__(backbone, categories, dimensions=dimensions, **others)
        if not taus or not 0 < min(taus) <= max(taus) <= 1:
            raise ValueError(f"taus are likenesses above 0 to 1; got {taus}")
        self.drawn, self.taus = drawn, tuple(taus)
        self.seeds = nn.Conv2d(self.channels, len(taus) * (self.kinds + 1), 1)

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Alike:
        """Vectors and seeds of images in [0, 1], at the backbone's stride."""
        seen = self.seen(images)
        return Alike(self.vectors(seen),
                     self.seeds(seen).unflatten(1, (len(self.taus), -1)))

    # What it is taught

    def losses(self, out: Alike, targets: Sequence[PlaceLabels]) -> Terms:
        """Pairs of the drawn places, and what grows from them."""
        pairs, grown, count = out.vectors.sum() * 0, out.seeds.sum() * 0, 0
        for vectors, seeds, labels in zip(*out, targets, strict=True):
            own, kind = labels.own.flatten(), labels.kind.flatten()
            some = draw_places(own, self.drawn, int(labels.seed))
            vectors = vectors.flatten(1).T                 # (N, D)
            pairs = pairs + pair_loss(vectors[some], own[some])
            near = likeness(square_distance(vectors[some], vectors).detach())
            wanted = self.grown_kinds(near, own, kind, some)       # (S, T)
            logits = seeds.flatten(2)[:, :, some].permute(2, 1, 0)
            grown = grown + F.cross_entropy(logits, wanted, reduction="sum")
            count += wanted.numel()
        return {"pairs": (pairs, len(targets)), "seeds": (grown, count)}

    def grown_kinds(
        self, near: Float[Tensor, "S N"], own: Int[Tensor, " N"],
        kind: Int[Tensor, " N"], some: Int[Tensor, " S"],
    ) -> Int[Tensor, "S T"]:
        """The kind of each seed's object, where the mask grown from it has IoU 0.5."""
        object_ = (own == own[some][:, None]) & (own > NOTHING)    # (S, N)
        masks = torch.stack([(near >= tau) & (own != SILENT) for tau in self.taus], 1)
        shared = (masks & object_[:, None]).sum(-1)
        union = (masks | object_[:, None]).sum(-1)
        return torch.where(2 * shared >= union, kind[some].clamp(min=0)[:, None], 0)

    # What it finds

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100, seeds: int = 100,
        alpha: float = 0.2, nms_iou: float = 0.5, precision: str = "float32",
    ) -> list[Instances]:
        """The masks grown from an image's seeds, best first.

        Args:
            images: uint8, or float in [0, 1].
            top: how many of an image at most.
            seeds: how many places are grown.
            alpha: how much it counts that a seed is far from those before.
            nms_iou: of two masks of a kind that overlap more the worse goes.
            precision: "float32", "bfloat16" or "auto".

        Raises:
            ValueError, TypeError: an image that makes no sense, or scores that are NaN.
        """
        pieces = partial(self.pieces, seeds=seeds, alpha=alpha)
        every = self.detect_by(pieces, images, seeds, precision)
        return [grown.take(kept_masks(grown, nms_iou)).top(top) for grown in every]

    def pieces(
        self, out: Alike, shape: tuple[int, int], seeds: int, alpha: float
    ) -> Iterator[Piece]:
        """A mask from each seed, at the threshold that its best score was told for."""
        scores = out.seeds[0].softmax(1)[:, 1:].flatten(2).cpu()   # (T, C, N)
        size = out.vectors.shape[2:]
        vectors = out.vectors[0].flatten(1).T.cpu()                # (N, D)
        large = enlarged(out.vectors, self.stride, shape)[0]       # (D, h, w)
        large = large.flatten(1).T.cpu()                           # (h*w, D)
        best, which = scores.flatten(0, 1).max(0)                  # (N,)
        chosen = list(choose_seeds(best, vectors, min(seeds, math.prod(size)), alpha))
        for some in torch.tensor(chosen, dtype=torch.long).split(10):
            alike = likeness(square_distance(large, vectors[some]))    # (h*w, 10)
            for seed, near in zip(some.tolist(), alike.T, strict=True):
                tau, kind = divmod(int(which[seed]), self.kinds)
                mask = (near >= self.taus[tau]).view(shape).numpy()
                yield Piece(mask, float(best[seed]), kind)


def likeness(square: Float[Tensor, "*N"]) -> Float[Tensor, "*N"]:
    """sigma = 2 / (1 + exp(d)) of squared distances d.

    Example:
        >>> likeness(torch.tensor([0.0, 1.0986123])).tolist()
        [1.0, 0.5]
    """
    return 2 * torch.sigmoid(-square)


def square_distance(
    a: Float[Tensor, "N D"], b: Float[Tensor, "M D"]
) -> Float[Tensor, "N M"]:
    """Squared distance of each vector of `a` from each of `b`, 0 for equal ones."""
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()


def pair_loss(
    vectors: Float[Tensor, "S D"], own: Int[Tensor, " S"], eps: float = 1e-6
) -> Float[Tensor, ""]:
    """Log loss of all pairs; a pair weighs 1 over the product of its objects' sizes.

    The weights add up to 1, and that is the mean: the sources also divide by the number
    of places, which only makes the loss as many times smaller. log(1 - sigma) is taken
    as log tanh(d / 2), which is finite for equal vectors by `eps`.

    Source: Fathi et al., equation 2.

    Example:
        >>> vectors = torch.tensor([[0., 0], [2, 0], [1, 2], [1, 2]])
        >>> round(float(pair_loss(vectors, torch.tensor([1, 1, 2, 2]))), 5)
        0.56315
    """
    if len(own) < 2:
        return vectors.sum() * 0
    i, j = torch.triu_indices(len(own), len(own), 1, device=own.device)
    square = (vectors[i] - vectors[j]).square().sum(1)             # (P,)
    same = own[i] == own[j]
    alike = math.log(2) + F.logsigmoid(-square)
    unlike = torch.log(torch.tanh(square / 2) + eps)
    _, number, sizes = own.unique(return_inverse=True, return_counts=True)
    weight = 1 / (sizes[number[i]] * sizes[number[j]]).to(square)
    return -(weight * torch.where(same, alike, unlike)).sum() / weight.sum()


def choose_seeds(
    score: Float[Tensor, " N"], vectors: Float[Tensor, "N D"], count: int, alpha: float
) -> Iterator[int]:
    """Places one after the other: log score + alpha log distance from the others.

    Source: Fathi et al., the diversity term.

    Example:
        >>> score, line = torch.tensor([.9, .8, .5]), torch.tensor([[0.], [.1], [3.]])
        >>> list(choose_seeds(score, line, 2, alpha=0.5))
        [0, 2]
    """
    far = torch.full_like(score, torch.inf)
    worth = score.log()
    for _ in range(count):
        seed = int(worth.argmax())
        yield seed
        far = torch.minimum(far, square_distance(vectors[seed][None], vectors)[0])
        worth = score.log() + alpha * (far + 1e-12).log()
        worth[far == 0] = -torch.inf
