"""One run of training the classifier, step by step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.classifier.pairs import IGNORED, Matched, Rois, draw_rois
from ifcn_lab.classifier.recipe import QUICK, ClassifierRecipe
from ifcn_lab.data import Sample
from ifcn_lab.layers.backbones import uses_bfloat16
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import Classifier, ClassScores
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.training.batches import Batches
from ifcn_lab.training.checkpoint import load_checkpoint
from ifcn_lab.training.optimizer import build_optimizer
from ifcn_lab.training.processes import Group
from ifcn_lab.training.recipe import Recipe
from ifcn_lab.training.run import Run, shared_out


class ClassifierStep(NamedTuple):
    """What one training step reports; `right` is the share of rois told rightly."""

    iteration: int
    mask_level: float
    box_level: float
    right: float
    lr: float
    seconds: float


class ClassifierRun(Run):
    """One training run: a classifier, its optimizer and how far they have come.

    Where torch.distributed is initialised, each process takes its share of a step's
    images. Checkpoints, unreadable images and lost processes are as in `Run`.

    Args:
        classifier: changed in place; `model` of the run.
        proposer: the trained network that proposes; it is not trained.
        samples: images with masks and categories.
        recipe: every choice.

    Raises:
        ValueError: there is nothing to train on, or more processes than images a step.
    """

    def __init__(
        self, classifier: Classifier, proposer: InstanceFCN, samples: Sequence[Sample],
        recipe: ClassifierRecipe = QUICK,
    ) -> None:
        if len(samples) == 0:
            raise ValueError("no images to train on: the data set is empty")
        self.model, self.samples, self.recipe = classifier, samples, recipe
        self.group = Group.current()
        self.numbers = shared_out(recipe.batch, self.group)
        self.rois = Matched(proposer, classifier, recipe)
        self.half = uses_bfloat16(recipe.precision)
        classifier.backbone.requires_grad_(not recipe.frozen)
        classifier.backbone.to(memory_format=torch.channels_last)
        solver = Recipe(optimizer=recipe.optimizer, lr=recipe.lr,
                        momentum=recipe.momentum, weight_decay=recipe.weight_decay)
        self.optimizer = build_optimizer(classifier, solver)
        self.batches = Batches(samples, solver, stride=proposer.stride, m=proposer.m)
        self.unreadable: dict[int, str] = {}
        self.iteration, self.seconds = 0, 0.0

    def step(self) -> ClassifierStep:
        """Train on the images of one step, their gradients added up one by one.

        Raises:
            FloatingPointError: the loss is no longer finite.
            ValueError, OSError: the data cannot be used.
            LostProcess: another process is gone; this run is as before the step.
        """
        start = time.perf_counter()
        lr = self._set_rate()
        # Batch norms keep the statistics of the trained backbone: one image at a time
        # has none of its own.
        self.model.train().backbone.eval()
        self.optimizer.zero_grad(set_to_none=True)
        told = [self._learn(*one) for one in self.draw_batch()]
        mask_level, box_level, right = self.group.total(*map(sum, zip(*told,
                                                                      strict=True)))
        self._check(mask_level + box_level)
        self._move()
        self.iteration += 1
        self.seconds += time.perf_counter() - start
        return ClassifierStep(self.iteration, mask_level, box_level, right, lr,
                              self.seconds)

    def draw_batch(self) -> list[tuple[Float[Tensor, "3 h w"], Rois]]:
        """This process's images of the coming step, and the rois drawn in each.

        They depend on the seed and the step alone, and on the share of the process.
        """
        torch.manual_seed(self.recipe.seed + self.iteration)   # dropout draws from it
        unreadable: list[tuple[int, str]] = []
        batch = [self._draw(number, unreadable) for number in self.numbers]
        self._note(unreadable)
        return batch

    def _draw(
        self, number: int, unreadable: list[tuple[int, str]]
    ) -> tuple[Float[Tensor, "3 h w"], Rois]:
        rng = np.random.default_rng([self.recipe.seed, self.iteration, number])
        sample = self.batches.read(int(rng.integers(len(self.samples))), unreadable)
        image = to_tensor(sample.image)
        rois = draw_rois(self.rois.of(sample), self.recipe, rng)
        if self.recipe.flip and rng.random() < 0.5:
            return image.flip(-1), rois.mirrored(image.shape[-1])
        return image, rois

    def _learn(
        self, image: Float[Tensor, "3 h w"], rois: Rois
    ) -> tuple[float, float, float]:
        """Add one image's part of the gradient; its parts of both losses and `right`.

        An image without rois has none.
        """
        if len(rois.label) == 0:
            return 0.0, 0.0, 0.0
        device = next(self.model.parameters()).device
        image, rois = image.to(device), Rois(*(x.to(device) for x in rois))
        with torch.autocast(device.type, torch.bfloat16, enabled=self.half):
            scores = self.model(image, rois.boxes, rois.masks.float())
        scores = ClassScores(*(x.float() for x in scores))
        mask_level, box_level = both_losses(scores, rois)
        share = 1 / self.recipe.batch
        (share * (mask_level + self.recipe.box_weight * box_level)).backward()
        right = (scores.mask_level.argmax(1) == rois.label).float().mean()
        parts = torch.stack([mask_level, box_level, right]).detach() * share
        return tuple(parts.tolist())

    def _move(self) -> None:
        """Pool the gradients of all processes and move the weights."""
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.group.pool(trained)
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(trained, self.recipe.clip)
        self.optimizer.step()

    def close(self) -> None:
        """Nothing to end: images are read in this process."""

    def resume(self, path: str | Path) -> None:
        """Go on from a checkpoint, with the same images that would have come.

        Raises:
            ValueError: the checkpoint is broken, or of another classifier.
        """
        state = self.group.share(load_checkpoint(path) if self.group.first else None)
        for name, ours in self.model.config.items():
            theirs = state["config"].get(name)
            if ours != theirs:
                raise ValueError(f"{path} holds a classifier with {name} = {theirs}, "
                                 f"this one has {name} = {ours}")
        self.model.load_state_dict(state["model"])
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
