"""Many processes that train one network: who they are, and what they tell each other.

Each process holds the whole network. In every step each takes its share of the batches,
and the gradients of all are added up, so that all weights stay the same everywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributed, nn


class LostProcess(ConnectionError):
    """Another process of the run was killed, failed, or does not answer."""


class Place(NamedTuple):
    """Which process this is: its number, how many there are, its number on its machine.

    `address` and `port` are where the first process listens.
    """

    rank: int
    size: int
    local: int
    address: str
    port: int


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
        gradients = [gradient_of(p) for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        with losses_told():
            distributed.all_reduce(flat)
        for gradient, pooled in zip(gradients, flat.split(
                [gradient.numel() for gradient in gradients]), strict=True):
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

    def gather(self, thing: Any) -> list[Any]:
        """What each process has, in the order of their numbers.

        Raises:
            LostProcess: another process is gone.
        """
        if self.size == 1:
            return [thing]
        box: list[Any] = [None] * self.size
        with losses_told():
            distributed.all_gather_object(box, thing)
        return box


def gradient_of(parameter: nn.Parameter) -> Tensor:
    """The gradient of a parameter; zeros where nothing has reached it."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


@contextmanager
def losses_told() -> Iterator[None]:
    """Turn torch's errors about a connection into one sentence for a person.

    Raises:
        LostProcess: another process is gone or does not answer.
    """
    try:
        yield
    except RuntimeError as error:
        raise LostProcess(
            f"process {distributed.get_rank()} lost contact with another process of "
            f"the run: it was killed, failed, or did not answer in time ({why(error)})."
            " Go on from the checkpoint with --resume"
        ) from error


def why(error: RuntimeError) -> str:
    """The reason in torch's message, without where in its source it arose.

    >>> why(RuntimeError("[/gloo/pair.cc:537] Connection reset by peer. This is"))
    'Connection reset by peer'
    """
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"^(\[\S+:\d+\]\s*)+", "", first).partition(". ")[0][:200]


@contextmanager
def joined(device: str = "cpu", timeout: float = 600.0) -> Iterator[Group]:
    """Join the processes that torchrun or srun started; alone if neither did.

    They talk through nccl where `device` is a GPU, else through gloo.

    Args:
        device: "cpu" or "cuda".
        timeout: seconds to wait for a process that does not answer. One that was
            killed is noticed at once on CPU, as its connection closes.

    Raises:
        ValueError: the variables of torchrun or SLURM make no sense.
        LostProcess: the others did not come in time.
    """
    place = find_place(os.environ)
    if place is None:
        yield Group()
        return
    enter(place, device, timeout)
    try:
        yield Group.current()
    finally:
        distributed.destroy_process_group()


def enter(place: Place, device: str, timeout: float) -> None:
    """Meet the other processes.

    Raises:
        LostProcess: they did not come in time.
    """
    backend = "gloo"
    if device.startswith("cuda"):
        backend = "nccl"
        torch.cuda.set_device(place.local % max(1, torch.cuda.device_count()))
    at = f"tcp://{place.address}:{place.port}"
    method = {"init_method": "env://"} if "TORCHELASTIC_RUN_ID" in os.environ else {
        "init_method": at, "rank": place.rank, "world_size": place.size}
    try:
        distributed.init_process_group(backend, timeout=timedelta(seconds=timeout),
                                       **method)
    except RuntimeError as error:
        raise LostProcess(
            f"process {place.rank} of {place.size} did not meet the others at "
            f"{place.address}:{place.port} within {timeout:.0f} seconds "
            f"({why(error)}); are all of them started, and is "
            "MASTER_ADDR a machine that they reach?"
        ) from error


def find_place(variables: Mapping[str, str]) -> Place | None:
    """Which process of how many this is, by torchrun's or SLURM's variables.

    Under SLURM the first machine of the step's list is where the first process
    listens, on a port that follows from the job's number; MASTER_ADDR and MASTER_PORT
    go before. A shell inside an allocation, without srun, is no step and is alone.

    Returns:
        None where one process was started by itself.

    Raises:
        ValueError: a variable is missing or no number.

    Example:
        >>> find_place({"SLURM_STEP_ID": "0", "SLURM_PROCID": "3", "SLURM_NTASKS": "8",
        ...     "SLURM_LOCALID": "1", "SLURM_JOB_ID": "70001",
        ...     "SLURM_JOB_NODELIST": "gpu[03-06,9]"})
        Place(rank=3, size=8, local=1, address='gpu03', port=25001)
    """
    if "RANK" in variables and "WORLD_SIZE" in variables:
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    elif "SLURM_STEP_ID" in variables and "SLURM_PROCID" in variables:
        size = "SLURM_STEP_NUM_TASKS"
        names = ("SLURM_PROCID", size if size in variables else "SLURM_NTASKS",
                 "SLURM_LOCALID")
    else:
        return None
    rank, size, local = (number(variables, name) for name in names)
    if size == 1:
        return None
    if not 0 <= rank < size:
        raise ValueError(f"{names[0]} is {rank}, but {names[1]} is {size}; processes "
                         "are numbered from 0")
    return Place(rank, size, local, address(variables), port(variables))


def number(variables: Mapping[str, str], name: str) -> int:
    """A whole number from the environment; LOCAL_RANK may be left out.

    Raises:
        ValueError: it is missing or no number.
    """
    text = variables.get(name, "0" if "LOCAL" in name else "")
    if not text.isdecimal():
        raise ValueError(f"the variable {name} is {text!r}, a whole number is needed: "
                         "start with torchrun or srun, which set it")
    return int(text)


def address(variables: Mapping[str, str]) -> str:
    """The machine of the first process.

    Raises:
        ValueError: nothing names it.

    Example:
        >>> address({"SLURM_JOB_NODELIST": "a[2,4-7]-ib,b1"})
        'a2-ib'
    """
    if "MASTER_ADDR" in variables:
        return variables["MASTER_ADDR"]
    nodes = variables.get("SLURM_STEP_NODELIST") or variables.get("SLURM_JOB_NODELIST")
    if not nodes:
        raise ValueError("nothing says where the first process runs: set MASTER_ADDR "
                         "to its machine, and MASTER_PORT to a free port")
    first = re.match(r"(?:[^,\[]|\[[^\]]*\])+", nodes)[0]
    return re.sub(r"\[(\w+)[^\]]*\]", r"\1", first)


def port(variables: Mapping[str, str]) -> int:
    """The port of the first process: MASTER_PORT, or one that follows from the job."""
    if "MASTER_PORT" in variables:
        return number(variables, "MASTER_PORT")
    return 15_000 + int(variables.get("SLURM_JOB_ID", "14500")) % 20_000
