"""The paper's graph learns: VGG-16 from nothing, on one real photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_cases import one_thread

from benchmarks import vgg_learns
from ifcn_lab.metrics import mask_iou
from ifcn_lab.windows import propose
from ifcn_lab.windows.labels import WindowRule

__all__ = ["one_thread"]  # a fixture

SIDE = 104.0
QUICK = vgg_learns.RECIPE.with_(
    iterations=30, lr=3e-4, shorter_sides=(SIDE,), precision="float32",
)
RULE = WindowRule(negative_center=0.11, negative_scale=0.5)


def test_vgg_learns_two_doughnuts_by_heart(shared_data: Path) -> None:
    """30 steps at one scale of 104 pixels, where both objects fit the window."""
    samples = vgg_learns.photographs(shared_data / "coco_dev", ["000000024577.jpg"])
    net, steps = vgg_learns.learn(samples, QUICK, rule=RULE)
    losses = np.array([list(step.losses.values()) for step in steps])
    first, last = losses[:5].mean(0), losses[-5:].mean(0)
    assert len(steps) == 30
    assert (last < (0.15, 0.35)).all() and first[1] > 0.5
    image = samples[0].image
    found = propose(net, image, scales=[SIDE / min(image.shape[:2])], top=10)
    assert mask_iou(found.masks, samples[0].masks).max(0).min() > 0.6


def test_a_photograph_that_is_not_there_is_named(shared_data: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no none\.jpg"):
        vgg_learns.photographs(shared_data / "coco_dev", ["none.jpg"])
