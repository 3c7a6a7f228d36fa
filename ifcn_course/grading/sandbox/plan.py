"""What a submission's process may use: places, memory, disk, processes, time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The bounds of one process.

    Args:
        home: its folder, the only one to write to.
        given: a folder of files that are copied into it at the start.
        hide: what must not be read where there are no walls.
        memory: bytes, of one process and of all of them.
        disk: bytes that it may write.
        seconds: of processor time, of one process.
        processes: processes and threads at a time.
        walls: whether bubblewrap stands around it.
        folder: where the notebook lies in its home.
    """

    home: str
    given: str
    hide: tuple[str, ...] = ()
    memory: int = 4 * 2**30
    disk: int = 256 * 2**20
    seconds: int = 600
    processes: int = 64
    walls: bool = True
    folder: str = "."
