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
def test_an_image_no_process_can_read_is_named_once_a_run(found: Found) -> None:
    says = "skipped 1 unreadable image: three.png (cannot be read as a picture"
    assert says in "".join(found.told)
    assert max(told.count(says) for told in found.told) <= 3    # there were three runs


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
