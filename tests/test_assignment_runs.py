"""Run All of a handout, in a real kernel: to its end, in seconds, with words."""

from __future__ import annotations

from csv import DictReader
from pathlib import Path
from shutil import copy

import nbformat
import pytest
from assignment_cases import made
from nbclient import NotebookClient

from ifcn_course.assignment.key import read_key
from ifcn_lab.__main__ import main
from lessons import canonical


def run(text: str, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook's text in a fresh kernel, in an empty folder."""
    notebook = nbformat.reads(text, as_version=4)
    where = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=600, startup_timeout=600,
                          iopub_timeout=600, resources=where).execute()


@pytest.mark.parametrize("lesson", [3, 8])
def test_a_handout_runs_to_its_end_with_nothing_done(
    lesson: int, tmp_path: Path
) -> None:
    one = made(lesson, 2027)
    ran = run(one.handout(), tmp_path)
    count = len(one.sheet.tasks)
    assert canonical.printed(ran).splitlines() == [
        f"Task {n}: not done yet." for n in range(1, count + 1)]
    pictures = [canonical.alt(out) for cell in ran.cells if cell.cell_type == "code"
                for out in cell.outputs if canonical.alt(out) is not None]
    assert len(pictures) >= 2 and all(len(words) > 60 for words in pictures)
    assert canonical.problems(canonical.tidy(ran)) == []
    assert list(tmp_path.iterdir()) == []


def test_the_solutions_run_to_their_end(tmp_path: Path) -> None:
    said = canonical.printed(run(made(3, 2027).solutions(), tmp_path))
    assert said.count("Grading asks more.") + said.count("grading asks more.") == 6


def test_the_grader_gives_all_points_to_the_solutions_and_none_to_the_handout(
    tmp_path: Path,
) -> None:
    out, submitted = tmp_path / "out", tmp_path / "submitted"
    submitted.mkdir()
    options = ["--lesson", "4", "--seed", "5", "--out", str(out), "--solutions"]
    assert main(["assignment", *options]) == 0
    name = "04_local_coherence_5"
    for student, made_by in [("ada", out.with_name("out_key") / f"{name}.solutions"),
                             ("bob", out / name)]:
        copy(f"{made_by}.ipynb", submitted / f"{student}.ipynb")
    key, table = tmp_path / "out_key" / f"{name}.key.json", tmp_path / "grades.csv"
    assert main(["grade", str(submitted), "--key", str(key), "--report",
                 str(table)]) == 0
    with table.open(newline="", encoding="utf-8-sig") as file:
        found = {row["name"]: (row["points"], row["of"]) for row in DictReader(file)}
    full = str(read_key(key).points)
    assert found == {"ada": (full, full), "bob": ("0", full)}
