"""Nuclei: a network with a score for its masks, beside a threshold and a watershed.

    python -m benchmarks.nuclei ../shared/data/dsb2018_fluor FOLDER
    python -m benchmarks.nuclei ../shared/data/dsb2018_fluor FOLDER --final --every 3

Networks and their heads are kept in the folder, so a second call only measures. The
first call looks at a sixth of the training pictures, where the ways to score and the
cut are chosen; --final opens the validation pictures for what was chosen. The twelve
pictures that ship are in none of these.
"""

from __future__ import annotations

import heapq
import json
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from types import SimpleNamespace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from scipy import ndimage
from torch.utils.data import Subset

from benchmarks.score import pyramids
from ifcn_lab import CocoFolder
from ifcn_lab.data import Sample, shipped
from ifcn_lab.data.sample_cache import SampleCache
from ifcn_lab.layers.thresholding import foreground, thresholded
from ifcn_lab.metrics import mask_iou
from ifcn_lab.metrics.nuclei import NucleiScore
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.scenes.measure import touching
from ifcn_lab.segmenter import Instances
from ifcn_lab.training import train
from ifcn_lab.training.recipe import SMALL
from ifcn_lab.windows.labels import SNUG
from ifcn_lab.windows.proposals import Ranking, read_masks

STEPS = {"net": 6000, "rated": 1500}
RECIPE = SMALL.with_(seconds=None, turn=True)
SIZES = (5.0, 70.0)
ASTRAY = 0.25            # of the views, at a zoom that fits not: see `astray`
WAYS = (("objectness", "masks"), ("quality", "masks"), ("both", "masks"),
        ("both", "pixels"))
CHOSEN = ("both", "pixels")
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
SMOOTH, REACH, LEAST = 2, 15, 10


def parts(root: Path) -> tuple[Subset, list[Sample]]:
    """The training pictures that teach, and those for choosing; none that ships.

    Of the large ones every third is for choosing: each takes half a minute.
    """
    data = CocoFolder(root / "instances_train.json", root / "images")
    listed = json.loads(shipped.path("nuclei/instances.json").read_text("utf-8"))
    ours = {image["source"] for image in listed["images"]}
    free = [n for n, image in enumerate(data.file) if image.name not in ours]
    aside = free[5::6]
    some = [data[n] for n in aside]
    return (Subset(data, sorted(set(free) - set(aside))),
            [each for n, each in enumerate(some)
             if each.image.shape[0] < 500 or n % 3 == 0])


def astray(net: InstanceFCN, box: np.ndarray, rng: np.random.Generator) -> float:
    """The zoom that fits the object, or for a share of the views one that does not.

    In a picture all nuclei have about one size, so views that fit them never show what
    the other levels show: a nucleus whose middle fills the window.
    """
    off = rng.uniform(-2, 2) if rng.random() < ASTRAY else 0.0
    return type(net).zoom_to(net, box, rng) * 2**off


def learned(kind: str, seed: int, folder: Path, pictures: Subset) -> InstanceFCN:
    """The network of that seed ("net"), or with its head ("rated"); from the folder."""
    path = folder / f"{kind}-{seed}.safetensors"
    if not path.exists():
        torch.manual_seed(seed)
        if kind == "rated":
            net = learned("net", seed, folder, pictures).rated()
        else:
            scenes = InstanceFCN.from_pretrained("scenes-instancefcn")
            net = InstanceFCN(**scenes.config | {"rule": SNUG, "sizes": SIZES})
            net.load_state_dict(scenes.state_dict())
        net.zoom_to = partial(astray, net)
        recipe = RECIPE.with_(iterations=STEPS[kind], seed=seed)
        train(net, SampleCache(pictures), recipe, progress=True, resume=True,
              checkpoint=path.with_suffix(".pt")).save(path)
    return InstanceFCN.load(path)


def flooded(
    depth: Float[np.ndarray, "h w"], seeds: Int[np.ndarray, "h w"],
    whole: Bool[np.ndarray, "h w"],
) -> Int[np.ndarray, "h w"]:
    """The seeds grown over the foreground, deepest pixel first."""
    labels, deep = np.pad(seeds, 1), np.pad(depth, 1)
    free = np.pad(whole, 1) & (labels == 0)
    width, shape = labels.shape[1], labels.shape
    labels, deep, free = (each.ravel().tolist() for each in (labels, deep, free))
    heap = [(-deep[i], i) for i, label in enumerate(labels) if label]
    heapq.heapify(heap)
    while heap:
        _, i = heapq.heappop(heap)
        for j in (i - 1, i + 1, i - width, i + width):
            if free[j]:
                free[j], labels[j] = False, labels[i]
                heapq.heappush(heap, (-deep[j], j))
    return np.reshape(labels, shape)[1:-1, 1:-1]


def watershed(image: UInt8[np.ndarray, "h w 3"]) -> SimpleNamespace:
    """The thresholded pieces, cut between the middles that lie deepest in them."""
    whole = ndimage.binary_fill_holes(foreground(image))
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(whole), SMOOTH)
    tops = whole & (depth == ndimage.maximum_filter(depth, REACH))
    labels = flooded(depth, ndimage.label(tops, np.ones((3, 3)))[0], whole)
    masks = labels[None] == np.arange(1, labels.max() + 1)[:, None, None]
    masks = masks[masks.sum((1, 2)) >= LEAST]
    return SimpleNamespace(masks=masks, scores=np.ones(len(masks)))


def figures(found: Sequence, samples: Sequence[Sample]) -> list[float]:
    """TP / (TP + FP + FN) by threshold, as a mean and pooled; touching, lone found."""
    told = NucleiScore(THRESHOLDS).over(found, samples)
    best = np.concatenate([mask_iou(one.masks, each.masks).max(0, initial=0)
                           for one, each in zip(found, samples, strict=True)])
    met = np.concatenate([touching(each.masks).any(1) for each in samples])
    return [*told.by_image.values(), *told.pooled.values(),
            (best[met] >= 0.5).mean(), (best[~met] >= 0.5).mean()]


def best_cut(found: Sequence[Instances], samples: Sequence[Sample]) -> float:
    """The score from which answers have the best mean over images at IoU .5."""
    scores = np.concatenate([each.scores for each in found])
    cuts = np.unique(np.quantile(scores, np.linspace(0, 1, 41)))
    return max(cuts, key=lambda cut: NucleiScore([0.5]).over(
        [each.above(cut) for each in found], samples).by_image[0.5])


def line_of(name: str, rows: Sequence[Sequence[float]]) -> str:
    """A row of the table: means over the seeds, and spreads where there are several."""
    cells = [f"{mean(each):.3f}" + (f" ± {stdev(each):.3f}" if len(each) > 1 else "")
             for each in zip(*rows, strict=True)]
    return f"| {name} | {' | '.join(cells)} |"


def answers(
    net: InstanceFCN, samples: Sequence[Sample], ways: Sequence[tuple[str, str]]
) -> list[list[Instances]]:
    """What the network finds, for each score and NMS; its maps are made once."""
    seen = pyramids(net, samples)
    return [[read_masks(*one, 400, 0.3, 1600, Ranking(score, None, nms))
             for one in seen] for score, nms in ways]


def chosen_on(
    nets: Sequence[InstanceFCN], samples: Sequence[Sample], folder: Path
) -> None:
    """Print a row for each score and NMS, and keep the cuts of the chosen ones."""
    every = [answers(net, samples, WAYS) for net in nets]
    for way, found in zip(WAYS, zip(*every, strict=True), strict=True):
        cuts = [best_cut(each, samples) for each in found]
        told(way, cuts, found, samples)
        if way == CHOSEN:
            (folder / "cuts.json").write_text(json.dumps(cuts), "utf-8")


def told(
    way: tuple[str, str], cuts: Sequence[float],
    found: Sequence[Sequence[Instances]], samples: Sequence[Sample],
) -> None:
    """Print the row of one score and NMS, each seed from its own cut on."""
    rows = [figures([one.above(cut) for one in each], samples)
            for cut, each in zip(cuts, found, strict=True)]
    from_ = ", ".join(f"{cut:.2f}" for cut in cuts)
    print(line_of(f"{', '.join(way)}, from {from_}", rows), flush=True)


def main() -> None:
    """Train what is not there yet, then print the table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--final", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="n-th validation picture")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True, parents=True)
    torch.set_num_threads(1)
    teach, shown = parts(given.root)
    nets = [learned("rated", seed, given.folder, teach) for seed in given.seeds]
    if given.final:
        whole = CocoFolder(given.root / "instances_val.json", given.root / "images")
        shown = [whole[n] for n in range(0, len(whole), given.every)]
    print(f"{len(shown)} pictures, {sum(len(each.masks) for each in shown)} nuclei")
    for name, find in (("thresholding", thresholded), ("watershed", watershed)):
        print(line_of(name, [figures([find(s.image) for s in shown], shown)]),
              flush=True)
    if given.final:
        cuts = json.loads((given.folder / "cuts.json").read_text("utf-8"))
        found = [answers(net, shown, [CHOSEN])[0] for net in nets]
        told(CHOSEN, cuts, found, shown)
    else:
        chosen_on(nets, shown, given.folder)


if __name__ == "__main__":
    main()
