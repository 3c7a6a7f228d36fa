"""A score that means something: the head for the quality of masks beside objectness.

    python -m benchmarks.score FOLDER            heads of three seeds, and the choice
    python -m benchmarks.score FOLDER --final    the split that nobody looked at

The heads stand on scenes-instancefcn, whose every other weight stays, and are kept in
the folder, so a second call only measures. On the scenes of `CHOOSING` scores and ways
of NMS are compared, the line and the cut are fitted; `FINAL` is for what was chosen.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np
import torch

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.backbones import fused
from ifcn_lab.metrics import CocoPrecision, Recall, mask_iou
from ifcn_lab.metrics.calibration import (
    best_cut,
    fitted,
    reliability,
    verdicts,
)
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import Instances, to_tensor
from ifcn_lab.training import LESSON, train
from ifcn_lab.windows.candidates import Pyramid, pyramid_of
from ifcn_lab.windows.proposals import Ranking, default_zooms, read_masks, score_level
from ifcn_lab.windows.quality import SCORES, calibrated

SEEDS = (0, 1, 2)
STEPS = 1000
CHOOSING, FINAL = SceneSet(40, start=5_000_000), SceneSet(120, start=6_000_000)
WAYS = {"boxes .5": ("boxes", 0.5), "masks .3": ("masks", 0.3),
        "pixels .3": ("pixels", 0.3), "soft .3": ("soft", 0.3)}
CHOSEN = ("both", "masks .3")


class Way(NamedTuple):
    """What one score and one NMS give: see `NAMES`."""

    correlation: float
    ar10: float
    ar100: float
    ap50: float
    ap75: float
    found: float
    wrong: float
    before: float
    after: float


NAMES = ("correlation", "AR@10", "AR@100", "AP50", "AP75", "found at the cut",
         "wrong a scene", "ECE before", "ECE after")


def head(seed: int, folder: Path) -> InstanceFCN:
    """The network with the head of that seed, trained unless the folder has it."""
    path = folder / f"head-{seed}.safetensors"
    if not path.exists():
        torch.manual_seed(seed)
        net = InstanceFCN.from_pretrained("scenes-instancefcn").rated()
        recipe = LESSON.with_(iterations=STEPS, seconds=None, seed=seed)
        train(net, SceneSet(2000), recipe, progress=True).save(path)
    return InstanceFCN.load(path)


def pyramids(net: InstanceFCN, scenes: SceneSet) -> list[tuple[Pyramid, tuple]]:
    """The score maps of every scene, and its scales."""
    fast, made = fused(net), []
    for sample in scenes:
        picture, shape = to_tensor(sample.image), sample.image.shape[:2]
        zooms = default_zooms(net, shape)
        levels = [score_level(fast, picture, zoom) for zoom in zooms]
        made.append((pyramid_of(net, levels, shape, 0.5), zooms))
    return made


def read(
    seen: Sequence[tuple[Pyramid, tuple]], score: str, way: str,
) -> list[Instances]:
    """The best hundred of each scene, with this score and this NMS."""
    nms, iou = WAYS[way]
    return [read_masks(*each, 100, iou, 400, Ranking(score, None, nms))
            for each in seen]


def measured(
    found: Sequence[Instances], scenes: SceneSet,
    line: tuple[float, float] | None = None, cut: float | None = None,
) -> tuple[Way, tuple[float, float], float]:
    """All figures; without a line and a cut both are fitted here."""
    judged = verdicts(found, scenes)
    line = line or fitted(judged.scores, judged.right)
    told = judged._replace(scores=calibrated(judged.scores, line))
    cut = best_cut(told) if cut is None else cut
    iou = np.concatenate([mask_iou(one.masks, each.masks).max(1, initial=0)
                          for one, each in zip(found, scenes, strict=True)])
    raw = np.concatenate([one.scores for one in found])
    recall = Recall((10, 100)).over(found, scenes)
    ap = CocoPrecision(sizes=False).over(found, scenes).as_dict()
    way = Way(float(np.corrcoef(raw, iou)[0, 1]), recall[10], recall[100], ap["AP50"],
              ap["AP75"], *told.at(cut), reliability(judged.scores, judged.right).error,
              reliability(told.scores, told.right).error)
    return way, line, cut


def line_of(name: str, ways: Sequence[Way]) -> str:
    """A row of the table: means over the seeds, and spreads where there are several."""
    cells = [f"{mean(each):.3f}" + (f" ± {stdev(each):.3f}" if len(each) > 1 else "")
             for each in zip(*ways, strict=True)]
    return f"| {name} | {' | '.join(cells)} |"


def table(nets: Sequence[InstanceFCN], final: bool) -> None:
    """Print a row for each score and NMS; of the final split only what was chosen.

    Objectness does not depend on the head, so one seed is enough for it.
    """
    print(f"| score, NMS | {' | '.join(NAMES)} |\n|{' --- |' * (len(NAMES) + 1)}")
    few = [("objectness", "boxes .5"), ("objectness", CHOSEN[1]), CHOSEN]
    every = [(score, way) for way in WAYS for score in SCORES]
    for score, way in few if final else every:
        rows = []
        for net in nets[:1] if score == "objectness" else nets:
            row, *fit = measured(read(pyramids(net, CHOOSING), score, way), CHOOSING)
            if final:
                row, *_ = measured(read(pyramids(net, FINAL), score, way), FINAL, *fit)
            rows.append(row)
        print(line_of(f"{score}, {way}", rows), flush=True)


def main() -> None:
    """Train what is not there yet, then print a table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--final", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True, parents=True)
    torch.set_num_threads(1)
    table([head(seed, given.folder) for seed in SEEDS], given.final)


if __name__ == "__main__":
    main()
