"""Grade a class: every submission alone, several at a time, kept as they end."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from ifcn_course.assignment.key import Key
from ifcn_course.grading.likeness import prints
from ifcn_course.grading.marking import Allowance, Notebook, mark, nothing
from ifcn_course.grading.notebooks import assignment_of, code_cells
from ifcn_course.grading.process import Stopped
from ifcn_course.grading.results import Result
from ifcn_course.grading.safe_text import clean
from ifcn_course.grading.sandbox.bubblewrap import readable
from ifcn_course.grading.sandbox.plan import Plan
from ifcn_course.grading.submissions import Submission, Taken, take

_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Grader:
    """How every submission is graded.

    Args:
        key: what is asked, and what is right.
        allowed: time, memory and disk of one submission.
        hide: what no submission may see: the key, the others, the reports.
        kept: results of an earlier grading, by their digests.
        walls: whether bubblewrap stands around every notebook.
    """

    key: Key
    allowed: Allowance
    hide: tuple[Path, ...] = ()
    kept: tuple[Result, ...] = ()
    walls: bool = True

    def plan(self, work: Path, folder: str = ".") -> Plan:
        """The walls around a process that works in this folder, or in one below."""
        needed = [work, *readable()]
        hide = [p.resolve() for p in self.hide]
        hide = [p for p in hide if not any(n.is_relative_to(p) for n in needed)]
        return Plan(str(work / "home"), str(work / "given"), tuple(map(str, hide)),
                    self.allowed.memory, self.allowed.disk,
                    int(self.allowed.total) + 60, walls=self.walls, folder=folder)

    def grade(self, one: Submission, stop: threading.Event | None = None) -> Result:
        """Grade one submission, or find it among those that are kept.

        Raises:
            Stopped: `stop` was set meanwhile.
        """
        started = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="ifcn-grade-") as work:
                return self._graded(one, Path(work).resolve(), stop, started)
        except Stopped:
            raise
        except Exception as error:  # whatever it is, the others are graded
            kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
            said = clean(f"not graded, the grader failed: {kind}{error}")
            return Result(one.name, "", "", nothing(self.key, "not graded"), (said,),
                          time.monotonic() - started, False)

    def _graded(
        self, one: Submission, work: Path, stop: threading.Event | None, started: float
    ) -> Result:
        (work / "given").mkdir()
        taken = Taken("", b"", "")
        try:
            taken = take(one, work / "given", [f.name for f in self.key.functions])
            for result in self.kept:
                if (result.name, result.digest) == (one.name, taken.digest):
                    return result
            cells = code_cells(taken.content)
        except ValueError as error:
            return Result(one.name, taken.notebook, taken.digest,
                          nothing(self.key, "not graded"), (clean(error),))
        taken = replace(taken, notes=(*taken.notes, *self._strange(taken.content)))
        folder = _folder(work / "given", taken.notebook)
        notebook = Notebook(cells, self.plan(work, folder), self.allowed, stop)
        try:
            functions = mark(notebook, self.key)
        finally:
            notebook.end()
        return Result(one.name, taken.notebook, taken.digest, functions,
                      _problems(taken, notebook), time.monotonic() - started,
                      prints=prints(cells))

    def _strange(self, content: bytes) -> tuple[str, ...]:
        """A line if the notebook says that it is another assignment than the key's."""
        said = assignment_of(content)
        if said in ("", self.key.name):
            return ()
        return (clean(f"this notebook is assignment {said}, the key is of "
                      f"{self.key.name}"),)


def _folder(given: Path, notebook: str) -> str:
    """Where a notebook lies among the files that came with it."""
    names = [path.relative_to(given) for path in given.rglob("*")]
    found = (n.parent for n in names if clean(n.as_posix()) == notebook)
    return next(found, Path()).as_posix()


def _problems(taken: Taken, notebook: Notebook) -> tuple[str, ...]:
    told = [f"code cell {number + 1}: {said}"
            for number, said in sorted(notebook.problems.items())]
    if len(told) > _MOST_PROBLEMS:
        told = [*told[:_MOST_PROBLEMS], f"and {len(told) - _MOST_PROBLEMS} cells more"]
    return (*taken.notes, *told)


def grade_all(
    grader: Grader, found: Sequence[Submission], jobs: int,
    done: Callable[[Result], None],
) -> None:
    """Grade submissions, `jobs` at a time; `done` hears of each as it ends.

    An interrupt ends what runs, leaves nothing of it, and is passed on.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(grader.grade, one, stop) for one in found}
        try:
            while running:
                ended, running = wait(running, 0.2, FIRST_COMPLETED)
                for future in ended:
                    done(future.result())
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
