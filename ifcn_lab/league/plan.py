"""What `reproduce` would run, row by row, without running it."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ifcn_lab.league.rows import build
from ifcn_lab.league.runs import Run

OPTIONS = ("dataset", "data", "train_list", "val_list", "out", "scale", "seeds",
           "minutes", "steps", "every", "init", "workers", "device")
"""What a row's own command repeats of the command that was given."""


def plan(given: Namespace, runs: Mapping[str, Sequence[Run]]) -> str:
    """Every row's command, network and settings; the seeds of a row stand together.

    Each command runs its row alone, so that rows can go to different machines. Results
    in one folder make one table.

    Args:
        given: the options of the command.
        runs: of each row's key, seed by seed.
    """
    count = sum(map(len, runs.values()))
    lines = [f"{count} runs: {len(runs)} rows, seeds 0 to {given.seeds - 1}"]
    for key, seeds in runs.items():
        lines += ["", *describe(given, key, seeds[0])]
    return "\n".join(lines)


def describe(given: Namespace, key: str, run: Run) -> Iterator[str]:
    """The lines of one row."""
    stands = f" on {run.row.on.name}" if run.row.on else ""
    yield f"{key}: {run.row.model}{stands}"
    yield f"  {command(given, key)}"
    if not run.row.on:
        network, head = weights(run)
        yield (f"  {network:,} weights, {head:,} of them in the last layers of the "
               "mask head")
    for name, value in run.settings.items():
        if name != "seed":
            yield f"  {name}: {json.dumps(value)}"


def command(given: Namespace, key: str) -> str:
    """The command that runs one row of the tables asked for."""
    words = ["ifcn-lab", "reproduce", *given.tables]
    for name in OPTIONS:
        value: Any = getattr(given, name)
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*words, "--rows", key])


def weights(run: Run) -> tuple[int, int]:
    """Kernel weights of a row's network, and of its mask head without the 1x1 before.

    No memory is taken: the network is built on torch's meta device.
    """
    import torch

    with torch.device("meta"):
        model = build(replace(run.row, init=None), run.seed)
    head = [p for p in model.masks.parameters() if p.ndim > 1][1:]
    return (sum(p.numel() for p in model.parameters() if p.ndim > 1),
            sum(p.numel() for p in head))
