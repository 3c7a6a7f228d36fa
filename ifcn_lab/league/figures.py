"""What is measured of a trained model, whichever it is.

Methods do not find the same kind of thing: proposals, scored detections, or parts of
the image without a score. AR@N uses scores for order only; AP needs them, and is left
out where a model has none that mean anything. Two figures need none: of the answers
that are meant, the mean over objects of the best IoU, and by how many their number is
off. Which answers are meant is decided by a least score, chosen for each model on
training images as the one whose number of answers is off the least.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from ifcn_lab.data.overlap import encode, rle_iou
from ifcn_lab.metrics import CocoPrecision, Precision, Recall, answers_of
from ifcn_lab.training.interrupt import stop_if_alone

if TYPE_CHECKING:
    from ifcn_lab.data import Sample
    from ifcn_lab.league.trials import Trial
    from ifcn_lab.segmenter import Instances, Segmenter

LOOKED_AT = 20
"""Training images that the least score is chosen on."""

MOST_MEANT = 100
"""Answers of an image that can be meant."""

LEAST = (*np.round(np.arange(0.05, 1, 0.05), 2).tolist(), 0.98, 0.99)


def measured(
    trial: Trial, model: Segmenter, training: Mapping[str, Any]
) -> tuple[dict[str, float], int]:
    """Every figure of a trial, and on how many images of the data set itself.

    Those of a named scene set, or of another way of the row, have its name before them,
    as "touching: AR@10". Overlaps, recall and precision are in percent.

    Args:
        trial: says what to measure it on, and how.
        model: the trained model.
        training: what training took.

    Raises:
        ValueError: the validation images hold no object.
    """
    row, samples = trial.row, trial.row.data.validation()
    figures = {"weights, thousand": sum(p.numel() for p in model.parameters()) / 1e3,
               "MMACs an image": multiply_adds(model, samples[0].image, row.detect),
               "training, s": training["with its base"]}
    for way, attributes in {"": {}, **row.ways}.items():
        vars(model).update(attributes)
        least = least_score(model, trial) if model.scored else 0.0
        for name in ("", *row.data.sets):
            found = figures_of(model, row.data.validation(name), row.detect, least,
                               shown=trial.progress)
            before = "".join(f"{each}: " for each in (way, name) if each)
            figures |= {before + figure: value for figure, value in found.items()}
        for attribute in attributes:
            delattr(model, attribute)
    return {name: round(float(value), 2) for name, value in figures.items()}, \
        len(samples)


def multiply_adds(model: Segmenter, image: np.ndarray, detect: Any) -> float:
    """Millions of multiply-adds, of convolutions and matrices, to look at an image."""
    with FlopCounterMode(display=False) as counter:
        model.detect([image], **detect)
    return counter.get_total_flops() / 2e6


def least_score(model: Segmenter, trial: Trial) -> float:
    """The least score of an answer that is meant, chosen on training images."""
    train = trial.row.data.open("train")
    off = np.zeros(len(LEAST))
    for sample, found in answered(model, [train[i] for i in range(
            min(LOOKED_AT, len(train)))], trial.row.detect):
        best = found.top(MOST_MEANT)
        off += [abs(len(answers_of(best, least)) - len(sample.masks))
                for least in LEAST]
    return LEAST[int(off.argmin())]


def answered(
    model: Segmenter, samples: Sequence[Sample], detect: Any, *, shown: bool = False
) -> Iterator[tuple[Sample, Instances]]:
    """Each sample with what the model finds in it; a bar where there is a terminal."""
    for sample in tqdm(samples, unit="image", leave=False,
                       disable=None if shown else True):
        stop_if_alone()
        truth = {"truth": [sample]} if model.told else {}
        yield sample, model.detect([sample.image], **truth, **detect)[0]


def figures_of(
    model: Segmenter, samples: Sequence[Sample], detect: Any, least: float, *,
    shown: bool = False,
) -> dict[str, float]:
    """The figures of a model on some images, those within categories if it tells any.
    """
    ns = [n for n in (10, 100, 1000) if n <= detect.get("top", 1000)]
    measures = [Recall(ns), CocoPrecision(sizes=False)]
    if model.scored and len(model.classes or ()) > 1:
        measures += [CocoPrecision(by_category=True), Precision(by_category=True)]
    best, off, start, judging = [], [], time.perf_counter(), 0.0
    for sample, found in answered(model, samples, detect, shown=shown):
        pause = time.perf_counter()
        for measure in measures:
            measure.add(found, sample)
        meant = answers_of(found.top(MOST_MEANT), least).rles()
        best += rle_iou(meant, encode(sample.masks)).max(0, initial=0).tolist()
        off.append(abs(len(meant) - len(sample.masks)))
        judging += time.perf_counter() - pause
    took = time.perf_counter() - start - judging
    shares = shares_of(model, *(measure.result() for measure in measures))
    return {name: 100 * value for name, value in shares.items()} | {
        "best IoU": 100 * np.mean(best), "count off by": np.mean(off),
        "ms an image": 1e3 * took / len(off)}


def shares_of(model: Segmenter, recall: Any, alike: Any, *named: Any
              ) -> dict[str, float]:
    """Recall, and precision where scores mean something, of the reports of measures.

    Raises:
        ValueError: there was nothing to find.
    """
    if recall.objects["all"] == 0:
        raise ValueError(f"the {recall.images} images hold no object, so there is "
                         "nothing to find")
    figures = {f"AR@{n}": recall[n] for n in recall.ns}
    figures |= {f"recall@{100 * iou:.0f}": curve[-1] for iou, curve in
                zip(recall.thresholds, recall.curves["all"], strict=True)}
    if model.scored:
        figures |= {"AP50": alike.at(0.5), "AP75": alike.at(0.75)}
    if named:
        coco, cut = named
        figures |= {"AP": coco.at(), **{f"mAP^r@{t:g}": cut[t] for t in cut.thresholds}}
    return figures
