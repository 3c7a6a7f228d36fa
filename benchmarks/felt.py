"""Speed that is felt: evaluating, the call of `assemble`, and peak memory.

    python -m benchmarks.felt [--beside CHECKOUT] [--memory]

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
from typing import Any

import numpy as np

HERE = Path(__file__).parents[1]
ROUNDS, TURNS = 11, 3
PICTURES = (603, 1272), (1200, 2500), (2400, 5000)


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


def main() -> None:
    """Print every figure, and how it stands to the other checkout's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=lambda path: Path(path).resolve())
    parser.add_argument("--once", action="store_true", help="measure here, as JSON")
    asked, _ = parser.parse_known_args()
    if asked.once:
        return print(json.dumps(evaluating()))
    print("processor milliseconds, median"
          + ", and the other checkout's over it" * (asked.beside is not None))
    ours, *other = by_turns(asked.beside).values()
    for name in ours[0]:
        mine, *theirs = (median(one[name] for one in runs) for runs in (ours, *other))
        print(f"  {name:32} {mine:9.4f}", *(f"{each / mine:6.2f}" for each in theirs))
    return None


if __name__ == "__main__":
    main()
