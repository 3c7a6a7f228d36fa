"""Which versions moved, and what broke on them: `make test-latest` and its report.

    python -m upkeep.latest               prints what moved against constraints.txt
    python -m upkeep.latest --log FILE    writes the same, and the failures in a log of
                                          the tests, as Markdown for an issue
"""

from __future__ import annotations

import platform
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from ifcn_lab.cli.doctor import pins

PINS = Path(__file__).parent.parent / "constraints.txt"
SUMMARY = "short test summary info"
LONGEST = 60_000
"""An issue holds 65,536 characters; the table of versions needs room too."""


class Move(NamedTuple):
    """A package whose version is not the tested one; `tested` is None for a new one."""

    name: str
    tested: str | None
    now: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or the whole report."""
    parser = ArgumentParser("python -m upkeep.latest", description=__doc__)
    parser.add_argument("--log", type=Path, help="what `make test-latest` printed")
    given = parser.parse_args(arguments)
    moves = moved(pins(PINS.read_text("utf-8")), installed())
    if given.log is None:
        print(as_text(moves))
    else:
        print(report(moves, given.log.read_text("utf-8", "replace")))
    return 0


def installed() -> dict[str, str]:
    """The version of every package in this environment, by its normal name."""
    found = metadata.distributions()
    return {canonicalize_name(d.metadata["Name"]): d.version for d in found}


def moved(tested: Mapping[str, str], now: Mapping[str, str]) -> list[Move]:
    """Every installed package that is new or has another version than tested.

    >>> moved({"numpy": "2.4.6"}, {"numpy": "2.5.0", "ifcn-lab": "0.1.0"})
    [Move(name='numpy', tested='2.4.6', now='2.5.0')]
    """
    ours = {"ifcn-lab", "pip"}
    return [Move(name, tested.get(name), version)
            for name, version in sorted(now.items())
            if name not in ours and not same(tested.get(name), version)]


def same(tested: str | None, now: str) -> bool:
    """Whether two versions are one, local parts (`+cpu`) left out."""
    return tested is not None and Version(tested).public == Version(now).public


def as_text(moves: Sequence[Move]) -> str:
    """One line for each package, for a terminal."""
    if not moves:
        return "No version moved: all are those of constraints.txt."
    lines = [f"  {m.name:<28} {m.tested or 'new':<14} -> {m.now}" for m in moves]
    return "\n".join([f"{len(moves)} versions moved:", *lines])


def report(moves: Sequence[Move], log: str) -> str:
    """Markdown for an issue: the machine, what moved, how the tests ended."""
    rows = [f"| {m.name} | {m.tested or 'new'} | {m.now} |" for m in moves]
    table = ["| package | tested | now |", "| --- | --- | --- |", *rows] if rows else []
    return "\n".join([
        f"Python {platform.python_version()} on {platform.platform()}.", "",
        as_text(moves).splitlines()[0], "", *table, "",
        "How the tests ended:", "", "````", tail(log), "````",
    ])


def tail(log: str, most: int = 80) -> str:
    """The list of failures that pytest ends with; the last lines where there is none.

    >>> tail("x\\n=== short test summary info ===\\nFAILED a\\n1 failed")
    '=== short test summary info ===\\nFAILED a\\n1 failed'
    """
    lines = log.rstrip().splitlines()
    starts = [number for number, line in enumerate(lines) if SUMMARY in line]
    kept = lines[starts[-1]:] if starts else lines[-most:]
    return "\n".join(kept).replace("````", "'' ''")[-LONGEST:]


if __name__ == "__main__":
    sys.exit(main())
