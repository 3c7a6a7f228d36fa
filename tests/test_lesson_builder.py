"""The builder of notebooks, on a small lesson of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lessons import build, canonical, rules, source
from tests.lesson_cases import TINY


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Return a root with one lesson, nothing built."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "01_tiny.md").write_text(TINY)
    return tmp_path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a root with one lesson, built for real."""
    root = tmp_path_factory.mktemp("built")
    (root / "lessons").mkdir()
    (root / "lessons" / "01_tiny.md").write_text(TINY)
    assert build.main([], root) == 0
    return root


def stored(path: Path) -> str:
    return canonical.printed(nbformat.read(path, as_version=4))


def test_the_student_reads_not_done_yet_and_the_solutions_agree(built: Path) -> None:
    assert stored(built / "notebooks" / "01_tiny.ipynb") == (
        "".join(f"Exercise 1.{n}: not done yet.\n" for n in (1, 2, 3, 4))
    )
    assert stored(built / "notebooks" / "solutions" / "01_tiny.ipynb") == (
        "".join(f"Exercise 1.{n}: correct, the case agrees.\n" for n in (1, 2, 3, 4))
    )


def test_building_twice_gives_the_same_bytes(built: Path) -> None:
    first = {path: path.read_bytes() for path in built.rglob("*.ipynb")}
    assert build.main(["01"], built) == 0
    assert first == {path: path.read_bytes() for path in built.rglob("*.ipynb")}
    assert len(first) == 2


WIDGET = """
```{code-cell}
from ipywidgets import interact
from matplotlib.figure import Figure

from ifcn_lab import draw


@interact(side=(1, 3))
def square(side=2):
    print(side, "cells")
    draw.show(draw.Picture(Figure(figsize=(side, side)), f"a side of {side}"))
```

It moves.

```{code-cell}
:tags: [raises-exception]
[1, 2][3]
```

It raises.
"""


def test_a_widget_a_figure_and_an_error_pass_nbval_in_full(tiny: Path) -> None:
    path = build.lessons(tiny)[0]
    path.write_text(TINY + WIDGET)
    assert build.main([], tiny) == 0
    assert build.main(["--check"], tiny) == 0
    assert "2 cells" in stored(tiny / "notebooks" / "01_tiny.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "notebooks"]
    done = subprocess.run(command, cwd=tiny, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout.splitlines()[-1]


def test_the_solution_and_its_reason_are_folded_below_the_check(tiny: Path) -> None:
    cells = source.student(source.read(build.lessons(tiny)[0])).cells
    at = next(i for i, cell in enumerate(cells) if "check.times(twice" in cell.source)
    assert cells[at + 1].source == (
        "<details><summary>Solution of exercise 1.1, and why it matters</summary>\n\n"
        "```python\ndef twice(x):\n    y = x\n\n    return x + y\n```\n\n"
        "**Why it matters:** two is the smallest\neven number.\n\n</details>"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Does it hold?", "Run the check."),
        ("def twice(x)", "from ifcn_course.check.report import Case\n\ndef twice(x)"),
    ],
)
def test_what_only_mentions_a_check_is_no_check(tiny: Path, old: str, new: str) -> None:
    path = build.lessons(tiny)[0]
    path.write_text(TINY.replace(old, new, 1))
    cells = source.student(source.read(path)).cells
    at = next(i for i, cell in enumerate(cells) if "check.times(twice" in cell.source)
    assert cells[at + 1].source.startswith("<details><summary>Solution of exercise 1.1")


def test_with_solutions_the_code_stands_open_and_the_reason_below_the_check(
    tiny: Path,
) -> None:
    cells = source.solved(source.read(build.lessons(tiny)[0])).cells
    code = next(i for i, cell in enumerate(cells) if "def twice" in cell.source)
    assert cells[code].source == "def twice(x):\n    y = x\n\n    return x + y"
    assert cells[code + 3].source.startswith("**Why exercise 1.1 matters:** two is")


def test_an_exercise_has_a_heading_a_line_of_facts_and_a_folded_hint(
    tiny: Path,
) -> None:
    cells = source.student(source.read(build.lessons(tiny)[0])).cells
    shown = next(c.source for c in cells if "Exercise 1.4" in c.source)
    assert shown == (
        "## Exercise 1.4\n\n"
        "Open problem · Difficulty ●●●●○ (4 of 5) · 9 minutes · about 1 line\n\n"
        "Return x times 5.\n\n"
        "<details><summary>Hint</summary>\n\nTry 5 * 1.\n\n</details>"
    )


@pytest.mark.parametrize(
    ("before", "levels"),
    [
        ("", [1, 2]),
        ("## Part", [1, 2, 3]),
        ("## Part\n\n### Piece", [1, 2, 3, 3]),
        ("## Part\n\n```\n# no heading\n```", [1, 2, 3]),
        ("+++\n\n## Part\n\n+++", [1, 2, 3]),
    ],
)
def test_an_exercise_is_one_level_below_its_section(
    tiny: Path, before: str, levels: list[int]
) -> None:
    path = build.lessons(tiny)[0]
    path.write_text(TINY.replace("**Exercise 1.1", f"{before}\n\n**Exercise 1.1"))
    for make in (source.student, source.solved):
        found = rules.headings(make(source.read(path)))
        upto = next(n for n, (_, words) in enumerate(found) if "1.1" in words)
        assert [level for level, _ in found[: upto + 1]] == levels


def test_a_stub_says_how_much_is_to_be_written(tiny: Path) -> None:
    cells = source.student(source.read(build.lessons(tiny)[0])).cells
    stub = next(cell.source for cell in cells if "def twice(x)" in cell.source)
    assert stub == (
        "def twice(x):\n"
        "    # your code, about 2 lines\n"
        '    raise NotImplementedError("Exercise 1.1 is not done yet")'
    )


def test_cell_ids_are_unique_and_stay_when_a_cell_is_added(tiny: Path) -> None:
    path = build.lessons(tiny)[0]
    before = {cell.id for cell in source.student(source.read(path)).cells}
    path.write_text(TINY + "\n+++\n\nSo much for that.\n")
    after = [cell.id for cell in source.student(source.read(path)).cells]
    assert before < set(after)
    assert len(after) == len(set(after)) == len(before) + 1


def test_a_notebook_never_built_is_out_of_date(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.main(["--check"], tiny) == 1
    assert capsys.readouterr().err.count("not built yet") == 2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("So much", "So little", "edited by hand"),
        ('"execution_count": 1', '"execution_count": 7', "canonical"),
        ('"language": "python"', '"language": "Python"', "canonical"),
        ("not done yet.", "at 0x7f12ab34cd56", "an object address"),
    ],
)
def test_a_notebook_edited_by_hand_is_found(
    built: Path, tmp_path: Path, old: str, new: str, says: str
) -> None:
    for path in [*built.rglob("*.ipynb"), *built.rglob("*.md")]:
        copy = tmp_path / path.relative_to(built)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert build.main(["--check"], tmp_path) == 0
    student = tmp_path / "notebooks" / "01_tiny.ipynb"
    student.write_text(student.read_text().replace(old, new, 1))
    found = build.check(tmp_path / "lessons" / "01_tiny.md", tmp_path)
    assert len(found) == 1 and says in found[0]


def test_a_notebook_without_a_lesson_is_found(tiny: Path) -> None:
    (tiny / "notebooks").mkdir()
    (tiny / "notebooks" / "02_lost.ipynb").touch()
    assert build.orphans(tiny) == ["notebooks/02_lost.ipynb: no lesson makes it"]


def test_a_lesson_that_is_not_there_is_named(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.main(["--check", "09"], tiny) == 1
    assert "no lesson starts with 09" in capsys.readouterr().err


def test_a_cell_that_raises_stops_the_build(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = build.lessons(tiny)[0]
    path.write_text(TINY.replace("check.times(twice", "check.thrice(twice"))
    assert build.main(["01"], tiny) == 1
    assert "does not run to its end" in capsys.readouterr().err
    assert not (tiny / "notebooks" / "01_tiny.ipynb").exists()


OPEN = "(open problem, difficulty 4"
HINT = "Hint: `+` adds.\n"
LAST = TINY[TINY.index("**Exercise 1.4") :]
BROKEN = [
    ("# Tiny", "Tiny", "does not begin with a title"),
    ("9 minutes:", "a while:", "no box opens the lesson"),
    (", and at most 900 MB", "", "no box opens the lesson"),
    ("3 explaining", "4 explaining", "4 + 6 minutes are not 9"),
    ("2 of 5, 3 minutes", "2 of 5, 4 minutes", "take 7 minutes, the opening says 6"),
    ("Multiply.\n", "### Multiply\n", "'Multiply' is of level 3, the one before of 1"),
    ("Multiply.\n", "# Multiply\n", "more than one title"),
    ("Does it hold?\n\n```{code-cell}\ncheck.times(twice", 0, "no prose stands before"),
    ("So much for that.\n", "", "ends without prose"),
    ("solution 1.1", "solution 2.1", "exercise 2.1 stands in lesson 1"),
    ("**Exercise 1.1**", "Exercise 1.1", "does not end with Exercise 1.1"),
    (HINT, "", "Exercise 1.1 has no line that begins with `Hint: `"),
    ("Hint: `+`", "Hint. `+`", "Exercise 1.1 has no line that begins with `Hint: `"),
    ("Why it matters: two", "Two", "has no line that begins with `Why it matters: `"),
    ("Return twice x.\n", "", "Exercise 1.1 has no task"),
    ("difficulty 2 of 5", "difficulty 6 of 5", "of Exercise 1.1 is 6, not 1 to 5"),
    ("about 2 lines", "about 3 lines", "1.1 says about 3, its solution has 2"),
    (OPEN, "(difficulty 4", "0 open problems; a lesson has one"),
    ("(difficulty 2", "(open problem, difficulty 2", "2 open problems"),
    (OPEN, OPEN.replace("4", "3"), "an open problem has difficulty 4 or 5"),
    ("# solution 1.4", "# solution 1.3", "does not end with Exercise 1.3"),
    (LAST, LAST.replace("1.4", "1.5"), "numbered [1, 2, 3, 5], not from 1 in order"),
    (LAST, "End.", "3 exercises; a lesson has at least 4"),
    ("    y = x\n\n    return x + y\n    # end\n", "    y = x\n", "stands alone"),
    ("    y = x\n", "    y = x\n" * 12, "more than 12 lines"),
    ("    y = x\n", "    y = x  #" + "-" * 79 + "\n", "more than 79 characters"),
    ("    y = x\n", "    y = 'http://'\n", "an address"),
]


@pytest.mark.parametrize(("old", "new", "says"), BROKEN)
def test_a_broken_rule_is_named(
    tiny: Path, old: str, new: str | int, says: str
) -> None:
    path = build.lessons(tiny)[0]
    assert build.broken_rules(path) == []
    assert TINY.count(old) == 1
    path.write_text(TINY.replace(old, new or old.partition("\n")[2]))
    assert says in "\n".join(build.broken_rules(path))


def test_a_lesson_needs_an_exercise_of_one_line(tiny: Path) -> None:
    path = build.lessons(tiny)[0]
    text = re.sub(r"    (return \d \* x)", r"    y = x\n    \1", TINY)
    path.write_text(text.replace("about 1 line", "about 2 lines"))
    assert "no exercise of about 1 line" in "\n".join(build.broken_rules(path))


def test_a_long_cell_may_be_tagged_as_such(tiny: Path) -> None:
    path = build.lessons(tiny)[0]
    tagged = TINY.replace("{code-cell}\ndef", "{code-cell}\n:tags: [long]\ndef")
    tagged = tagged.replace("about 2 lines", "about 13 lines")
    path.write_text(tagged.replace("    y = x\n", "    y = x\n" * 12))
    assert build.broken_rules(path) == []
