"""What tests of checks share: a check's cases, its verdict, the lessons' solutions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from ifcn_course import check
from ifcn_course.check import _HOME
from ifcn_course.check.answers import Answer, Case, answer_of, call, same, silence
from lessons.source import exercises, read, solution

LESSONS = sorted(Path(__file__).parents[1].glob("lessons/[0-9]*.md"))
CALLED = re.compile(r"check\.(?P<check>\w+)\((?P<function>\w+)\)")


class Asked(NamedTuple):
    """What a check hands to `report`."""

    cases: Sequence[Case]
    agree: Callable[..., bool]
    run: Callable[..., object]
    rule: str = ""

    def answers(self, function: Callable[..., object]) -> list[Answer]:
        """What a function answers to every case."""
        with silence():
            return [answer_of(function, case, self.run) for case in self.cases]


@cache
def asked(name: str) -> Asked | None:
    """What this check asks; None where it judges by other means than cases."""
    found: list[Asked] = []

    def note(
        exercise: str, function: object, cases: Sequence[Case], *,
        agree: Callable[..., bool] = same, run: Callable[..., object] = call,
        rule: str = "", then: Callable[[], None] | None = None,
    ) -> None:
        found.append(Asked(cases, agree, run, rule))

    module = import_module(f"ifcn_course.check.{_HOME[name]}")
    text = Path(module.__file__).read_text("utf-8")
    wanted = next(node for node in ast.parse(text).body
                  if isinstance(node, ast.FunctionDef) and node.name == name)
    if "report(" not in ast.unparse(wanted):
        return None
    with patch.object(module, "report", note):
        getattr(module, name)(print)
    return found[0]


def comparing() -> list[str]:
    """The checks that compare answers to cases."""
    return sorted(name for name in _HOME if asked(name))


def verdict(name: str, function: Callable[..., object]) -> str:
    """What a check prints about a function."""
    printed = StringIO()
    with redirect_stdout(printed):
        getattr(check, name)(function)
    return printed.getvalue()


class Solution(NamedTuple):
    """A lesson's own solution: its cell, what the lesson imports, and its function."""

    text: str
    names: dict[str, Any]
    function: str

    def made(self, text: str | None = None) -> Callable[..., Any]:
        """The function, from this text or from another."""
        names = dict(self.names)
        exec(text or self.text, names)
        return names[self.function]


@cache
def solutions() -> dict[str, Solution]:
    """The lessons' own solutions, by the check that tries them."""
    found: dict[str, Solution] = {}
    for path in LESSONS:
        cells = [cell for cell in read(path).cells if cell["cell_type"] == "code"]
        names = names_of(cells)
        text = ""
        for cell in cells:
            text = solution(cell) if exercises(cell) else text
            for call_ in CALLED.finditer(cell["source"]):
                if call_["check"] in comparing() and call_["function"] != "faulty":
                    solved = Solution(text, names, call_["function"])
                    found[call_["check"]] = solved
    return found


def names_of(cells: list[Any]) -> dict[str, Any]:
    """All that a lesson imports."""
    names: dict[str, Any] = {}
    for cell in cells:
        for node in ast.parse(solution(cell)).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                exec(ast.unparse(node), names)
    return names
