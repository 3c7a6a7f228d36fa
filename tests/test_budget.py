"""The budget of a notebook: measured while nbval runs it; too much memory fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lessons.budget import Taken, overrun
from lessons.opening import EXAMPLE, Opening, opening

ROOT = Path(__file__).parent.parent
BURN = ("import time\nend = time.process_time() + {seconds}\n"
        "while time.process_time() < end: pass")
CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', '''{BURN}'''])"
BOX = ("> **Time** 2 minutes: 1 explaining, 1 doing. "
       "Run All takes about 1 seconds on any machine, and at most {} MB.")
NOTEBOOKS = {
    "right": (BOX.format(600), ["x = 1", "print(x)"]),
    "slow": (BOX.format(600), ["x = 1", BURN.format(seconds=2.5)]),
    "child": (BOX.format(600), [CHILD.format(seconds=1.5)]),
    "sleeping": (BOX.format(600), ["import time; time.sleep(1.5)"]),
    # The memory is given back before the cell ends; its peak counts all the same.
    "large": (BOX.format(250), ["x = b'1' * 300_000_000; del x"]),
    "boxless": ("No box.", ["x = 1", "print(x)"]),
}


def write(folder: Path, name: str) -> Path:
    opened, code = NOTEBOOKS[name]
    cells = [new_markdown_cell(opened), *map(new_code_cell, code)]
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def nbval(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-v", "-p", "lessons.budget", "--nbval"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    place = ["--rootdir", str(folder), "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *place, *more], cwd=folder, env=env, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("budget")
    for name in NOTEBOOKS:
        write(folder, name)
    return folder


@pytest.fixture(scope="module")
def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run all the notebooks in one session."""
    return nbval(folder)


def test_a_session_with_an_overrun_fails(
    ran: subprocess.CompletedProcess[str],
) -> None:
    assert ran.returncode == 1, ran.stdout
    assert "1 failed, 14 passed" in ran.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("right", "PASSED"),
        ("slow", "PASSED"),
        ("child", "PASSED"),
        ("sleeping", "PASSED"),
        ("large", "FAILED"),
        ("boxless", "PASSED"),
    ],
)
def test_what_is_over_its_budget_fails_and_nothing_else(
    ran: subprocess.CompletedProcess[str], name: str, verdict: str
) -> None:
    lines = [line for line in ran.stdout.splitlines() if f"{name}::ipynb::" in line]
    tests = [line for line in lines if "[" in line]
    assert f"::budget {verdict}" in tests[-1]
    assert all("PASSED" in line for line in tests[:-1])
    row = next(s for s in ran.stdout.splitlines() if s.startswith(f"{name}.ipynb"))
    assert row.endswith("OVER") == (verdict == "FAILED")


def test_an_overrun_says_what_was_taken_and_what_is_stated(
    ran: subprocess.CompletedProcess[str],
) -> None:
    assert "MB, the opening box states at most 250." in ran.stdout


def test_the_figures_are_kept_for_a_status_page(
    ran: subprocess.CompletedProcess[str], folder: Path
) -> None:
    told = json.loads((folder / "build" / "budget.json").read_text())
    found = told["notebooks"]
    assert set(found) == {f"{name}.ipynb" for name in NOTEBOOKS}
    slow, sleeping = found["slow.ipynb"], found["sleeping.ipynb"]
    assert slow["processor"] > 2 and slow["states"]["seconds"] == 1
    assert sleeping["clock"] > 1.5 > sleeping["processor"] == sleeping["seconds"]
    assert 350 < found["large.ipynb"]["megabytes"] < 600
    assert found["boxless.ipynb"]["states"] is None


def test_a_session_within_its_budgets_passes_and_keeps_the_other_figures(
    ran: subprocess.CompletedProcess[str], folder: Path
) -> None:
    done = nbval(folder, "-k", "right or boxless and not Cell", "-rs")
    assert done.returncode == 0, done.stdout
    assert "3 passed, 1 skipped" in done.stdout.splitlines()[-1]
    assert "no cell of this notebook ran" in done.stdout  # a budget without its cells
    told = json.loads((folder / "build" / "budget.json").read_text())
    assert set(told["notebooks"]) == {f"{name}.ipynb" for name in NOTEBOOKS}


def test_workers_tell_their_figures_to_one_table_and_one_file(tmp_path: Path) -> None:
    for name in ("right", "large"):
        write(tmp_path, name)
    done = nbval(tmp_path, "-n", "2", "--dist=loadfile")
    assert done.returncode == 1 and "1 failed, 4 passed" in done.stdout
    table = [s for s in done.stdout.splitlines() if ".ipynb  " in s and "at most" in s]
    assert [s.split()[0] for s in table] == ["large.ipynb", "right.ipynb"]
    assert table[0].endswith("OVER") and not table[1].endswith("OVER")
    told = json.loads((tmp_path / "build" / "budget.json").read_text())
    assert set(told["notebooks"]) == {"right.ipynb", "large.ipynb"}


def test_what_nbval_finds_it_says_as_before(tmp_path: Path) -> None:
    write(tmp_path, "sleeping")
    code = new_code_cell("import os; os.kill(os.getpid(), 9)")
    nbformat.write(new_notebook(cells=[code]), tmp_path / "dies.ipynb")
    done = nbval(tmp_path, "--nbval-cell-timeout=1")
    assert done.returncode == 1
    assert "Timeout of 1 seconds exceeded" in done.stdout
    assert "dies::ipynb::Cell 0 FAILED" in done.stdout
    assert "psutil" not in done.stdout and "budget.py" not in done.stdout, done.stdout


def test_seconds_are_told_and_only_memory_is_judged() -> None:
    states = Opening(2, 1, 1, seconds=10, megabytes=500, machine="any")
    assert overrun(Taken(99.0, 99.0, 500.0), states) is None
    assert "500.1 MB" in overrun(Taken(0.1, 0.1, 500.1), states)
    assert overrun(Taken(0.1, 0.1, 500.1), None) is None


def test_the_example_of_a_box_is_one() -> None:
    box = new_notebook(cells=[new_markdown_cell(EXAMPLE)])
    assert opening(box) == Opening(75, 35, 40, 25, 700, "two Xeon cores with AMX")
    assert opening(new_notebook()) is None
