"""What moves the weights: the optimizer and its learning rate."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ifcn_lab.training.recipe import Recipe


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer; norms and biases are left without weight decay."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay},
              {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum)
    return torch.optim.AdamW(groups, lr=recipe.lr, foreach=True)


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
