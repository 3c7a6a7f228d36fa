"""Mask heads of other k on the frozen light backbone, for the Playground's buttons.

    python -m lessons.mask_heads        five minutes of one core; k = 1, 3 and 7

The backbone and objectness are those of `scenes-instancefcn`, whose own k is 5, and
nothing of them changes: a head is the two convolutions that make score maps. So what
differs between two buttons is k alone, and a page carries one backbone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import nn

from ifcn_lab.data import shipped
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.backbones import fused
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, train
from ifcn_lab.weights_file import write_weights

TRUNK, OTHERS = "scenes-instancefcn", (1, 3, 7)
RECIPE = LESSON.with_(seconds=None, iterations=2000)


def headless(k: int) -> InstanceFCN:
    """The shipped network with a new mask head, which alone can learn.

    Its norms are fused into the convolutions, so that training moves none of them.
    """
    trunk = InstanceFCN.from_pretrained(TRUNK)
    torch.manual_seed(RECIPE.seed)
    model = InstanceFCN(**trunk.config | {"k": k})
    for name in ("backbone", "objectness"):
        part = copy.deepcopy(fused(getattr(trunk, name)))
        setattr(model, name, part.requires_grad_(False))
    return model


def trained_head(k: int, steps: int = RECIPE.iterations) -> nn.Module:
    """The mask head of k, trained for so many steps on 2000 lesson scenes."""
    model = headless(k)
    train(model, SceneSet(2000), RECIPE.with_(iterations=steps), progress=True)
    return model.masks


def write_heads(heads: Iterable[tuple[int, nn.Module]]) -> None:
    """Write heads in half precision to the one file that the Playground reads."""
    tensors = {f"k{k}.{name}": tensor.half() for k, head in heads
               for name, tensor in head.state_dict().items()}
    target = shipped.folder() / "weights" / "mask-heads.safetensors"
    write_weights(target, {"class": "mask heads", "trunk": TRUNK}, tensors)
    print(f"{target.name}: {target.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    write_heads([(k, trained_head(k)) for k in OTHERS])
