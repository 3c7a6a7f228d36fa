"""Checks of lesson 4: counting what is kept, and counting weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_lab.assembling import coherence

if TYPE_CHECKING:
    from torch import nn


def kept_share(function: Callable[..., object]) -> None:
    """Exercise 4.1: the share that is kept after s steps, as `function(k, m, s)`."""
    asked = [(1, 2, 1), (2, 2, 1), (2, 4, 1), (5, 21, 1), (5, 21, 2), (5, 21, 7),
             (3, 21, 4), (3, 10, 2), (4, 14, 9), (5, 7, 1), (5, 7, 3), (2, 5, 4)]
    cases = [
        Case(f"k = {k}, m = {m}, s = {s}", (k, m, s),
             coherence.kept_share(k, m, (0, s)),
             hint="m - s columns are in both windows: channel[:, s:] of the first, "
                  "channel[:, :-s] of the second.")
        for k, m, s in asked
    ]
    report("Exercise 4.1", function, cases, agree=close)


def diagonal_share(function: Callable[..., object]) -> None:
    """Exercise 4.2: a step down and right at once, as a formula `function(k, m)`."""
    asked = [(1, 2), (2, 2), (2, 4), (5, 21), (7, 21), (3, 56), (3, 7), (4, 14), (5, 7)]
    cases = [
        Case(f"k = {k}, m = {m}", (k, m), coherence.kept_share(k, m, (1, 1)),
             hint="A place is kept if its row stays in its part and its column does.")
        for k, m in asked
    ]
    report("Exercise 4.2", function, cases, agree=close)


def step_share(function: Callable[..., object]) -> None:
    """Exercise 4.3: any step, as a formula `function(k, m, a, b)`."""
    long = "Where the step is longer than a part nothing is kept: never below 0."
    asked = [
        (1, 2, 0, 1, "k = 1 has no inner border: everything in both is kept."),
        (2, 4, 0, 0, "Without a step everything is kept."),
        (2, 4, 0, 1, "Each of the k - 1 inner borders takes as many columns as the "
                     "step is long."),
        (2, 8, 2, 3, "Rows and columns are kept or not on their own: multiply."),
        (5, 21, 0, -3, "To the left it is as to the right: take the absolute value."),
        (5, 21, 5, 0, long),
        (3, 21, 4, -8, long),
        (4, 21, -2, 5, "The widths differ by one place at most. Does that matter?"),
    ]
    cases = [
        Case(f"k = {k}, m = {m}, step ({a}, {b})", (k, m, a, b),
             coherence.kept_share(k, m, (a, b)), hint)
        for k, m, a, b, hint in asked
    ]
    report("Exercise 4.3", function, cases, agree=close, rule="A place is kept if its "
           "row stays in its part and its column does; divide by the places in both.")


def head_weights(function: Callable[..., object]) -> None:
    """Exercise 4.4: weights of both heads: `function(channels, k, bins, rank, m)`."""
    layers = ("A layer has inputs x outputs weights. The first linear layer has bins * "
              "bins * channels inputs, the second m * m outputs.")
    asked = [
        (1, 1, 1, 1, 1, "Three layers: 9 weights, 1 and 1. Biases are left out."),
        (2, 3, 4, 5, 6, layers), (512, 5, 14, 512, 56, layers),
        (512, 7, 14, 512, 21, layers),
    ]
    cases = [
        Case(f"channels = {c}, k = {k}, bins = {b}, rank = {r}, m = {m}",
             (c, k, b, r, m), (9 * c * k * k, b * b * c * r + r * m * m), hint)
        for c, k, b, r, m, hint in asked
    ]
    report("Exercise 4.4", function, cases, rule=layers)


SHARE, AGREE = 0.25, 0.9
"""At most this share of the weights, and at least this IoU with the full head."""


def slim_head(function: Callable[..., object]) -> None:
    """Exercise 4.5: a head with fewer weights and nearly the same masks.

    `function(layer)` is given the trained 3 x 3 convolution and returns what stands in
    its place.
    """
    judge("Exercise 4.5", slim_trials(function),
          "a quarter of the weights, and nearly the same masks")


def slim_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """Shape, weights, and masks of a head in the place of a trained layer."""
    from ifcn_lab.models.instancefcn import InstanceFCN

    net = InstanceFCN.from_pretrained("scenes-k5").eval()
    layer = net.masks[2]
    make = partial(function, deepcopy(layer))
    yield Trial("the trained layer", make, unfit)
    slim = make()
    yield Trial("its weights", lambda: slim, partial(too_heavy, layer),
                "A layer of 32 channels can go through fewer channels on its way.")
    yield Trial("its masks", lambda: slim, partial(masks_differ, net),
                "Start from the trained weights: which of them say most?")


def unfit(slim: Any) -> str | None:
    """Say where something cannot stand in the place of the layer."""
    import torch
    from torch import nn

    if not isinstance(slim, nn.Module):
        return f"Return a layer, an nn.Module; yours is of type {type(slim).__name__}."
    try:
        with torch.no_grad():
            shape = tuple(slim(torch.zeros(1, 32, 8, 9)).shape)
    except Exception as error:  # a learner's layer may raise anything
        return f"It stops.\n{type(error).__name__}: {error}"
    if shape == (1, 25, 8, 9):
        return None
    return f"From (1, 32, 8, 9) it has to make (1, 25, 8, 9); yours makes {shape}."


def weights_of(layer: nn.Module) -> int:
    """How many weights are not 0, biases left out.

    >>> from torch import nn
    >>> weights_of(nn.Conv2d(4, 2, 3))
    72
    """
    tensors = [each for each in layer.state_dict().values() if each.ndim > 1]
    return sum(int((each != 0).sum()) for each in tensors)


def too_heavy(layer: nn.Module, slim: nn.Module) -> str | None:
    """Say where a head has more weights than it may."""
    before, now = weights_of(layer), weights_of(slim)
    most = int(SHARE * before)
    if now <= most:
        return None
    return f"Yours has {now:,} weights of {before:,}; at most {most:,} are allowed."


def masks_differ(net: nn.Module, slim: nn.Module) -> str | None:
    """Say where the masks of some scenes are no longer those of the full head."""
    other = deepcopy(net)
    other.masks[2] = slim.eval()
    before, now = object_masks(net), object_masks(other)
    both, either = (before & now).sum((1, 2)), (before | now).sum((1, 2))
    iou = float(np.mean(both / np.maximum(either, 1)))
    if iou >= AGREE:
        return None
    return (f"Their mean IoU with the full head's masks is {iou:.2f}; "
            f"at least {AGREE} is asked.")


def object_masks(net: nn.Module) -> Bool[np.ndarray, "N m m"]:
    """The masks (N, m, m) of the windows over all objects of a few scenes."""
    import torch

    from ifcn_lab.data.scenes import SceneSet
    from ifcn_lab.windows.oracle import object_centers

    masks = []
    for scene in SceneSet(6, start=1_000_000):
        image = torch.tensor(scene.image).permute(2, 0, 1)[None] / 255
        centers = torch.tensor(object_centers(scene.masks, net.stride, net.m))
        with torch.no_grad():
            masks.append(net.windows(net(image).maps[0], centers).numpy() > 0)
    return np.concatenate(masks)
