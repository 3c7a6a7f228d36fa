"""Speed that is felt: evaluating, the call of `assemble`, and peak memory.

    python -m benchmarks.felt [--beside CHECKOUT]
    python -m benchmarks.felt --memory [603x1272 ...]

Processor time, the median of many rounds. With the folder of another checkout (an
older version, say) the same is measured there, by turns with this one, each time in a
fresh process, and the ratio of the medians is told: only that says something where
other work goes on. `--memory` takes minutes: `propose`, in a fresh process for each
picture (`resource.getrusage`, so not on Windows).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np

HERE = Path(__file__).parents[1]
ROUNDS, TURNS = 11, 3
PICTURES = "603x1272", "1200x2500", "2400x5000"


def milliseconds(run: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """The median processor time of a call, after one that is not counted."""
    run()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(1000 * (time.process_time() - start))
    return median(times)


def evaluating() -> dict[str, float]:
    """One picture of 480 x 640 with 1000 proposals: its objects, moved a little."""
    from ifcn_lab import scenes
    from ifcn_lab.data import from_scene
    from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
    from ifcn_lab.metrics.image_by_image import Figures
    from ifcn_lab.metrics.regions import found, objects
    from ifcn_lab.segmenter import Instances

    sample = from_scene(scenes.make(3, size=(480, 640), objects=(20, 30)), "scene")
    rng = np.random.default_rng(0)
    boxes = tight_boxes(sample.masks)
    which = rng.integers(0, len(boxes), 1000)
    crops = tuple(map(np.ascontiguousarray, cut_to_boxes(sample.masks, boxes)))
    size = sample.crowd.shape
    room = np.array(size[::-1]) - boxes[:, 2:]               # to the far borders
    move = rng.integers(np.maximum(-9, -boxes[:, :2])[which],
                        np.minimum(9, room)[which] + 1)
    given = Instances(size, boxes[which] + np.tile(move, 2), rng.random(1000),
                      tuple(crops[i] for i in which))
    figures = Figures(sizes=True, ap=True)
    return {
        "an image with 1000 proposals": milliseconds(
            lambda: figures.judge(found(given, size), objects(sample))),
        "of it run lengths": milliseconds(given.rles),
    }


def calling() -> dict[str, float]:
    """`assemble` with a back end that copies nothing: what is left is the call."""
    from ifcn_lab import assemble
    from ifcn_lab.assembling import backend_choice

    backend_choice.MODULES["idle"] = "idle"
    sys.modules["ifcn_lab.assembling.idle"] = SimpleNamespace(
        assemble_into=lambda windows, maps, call: None)
    maps, every = np.zeros((9, 6, 6), np.float32), np.empty((6, 6, 7, 7), np.float32)
    one, center = np.empty((1, 7, 7), np.float32), np.array([[2, 2]])

    def times(**wishes: Any) -> float:
        return milliseconds(lambda: [assemble(maps, 7, backend="idle", **wishes)
                                     for _ in range(1000)])

    return {"1000 calls, every place": times(out=every),
            "1000 calls, a chosen place": times(centers=center, out=one)}


def repeating() -> dict[str, float]:
    """"auto" on an array of 3.3 million scores, ten times: the first and the last."""
    from ifcn_lab import assemble

    maps = np.zeros((25, 75, 100), np.float32)
    out, times = np.empty((75, 100, 21, 21), np.float32), []
    for _ in range(10):
        start = time.process_time()
        assemble(maps, 21, out=out)
        times.append(1000 * (time.process_time() - start))
    return {"auto, second call": times[1], "auto, tenth call": times[-1]}


def peak(picture: str) -> None:
    """Print how much memory `propose` needs at most for noise of HEIGHTxWIDTH."""
    import resource

    import torch

    from ifcn_lab import InstanceFCN
    from ifcn_lab.windows import propose

    torch.set_num_threads(1)
    net = InstanceFCN.from_pretrained()
    net.expect(6, 70)
    shape = *map(int, picture.split("x")), 3
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    unit = 2**30 if sys.platform == "darwin" else 2**20           # bytes, or KiB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    propose(net, image, precision="bfloat16")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"  {picture:>10}: {most:.2f} GiB, {before:.2f} of them before", flush=True)


def by_turns(beside: Path | None) -> dict[str, list[dict[str, float]]]:
    """What every process measured, by checkout."""
    told: dict[str, list] = {}
    for _ in range(TURNS):
        for folder in filter(None, (HERE, beside)):
            path = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
            out = subprocess.run([sys.executable, Path(__file__), "--once"], env=path,
                                 cwd=folder, check=True, stdout=subprocess.PIPE)
            told.setdefault(str(folder), []).append(json.loads(out.stdout))
    return told


def peak_in_a_process(picture: str) -> None:
    """The most that a process ever had is its own, so each picture gets one."""
    code = f"from benchmarks.felt import peak; peak({picture!r})"
    subprocess.run([sys.executable, "-c", code], cwd=HERE, check=True)


def main() -> None:
    """Print every figure, and how it stands to the other checkout's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=lambda path: Path(path).resolve())
    parser.add_argument("--once", action="store_true", help="measure here, as JSON")
    parser.add_argument("--memory", nargs="*", metavar="HxW")
    asked, _ = parser.parse_known_args()
    if asked.once:
        return print(json.dumps(evaluating() | calling() | repeating()))
    if asked.memory is not None:
        print("peak memory of propose, objects of 6 to 70 pixels, bfloat16")
        for picture in asked.memory or PICTURES:
            peak_in_a_process(picture)
        return None
    print("processor milliseconds, median"
          + ", and the other checkout's over it" * (asked.beside is not None))
    ours, *other = by_turns(asked.beside).values()
    for name in ours[0]:
        mine, *theirs = (median(one[name] for one in runs) for runs in (ours, *other))
        print(f"  {name:32} {mine:9.4f}", *(f"{each / mine:6.2f}" for each in theirs))
    return None


if __name__ == "__main__":
    main()
