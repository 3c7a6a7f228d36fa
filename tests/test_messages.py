"""What messages advise can be done."""

from __future__ import annotations

import ast
import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

from ifcn_lab.__main__ import parser

ROOT = Path(__file__).parent.parent
OTHERS = re.compile(r"\b(torchrun|srun) .*")  # lines of other programs
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def options(one: ArgumentParser) -> Iterator[str]:
    """Every option of a command and of its actions."""
    for action in one._actions:
        yield from action.option_strings
        if isinstance(action, _SubParsersAction):
            for inner in action.choices.values():
                yield from options(inner)


def texts() -> Iterator[tuple[str, str]]:
    """Every piece of text in the two packages, documentation too, and its place.

    The sandbox is left out: it spells the options of bubblewrap.
    """
    for path in sorted(ROOT.glob("ifcn_*/**/*.py")):
        if path.parent.name == "sandbox":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = getattr(node, "value", None)
            if isinstance(text, str) and "var(--" not in text:  # no style sheet
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield place, OTHERS.sub("", text)


def test_messages_name_only_options_that_there_are() -> None:
    known = set(options(parser()))
    named = {(place, word) for place, text in texts() for word in OPTION.findall(text)
             if "bubblewrap.py" not in place}  # those are arguments of another program
    assert len({word for _, word in named}) > 10
    assert [(place, word) for place, word in sorted(named) if word not in known] == []
