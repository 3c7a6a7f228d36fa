"""Instance semantic segmentation of held-out scenes, the shape being the category.

    python -m benchmarks.recognition       two to three minutes on one core

The shipped network proposes. MNC's third stage is trained on its proposals, then
mAP^r is measured with MNC's mask voting and without.
"""

from __future__ import annotations

import time

import torch

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.metrics import Precision, PrecisionReport, Recall
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import MNC
from ifcn_lab.training import LESSON, Recipe, train
from ifcn_lab.windows import propose

TRAINING, HELD_OUT = 200, 60
FIRST_HELD_OUT = 1_000_000
N = 300
RECIPE = LESSON.with_(iterations=380, seconds=None, batch=1, accumulate=4, crop=None,
                      lr=1e-3, term_weights={}, precision="float32")


def trained(
    model: InstanceFCN, samples: SceneSet, recipe: Recipe
) -> tuple[MNC, float]:
    """A third stage trained from the network's backbone, and its processor seconds."""
    torch.manual_seed(recipe.seed)
    net = MNC.on(model, samples.categories)
    start = time.process_time()
    train(net, samples, recipe)
    return net, time.process_time() - start


def precision(
    net: MNC, samples: SceneSet, *, voting: bool
) -> tuple[PrecisionReport, PrecisionReport]:
    """mAP^r over the categories, and AP^r where they are not told apart."""
    told, any_kind = Precision(by_category=True), Precision()
    for sample in samples:
        found, = net.detect([sample.image], top=1000, voting=voting)
        told.add(found, sample)
        any_kind.add(found, sample)
    return told.result(), any_kind.result()


def recall(model: InstanceFCN, samples: SceneSet) -> str:
    """Average recall of the proposals that are classified."""
    measure = Recall(ns=(10, N))
    for sample in samples:
        measure.add(propose(model, sample.image, top=N), sample)
    report = measure.result()
    return f"AR@10 {report[10]:.3f}, AR@{N} {report[N]:.3f}"


def words(report: PrecisionReport, samples: SceneSet) -> str:
    """AP at IoU 0.5 of every category."""
    return ", ".join(f"{samples.categories[number]} {scores[0.5]:.3f}"
                     for number, scores in report.by_category.items())


def main() -> None:
    """Train, then measure with voting and without."""
    torch.set_num_threads(1)
    model = InstanceFCN.from_pretrained("scenes")
    training = SceneSet(TRAINING, by_shape=True)
    held_out = SceneSet(HELD_OUT, start=FIRST_HELD_OUT, by_shape=True)
    print(f"{HELD_OUT} held-out scenes, N = {N} proposals: {recall(model, held_out)}")
    net, seconds = trained(model, training, RECIPE)
    print(f"  MNC: {RECIPE.iterations} steps of {RECIPE.accumulate} scenes out of "
          f"{TRAINING}, {seconds:.0f} s of one thread")
    for voting in (True, False):
        told, any_kind = precision(net, held_out, voting=voting)
        print(f"  mask voting {'on ' if voting else 'off'}: {told}; kinds not told "
              f"apart: {any_kind}")
        print(f"    AP^r@0.5: {words(told, held_out)}", flush=True)


if __name__ == "__main__":
    main()
