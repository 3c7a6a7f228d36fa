"""Killed at random, a full disk, a run made longer: what was trained is not lost."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from commands_cases import SMALL, write_folder
from training_cases import QUICK, network, one_thread, same_weights, samples

from ifcn_lab.__main__ import main
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import Step, load_checkpoint, save_checkpoint, train
from ifcn_lab.training.log import Log

__all__ = ["one_thread", "samples"]  # fixtures
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
STEPS, KILLS = 24, (0, 3, 6, 11, 14)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data"))


def options(out: Path, data: Path, *more: str) -> list[str]:
    return ["train", "--out", str(out), "--annotations", str(data), "--workers", "0",
            *SMALL, *more]


def steps_logged(out: Path) -> list[int]:
    if not (out / "log.csv").exists():
        return []
    rows = (out / "log.csv").read_text().splitlines()[1:]
    return [int(row.split(",")[0]) for row in rows]


# Killed


def in_a_process(arguments: list[str], limit: int | None = None) -> int:
    """Run a command in a process of its own; its exit status."""
    process = started(arguments, limit)
    process.join()
    return process.exitcode


def started(arguments: list[str], limit: int | None = None) -> Any:
    process = multiprocessing.get_context("fork").Process(
        target=run_limited, args=(arguments, limit))
    process.start()
    return process


def killed_at(arguments: list[str], out: Path, step: int, delay: float) -> None:
    """Run a command and kill it, so long after the log has come to that step."""
    process = started(arguments)
    while len(steps_logged(out)) < step:
        time.sleep(0.001)
        assert process.is_alive()
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def run_limited(arguments: list[str], limit: int | None) -> None:
    """Run a command that may not write files longer than `limit` bytes."""
    if limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    raise SystemExit(main(arguments))


@FORK
@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_as_if_it_had_not_been(
    data: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    few = ["--iterations", str(STEPS), "--every", "2"]
    assert in_a_process(options(whole, data, *few)) == 0
    begin, chance = options(killed, data, *few), random.Random(0)
    go_on = ["train", "--out", str(killed), "--resume", "--workers", "0"]
    for step in KILLS:
        resumable = (killed / "checkpoint.pt").exists()
        killed_at(go_on if resumable else begin, killed, step, chance.uniform(0, 0.05))
    assert in_a_process(go_on) == 0
    assert steps_logged(killed) == list(range(1, STEPS + 1))
    one, two = (InstanceFCN.load(run / "model.safetensors") for run in (whole, killed))
    assert same_weights(one, two)


def test_a_log_is_cut_back_to_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    head = "step,mask,lr,seconds\n1,0.5,0.1,1.0\n2,0.4,0.1,2.0\n"
    path.write_text(head + "3,0.3,0.1,3.0\n4,0.")
    with Log(path, keep=2) as log:
        log.write(a_step(3))
    assert path.read_text() == head + "3,0.5,0.1,2.0\n"


# A full disk


@FORK
def test_on_a_full_disk_the_run_goes_on_and_its_checkpoint_stays_whole(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The limit is the system's own: no file longer than that can be written."""
    out = tmp_path / "run"
    assert main(options(out, data, "--iterations", "2")) == 0
    whole = (out / "checkpoint.pt").read_bytes()
    go_on = ["train", "--out", str(out), "--resume", "--workers", "0",
             "--iterations", "6", "--every", "2"]
    assert in_a_process(go_on, limit=len(whole) // 2) == 2
    told = capfd.readouterr().err
    assert told.count("checkpoint.pt: the checkpoint could not be written (") == 4
    assert "the one before it is whole; make room on the disk" in told
    assert "Training goes on." in told and "Traceback" not in told
    assert (out / "checkpoint.pt").read_bytes() == whole   # so of two steps, no more
    assert not [*out.glob(".checkpoint.pt.*")]
    assert main(go_on) == 0
    assert steps_logged(out) == [1, 2, 3, 4, 5, 6]


@FORK
def test_a_run_that_can_write_nothing_says_so_before_it_begins(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert in_a_process(options(out, data, "--iterations", "2"), limit=5000) == 2
    told = capfd.readouterr().err
    assert "could not be written (" in told and "Traceback" not in told
    assert steps_logged(out) == []


def a_step(number: int) -> Step:
    return Step(number, {"mask": 0.5}, 0.1, 2.0)


def write_rows(path: Path, room: int) -> None:
    """Log a hundred steps where only `room` bytes may be written, then all may."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    log = Log(path)
    for step in range(1, 101):
        log.write(a_step(step))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    log.write(a_step(101))
    log.close()


@FORK
def test_lines_that_a_full_disk_did_not_take_are_written_later(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.csv"
    process = multiprocessing.get_context("fork").Process(
        target=write_rows, args=(path, 133))
    process.start()
    process.join()
    assert process.exitcode == 0
    header, *rows = path.read_text().splitlines()
    assert header == "step,mask,lr,seconds"
    assert rows == [f"{step},0.5,0.1,2.0" for step in range(1, 102)]
    assert capfd.readouterr().err.startswith(f"{path}: cannot be written (File too")


# Longer than planned


def test_a_longer_recipe_extends_a_run_and_its_schedule(
    samples: SceneSet, tmp_path: Path
) -> None:
    path, rates = tmp_path / "checkpoint.pt", {}
    recipe = QUICK.with_(iterations=4, schedule="step", optimizer="sgd")
    train(network(), samples, recipe, checkpoint=path)
    longer = recipe.with_(iterations=10)
    train(network(), samples, longer, checkpoint=path, resume=True,
          on_step=lambda step: rates.update({step.iteration: step.lr / recipe.lr}))
    assert rates == pytest.approx({5: 1, 6: 1, 7: 1, 8: 1, 9: 0.1, 10: 0.1})
    assert load_checkpoint(path)["iteration"] == 10


def test_resume_takes_a_new_length_and_keeps_it(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(options(out, data, "--iterations", "2")) == 0
    resume = ["train", "--out", str(out), "--resume", "--workers", "0"]
    assert main([*resume, "--iterations", "3"]) == 0
    assert main(resume) == 0                          # nothing left to do
    assert load_checkpoint(out / "checkpoint.pt")["iteration"] == 3
    assert main([*resume, "--minutes", "0.0001"]) == 0
    kept = load_checkpoint(out / "checkpoint.pt")["notes"]
    assert (kept["iterations"], kept["minutes"]) == (None, 0.0001)
    assert steps_logged(out) == [1, 2, 3]


@pytest.mark.parametrize(
    ("option", "says"),
    [("--model FCN", "--model None, not FCN"), ("--crop 32", "--crop 48, not 32"),
     ("--recipe paper", "--recipe None, not paper"), ("--seed 1", "--seed None, not 1"),
     ("--scale-tolerance 0.2", "--scale-tolerance None, not 0.2"),
     ("--turn", "--turn False, not True"), ("--dataset scenes", "--dataset None, not")],
)
def test_an_option_that_contradicts_the_resumed_run_is_refused(
    option: str, says: str, data: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    save_checkpoint(out / "checkpoint.pt", {
        "config": {}, "recipe": {}, "model": {}, "optimizer": {}, "iteration": 0,
        "seconds": 0.0, "notes": {"turn": False, "crop": 48}})
    assert main(["train", "--out", str(out), "--resume", *option.split()]) == 2
    told = capsys.readouterr().err
    assert f"was begun with {says}" in told and "leave --" in told


def test_options_that_say_the_same_may_be_repeated(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    again = options(out, data, "--iterations", "1", "--seed", "3")
    assert main(again) == 0
    assert main([*again, "--resume", "--precision", "bfloat16"]) == 0


def test_a_new_run_puts_an_old_checkpoint_aside(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(options(out, data, "--iterations", "2")) == 0
    assert main(options(out, data, "--iterations", "1")) == 0
    assert load_checkpoint(out / "checkpoint.before.pt")["iteration"] == 2
    assert load_checkpoint(out / "checkpoint.pt")["iteration"] == 1
    assert steps_logged(out) == [1]


def test_sigterm_is_taken_like_ctrl_c(samples: SceneSet, tmp_path: Path) -> None:
    """It is what torchrun and SLURM send before they kill."""
    path = tmp_path / "checkpoint.pt"
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        train(network(), samples, QUICK, checkpoint=path,
              on_step=lambda step: signal.raise_signal(signal.SIGTERM))
    assert load_checkpoint(path)["iteration"] == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_checkpoint_is_there_from_the_start(
    samples: SceneSet, tmp_path: Path
) -> None:
    path, found = tmp_path / "checkpoint.pt", []
    train(network(), samples, QUICK.with_(iterations=1), checkpoint=path,
          on_step=lambda step: found.append(load_checkpoint(path)))
    fresh = network().state_dict()
    assert found[0]["iteration"] == 0
    assert all(torch.equal(found[0]["model"][name], fresh[name]) for name in fresh)
