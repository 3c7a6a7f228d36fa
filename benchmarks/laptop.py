"""What the small and the light backbone learn in equal processor time.

    python -m benchmarks.laptop [--seconds 30 60] [--seeds 1] [--backbones light small]
                                [--precisions float32 bfloat16]

One thread, the lesson recipe (the light backbone with batches of 2), k = 5, then
held-out scenes. Processor time is counted and not the clock's, so other work on the
machine disturbs little: only what it takes from caches and from the other half of a
core. The learning rate falls with that time, as it does with the clock in a lesson.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import torch

from benchmarks.recipe import SIZES, TRAINING, recall
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, Recipe, Run, Step

BATCH = {"small": 4, "light": 2}
HELD_OUT = 60


class Metered(Run):
    """A run whose length is processor time, in the recipe's `seconds`."""

    def step(self) -> Step:
        """One step, its processor time counted and not the clock's."""
        before, start = self.seconds, time.process_time()
        step = super().step()
        self.seconds = before + time.process_time() - start
        return step


def trained(backbone: str, recipe: Recipe) -> Metered:
    """A run from nothing to its end."""
    torch.manual_seed(recipe.seed)
    model = InstanceFCN(5, backbone=backbone, sizes=SIZES)
    run = Metered(model, SceneSet(TRAINING), recipe)
    while run.progress < 1:
        run.step()
    model.eval()
    return run


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row of a table for every run."""
    parser = argparse.ArgumentParser(description="Two backbones, equal processor time.")
    parser.add_argument("--seconds", type=float, nargs="+", default=[30, 60])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--backbones", nargs="+", default=["light", "small"])
    parser.add_argument("--precisions", nargs="+", default=["float32"] + (
        ["bfloat16"] if uses_bfloat16("auto") else []))
    parser.add_argument("--held-out", type=int, default=HELD_OUT)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print("| backbone | precision | seed | processor seconds | steps | ms a step "
          "| AR@10 | AR@100 |\n" + "| --- " * 8 + "|")
    for seconds, precision, name, seed in (
            (s, p, b, n) for s in given.seconds for p in given.precisions
            for b in given.backbones for n in range(given.seeds)):
        recipe = LESSON.with_(seconds=seconds, iterations=100_000, batch=BATCH[name],
                              precision=precision, seed=seed)
        run = trained(name, recipe)
        report = recall(run.model, given.held_out)
        print(f"| {name} | {precision} | {seed} | {run.seconds:.1f} | {run.iteration} "
              f"| {1e3 * run.seconds / run.iteration:.0f} | {report[10]:.3f} "
              f"| {report[100]:.3f} |", flush=True)


if __name__ == "__main__":
    main()
