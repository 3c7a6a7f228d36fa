"""The league table as Markdown and for the terminal, whole and by scene set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ifcn_lab.league.markdown import costs, details
from ifcn_lab.league.summary import Figures, by_row, measured_of

if TYPE_CHECKING:
    from ifcn_lab.league.runs import Run

COLUMNS = ("weights, thousand", "MMACs an image", "ms an image", "training, s", "steps",
           "AR@10", "AR@100", "AP50", "AP75", "best IoU", "count off by")
BY_SET = ("AR@10", "best IoU")

HEAD = """# The league

{command}

Every model: the small backbone, the recipe of the data set with the model's usual
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


def family_page(results: Sequence[tuple[Run, Mapping]], command: str) -> str:
    """The whole page: the table, the sets, what it took, the settings."""
    found = by_row(results)
    lines = [HEAD.format(command=f"    {command}"), *lines_of(found, COLUMNS)]
    sets = results[0][0].row.data.sets
    for figure in BY_SET if sets else ():
        lines += ["", f"## {figure} by scene set", ""]
        lines += lines_of(found, (figure, *(f"{name}: {figure}" for name in sets)))
    return "\n".join([*lines, "", "## What it took", "", *costs(results), "",
                      *details(results), ""])


def lines_of(found: Mapping[str, Figures], columns: Sequence[str]) -> list[str]:
    """A Markdown table: a line for each row, the best AR@10 first where there is one.

    Example:
        >>> lines_of({"FCN": [{"AR@10": 3.0}, {"AR@10": 4.0}]}, ("AR@10", "AP50"))[-1]
        '| FCN | 3.5 ± 0.7 | – |'
    """
    order = sorted(found, reverse=True,
                   key=lambda name: sum(f.get("AR@10", 0) for f in found[name])
                   / len(found[name]))
    cells = [["", *columns], ["---"] * (len(columns) + 1)]
    cells += [[name, *(measured_of(found[name], column) for column in columns)]
              for name in order]
    return [f"| {' | '.join(line)} |" for line in cells]
