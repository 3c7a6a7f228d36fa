"""What several seeds gave, beside what the paper printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING

from ifcn_lab.league.paper import PaperRow, PaperTable

if TYPE_CHECKING:
    from ifcn_lab.league.rows import Row
    from ifcn_lab.league.runs import Run

Figures = list[Mapping[str, float]]


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation over seeds (n - 1 below the line), in percent.

    Example:
        >>> spread([50.0, 52.0, 54.0]), spread([50.0]), spread([])
        ('52.0 ± 2.0', '50.0', '')
    """
    if not values:
        return ""
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if values[1:] else "")


def by_row(results: Sequence[tuple[Run, Mapping]]) -> dict[str, Figures]:
    """The figures of every row, seed by seed, with the steps of its training."""
    found: dict[str, Figures] = {}
    for run, record in sorted(results, key=lambda result: result[0].seed):
        steps = {"steps": record["training"].get("steps", 0)}
        found.setdefault(run.row.name, []).append({**record["figures"], **steps})
    return found


def measured_of(seeds: Figures, name: str) -> str:
    """Mean and spread of a figure; a dash where it does not exist."""
    return spread([figures[name] for figures in seeds if name in figures]) or "–"


def printed(value: float | None) -> str:
    """A figure of the paper, a dash where it has none."""
    return "–" if value is None else f"{value:.1f}"


def ours(row: PaperRow, columns: Sequence[str], results: Mapping[str, Figures]
         ) -> list[str]:
    """What was measured for a row, column by column; "not run here" where nothing."""
    seeds = results.get(row.key, ())
    if not seeds:
        return ["not run here"] + [""] * (len(columns) - 1)
    return [spread([figures[name] for figures in seeds]) for name in columns]


def as_text(table: PaperTable, results: Mapping[str, Figures]) -> str:
    """A table for the terminal: two lines a row, ours and the paper's.

    Args:
        table: the paper's table.
        results: for each row's key the figures of its seeds, in percent.
    """
    width = max(len(row.method) for row in table.rows)
    head = " " * (width + 9) + "".join(f"{name:>14}" for name in table.columns)
    lines = [f"{table.name}: {table.title}; percent, mean ± spread over seeds", head]
    for row in table.rows:
        paper = [printed(value) for value in row.figures]
        measured = ours(row, table.columns, results)
        for name, who, cells in ((row.method, "here", measured), ("", "paper", paper)):
            shown = "".join(f"{cell:>14}" for cell in cells)
            lines.append(f"{name:<{width}}  {who:<7}{shown}")
    return "\n".join(lines)


def by_key(
    rows: Mapping[str, Row], results: Sequence[tuple[Run, Mapping]]
) -> dict[str, Figures]:
    """The figures of every row of a table, seed by seed, by the row's key."""
    found: dict[str, Figures] = {}
    for run, record in sorted(results, key=lambda result: result[0].seed):
        for key, row in rows.items():
            if row == run.row:
                found.setdefault(key, []).append(record["figures"])
    return found
