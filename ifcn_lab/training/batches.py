"""The batches of a run, made here or by worker processes.

A batch follows from the seed, the step and its number within the step, and from nothing
else. So it does not matter which process makes it, or when.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ifcn_lab.data import Sample
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training.interrupt import STOPPING
from ifcn_lab.training.log import tell
from ifcn_lab.training.recipe import Recipe

MOST_UNREADABLE = 0.1


class Example(NamedTuple):
    """The view of one sample and what the model is taught on it, a tuple of tensors."""

    image: Float[Tensor, "3 h w"]
    targets: tuple[Tensor, ...]


class Batch(NamedTuple):
    """Examples that go through the network together, and images passed over for them.

    `unreadable` holds the number of each such image in the data set and what is wrong.
    """

    examples: list[Example]
    unreadable: list[tuple[int, str]]


class Batches(Dataset):
    """Every batch of a run by (step, number within the step), counted from 0.

    An image that cannot be read is passed over, and the next one of the data set takes
    its place. Nothing else of the batch changes.

    Args:
        samples: what to draw from.
        recipe: how.
        model: makes views and targets; see `Segmenter.for_loading`.

    Example:
        >>> from ifcn_lab import InstanceFCN
        >>> from ifcn_lab.data.scenes import SceneSet
        >>> from ifcn_lab.training import LESSON
        >>> model = InstanceFCN(backbone="small")
        >>> made = Batches(SceneSet(2), LESSON, model)[7, 0]
        >>> len(made.examples), made.unreadable
        (4, [])
    """

    def __init__(
        self, samples: Sequence[Sample], recipe: Recipe, model: Segmenter
    ) -> None:
        self.samples, self.recipe, self.model = samples, recipe, model.for_loading()

    def __getitem__(self, place: tuple[int, int]) -> Batch:
        """The batch of that step and number.

        Raises:
            ValueError, OSError: too many images in a row cannot be read, or masks and
                image differ in size.
        """
        rng = np.random.default_rng([self.recipe.seed, *place])
        unreadable: list[tuple[int, str]] = []
        examples = [
            example_of(self.model, self.read(int(i), unreadable), self.recipe, rng)
            for i in rng.integers(len(self.samples), size=self.recipe.batch)
        ]
        return Batch(examples, unreadable)

    def read(self, index: int, unreadable: list[tuple[int, str]]) -> Sample:
        """The sample of that number or, where it cannot be read, the next that can.

        Raises:
            ValueError: none of the next tenth of the data set can be read.
        """
        reach = most_unreadable(len(self.samples)) + 1
        for at in (np.arange(index, index + reach) % len(self.samples)).tolist():
            try:
                return self.samples[at]
            except (ValueError, OSError) as error:
                unreadable.append((at, str(error)))
        raise ValueError(too_many(dict(unreadable), len(self.samples)))


def example_of(
    model: Segmenter, sample: Sample, recipe: Recipe, rng: np.random.Generator
) -> Example:
    """How a model sees a sample, and what it is taught on that view.

    Raises:
        ValueError: masks, crowd and image differ in size.
    """
    view = model.view(sample, recipe, rng)
    return Example(view.image, model.targets(view, rng))


def most_unreadable(images: int) -> int:
    """How many images of a data set may be unreadable: a tenth, and one in any case.

    Example:
        >>> most_unreadable(4), most_unreadable(240)
        (1, 24)
    """
    return max(1, int(images * MOST_UNREADABLE))


def too_many(unreadable: dict[int, str], images: int) -> str:
    """The sentence that ends a run on a broken data set."""
    return (f"{len(unreadable)} of {images} images cannot be read, more than a tenth "
            f"of the data set; the first: {next(iter(unreadable.values()))}")


class Sent(Dataset):
    """Batches on their way to the training process, and errors, for it to raise.

    Tensors lie in shared memory; where that is full, as /dev/shm is in many containers,
    a batch is plain bytes, which go through a pipe.
    """

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __getitem__(self, place: tuple[int, int]) -> Batch | bytes | Exception:
        """The batch, or the error that making it raised."""
        try:
            made = self.batches[place]
        except (ValueError, OSError) as error:
            return error
        try:
            for tensor in (x for e in made.examples for x in (e.image, *e.targets)):
                tensor.share_memory_()
        except (RuntimeError, OSError):
            return pickle.dumps(made)
        return made


def stream(
    batches: Batches, start: int, numbers: Sequence[int], workers: int = 0
) -> Iterator[Batch]:
    """The batches of these numbers of every step from `start` on, without end.

    Args:
        batches: where they come from.
        start: the first step.
        numbers: which batches of a step.
        workers: processes that make them ahead of time; 0: made here when asked for,
            as where no process can be started, which is told.

    Raises:
        ValueError: the number of workers is negative.
        ValueError, OSError: an image or its masks cannot be used.
        ChildProcessError: a worker was killed.

    Example:
        >>> from ifcn_lab import InstanceFCN
        >>> from ifcn_lab.data.scenes import SceneSet
        >>> from ifcn_lab.training import LESSON
        >>> source = Batches(SceneSet(2), LESSON, InstanceFCN(backbone="small"))
        >>> one = next(stream(source, 5, [0]))
        >>> torch.equal(one.examples[0].image, source[5, 0].examples[0].image)
        True
    """
    if workers < 0:
        raise ValueError(f"the number of workers is 0 or more, got {workers}")
    places = ((step, number) for step in count(start) for number in numbers)
    for made in made_by_workers(batches, places, workers) if workers else ():
        if isinstance(made, Exception):
            raise made
        yield made
    yield from map(batches.__getitem__, places)


def made_by_workers(
    batches: Batches, places: Iterator[tuple[int, int]], workers: int
) -> Iterator[Batch | Exception]:
    """What workers make of these places, in this order; nothing if none can start."""
    try:
        multiprocessing.Lock()  # where none can be made, torch would add a traceback
        sent = iter(DataLoader(
            Sent(batches), sampler=places, batch_size=None, num_workers=workers,
            collate_fn=unchanged, worker_init_fn=deaf, generator=torch.Generator(),
        ))
    except OSError as error:
        tell(f"no process to load images can be started here ({error}); they are "
             "loaded by the training process itself, as with --workers 0")
        return
    told = False
    for made in sent:
        if isinstance(made, bytes) and not told:
            told = True
            tell("shared memory (/dev/shm) is full, so images come from the loading "
                 "processes by a pipe; docker run gives it more with shm-size")
        yield pickle.loads(made) if isinstance(made, bytes) else made


def unchanged(made: Any) -> Any:
    """Hand a batch on as it is."""
    return made


def deaf(worker: int) -> None:
    """Leave signals to the main process, which ends its workers when it is ready.

    Should the main process be killed, they notice within seconds and end.
    """
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def lost_workers_told() -> Iterator[None]:
    """Turn torch's error about a killed worker into a sentence for a person.

    Raises:
        ChildProcessError: a worker was killed.
    """
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        said = str(error).splitlines()[0].rstrip(". ")
        raise ChildProcessError(
            f"a process that loads images ended ({said}); if memory is short, take "
            "fewer workers, or 0 to load in the training process itself"
        ) from error


def spare_cores(most: int = 4) -> int:
    """Workers for this process: its share of the cores here less one, at most `most`.
    """
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))      # torchrun's
    cores = (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
             else os.cpu_count() or 1)
    return max(0, min(most, cores // processes - 1))
