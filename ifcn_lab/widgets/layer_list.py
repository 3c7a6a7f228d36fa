"""A network as a list of plain layers and their numbers, for a page to run.

The page knows two kinds of layer: a convolution, to which another map may be added
before the ReLU, and enlarging by linear interpolation. Batch norms are fused into the
convolutions here, and every weight becomes a float16, which is half of what the page
would weigh otherwise.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from torch import nn

    from ifcn_lab.segmenter import Segmenter


class LayerList(NamedTuple):
    """What `front_end/network.js` runs.

    `layers`: one dict each, as `Lister` writes them; a map is known by the number of
    its layer, counted from 1, and 0 is the picture. `answers`: the numbers of the maps
    that are asked for, by name. `weights`: float16, convolution by convolution, its
    kernel (outputs, inputs, side, side) and then its bias.
    """

    layers: list[dict[str, Any]]
    answers: dict[str, int]
    mean: list[float]
    std: list[float]
    stride: int
    weights: bytes

    def told(self) -> dict[str, Any]:
        """All but the weights, as JSON can say it."""
        return {name: value for name, value in self._asdict().items()
                if name != "weights"}


class Lister:
    """Writes layers down, one after the other."""

    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []
        self.weights: list[np.ndarray] = []

    def convolution(
        self, module: nn.Module, source: int, *, relu: bool = True,
        add: int | None = None,
    ) -> int:
        """Note a convolution, alone or first in its Sequential; its map's number."""
        conv = module if hasattr(module, "kernel_size") else module[0]
        self.weights += [each.detach().numpy().ravel()
                         for each in (conv.weight, conv.bias)]
        return self._noted(
            kind="convolution", source=source, add=add, relu=relu,
            inputs=conv.in_channels, outputs=conv.out_channels,
            side=conv.kernel_size[0], stride=conv.stride[0], dilation=conv.dilation[0])

    def enlarging(
        self, source: int, like: int, *, relu: bool = False, add: int | None = None
    ) -> int:
        """Note that a map is enlarged to the size of another; its number."""
        return self._noted(kind="enlarging", source=source, like=like, add=add,
                           relu=relu)

    def residual(self, block: nn.Module, source: int) -> int:
        """Note two convolutions whose result is added to what came in."""
        first = self.convolution(block.first, source)
        return self.convolution(block.second, first, add=source)

    def _noted(self, **layer: Any) -> int:
        self.layers.append(layer)
        return len(self.layers)


def layer_list(model: Segmenter) -> LayerList:
    """The layers of an InstanceFCN or a YOLACT on a small backbone.

    Raises:
        ValueError: another backbone (VGG-16 is far too large for a page), or YOLACT++.
        TypeError: another model.

    >>> from ifcn_lab import InstanceFCN
    >>> listed = layer_list(InstanceFCN(backbone="light"))
    >>> len(listed.layers), len(listed.weights) // 2
    (18, 202842)
    """
    heads = HEADS.get(type(model).__name__)
    if heads is None:
        raise TypeError(f"a page can run {' or '.join(HEADS)}; this is a "
                        f"{type(model).__name__}")
    if model.backbone_name not in BACKBONES:
        raise ValueError(f"a page can run a network on {' or '.join(BACKBONES)}; this "
                         f"one stands on {model.backbone_name}")
    net, lister = rounded(model), Lister()
    answers = heads(lister, net, BACKBONES[model.backbone_name](lister, net.backbone))
    weights = np.concatenate(lister.weights).astype("<f2").tobytes()
    mean, std = (getattr(model, name).ravel().tolist() for name in ("mean", "std"))
    return LayerList(lister.layers, answers, mean, std, model.stride, weights)


def rounded(model: Segmenter) -> Segmenter:
    """A copy whose norms are fused and whose weights are what float16 keeps of them.

    >>> from ifcn_lab import InstanceFCN
    >>> kernel = rounded(InstanceFCN(backbone="light")).masks[0].weight
    >>> bool((kernel == kernel.half()).all())
    True
    """
    from ifcn_lab.layers.backbones import fused

    twin = copy.deepcopy(fused(model))
    for weight in twin.parameters():
        weight.data = weight.data.half().float()
    return twin


def small(lister: Lister, net: nn.Module) -> int:
    """Note the layers of `SmallBackbone`; the number of its features."""
    stem = lister.convolution(net.stem[0], 0)
    fine = lister.residual(net.fine, lister.convolution(net.stem[2], stem))
    far = lister.convolution(net.down[0], fine)
    for block in net.context:
        far = lister.residual(block, far)
    far = lister.enlarging(far, like=fine)
    return lister.residual(net.last, lister.convolution(net.merge, fine, add=far))


def light(lister: Lister, net: nn.Module) -> int:
    """Note the layers of `LightBackbone`; the number of its features."""
    maps = [lister.convolution(net.stem, 0)]
    for level in net.levels:
        at = maps[-1]
        for conv in level:
            at = lister.convolution(conv, at)
        maps.append(at)
    far = maps.pop()
    for level in (1, 0):
        near = maps.pop()
        narrow = lister.convolution(net.narrow[level], far, relu=False)
        summed = lister.enlarging(narrow, like=near, add=near, relu=True)
        far = lister.convolution(net.last[level], summed)
    return far


def windows(lister: Lister, net: nn.Module, features: int) -> dict[str, int]:
    """Note InstanceFCN's two heads."""
    answers = {}
    for name, head in (("maps", net.masks), ("objectness", net.objectness)):
        hidden = lister.convolution(head[0], features)
        answers[name] = lister.convolution(head[2], hidden, relu=False)
    return answers


def prototypes(lister: Lister, net: nn.Module, features: int) -> dict[str, int]:
    """Note YOLACT's prototypes, and the heads that every anchor is told by.

    Raises:
        ValueError: YOLACT++, whose judge of masks a page does not run.
    """
    if net.rescore:
        raise ValueError("a page runs YOLACT, not YOLACT++; make it with rescore=False")
    drawn, seen = features, features
    for conv in net.draw:
        drawn = lister.convolution(conv, drawn)
    answers = {"prototypes": lister.convolution(net.prototypes, drawn)}
    for conv in net.look:
        seen = lister.convolution(conv, seen)
    for name in ("category", "code", "mix"):
        answers[name] = lister.convolution(getattr(net, name), seen, relu=False)
    return answers


BACKBONES = {"small": small, "light": light}
HEADS = {"InstanceFCN": windows, "YOLACT": prototypes}
