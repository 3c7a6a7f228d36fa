"""Tables of what several seeds gave, as Markdown whose columns stand in line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING

from ifcn_lab.league.paper import PaperTable

if TYPE_CHECKING:
    from ifcn_lab.league.rows import Row
    from ifcn_lab.league.trials import Trial

Seeds = Sequence[Mapping[str, float]]
Results = Sequence[tuple["Trial", Mapping]]

COLUMNS = ("weights, thousand", "MMACs an image", "ms an image", "training, s", "steps",
           "AR@10", "AR@100", "AP50", "AP75", "best IoU", "count off by")
BY_SET = ("AR@10", "best IoU")

LEAGUE_HEAD = """# The league

{command}

Every model: the light backbone, the recipe of the data set with the model's usual
changes (`recipe_changes`), one budget. SharpMask and MNC train the network they stand
on for the first half of it. Mean over seeds ± the standard deviation (n - 1); overlap,
recall and precision in percent. AR@N is the mean recall over mask IoU .5 to .95 among
the N best; kinds are not told apart. Models with a dash under AP have no score that
says how good an answer is, only an order. Two figures need no score: of the answers
that are meant, the mean over objects of the best IoU, and by how many answers an image
is off. From which score on an answer is meant is chosen for each model on training
images. Multiply-adds are those of convolutions and matrices. The named scene sets are
measured with the same networks, which were trained on the usual scenes alone.
"""

PAPER_HEAD = """# The paper's tables, run here

{command}

A row that was run has two lines: what was measured here, on {data} with the {backbone}
backbone, and what the paper printed, trained on VOC or COCO with VGG-16. Where data or
backbone are others the levels cannot be compared, only the order of the rows.

All figures are percentages. Ours are the mean over seeds ± the standard deviation
(n - 1). AR is the mean recall over mask IoU .5, .55, ... .95, COCO's way; the paper
speaks of the area under recall from IoU .5 to 1. The paper's figures were not read off
the paper: the last column names the digest or paper that repeats them (KR-*: digests;
FPN, YOLACT: these papers' tables) and whether a second source agrees.
"""


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation over seeds (n - 1 below the line); a dash for none.

    Example:
        >>> spread([50.0, 52.0, 54.0]), spread([50.0]), spread([])
        ('52.0 ± 2.0', '50.0', '–')
    """
    if not values:
        return "–"
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if values[1:] else "")


def by_row(results: Results) -> dict[str, Seeds]:
    """The figures of every row, seed by seed, with the steps of its training."""
    found: dict[str, list[Mapping[str, float]]] = {}
    for trial, record in sorted(results, key=lambda result: result[0].seed):
        steps = {"steps": record["training"]["steps"]}
        found.setdefault(trial.row.name, []).append({**record["figures"], **steps})
    return found


def cells(seeds: Seeds, columns: Sequence[str]) -> list[str]:
    """A row's figures, column by column."""
    return [spread([figures[name] for figures in seeds if name in figures])
            for name in columns]


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, its columns in line.

    Example:
        >>> print(*markdown(["", "AR@10"], [["FCN", "9.0"], ["YOLACT", "12.5"]]),
        ...       sep="\\n")
        |        | AR@10 |
        | ------ | ----- |
        | FCN    | 9.0   |
        | YOLACT | 12.5  |
    """
    wide = [max(3, *map(len, each)) for each in zip(columns, *rows, strict=True)]
    ruled = [columns, ["-" * width for width in wide], *rows]
    return [f"| {' | '.join(map(str.ljust, row, wide))} |" for row in ruled]


def league_lines(found: Mapping[str, Seeds], columns: Sequence[str] = COLUMNS
                 ) -> list[str]:
    """A table of the league: a line for each row, the best AR@10 first.

    Example:
        >>> league_lines({"FCN": [{"AR@10": 3.0}, {"AR@10": 4.0}]}, ("AR@10", "AP"))[2]
        '| FCN | 3.5 ± 0.7 | –   |'
    """
    order = sorted(found, reverse=True,
                   key=lambda row: mean(each.get("AR@10", 0) for each in found[row]))
    return markdown(["", *columns], [[row, *cells(found[row], columns)]
                                     for row in order])


def league_page(results: Results, command: str) -> str:
    """The league's page: the table, the sets, what it took, the settings."""
    found = by_row(results)
    lines = [LEAGUE_HEAD.format(command=f"    {command}"), *league_lines(found)]
    sets = results[0][0].row.data.sets
    for figure in BY_SET if sets else ():
        lines += ["", f"## {figure} by scene set", ""]
        lines += league_lines(found, (figure, *(f"{name}: {figure}" for name in sets)))
    return "\n".join([*lines, *notes(results)])


def paper_lines(table: PaperTable, rows: Mapping[str, Row], found: Mapping[str, Seeds]
                ) -> list[str]:
    """A table of the paper: ours where it was run, the paper's with its source.

    Args:
        table: the paper's.
        rows: those that are run here, by key.
        found: the figures of each row's seeds, by the row's name.
    """
    lines = []
    for row in table.rows:
        seeds = found.get(rows[row.key].name, ()) if row.key in rows else ()
        paper = ["–" if value is None else f"{value:.1f}" for value in row.figures]
        if seeds:
            lines.append([row.method, "here", *cells(seeds, table.columns), ""])
        lines.append(["" if seeds else row.method, "paper", *paper,
                      f"{row.source}: {row.status}".strip(": ")])
    return [f"## {table.name}: {table.title}", "", f"The paper: {table.data}.", "",
            *markdown(["", "", *table.columns, "source"], lines)]


def paper_page(tables: Sequence[str], results: Results, command: str) -> str:
    """The page of the paper's tables: these, what they took, the settings."""
    first = results[0][0].row
    backbone = (first.on or first).options["backbone"]
    head = PAPER_HEAD.format(command=f"    {command}", data=first.data.name,
                             backbone=backbone)
    return "\n".join([head, *tables, *notes(results)])


def notes(results: Results) -> list[str]:
    """Under the tables: what the trials took, row by row, where, and all settings."""
    lines = []
    for trial, record in results:
        training, measuring = record["training"], record["measuring"]
        numbers = (trial.seed, training["images"], training["steps"],
                   training["seconds"], measuring["images"], measuring["seconds"])
        lines.append([trial.row.name, *(f"{n:.0f}" for n in numbers), record["date"]])
    machines = sorted({record["machine"] for _, record in results})
    settings = {trial.row.name: trial.row.settings for trial, _ in results}
    return ["", "## What it took", "",
            *markdown(["row", "seed", "trained on images", "steps", "training, s",
                       "measured on images", "measuring, s", "date"], lines), "",
            f"Measured on: {'; '.join(machines)}. Seconds are of the clock; other work "
            "may have run beside.", "",
            "<details><summary>Settings</summary>", "", "```",
            *(f"{name}: {json.dumps(each, default=str)}"
              for name, each in settings.items()), "```", "", "</details>", ""]
