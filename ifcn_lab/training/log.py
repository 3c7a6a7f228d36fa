"""The log of a run: one line a step, each step once."""

from __future__ import annotations

import csv
import sys
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ifcn_lab.atomic_write import write_whole

if TYPE_CHECKING:
    from ifcn_lab.training.run import Step


class Log(AbstractContextManager):
    """A CSV file that grows by a line a step, whatever befalls the run.

    A killed run has logged steps that its checkpoint does not hold. On resuming they
    come again, so their lines are cut off first. A full disk does not end the run: the
    lines wait in memory until the disk takes them.

    Args:
        path: the file.
        keep: lines of steps up to this one stay; 0 begins anew.

    Raises:
        OSError: the file cannot be opened.

    Example:
        >>> import tempfile
        >>> from ifcn_lab.training import Step
        >>> path = Path(tempfile.mkdtemp()) / "log.csv"
        >>> with Log(path) as log:
        ...     for step in (1, 2, 3):
        ...         log.write(Step(step, {"mask": 0.5}, 0.1, 2.0))
        >>> Log(path, keep=2).close()
        >>> path.read_text().split()
        ['step,mask,lr,seconds', '1,0.5,0.1,2.0', '2,0.5,0.1,2.0']
    """

    def __init__(self, path: str | Path, keep: int = 0) -> None:
        self.path, self._told = Path(path), False
        cut_back(self.path, keep)
        # What a full disk does not take waits in the file's buffer of a megabyte.
        self._file = open(self.path, "a", 2**20, encoding="utf-8")  # noqa: SIM115
        self._begun = self.path.stat().st_size > 0

    def write(self, step: Step) -> None:
        """Add the line of a step, and those that had to wait; first of all the header.
        """
        lines = csv.writer(self._file, lineterminator="\n")
        if not self._begun:
            lines.writerow(["step", *step.losses, "lr", "seconds"])
        lines.writerow([step.iteration, *step.losses.values(), step.lr, step.seconds])
        self._begun = True
        try:
            self._file.flush()
        except OSError as error:
            if not self._told:
                tell(f"{self.path}: cannot be written ({error.strerror}); training "
                     "goes on, and its lines wait")
            self._told = True

    def close(self) -> None:
        """Close the file; lines that still wait for a full disk are lost."""
        with suppress(OSError):
            self._file.close()

    def __exit__(self, *error: object) -> None:
        self.close()


def cut_back(path: Path, step: int) -> None:
    """Keep the header and steps 1 ... `step` of a log, and no line that was cut."""
    if not path.exists():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if step and line.endswith(b"\n")
            and (line.startswith(b"step,") or line.split(b",")[0].isdigit()
                 and int(line.split(b",")[0]) <= step)]
    if len(kept) < len(lines):
        write_whole(path, b"".join(kept))


def tell(sentence: str) -> None:
    """Say something on the error stream, which may lie on a full disk itself."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)
