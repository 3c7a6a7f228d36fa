"""The lesson recipe on held-out scenes: k = 5, and k = 1 which cannot separate.

    python -m benchmarks.recipe            about three minutes on two cores
"""

from __future__ import annotations

import time

import torch

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.metrics import RecallReport, average_recall
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, Recipe, train
from ifcn_lab.windows import propose

TRAINING, HELD_OUT = 2000, 200
FIRST_HELD_OUT = 1_000_000
SIZES = (28.0, 86.0)
NMS = 0.8  # the paper's


def trained(k: int, recipe: Recipe = LESSON) -> tuple[InstanceFCN, int]:
    """A network trained from nothing, and its number of steps."""
    torch.manual_seed(recipe.seed)
    model, steps = InstanceFCN(k, backbone="light", sizes=SIZES), []
    train(model, SceneSet(TRAINING), recipe, on_step=steps.append)
    return model, len(steps)


def recall(model: InstanceFCN, count: int = HELD_OUT) -> RecallReport:
    """Average recall on held-out scenes."""
    held_out = SceneSet(count, start=FIRST_HELD_OUT)
    found = (propose(model, sample.image, top=100, nms_iou=NMS) for sample in held_out)
    return average_recall(found, held_out, ns=(10, 100))


def main() -> None:
    """Train and measure for k = 5 and k = 1, on one thread.

    Two threads wait for each other after every layer. While anything else runs on a
    machine of two cores, that is several times slower than one thread alone.
    """
    torch.set_num_threads(1)
    print(f"lesson recipe, one thread, at most 60 s each, {HELD_OUT} held-out scenes, "
          f"NMS {NMS}")
    for k in (5, 1):
        start = time.perf_counter()
        model, steps = trained(k)
        seconds = time.perf_counter() - start
        report = recall(model)
        print(f"  k = {k}: {steps} steps in {seconds:.0f} s, "
              f"AR@10 {report[10]:.3f}, AR@100 {report[100]:.3f}", flush=True)


if __name__ == "__main__":
    main()
