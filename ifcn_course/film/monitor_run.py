"""Record the run that the TrainingMonitor replays: `python -m` with this module."""

from __future__ import annotations

from pathlib import Path

import torch

from ifcn_lab import scenes
from ifcn_lab.data import shipped
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON
from ifcn_lab.widgets.monitor import TrainingMonitor
from ifcn_lab.widgets.replay import NAME


def record(path: str | Path) -> Path:
    """Train as lesson 5 does, and write what the monitor saw."""
    torch.manual_seed(0)
    net = InstanceFCN(k=5, backbone="light")
    recipe = LESSON.with_(iterations=120, seconds=None, precision="float32")
    discs = scenes.two_touching(diameter=48)
    monitor = TrainingMonitor(net, SceneSet(500), recipe, image=discs, pace=0.15)
    monitor.wait()
    return monitor.save_record(path)


if __name__ == "__main__":
    print(record(shipped.folder() / NAME))
