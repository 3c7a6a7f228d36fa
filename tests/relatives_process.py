"""What one of several processes does: train a few relatives for two steps.

    python tests/relatives_process.py FOLDER

takes its place from RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models import model_class
from ifcn_lab.training import LESSON, joined, train

NAMES = ("MaskScoringRCNN", "YOLACT", "MetricLearning")
SCENES = SceneSet(6, size=(64, 64), objects=(2, 3), sizes=(14, 34))
RECIPE = LESSON.with_(
    iterations=2, seconds=None, batch=1, accumulate=2, clip=None, term_weights={},
    precision="float32", optimizer="sgd", lr=1e-3)


def trained() -> dict[str, dict[str, torch.Tensor]]:
    """The parameters of each after two steps."""
    found = {}
    for name in NAMES:
        torch.manual_seed(0)
        net = train(model_class(name)("small"), SCENES, RECIPE)
        found[name] = {key: p.detach().clone() for key, p in net.named_parameters()}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    with joined("cpu", timeout=600) as group:
        torch.save(trained(), Path(sys.argv[1]) / f"{group.rank}.pt")
