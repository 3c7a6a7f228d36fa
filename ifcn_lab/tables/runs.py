"""One row with one seed: train, measure, keep the result; stopped, it goes on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifcn_lab.tables.alone import stop_if_alone
from ifcn_lab.tables.machine import machine
from ifcn_lab.tables.rows import Row, build
from ifcn_lab.tables.settings import Setting

if TYPE_CHECKING:
    from ifcn_lab.data import Sample
    from ifcn_lab.model import InstanceFCN
    from ifcn_lab.training.loop import Step

TRAINED = "model.safetensors"
CHECKPOINT_EVERY = 100
"""Steps after which a run that is killed loses no more."""


@dataclass(frozen=True)
class Data:
    """Which data set, where it lies, and the lists of images where there are any."""

    name: str
    root: Path | None = None
    train_list: Path | None = None
    val_list: Path | None = None

    def open(self, split: str) -> Sequence[Sample]:
        """The samples of "train" or "val"; scenes show their shapes as categories.

        Raises:
            ValueError: what `open_dataset` refuses.
        """
        from ifcn_lab.data.catalogue import SCENES, open_dataset
        from ifcn_lab.data.scenes import SceneSet

        if self.name == "scenes":
            return SceneSet(*SCENES[split], by_shape=True)
        names = {"train": self.train_list, "val": self.val_list}[split]
        return open_dataset(self.name, self.root, split, names=names)


@dataclass(frozen=True)
class Run:
    """A row with a seed, on a data set, in a folder.

    `workers` processes load images for training; they change nothing else.

    The folder holds NAME.json once all is measured. Until then NAME/ holds the
    checkpoint, and after training the network.
    """

    row: Row
    seed: int
    data: Data
    setting: Setting
    out: Path
    device: str = "cpu"
    workers: int = 0

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.data.name}-{self.row.name}-seed{self.seed}"

    @property
    def folder(self) -> Path:
        """Where what is trained for this run lies."""
        return self.out / self.name

    @property
    def network_folder(self) -> Path:
        """Where the trained network lies; rows that train the same one share it."""
        return self.out / f"{self.data.name}-{self.row.network}-seed{self.seed}"

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides the figures, as JSON gives it back."""
        ours = {"row": self.row._asdict(), "seed": self.seed, "dataset": self.data.name}
        ours["row"].pop("key")          # the same network may stand in several tables
        ours |= self.setting.as_dict(self.row.view, self.row.task)
        return json.loads(json.dumps(ours, default=str))

    def result(self) -> dict[str, Any] | None:
        """What was measured, None where nothing was yet.

        Raises:
            ValueError: the file was made with other settings, or is damaged.
        """
        return kept(self.out / f"{self.name}.json", self.settings)

    @cached_property
    def validation(self) -> Sequence[Sample]:
        """The images that are measured on."""
        from ifcn_lab.tables.part import Part

        every = self.data.open("val")
        count = min(len(every), self.setting.first or len(every))
        return Part(every, range(0, count, self.setting.every))


def perform(run: Run, *, progress: bool = False) -> dict[str, Any]:
    """Train and measure one run, unless its result is there; returns the result.

    Raises:
        ValueError: no data, or files of other settings in the folder.
        KeyboardInterrupt: Ctrl-C; what was trained is kept and gone on with.
    """
    found = run.result()
    if found is not None:
        return found
    model, training = trained(run, progress=progress)
    start = time.perf_counter()
    figures = measured(run, model, progress=progress)
    measuring = round(time.perf_counter() - start, 1)
    record = {"settings": run.settings, "figures": figures, "training": training,
              "measuring": {"seconds": measuring, "images": len(run.validation)},
              "date": time.strftime("%Y-%m-%d"), "machine": machine(run.device)}
    write(run.out / f"{run.name}.json", record)
    return record


def trained(run: Run, *, progress: bool = False) -> tuple[InstanceFCN, dict[str, Any]]:
    """The trained network of a run and how long training took.

    It is trained only where the folder does not hold it; from the checkpoint on where
    there is one.
    """
    from ifcn_lab.cli.options import on_device

    folder, row = run.network_folder, run.row._replace(task="propose")
    settings = Run(row, run.seed, run.data, run.setting, run.out).settings
    done = kept(folder / "training.json", settings)
    fresh = on_device(build(run.row, run.setting, run.seed), run.device)
    if done is not None and (folder / TRAINED).is_file():
        return on_device(type(fresh).load(folder / TRAINED), run.device), done["took"]
    claim(folder, settings)
    took = train_in(folder, fresh, run, progress=progress)
    fresh.save(folder / TRAINED)
    write(folder / "training.json", {"settings": settings, "took": took})
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    return fresh, took


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """Note in the folder what is trained there.

    Raises:
        ValueError: something else is trained there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kept(folder / "settings.json", settings) is None:
        write(folder / "settings.json", {"settings": settings})


def train_in(
    folder: Path, model: InstanceFCN, run: Run, *, progress: bool
) -> dict[str, Any]:
    """Train a network, keeping a checkpoint in the folder; returns steps, seconds."""
    from ifcn_lab.data.kept import Kept
    from ifcn_lab.training import train

    samples = Kept(run.data.open("train"))
    recipe = run.setting.recipe(run.row.view, run.seed)
    last: list[Step] = []

    def watch(step: Step) -> None:
        last[:] = [step]
        stop_if_alone()

    train(model, samples, recipe, progress=progress, on_step=watch,
          every=CHECKPOINT_EVERY, checkpoint=folder / "checkpoint.pt", resume=True,
          workers=run.workers)
    steps = {"steps": last[0].iteration, "seconds": round(last[0].seconds, 1)} \
        if last else {}
    return {"images": len(samples)} | steps


def measured(
    run: Run, model: InstanceFCN, *, progress: bool = False
) -> dict[str, float]:
    """The figures of a run in percent, by the names of the table's columns."""
    from ifcn_lab.tables.measuring import MEASURES

    figures = MEASURES[run.row.task](run, model, progress=progress)
    return {name: round(100 * value, 2) for name, value in figures.items()}


def kept(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """What a file of these settings holds, None where there is no file.

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
    if theirs != settings:
        changed = [name for name in sorted(settings.keys() | theirs.keys())
                   if settings.get(name) != theirs.get(name)]
        raise ValueError(f"{path} was made with other settings ({', '.join(changed)}); "
                         "give another --out, or delete it")
    return record


def write(path: Path, record: dict[str, Any]) -> None:
    """Write JSON so that the file is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(record, indent=1, default=str) + "\n", "utf-8")
    os.replace(partial, path)
