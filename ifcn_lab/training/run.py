"""One training run, step by step."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ifcn_lab.data import Sample
from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training.batches import (
    Batch,
    Batches,
    Example,
    most_unreadable,
    stream,
    too_many,
)
from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.log import tell
from ifcn_lab.training.optimizer import build_optimizer, rate
from ifcn_lab.training.processes import Group
from ifcn_lab.training.recipe import LESSON, Recipe

MODEL_MAY_CHANGE = {"sizes", "normalisation"}
RECIPE_MAY_CHANGE = {"iterations", "seconds", "clock", "precision"}
"""What a run may change when it goes on: its length, and how it is carried out."""


class Step(NamedTuple):
    """What one training step reports; `losses` are the model's terms, as means."""

    iteration: int
    losses: dict[str, float]
    lr: float
    seconds: float


class Run:
    """One training run: a model, its optimizer and how far they have come.

    Where torch.distributed is initialised, the run is one process of several: see
    `ifcn_lab.training.processes`. Each term of the loss is a mean over the whole step,
    whichever batch and process its parts fall to, so any number of processes takes the
    same steps, up to the order of sums. Batch normalisation (the small backbone) takes
    the statistics of each batch by itself, and the running ones that are saved are
    those of the first process; VGG-16 has none.

    Args:
        model: any `Segmenter`; it is changed in place.
        samples: what to train on.
        recipe: every choice.
        workers: processes that make batches ahead of time; 0: made when needed.
        notes: kept in checkpoints for whoever goes on, plain enough for JSON.

    Raises:
        ValueError: there is nothing to train on, or more processes than batches a step.
    """

    def __init__(
        self, model: Segmenter, samples: Sequence[Sample], recipe: Recipe = LESSON,
        *, workers: int = 0, notes: Mapping[str, Any] | None = None,
    ) -> None:
        if len(samples) == 0:
            raise ValueError("no images to train on: the data set is empty")
        self.model, self.samples, self.recipe = model, samples, recipe
        self.notes = dict(notes or {})
        # A model that runs its network to make targets does so here: torch's threads
        # do not outlive a fork.
        self.workers = 0 if model.for_loading() is model else workers
        self.group = Group.current()
        self.numbers = shared_out(recipe.accumulate, self.group)
        model.to(memory_format=torch.channels_last)
        self.half = uses_bfloat16(recipe.precision, model.device.type)
        self.optimizer = build_optimizer(model, recipe)
        self.batches = Batches(samples, recipe, model)
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
            LostProcess: another process is gone.
        """
        clock = {"wall": time.perf_counter, "processor": time.process_time}
        now = clock[self.recipe.clock]
        start = now()
        lr = self._set_rate()
        batches = self._next()
        with self._seeded():
            losses = self._descend(batches)
        self.iteration += 1
        self.seconds += now() - start
        return Step(self.iteration, losses, lr, self.seconds)

    @contextmanager
    def _seeded(self) -> Iterator[None]:
        """Let what the model itself draws, as dropout, follow from seed and step."""
        cards = [self.model.device] if self.model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cards):
            torch.manual_seed(self.recipe.seed + self.iteration)
            yield

    def _set_rate(self) -> float:
        """Set the learning rate of the coming step, and return it."""
        lr = self.recipe.lr * rate(self.recipe.schedule, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def _next(self) -> list[list[Example]]:
        """This process's batches of the coming step; what could not be read is told."""
        if self._stream is None:
            self._stream = stream(self.batches, self.iteration, self.numbers,
                                  self.workers)
        made = [next(self._stream) for _ in self.numbers]
        self._note([one for batch in made for one in batch.unreadable])
        return [batch.examples for batch in made]

    def _note(self, unreadable: list[tuple[int, str]]) -> None:
        """Name images that this process meets first; stop when they are too many."""
        for at, why in unreadable:
            if at in self.unreadable:
                continue
            self.unreadable[at] = why
            name, _, reason = why.partition(": ")
            count = len(self.unreadable)
            tell(f"skipped {count} unreadable {'image' if count == 1 else 'images'}"
                 f": {name} ({reason})")
        if len(self.unreadable) > most_unreadable(len(self.samples)):
            raise ValueError(too_many(self.unreadable, len(self.samples)))

    def _descend(self, batches: list[list[Example]]) -> dict[str, float]:
        """Pool the gradients of the step's batches, then move the weights."""
        self.optimizer.zero_grad(set_to_none=True)
        means = self._backward([self._on_device(examples) for examples in batches])
        self._check(sum(self.weight(name) * mean for name, mean in means.items()))
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.group.pool(trained)
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(trained, self.recipe.clip)
        self.optimizer.step()
        return means

    def _backward(self, batches: list[list[Example]]) -> dict[str, float]:
        """The gradient of the step's loss, batch by batch; returns the step's means.

        A term is divided by its count in the whole step, so the counts are needed
        before the first gradient. A model that cannot say them from targets has all of
        the process's batches in memory at once.
        """
        known = [self.model.counts([e.targets for e in batch]) for batch in batches]
        ahead = None not in known
        held = [] if ahead else [self._losses(batch) for batch in batches]
        parts = known if ahead else [
            {name: count for name, (_, count) in terms.items()} for terms in held]
        names = list(parts[0])
        totals = self.group.total(*(sum(part[n] for part in parts) for n in names))
        counts = {n: max(1.0, total) for n, total in zip(names, totals, strict=True)}
        sums = dict.fromkeys(names, 0.0)
        for terms in held or map(self._losses, batches):
            loss = sum(self.weight(n) * terms[n][0] / counts[n] for n in names)
            loss.backward()
            for n in names:
                sums[n] += float(terms[n][0].detach()) / counts[n]
        return dict(zip(names, self.group.total(*sums.values()), strict=True))

    def weight(self, term: str) -> float:
        """What a term of the loss weighs."""
        return self.recipe.term_weights.get(term, 1.0)

    def _on_device(self, examples: list[Example]) -> list[Example]:
        """The same examples where the model is."""
        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(self.model.device, non_blocking=True)

        return [Example(moved(e.image), type(e.targets)(*map(moved, e.targets)))
                for e in examples]

    def _losses(self, examples: list[Example]) -> dict[str, tuple[Tensor, float]]:
        """The terms of one batch as (sum, count); convolutions in the run's precision.

        Raises:
            ValueError: the recipe weighs a term that the model does not have.
        """
        images = torch.stack([e.image for e in examples])            # (B, 3, h, w)
        self.model.train()
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.half):
            out = self.model(images)
        out = type(out)(*(x.float() for x in out))
        terms = self.model.losses(out, [e.targets for e in examples])
        if unknown := self.recipe.term_weights.keys() - terms.keys():
            raise ValueError(f"the recipe weighs {', '.join(sorted(unknown))}, but the "
                             f"loss of this model has {', '.join(terms)}")
        return terms

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
            "config": told_config(self.model), "recipe": asdict(self.recipe),
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "iteration": self.iteration, "seconds": self.seconds, "notes": self.notes,
        })

    def resume(self, path: str | Path) -> None:
        """Go on from a checkpoint, with the same batches that would have come.

        The number of processes may be another one than before; the first process reads
        the file for all. This run's recipe holds: more iterations than the checkpoint's
        extend the run, and the learning rate follows the new length.

        Raises:
            ValueError: the checkpoint is broken, or of another network or recipe.
        """
        state = self.group.share(load_checkpoint(path) if self.group.first else None)
        self._check_same(state, path)
        try:
            self.model.normalise_as(state["config"].get("normalisation", "imagenet"))
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (ValueError, RuntimeError, LookupError, TypeError) as error:
            raise ValueError(f"{path} was written by other code: its tensors do not fit"
                             f" this model ({str(error).splitlines()[-1].strip()}); "
                             "train again, or go on with that code") from error
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.close()

    def _check_same(self, state: dict[str, Any], path: str | Path) -> None:
        """Refuse the checkpoint of another model or of another recipe."""
        for what, kept, ours, free in (
            ("model", state["config"], told_config(self.model), MODEL_MAY_CHANGE),
            ("run", state["recipe"], asdict(self.recipe), RECIPE_MAY_CHANGE),
        ):
            for name in [*ours, *kept]:
                if name not in free and ours.get(name) != kept.get(name):
                    raise ValueError(f"{path} holds a {what} with {name} = "
                                     f"{kept.get(name)}, this one has {name} = "
                                     f"{ours.get(name)}")

    def align(self) -> None:
        """Give every process the weights of the first.

        Raises:
            LostProcess: another process is gone.
        """
        if self.group.size > 1:
            self.model.load_state_dict(self.group.share(self.model.state_dict()))


def told_config(model: Segmenter) -> dict[str, Any]:
    """A model's class and configuration, as a checkpoint holds them."""
    return {"class": type(model).__name__, **model.config}


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
