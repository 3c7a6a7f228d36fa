"""The league's figures as one small file that ships, of the results of its runs.

    python -m upkeep.league            writes data/league/scenes.json anew
    python -m upkeep.league --check    says whether it is what the results make

Afterwards `python -m ifcn_lab.data.shipped`, and lesson 14 has to be built again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.data import shipped
from ifcn_lab.league.claims import CLAIMS
from ifcn_lab.league.recorded import KEPT
from ifcn_lab.league.table import COLUMNS

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
"""Its folders `league` and `claims` hold a file for each row and seed."""

BY_SET = (": AR@10", ": best IoU")


def of_the_table(row: str, figure: str) -> bool:
    """Whether a figure of a league's row is kept.

    >>> [of_the_table("FCN", each) for each in ("AP50", "recall@80", "mAP^r@0.5",
    ...     "touching: AR@10", "touching: ms an image")]
    [True, True, False, True, False]
    """
    return (figure in COLUMNS or figure.startswith("recall@")
            or figure.endswith(BY_SET))


def of_a_claim(row: str, figure: str) -> bool:
    """Whether any claim reads a figure of one of its rows.

    >>> of_a_claim("k = 1", "touching: recall@70"), of_a_claim("k = 1", "AP50")
    (True, False)
    """
    return (row, figure) in {(name, asked) for claim in CLAIMS for gap in claim.gaps
                             for _, name, asked in gap.terms}


def results(folder: Path) -> list[Mapping[str, Any]]:
    """What the runs of a folder left, in the order of their seeds."""
    found = [json.loads(file.read_text("utf-8"))
             for file in sorted(folder.glob("scenes-*-seed*.json"))]
    return sorted(found, key=lambda each: each["settings"]["seed"])


def by_row(
    found: list[Mapping[str, Any]], kept: Callable[[str, str], bool]
) -> dict[str, list[dict[str, float]]]:
    """The figures that are kept, by row, seed by seed."""
    rows: dict[str, list[dict[str, float]]] = {}
    for each in found:
        row = each["settings"]["name"]
        figures = {**each["figures"], "steps": each["training"]["steps"]}
        rows.setdefault(row, []).append(
            {name: value for name, value in figures.items() if kept(row, name)})
    return dict(sorted(rows.items()))


def made() -> str:
    """The text of the file."""
    league, claims = results(RESULTS / "league"), results(RESULTS / "claims")
    return json.dumps({
        "machines": sorted({each["machine"] for each in (*league, *claims)}),
        "league": by_row(league, of_the_table), "claims": by_row(claims, of_a_claim),
    }, indent=1) + "\n"


def main() -> int:
    """Write the file, or compare it."""
    path = shipped.folder() / KEPT
    if "--check" in sys.argv:
        same = path.is_file() and path.read_text("utf-8") == made()
        print(f"{KEPT}: {'as the results are' if same else 'out of date'}")
        return 0 if same else 1
    write_whole(path, made())
    print(f"{KEPT}: {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
