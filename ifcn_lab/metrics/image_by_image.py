"""Evaluating a data set image by image, in this process or in several."""

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
from ifcn_lab.metrics.all_figures import Figures
from ifcn_lab.metrics.regions import Detections, found, objects, objects_of_file
from ifcn_lab.metrics.results_file import ResultFile, rows


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
