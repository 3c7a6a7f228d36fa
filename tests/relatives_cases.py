"""What tests of the relatives share: a picture's objects, regions, slopes of a loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import Taught

BOXES = torch.tensor([[2.0, 3, 14, 11], [16, 6, 28, 26]]).double()


def two_objects(crowd: Tensor | None = None, seed: int = 0) -> Objects:
    """A rectangle and an L, of kinds 1 and 2, in 32 x 32 pixels."""
    masks = torch.zeros(2, 32, 32).double()
    masks[0, 3:11, 2:14] = masks[1, 6:26, 16:28] = 1
    masks[1, 6:18, 22:28] = 0
    crowd = torch.zeros(32, 32) if crowd is None else crowd
    return Objects(BOXES, masks, torch.tensor([1, 2]), crowd, torch.tensor([32, 32]),
                   torch.tensor(seed))


def four_regions() -> Taught:
    """Three that show an object, and background."""
    boxes = torch.tensor([[3.0, 2, 13, 12], [15, 7, 27, 27], [0, 0, 31, 5],
                          [17, 5, 29, 24]]).double()
    return Taught(boxes, torch.tensor([1, 2, 0, 2]), torch.tensor([0, 1, 0, 1]))


def seeded(*shape: int, seed: int = 0) -> Tensor:
    """Numbers round 0, in double precision, that a gradient can reach."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=rng).double().requires_grad_()


def check_slopes(loss: Callable[..., Tensor], *inputs: Tensor) -> None:
    """The slope of each term along a random direction, against a small difference.

    torch's gradcheck does the same, but with thousands of inputs it takes minutes to
    say what is wrong.
    """
    ways = [seeded(*each.shape, seed=9).detach() for each in inputs]
    step = 1e-6
    there, back = (loss(*(each.detach() + sign * step * way
                          for each, way in zip(inputs, ways, strict=True)))
                   for sign in (1, -1))
    for term, wanted in zip(loss(*inputs), (there - back) / (2 * step), strict=True):
        slopes = torch.autograd.grad(term, inputs, retain_graph=True, allow_unused=True)
        found = sum((slope * way).sum() for slope, way in
                    zip(slopes, ways, strict=True) if slope is not None)
        torch.testing.assert_close(found, wanted.detach(), rtol=1e-4, atol=1e-5)
