"""Which share of a training step is assembling, forward and backward.

    python -m benchmarks.training_step [--quick]

One thread, the small backbone, the lesson recipe with batches of 8 and 256 windows per
image. The step is `Run.step` as `train` takes it: examples, forward pass, loss,
backward pass, optimizer. Assembling alone is timed beside it, once for every window
that was drawn, and once for the positive ones, which are those that training
assembles. Target: 3 % of the step in float32, with every window drawn.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional as F

from benchmarks.assembling import clock
from benchmarks.results.assembling import Spread
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, Example
from ifcn_lab.training import Run as Training

BATCH, WINDOWS, TARGET = 8, 256, 0.03
ROUNDS, WARM_UP = 15, 3


class Share(NamedTuple):
    """Milliseconds of assembling so many windows, and its share of the step."""

    windows: float
    ms: Spread
    share: Spread


def start(precision: str, scenes: int = 64) -> Training:
    """A training run from nothing."""
    torch.manual_seed(0)
    recipe = LESSON.with_(batch=BATCH, precision=precision, seconds=None)
    net = InstanceFCN(backbone="small", windows=WINDOWS)
    return Training(net, SceneSet(scenes), recipe)


def drawn(run: Training) -> list[Example]:
    """The examples of the coming step."""
    return [example for number in run.numbers
            for example in run.batches[run.iteration, number].examples]


def places(examples: Sequence[Example], *, positive: bool) -> Int[Tensor, "N 3"]:
    """(image, y, x) of the windows drawn in a batch: all, or the positive ones."""
    targets = [example.targets for example in examples]
    chosen = (t.centers[t.label == 1] if positive else t.centers for t in targets)
    return torch.cat([F.pad(c, (1, 0), value=b) for b, c in enumerate(chosen)])


def assembling(run: Training, examples: Sequence[Example], *, positive: bool
               ) -> tuple[int, float]:
    """How many windows there are, and milliseconds to assemble them both ways."""
    model, where = run.model, places(examples, positive=positive)
    sides = (-(-side // model.stride) for side in examples[0].image.shape[1:])
    maps = torch.randn(len(examples), model.k**2, *sides, requires_grad=True)
    slope = torch.randn(len(where), model.m, model.m)
    return len(where), clock(lambda: model.windows(maps, where).backward(slope))


def measured(run: Training, rounds: int) -> tuple[Spread, dict[str, Share]]:
    """Milliseconds of the step, and assembling by turns with it."""
    for _ in range(WARM_UP):
        run.step()
    steps: list[float] = []
    found: dict[str, list[tuple[int, float, float]]] = {
        "all drawn": [], "positive": []}
    for _ in range(rounds):
        examples = drawn(run)  # those of the step that follows
        steps.append(clock(run.step))
        for name, seen in found.items():
            count, ms = assembling(run, examples, positive=name == "positive")
            seen.append((count, ms, ms / steps[-1]))
    shares = {}
    for name, seen in found.items():
        counts, ms, share = zip(*seen, strict=True)
        shares[name] = Share(sum(counts) / len(counts), Spread.of(ms), Spread.of(share))
    return Spread.of(steps), shares


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the step and the shares, for each precision that the processor has."""
    parser = argparse.ArgumentParser(description="Assembling within a training step.")
    parser.add_argument("--quick", action="store_true", help="two steps of each")
    rounds = 2 if parser.parse_args(arguments).quick else ROUNDS
    torch.set_num_threads(1)
    print(f"training step, small backbone, batch {BATCH}, one thread; medians of "
          f"{rounds}, and the middle half; target {TARGET:.0%} of float32, all drawn")
    half = ["bfloat16"] if uses_bfloat16("auto") else []
    for precision in ["float32", *half]:
        step, shares = measured(start(precision), rounds)
        print(f"  {precision:8} {step.middle:6.1f} ms ({step.low:.1f} to "
              f"{step.high:.1f})")
        for name, (windows, ms, share) in shares.items():
            print(f"    {name:9} {windows:5.0f} windows {ms.middle:5.2f} ms "
                  f"({ms.low:.2f} to {ms.high:.2f}), {share.middle:.1%} of the step",
                  flush=True)


if __name__ == "__main__":
    main()
