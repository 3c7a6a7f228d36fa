"""The syllabi add up, and every lesson stands alone."""

from __future__ import annotations

import ast
import builtins
import copy
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from lessons import build, source
from upkeep import syllabi

ROOT = syllabi.ROOT
DATA = tomllib.loads(syllabi.DATA.read_text("utf-8"))
PATHS = build.lessons(ROOT)
each_lesson = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def lessons() -> dict[int, syllabi.Lesson]:
    return syllabi.read_lessons()


def test_the_syllabi_add_up(lessons: dict[int, syllabi.Lesson]) -> None:
    assert list(syllabi.problems(DATA, lessons)) == []


def test_the_tables_for_lecturers_follow_from_lessons_and_syllabi(
    lessons: dict[int, syllabi.Lesson],
) -> None:
    page = syllabi.PAGE.read_text("utf-8")
    assert syllabi.with_tables(page, DATA, lessons) == page
    for lesson in lessons.values():
        assert f"({lesson.path})" in page.replace("lessons/", "")


def test_there_are_three_lengths_of_the_same_lessons(
    lessons: dict[int, syllabi.Lesson],
) -> None:
    names = [syllabus["name"] for syllabus in DATA["syllabus"]]
    assert names[:3] == ["90 minutes", "One day", "Three weeks"]
    minutes = [sum(s["minutes"] for s in y["session"]) for y in DATA["syllabus"]]
    assert minutes[0] == 90 < minutes[1] < minutes[2]
    taken = {part["lesson"] for session in DATA["syllabus"][2]["session"]
             for part in session["part"] if "lesson" in part}
    assert taken == {number for number in lessons if number <= 8}


def test_a_session_is_its_parts_to_the_minute(
    lessons: dict[int, syllabi.Lesson],
) -> None:
    for syllabus in DATA["syllabus"]:
        for session in syllabus["session"]:
            parts = syllabi.parts_of(session, lessons)
            assert sum(part.minutes for part in parts) == session["minutes"]
            table = syllabi.session_table(session, lessons)
            shown = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
            assert sum(map(int, shown)) == session["minutes"]


def spoilt(**changes: object) -> dict[str, Any]:
    """The syllabi with the first part of a lesson changed."""
    data = copy.deepcopy(DATA)
    parts = data["syllabus"][0]["session"][0]["part"]
    part = next(part for part in parts if "lesson" in part)
    part.update(changes)
    return data


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"take": ["No such section"]}, "no section 'No such section'"),
        ({"exercises": ["9.9"]}, "no exercise 9.9"),
        ({"exercises": ["1.2"]}, "exercise 1.2 stands in"),
        ({"explaining": 500}, "at most"),
        ({"explaining": 80}, "minutes"),
        ({"skip": ["Recap"]}, "not both"),
        ({"lesson": 77}, "there is no lesson 77"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_does_not_add_up_is_said(
    lessons: dict[int, syllabi.Lesson], changes: dict[str, object], says: str
) -> None:
    session = spoilt(**changes)["syllabus"][0]["session"][0]
    found = list(syllabi.session_problems(session, lessons))
    assert any(says in problem for problem in found)


def code_of(path: Path) -> ast.Module:
    cells = source.solved(source.read(path)).cells
    return ast.parse("\n".join(c["source"] for c in cells if c["cell_type"] == "code"))


def bound(tree: ast.AST) -> set[str]:
    """Every name that a lesson's own code gives a meaning."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names


@each_lesson
def test_a_lesson_uses_no_name_that_another_lesson_made(path: Path) -> None:
    tree = code_of(path)
    loaded = {n.id for n in ast.walk(tree)
              if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    given = {"get_ipython", "display"}
    assert loaded - bound(tree) - set(dir(builtins)) - given == set()


@each_lesson
def test_a_lesson_imports_the_library_and_no_other_lesson(path: Path) -> None:
    roots = set()
    for node in ast.walk(code_of(path)):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(node.module.split(".")[0])
    packages = metadata.packages_distributions()
    assert "ifcn_lab" in roots
    assert {r for r in roots if r not in sys.stdlib_module_names and r not in packages
            and r not in ("ifcn_lab", "ifcn_course")} == set()
    assert roots & {"lessons", "notebooks", "benchmarks", "tests"} == set()


@each_lesson
def test_a_lesson_reads_no_file_of_another_lesson(path: Path) -> None:
    texts = [n.value for n in ast.walk(code_of(path))
             if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    others = [other.stem for other in PATHS if other != path]
    assert [t for t in texts if ".ipynb" in t or any(o in t for o in others)] == []
