"""The training loop: draw a batch, take the loss, step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ifcn_lab.backbone import uses_bfloat16
from ifcn_lab.datasets import Sample
from ifcn_lab.model import InstanceFCN, ScoreMaps
from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.examples import Example, make_example
from ifcn_lab.training.interrupt import interrupts_wait
from ifcn_lab.training.losses import instance_loss
from ifcn_lab.training.recipe import LESSON, Recipe


class Step(NamedTuple):
    """What one training step reports."""

    iteration: int
    objectness: float
    mask: float
    lr: float
    seconds: float


class Run:
    """One training run: a network, its optimizer and how far they have come.

    Args:
        model: the network; it is changed in place.
        samples: what to train on.
        recipe: every choice.

    Raises:
        ValueError: there is nothing to train on.
    """

    def __init__(
        self, model: InstanceFCN, samples: Sequence[Sample], recipe: Recipe = LESSON
    ) -> None:
        if len(samples) == 0:
            raise ValueError("no images to train on: the data set is empty")
        self.model, self.samples, self.recipe = model, samples, recipe
        model.canonical = recipe.rule.canonical
        self.model.to(memory_format=torch.channels_last)
        self.half = uses_bfloat16(recipe.precision)
        self.optimizer = build_optimizer(model, recipe)
        self.iteration = 0
        self.seconds = 0.0

    @property
    def progress(self) -> float:
        """The share of the run that is done, by steps or by the clock."""
        done = self.iteration / self.recipe.iterations
        if self.recipe.seconds is not None:
            done = max(done, self.seconds / self.recipe.seconds)
        return done

    def step(self) -> Step:
        """Train on one batch."""
        start = time.perf_counter()
        lr = self.recipe.lr * rate(self.recipe.schedule, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        losses = self._descend(self.draw_batch())
        self.iteration += 1
        self.seconds += time.perf_counter() - start
        return Step(self.iteration, *losses, lr, self.seconds)

    def draw_batch(self) -> list[Example]:
        """The examples of this step; they depend on the seed and the step alone."""
        rng = np.random.default_rng([self.recipe.seed, self.iteration])
        return [
            make_example(self.samples[int(i)], self.recipe, stride=self.model.stride,
                         m=self.model.m, rng=rng)
            for i in rng.integers(len(self.samples), size=self.recipe.batch)
        ]

    def _descend(self, examples: list[Example]) -> tuple[float, float]:
        device = next(self.model.parameters()).device
        examples = [Example(*(t.to(device) for t in e)) for e in examples]
        images = torch.stack([e.image for e in examples])            # (B, 3, h, w)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.half):
            scores = self.model.train()(images.to(memory_format=torch.channels_last))
        scores = ScoreMaps(*(x.float() for x in scores))
        losses = instance_loss(self.model, scores, examples)
        total = losses.total(self.recipe.mask_weight)
        if not torch.isfinite(total):
            raise FloatingPointError(
                f"the loss is {total.item()} at step {self.iteration}: training has "
                "diverged; lower the learning rate"
            )
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        return float(losses.objectness.detach()), float(losses.mask.detach())

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint from which `resume` goes on."""
        return save_checkpoint(path, {
            "config": self.model.config, "recipe": self.recipe.as_dict(),
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "iteration": self.iteration, "seconds": self.seconds,
        })

    def resume(self, path: str | Path) -> None:
        """Go on from a checkpoint, with the same batches that would have come.

        Raises:
            ValueError: the checkpoint is broken, or of another network.
        """
        state = load_checkpoint(path)
        for name in self.model.config.keys() - {"sizes", "canonical"}:
            ours, theirs = self.model.config[name], state["config"].get(name)
            if ours != theirs:
                raise ValueError(f"{path} holds a network with {name} = {theirs}, this "
                                 f"one has {name} = {ours}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]


def train(
    model: InstanceFCN, samples: Sequence[Sample], recipe: Recipe = LESSON, *,
    progress: bool = False, on_step: Callable[[Step], None] | None = None,
    checkpoint: str | Path | None = None, every: int = 500, resume: bool = False,
) -> InstanceFCN:
    """Train a network and return it ready for inference.

    Args:
        model: the network, changed in place.
        samples: images with masks, e.g. a `CocoFolder` or `SceneSet`.
        recipe: every choice.
        progress: show a progress bar with the losses.
        on_step: called after every step with a `Step`.
        checkpoint: file written every `every` steps, at the end, and on Ctrl-C.
        resume: go on from `checkpoint` if that file exists.

    Raises:
        ValueError: no images, or a broken checkpoint.
        FloatingPointError: the loss is no longer finite. The last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, after the step that it came in and a checkpoint.
    """
    run = Run(model, samples, recipe)
    if resume and checkpoint and Path(checkpoint).exists():
        run.resume(checkpoint)
    with interrupts_wait() as interrupted:
        for step in bar(steps(run), run, shown=progress):
            if on_step is not None:
                on_step(step)
            if checkpoint and (step.iteration % every == 0 or interrupted.is_set()):
                run.save(checkpoint)
            if interrupted.is_set():
                raise KeyboardInterrupt
    if checkpoint:
        run.save(checkpoint)
    return model.eval()


def steps(run: Run) -> Iterator[Step]:
    """Take steps until the run is done."""
    while run.progress < 1:
        yield run.step()


def bar(source: Iterator[Step], run: Run, *, shown: bool) -> Iterator[Step]:
    """Pass the steps on, moving a progress bar where there is a terminal."""
    from tqdm import tqdm

    with tqdm(total=100, disable=None if shown else True, leave=False,
              bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}",
              ) as line:
        for step in source:
            text = (f"step {step.iteration}  mask {step.mask:.3f}  "
                    f"objectness {step.objectness:.3f}")
            line.set_postfix_str(text, refresh=False)
            line.update(min(100, int(100 * run.progress)) - line.n)
            yield step


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer; norms and biases are left without weight decay."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay},
              {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum)
    return torch.optim.AdamW(groups, lr=recipe.lr)


def rate(schedule: str, progress: float) -> float:
    """The learning rate as a share of its highest, at a point of the run.

    Example:
        >>> rate("step", 0.5), rate("step", 0.9)
        (1.0, 0.1)
        >>> rate("onecycle", 0.05), rate("onecycle", 0.1), rate("onecycle", 1.0)
        (0.525, 1.0, 0.0)
    """
    if schedule == "step":
        return 1.0 if progress < 0.8 else 0.1
    if progress < 0.1:
        return 0.05 + 9.5 * progress
    return float(np.cos((min(progress, 1.0) - 0.1) / 0.9 * np.pi) + 1) / 2
