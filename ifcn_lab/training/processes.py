"""Many processes that train one network: who they are, and what they tell each other.

Each process holds the whole network. In every step each takes its share of the batches,
and the gradients of all are added up, so that all weights stay the same everywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import distributed, nn


class LostProcess(ConnectionError):
    """Another process of the run was killed, failed, or does not answer.

    What was trained since the last checkpoint is lost with it.
    """


class Group:
    """The processes of a run, as one of them sees them. Alone, every call is nothing.

    Args:
        rank: number of this process; 0 is the first, which writes and shows.
        size: how many there are.
        device: where tensors lie that travel between them.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: str = "cpu") -> None:
        self.rank, self.size, self.device = rank, size, device

    @classmethod
    def current(cls) -> Group:
        """The group that this process has joined, or itself alone.

        Example:
            >>> Group.current().size
            1
        """
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        return cls(distributed.get_rank(), distributed.get_world_size(), device)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def total(self, *numbers: float) -> list[float]:
        """The sums of these numbers over all processes.

        Raises:
            LostProcess: another process is gone.

        Example:
            >>> Group().total(2, 0.5)
            [2.0, 0.5]
        """
        if self.size == 1:
            return [float(number) for number in numbers]
        sums = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        with losses_told():
            distributed.all_reduce(sums)
            return sums.tolist()

    def pool(self, parameters: Sequence[nn.Parameter]) -> None:
        """Add up the gradients of all processes, in every one of them.

        Raises:
            LostProcess: another process is gone. The gradients are then of no use.
        """
        if self.size == 1:
            return
        for p in parameters:
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
        gradients = [p.grad for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        with losses_told():
            distributed.all_reduce(flat)
        pieces = flat.split([gradient.numel() for gradient in gradients])
        for gradient, pooled in zip(gradients, pieces, strict=True):
            gradient.copy_(pooled.view_as(gradient))

    def share(self, thing: Any) -> Any:
        """What the first process has, in every process.

        Raises:
            LostProcess: another process is gone.
        """
        if self.size == 1:
            return thing
        box = [thing if self.first else None]
        with losses_told():
            distributed.broadcast_object_list(box, device=torch.device(self.device))
        return box[0]


@contextmanager
def losses_told(
    what: str = "lost contact with another process of the run: it was killed, failed, "
    "or did not answer in time; go on from the checkpoint with --resume"
) -> Iterator[None]:
    """Turn torch's errors about a connection into one sentence for a person.

    Raises:
        LostProcess: another process is gone or does not answer.
    """
    try:
        yield
    except RuntimeError as error:
        # The reason in torch's message, without where in its source it arose.
        first = str(error).partition("\n")[0]
        reason = re.sub(r"^(\[\S+:\d+\]\s*)+", "", first).partition(". ")[0][:200]
        raise LostProcess(
            f"process {os.environ.get('RANK')} {what} ({reason})") from error


@contextmanager
def joined(device: str = "cpu", timeout: float = 600.0) -> Iterator[Group]:
    """Join the processes that torchrun started; alone if it did not.

    They talk through nccl where `device` is a GPU, else through gloo. On a cluster
    torchrun is started once on each machine; guide/own_data.md has a file for SLURM.

    Args:
        device: "cpu" or "cuda".
        timeout: seconds to wait for a process that does not answer. One that was
            killed is noticed at once on CPU, as its connection closes.

    Raises:
        ValueError: a variable of torchrun's is missing or no number.
        LostProcess: the others did not come in time.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        yield Group()
        return
    backend = "gloo"
    if device.startswith("cuda"):
        backend, local = "nccl", int(os.environ.get("LOCAL_RANK", "0"))
        torch.cuda.set_device(local % max(1, torch.cuda.device_count()))
    with losses_told(f"did not meet the others at {os.environ.get('MASTER_ADDR')}; are "
                     "all of them started, and do they reach that machine?"):
        distributed.init_process_group(backend, timeout=timedelta(seconds=timeout))
    try:
        yield Group.current()
    finally:
        distributed.destroy_process_group()
