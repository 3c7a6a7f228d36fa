"""A budget of seconds told in steps, at a pace measured before anything is trained.

Beside other work a step takes up to three times as long. A table of equal seconds would
then compare how busy the machine was, so seconds are turned into steps once.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.league.machine import machine
from ifcn_lab.league.rows import Row, build
from ifcn_lab.training import train

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Segmenter

STEPS = 40
"""How many are timed."""


def paced(row: Row, out: Path) -> Row:
    """The row with as many steps as one core makes in its recipe's seconds.

    The pace lies in `out`/paces.json; a row that is not in it is timed, and the network
    that it stands on too. A copy of the file in another folder gives the same steps.

    Raises:
        ValueError: the data set is not there, or paces.json is damaged.
    """
    if row.on:
        row = replace(row, on=paced(row.on, out))
    path, name = out / "paces.json", f"{row.data.name}-{row.name}"
    try:
        paces = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        pace = float(paces.get(name, {"seconds a step": 0.0})["seconds a step"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error!r}); delete it, and what was "
                         "measured under it if the paces shall be new") from error
    if not pace:
        pace = round(seconds_a_step(row), 4)
        paces[name] = {"seconds a step": pace, "date": time.strftime("%Y-%m-%d"),
                       "machine": machine()}
        write_whole(path, json.dumps(paces, indent=1) + "\n")
    steps = max(1, round(row.recipe.seconds / pace))
    return replace(row, recipe=row.recipe.with_(iterations=steps, seconds=None,
                                                clock="wall"))


def seconds_a_step(row: Row) -> float:
    """Seconds of one core's work that a training step of this row takes.

    The mean of the quicker half of the steps: the slower ones start up, or were
    disturbed. One thread, on the processor.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _, ends = timed(row)
    finally:
        torch.set_num_threads(threads)
    taken = sorted(after - before for before, after in pairwise([0.0, *ends]))
    return sum(taken[:STEPS // 2]) / (STEPS // 2)


def timed(row: Row) -> tuple[Segmenter, list[float]]:
    """A model after some steps, on one that had as many, and when each step ended.

    Each image comes once, because a model may keep what it found out about it.
    """
    model, ends = build(row, 0, timed(row.on)[0] if row.on else None), []
    samples = row.data.open("train")
    shown = min(STEPS * row.recipe.batch, len(samples))
    some = [samples[index] for index in range(shown)]
    train(model, some, row.recipe.with_(iterations=STEPS, seconds=None,
                                        clock="processor"),
          on_step=lambda step: ends.append(step.seconds))
    return model, ends
