"""Training the classifier: the second of the two steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ifcn_lab.classifier.network import Classifier
from ifcn_lab.classifier.recipe import QUICK, ClassifierRecipe
from ifcn_lab.classifier.run import ClassifierRun, ClassifierStep
from ifcn_lab.datasets import Sample
from ifcn_lab.model import InstanceFCN
from ifcn_lab.training.interrupt import interrupts_wait
from ifcn_lab.training.loop import begin, keep, steps
from ifcn_lab.training.processes import LostProcess


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
    begin(run, checkpoint, resume)
    with interrupts_wait() as interrupted:
        try:
            for step in bar(steps(run), run, shown=progress and run.group.first):
                if on_step is not None and run.group.first:
                    on_step(step)
                stop = run.agree(interrupted.is_set())
                if stop or step.iteration % every == 0:
                    keep(run, checkpoint, must=stop)
                if stop:
                    raise KeyboardInterrupt
        except LostProcess:
            keep(run, checkpoint)
            raise
    keep(run, checkpoint, must=True)
    return classifier.eval()


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
