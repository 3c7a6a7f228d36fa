"""Two mask heads after training on few and on many scenes: k*k maps against m*m.

Both networks share backbone, objectness, recipe, steps, scenes and seeds; only the
mask head differs. Run with `python -m benchmarks.local_coherence`; what is measured
goes to `data/local_coherence.json`, run by run, so it can be stopped and gone on with.
"""
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import torch

from benchmarks.results import small_data
from ifcn_lab.data import Sample
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.data.shipped import folder
from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.league.machine import machine
from ifcn_lab.metrics import average_recall
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, train
from ifcn_lab.windows import CLOSE, propose

HEADS = {"k*k maps": InstanceFCN, "m*m outputs": DeepMask}
SCENES = (8, 512)
SEEDS = (0, 1, 2)
HELD_OUT = 1_000_000  # the first seed of the scenes that no run is trained on
SIZES = (26.0, 80.0)  # pixels; the objects that propose looks for
NMS = 0.6


def measure(head: str, scenes: int, seed: int, steps: int, tests: int) -> dict:
    """Train one network and return its recall on held-out scenes and on its own."""
    torch.manual_seed(seed)
    net = HEADS[head](backbone="small", sizes=SIZES)
    train_set = SceneSet(scenes, start=10_000 * (seed + 1))
    recipe = LESSON.with_(iterations=steps, seconds=None, seed=seed)
    start, mask = time.perf_counter(), []
    train(net, train_set, recipe, on_step=lambda step: mask.append(step.losses["mask"]))
    own = [train_set[i] for i in range(min(scenes, tests))]
    return {
        "head": head, "scenes": scenes, "seed": seed,
        "held_out": recall(net, SceneSet(tests, start=HELD_OUT)),
        "own": recall(net, own),
        "mask_loss": round(sum(mask[-10:]) / len(mask[-10:]), 4),
        "seconds": round(time.perf_counter() - start, 1),
    }


def recall(net: InstanceFCN, samples: Sequence[Sample]) -> dict[str, float]:
    """AR@10 and AR@100 over these scenes."""
    found = (propose(net, s.image, top=100, nms_iou=NMS) for s in samples)
    report = average_recall(found, samples, ns=(10, 100))
    return {f"AR@{n}": round(report[n], 4) for n in (10, 100)}


def go_on(path: Path, settings: dict) -> dict:
    """The record in the file if it has these settings, else an empty one.

    Raises:
        ValueError: the file was made with other settings.
    """
    if not path.is_file():
        half = "bfloat16" if uses_bfloat16("auto") else "float32"
        return {"settings": settings, "runs": [],
                "machine": f"{machine()}; precision auto was {half}"}
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["settings"] != settings:
        raise ValueError(f"{path} was made with {record['settings']}; move it away")
    return record


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every run that the record does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, nargs="+", default=SCENES)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--tests", type=int, default=40, help="held-out scenes")
    parser.add_argument("--seconds", type=float, default=500, help="stop after a run")
    parser.add_argument("--out", type=Path, default=folder() / "local_coherence.json")
    parser.add_argument("--chart", type=Path, metavar="PNG", help="and draw it")
    given = parser.parse_args(arguments)
    settings = {"steps": given.steps, "tests": given.tests, "batch": LESSON.batch,
                "lr": LESSON.lr, "precision": LESSON.precision, "nms": NMS,
                "canonical": CLOSE.canonical,
                "mask_weight": LESSON.term_weights["mask"], "held_out_start": HELD_OUT}
    record = go_on(given.out, settings)
    done = {(run["head"], run["scenes"], run["seed"]) for run in record["runs"]}
    began = time.perf_counter()
    for seed, scenes, head in product(SEEDS, given.scenes, HEADS):
        if (head, scenes, seed) in done or time.perf_counter() - began > given.seconds:
            continue
        run = measure(head, scenes, seed, given.steps, given.tests)
        record["runs"].append(run)
        given.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(run, flush=True)
    if given.chart and record["runs"]:
        print(f"page: {small_data.write(record, given.chart)}")


if __name__ == "__main__":
    main()
