"""The training loop: step after step, with checkpoints, until the run is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ifcn_lab.data import Sample
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training.batches import lost_workers_told
from ifcn_lab.training.interrupt import interrupts_wait
from ifcn_lab.training.lock import sole_trainer
from ifcn_lab.training.log import tell
from ifcn_lab.training.processes import LostProcess
from ifcn_lab.training.recipe import LESSON, Recipe
from ifcn_lab.training.run import Run, Step


def train(
    model: Segmenter, samples: Sequence[Sample], recipe: Recipe = LESSON, *,
    progress: bool = False, on_step: Callable[[Step], None] | None = None,
    checkpoint: str | Path | None = None, every: int = 500, resume: bool = False,
    workers: int = 0, notes: Mapping[str, Any] | None = None,
) -> Segmenter:
    """Train a model, whichever it is, and return it ready for inference.

    Where torch.distributed is initialised, all of its processes call this with the
    same arguments, and the first one reports and writes.

    Args:
        model: changed in place.
        samples: images with masks, e.g. a `CocoFolder` or `SceneSet`.
        recipe: every choice.
        progress: show a progress bar with the losses.
        on_step: called after every step with a `Step`, in the first process.
        checkpoint: file written every `every` steps, at the end, on Ctrl-C or SIGTERM,
            when another process is lost, and at the start where there is none yet. One
            that cannot be written is told and tried again; at the end it is an error.
        resume: go on from `checkpoint` if that file exists. A longer recipe than
            before extends the run.
        workers: processes that make batches ahead of time. The batches are the same
            for any number; 0: made when needed, in this process.
        notes: kept in the checkpoint for whoever goes on, plain enough for JSON.

    Raises:
        ValueError: no images, a broken checkpoint, or too many unreadable images.
        OSError: the last checkpoint cannot be written, or another process is training
            there.
        FloatingPointError: the loss is no longer finite. The last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, after the step that it came in and a checkpoint.
        LostProcess: another process is gone, after a checkpoint.
    """
    run = Run(model, samples, recipe, workers=workers, notes=notes)
    with (sole_trainer(checkpoint if run.group.first else None),
          interrupts_wait() as interrupted, closing(run), lost_workers_told()):
        begin(run, checkpoint, resume)
        try:
            for step in steps(run, shown=progress and run.group.first):
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
    return model.eval()


def begin(run: Run, checkpoint: str | Path | None, resume: bool) -> None:
    """Go on from the checkpoint, or begin with the same weights everywhere.

    Raises:
        ValueError: the checkpoint is broken or of another network.
        OSError: no checkpoint can be written there.
    """
    if run.group.share(bool(checkpoint) and Path(checkpoint).exists()):
        if resume:
            run.resume(checkpoint)
            return keep(run, checkpoint)  # with the length that it has now
    else:
        keep(run, checkpoint, must=True)  # says before the work if the disk takes none
    run.align()


def keep(run: Run, checkpoint: str | Path | None, *, must: bool = False) -> None:
    """Write a checkpoint in the first process; tell where it fails, unless it must.

    Raises:
        OSError: it must be written and cannot be.
    """
    if not checkpoint or not run.group.first:
        return
    try:
        run.save(checkpoint)
    except OSError as error:
        if must:
            raise
        tell(f"{error}. Training goes on.")


def steps(run: Run, *, shown: bool) -> Iterator[Step]:
    """Take steps until the run is done; a bar is shown where there is a terminal."""
    from tqdm import tqdm

    with tqdm(total=100, disable=None if shown else True, leave=False,
              bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}",
              ) as line:
        while run.progress < 1:
            step = run.step()
            told = "  ".join(f"{n} {loss:.3f}" for n, loss in step.losses.items())
            text = f"step {step.iteration}  {told}"
            line.set_postfix_str(text, refresh=False)
            line.update(min(100, int(100 * run.progress)) - line.n)
            yield step
