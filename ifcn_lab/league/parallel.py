"""Many runs: one after the other, or several at once in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any

from ifcn_lab.league.runs import Measuring, Run, perform

Done = tuple[Run, dict[str, Any]]


def perform_all(
    runs: Sequence[Run], *, jobs: int = 1, measure: Measuring | None = None
) -> Iterator[Done]:
    """Every run with its result, as they are done.

    Runs that share a network come one after the other, so that none trains it twice.

    Args:
        runs: what to run.
        jobs: how many at once. Each then has its share of the processor's cores.
        measure: as `perform` takes it.
    """
    if jobs == 1:
        for run in runs:
            yield run, perform(run, progress=True, measure=measure)
        return
    waiting, threads = iter(chains(runs)), max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        # Only as many as run at once are handed over: after Ctrl-C none begins anew.
        running, done = set(), range(jobs)
        while done:
            for chain in islice(waiting, len(done)):
                running.add(pool.submit(perform_chain, chain, threads, measure))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for chain in done:
                yield from chain.result()


def chains(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs put together by the network that they stand on, in their order.

    Example:
        >>> chains([])
        []
    """
    together: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.base is not None):
        together.setdefault((run.base or run).name, []).append(run)
    return list(together.values())


def perform_chain(
    chain: list[Run], threads: int, measure: Measuring | None = None
) -> list[Done]:
    """Runs one after the other, without progress bars, on so many threads."""
    import torch

    torch.set_num_threads(threads)
    return [(run, perform(run, measure=measure)) for run in chain]
