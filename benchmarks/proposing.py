"""What `propose` spends its time on, stage by stage, and NMS over 10,000 boxes.

    python -m benchmarks.proposing

One thread. Every figure is the median of several runs, after one that is not counted.
"Convolutions" is the network's forward pass, timed within `propose` itself: the share
of everything else is taken run by run.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8

from ifcn_lab import scenes
from ifcn_lab.layers.backbones import fused, uses_bfloat16
from ifcn_lab.layers.nms import nms
from ifcn_lab.models.instancefcn import InstanceFCN, ScoreMaps
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.windows import propose, score_level
from ifcn_lab.windows.candidates import (
    best_windows,
    crops_at,
    pyramid_of,
    tight_boxes_at,
)
from ifcn_lab.windows.proposals import default_zooms
from ifcn_lab.windows.pyramid import resize_image

NUCLEI = Path(__file__).parents[2] / "shared" / "data" / "dsb2018_fluor"
TOP, IOU, THRESHOLD = 1000, 0.8, 0.5
REPEATS = 3
BOXES = 10_000


def milliseconds(run: Callable[[], Any]) -> tuple[float, Any]:
    """The median time of several runs, and what the last one returned."""
    result, times = run(), []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = run()
        times.append(1000 * (time.perf_counter() - start))
    return median(times), result


class Timed(InstanceFCN):
    """A network that notes how long each forward pass takes, in milliseconds."""

    took: list[float]

    @staticmethod
    def of(net: InstanceFCN) -> Timed:
        """The same network with a notebook, which copies of it share."""
        twin = copy.copy(net)
        twin.__class__, twin.took = Timed, []
        return twin

    def forward(self, images: Float[torch.Tensor, "B 3 h w"]) -> ScoreMaps:
        """What InstanceFCN does, timed."""
        start = time.perf_counter()
        scores = super().forward(images)
        self.took.append(1000 * (time.perf_counter() - start))
        return scores


def whole_and_convolutions(
    net: InstanceFCN, image: UInt8[np.ndarray, "h w 3"], precision: str
) -> tuple[float, float, float]:
    """Milliseconds of `propose` and of its convolutions, and the share of the rest."""
    timed, runs = Timed.of(net), []
    for _ in range(REPEATS + 1):
        timed.took.clear()
        start = time.perf_counter()
        propose(timed, image, precision=precision)
        whole = 1000 * (time.perf_counter() - start)
        runs.append((whole, sum(timed.took), 1 - sum(timed.took) / whole))
    return tuple(map(median, zip(*runs[1:], strict=True)))


def stages(
    net: InstanceFCN, image: UInt8[np.ndarray, "h w 3"], precision: str
) -> dict[str, float]:
    """Milliseconds of each stage of `propose` but the convolutions."""
    half, shape, took = uses_bfloat16(precision), image.shape[:2], {}
    zooms = default_zooms(net, shape)

    def timed(name: str, run: Callable[[], Any]) -> Any:
        took[name], result = milliseconds(run)
        return result

    picture = timed("reading", partial(to_tensor, image))
    timed("resizing", lambda: [resize_image(picture, zoom, net.stride)
                               for zoom in zooms])
    fast = timed("fusing", partial(fused, net))
    levels = [score_level(fast, picture, zoom, half=half) for zoom in zooms]
    windows, scores = timed("best windows", partial(best_windows, levels, 4 * TOP))
    pyramid = timed("weights", partial(pyramid_of, net, levels, shape, THRESHOLD))
    boxes = timed("boxes", partial(tight_boxes_at, pyramid, windows))
    kept = timed("NMS", partial(nms, boxes, scores, IOU))[:TOP]
    timed("masks", partial(crops_at, pyramid, windows[kept], boxes[kept]))
    return took


def pictures() -> Iterator[tuple[str, InstanceFCN, UInt8[np.ndarray, "h w 3"]]]:
    """What is measured: a name, a network, an image."""
    net = InstanceFCN.from_pretrained()
    scene = scenes.make(3, size=(480, 640), objects=(20, 30))
    yield "scene 640x480", net, scene.image
    if not NUCLEI.is_dir():
        print("nuclei: skipped, ../shared/data/dsb2018_fluor is not there")
        return
    from ifcn_lab.data.coco import CocoFolder

    folder = CocoFolder(NUCLEI / "instances_val.json", NUCLEI / "images")
    whole = InstanceFCN.from_pretrained()
    whole.sizes = (6.0, 70.0)  # the smallest and the largest nuclei, in pixels
    images = (folder[i].image for i in range(len(folder)))
    image = next(image for image in images if image.shape[:2] == (256, 256))
    yield "nuclei 256x256", whole, image


def boxes_of(kind: str, rng: np.random.Generator) -> Float[np.ndarray, "N 4"]:
    """Ten thousand boxes: spread, crowded round 400 places, or all the same."""
    places = {"spread": BOXES, "400 places": 400, "all equal": 1}[kind]
    corner = rng.uniform(0, (640, 480), (places, 2))
    sides = rng.uniform(20, 100, (places, 2))
    which = rng.integers(0, places, BOXES) if places < BOXES else np.arange(BOXES)
    shift = rng.normal(0, 2 if places == 400 else 0, (2, BOXES, 2))
    corner, sides = corner[which] + shift[0], sides[which] + shift[1]
    return np.concatenate([corner, corner + sides], 1)


def print_stages() -> None:
    """A column of milliseconds for every picture and precision."""
    for name, net, image in pictures():
        for precision in dict.fromkeys(("float32", "auto")):
            whole, convolutions, rest = whole_and_convolutions(net, image, precision)
            print(f"  {name:16} {precision:8} {whole:7.1f} ms, {convolutions:7.1f} of "
                  f"them convolutions, everything else {rest:4.0%}")
            took = stages(net, image, precision).items()
            print("    " + ", ".join(f"{key} {value:.1f}" for key, value in took),
                  flush=True)


def print_nms() -> None:
    """Milliseconds of NMS for each kind of boxes and several thresholds."""
    rng = np.random.default_rng(0)
    scores = rng.random(BOXES)
    for kind in ("spread", "400 places", "all equal"):
        boxes = boxes_of(kind, rng)
        for iou in (0.5, 0.8, 0.95):
            took, kept = milliseconds(partial(nms, boxes, scores, iou))
            print(f"  {kind:12} IoU {iou:4}  {took:6.1f} ms, {len(kept):5} kept")


def main() -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    has = "has" if uses_bfloat16("auto") else "has no"
    print(f"propose, one thread, milliseconds; this processor {has} bfloat16 units")
    print_stages()
    print(f"NMS over {BOXES} boxes, one thread")
    print_nms()


if __name__ == "__main__":
    main()
