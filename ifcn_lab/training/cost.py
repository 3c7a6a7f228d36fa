"""What a model costs, layer by layer: parameters, multiply-adds, milliseconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training.recipe import LESSON, Recipe
from ifcn_lab.training.run import Run

ROUNDS = 5


class Cost(NamedTuple):
    """Of one layer, or of the whole: its parameters, the multiply-adds of one picture
    and of one training step, and the milliseconds of one picture, the least of a few.
    """

    layer: str
    parameters: int
    picture: int
    step: int
    ms: float


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
        rounds = [milliseconds(model, image) for _ in range(ROUNDS)]
    return [Cost(name or "whole", sum(p.numel() for p in layer.parameters()),
                 picture[name], step[name], min(r[name] for r in rounds))
            for name, layer in parts(model)]


def parts(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Layers that multiply, by name, and at last the model by the name ""."""
    yield from ((name, layer) for name, layer in model.named_modules()
                if any(p.ndim > 1 for p in layer.parameters(recurse=False)))
    yield "", model


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


def milliseconds(model: nn.Module, image: Tensor) -> dict[str, float]:
    """How long each layer takes in one forward pass, the whole by ""."""
    spent: dict[str, float] = {}
    with timed(model, spent):
        model(image)
    return spent


@contextmanager
def timed(model: nn.Module, spent: dict[str, float]) -> Iterator[None]:
    """Let every layer write how many milliseconds it took."""
    hooks = []
    for name, layer in parts(model):
        def begin(*_: object, name: str = name) -> None:
            spent[name] = -1e3 * time.perf_counter()

        def end(*_: object, name: str = name) -> None:
            spent[name] += 1e3 * time.perf_counter()

        hooks += [layer.register_forward_pre_hook(begin),
                  layer.register_forward_hook(end)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
