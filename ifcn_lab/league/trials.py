"""One row with one seed: train, measure, keep the result; stopped, it goes on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.data.sample_cache import SampleCache
from ifcn_lab.league.figures import measured
from ifcn_lab.league.machine import machine
from ifcn_lab.league.rows import Row, build
from ifcn_lab.models import load, on_device
from ifcn_lab.training import Step, train
from ifcn_lab.training.interrupt import stop_if_alone
from ifcn_lab.training.lock import sole_trainer

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Segmenter

CHECKPOINT_EVERY = 100
"""Steps after which a trial that is killed loses no more."""


@dataclass(frozen=True)
class Trial:
    """A row with a seed, in a folder.

    `workers` processes load images for training, and `progress` shows bars; neither
    changes anything else.

    The folder holds NAME.json once all is measured. Until then NAME/ holds the
    checkpoint, and after training the model.
    """

    row: Row
    seed: int
    out: Path
    device: str = "cpu"
    workers: int = 0
    progress: bool = False

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.row.data.name}-{self.row.name}-seed{self.seed}"

    @property
    def folder(self) -> Path:
        """Where the trained model lies."""
        return self.out / self.name

    @property
    def base(self) -> Trial | None:
        """The trial whose network it stands on."""
        return self.row.on and replace(self, row=self.row.on)

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides the figures, as JSON gives it back."""
        ours = {"seed": self.seed, **self.row.settings}
        return json.loads(json.dumps(ours, default=str))

    def kept(self, path: Path) -> dict[str, Any] | None:
        """What a file of this trial holds, None where there is no file.

        Raises:
            ValueError: the file was made with other settings, or is damaged.
        """
        if not path.is_file():
            return None
        try:
            record = json.loads(path.read_text("utf-8"))
            theirs = record["settings"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error!r}); delete it") from error
        ours = self.settings
        if theirs != ours:
            changed = [name for name in sorted(ours.keys() | theirs.keys())
                       if ours.get(name) != theirs.get(name)]
            raise ValueError(f"{path} was made with other settings "
                             f"({', '.join(changed)}); give another --out, or delete "
                             "it")
        return record

    def keep(self, path: Path, **record: Any) -> dict[str, Any]:
        """Write a file of this trial, whole or not at all; returns what it holds."""
        record = {"settings": self.settings, **record}
        write_whole(path, json.dumps(record, indent=1) + "\n")
        return record

    def result(self) -> dict[str, Any] | None:
        """What was measured, None where nothing was yet.

        Raises:
            ValueError: as `kept`.
        """
        return self.kept(self.out / f"{self.name}.json")


def perform(trial: Trial) -> dict[str, Any]:
    """Train and measure one trial, unless its result is there; returns the result.

    Raises:
        ValueError: no data, or files of other settings in the folder.
        OSError: another process is at it.
        KeyboardInterrupt: Ctrl-C; what was trained is kept and gone on with.
    """
    found = trial.result()
    if found is not None:
        return found
    with sole_trainer(trial.folder / "checkpoint.pt"):
        model, training = trained(trial)
        start = time.perf_counter()
        figures, images = measured(trial, model, training)
        measuring = {"seconds": round(time.perf_counter() - start, 1), "images": images}
    return trial.keep(trial.out / f"{trial.name}.json", figures=figures,
                      training=training, measuring=measuring,
                      date=time.strftime("%Y-%m-%d"), machine=machine(trial.device))


def trained(trial: Trial) -> tuple[Segmenter, dict[str, Any]]:
    """The trained model of a trial, and what training took.

    It is trained only where the folder does not hold it; from the checkpoint on where
    there is one, and after the trial that it stands on.
    """
    told, path = trial.folder / "training.json", trial.folder / "model.safetensors"
    begun = trial.kept(told)
    if begun and "took" in begun and path.is_file():
        return on_device(load(path), trial.device), begun["took"]
    trial.keep(told)                                     # so it says whose it is
    base, before = trained(trial.base) if trial.base else (None, {})
    model = on_device(build(trial.row, trial.seed, base), trial.device)
    took = train_in(trial, model)
    took["with its base"] = took["seconds"] + before.get("with its base", 0)
    model.save(path)
    trial.keep(told, took=took)
    (trial.folder / "checkpoint.pt").unlink(missing_ok=True)
    return model, took


def train_in(trial: Trial, model: Segmenter) -> dict[str, Any]:
    """Train a model with a checkpoint in the trial's folder; returns what it took."""
    samples = SampleCache(trial.row.data.open("train"))
    took = {"images": len(samples), "steps": 0, "seconds": 0.0}

    def watch(step: Step) -> None:
        took.update(steps=step.iteration, seconds=round(step.seconds, 1))
        stop_if_alone()

    train(model, samples, trial.row.recipe.with_(seed=trial.seed), on_step=watch,
          progress=trial.progress, checkpoint=trial.folder / "checkpoint.pt",
          every=CHECKPOINT_EVERY, resume=True, workers=trial.workers)
    return took
