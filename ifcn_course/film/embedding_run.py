"""Record the run that the EmbeddingExplorer replays: `python -m` with this module.

A small network learns one scene eight times from the same weights: with none of the
three terms of the discriminative loss, with each alone, with two and with all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ifcn_lab import scenes
from ifcn_lab.data import shipped
from ifcn_lab.models.discriminative import (
    REG_WEIGHT,
    Discriminative,
    discriminative_loss,
)
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.widgets.embedding_state import NAME, Recording, owners, quantised, save

STEPS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60)
WEIGHTS = torch.tensor([1.0, 1.0, REG_WEIGHT])


def scene() -> scenes.Scene:
    """Two blue discs that touch, and two orange ones."""
    return scenes.make(7, size=(96, 96), objects=(4, 4), sizes=(30, 40), style="plain")


def record() -> Recording:
    """Train eight times, and keep the foreground's vectors of some steps."""
    image, masks = scene()
    own = owners(masks, 4)
    runs = [list(learn(image, own, torch.tensor(on)))
            for on in product((0.0, 1.0), repeat=3)]
    vectors = np.array([[seen for seen, _ in run] for run in runs])  # (8, F, n, 2)
    losses = np.array([[terms for _, terms in run] for run in runs])
    whole, unit = quantised(vectors)
    return Recording(image, whole, unit, np.array(STEPS), losses, own)


def learn(
    image: np.ndarray, own: Int[np.ndarray, "H W"], on: Float[Tensor, "3"]
) -> Iterator[tuple[np.ndarray, list[float]]]:
    """Vectors of the foreground and the three terms at each of the steps."""
    torch.manual_seed(0)
    net = Discriminative("small", dimensions=2)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    picture, labels = to_tensor(image)[None], torch.tensor(own).long().flatten()
    for step in range(STEPS[-1] + 1):
        vectors = net(picture).vectors[0].flatten(1).T              # (N, 2)
        terms = discriminative_loss(vectors, labels)
        if step in STEPS:
            yield vectors[labels > 0].detach().numpy(), terms.tolist()
        if on.any():
            optimizer.zero_grad()
            (on * WEIGHTS * terms).sum().backward()
            optimizer.step()


if __name__ == "__main__":
    print(save(record(), shipped.folder() / NAME))
