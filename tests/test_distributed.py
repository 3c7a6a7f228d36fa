"""Several processes train one network as one process does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import pytest
import torch
from distributed_cases import (
    BROKEN,
    RECIPE,
    Mixed,
    all_of_it,
    free_port,
    network,
    resumed_run,
    start_all,
)
from training_cases import one_thread

from ifcn_lab.training import Group, LostProcess, Run, joined, load_checkpoint
from ifcn_lab.training.processes import Place, find_place
from ifcn_lab.training.run import shared_out

PROCESSES = pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL and gloo")
__all__ = ["one_thread"]  # a fixture


class Found:
    """What one process and each of two found, and where their checkpoints lie."""

    def __init__(self, folder: Path) -> None:
        self.one, self.two = folder / "one", folder / "two"
        for place in (self.one, self.two):
            place.mkdir()
        torch.set_num_threads(1)
        self.alone = all_of_it(self.one, Group())
        shutil.copy(self.one / "half.pt", self.two / "theirs.pt")
        running = start_all(self.two, 2)
        self.told = [process.communicate(timeout=600)[1] for process in running]
        assert [process.returncode for process in running] == [0, 0], self.told
        self.first, self.second = (
            torch.load(self.two / f"found_{rank}.pt") for rank in range(2))


@pytest.fixture(scope="module", autouse=True)
def unchecked() -> Iterator[None]:
    """Checking an argument reads one of its samples, and one cannot be read here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jaxtyping.config, "jaxtyping_disable", True)
        yield


@pytest.fixture(scope="module")
def found(
    unchecked: None, tmp_path_factory: pytest.TempPathFactory
) -> Found:
    return Found(tmp_path_factory.mktemp("processes"))


def close(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Equal up to the order in which float32 numbers were added."""
    return ours.keys() == theirs.keys() and all(
        torch.allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-6) for name in ours)


@PROCESSES
def test_two_processes_have_the_gradients_of_one(found: Found) -> None:
    assert close(found.alone["gradients"], found.first["gradients"])
    assert found.first["losses"] == pytest.approx(found.alone["losses"], rel=1e-6)
    biggest = max(g.abs().max() for g in found.alone["gradients"].values())
    assert biggest > 0.01                             # else the tolerance would be all


@PROCESSES
def test_both_processes_end_with_the_same_weights(found: Found) -> None:
    for name in ("gradients", "whole", "resumed"):
        ours, theirs = found.first[name], found.second[name]
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@PROCESSES
def test_two_processes_end_where_one_does(found: Found) -> None:
    assert close(found.alone["whole"], found.first["whole"])


@PROCESSES
def test_one_process_goes_on_where_two_were_stopped(found: Found) -> None:
    assert load_checkpoint(found.two / "half.pt")["iteration"] == 3
    assert close(resumed_run(found.two / "half.pt"), found.alone["whole"])


@PROCESSES
def test_two_processes_go_on_where_one_was_stopped(found: Found) -> None:
    assert close(found.first["resumed"], found.alone["whole"])


@PROCESSES
def test_one_that_wants_to_stop_stops_all(found: Found) -> None:
    assert (found.first["stop"], found.second["stop"]) == (True, True)


@PROCESSES
def test_an_image_no_process_can_read_is_named_once_by_the_first(found: Found) -> None:
    says = "skipped 1 unreadable image: three.png (cannot be read as a picture"
    assert says in found.told[0] and "skipped" not in found.told[1]
    assert found.told[0].count(says) <= 3             # one a run, and there were three


def test_the_batches_of_a_step_hold_different_numbers_of_masks() -> None:
    """So that a mean over processes of their means would be another number."""
    run = Run(network(0), Mixed(), RECIPE)
    counts = []
    for iteration in range(6):
        made = [run.batches[iteration, number] for number in range(3)]
        counts.append({sum(len(e.targets.target) for e in batch.examples)
                       for batch in made})
    assert any(len(several) > 1 for several in counts)
    assert any(at == BROKEN for i in range(6) for n in range(3)
               for at, _ in run.batches[i, n].unreadable)


def test_batches_are_shared_out_without_loss() -> None:
    for batches in range(1, 12):
        for size in range(1, batches + 1):
            shares = [shared_out(batches, Group(rank, size)) for rank in range(size)]
            assert sorted(sum(shares, [])) == list(range(batches))
            assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_more_processes_than_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="9 processes share 8 .* set accumulate to 9"):
        shared_out(8, Group(0, 9))


# Who is who


def test_torchruns_variables_are_understood() -> None:
    given = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "a",
             "MASTER_PORT": "77"}
    assert find_place(given) == Place(3, 4, 1, "a", 77)
    assert find_place(given | {"RANK": "0", "WORLD_SIZE": "1"}) is None
    assert find_place({}) is None


STEP = {"SLURM_STEP_ID": "0", "SLURM_PROCID": "5", "SLURM_NTASKS": "16",
        "SLURM_STEP_NUM_TASKS": "8", "SLURM_LOCALID": "1", "SLURM_JOB_ID": "1234567",
        "SLURM_JOB_NODELIST": "gpu[07-09,11],login"}


def test_slurms_variables_are_understood() -> None:
    assert find_place(STEP) == Place(5, 8, 1, "gpu07", 15_000 + 1234567 % 20_000)
    assert find_place(STEP | {"SLURM_STEP_NODELIST": "big3,big4"}).address == "big3"
    assert find_place(STEP | {"MASTER_ADDR": "here", "MASTER_PORT": "9"})[3:] == (
        "here", 9)


def test_a_shell_inside_an_allocation_is_alone() -> None:
    """sbatch sets the numbers too, but starts no other process."""
    shell = {name: text for name, text in STEP.items() if "STEP" not in name}
    assert find_place(shell) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [({"SLURM_PROCID": "x"}, "SLURM_PROCID is 'x', a whole number"),
     ({"SLURM_PROCID": "8"}, "SLURM_PROCID is 8, but SLURM_STEP_NUM_TASKS is 8"),
     ({"SLURM_JOB_NODELIST": ""}, "set MASTER_ADDR")],
)
def test_variables_that_make_no_sense_are_named(change: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find_place(STEP | change)


@PROCESSES
def test_waiting_for_processes_that_do_not_come_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
                       "MASTER_PORT": str(free_port())}.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(LostProcess, match="did not meet the others at 127"), \
            joined(timeout=1):
        pass
