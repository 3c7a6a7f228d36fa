"""Weights of the relatives that ship in `data/weights/`: the league's, seed 0.

    python -m lessons.relatives_weights scenes-fcis     five minutes of one core
    python -m lessons.relatives_weights --league FOLDER     all, from a league's folder

A network is a row of `ifcn-lab league`, so what the league measures is what ships.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from ifcn_lab.cli.league import league_rows
from ifcn_lab.data import shipped
from ifcn_lab.league.rows import Row
from ifcn_lab.league.trials import Trial, trained
from ifcn_lab.models import MODELS
from ifcn_lab.segmenter import Segmenter

NAMES = {f"scenes-{file}": name for name, file in MODELS.items()
         if isinstance(file, str) and name != "MNC"}
"""The model of each file of weights; MNC's third stage needs two networks, and its
joint form stands for it.
"""


def league_row(model: str, **length: object) -> Row:
    """The league's row of a model on scenes, trained for five minutes or as said."""
    return league_rows({model: {}}, **length)[0]


def network(model: str, league: Path, **length: object) -> Segmenter:
    """The network of seed 0, trained unless the league's folder has it."""
    trial = Trial(league_row(model, **length), 0, league, progress=True)
    return trained(trial)[0]


def main() -> None:
    """Write the files of weights in half precision."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[], metavar="NAME",
                        help=f"of {', '.join(NAMES)}; all, if left out")
    parser.add_argument("--league", type=Path, default=Path("league"))
    given = parser.parse_args()
    for name in given.names or NAMES:
        target = shipped.folder() / "weights" / f"{name}.safetensors"
        network(NAMES[name], given.league).half().save(target)
        print(f"{target.name}: {target.stat().st_size / 1e3:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
