"""Runs of a table that take a second: a small network, small crops, few scenes."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from ifcn_lab.classifier import QUICK
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.league import runs
from ifcn_lab.league.rows import Row, row_of
from ifcn_lab.league.runs import Data, Run, perform
from ifcn_lab.league.settings import Setting
from ifcn_lab.training import LESSON

SMALL = {"size": (64, 64), "objects": (2, 3), "sizes": (14, 34)}


class Few(Data):
    """Small scenes: four to train on, and as many to measure on as the data set has."""

    def open(self, split: str) -> SceneSet:
        """The scenes of "train" or "val"."""
        count, start = {"train": (4, 0), "val": (100, 1000)}[split]
        return SceneSet(count, start, by_shape=True, **SMALL)


CROP = LESSON.with_(iterations=6, seconds=None, batch=2, crop=48, windows=16,
                    precision="float32")
WHOLE = CROP.with_(crop=None, batch=1, shorter_sides=(48.0, 64.0), accumulate=2)
KINDS = QUICK.with_(iterations=2, seconds=None, batch=1, proposals=20, rois=8,
                    precision="float32")


def tiny(out: Path, key: str = "maps-k3", *, seed: int = 0, steps: int = 6,
         every: int = 50) -> Run:
    """A row on scenes with m = 7, measured on two scenes."""
    row: Row = row_of(key, "crop")
    setting = Setting(
        view="crop", crop=CROP.with_(iterations=steps),
        whole=WHOLE.with_(iterations=steps), m=7, window_head={"m": 7},
        sizes=(20.0, 30.0), top=100, precision="float32", every=every,
        classifier=KINDS, classifier_network={"width": 8},
    )
    return Run(row, seed, Few("scenes"), setting, out)


if __name__ == "__main__":  # a run in a process of its own, to be killed
    torch.set_num_threads(1)
    runs.CHECKPOINT_EVERY = 10
    perform(tiny(Path(sys.argv[1]), steps=int(sys.argv[2])))
