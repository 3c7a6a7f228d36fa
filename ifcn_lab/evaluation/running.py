"""Evaluating image by image, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, NamedTuple

from ifcn_lab.evaluation.entries import Found, Objects
from ifcn_lab.evaluation.figures import Figures
from ifcn_lab.evaluation.results import rows

__all__ = ["Judged", "Looked", "Unreadable", "Work", "judge_all"]

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Unreadable(ValueError):
    """An image that cannot be read; the message names it. It is left out."""


class Looked(NamedTuple):
    """One image: what was to be found in it and what was found."""

    image_id: int
    size: tuple[int, int]
    truth: Objects
    best: Found


class Judged(NamedTuple):
    """What one image adds to the figures, or the trouble with reading it.

    ``results`` are what was found as COCO results, where they are to be written.
    """

    image_id: int
    figures: dict[str, Any]
    results: list[dict[str, Any]]
    trouble: str | None = None


@dataclass
class Work:
    """What a process needs to evaluate any image of a data set.

    ``look`` finds the objects of the image at an index and raises ``Unreadable`` where
    it cannot. With ``keep`` the results are given back, too; an answer without a
    category of its own gets ``category``.
    """

    look: Callable[[int], Looked]
    figures: Figures
    keep: bool = False
    category: int = 1

    def judge(self, index: int) -> Judged:
        """Do all the work of one image."""
        try:
            seen = self.look(index)
        except Unreadable as error:
            return Judged(-1, {}, [], str(error))
        judged = self.figures.judge(seen.best, seen.truth, seen.size)
        kept = rows(seen.best, seen.image_id, self.category) if self.keep else []
        return Judged(seen.image_id, judged, kept)


def judge_all(
    make: Callable[[], Work], indices: Iterable[int], workers: int = 0
) -> Iterator[Judged]:
    """Judge these images, in their order.

    With 0 workers this process does it. Else ``make``, which must pickle, is called
    once in each of so many new processes; each uses one thread. Few images are held at
    a time, so that nothing piles up. Raises OSError if a process is killed, and what
    ``make`` and ``Work.judge`` raise.

    >>> from ifcn_lab.evaluation.figures import Wanted
    >>> def look(index):
    ...     raise Unreadable(f"image {index} is no picture")
    >>> work = Work(look, Figures(Wanted()))
    >>> [judged.trouble for judged in judge_all(lambda: work, [0, 1])]
    ['image 0 is no picture', 'image 1 is no picture']
    """
    if workers < 1:
        yield from map(make().judge, indices)
        return
    context = multiprocessing.get_context("spawn")  # threads do not survive a fork
    pool = ProcessPoolExecutor(workers, context, _begin, (make,))
    try:
        yield from _in_order(pool, indices, 2 * workers)
    except BrokenProcessPool as error:
        raise OSError(
            "a worker process ended before its work was done; it was killed, or memory "
            "ran out: try fewer --workers"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, indices: Iterable[int], ahead: int
) -> Iterator[Judged]:
    """Give the results in order, with at most ``ahead`` images under way."""
    waiting: deque = deque()
    for index in indices:
        waiting.append(pool.submit(_judge, index))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_here: dict[str, Any] = {}


def _begin(make: Callable[[], Work]) -> None:
    """Prepare a worker process: one thread, and Ctrl-C left to the one that began."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(THREADS, "1"))
    import torch

    torch.set_num_threads(1)
    _here["make"] = make


def _judge(index: int) -> Judged:
    # Made at the first image and not before: what making raises would otherwise be
    # lost, as a process that fails to begin can only be told to be broken.
    if "work" not in _here:
        _here["work"] = _here["make"]()
    return _here["work"].judge(index)
