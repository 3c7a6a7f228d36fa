"""What a model costs, layer by layer: parameters and multiply-adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training.recipe import LESSON, Recipe
from ifcn_lab.training.run import Run


class Cost(NamedTuple):
    """Of one layer, or of the whole: its parameters, and the multiply-adds of one
    picture and of one training step.
    """

    layer: str
    parameters: int
    picture: int
    step: int


def costs(model: Segmenter, recipe: Recipe = LESSON) -> list[Cost]:
    """Every layer's cost on a square picture of the recipe's crop; the whole is last.

    A step is forward, backward and optimizer on `recipe.batch` scenes, and changes the
    model. Multiply-adds are those of convolutions and matrix products.

    Example:
        >>> from ifcn_lab import InstanceFCN
        >>> *layers, whole = costs(InstanceFCN(k=3, backbone="light"))
        >>> layers[0].layer, layers[0].picture  # 64 x 64 places, 3 * 9 * 16 weights
        ('backbone.stem.0', 1769472)
    """
    run = Run(model, SceneSet(recipe.batch), recipe.with_(precision="float32"))
    image = torch.zeros(1, 3, recipe.crop or 128, recipe.crop or 128)
    step = multiply_adds(model, run.step)
    model.eval()
    with torch.no_grad():
        picture = multiply_adds(model, lambda: model(image))
    layers = [(name, layer) for name, layer in model.named_modules()
              if any(p.ndim > 1 for p in layer.parameters(recurse=False))]
    return [Cost(name or "whole", sum(p.numel() for p in layer.parameters()),
                 picture[name], step[name]) for name, layer in [*layers, ("", model)]]


def multiply_adds(model: nn.Module, do: Callable[[], object]) -> Counter[str]:
    """Multiply-adds of each layer while something is done, the whole by ""."""
    counting = ByWeight(model)
    with counting:
        do()
    return counting.found


class ByWeight(TorchDispatchMode):
    """Counts multiply-adds, for the layer whose weight an operation takes.

    What takes none, as the gradient of a linear layer's weight, counts for the whole.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.layers = {p.data_ptr(): name.removesuffix(".weight")
                       for name, p in model.named_parameters() if p.ndim > 1}
        self.found = Counter[str]()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        """Carry the operation out, then count it."""
        out = func(*args, **(kwargs or {}))
        if func.overloadpacket in flop_registry:
            count = flop_registry[func.overloadpacket]
            number = count(*args, **(kwargs or {}), out_val=out) // 2
            taken = (self.layers.get(x.data_ptr()) for x in args
                     if isinstance(x, Tensor))
            self.found.update({"": number, **{n: number for n in taken if n}})
        return out
