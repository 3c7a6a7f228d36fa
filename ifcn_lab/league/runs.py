"""One row with one seed: train, measure, keep the result; stopped, it goes on."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.league.machine import machine
from ifcn_lab.league.rows import Row, build

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Segmenter
    from ifcn_lab.training import Step

TRAINED = "model.safetensors"
CHECKPOINT_EVERY = 100
"""Steps after which a run that is killed loses no more."""

Measuring = Callable[..., tuple[dict[str, float], int]]


@dataclass(frozen=True)
class Run:
    """A row with a seed, in a folder.

    `workers` processes load images for training; they change nothing else.

    The folder holds NAME.json once all is measured. Until then NAME/ holds the
    checkpoint, and after training the model.
    """

    row: Row
    seed: int
    out: Path
    device: str = "cpu"
    workers: int = 0

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.row.data.name}-{self.row.name}-seed{self.seed}"

    @property
    def folder(self) -> Path:
        """Where the trained model lies."""
        return self.out / self.name

    @property
    def base(self) -> Run | None:
        """The run whose network it stands on."""
        return self.row.on and replace(self, row=self.row.on)

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides the figures, as JSON gives it back."""
        ours = {"seed": self.seed, **self.row.settings}
        return json.loads(json.dumps(ours, default=str))

    def result(self) -> dict[str, Any] | None:
        """What was measured, None where nothing was yet.

        Raises:
            ValueError: the file was made with other settings, or is damaged.
        """
        return kept(self.out / f"{self.name}.json", self.settings)


def perform(
    run: Run, *, progress: bool = False, measure: Measuring | None = None
) -> dict[str, Any]:
    """Train and measure one run, unless its result is there; returns the result.

    Args:
        run: which.
        progress: show bars.
        measure: gives the figures and the number of images; None: `measured`.

    Raises:
        ValueError: no data, or files of other settings in the folder.
        OSError: another process is at it.
        KeyboardInterrupt: Ctrl-C; what was trained is kept and gone on with.
    """
    from ifcn_lab.training.lock import sole_trainer

    found = run.result()
    if found is not None:
        return found
    with sole_trainer(run.folder / "checkpoint.pt"):
        model, training = trained(run, progress=progress)
        start = time.perf_counter()
        figures, images = (measure or measured)(run, model, progress=progress)
        measuring = round(time.perf_counter() - start, 1)
    record = {"settings": run.settings, "figures": figures, "training": training,
              "measuring": {"seconds": measuring, "images": images},
              "date": time.strftime("%Y-%m-%d"), "machine": machine(run.device)}
    write(run.out / f"{run.name}.json", record)
    return record


def trained(run: Run, *, progress: bool = False) -> tuple[Segmenter, dict[str, Any]]:
    """The trained model of a run and how long training took.

    It is trained only where the folder does not hold it; from the checkpoint on where
    there is one, and after the run that it stands on.
    """
    from ifcn_lab.models import load

    folder = run.folder
    done = kept(folder / "training.json", run.settings)
    if done is not None and (folder / TRAINED).is_file():
        return on_device(load(folder / TRAINED), run.device), done["took"]
    if kept(folder / "settings.json", run.settings) is None:  # else it says whose it is
        write(folder / "settings.json", {"settings": run.settings})
    base = trained(run.base, progress=progress)[0] if run.base else None
    fresh = on_device(build(run.row, run.seed, base), run.device)
    took = train_in(folder, fresh, run, progress=progress)
    fresh.save(folder / TRAINED)
    write(folder / "training.json", {"settings": run.settings, "took": took})
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    return fresh, took


def on_device(model: Segmenter, device: str) -> Segmenter:
    """The model on that device.

    Raises:
        ValueError: there is no such device here.
    """
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        reason = str(error).splitlines()[0]
        raise ValueError(f"no device {device!r} here ({reason}); try --device cpu") \
            from error


def train_in(
    folder: Path, model: Segmenter, run: Run, *, progress: bool
) -> dict[str, Any]:
    """Train a model, keeping a checkpoint in the folder; returns steps, seconds."""
    from ifcn_lab.data.sample_cache import SampleCache
    from ifcn_lab.training import train

    samples = SampleCache(run.row.data.open("train"))
    last: list[Step] = []

    def watch(step: Step) -> None:
        last[:] = [step]
        stop_if_alone()

    train(model, samples, run.row.recipe.with_(seed=run.seed), progress=progress,
          on_step=watch, every=CHECKPOINT_EVERY, checkpoint=folder / "checkpoint.pt",
          resume=True, workers=run.workers)
    steps = {"steps": last[0].iteration, "seconds": round(last[0].seconds, 1)} \
        if last else {}
    return {"images": len(samples)} | steps


def measured(
    run: Run, model: Segmenter, *, progress: bool = False
) -> tuple[dict[str, float], int]:
    """The figures of a trained model in percent, and on how many images.

    AR@N of every model; AP and mAP^r within categories of one that tells kinds apart.

    Raises:
        ValueError: the validation images hold no object.
    """
    from tqdm import tqdm

    from ifcn_lab.metrics import CocoPrecision, Precision, Recall

    recall, named = Recall(), model.classes is not None
    kinds = (CocoPrecision(by_category=True), Precision(by_category=True))
    hidden = None if progress else True  # None: a bar where there is a terminal
    for sample in tqdm(run.row.data.validation(), unit="image", leave=False,
                       disable=hidden):
        stop_if_alone()
        found = model.detect([sample.image], **run.row.detect)[0]
        for measure in (recall, *kinds) if named else (recall,):
            measure.add(found, sample)
    report = recall.result()
    if report.objects["all"] == 0:
        raise ValueError(f"the {report.images} validation images hold no object, so "
                         "there is nothing to find")
    figures = {f"AR@{n}": report[n] for n in report.ns}
    if named:
        coco, cut = (measure.result() for measure in kinds)
        figures |= {"AP": coco.at(), **{f"mAP^r@{t:g}": cut[t] for t in cut.thresholds}}
    return {n: round(100 * value, 2) for n, value in figures.items()}, report.images


def stop_if_alone() -> None:
    """Stop where the process that began this one is gone, as after kill -9.

    Otherwise two processes would train the same run once it is begun again.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise KeyboardInterrupt


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
    write_whole(path, json.dumps(record, indent=1, default=str) + "\n")
