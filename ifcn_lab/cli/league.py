"""train and measure the relatives under one recipe and one budget: the league table

Writes league.md, league.json and league.png into --out. Each model and seed is kept
there as soon as it is measured; the command can be stopped at any time, and the same
command goes on from there. Begin on a quiet machine: forty steps of each model are
timed first, and how busy the machine is later changes no figure. A COCO-format folder
(--dataset coco --data FOLDER) holds instances_train*.json and instances_val*.json.

With "claims" it runs what the papers claim as small experiments on scenes instead, and
says of each: shown, not shown, or refuted here, by a rule that stands in the code
beside the papers' figures.

examples:
  ifcn-lab league --out league --jobs 2
  ifcn-lab league --dataset dsb2018 --data nuclei --models FCIS YOLACT --out league
  ifcn-lab league claims --only 0 1 12 --out claims
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ifcn_lab.atomic_write import check_writable, write_whole
from ifcn_lab.cli.options import MANY, length_of, positive
from ifcn_lab.cli.reproduce import add_trials, collect, command
from ifcn_lab.cli.train import object_sizes
from ifcn_lab.data.scenes import SCENE_SETS
from ifcn_lab.draw.league import league
from ifcn_lab.league.claims import CLAIMS, asked, chosen, claim_told
from ifcn_lab.league.pace import paced
from ifcn_lab.league.parallel import Done
from ifcn_lab.league.roi_oracle import oracle_told, roi_oracle
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.league.settings import league_setting
from ifcn_lab.league.table import by_row, league_lines, league_page
from ifcn_lab.models import MODELS

SECONDS = 300.0

CLAIMS_HEAD = """# What the papers claim, tried at small scale

The rule for all was written before anything ran: with d the mean over seeds of what is
named and s its spread, a claim is shown if d - 2 s to d + 2 s lies between the ends
that it names, refuted here if it lies outside, else not shown. The papers' figures were
not read off the papers: KR-* are digests that repeat them, by ifcn_lab/league/paper.py.
"""


def add_options(parser: ArgumentParser) -> None:
    """Table or claims, which models, on what, how long."""
    parser.add_argument("what", nargs="?", choices=("table", "claims"), default="table")
    parser.add_argument("--dataset", choices=("scenes", "dsb2018", "coco"),
                        default="scenes")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="some of those "
                        "that `ifcn-lab models` lists; all, if left out")
    parser.add_argument("--only", nargs="+", type=int, metavar="N",
                        help="of the claims, those of these numbers")
    parser.add_argument("--processor-seconds", type=positive, default=SECONDS,
                        metavar="S", help="train each for so many steps as one core "
                        f"makes in S seconds ({SECONDS:.0f}), timed before anything "
                        "is trained and kept in --out/paces.json")
    add_trials(parser)


def run(given: Namespace) -> int:
    """Run what is not kept yet; write the page, or judge the claims.

    Raises:
        OSError: the results cannot be written.
    """
    for name in ("claims.md", "league.md", "league.json", "league.png"):
        check_writable(given.out / name)
    if given.what == "claims":
        return run_claims(given)
    write(given, performed(given, {name: {} for name in given.models or MODELS}))
    return 0


def performed(given: Namespace, rows: Mapping[str, Mapping[str, Any]]) -> list[Done]:
    """Every row, as `league_rows` takes it, with every seed."""
    length = length_of(given)
    asked = league_rows(rows, given.dataset, given.data, every=given.every or 1,
                        processor_seconds=given.processor_seconds, **length)
    return collect(given, asked if length else [paced(row, given.out) for row in asked])


def league_rows(
    rows: Mapping[str, Mapping[str, Any]], dataset: str = "scenes",
    root: Path | None = None, *, every: int = 1, processor_seconds: float = SECONDS,
    **length: Any,
) -> list[Row]:
    """Rows of the league: its data, one budget for all.

    Args:
        rows: by name, each as `Setting.relative` takes it.
        dataset: known by name.
        root: its folder; scenes need none.
        every: n-th validation image is measured.
        processor_seconds: how long to train, where `length` does not say.
        length: changes of the recipes, as `iterations=50`.

    Raises:
        ValueError: no such model, or no image of the data set can be read.
    """
    scenes = dataset == "scenes"
    data = Data(dataset, root, every=every, kinds=False,
                sets=tuple(SCENE_SETS) if scenes else ())
    budget = length or {"iterations": MANY, "clock": "processor",
                        "seconds": processor_seconds}
    sizes = None if scenes else object_sizes(data.open("train"))
    setting = league_setting(dataset, sizes, **budget)
    return [setting.relative(data, name, **own) for name, own in rows.items()]


def write(given: Namespace, results: list[Done]) -> None:
    """The page, the figures as JSON, and the chart."""
    found, sets = by_row(results), results[0][0].row.data.sets
    write_whole(given.out / "league.md", league_page(results, command()))
    write_whole(given.out / "league.json", json.dumps(
        [{"name": trial.name, **record} for trial, record in results], indent=1))
    picture = league(found, sets)
    picture.save(given.out / "league.png")
    print("\n".join(["", *league_lines(found), "", picture.alt]))
    print(f"\nleague.md, league.json and league.png are in {given.out}")


def run_claims(given: Namespace) -> int:
    """Run the claims' experiments; print figures and verdicts.

    Raises:
        ValueError: an unknown claim, or another data set than scenes.
    """
    if given.dataset != "scenes":
        raise ValueError("the claims are tried on scenes; leave --dataset out")
    claims = chosen(CLAIMS, given.only)
    rows = {name: asked(name) for claim in claims for name in claim.rows}
    found = by_row(performed(given, rows)) if rows else {}
    oracle = [oracle_told(roi_oracle())] if 0 in (given.only or [0]) else []
    page = "\n".join([CLAIMS_HEAD, *oracle, *(claim_told(c, found) for c in claims)])
    write_whole(given.out / "claims.md", page)
    print(page)
    return 0
