"""VGG-16 learns four photographs by heart, on a processor: the paper's graph learns.

    python -m benchmarks.vgg_learns [--data FOLDER] [--iterations 800]

Four photographs of COCO with ten objects, all of them counted: teddy bears, doughnuts,
a breakfast, a toilet. Training begins from nothing (He's initialisation, no ImageNet)
and sees whole images, without mirroring, at shorter sides of 100 x 1.5^{0..2} pixels,
where the paper has 600 x 1.5^{-4..1}. Objects take 0.7 of the window. Proposals are
made at the same three scales. What is shown is that the graph can learn, and nothing
about images it has not seen.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ifcn_lab.data import Sample
from ifcn_lab.layers.pretrained import he
from ifcn_lab.metrics import RecallReport, average_recall, mask_iou
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import Instances
from ifcn_lab.training import Recipe, Step, train
from ifcn_lab.windows import propose
from ifcn_lab.windows.labels import WindowRule

COCO = Path(__file__).parents[2] / "shared" / "data" / "coco_dev"
PHOTOGRAPHS = ("000000000491.jpg", "000000024577.jpg", "000000213148.jpg",
               "000000000636.jpg")
SHORTER_SIDES = tuple(100 * 1.5**power for power in range(3))
# AdamW without weight decay.
RECIPE = Recipe(
    iterations=800, optimizer="adamw", lr=2e-4, schedule="onecycle", weight_decay=0.0,
    shorter_sides=SHORTER_SIDES, flip=False,
    term_weights={"mask": 4.0}, precision="bfloat16",
)
# Negatives begin where positives nearly end.
RULE = WindowRule(canonical=0.7, negative_center=0.11, negative_scale=0.5)


def photographs(
    folder: Path = COCO, names: Sequence[str] = PHOTOGRAPHS
) -> list[Sample]:
    """The photographs of these names with their masks.

    Raises:
        FileNotFoundError: the folder is not there, or lacks one of them.
    """
    from ifcn_lab.data.coco import CocoFolder

    every = CocoFolder(folder / "instances_train2017.json", folder / "images")
    found = {sample.name: sample for sample in every}
    missing = [name for name in names if name not in found]
    if missing:
        raise FileNotFoundError(f"{folder} has no {', '.join(missing)}")
    return [found[name] for name in names]


def learn(
    samples: Sequence[Sample], recipe: Recipe = RECIPE, *, rule: WindowRule = RULE,
    shown: bool = False,
) -> tuple[InstanceFCN, list[Step]]:
    """A VGG-16 trained on these images from nothing, and its steps."""
    torch.manual_seed(0)
    steps: list[Step] = []

    def note(step: Step) -> None:
        steps.append(step)
        if shown and step.iteration % 100 == 0:
            told = ", ".join(f"{n} {np.mean([s.losses[n] for s in steps[-100:]]):.3f}"
                             for n in step.losses)
            print(f"  step {step.iteration}, {step.seconds:.0f} s: {told}", flush=True)

    return train(he(InstanceFCN(rule=rule)), samples, recipe, on_step=note), steps


def proposals(net: InstanceFCN, sample: Sample) -> Instances:
    """A hundred proposals, at the scales that were trained."""
    zooms = [side / min(sample.image.shape[:2]) for side in SHORTER_SIDES]
    return propose(net, sample.image, scales=zooms, top=100)


def recall(found: Sequence[Instances], samples: Sequence[Sample]) -> RecallReport:
    """AR@10 and AR@100 of masks."""
    return average_recall(found, samples, (10, 100))


def main(words: Sequence[str] | None = None) -> None:
    """Train, propose, print."""
    parser = ArgumentParser(prog="python -m benchmarks.vgg_learns",
                            description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=COCO, metavar="FOLDER",
                        help="holds instances_train2017.json and images")
    parser.add_argument("--iterations", type=int, default=RECIPE.iterations)
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    samples = photographs(given.data)
    started, cpu = time.perf_counter(), time.process_time()
    net, steps = learn(samples, RECIPE.with_(iterations=given.iterations), shown=True)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    found = [proposals(net, sample) for sample in samples]
    print(f"{len(steps)} steps in {took:.0f} s ({cpu:.0f} s of one core), bfloat16 "
          "convolutions, one thread")
    print(recall(found, samples), "- wanted: AR@100 of at least 0.85")
    for sample, some in zip(samples, found, strict=True):
        best = mask_iou(some.masks, sample.masks).max(0).round(3).tolist()
        print(f"  {sample.name}: best IoU of each object {best}")


if __name__ == "__main__":
    main()
