"""A score for the mask: a head that tells the IoU of an assembled window.

Objectness says that an object stands in a window's middle. All round that place it is
nearly 1, so it cannot say which of these windows has the better mask. This head looks
at the window as it was assembled, at its mask and at the features below it, and tells
the IoU that the mask has with its object. Training windows give that IoU for nothing.

The head looks and does not touch: no gradient leaves it, so whatever network it stands
on draws the same masks with it and without.

Source: the idea is Mask Scoring R-CNN's (Huang et al., CVPR 2019). That head stands on
regions read by RoIAlign; windows need none, as they all have one size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.segmenter import Terms
from ifcn_lab.views import View
from ifcn_lab.windows.candidates import Pyramid

SCORES = ("objectness", "quality", "both")
"""What proposals are ranked by; both is the product, as in Mask Scoring R-CNN."""

CHANNELS = 16
RATED = 128
"""Windows of a view, best objectness first, of which every second one teaches."""
RATED_AT_ONCE = 256


class RatedMaps(NamedTuple):
    """What a network with this head says of a batch: `ScoreMaps` and narrow features.

    Shapes: `maps` (B, k*k, H, W), `objectness` (B, H, W), `features` (B, C, H, W).
    """

    maps: Float[Tensor, "B kk H W"]
    objectness: Float[Tensor, "B H W"]
    features: Float[Tensor, "B C H W"]


class RatedTargets(NamedTuple):
    """`WindowTargets`, and every object of the view, as windows are rated by them.

    Shapes: `objects` (M, H, W), whether at least half of a place is the object's;
    `known` (H, W), places outside the crowd.
    """

    centers: Int[Tensor, "n 2"]
    label: Float[Tensor, " n"]
    target: Float[Tensor, "P m m"]
    counts: Bool[Tensor, "P m m"]
    objects: Bool[Tensor, "M H W"]
    known: Bool[Tensor, "H W"]


class QualityHead(nn.Module):
    """Three strided convolutions and one linear layer on each window.

    Args:
        channels: of the backbone's features.
        m: window side in places.
        width: of the convolutions.

    Example:
        >>> head = QualityHead(channels=64, m=21)
        >>> head(torch.zeros(5, 21, 21), torch.zeros(5, 16, 21, 21)).shape
        torch.Size([5])
    """

    def __init__(self, channels: int, m: int, width: int = 32) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(channels, CHANNELS, 1)
        inputs = (CHANNELS + 2, width, width)
        self.layers = nn.Sequential(
            *(layer for each in inputs
              for layer in (nn.Conv2d(each, width, 3, 2, 1), nn.ReLU())),
            nn.Flatten(), nn.Linear(width * (-(-m // 8)) ** 2, 1))

    def forward(
        self, windows: Float[Tensor, "N m m"], features: Float[Tensor, "N C m m"],
        limit: float = 0.0,
    ) -> Float[Tensor, " N"]:
        """The logit of the IoU that each window's mask has, cut at the logit `limit`.
        """
        mask = (windows > limit).float()
        seen = torch.stack([windows.sigmoid(), mask], 1)           # (N, 2, m, m)
        return self.layers(torch.cat([features, seen], 1))[:, 0]


def cut_out(
    maps: Shaped[Tensor, "B C H W"], centers: Int[Tensor, "N 3"], m: int
) -> Shaped[Tensor, "N C m m"]:
    """All channels of the windows at (image, y, x); 0 outside the maps.

    Example:
        >>> cut_out(torch.ones(1, 1, 2, 2), torch.tensor([[0, 0, 0]]), 3)[0, 0].tolist()
        [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    """
    before, steps = m // 2, torch.arange(m, device=maps.device)
    padded = F.pad(maps, (before, m - 1 - before) * 2)
    image, y, x = centers.T[..., None, None]                       # (N, 1, 1) each
    places = image, y + steps[:, None], x + steps                  # (N, m, m)
    return padded.movedim(1, -1)[places].movedim(-1, 1)


def window_iou(
    masks: Bool[Tensor, "N m m"], centers: Int[Tensor, "N 2"],
    objects: Bool[Tensor, "M H W"], known: Bool[Tensor, "H W"],
) -> Float[Tensor, " N"]:
    """The IoU of each window's mask with the object that it fits best, in places.

    What of an object lies outside the window is missed. Places in the crowd count on
    no side. Without objects it is 0.
    """
    at, m = F.pad(centers, (1, 0)), masks.shape[-1]
    both = torch.cat([known[None], objects & known]).float()[None]  # (1, 1+M, H, W)
    here = cut_out(both, at, m)                                     # (N, 1+M, m, m)
    mine = masks.float() * here[:, 0]                               # (N, m, m)
    shared = torch.einsum("nij,noij->no", mine, here[:, 1:])
    union = mine.sum((1, 2))[:, None] + both[0, 1:].sum((1, 2)) - shared
    none = shared.new_zeros(len(masks), 1)
    return torch.cat([none, shared / union.clamp(min=1)], 1).amax(1)


def rated_centers(
    objectness: Float[Tensor, "H W"], known: Bool[Tensor, "H W"]
) -> Int[Tensor, "N 2"]:
    """The windows of a view that teach: places outside the crowd, the best thinned."""
    logits = objectness.detach().masked_fill(~known, -torch.inf).flatten()
    best = logits.topk(min(RATED, int(known.sum()))).indices[::2]
    return torch.stack([best // known.shape[1], best % known.shape[1]], 1)


def rated_counts(targets: Sequence[RatedTargets]) -> int:
    """How many windows of a batch teach the head."""
    return sum((min(RATED, int(t.known.sum())) + 1) // 2 for t in targets)


def rated_targets(
    drawn: tuple[Tensor, ...], view: View, stride: int
) -> RatedTargets:
    """The targets of windows with the objects of the view, in places."""
    objects = F.avg_pool2d(view.masks[:, None], stride)[:, 0] >= 0.5
    known = F.avg_pool2d(view.crowd[None], stride)[0] <= 0.5
    return RatedTargets(*drawn, objects, known)


def quality_losses(
    head: QualityHead, windows: Callable[..., Float[Tensor, "N m m"]], out: RatedMaps,
    targets: Sequence[RatedTargets],
) -> Terms:
    """The logistic loss of the IoU that the head tells, as (sum, count).

    The windows are those that detection would keep: of the highest objectness, so that
    the head learns to tell good from bad where objectness cannot.

    Args:
        head: of the network.
        windows: reads mask logits from maps at centres (image, y, x).
        out: what the network says of the batch.
        targets: of each image.
    """
    centers, iou = [], []
    for b, one in enumerate(targets):
        at = rated_centers(out.objectness[b], one.known)
        centers.append(F.pad(at, (1, 0), value=b))                  # (n, 3)
        with torch.no_grad():
            masks = windows(out.maps, centers[-1]) > 0
            iou.append(window_iou(masks, at, one.objects, one.known))
    at, wanted = torch.cat(centers), torch.cat(iou)
    if not len(at):
        return {"quality": (out.features.sum() * 0, 0)}
    logits = windows(out.maps.detach(), at)
    told = head(logits, cut_out(out.features, at, logits.shape[-1]))
    loss = F.binary_cross_entropy_with_logits(told, wanted, reduction="sum")
    return {"quality": (loss, rated_counts(targets))}


@torch.inference_mode()
def qualities_at(
    pyramid: Pyramid, windows: Int[np.ndarray, "N 3"]
) -> Float[np.ndarray, " N"]:
    """The IoU that the head tells for the masks of windows (level, y, x)."""
    told, model = np.zeros(len(windows)), pyramid.model
    for number, level in enumerate(pyramid.levels):
        here = np.flatnonzero(windows[:, 0] == number)
        for start in range(0, len(here), RATED_AT_ONCE):
            index = here[start : start + RATED_AT_ONCE]
            at = torch.from_numpy(windows[index, 1:]).to(level.maps.device)
            logits = model.windows(level.maps, at, fill=pyramid.limit)
            seen = cut_out(level.features[None], F.pad(at, (1, 0)), model.m)
            told[index] = model.quality(logits, seen, pyramid.limit).sigmoid().cpu()
    return told


def ranked(
    pyramid: Pyramid, windows: Int[np.ndarray, "N 3"],
    objectness: Float[np.ndarray, " N"], score: str,
) -> tuple[Int[np.ndarray, "N 3"], Float[np.ndarray, " N"]]:
    """The windows by another score than objectness, best first, and that score."""
    scores = qualities_at(pyramid, windows)
    if score == "both":
        scores = scores * objectness
    order = np.argsort(-scores, kind="stable")
    return windows[order], scores[order]


def calibrated(
    scores: Float[np.ndarray, " N"], line: Sequence[float] | None
) -> Float[np.ndarray, " N"]:
    """Scores whose logits went through a line (slope, offset); None: as they are.

    Example:
        >>> calibrated(np.array([0.5, 0.9]), (2.0, 0.0)).round(3).tolist()
        [0.5, 0.988]
    """
    if line is None:
        return scores
    p = np.clip(scores, 1e-7, 1 - 1e-7)
    return 1 / (1 + np.exp(-(line[0] * np.log(p / (1 - p)) + line[1])))
