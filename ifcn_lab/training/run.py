"""One training run, step by step."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from ifcn_lab.data import Sample
from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.models.instancefcn import InstanceFCN, ScoreMaps
from ifcn_lab.training.batches import Batch, Batches, most_unreadable, stream, too_many
from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.log import tell
from ifcn_lab.training.optimizer import build_optimizer, rate
from ifcn_lab.training.processes import Group, LostProcess
from ifcn_lab.training.recipe import LESSON, Recipe
from ifcn_lab.views import Example
from ifcn_lab.windows.losses import Losses, Windows, instance_loss


class Step(NamedTuple):
    """What one training step reports."""

    iteration: int
    objectness: float
    mask: float
    lr: float
    seconds: float


class Run:
    """One training run: a network, its optimizer and how far they have come.

    Where torch.distributed is initialised, the run is one process of several: see
    `ifcn_lab.training.processes`. Losses are means over the windows of the whole step,
    whichever batch and process they fall to, so any number of processes takes the same
    steps, up to the order of sums. Batch normalisation (the small backbone) takes the
    statistics of each batch by itself, and the running ones that are saved are those of
    the first process; VGG-16 has none.

    Args:
        model: the network; it is changed in place.
        samples: what to train on.
        recipe: every choice.
        workers: processes that make batches ahead of time; 0: made when needed.

    Raises:
        ValueError: there is nothing to train on, or more processes than batches a step.
    """

    def __init__(
        self, model: InstanceFCN, samples: Sequence[Sample], recipe: Recipe = LESSON,
        *, workers: int = 0,
    ) -> None:
        if len(samples) == 0:
            raise ValueError("no images to train on: the data set is empty")
        self.model, self.samples, self.recipe = model, samples, recipe
        self.workers, self.group = workers, Group.current()
        self.numbers = shared_out(recipe.accumulate, self.group)
        model.canonical = recipe.rule.canonical
        self.forward = prepared(model, recipe)
        self.half = uses_bfloat16(recipe.precision, device_of(model).type)
        self.optimizer = build_optimizer(model, recipe)
        self.batches = Batches(samples, recipe, stride=model.stride, m=model.m)
        self.unreadable: dict[int, str] = {}
        self.iteration = 0
        self.seconds = 0.0
        self._stream: Iterator[Batch] | None = None

    @property
    def progress(self) -> float:
        """The share of the run that is done, by steps or by the clock."""
        done = self.iteration / self.recipe.iterations
        if self.recipe.seconds is not None:
            done = max(done, self.seconds / self.recipe.seconds)
        return done

    def step(self) -> Step:
        """Train on the batches of one step.

        Raises:
            FloatingPointError: the loss is no longer finite.
            ValueError, OSError: the data cannot be used.
            LostProcess: another process is gone; this run is as before the step.
        """
        start = time.perf_counter()
        lr = self._set_rate()
        with kept_if_lost(self.model, self.group):
            losses = self._descend(self._next())
        self.iteration += 1
        self.seconds += time.perf_counter() - start
        return Step(self.iteration, *losses, lr, self.seconds)

    def _set_rate(self) -> float:
        """Set the learning rate of the coming step, and return it."""
        lr = self.recipe.lr * rate(self.recipe.schedule, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def draw_batch(self) -> list[Example]:
        """This process's examples of the coming step.

        They depend on the seed and the step alone, and on the share of the process.
        """
        made = [self.batches[self.iteration, number] for number in self.numbers]
        return [example for batch in made for example in batch.examples]

    def _next(self) -> list[list[Example]]:
        """This process's batches of the coming step; what could not be read is told."""
        if self.workers:
            if self._stream is None:
                self._stream = stream(self.batches, self.iteration, self.numbers,
                                      self.workers)
            made = [next(self._stream) for _ in self.numbers]
        else:
            made = [self.batches[self.iteration, number] for number in self.numbers]
        self._note([one for batch in made for one in batch.unreadable])
        return [batch.examples for batch in made]

    def _note(self, unreadable: list[tuple[int, str]]) -> None:
        """Name images that nobody has met before; stop when they are too many."""
        met = self.unreadable.keys()
        new = {at: why for at, why in unreadable if at not in met}
        if not self.group.total(len(new))[0]:
            return
        found = [pair for one in self.group.gather(new) for pair in one.items()]
        for at, why in found:
            if self.unreadable.setdefault(at, why) is why and self.group.first:
                name, _, reason = why.partition(": ")
                count = len(self.unreadable)
                tell(f"skipped {count} unreadable {'image' if count == 1 else 'images'}"
                     f": {name} ({reason})")
        if len(self.unreadable) > most_unreadable(len(self.samples)):
            raise ValueError(too_many(self.unreadable, len(self.samples)))

    def _descend(self, batches: list[list[Example]]) -> tuple[float, float]:
        """Pool the gradients of the step's batches, then move the weights."""
        drawn = [Windows.of(examples) for examples in batches]
        sums = (sum(one.drawn for one in drawn), sum(one.masked for one in drawn))
        windows = Windows(*map(int, self.group.total(*sums)))
        self.optimizer.zero_grad(set_to_none=True)
        parts = [self._backward(examples, windows) for examples in batches]
        objectness, mask = self.group.total(*map(sum, zip(*parts, strict=True)))
        self._check(objectness + self.recipe.mask_weight * mask)
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.group.pool(trained)
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(trained, self.recipe.clip)
        self.optimizer.step()
        return objectness, mask

    def _backward(
        self, examples: list[Example], windows: Windows
    ) -> tuple[float, float]:
        """Add one batch's part of the gradient; returns its part of both losses."""
        losses = self._losses(examples, windows)
        losses.total(self.recipe.mask_weight).backward()
        return float(losses.objectness.detach()), float(losses.mask.detach())

    def _losses(self, examples: list[Example], windows: Windows) -> Losses:
        device = device_of(self.model)
        examples = [Example(*(t.to(device, non_blocking=True) for t in e))
                    for e in examples]
        images = torch.stack([e.image for e in examples])            # (B, 3, h, w)
        if self.recipe.channels_last:
            images = images.to(memory_format=torch.channels_last)
        self.model.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=self.half):
            scores = self.forward(images)
        scores = ScoreMaps(*(x.float() for x in scores))
        return instance_loss(self.model, scores, examples, windows)

    def _check(self, total: float) -> None:
        if not math.isfinite(total):
            raise FloatingPointError(
                f"the loss is {total} at step {self.iteration}: training has "
                "diverged; lower the learning rate"
            )

    def agree(self, stop: bool) -> bool:
        """Whether any process is to stop; all take the clock of the first.

        Raises:
            LostProcess: another process is gone.
        """
        seconds = self.seconds if self.group.first else 0.0
        stopping, self.seconds = self.group.total(stop, seconds)
        return stopping > 0

    def close(self) -> None:
        """End the worker processes; a further step starts them again."""
        self._stream = None

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint from which `resume` goes on.

        Raises:
            OSError: it cannot be written; one that was there before stays.
        """
        return save_checkpoint(path, {
            "config": self.model.config, "recipe": self.recipe.as_dict(),
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "iteration": self.iteration, "seconds": self.seconds,
        })

    def resume(self, path: str | Path) -> None:
        """Go on from a checkpoint, with the same batches that would have come.

        The number of processes may be another one than before; the first process reads
        the file for all. This run's recipe holds: more iterations than the checkpoint's
        extend the run, and the learning rate follows the new length.

        Raises:
            ValueError: the checkpoint is broken, or of another network.
        """
        state = self.group.share(load_checkpoint(path) if self.group.first else None)
        self._check_network(state["config"], path)
        self.model.normalise_as(state["config"].get("normalisation", "imagenet"))
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.close()

    def _check_network(self, config: dict[str, Any], path: str | Path) -> None:
        restored = {"sizes", "canonical", "normalisation"}
        for name in self.model.config.keys() - restored:
            ours, theirs = self.model.config[name], config.get(name)
            if ours != theirs:
                raise ValueError(f"{path} holds a network with {name} = {theirs}, this "
                                 f"one has {name} = {ours}")

    def align(self) -> None:
        """Give every process the weights of the first.

        Raises:
            LostProcess: another process is gone.
        """
        self.model.load_state_dict(self.group.share(
            self.model.state_dict() if self.group.first else None
        ) if self.group.size > 1 else self.model.state_dict())


def shared_out(batches: int, group: Group) -> list[int]:
    """Which of a step's batches this process takes: every `size`-th.

    Raises:
        ValueError: there are more processes than batches.

    Example:
        >>> shared_out(8, Group(rank=1, size=3))
        [1, 4, 7]
    """
    if group.size > batches:
        raise ValueError(f"{group.size} processes share {batches} batch(es) a step, so "
                         f"some have none: set accumulate to {group.size} or more")
    return list(range(group.rank, batches, group.size))


@contextmanager
def kept_if_lost(model: nn.Module, group: Group) -> Iterator[None]:
    """Take back what a step that loses another process did to batch norms' statistics.

    Raises:
        LostProcess: as the step did.
    """
    before = [b.clone() for b in model.buffers()] if group.size > 1 else []
    try:
        yield
    except LostProcess:
        for buffer, was in zip(model.buffers(), before, strict=True):
            buffer.copy_(was)
        raise


def prepared(model: InstanceFCN, recipe: Recipe) -> nn.Module:
    """The network as it is called in training: its layout chosen, compiled or not.

    A compiled one shares its weights with the network, which itself stays as it is.

    Raises:
        ValueError: it is to be compiled, and there is no compiler.
    """
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    model.memory_format = layout
    model.to(memory_format=layout)
    if not recipe.compile:
        return model
    on_cpu = device_of(model).type == "cpu"
    if on_cpu and not any(map(shutil.which, compilers())):
        raise ValueError("torch.compile writes C++ for a CPU and finds no compiler "
                         f"({', '.join(compilers())}): install one, or do not compile")
    return torch.compile(model)


def compilers() -> list[str]:
    """The compilers that torch would take: CXX of the environment, or the usual ones.

    >>> len(compilers()) > 0
    True
    """
    return [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++", "cl"]


def device_of(model: nn.Module) -> torch.device:
    """Where the network's weights lie."""
    return next(model.parameters()).device
