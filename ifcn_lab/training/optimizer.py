"""What moves the weights: the optimizer, its learning rate, the weights it starts from.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ifcn_lab.model import InstanceFCN
from ifcn_lab.training.recipe import Recipe


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer; norms and biases are left without weight decay."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay},
              {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum)
    return torch.optim.AdamW(groups, lr=recipe.lr)


def rate(schedule: str, progress: float) -> float:
    """The learning rate as a share of its highest, at a point of the run.

    Example:
        >>> rate("step", 0.5), rate("step", 0.9)
        (1.0, 0.1)
        >>> rate("onecycle", 0.05), rate("onecycle", 0.1), rate("onecycle", 1.0)
        (0.525, 1.0, 0.0)
    """
    if schedule == "step":
        return 1.0 if progress < 0.8 else 0.1
    if progress < 0.1:
        return 0.05 + 9.5 * progress
    return float(np.cos((min(progress, 1.0) - 0.1) / 0.9 * np.pi) + 1) / 2


@torch.no_grad()
def draw_new_layers(model: InstanceFCN, std: float) -> InstanceFCN:
    """Give the layers that no backbone brings Gaussian weights and biases of 0.

    Those are the convolutions of both branches. The paper's deviation is remembered
    as 0.01; no source at hand confirms it. The numbers come from torch's generator.

    Raises:
        ValueError: the deviation is not above 0.

    Example:
        >>> net = draw_new_layers(InstanceFCN(backbone="small"), 0.01)
        >>> 0.009 < float(net.masks[2].weight.std()) < 0.011
        True
    """
    if not std > 0:
        raise ValueError(f"the deviation of new weights is above 0, got {std}")
    for branch in (model.masks, model.objectness):
        for layer in branch.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=std)
                nn.init.zeros_(layer.bias)
    return model
