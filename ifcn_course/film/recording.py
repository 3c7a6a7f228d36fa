"""Recording the film: train twice, and keep the score maps at chosen steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Int8
from torch import Tensor

from ifcn_lab import scenes
from ifcn_lab.atomic_write import replacing
from ifcn_lab.data.film import SCALE, Film
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.training import LESSON, Recipe, Run

STEPS = (0, 5, 10, 20, 50, 75, 100, 150, 200, 300, 400)
ORDER = (7, 3, 5, 6, 8, 1, 2, 0, 4)
RECIPE = LESSON.with_(seconds=None, iterations=STEPS[-1], batch=4, precision="float32")


class Shuffled(InstanceFCN):
    """An InstanceFCN whose cell c reads channel `order[c]` instead of channel c.

    Raises:
        ValueError: `order` does not name each of the k*k channels once.

    Example:
        >>> net = Shuffled((3, 2, 1, 0), k=2, m=2, backbone="small")
        >>> maps = torch.arange(4.0).reshape(4, 1, 1).expand(4, 3, 3)
        >>> net.windows(maps, torch.tensor([[1, 1]]))
        tensor([[[3., 2.],
                 [1., 0.]]])
    """

    def __init__(self, order: Sequence[int], **config: Any) -> None:
        super().__init__(**config)
        if sorted(order) != list(range(self.k * self.k)):
            raise ValueError(f"order must name each of the {self.k * self.k} channels "
                             f"once, got {tuple(order)}")
        self.order = tuple(order)

    def windows(
        self, maps: Float[Tensor, "*B kk H W"], centers: Int[Tensor, "N axes"],
        fill: float = 0.0,
    ) -> Float[Tensor, "N m m"]:
        """The mask logits of chosen windows, read in this network's own order."""
        return super().windows(maps[..., list(self.order), :, :], centers, fill)


def actors() -> list[scenes.Scene]:
    """The scenes that are filmed: two touching discs, and one of a held-out seed."""
    return [
        scenes.two_touching(diameter=54.5),
        scenes.make(1_000_004, objects=(3, 4), sizes=(46, 56)),
    ]


def network(order: Sequence[int] | None, k: int = 3) -> InstanceFCN:
    """A fresh small network; both runs begin with the same weights."""
    torch.manual_seed(0)
    if order is None:
        return InstanceFCN(k=k, backbone="light")
    return Shuffled(order, k=k, backbone="light")


@torch.inference_mode()
def frame(
    net: InstanceFCN, images: Float[Tensor, "S 3 h w"]
) -> Int8[np.ndarray, "S kk H W"]:
    """The score maps of the filmed scenes as the network sees them now."""
    return pack(net.eval()(images).maps.float().numpy())              # (S, k*k, H, W)


def record_run(
    net: InstanceFCN, images: Float[Tensor, "S 3 h w"],
    recipe: Recipe = RECIPE, steps: Sequence[int] = STEPS,
) -> tuple[np.ndarray, np.ndarray]:
    """Train, and return the frames (F, S, k*k, H, W) and the mask loss (T,)."""
    run = Run(net, SceneSet(500), recipe)
    frames, losses = [], []
    for step in range(steps[-1] + 1):
        if step in steps:
            frames.append(frame(net, images))
        if step < steps[-1]:
            losses.append(run.step().losses["mask"])
    return np.stack(frames), np.array(losses, np.float32)


def record(recipe: Recipe = RECIPE, steps: Sequence[int] = STEPS) -> Film:
    """Both runs: cell c reads channel c, and cell c reads channel ORDER[c]."""
    filmed = actors()
    images = torch.stack([to_tensor(scene.image) for scene in filmed])
    nets = [network(None), network(ORDER)]
    runs = [record_run(net, images, recipe, steps) for net in nets]
    numbers = [np.arange(1, 1 + len(s.masks))[:, None, None] for s in filmed]
    owners = [(s.masks * n).sum(0) for s, n in zip(filmed, numbers, strict=True)]
    return Film(
        k=nets[0].k, m=nets[0].m, stride=nets[0].stride, runs=("plain", "shuffled"),
        images=np.stack([scene.image for scene in filmed]),
        owners=np.stack(owners).astype(np.uint8), steps=np.array(steps),
        scores=np.stack([frames for frames, _ in runs]),
        mask_loss=np.stack([losses for _, losses in runs]), order=np.array(ORDER),
    )


def pack(logits: Float[np.ndarray, "*shape"]) -> Int8[np.ndarray, "*shape"]:
    """Logits as whole sixteenths in one byte; their sign is kept.

    >>> pack(np.array([-100.0, -0.001, 0.0, 0.5])).tolist()
    [-127, -1, 0, 8]
    """
    sixteenths = np.where(logits < 0, np.floor(logits * SCALE), np.ceil(logits * SCALE))
    return np.clip(sixteenths, -127, 127).astype(np.int8)


def save(film: Film, path: str | Path) -> Path:
    """Write a film; the same film gives the same bytes."""
    with replacing(path) as new:
        np.savez_compressed(new, **{n: np.asarray(v) for n, v in vars(film).items()})
    return Path(path)
