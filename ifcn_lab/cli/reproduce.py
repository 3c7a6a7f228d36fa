"""train and measure the rows of the paper's tables; print the paper's figures beside

table1: k = 3, 5, 7, and k = 1, which the paper does not have.
table2: a DeepMask-style head, ours on crops, ours on whole images.
table3: segment proposals on VOC 2012 val.
table4: instance semantic segmentation, with MNC's stage 3 on 300 proposals.
table5: COCO.

Writes tables.md into --out. Each row and seed is kept there as soon as it is measured.
The command can be stopped at any time; the same command goes on from there.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ifcn_lab.atomic_write import check_writable, write_whole
from ifcn_lab.cli.options import add_length, length_of, whole
from ifcn_lab.league.paper import PAPER_TABLES
from ifcn_lab.league.parallel import Done, perform_all
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.league.settings import EVERY, setting_of
from ifcn_lab.league.table import by_row, paper_lines, paper_page
from ifcn_lab.league.trials import Trial

DATASETS = ("voc2012", "sbd", "coco", "dsb2018", "scenes")


def add_options(parser: ArgumentParser) -> None:
    """Which tables, on what, how long, and where results go."""
    parser.add_argument("tables", nargs="+", choices=PAPER_TABLES, metavar="TABLE",
                        help=", ".join(PAPER_TABLES))
    parser.add_argument("--dataset", choices=DATASETS, required=True)
    parser.add_argument("--names", type=Path, nargs=2, metavar=("TRAIN", "VAL"),
                        help="files that list the images, for voc2012 and sbd")
    add_trials(parser)
    parser.add_argument("--scale", choices=("paper", "small"), help="paper: VGG-16 and "
                        "the paper's recipe; small: the small backbone, minutes "
                        "(default: small for scenes and dsb2018)")
    parser.add_argument("--rows", nargs="+", metavar="KEY", help="only these rows")
    parser.add_argument("--init", metavar="SOURCE", help="weights to start from, as in "
                        "train (default: vgg16 at the paper's scale)")


def add_trials(parser: ArgumentParser) -> None:
    """Where rows are kept, how long they train, and on what they run."""
    parser.add_argument("--data", type=Path, metavar="ROOT",
                        help="the data set's folder; scenes need none")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER",
                        help="results, checkpoints and networks")
    parser.add_argument("--seeds", type=whole, default=3, help="seeds 0, 1 ... (3)")
    add_length(parser)
    parser.add_argument("--every", type=whole, metavar="N",
                        help="measure on every N-th validation image")
    parser.add_argument("--jobs", type=whole, default=1, help="rows at once (1)")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes "
                        "that load images for a row's training (0); needed on a GPU")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")


def run(given: Namespace) -> int:
    """Run what is not kept yet; print and write the tables.

    Raises:
        OSError: the folder of results cannot be written.
    """
    tables = rows_of_tables(given)
    check_writable(given.out / "tables.md")
    results = collect(given, (row for some in tables.values() for row in some.values()))
    lines = [line for name, rows in tables.items() for line in
             ("", *paper_lines(PAPER_TABLES[name], rows, by_row(results)))]
    write_whole(given.out / "tables.md", paper_page(lines, results, command()))
    print("\n".join(lines))
    print(f"\ntables.md is in {given.out}")
    return 0


def rows_of_tables(given: Namespace) -> dict[str, dict[str, Row]]:
    """The rows of each table that was asked for, by their keys.

    Raises:
        ValueError: an unknown row, or a small scale of a large data set.
    """
    small = given.dataset in EVERY if given.scale is None else given.scale == "small"
    setting = setting_of(given.dataset, small).lasting(**length_of(given))
    setting = replace(setting, init=given.init or setting.init)
    data = Data(given.dataset, given.data, given.names or (),
                first=5000 if given.dataset == "coco" else None,
                every=given.every or (EVERY[given.dataset] if small else 1))
    return {table: setting.rows_of(table, data, given.rows) for table in given.tables}


def collect(given: Namespace, rows: Iterable[Row]) -> list[Done]:
    """The result of every row with every seed; what is not kept yet is done."""
    once = {row.name: row for row in rows}.values()
    trials = [Trial(row, seed, given.out, given.device, given.workers, given.jobs == 1)
              for seed in range(given.seeds) for row in once]
    done = [(each, found) for each in trials if (found := each.result()) is not None]
    print(f"{len(trials)} runs, {len(done)} of them kept in {given.out}", flush=True)
    have = {trial.name for trial, _ in done}
    left = [trial for trial in trials if trial.name not in have]
    for split in ("train", "val") if left else ():
        left[0].row.data.open(split)      # what is missing is told before anything runs
    for trial, record in perform_all(left, jobs=given.jobs):
        done.append((trial, record))
        figures = "  ".join(f"{name} {value:.1f}" for name, value in
                            record["figures"].items() if name[:2] in ("AR", "AP", "mA"))
        print(f"{len(done)}/{len(trials)} {trial.name}: {figures}  (training "
              f"{record['training']['seconds']:.0f} s, measuring "
              f"{record['measuring']['seconds']:.0f} s)", flush=True)
    return done


def command() -> str:
    """The command that is running, as it was typed."""
    return " ".join(["ifcn-lab", *sys.argv[1:]])
