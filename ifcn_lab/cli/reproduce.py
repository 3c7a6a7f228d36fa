"""train and measure the rows of the paper's tables; print the paper's figures beside

table1: k = 3, 5, 7, and k = 1, which the paper does not have.
table2: a DeepMask-style head, ours on crops, ours on whole images.
table3: segment proposals on VOC 2012 val.
table4: instance semantic segmentation, with MNC's stage 3 on 300 proposals.
table5: COCO.

Each row and seed is kept in the folder --out as soon as it is measured. The command can
be stopped at any time; the same command goes on from there.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ifcn_lab.atomic_write import check_writable
from ifcn_lab.cli.options import positive, whole
from ifcn_lab.league import DATASETS, SCALES, TABLES

if TYPE_CHECKING:
    from ifcn_lab.league.rows import Row
    from ifcn_lab.league.runs import Measuring, Run


def add_options(parser: ArgumentParser) -> None:
    """Which tables, on what, how long, and where results go."""
    parser.add_argument("tables", nargs="+", choices=TABLES, metavar="TABLE",
                        help=", ".join(TABLES))
    parser.add_argument("--dataset", choices=DATASETS, required=True)
    for split in ("train", "val"):
        parser.add_argument(f"--{split}-list", type=Path, metavar="FILE",
                            help="names of the images, for voc2012 and sbd")
    add_runs(parser)
    parser.add_argument("--scale", choices=SCALES, help="paper: VGG-16 and the paper's "
                        "recipe; small: the small backbone, minutes (default: small "
                        "for scenes and dsb2018)")
    parser.add_argument("--rows", nargs="+", metavar="KEY", help="only these rows")
    parser.add_argument("--steps", type=whole, help="or for so many steps")
    parser.add_argument("--init", metavar="SOURCE", help="weights to start from, as in "
                        "train (default: vgg16 at the paper's scale)")
    parser.add_argument("--dry-run", action="store_true",
                        help="print every row's command and settings, run nothing")
    parser.add_argument("--write", type=Path, metavar="FILE",
                        help="also put the tables into this Markdown file")


def add_runs(parser: ArgumentParser) -> None:
    """Where rows are kept, how long they train, and on what they run."""
    parser.add_argument("--data", type=Path, metavar="ROOT",
                        help="the data set's folder; scenes need none")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER",
                        help="results, checkpoints and networks")
    parser.add_argument("--seeds", type=whole, default=3, help="seeds 0, 1 ... (3)")
    parser.add_argument("--minutes", type=positive, help="train each row for so long")
    parser.add_argument("--every", type=whole, metavar="N",
                        help="measure on every N-th validation image")
    parser.add_argument("--jobs", type=whole, default=1, help="rows at once (1)")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes "
                        "that load images for a row's training (0); needed on a GPU")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")


def run(given: Namespace) -> int:
    """Run what is not kept yet; print each table.

    Raises:
        OSError: the folder of results, or the Markdown file, cannot be written.
    """
    given.scale = given.scale or ("small" if given.dataset in ("scenes", "dsb2018")
                                  else "paper")
    tables = rows_of_tables(given)
    runs = runs_of(given, tables)
    if given.dry_run:
        from ifcn_lab.league.plan import plan

        print(plan(given, runs))
        return 0
    for path in filter(None, (given.out / "results.json", given.write)):
        check_writable(path)
    show(given, tables, collect(given, [run for some in runs.values() for run in some]))
    return 0


def rows_of_tables(given: Namespace) -> dict[str, dict[str, Row]]:
    """The rows of each table that was asked for, by their keys.

    Raises:
        ValueError: an unknown row, or a small scale of a large data set.
    """
    from ifcn_lab.league.settings import data_of, setting_of

    setting = setting_of(given.dataset, given.scale)
    setting = setting.with_steps(given.steps, given.minutes)
    if given.init:
        setting = replace(setting, init=given.init)
    data = data_of(given.dataset, given.scale, given.every, root=given.data,
                   train_list=given.train_list, val_list=given.val_list)
    for key in given.rows or ():
        setting.row(key, data)          # says which there are, if it is none
    return {table: {key: row for key, row in setting.rows_of(table, data).items()
                    if not given.rows or key in given.rows} for table in given.tables}


def runs_of(
    given: Namespace, tables: Mapping[str, Mapping[str, Row]]
) -> dict[str, list[Run]]:
    """The runs of each row, seed by seed; a row of several tables is run once."""
    from ifcn_lab.league.runs import Run

    rows = {key: row for known in tables.values() for key, row in known.items()}
    once = {row.name: (key, row) for key, row in reversed(rows.items())}
    return {key: [Run(row, seed, given.out, given.device, given.workers)
                  for seed in range(given.seeds)]
            for key, row in reversed(once.values())}


def collect(
    given: Namespace, runs: list[Run], measure: Measuring | None = None
) -> list[tuple[Run, dict]]:
    """The results of all runs; what is not kept yet is trained and measured."""
    from ifcn_lab.league.parallel import perform_all

    kept = [(run, found) for run in runs if (found := run.result()) is not None]
    print(f"{len(runs)} runs, {len(kept)} of them kept in {given.out}", flush=True)
    have = {run.name for run, _ in kept}
    for split in ("train", "val") if len(kept) < len(runs) else ():
        runs[0].row.data.open(split)      # what is missing is told before anything runs
    left = [run for run in runs if run.name not in have]
    for done in perform_all(left, jobs=given.jobs, measure=measure):
        kept.append(done)
        one, record = done
        figures = "  ".join(f"{name} {value:.1f}" for name, value in
                            record["figures"].items()
                            if name[:6] != "recall" and ":" not in name)
        print(f"{len(kept)}/{len(runs)} {one.name}: {figures}  (training "
              f"{record['training'].get('seconds', 0):.0f} s, measuring "
              f"{record['measuring']['seconds']:.0f} s)", flush=True)
    return kept


def show(
    given: Namespace, tables: Mapping[str, Mapping[str, Row]],
    results: list[tuple[Run, dict]],
) -> None:
    """Print the tables; put them into the Markdown file if there is to be one."""
    from ifcn_lab.league.paper import PAPER_TABLES
    from ifcn_lab.league.summary import as_text, by_key

    for name, known in tables.items():
        print(f"\n{as_text(PAPER_TABLES[name], by_key(known, results))}")
    if given.write:
        from ifcn_lab.league.markdown import write_tables

        write_tables(given.write, tables, results)
        print(f"\ntables in {given.write}")
