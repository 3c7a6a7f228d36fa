"""What `reproduce` would run, row by row, without running it."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from ifcn_lab.league.runs import Run

OPTIONS = ("dataset", "data", "train_list", "val_list", "out", "scale", "seeds",
           "minutes", "steps", "every", "init", "workers", "device")
"""What a row's own command repeats of the command that was given."""


def plan(given: Namespace, runs: Mapping[str, Sequence[Run]]) -> str:
    """Every row's command and settings; the seeds of a row stand together.

    Each command runs its row alone, so that rows can go to different machines. Results
    in one folder make one table.

    Args:
        given: the options of the command.
        runs: of each row's key, seed by seed.
    """
    count = sum(map(len, runs.values()))
    lines = [f"{count} runs: {len(runs)} rows, seeds 0 to {given.seeds - 1}"]
    for key, (run, *_) in runs.items():
        stands = f" on {run.row.on.name}" if run.row.on else ""
        lines += ["", f"{key}: {run.row.model}{stands}", f"  {command(given, key)}"]
        lines += [f"  {name}: {json.dumps(value)}"
                  for name, value in run.settings.items() if name != "seed"]
    return "\n".join(lines)


def command(given: Namespace, key: str) -> str:
    """The command that runs one row of the tables asked for."""
    words = ["ifcn-lab", "reproduce", *given.tables]
    for name in OPTIONS:
        value: Any = getattr(given, name)
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*words, "--rows", key])
