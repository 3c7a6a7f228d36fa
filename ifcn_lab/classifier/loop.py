"""Training the classifier: the second of the two steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ifcn_lab.classifier.recipe import QUICK, ClassifierRecipe
from ifcn_lab.classifier.run import ClassifierRun, ClassifierStep
from ifcn_lab.data import Sample
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import Classifier
from ifcn_lab.training.loop import carry_out


def train_classifier(
    classifier: Classifier, model: InstanceFCN, samples: Sequence[Sample],
    recipe: ClassifierRecipe = QUICK, *, progress: bool = False,
    on_step: Callable[[ClassifierStep], None] | None = None,
    checkpoint: str | Path | None = None, every: int = 500, resume: bool = False,
) -> Classifier:
    """Train a classifier on a network's proposals and return it ready for inference.

    Where torch.distributed is initialised, all processes call this alike, as `train`.

    Args:
        classifier: changed in place; `Classifier.beside(model, samples.categories)`
            makes a fresh one.
        model: the trained network that proposes; it stays as it is.
        samples: images with masks and categories.
        recipe: every choice; `QUICK` or `MNC`, with `with_` for steps, seconds, seed.
        progress: show a progress bar.
        on_step: called after every step with a `ClassifierStep`, in the first process.
        checkpoint: file written every `every` steps, at the end, on Ctrl-C or SIGTERM,
            and when another process is lost.
        resume: go on from `checkpoint` if that file exists.

    Raises:
        ValueError: no images, an object of an unknown category, a broken checkpoint, or
            too many unreadable images.
        OSError: the last checkpoint cannot be written.
        FloatingPointError: the loss is no longer finite. The last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, after the step that it came in and a checkpoint.
        LostProcess: another process is gone, after a checkpoint.

    Source: Dai et al., ECCV 2016, instance semantic segmentation (N = 300, trained in
    a second step); MNC, stage 3.
    """
    run = ClassifierRun(classifier, model, samples, recipe)
    carry_out(run, lambda step: f"loss {step.mask_level:.3f}", progress=progress,
              on_step=on_step, checkpoint=checkpoint, every=every, resume=resume)
    return classifier.eval()
