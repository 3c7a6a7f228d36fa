"""The order of the rooms: who may import whom, as pyproject.toml has it."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from tomllib import loads

import pytest
from importlinter.cli import lint_imports

import ifcn_lab

ROOT = Path(__file__).parent.parent
PROJECT = loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COMMANDS = PROJECT["entry-points"]["ifcn_lab.commands"]


def test_every_import_follows_the_order_of_the_rooms(
    capsys: pytest.CaptureFixture[str]
) -> None:
    failed = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert not failed, capsys.readouterr().out


def test_no_room_goes_round_the_order_by_a_name_that_loads_when_used() -> None:
    # `from ifcn_lab import propose` and `ifcn_lab.propose` hide which room is meant.
    hidden = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "ifcn_lab").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "ifcn_lab"
        and {alias.name for alias in node.names} & set(ifcn_lab._HOME)
        or isinstance(node, ast.Import)
        and "ifcn_lab" in {alias.name for alias in node.names}
    ]
    assert hidden == []


@pytest.mark.parametrize("room", ["ifcn_lab.draw", "ifcn_lab.widgets",
                                  "ifcn_lab.windows", "ifcn_course.check"])
def test_names_that_a_room_loads_when_used_are_its_own(room: str) -> None:
    folder = Path(import_module(room).__file__).parent
    homes = set(import_module(room)._HOME.values())
    assert {home for home in homes if not (folder / f"{home}.py").is_file()} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_courses_commands_are_modules_with_options_and_a_run(name: str) -> None:
    command = EntryPoint(name, COMMANDS[name], "ifcn_lab.commands").load()
    assert callable(command.add_options) and callable(command.run)
