"""write every widget as an HTML page of its own, and an index that reads as a tour

The pages open from disk: no kernel, no network. Put the folder on any web server, on a
memory stick, or in a course's pages.

examples:
  ifcn-lab export-widgets --out site/
  ifcn-lab export-widgets --out site/ --force
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ifcn_lab.atomic_write import check_writable
from ifcn_lab.widgets.tour import export


def add_options(parser: ArgumentParser) -> None:
    """`--out`, `--force`."""
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER",
                        help="where the pages go; made if it is not there")
    parser.add_argument("--force", action="store_true",
                        help="write over pages that are there")


def run(given: Namespace) -> int:
    """Write the pages; name each one as it is written.

    Raises:
        ValueError: the folder has an index already and `--force` was not given.
        OSError: the folder cannot be written.
    """
    index = given.out / "index.html"
    if index.exists() and not given.force:
        raise ValueError(f"{given.out} has an index.html; choose another folder, or "
                         "give --force to write over it")
    check_writable(index)
    for path in export(given.out):
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB", flush=True)
    print(f"open {index} in a browser")
    return 0
