"""grade a class's notebooks by function name, each behind walls

Students write functions with the names of the handout. Each notebook runs in a process
of its own, behind bubblewrap (Linux), without a network, with limits of processor time,
memory, disk and processes, and never sees the key.
Functions are found by name: cells may be copied, split, reordered or deleted.

Writes the table that --report names, the same with every reason as .json beside it, and
a folder of pages, one for each student. A second run keeps what has not changed, so an
interrupted run goes on where it stopped.

examples:
  ifcn-lab grade submissions/ --key 03.key.json --report grades.csv
  ifcn-lab grade submissions.zip --key 03.key.json --report grades.csv --jobs 4
  ifcn-lab grade submissions/ --key 03.key.json --report grades.csv --only "Ada"
"""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ifcn_lab.cli.options import positive, whole


def add_options(parser: ArgumentParser) -> None:
    """--key, --report, --only, --jobs, --fresh, the limits, --trust-submissions."""
    parser.add_argument("submissions", type=Path, help="a folder with one .ipynb or "
                        "one folder for each student, or a .zip of such a folder; "
                        "names as Moodle, Canvas, Blackboard or nbgrader write them")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE",
                        help="what `ifcn-lab assignment` wrote for you")
    parser.add_argument("--report", type=Path, default=Path("grades.csv"),
                        metavar="FILE", help="the table to write (grades.csv)")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="grade this student anew, keep the others' grades")
    parser.add_argument("--fresh", action="store_true",
                        help="grade everybody anew, drop the rows of who is gone")
    parser.add_argument("--jobs", type=whole, metavar="N",
                        help="notebooks at a time (half the processor's cores)")
    _add_limits(parser)
    parser.add_argument("--trust-submissions", action="store_true",
                        help="grade even where this system cannot keep a notebook from "
                        "your files and the network; you vouch for every notebook")


def _add_limits(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("limits of one notebook")
    group.add_argument("--case-seconds", type=positive, default=10.0, metavar="S",
                       help="of the processor for one call of a function (10)")
    group.add_argument("--cell-seconds", type=positive, default=60.0, metavar="S",
                       help="of the processor for one cell (60)")
    group.add_argument("--total-seconds", type=positive, default=300.0, metavar="S",
                       help="of the processor for everything (300)")
    group.add_argument("--restarts", type=int, default=10, metavar="N",
                       help="after a hang or a crash (10)")
    group.add_argument("--memory", type=positive, default=4.0, metavar="GB",
                       help="of all its processes together (4)")
    group.add_argument("--disk", type=positive, default=256.0, metavar="MB",
                       help="that it may write (256)")


def finding() -> tuple[bool, str]:
    """What `ifcn-lab doctor` says of this command here, and whether all is well."""
    from ifcn_course.grading.sandbox import bubblewrap

    if trouble := bubblewrap.trouble():
        return False, f"only with --trust-submissions, as {trouble}"
    return True, "notebooks run behind bubblewrap"


def run(given: Namespace) -> int:
    """Grade, write the reports and say where they are."""
    from ifcn_course.grading.session import Session

    session = Session(given)
    print(session.walls(), file=sys.stderr)
    with _ended_as_interrupted():
        session.grade()
    print(session.summary())
    for line in (*session.pairs(), *session.doubts()):
        print(line, file=sys.stderr)
    return session.status()


@contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Let `kill` end grading as Ctrl-C does: nothing is left, grades are kept."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
