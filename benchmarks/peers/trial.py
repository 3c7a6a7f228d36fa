"""One library on one data set, in a process of its own; the result is one JSON file."""

from __future__ import annotations

import ast
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.data import Sample
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.league.machine import machine
from ifcn_lab.metrics import CocoPrecision, Recall
from ifcn_lab.segmenter import Instances

Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
PACKAGES = ("torch", "torchvision", "cellpose", "ultralytics", "stardist",
            "tensorflow-cpu")


def opened(
    dataset: str, root: Path, first: int | None = None
) -> tuple[list[Sample], list[Sample]]:
    """Pictures to train on, and those to measure on, all read; or the first of each."""
    if dataset == "scenes":
        teach, shown = SceneSet(2000), SceneSet(50, 1_000_000)
    else:
        teach, val = (CocoFolder(root / f"instances_{part}.json", root / "images")
                      for part in ("train", "val"))
        shown = [val[n] for n in range(0, len(val), 3)]
    some = (teach[n] for n in range(min(len(teach), first or len(teach))))
    return ([each for each in some if len(each.masks)],
            [shown[n] for n in range(min(len(shown), first or len(shown)))])


def code_lines(text: str) -> int:
    """Lines of code: no blank line, no comment, no docstring."""
    tree = ast.parse(text)
    quoted = {n for node in ast.walk(tree) if isinstance(node, ast.Expr)
              and isinstance(node.value, ast.Constant)
              for n in range(node.lineno, node.end_lineno + 1)}
    return sum(n not in quoted and bool(line.strip()) and line.lstrip()[0] != "#"
               for n, line in enumerate(text.splitlines(), 1))


def instances(
    masks: np.ndarray, scores: np.ndarray, shape: tuple[int, int]
) -> Instances:
    """Masks with scores in any order as what is measured: best first, none empty."""
    masks = np.asarray(masks, bool).reshape(-1, *shape)
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    order = order[masks[order].any((1, 2))]
    masks = masks[order]
    boxes = tight_boxes(masks)
    return Instances(shape, boxes, np.asarray(scores, float)[order],
                     cut_to_boxes(masks, boxes))


def figures(predict: Predict, samples: Sequence[Sample]) -> dict[str, float]:
    """AR and AP of masks, answers an image, and the processor's time of an image."""
    recall, precision, took, count = Recall([10, 100]), CocoPrecision(), [], 0
    for sample in samples:
        start = time.process_time()
        masks, scores = predict(sample.image)
        took.append(time.process_time() - start)
        found = instances(masks, scores, sample.image.shape[:2])
        count += len(found)
        recall.add(found, sample)
        precision.add(found, sample)
    ar, ap = recall.result(), precision.result()
    return {"AR@10": ar[10], "AR@100": ar[100], "AP50": ap.at(0.5), "AP75": ap.at(0.75),
            "answers": count / len(samples), "ms": 1e3 * median(took)}


def yardstick() -> float:
    """Processor ms of one fixed convolution: how much other work slows this core."""
    x, times = torch.ones(4, 64, 64, 64), []
    layer = torch.nn.Conv2d(64, 64, 3).requires_grad_(False)
    for _ in range(40):
        start = time.process_time()
        layer(x)
        times.append(time.process_time() - start)
    return 1e3 * median(times)


def memory() -> float:
    """The most memory this process had so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def versions() -> dict[str, str]:
    """Of what is installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def perform(
    peer: str, dataset: str, seconds: float, root: Path, first: int | None = None
) -> dict[str, Any]:
    """Train and measure; all that is kept of it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)
    teach, shown = opened(dataset, root, first)
    empty, before = memory(), yardstick()
    module = import_module(f"benchmarks.peers.{peer}")
    start, clock = time.process_time(), time.time()
    predict = module.fit(teach, seconds)
    training = {"processor s": time.process_time() - start, "s": time.time() - clock}
    between = yardstick()
    told = figures(predict, shown)
    return {"peer": peer, "dataset": dataset, "budget": seconds, "figures": told,
            "training": training, "yardstick ms": [before, between, yardstick()],
            "memory MiB": memory() - empty, "pictures": [len(teach), len(shown)],
            "lines": code_lines(Path(module.__file__).read_text("utf-8")),
            "versions": versions(), "machine": machine(),
            "date": time.strftime("%Y-%m-%d")}


if __name__ == "__main__":
    name, data, budget, folder, out, first = sys.argv[1:]
    told = perform(name, data, float(budget), Path(folder), int(first) or None)
    write_whole(Path(out), json.dumps(told, indent=1) + "\n")
