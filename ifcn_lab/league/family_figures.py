"""What the league measures of a trained model, whichever it is.

Methods do not find the same kind of thing: proposals, scored detections, or parts of
the image without a score. AR@N uses scores for order only; AP needs them, and is left
out where a model has none that mean anything. Two figures need none: of the answers
that are meant, the mean over objects of the best IoU, and by how many their number is
off. Which answers are meant is decided by a least score, chosen for each model on
training images as the one whose number of answers is off the least.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ifcn_lab.league.runs import Run, kept, stop_if_alone

if TYPE_CHECKING:
    from ifcn_lab.data import Sample
    from ifcn_lab.segmenter import Instances, Segmenter

LOOKED_AT = 20
"""Training images that the least score is chosen on."""

LEAST = (*np.round(np.arange(0.05, 1, 0.05), 2).tolist(), 0.98, 0.99)


def family_figures(
    run: Run, model: Segmenter, *, progress: bool = False
) -> tuple[dict[str, float], int]:
    """Every figure of a run, and on how many images of the data set itself.

    Those of a named scene set, or of another way of the row, have its name before them,
    as "touching: AR@10". Overlaps, recall and precision are in percent.

    Raises:
        ValueError: the validation images hold no object.
    """
    row, samples = run.row, run.row.data.validation()
    figures = {"weights, thousand": sum(p.numel() for p in model.parameters()) / 1e3,
               "MMACs an image": multiply_adds(model, samples[0].image, row.detect),
               "training, s": seconds(run)}
    for way, attributes in {"": {}, **row.ways}.items():
        vars(model).update(attributes)
        least = least_score(model, run) if model.scored else 0.0
        for name in ("", *row.data.sets):
            found = figures_of(model, row.data.validation(name), row.detect, least)
            before = "".join(f"{each}: " for each in (way, name) if each)
            figures |= {before + figure: value for figure, value in found.items()}
        for attribute in attributes:
            delattr(model, attribute)
    return {name: round(float(value), 2) for name, value in figures.items()}, \
        len(samples)


def seconds(run: Run) -> float:
    """What training took, with that of the network it stands on."""
    took = kept(run.folder / "training.json", run.settings)["took"].get("seconds", 0)
    return took + (seconds(run.base) if run.base else 0)


def multiply_adds(model: Segmenter, image: np.ndarray, detect: Any) -> float:
    """Millions of multiply-adds, of convolutions and matrices, to look at an image."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model.detect([image], **detect)
    return counter.get_total_flops() / 2e6


def least_score(model: Segmenter, run: Run) -> float:
    """The least score of an answer that is meant, chosen on training images."""
    from ifcn_lab.metrics import answers_of

    train = run.row.data.open("train")
    off = np.zeros(len(LEAST))
    for sample, found in answered(model, [train[i] for i in range(
            min(LOOKED_AT, len(train)))], run.row.detect):
        off += [abs(len(answers_of(found, least)) - len(sample.masks))
                for least in LEAST]
    return LEAST[int(off.argmin())]


def answered(
    model: Segmenter, samples: Sequence[Sample], detect: Any
) -> Iterator[tuple[Sample, Instances]]:
    """Each sample with what the model finds in it."""
    for sample in samples:
        stop_if_alone()
        yield sample, model.detect([sample.image], **detect)[0]


def figures_of(
    model: Segmenter, samples: Sequence[Sample], detect: Any, least: float
) -> dict[str, float]:
    """The figures of a model on some images."""
    from ifcn_lab.data.overlap import encode, rle_iou
    from ifcn_lab.metrics import CocoPrecision, Recall, answers_of

    recall, precision = Recall((10, 100)), CocoPrecision(sizes=False)
    best, off, start, judging = [], [], time.perf_counter(), 0.0
    for sample, found in answered(model, samples, detect):
        pause = time.perf_counter()
        recall.add(found, sample)
        precision.add(found, sample)
        meant = answers_of(found, least).rles()
        best += rle_iou(meant, encode(sample.masks)).max(0, initial=0).tolist()
        off.append(abs(len(meant) - len(sample.masks)))
        judging += time.perf_counter() - pause
    took = time.perf_counter() - start - judging
    report, scored = recall.result(), precision.result()
    if report.objects["all"] == 0:
        raise ValueError(f"the {report.images} images hold no object, so there is "
                         "nothing to find")
    figures = {"AR@10": report[10], "AR@100": report[100], "best IoU": np.mean(best)}
    figures |= {f"recall@{100 * iou:.0f}": curve[-1] for iou, curve in
                zip(report.thresholds, report.curves["all"], strict=True)}
    if model.scored:
        figures |= {"AP50": scored.at(0.5), "AP75": scored.at(0.75)}
    return {name: 100 * value for name, value in figures.items()} | {
        "count off by": np.mean(off), "ms an image": 1e3 * took / len(off)}
