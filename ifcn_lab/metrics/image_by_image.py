"""Evaluating a data set image by image, with all figures that are wanted.

In this process or in several.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any, NamedTuple

from ifcn_lab.data.coco_file import AnnotationFile
from ifcn_lab.metrics.measure import Measure
from ifcn_lab.metrics.nuclei import NucleiReport, NucleiScore
from ifcn_lab.metrics.precision import CocoPrecision, Precision
from ifcn_lab.metrics.recall import Recall, RecallReport
from ifcn_lab.metrics.regions import (
    Detections,
    Found,
    Objects,
    found,
    objects,
    objects_of_file,
)
from ifcn_lab.metrics.results_file import ResultFile, rows


class Figures:
    """Every figure that is wanted, with its name.

    Args:
        kinds: "masks", "boxes" or both: for which to give AR and, with ``ap``, AP.
        ns: numbers of proposals per image, for AR@N and AUC.
        sizes: also by size of the object.
        ap: COCO's AP of the best 100, and mAP^r, categories ignored.
        by_category: AP and mAP^r within each category.
        scores: least scores of an answer, to give the nuclei score for each.

    ``judge`` does the work of one image and counts nothing, so that another process
    can do it; ``count`` counts what it gives. What is held of an image is matches.

    >>> import numpy as np
    >>> from ifcn_lab.metrics.regions import measured
    >>> from ifcn_lab.data.overlap import encode
    >>> square = encode(np.ones((1, 2, 2), bool))
    >>> figures = Figures(ns=(1,))
    >>> found = Found(square, np.array([0.9]))
    >>> figures.count(7, figures.judge(found, measured(square, [False], [1])))
    >>> print(figures)
    masks  AR@1 1.000  AUC 1.000  (images 1, objects 1)
    """

    def __init__(
        self, *, kinds: Sequence[str] = ("masks",),
        ns: Sequence[int] = (10, 100, 1000), sizes: bool = False, ap: bool = False,
        by_category: bool = False, scores: Sequence[float] = (),
    ) -> None:
        self.objects, measures = 0, {}
        for kind in kinds:
            measures[kind] = Recall(ns, kind=kind, sizes=sizes)
        for name in ["AP"] * ap + ["AP by category"] * by_category:
            split = name != "AP"
            for kind in kinds:
                measures[f"{kind} {name}"] = CocoPrecision(by_category=split, kind=kind)
            if "masks" in kinds:
                measures[f"mAP^r{name[2:]}"] = Precision(by_category=split)
        for score in scores:
            measures[f"TP/(TP+FP+FN), score from {score:g}"] = NucleiScore(least=score)
        self.measures: dict[str, Measure] = measures

    def judge(self, best: Found, truth: Objects) -> dict[str, Any]:
        """Match one image for every measure."""
        judged = {name: measure.judge(best, truth)
                  for name, measure in self.measures.items()}
        return {"objects": int((~truth.crowd).sum())} | judged

    def count(self, image_id: int | str, judged: dict[str, Any]) -> None:
        """Count one image that was judged."""
        self.objects += judged["objects"]
        for name, measure in self.measures.items():
            measure.count(judged[name], image_id)

    def as_dict(self) -> dict[str, Any]:
        """List every figure by name, ready for JSON; the masks' AR stands at the top.

        AR of boxes stands under "boxes", every other measure under its own name.
        """
        named = {name: measure.result() for name, measure in self.measures.items()}
        told = {name: report.as_dict() for name, report in named.items()}
        return told.pop("masks", {}) | told

    def __str__(self) -> str:
        """Print a line for each figure, with its name before it."""
        lines = []
        for name, measure in self.measures.items():
            report = measure.result()
            if isinstance(report, RecallReport):
                lines += _recall_lines(name, report)
                continue
            if isinstance(report, NucleiReport):
                name = f"{name}, {report.answers} answers"
            lines += [f"{name}  {line}" for line in str(report).splitlines()]
        return "\n".join(lines)


def _recall_lines(name: str, report: RecallReport) -> list[str]:
    """AR at each N and AUC, with the number of objects; by size, if that is known."""
    whole, counts = str(report).split("  (")
    lines = [f"{name}  {whole}  AUC {report.auc:.3f}  ({counts}"]
    for size, count in list(report.objects.items())[1:]:
        figures = "  ".join(f"AR@{n} {report.at(n, size):.3f}" for n in report.ns)
        lines.append(f"{name}, {size}  {figures if count else 'none'}  "
                     f"(objects {count})")
    return lines


class Judged(NamedTuple):
    """What one image adds to the figures, or the trouble with reading it.

    ``results`` are what was found as COCO results, where they are to be written.
    """

    image_id: int | str
    figures: dict[str, Any]
    results: list[dict[str, Any]]
    trouble: str | None = None


@dataclass
class Evaluation:
    """What a process needs to judge any image of a data set.

    Objects come from an annotation file where there is one, with their own areas and
    crowd regions, so that figures are pycocotools'; else from the samples.

    Args:
        data: samples, or an annotation file: then results need no pictures.
        answers: a result file, or a function that gives what it finds in a picture.
        figures: what to measure.
        keep: give the results back, too.

    Raises ValueError if the result file has results for an image that is not listed.
    """

    data: Sequence
    answers: ResultFile | Callable[[Any], Detections]
    figures: Figures
    keep: bool = False

    def __post_init__(self) -> None:
        """Find the annotation file, and bring the results to its ids."""
        known = self.data if isinstance(self.data, AnnotationFile) else None
        self.file = getattr(self.data, "file", known)
        names = sorted(getattr(self.data, "categories", {}) or [1])
        self.category = 1 if 1 in names else names[0]
        of = self.data if self.file is None else self.file
        listed = getattr(of, "names_by_id", None)
        if isinstance(self.answers, ResultFile) and listed is not None:
            self.answers.fit(listed)

    def judge(self, index: int) -> Judged:
        """Do all the work of one image; one that cannot be read is a trouble."""
        results = isinstance(self.answers, ResultFile)
        listed = None if self.file is None else self.file[index]
        try:
            sample = None if listed and results else self.data[index]
        except (OSError, ValueError) as error:
            return Judged(-1, {}, [], str(error))
        image_id, size = (listed.id, listed.size) if sample is None else (
            sample.image_id, sample.crowd.shape)
        if results:
            best = self.answers.found(image_id, size)
        else:
            # The boxes found are the masks' tight ones. Left out, they are made from
            # the masks, as pycocotools does with the results that are saved.
            best = replace(found(self.answers(sample.image), size), boxes=None)
        truth = objects_of_file(listed) if listed else objects(sample)
        kept = rows(best, image_id, self.category) if self.keep else []
        return Judged(image_id, self.figures.judge(best, truth), kept)


def judge_all(
    make: Callable[[], Evaluation], indices: Iterable[int], workers: int = 0
) -> Iterator[Judged]:
    """Judge these images, in their order.

    With 0 workers this process does it. Else ``make``, which must pickle, is called
    once in each of so many new processes; each uses one thread. Raises OSError if a
    process is killed, and what ``make`` and ``Evaluation.judge`` raise.

    >>> from types import SimpleNamespace
    >>> twice = SimpleNamespace(judge=lambda index: 2 * index)
    >>> list(judge_all(lambda: twice, [3, 5]))
    [6, 10]
    """
    if workers < 1:
        yield from map(make().judge, indices)
        return
    try:
        with ProcessPoolExecutor(workers, get_context("spawn"), _begin) as pool:
            yield from pool.map(partial(_judge, make), indices)
    except BrokenProcessPool as error:
        raise OSError(
            "a worker process ended before its work was done: it was killed, or memory "
            "ran out; try fewer --workers, or 0") from error


_HERE: list[Evaluation] = []
"""What this worker process needs, made when its first image comes."""


def _judge(make: Callable[[], Evaluation], index: int) -> Judged:
    if not _HERE:
        _HERE.append(make())
    return _HERE[0].judge(index)


def _begin() -> None:
    """Prepare a worker process: torch and numba's kernels take one thread each."""
    import torch

    torch.set_num_threads(1)
    os.environ["NUMBA_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore")  # the first process said it
