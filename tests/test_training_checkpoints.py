"""A run that was stopped, interrupted or killed goes on as if it had not been."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from training_cases import QUICK, SCENES, network, one_thread, same_weights, samples

from ifcn_lab.data import Sample
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.training import (
    RECIPES,
    Recipe,
    Run,
    Step,
    load_checkpoint,
    save_checkpoint,
    train,
)
from ifcn_lab.training.interrupt import interrupts_wait
from ifcn_lab.training.lock import sole_trainer

__all__ = ["one_thread", "samples"]  # fixtures


class Cut(Exception):
    """What stops a run in the middle."""


def stop_after(n: int) -> Callable[[Step], None]:
    def on_step(step: Step) -> None:
        if step.iteration == n:
            raise Cut

    return on_step


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    samples: SceneSet, tmp_path: Path, optimizer: str
) -> None:
    recipe = QUICK.with_(optimizer=optimizer, photometric=0.5)
    whole = train(network(), samples, recipe)
    path = tmp_path / "run" / "checkpoint.pt"
    with pytest.raises(Cut):
        train(network(), samples, recipe, checkpoint=path, every=2,
              on_step=stop_after(5))
    assert load_checkpoint(path)["iteration"] == 4
    steps = []
    resumed = train(network(seed=9), samples, recipe, checkpoint=path, resume=True,
                    on_step=steps.append)
    assert [step.iteration for step in steps] == [5, 6]
    assert same_weights(whole, resumed)


class InterruptsOnce(SceneSet):
    """Scenes; while the third step draws its batch, somebody presses Ctrl-C."""

    armed = False

    def arm(self, step: Step) -> None:
        self.armed = step.iteration == 2

    def __getitem__(self, index: int) -> Sample:
        if self.armed:
            self.armed = False
            signal.raise_signal(signal.SIGINT)
        return super().__getitem__(index)


def test_ctrl_c_ends_the_step_writes_the_checkpoint_and_loses_nothing(
    samples: SceneSet, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.pt"
    before = signal.getsignal(signal.SIGINT)
    scenes = InterruptsOnce(4, **SCENES)
    with pytest.raises(KeyboardInterrupt):
        train(network(), scenes, QUICK, checkpoint=path, on_step=scenes.arm)
    assert signal.getsignal(signal.SIGINT) is before
    assert load_checkpoint(path)["iteration"] == 3
    resumed = train(network(seed=9), samples, QUICK, checkpoint=path, resume=True)
    assert same_weights(resumed, train(network(), samples, QUICK))


def test_a_second_ctrl_c_does_not_wait() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts_wait() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert interrupted.is_set()
        signal.raise_signal(signal.SIGINT)


def test_a_loss_that_is_not_finite_is_an_error_and_the_checkpoint_stays(
    samples: SceneSet, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.pt"
    train(network(), samples, QUICK.with_(iterations=1), checkpoint=path)
    good = path.read_bytes()
    wild = QUICK.with_(optimizer="sgd", lr=1e30, schedule="step")
    with pytest.raises(FloatingPointError, match=r"diverged; lower the learning rate"):
        train(network(), samples, wild, checkpoint=path)
    assert path.read_bytes() == good


def test_a_relative_trains_and_resumes(samples: SceneSet, tmp_path: Path) -> None:
    recipe = QUICK.with_(iterations=2)
    path = tmp_path / "checkpoint.pt"
    first = train(DeepMask(7, "small"), samples, recipe, checkpoint=path)
    again = train(DeepMask(7, "small"), samples, recipe, checkpoint=path,
                  resume=True)
    assert same_weights(first, again)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_comes_back_from_a_checkpoint(
    samples: SceneSet, name: str, tmp_path: Path
) -> None:
    recipe = RECIPES[name].with_(seed=7, seconds=None)
    Run(network(), samples, recipe).save(tmp_path / "c.pt")
    kept = load_checkpoint(tmp_path / "c.pt")["recipe"]
    assert Recipe(**kept) == recipe


def test_a_checkpoint_of_another_network_is_refused(
    samples: SceneSet, tmp_path: Path
) -> None:
    path = Run(network(k=2), samples, QUICK).save(tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"k = 2, this one has k = 3"):
        Run(network(k=3), samples, QUICK).resume(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_checkpoint_is_named(
    samples: SceneSet, tmp_path: Path, share: float
) -> None:
    path = Run(network(), samples, QUICK).save(tmp_path / "cut.pt")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"cut\.pt is truncated or no checkpoint"):
        load_checkpoint(path)


def test_a_missing_and_a_foreign_checkpoint_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.pt"):
        load_checkpoint(tmp_path / "none.pt")
    torch.save({"weights": 1}, tmp_path / "foreign.pt")
    with pytest.raises(ValueError, match=r"foreign\.pt is not a checkpoint"):
        load_checkpoint(tmp_path / "foreign.pt")


def save_for_ever(path: Path) -> None:
    """Write one checkpoint after another; a whole one holds one number throughout."""
    for number in range(10**9):
        tensors = {"tensor": torch.full((400_000,), number)}
        save_checkpoint(path, {"config": {}, "recipe": {}, "model": tensors,
                               "optimizer": {}, "iteration": number, "seconds": 0.0})


def half_written(folder: Path) -> list[Path]:
    return [*folder.glob(".checkpoint.pt.*/checkpoint.pt")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_process_killed_while_saving_leaves_a_whole_checkpoint(
    tmp_path: Path,
) -> None:
    path, cut_short = tmp_path / "checkpoint.pt", 0
    for delay in np.linspace(0, 0.001, 8):
        process = multiprocessing.get_context("fork").Process(
            target=save_for_ever, args=(path,)
        )
        process.start()
        while not (path.exists() and half_written(tmp_path)):
            time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        cut_short += len(half_written(tmp_path))
        state = load_checkpoint(path)
        assert (state["model"]["tensor"] == state["iteration"]).all()
        with sole_trainer(path):                     # who comes next sweeps it away
            assert half_written(tmp_path) == []
    assert cut_short > 0, "no kill met a half-written file; the test shows nothing"
