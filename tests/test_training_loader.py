"""Worker processes make the batches that one process makes, and no memory grows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch
from commands_cases import SMALL, write_folder
from PIL import Image
from training_cases import QUICK, SCENES, network, one_thread, same_weights, samples

from ifcn_lab.data import Sample
from ifcn_lab.data.pictures import read_image
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.training import LESSON, Run, example_of, load_checkpoint, train
from ifcn_lab.training.batches import Batch, Batches, spare_cores, stream

ROOT = Path(__file__).parent.parent
STATUS = Path("/proc/self/status")
__all__ = ["one_thread", "samples"]  # fixtures


def source(samples: Sequence[Sample], **changes: object) -> Batches:
    return Batches(samples, QUICK.with_(**changes), network())


def same(ours: Batch, theirs: Batch) -> bool:
    pairs = zip(ours.examples, theirs.examples, strict=True)
    return ours.unreadable == theirs.unreadable and all(
        torch.equal(a, b) for one, two in pairs
        for a, b in zip((one.image, *one.targets), (two.image, *two.targets),
                        strict=True))


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Checking an argument reads one of its samples, and some cannot be read here."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    yield


# The same batches


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_batches(
    samples: SceneSet, workers: int
) -> None:
    batches, numbers = source(samples, photometric=0.5), [0, 2]
    made = islice(stream(batches, 5, numbers, workers), 10)
    places = [(step, number) for step in range(5, 10) for number in numbers]
    for one, place in zip(made, places, strict=True):
        assert same(one, batches[place])


def test_a_batch_is_drawn_as_it_always_was(samples: SceneSet) -> None:
    """By one generator from seed and step; recorded runs depend on it."""
    rng = np.random.default_rng([QUICK.seed, 3])
    drawn = rng.integers(len(samples), size=QUICK.batch)
    slow = [example_of(network(), samples[int(i)], QUICK, rng) for i in drawn]
    assert same(source(samples)[3, 0], Batch(slow, []))
    assert not same(source(samples)[3, 1], Batch(slow, []))


def test_workers_change_nothing_about_a_run(samples: SceneSet, tmp_path: Path) -> None:
    """Nor when it is resumed: batches that were made ahead are forgotten."""
    path = tmp_path / "checkpoint.pt"
    alone = train(network(), samples, QUICK)
    helped = train(network(), samples, QUICK, workers=2)
    assert same_weights(alone, helped)

    run = Run(network(), samples, QUICK, workers=2)
    for _ in range(2):
        run.step()
    run.save(path)
    run.step()
    run.resume(path)
    for _ in range(4):
        run.step()
    run.close()
    assert same_weights(alone, run.model)


def test_spare_cores_leave_one_for_the_training(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    assert spare_cores() == max(0, min(4, cores - 1))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(cores))
    assert spare_cores() == 0


def test_a_negative_number_of_workers_is_refused(samples: SceneSet) -> None:
    with pytest.raises(ValueError, match="0 or more, got -1"):
        next(stream(source(samples), 0, [0], -1))


# Memory


class Files(Sequence):
    """Five thousand tiny pictures, read from a few files, each with one object."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for i in range(20):
            image = np.random.default_rng(i).integers(0, 256, (24, 32, 3), np.uint8)
            Image.fromarray(image).save(folder / f"{i}.png")

    def __len__(self) -> int:
        return 5000

    def __getitem__(self, index: int) -> Sample:
        image = read_image(self.folder / f"{index % 20}.png")
        masks = np.zeros((1, 24, 32), bool)
        masks[0, 4:20, 5:21] = True
        return Sample(image, masks, np.zeros((24, 32), bool), (index,), (1,),
                      str(index), index)


def resident() -> dict[int, float]:
    """Megabytes in memory, of this process and its children."""
    tree = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True,
                          text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in tree.splitlines()]
    return {pid: kilobytes / 1024 for pid, parent, kilobytes in rows
            if os.getpid() in (pid, parent)}


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
@pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc and ps")
def test_memory_stays_flat_over_an_epoch_of_five_thousand_images(
    tmp_path: Path,
) -> None:
    batches = source(Files(tmp_path), batch=20, crop=16)
    others = resident().keys() - {os.getpid()}  # another test's browser, say
    seen: list[float] = []
    for made in islice(stream(batches, 0, [0], workers=2), 250):
        assert len(made.examples) == 20
        now = {} if len(seen) % 5 else resident()
        seen.append(sum(now[pid] for pid in now.keys() - others) or seen[-1])
    second, last = np.median(seen[50:100]), np.median(seen[200:])
    assert abs(last - second) < 4, f"{second:.0f} MB became {last:.0f} MB"


# Images that cannot be read


class Holed(SceneSet):
    """Scenes, some of which cannot be read."""

    def __init__(self, n: int, holes: set[int]) -> None:
        super().__init__(n, **SCENES)
        self.holes = holes

    def __getitem__(self, index: int) -> Sample:
        if index in self.holes:
            raise ValueError(f"{index}.png: cannot be read as a picture (cut short)")
        return super().__getitem__(index)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_image_is_named_and_the_next_takes_its_place(
    workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    holed, whole = Holed(4, {2}), SceneSet(4, **SCENES)
    filled = [whole[0], whole[1], whole[3], whole[3]]
    recipe = QUICK.with_(iterations=8)
    ours = train(network(), holed, recipe, workers=workers)
    told = capsys.readouterr().err.splitlines()
    assert told == ["skipped 1 unreadable image: 2.png (cannot be read as a picture "
                    "(cut short))"]
    assert same_weights(ours, train(network(), filled, recipe))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_data_set_with_many_unreadable_images_ends_the_run(
    workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    says = r"[45] of 30 images cannot be read, more than a tenth .* the first: \d+\.png"
    with pytest.raises(ValueError, match=says):
        train(network(), Holed(30, {0, 5, 10, 15, 20}), QUICK.with_(iterations=100),
              workers=workers)
    assert "skipped 3 unreadable images: " in capsys.readouterr().err


@pytest.mark.usefixtures("unchecked")
def test_a_data_set_without_one_readable_image_ends_the_run() -> None:
    with pytest.raises(ValueError, match="2 of 2 images cannot be read"):
        train(network(), Holed(2, {0, 1}), QUICK)


class Lethal(SceneSet):
    """Scenes; a worker that reads the last one is killed."""

    def __getitem__(self, index: int) -> Sample:
        if index == len(self) - 1 and torch.utils.data.get_worker_info():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_worker_is_told_to_a_person() -> None:
    with pytest.raises(ChildProcessError, match="a process that loads images ended"):
        train(network(), Lethal(3, **SCENES), LESSON.with_(seconds=None, crop=48),
              workers=1)


# Stopped and killed


def start(out: Path, *more: str) -> subprocess.Popen[str]:
    """A training run with two workers, in a process group of its own."""
    command = [sys.executable, "-m", "ifcn_lab", "train", "--out", str(out), *more,
               "--workers", "2"]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True,
                            stdout=subprocess.DEVNULL, start_new_session=True,
                            env=os.environ | {"OMP_NUM_THREADS": "1"})


def workers_of(process: subprocess.Popen[str], log: Path, steps: int) -> list[int]:
    """The workers of a run that has come so far."""
    for _ in range(12_000):
        if log.exists() and len(log.read_text().splitlines()) > steps:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            return [int(pid) for pid in children.read_text().split()]
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise TimeoutError(f"no {steps} steps in ten minutes")


def alive(pid: int) -> bool:
    """Whether a process runs: it exists, and is no zombie that nobody has buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_end(pids: list[int], seconds: float = 300) -> bool:
    for _ in range(int(20 * seconds)):
        if not any(map(alive, pids)):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc")
def test_workers_are_quiet_at_ctrl_c_and_die_with_the_run(tmp_path: Path) -> None:
    out, data = tmp_path / "run", write_folder(tmp_path / "data")
    log = out / "log.csv"
    process = start(out, "--annotations", str(data), "--iterations", "100000", *SMALL)
    workers = workers_of(process, log, 2)
    assert len(workers) == 2
    os.killpg(process.pid, signal.SIGINT)             # as a terminal does
    _, told = process.communicate(timeout=600)
    assert process.returncode == 130 and "Traceback" not in told, told
    assert all_end(workers)
    done = load_checkpoint(out / "checkpoint.pt")["iteration"]
    assert done == len(log.read_text().splitlines()) - 1  # a header

    process = start(out, "--resume")
    workers = workers_of(process, log, done + 1)
    process.kill()
    process.communicate(timeout=600)
    assert len(workers) == 2 and all_end(workers)
