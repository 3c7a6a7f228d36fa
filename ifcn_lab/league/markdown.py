"""The tables as Markdown: what was measured here, and beside it the paper's figures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.league.paper import PAPER_TABLES, PaperTable
from ifcn_lab.league.summary import by_key, ours, printed

if TYPE_CHECKING:
    from ifcn_lab.league.rows import Row
    from ifcn_lab.league.runs import Run

Results = Sequence[tuple["Run", Mapping]]

HEAD = """# The paper's tables, run here

Written by `ifcn-lab reproduce ... --write`; a section is replaced when its table is run
again, and nothing else is.

Each table has two halves. Left: what was measured here, with the data, the network and
the recipe named below the table. Right: what the paper printed. Only where a section
says so are they the same data and the same network; elsewhere the levels cannot be
compared, and what can be looked at is the order of the rows.

All figures are percentages. Ours are the mean over seeds ± the standard deviation
(n - 1). AR is the mean recall over mask IoU .5, .55, ... .95, COCO's way; the paper
speaks of the area under recall from IoU .5 to 1. The paper's figures were not read off
the paper: the last column names the digest or paper that repeats them (KR-*: digests;
FPN, YOLACT: these papers' tables) and whether a second source agrees.
"""


def write_tables(
    path: Path, tables: Mapping[str, Mapping[str, Row]], results: Results
) -> None:
    """Put the tables into a Markdown file; its other sections stay.

    Args:
        path: the file.
        tables: the rows of each table, by key.
        results: every run and what it gave.

    Raises:
        OSError: the file cannot be written.
    """
    text = path.read_text("utf-8") if path.is_file() else HEAD
    for name, known in tables.items():
        text = put(text, *section(PAPER_TABLES[name], known, results))
    write_whole(path, text)


def put(text: str, key: str, body: str) -> str:
    """The text with this section in it, in its old place or at the end.

    Example:
        >>> once = put("head", "a", "one")
        >>> put(once, "a", "two") == put("head", "a", "two")
        True
    """
    begin, end = f"<!-- {key} -->", f"<!-- end of {key} -->"
    new = f"{begin}\n\n{body}\n\n{end}"
    old = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if old.search(text):
        return old.sub(lambda found: new, text)
    return f"{text.rstrip()}\n\n{new}\n"


def section(
    table: PaperTable, known: Mapping[str, Row], results: Results
) -> tuple[str, str]:
    """A key that tells this section from others, and its Markdown.

    Raises:
        ValueError: no row of the table was run.
    """
    mine = [(run, record) for run, record in results if run.row in known.values()]
    if not mine:
        raise ValueError(f"no row of {table.name} was run; there is nothing to write")
    data = mine[0][0].row.data.name
    lines = [f"## {table.name} on {data}: {table.title}", ""]
    lines += rows(table, by_key(known, mine), data)
    lines += ["", *notes(table, mine)]
    return f"{table.name} {data} {backbone_of(mine[0][0].row)}", "\n".join(lines)


def backbone_of(row: Row) -> str:
    """The backbone that a row's network has."""
    return (row.on or row).options.get("backbone", "vgg16")


def rows(
    table: PaperTable, results: Mapping[str, list[Mapping[str, float]]], data: str
) -> list[str]:
    """The table's lines: ours by column, the paper's by column, the source."""
    first, *others = table.columns
    columns = [f"here, {data}: {first}", *others, f"paper: {first}", *others,
               "source of the paper's"]
    lines = [["", *columns], ["---"] * (len(columns) + 1)]
    for row in table.rows:
        source = f"{row.source}: {row.status}" if row.source else row.status
        lines.append([row.method, *ours(row, table.columns, results),
                      *map(printed, row.figures), source])
    return [f"| {' | '.join(cells)} |" for cells in lines]


def notes(table: PaperTable, results: Results) -> list[str]:
    """Under a table: what was trained and measured here, and what the paper did."""
    run, record = results[0]
    seeds = sorted({run.seed for run, _ in results})
    images, every = record["measuring"]["images"], run.row.data.every
    fewer = f" (one in {every}, from the first)" if every > 1 else ""
    lines = [
        f"Here: {run.row.data.name}, the {backbone_of(run.row)} backbone, "
        f"{record['training']['images']} training images, {images} validation images"
        f"{fewer}, seeds {', '.join(map(str, seeds))}.",
        "Rows called -crop below are trained on crops, rows called -whole on whole "
        "images.",
        f"The paper: {table.data}; VGG-16.",
    ]
    same = backbone_of(run.row) == "vgg16"
    if not same:
        lines.append("Other data and another network than the paper's: compare rows, "
                     "not levels.")
    return [*lines, "", *costs(results), "", *details(results)]


def costs(results: Results) -> list[str]:
    """What the runs took, row by row, and where."""
    lines = ["| row | seed | steps | training, s | measuring, s | date |",
             "| --- | --- | --- | --- | --- | --- |"]
    for run, record in results:
        training, measuring = record["training"], record["measuring"]
        lines.append(f"| {run.row.name} | {run.seed} | {training.get('steps', 0)} | "
                     f"{training.get('seconds', 0):.0f} | {measuring['seconds']:.0f} | "
                     f"{record['date']} |")
    machines = {record.get("machine", "a machine that was not noted")
                for _, record in results}
    return [*lines, "", f"Measured on: {'; '.join(sorted(machines))}. Seconds are of "
            "the clock; other work may have run beside."]


def details(results: Results) -> list[str]:
    """Every row's settings, folded away."""
    first: dict[str, Run] = {}
    for run, _ in results:
        first.setdefault(run.row.name, run)
    lines = ["<details><summary>Settings</summary>", "", "```"]
    for name, run in first.items():
        kept = {k: v for k, v in run.settings.items() if k != "seed"}
        lines.append(f"{name}: {json.dumps(kept)}")
    return [*lines, "```", "", "</details>"]
