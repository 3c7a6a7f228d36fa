"""which exercises were right on this machine, lesson by lesson

examples:
  ifcn-lab progress
  ifcn-lab progress --delete
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ifcn_course import progress


def add_options(parser: ArgumentParser) -> None:
    """The one option."""
    parser.add_argument("--delete", action="store_true",
                        help="delete the file that it is kept in")


def run(given: Namespace) -> int:
    """Print the overview and where it is kept, or delete it."""
    path = progress.place()
    if path is None:
        print("nothing is kept: IFCN_LAB_PROGRESS is empty")
        return 0
    if given.delete:
        there = path.exists()
        path.unlink(missing_ok=True)
        print(f"{path}: {'deleted' if there else 'was not there'}")
        return 0
    print(progress.overview())
    if path.exists():
        print(f"\nKept in {path}, on this machine alone;\n"
              "`ifcn-lab progress --delete` deletes it.")
    return 0
