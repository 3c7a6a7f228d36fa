"""A pytest plugin: what Run All of each notebook took, and whether its memory fits.

While nbval runs a notebook, this reads its kernel's clock and memory; nothing is run
twice. After the last cell comes one more test, `budget`: it fails where the notebook
took more memory than its opening box states. Seconds are reported beside the stated
ones and never fail: another processor is slower, and that is no mistake. A table
stands at the end of the session, and `build/budget.json` keeps the figures of the last
run of each notebook.

Seconds are the smaller of two: those of the clock while cells ran, and those of the
processor (user and system, of the kernel and its children). A busy machine lengthens
the first, many cores the second. Memory is the peak of the kernel's own process:
on Linux what the system has recorded (VmHWM), on Windows likewise (the peak working
set); on macOS the largest value found after a cell, so a peak inside one is missed.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import pytest

from lessons.opening import Opening, opening


@dataclass
class Taken:
    """What Run All of a notebook has taken so far; MB are 10**6 bytes."""

    clock: float = 0.0
    processor: float = 0.0
    megabytes: float = 0.0

    @property
    def seconds(self) -> float:
        """The smaller of the clock's and the processor's."""
        return min(self.clock, self.processor)


MEASURED = pytest.StashKey[dict[Path, tuple[Taken, Opening | None]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing measured."""
    config.stash[MEASURED] = {}
    config.pluginmanager.register(Told(config), "budget-told")


def is_cell(item: pytest.Item) -> bool:
    """Say whether a test is a notebook's cell, run by nbval."""
    return hasattr(item.parent, "kernel") and hasattr(item, "cell_num")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put a notebook's budget after its last cell, while its kernel still runs."""
    last = {item.parent: item for item in items if is_cell(item)}
    for notebook, item in last.items():
        budget = Budget.from_parent(notebook, name="budget")
        items.insert(items.index(item) + 1, budget)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Add what a cell took to what its notebook took before."""
    kernel = kernel_of(item)
    if kernel is None:
        return (yield)
    processor, clock = processor_seconds(kernel), time.perf_counter()
    try:
        return (yield)
    finally:
        taken = taken_by(item.config, item.parent)
        taken.clock += time.perf_counter() - clock
        with suppress(psutil.Error):  # a cell can end its kernel; nbval says so
            taken.megabytes = max(taken.megabytes, peak_megabytes(kernel))
            taken.processor += processor_seconds(kernel) - processor


def kernel_of(item: pytest.Item) -> psutil.Process | None:
    """Return the process that runs a cell; None for other tests or if it has ended."""
    manager = getattr(item.parent.kernel, "km", None) if is_cell(item) else None
    if manager is None or not manager.is_alive():
        return None
    return psutil.Process(manager.provisioner.pid)


def taken_by(config: pytest.Config, notebook: pytest.File) -> Taken:
    """Return the record of a notebook; a new one, with its budget, the first time."""
    measured = config.stash[MEASURED]
    if notebook.path not in measured:
        measured[notebook.path] = Taken(), opening(notebook.nb)
    return measured[notebook.path][0]


def processor_seconds(process: psutil.Process) -> float:
    """Return user and system seconds of a process and its children, ended or not."""
    times = [process.cpu_times()]
    for child in process.children(recursive=True):
        try:
            times.append(child.cpu_times())
        except psutil.Error:  # it has just ended; its parent has its seconds
            continue
    return sum(
        t.user + t.system + getattr(t, "children_user", 0)
        + getattr(t, "children_system", 0)
        for t in times
    )  # fmt: skip


def peak_megabytes(process: psutil.Process) -> float:
    """Return the most memory a process has had so far, in MB of 10**6 bytes."""
    status = Path(f"/proc/{process.pid}/status")
    if status.is_file():
        lines = status.read_text().splitlines()
        peak = next((s for s in lines if s.startswith("VmHWM:")), None)
        if peak:
            return int(peak.split()[1]) * 1024 / 1e6
    memory = process.memory_info()
    return getattr(memory, "peak_wset", memory.rss) / 1e6


def overrun(taken: Taken, states: Opening | None) -> str | None:
    """Return a sentence if it was more memory than the notebook states.

    >>> overrun(Taken(31.0, 64.0, 612.5), Opening(9, 3, 6, 30, 600, "two cores"))
    'Run All took 612.5 MB, the opening box states at most 600.'
    """
    if states is None or taken.megabytes <= states.megabytes:
        return None
    return (f"Run All took {taken.megabytes:.1f} MB, the opening box states at most "
            f"{states.megabytes}.")


class Overrun(Exception):
    """A notebook took more memory than it states."""


class Budget(pytest.Item):
    """The test after a notebook's last cell."""

    def runtest(self) -> None:
        """Fail where the cells before took more memory than the box states."""
        measured = self.config.stash[MEASURED].get(self.path)
        if measured is None:
            pytest.skip("no cell of this notebook ran")
        told = {_name(self.path, self.config): figures(*measured)}
        self.user_properties.append(("run_all", told))
        if found := overrun(*measured):
            raise Overrun(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """Say it without a traceback."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the budget stands: in the notebook."""
        return self.path, None, f"{self.path.name}::budget"


def _name(path: Path, config: pytest.Config) -> str:
    root = config.rootpath
    return path.relative_to(root).as_posix() if root in path.parents else str(path)


class Told:
    """What the sessions' budgets have told; with pytest-xdist, those of all workers.

    A report carries its figures here, so that one process alone prints and writes.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.rows: dict[str, dict] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a budget has told."""
        if report.when == "call":
            self.rows |= dict(report.user_properties).get("run_all", {})

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Print one line for each notebook: taken, and stated."""
        if self.rows:
            terminalreporter.section("Run All: taken, and stated")
        for name, row in sorted(self.rows.items()):
            terminalreporter.line(line(name, row))

    def pytest_sessionfinish(self) -> None:
        """Keep the figures in build/budget.json beside those of other notebooks."""
        if not self.rows or hasattr(self.config, "workerinput"):
            return
        path = self.config.rootpath / "build" / "budget.json"
        path.parent.mkdir(exist_ok=True)
        before = path.read_text("utf-8") if path.is_file() else '{"notebooks": {}}'
        told = {
            "format": "ifcn-lab budget 1",
            "system": platform.platform(terse=True),
            "python": platform.python_version(),
            "cores": psutil.cpu_count(),
            "notebooks": json.loads(before)["notebooks"] | self.rows,
        }
        path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")


def figures(taken: Taken, states: Opening | None) -> dict[str, object]:
    """Return what was measured and what is stated, ready for a file."""
    stated = states._asdict() if states else None
    return asdict(taken) | {"seconds": taken.seconds, "states": stated}


def line(name: str, row: dict) -> str:
    """Return a line of the table: what a notebook took, and what it states."""
    states = row["states"] and Opening(**row["states"])
    taken = Taken(row["clock"], row["processor"], row["megabytes"])
    over = "  OVER" if overrun(taken, states) else ""
    said = f"{states.seconds:4d} s, at most {states.megabytes:5d} MB" if states else "-"
    took = f"{taken.seconds:6.1f} s {taken.megabytes:6.0f} MB"
    both = f"(clock {taken.clock:.1f} s, processor {taken.processor:.1f} s)"
    return f"{name:<48} {took}, stated {said} {both}{over}"
