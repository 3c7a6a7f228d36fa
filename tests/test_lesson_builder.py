"""The builder of notebooks, on a small lesson of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lessons import build, canonical, source

TINY = """\
# Tiny

Takes 5 minutes; Run All takes 2 seconds.

```{code-cell}
from ifcn_lab.check.report import Case, report


class check:
    def twice(fn):
        report("Exercise 1.1", fn, [Case("x = 1", (1,), 2)])
```

Exercise 1.1, about two lines.

```{code-cell}
def twice(x):
    # solution 1.1
    y = x

    return x + y
    # end
```

Does it hold?

```{code-cell}
check.twice(twice)
```

So much for that.
"""


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
        "Exercise 1.1: not done yet.\n"
    )
    assert stored(built / "notebooks" / "solutions" / "01_tiny.ipynb") == (
        "Exercise 1.1: correct, the case agrees.\n"
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


def test_a_stub_is_its_solution_less_the_marked_lines(tiny: Path) -> None:
    for cell in source.read(build.lessons(tiny)[0]).cells:
        marked = "".join(found.lines for found in source.exercises(cell))
        kept = source.solution(cell).replace(marked.rstrip("\n"), "").rstrip("\n")
        refusal = r" +# your code.*\n +raise NotImplementedError\(.*\)"
        assert re.sub(refusal, "", source.stub(cell)).rstrip("\n") == kept


def test_the_solution_is_folded_below_the_check(tiny: Path) -> None:
    cells = source.student(source.read(build.lessons(tiny)[0])).cells
    at = next(i for i, cell in enumerate(cells) if "check.twice" in cell.source)
    assert cells[at + 1].source.startswith("<details><summary>Solution of exercise 1.1")
    assert "    return x + y" in cells[at + 1].source


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
    path.write_text(TINY.replace("check.twice(twice)", "check.thrice(twice)"))
    assert build.main(["01"], tiny) == 1
    assert "does not run to its end" in capsys.readouterr().err
    assert not (tiny / "notebooks" / "01_tiny.ipynb").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("# Tiny", "Tiny", "does not begin with a title"),
        ("5 minutes", "a while", "how many minutes"),
        ("2 seconds", "a moment", "how many seconds"),
        ("Does it hold?\n", "", "no prose stands before"),
        ("So much for that.\n", "", "ends without prose"),
        ("solution 1.1", "solution 2.1", "exercise 2.1 stands in lesson 1"),
        ("Exercise 1.1, about", "About", "no prose announces Exercise 1.1"),
        ("    # end\n", "", "stands alone"),
        ("    y = x\n", "    y = x\n" * 12, "more than 12 lines"),
        ("    y = x\n", "    y = x  #" + "-" * 79 + "\n", "more than 79 characters"),
        ("    y = x\n", "    y = 'http://'\n", "an address"),
    ],
)
def test_a_broken_rule_is_named(tiny: Path, old: str, new: str, says: str) -> None:
    path = build.lessons(tiny)[0]
    assert build.broken_rules(path) == []
    assert TINY.count(old) == 1
    path.write_text(TINY.replace(old, new))
    assert says in "\n".join(build.broken_rules(path))


def test_a_long_cell_may_be_tagged_as_such(tiny: Path) -> None:
    path = build.lessons(tiny)[0]
    tagged = TINY.replace("{code-cell}\ndef", "{code-cell}\n:tags: [long]\ndef")
    path.write_text(tagged.replace("    y = x\n", "    y = x\n" * 12))
    assert build.broken_rules(path) == []
