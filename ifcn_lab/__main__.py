"""The command line of the library, `ifcn-lab`: one module for each command."""

from __future__ import annotations

import ast
import sys
import warnings
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from ifcn_lab.cli.options import one_line
from ifcn_lab.cli.standard_streams import steady_streams

EXAMPLES = """examples:
  ifcn-lab doctor
  ifcn-lab demo
  ifcn-lab segment photo.jpg --out overlay.png
  ifcn-lab data fetch pennfudan --to pedestrians
  ifcn-lab train --annotations nuclei/train.json --out run --minutes 15
  ifcn-lab train --out run --resume
  ifcn-lab evaluate --annotations nuclei/val.json --weights run
  ifcn-lab reproduce table1 --dataset scenes --out tables
  ifcn-lab league --models FCIS YOLACT --processor-seconds 60 --out league
  ifcn-lab export-widgets --out site/
  ifcn-lab assignment --lesson 3 --seed 2027 --out handout/
  ifcn-lab grade submissions/ --key key.json --report grades.csv
  ifcn-lab inventory page --out before.html
  ifcn-lab progress
"""

COMMANDS = ("doctor", "demo", "segment", "data", "models", "train", "evaluate",
            "reproduce", "league", "export-widgets")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 2 for an error, told in one line.

    Without arguments those of the process are taken, and its streams are made steady.
    """
    if arguments is None:
        # Other libraries' are of no use here, and under -W error would end the work.
        warnings.simplefilter("ignore", DeprecationWarning)
        with steady_streams():
            return main(sys.argv[1:])
    name = arguments[0] if arguments else ""
    try:
        given = parser(name).parse_args(arguments)
        return module_of(name).run(given)
    except (ValueError, TypeError, OSError, FloatingPointError, MemoryError,
            ImportError) as error:
        print(f"ifcn-lab {name}: {one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nifcn-lab {name}: stopped", file=sys.stderr)
        return 130


def parser(only: str | None = None) -> ArgumentParser:
    """Every command, and the options of one or, with None, of all.

    The others are not loaded: what each is for is read from the head of its file.
    """
    top = ArgumentParser(
        "ifcn-lab", description="InstanceFCN: segment proposals from score maps.",
        epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in [*COMMANDS, *_of_other_packages()]:
        source = Path(find_spec(_home(name)).origin).read_text("utf-8")
        about = ast.get_docstring(ast.parse(source)) or name
        one = commands.add_parser(
            name, help=about.splitlines()[0], description=about,
            formatter_class=RawDescriptionHelpFormatter,
        )
        if only in (None, name):
            module_of(name).add_options(one)
    return top


def module_of(command: str) -> ModuleType:
    """The module of a command."""
    return import_module(_home(command))


def _home(command: str) -> str:
    """The module's name: `export-widgets` lives in `export_widgets`."""
    if command in COMMANDS:
        return f"ifcn_lab.cli.{command.replace('-', '_')}"
    return _of_other_packages()[command].module


@cache
def _of_other_packages() -> dict[str, EntryPoint]:
    """Commands that installed packages add, as the course does: grading and more."""
    return {each.name: each for each in entry_points(group="ifcn_lab.commands")}


def parse(arguments: Sequence[str]) -> Namespace:
    """The options of one command line, for tests and tools."""
    return parser(arguments[0]).parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
