"""Exercises as students meet them, read from the lessons' text and stored notebooks.

Nothing here asks the builder: the text of a lesson is taken apart line by line, and
what must follow from it is looked for in the notebooks as they are stored.
"""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat
import pytest

from lessons import budget, tasks

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.md"))
FOLDERS = {"student": "notebooks", "solutions": "notebooks/solutions"}
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
REFUSAL = re.compile(
    r"^ +# your code, about (\d+) lines?\n"
    r' +raise NotImplementedError\("Exercise ([\d.]+) is not done yet"\)$',
    re.MULTILINE,
)


@dataclass
class Cell:
    """A code cell of a lesson: its lines, and which of them are marked."""

    lines: list[str] = field(default_factory=list)
    marked: dict[str, list[str]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    announced: str = ""

    def take(self, line: str, number: str) -> str:
        """Take one more line; return the number of the exercise that is open then."""
        mark = line.strip()
        if mark.startswith("# solution "):
            self.marked[mark.split()[-1]] = []
            return mark.split()[-1]
        if mark == "# end" and number:
            return ""
        self.lines.append(line)
        (self.marked[number] if number else self.kept).append(line)
        return number


@cache
def code_cells(lesson: Path) -> list[Cell]:
    """Return a lesson's code cells, each with the prose that stands before it."""
    found, prose, inside, number = [], [], False, ""
    for line in lesson.read_text("utf-8").splitlines():
        if inside and line == "```":
            inside = False
        elif inside:
            if not (line.startswith(":tags:") and not found[-1].lines):
                number = found[-1].take(line, number)
        elif line == "```{code-cell}":
            found.append(Cell(announced="\n".join(prose)))
            inside, prose = True, []
        else:
            prose.append(line)
    return found


def exercises(lesson: Path) -> dict[str, Cell]:
    return {n: cell for cell in code_cells(lesson) for n in cell.marked}


def stored(lesson: Path, which: str) -> list[nbformat.NotebookNode]:
    path = ROOT / FOLDERS[which] / f"{lesson.stem}.ipynb"
    first, *own = nbformat.read(path, as_version=4).cells
    assert first.metadata.tags == ["colab"]
    return own


def source(cells: list[nbformat.NotebookNode]) -> list[str]:
    return [cell.source for cell in cells if cell.cell_type == "code"]


def bare(text: str) -> str:
    return "\n".join(text.split("\n")).strip("\n")


@each_lesson
def test_a_stub_is_its_solution_less_the_marked_lines(lesson: Path) -> None:
    cells, stubs = code_cells(lesson), source(stored(lesson, "student"))
    assert len(cells) == len(stubs)
    for cell, stub in zip(cells, stubs, strict=True):
        assert [n for _, n in REFUSAL.findall(stub)] == list(cell.marked)
        kept = [line for line in REFUSAL.sub("", stub).split("\n") if line.strip()]
        assert kept == [line for line in cell.kept if line.strip()]


@each_lesson
def test_the_solution_is_the_cell_less_its_marks(lesson: Path) -> None:
    solved = source(stored(lesson, "solutions"))
    for cell, code in zip(code_cells(lesson), solved, strict=True):
        assert bare(code) == bare("\n".join(cell.lines))


@each_lesson
def test_about_n_lines_are_the_lines_of_the_solution(lesson: Path) -> None:
    for cell, stub in zip(
        code_cells(lesson), source(stored(lesson, "student")), strict=True
    ):
        told = {number: int(lines) for lines, number in REFUSAL.findall(stub)}
        for number, lines in cell.marked.items():
            code = [s for s in lines if s.strip() and not s.strip().startswith("#")]
            assert told[number] == len(code)
            assert f", about {len(code)} line" in cell.announced


@each_lesson
def test_every_unfinished_exercise_says_calmly_that_it_is_not_done(
    lesson: Path,
) -> None:
    outputs = [
        (cell, output)
        for cell in stored(lesson, "student")
        for output in cell.get("outputs", [])
    ]
    printed = "".join(output.get("text", "") for _, output in outputs)
    for number in exercises(lesson):
        assert printed.count(f"Exercise {number}: not done yet.\n") == 1
    raised = [cell for cell, output in outputs if output.output_type == "error"]
    tags = [cell.metadata.get("tags", []) for cell in raised]
    assert all("raises-exception" in tag for tag in tags)
    assert "NotImplementedError" not in printed


@each_lesson
def test_every_solution_passes_its_check(lesson: Path) -> None:
    # nbval runs these cells again and compares what they print.
    cells = stored(lesson, "solutions")
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    printed = "".join(output.get("text", "") for output in outputs)
    for number in exercises(lesson):
        assert printed.count(f"Exercise {number}: correct") == 1
    assert "not done yet" not in printed


def said(announced: str) -> tuple[list[str], str]:
    """Return the hints and the reason that stand before an exercise's cell."""
    told, why = announced.rsplit("**Exercise", 1)[1].split("\nWhy it matters: ")
    hints = told.split("\nHint: ")[1:]
    return [(hint[0].upper() + hint[1:]).strip() for hint in hints], why.strip()


@each_lesson
def test_hint_and_reason_stand_in_both_notebooks(lesson: Path) -> None:
    assert len(exercises(lesson)) >= 4
    for which in FOLDERS:
        prose = [c.source for c in stored(lesson, which) if c.cell_type == "markdown"]
        for number, cell in exercises(lesson).items():
            hints, why = said(cell.announced)
            shown = next(s for s in prose if f"# Exercise {number}\n" in s)
            named = zip(("Hint", "Second hint"), hints, strict=False)
            assert hints and shown.endswith("\n\n".join(
                f"<details><summary>{name}</summary>\n\n{hint}\n\n</details>"
                for name, hint in named
            ))
            assert sum(why in text for text in prose) == 1, (number, which)


@each_lesson
def test_the_student_finds_solution_and_reason_folded_after_the_check(
    lesson: Path,
) -> None:
    cells = stored(lesson, "student")
    for number, cell in exercises(lesson).items():
        fold = f"<details><summary>Solution of exercise {number}, and why it matters"
        at = next(n for n, c in enumerate(cells) if c.source.startswith(fold))
        assert bare("\n".join(cell.lines)) in cells[at].source
        assert f"**Why it matters:** {said(cell.announced)[1]}" in cells[at].source
        assert cells[at].source.endswith("</details>")
        before = "".join(o.get("text", "") for o in cells[at - 1].outputs)
        assert f"Exercise {number}: not done yet." in before


@each_lesson
def test_difficulty_minutes_and_lines_can_be_read_and_heard(lesson: Path) -> None:
    pattern = re.compile(
        r"difficulty (?P<n>[1-5]) of 5, "
        r"(?P<minutes>\d+ minutes?), (?P<about>about .*?)\)"
    )
    prose = [c.source for c in stored(lesson, "student") if c.cell_type == "markdown"]
    for number, cell in exercises(lesson).items():
        last = cell.announced.rsplit(f"**Exercise {number}**", 1)[1]
        told = pattern.search(last)
        n = int(told["n"])
        line = f"Difficulty {'●' * n}{'○' * (5 - n)} ({n} of 5) · {told['minutes']}"
        shown = next(s for s in prose if f"# Exercise {number}\n" in s)
        assert f"{line} · {told['about']}\n" in shown
        assert ("Open problem · " in shown) == ("(open problem, " in last)


@pytest.mark.parametrize("module", [tasks, budget], ids=lambda m: m.__name__)
def test_the_examples_of_the_builder_hold(module: object) -> None:
    found = doctest.testmod(module)
    assert found.attempted and not found.failed
