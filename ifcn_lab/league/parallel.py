"""Many trials: one after the other, or several at once in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any

import torch

from ifcn_lab.league.trials import Trial, perform

Done = tuple[Trial, dict[str, Any]]


def perform_all(trials: Sequence[Trial], *, jobs: int = 1) -> Iterator[Done]:
    """Every trial with its result, as they are done.

    Trials that share a network come one after the other, so that none trains it twice.

    Args:
        trials: what to run.
        jobs: how many at once. Each then has its share of the processor's cores.
    """
    if jobs == 1:
        for trial in trials:
            yield trial, perform(trial)
        return
    waiting, threads = iter(chains(trials)), max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"),
                             torch.set_num_threads, (threads,)) as pool:
        # Only as many as run at once are handed over: after Ctrl-C none begins anew.
        running, done = set(), range(jobs)
        while done:
            for chain in islice(waiting, len(done)):
                running.add(pool.submit(perform_chain, chain))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for chain in done:
                yield from chain.result()


def chains(trials: Sequence[Trial]) -> list[list[Trial]]:
    """The trials put together by the network that they stand on, in their order.

    Example:
        >>> chains([])
        []
    """
    together: dict[str, list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.base is not None):
        together.setdefault((trial.base or trial).name, []).append(trial)
    return list(together.values())


def perform_chain(chain: list[Trial]) -> list[Done]:
    """Trials one after the other."""
    return [(trial, perform(trial)) for trial in chain]
