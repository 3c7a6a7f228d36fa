"""Rows of a league that take a second: a small network, small crops, few scenes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.league import trials
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.league.settings import Setting
from ifcn_lab.league.trials import Trial, perform
from ifcn_lab.training import LESSON

SMALL = {"size": (64, 64), "objects": (2, 3), "sizes": (14, 34)}


class Few(Data):
    """Small scenes: four to train on, and as many to measure on as the data set has."""

    def open(self, split: str) -> SceneSet:
        """The scenes of "train" or "val"."""
        count, start = {"train": (4, 0), "val": (100, 1000)}[split]
        return SceneSet(count, start, by_shape=True, **SMALL)


CROP = LESSON.with_(iterations=6, seconds=None, batch=2, crop=48, precision="float32")
WHOLE = CROP.with_(crop=None, batch=1, shorter_sides=(48.0, 64.0), accumulate=2)
KINDS = CROP.with_(iterations=2, batch=1, crop=None, term_weights={})
SETTING = Setting(
    view="crop", recipes={"crop": CROP, "whole": WHOLE, "kinds": KINDS},
    options={"backbone": "small", "m": 7, "sizes": (20.0, 30.0), "windows": 16},
    own={"DeepMask": {}, "MNC": {"width": 8, "rule": {"proposals": 20, "rois": 8}}},
    detect={"top": 1000, "nms_iou": 0.8, "threshold": 0.5, "precision": "float32"},
)


def row(key: str = "maps-k3", *, steps: int = 6, every: int = 50) -> Row:
    """A row on scenes with m = 7, measured on two scenes."""
    setting = SETTING.lasting(iterations=steps)
    data = Few("scenes", every=every)
    found = setting.paper_row(data, key)
    return found if found.on is None else replace(found, recipe=KINDS)


def tiny(out: Path, key: str = "maps-k3", *, seed: int = 0, **changes: int) -> Trial:
    """The trial of that row."""
    return Trial(row(key, **changes), seed, out)


if __name__ == "__main__":  # a run in a process of its own, to be killed
    torch.set_num_threads(1)
    trials.CHECKPOINT_EVERY = 10
    perform(tiny(Path(sys.argv[1]), steps=int(sys.argv[2])))
