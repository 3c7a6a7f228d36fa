"""A network as it is called in training: its layout chosen, compiled or not."""

from __future__ import annotations

import os
import shutil

import torch
from torch import nn

from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training.recipe import Recipe


def prepared(model: Segmenter, recipe: Recipe) -> nn.Module:
    """The network as it is called in training: its layout chosen, compiled or not.

    A compiled one shares its weights with the network, which itself stays as it is.

    Raises:
        ValueError: it is to be compiled, and there is no compiler.
    """
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    model.memory_format = layout
    model.to(memory_format=layout)
    if not recipe.compile:
        return model
    compilers = os.environ.get("CXX", "g++ clang++ cl").split()
    if model.device.type == "cpu" and not any(map(shutil.which, compilers)):
        raise ValueError("torch.compile writes C++ for a CPU and finds no compiler "
                         f"({', '.join(compilers)}): install one, or do not compile")
    return torch.compile(model)
