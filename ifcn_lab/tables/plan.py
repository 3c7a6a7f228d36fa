"""What `reproduce` would run, row by row, without running it."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ifcn_lab.tables.rows import build
from ifcn_lab.tables.runs import Run

OPTIONS = ("dataset", "data", "train_list", "val_list", "out", "scale", "seeds",
           "minutes", "steps", "every", "init", "workers", "device")
"""What a row's own command repeats of the command that was given."""


def plan(given: Namespace, runs: Sequence[Run]) -> str:
    """Every row's command, network and settings; the seeds of a row stand together.

    Each command runs its row alone, so that rows can go to different machines. Results
    in one folder make one table.
    """
    first = {run.row.name: run for run in reversed(runs)}
    lines = [f"{len(runs)} runs: {len(first)} rows, seeds 0 to {given.seeds - 1}"]
    for run in reversed(first.values()):
        lines += ["", *describe(given, run)]
    return "\n".join(lines)


def describe(given: Namespace, run: Run) -> Iterator[str]:
    """The lines of one row."""
    yield f"{run.row.key}: {run.row.task} with {run.row.network}"
    yield f"  {command(given, run.row.key)}"
    network, head = weights(run)
    yield f"  {network:,} weights, {head:,} of them in the last layers of the mask head"
    settings = {k: v for k, v in run.settings.items() if k not in ("row", "seed")}
    for name, value in settings.items():
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
        model = build(run.row, replace(run.setting, init=None), run.seed)
    head = [p for p in model.masks.parameters() if p.ndim > 1][1:]
    return (sum(p.numel() for p in model.parameters() if p.ndim > 1),
            sum(p.numel() for p in head))
