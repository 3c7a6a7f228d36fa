"""Training the classifier: the second of the two steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.backbone import uses_bfloat16
from ifcn_lab.classifier.network import Classifier, ClassScores
from ifcn_lab.classifier.pairs import IGNORED, Matched, Rois, draw_rois
from ifcn_lab.classifier.recipe import QUICK, ClassifierRecipe
from ifcn_lab.datasets import Sample
from ifcn_lab.model import InstanceFCN
from ifcn_lab.proposals.propose import to_tensor
from ifcn_lab.training.checkpoint import load_checkpoint, save_checkpoint
from ifcn_lab.training.interrupt import interrupts_wait
from ifcn_lab.training.optimizer import build_optimizer, rate
from ifcn_lab.training.recipe import Recipe


class ClassifierStep(NamedTuple):
    """What one training step reports; `right` is the share of rois told rightly."""

    iteration: int
    mask_level: float
    box_level: float
    right: float
    lr: float
    seconds: float


class ClassifierRun:
    """One training run: a classifier, its optimizer and how far they have come.

    Args:
        classifier: changed in place.
        model: the trained network that proposes; it is not trained.
        samples: images with masks and categories.
        recipe: every choice.

    Raises:
        ValueError: there is nothing to train on.
    """

    def __init__(
        self, classifier: Classifier, model: InstanceFCN, samples: Sequence[Sample],
        recipe: ClassifierRecipe = QUICK,
    ) -> None:
        if len(samples) == 0:
            raise ValueError("no images to train on: the data set is empty")
        self.classifier, self.samples, self.recipe = classifier, samples, recipe
        self.rois = Matched(model, classifier, samples, recipe)
        self.half = uses_bfloat16(recipe.precision)
        classifier.backbone.requires_grad_(not recipe.frozen)
        solver = Recipe(optimizer=recipe.optimizer, lr=recipe.lr,
                        momentum=recipe.momentum, weight_decay=recipe.weight_decay)
        self.optimizer = build_optimizer(classifier, solver)
        self.iteration, self.seconds = 0, 0.0

    @property
    def progress(self) -> float:
        """The share of the run that is done, by steps or by the clock."""
        done = self.iteration / self.recipe.iterations
        if self.recipe.seconds is not None:
            done = max(done, self.seconds / self.recipe.seconds)
        return done

    def step(self) -> ClassifierStep:
        """Train on one batch of images, their gradients added up one by one."""
        start = time.perf_counter()
        lr = self.recipe.lr * rate(self.recipe.schedule, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        # Batch norms keep the statistics of the trained backbone: one image at a time
        # has none of its own.
        self.classifier.train().backbone.eval()
        self.optimizer.zero_grad(set_to_none=True)
        told = np.mean([self._learn(*one) for one in self.draw_batch()], axis=0)
        nn.utils.clip_grad_norm_(self.classifier.parameters(), 5.0)
        self.optimizer.step()
        self.iteration += 1
        self.seconds += time.perf_counter() - start
        return ClassifierStep(self.iteration, *told.tolist(), lr, self.seconds)

    def draw_batch(self) -> list[tuple[Float[Tensor, "3 h w"], Rois]]:
        """Images and rois of this step; they depend on the seed and the step alone."""
        rng = np.random.default_rng([self.recipe.seed, self.iteration])
        torch.manual_seed(int(rng.integers(2**31)))   # what dropout draws from
        batch = []
        for index in rng.integers(len(self.samples), size=self.recipe.batch).tolist():
            sample = self.samples[index]
            image = to_tensor(sample.image)
            rois = draw_rois(self.rois.of(index, sample), self.recipe, rng)
            if self.recipe.flip and rng.random() < 0.5:
                image, rois = image.flip(-1), rois.mirrored(image.shape[-1])
            batch.append((image, rois))
        return batch

    def _learn(
        self, image: Float[Tensor, "3 h w"], rois: Rois
    ) -> tuple[float, float, float]:
        if len(rois.label) == 0:
            return 0.0, 0.0, 0.0
        device = next(self.classifier.parameters()).device
        image, rois = image.to(device), Rois(*(x.to(device) for x in rois))
        with torch.autocast(device.type, torch.bfloat16, enabled=self.half):
            scores = self.classifier(image, rois.boxes, rois.masks.float())
        scores = ClassScores(*(x.float() for x in scores))
        mask_level, box_level = both_losses(scores, rois)
        total = mask_level + self.recipe.box_weight * box_level
        if not torch.isfinite(total):
            raise FloatingPointError(
                f"the loss is {total.item()} at step {self.iteration}: training has "
                "diverged; lower the learning rate"
            )
        (total / self.recipe.batch).backward()
        right = (scores.mask_level.argmax(1) == rois.label).float().mean()
        return float(mask_level.detach()), float(box_level.detach()), float(right)

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint from which `resume` goes on."""
        return save_checkpoint(path, {
            "config": self.classifier.config, "recipe": self.recipe.as_dict(),
            "model": self.classifier.state_dict(), "iteration": self.iteration,
            "optimizer": self.optimizer.state_dict(), "seconds": self.seconds,
        })

    def resume(self, path: str | Path) -> None:
        """Go on from a checkpoint, with the same batches that would have come.

        Raises:
            ValueError: the checkpoint is broken, or of another classifier.
        """
        state = load_checkpoint(path)
        for name, ours in self.classifier.config.items():
            theirs = state["config"].get(name)
            if ours != theirs:
                raise ValueError(f"{path} holds a classifier with {name} = {theirs}, "
                                 f"this one has {name} = {ours}")
        self.classifier.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]


def both_losses(
    scores: ClassScores, rois: Rois
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The two softmax losses, as means over the rois that their labels speak of.

    Example:
        >>> scores = ClassScores(torch.zeros(2, 4), torch.zeros(2, 4))
        >>> rois = Rois(torch.zeros(2, 4), torch.zeros(2, 2, 2), torch.tensor([1, 0]),
        ...             torch.tensor([-1, 3]))
        >>> [round(float(loss), 3) for loss in both_losses(scores, rois)]
        [1.386, 1.386]
    """
    losses = []
    for logits, label in zip(scores, (rois.label, rois.box_label), strict=True):
        total = F.cross_entropy(logits, label, ignore_index=IGNORED, reduction="sum")
        losses.append(total / (label != IGNORED).sum().clamp(min=1))
    return losses[0], losses[1]


def train_classifier(
    classifier: Classifier, model: InstanceFCN, samples: Sequence[Sample],
    recipe: ClassifierRecipe = QUICK, *, progress: bool = False,
    on_step: Callable[[ClassifierStep], None] | None = None,
    checkpoint: str | Path | None = None, every: int = 500, resume: bool = False,
) -> Classifier:
    """Train a classifier on a network's proposals and return it ready for inference.

    Args:
        classifier: changed in place; `Classifier.beside(model, samples.categories)`
            makes a fresh one.
        model: the trained network that proposes; it stays as it is.
        samples: images with masks and categories.
        recipe: every choice; `QUICK` or `MNC`, with `with_` for steps, seconds, seed.
        progress: show a progress bar.
        on_step: called after every step with a `ClassifierStep`.
        checkpoint: file written every `every` steps, at the end, and on Ctrl-C.
        resume: go on from `checkpoint` if that file exists.

    Raises:
        ValueError: no images, an object of an unknown category, a broken checkpoint.
        FloatingPointError: the loss is no longer finite. The last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, after the step that it came in and a checkpoint.

    Source: Dai et al., ECCV 2016, instance semantic segmentation (N = 300, trained in
    a second step); MNC, stage 3.
    """
    run = ClassifierRun(classifier, model, samples, recipe)
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
    return classifier.eval()


def steps(run: ClassifierRun) -> Iterator[ClassifierStep]:
    """Take steps until the run is done."""
    while run.progress < 1:
        yield run.step()


def bar(
    source: Iterator[ClassifierStep], run: ClassifierRun, *, shown: bool
) -> Iterator[ClassifierStep]:
    """Pass the steps on, moving a progress bar where there is a terminal."""
    from tqdm import tqdm

    with tqdm(total=100, disable=None if shown else True, leave=False,
              bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}",
              ) as line:
        for step in source:
            text = f"step {step.iteration}  loss {step.mask_level:.3f}"
            line.set_postfix_str(text, refresh=False)
            line.update(min(100, int(100 * run.progress)) - line.n)
            yield step
