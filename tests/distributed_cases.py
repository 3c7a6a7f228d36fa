"""What one of two processes does in the tests of training with several processes.

    python tests/distributed_cases.py FOLDER

takes its place from RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ifcn_lab.data import Sample
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, Group, Run, joined, train

ROOT = Path(__file__).parent.parent
BROKEN = 3
RECIPE = LESSON.with_(
    iterations=6, seconds=None, batch=1, accumulate=3, crop=48, clip=None,
    precision="float32", optimizer="sgd", lr=0.004, schedule="step",
)


class Mixed(Sequence):
    """Ten pictures: scenes, some without objects, and one that cannot be read."""

    def __init__(self) -> None:
        self.scenes = SceneSet(10, size=(64, 64), objects=(2, 3), sizes=(14, 34))

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Sample:
        if index == BROKEN:
            raise ValueError("three.png: cannot be read as a picture (cut short)")
        sample = self.scenes[index]
        if index % 2:
            return sample._replace(masks=np.zeros((0, 64, 64), bool), ids=(),
                                   categories=())
        return sample


def network(seed: int) -> InstanceFCN:
    torch.manual_seed(seed)
    return InstanceFCN(2, 7, "small", windows=16)


def parameters(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What is trained; the statistics of batch norms are each process's own."""
    return {name: p.detach().clone() for name, p in net.named_parameters()}


def one_step(group: Group) -> dict[str, Any]:
    """The losses and the pooled gradient of the first step."""
    run = Run(network(0), Mixed(), RECIPE)
    step = run.step()
    stop = run.agree(group.rank == group.size - 1)       # only the last one wants to
    gradients = {name: p.grad.clone() for name, p in run.model.named_parameters()}
    return {"losses": step.losses, "gradients": gradients,
            "stop": stop}


def whole_run(folder: Path) -> dict[str, Any]:
    """Six steps; the checkpoint after the third is put aside as half.pt."""
    path = folder / "checkpoint.pt"

    def put_aside(step: Any) -> None:
        if step.iteration == 4:
            shutil.copy(path, folder / "half.pt")

    # Processes begin with different weights; those of the first one count.
    net = train(network(Group.current().rank), Mixed(), RECIPE, checkpoint=path,
                every=3, on_step=put_aside)
    return parameters(net)


def resumed_run(checkpoint: Path) -> dict[str, Any]:
    """The rest of the steps, on from a copy of a checkpoint."""
    path = checkpoint.with_name(f"going_on_{checkpoint.name}")
    if Group.current().first:
        shutil.copy(checkpoint, path)
    return parameters(train(network(9), Mixed(), RECIPE, checkpoint=path, resume=True))


def all_of_it(folder: Path, group: Group) -> dict[str, Any]:
    """Everything the tests compare."""
    found = one_step(group) | {"whole": whole_run(folder)}
    theirs = folder / "theirs.pt"
    if group.share(theirs.exists()):
        found["resumed"] = resumed_run(theirs)
    return found


def free_port() -> int:
    """One below those that the system lends, so that nobody is lent it meanwhile."""
    for port in range(10_000 + os.getpid() % 20_000, 32_768):
        with socket.socket() as listening, suppress(OSError):
            listening.bind(("127.0.0.1", port))
            return port
    raise OSError("no port from 10000 to 32767 is free")


def start_all(folder: Path, size: int) -> list[subprocess.Popen[str]]:
    """Start so many processes, each with its number."""
    port, running = str(free_port()), []
    for rank in range(size):
        place = {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_PORT": port,
                 "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
        running.append(subprocess.Popen(
            [sys.executable, __file__, str(folder)], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | place | {"PYTHONPATH": str(ROOT)},
        ))
    return running


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with joined("cpu", timeout=600) as group:
        found = all_of_it(folder, group)
        torch.save(found, folder / f"found_{group.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
