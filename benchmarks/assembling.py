"""Assembling beside its limit, and beside what one would otherwise write.

    python -m benchmarks.assembling [--quick]

Assembling writes H * W * m * m scores, of four bytes here, and calculates nothing. So
nothing is faster than writing as many bytes: the limit is `torch.Tensor.fill_` of the
same memory, timed before and after every candidate. A ratio is the limit's time over
the candidate's. Run it while nothing else runs.

The table and the chart go to `benchmarks/results/`; with --quick nothing is written
unless --out says where. Threads: all cores, or OMP_NUM_THREADS.
"""

from __future__ import annotations

import argparse
import os
import time
import timeit
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from math import isqrt
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

from benchmarks.results import assembling as paper
from benchmarks.results.assembling import NAMES, TARGETS, Report, Row, Spread, Took
from ifcn_lab.assembling import assemble, cuda, cuda_reference, device, numba_, pad
from ifcn_lab.grid import Grid, every_place

RESULTS = Path(__file__).parent / "results"
SIZES = (40, 53), (75, 100), (150, 200), (300, 400)
PAIRS = tuple(product((3, 5, 7), (15, 21, 35)))
MOST = 700e6  # bytes of output
ROUNDS, TRIES, PAUSE = 15, 4, 1.0
ALONE = 20  # fills without a candidate between them, for the fastest there is
BATCHES = (8, 32)
QUEUE = 20_000_000  # cycles that a GPU waits, while what is timed is handed to it
LOOPED = 40  # windows that the Python loops make
Run = Callable[[], Any]


def clock(run: Run) -> float:
    """Milliseconds that a call takes on the processor."""
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


def beside(
    limit: Run, candidates: dict[str, Run], rounds: int,
    clock: Callable[[Run], float] = clock, scale: dict[str, float] | None = None,
    warm: int = 1,
) -> dict[str, Took]:
    """Time the limit, a candidate, the limit, the next candidate, and so on.

    A candidate may push the limit's memory out of the caches, so the limit runs
    `warm` times before it is timed. All of it is done again, a few times, while other
    work disturbs the limit; the try with the fastest limit counts.
    """
    every, tries = {"limit": limit, **candidates}, []
    for run in every.values():
        run()
    alone = min(clock(limit) for _ in range(ALONE))
    while len(tries) < TRIES and (not tries or paper.disturbed(tries[-1])):
        time.sleep(PAUSE * len(tries))
        took = by_turns(limit, every, rounds, clock, scale or {}, warm)
        fastest = min(alone, took["limit"].fastest)
        tries.append(took | {"limit": took["limit"]._replace(fastest=fastest)})
    return min(tries, key=lambda took: took["limit"].ms.middle)


def by_turns(
    limit: Run, every: dict[str, Run], rounds: int, clock: Callable[[Run], float],
    scale: dict[str, float], warm: int,
) -> dict[str, Took]:
    """What `beside` does, once."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in every}
    for _ in range(rounds):
        before = clock(limit)
        for name, run in every.items():
            ms = clock(run) * scale.get(name, 1)
            for _ in range(warm):
                limit()
            after = clock(limit)
            times[name].append((ms, (before + after) / 2 / ms))
            before = after
    columns = {name: tuple(zip(*pairs, strict=True)) for name, pairs in times.items()}
    return {name: Took(Spread.of(ms), Spread.of(ratio), min(ms))
            for name, (ms, ratio) in columns.items()}


def scores(kk: int, H: int, W: int) -> Float[np.ndarray, "kk H W"]:
    """Score maps of random numbers."""
    return np.random.default_rng(0).standard_normal((kk, H, W)).astype(np.float32)


def same(a: Shaped[Any, "..."], b: Shaped[Any, "..."]) -> bool:
    """Whether two results hold the same bits, in the same order."""
    a, b = (np.ascontiguousarray(x).view(np.int32) for x in (a, b))
    return np.array_equal(a, b)


def candidates(
    maps: Float[np.ndarray, "kk H W"], memory: Float[np.ndarray, " size"], m: int
) -> dict[str, Run]:
    """The public call and its kernels alone, all writing to the same memory."""
    kk, H, W = maps.shape
    k, bits, flat = isqrt(kk), maps.view(np.int32).ravel(), memory.view(np.int32)
    fills = np.zeros(m * (W + m), np.int32)
    padded = np.empty(kk * (H + m - 1) * (W + m - 1), np.int32)
    to_planes = numba_.planes_kernel(k, m)
    to_windows = numba_.windows_kernel(k, m, chosen=False)
    nowhere = np.empty((0, 3), np.int64)
    call = partial(assemble, maps, m, backend="numba")

    def windows_kernel() -> None:
        numba_.copy_padded(padded, bits, fills, kk, H, W, m)
        to_windows(flat, padded, nowhere, 1, H, W)
    runs = (
        partial(call, layout="plane", out=memory.reshape(m, m, H, W)),
        partial(to_planes, flat, bits, fills, 1, H, W),
        partial(call, layout="window", out=memory.reshape(H, W, m, m)),
        windows_kernel,
    )
    return dict(zip(NAMES, runs, strict=True))


def view_time(maps: Float[np.ndarray, "kk H W"], m: int) -> Spread | None:
    """Microseconds of the view of padded maps; None where there is no view."""
    if m % isqrt(len(maps)):
        return None
    run = partial(assemble, pad(maps, m), m, backend="view", padded=True)
    return Spread.of([1e4 * s for s in timeit.repeat(run, number=100, repeat=9)])


def measured(H: int, W: int, k: int, m: int, rounds: int) -> Row:
    """Check and time every candidate at one size."""
    maps, memory = scores(k * k, H, W), torch.empty(H * W * m * m)
    runs, flat = candidates(maps, memory.numpy(), m), memory.numpy()
    truth = {layout: assemble(maps, m, backend="numpy", layout=layout).ravel()
             for layout in TARGETS}
    for name, run in runs.items():
        memory.fill_(np.nan)
        run()
        if not same(flat, truth[name.split(",")[0]]):
            raise ValueError(f"{name} is not exact at {H}x{W}, k = {k}, m = {m}")
    took = beside(partial(memory.fill_, 1.5), runs, rounds)
    return Row(H, W, k, m, took, view_time(maps, m))


def fancy(maps: Float[np.ndarray, "kk H W"], m: int) -> Float[np.ndarray, "H W m m"]:
    """NumPy's indexing with three arrays of indices."""
    (kk, H, W), i = maps.shape, np.arange(m)
    rows = np.arange(H)[:, None, None, None] + i[:, None]            # (H, 1, m, 1)
    columns = np.arange(W)[:, None, None] + i                           # (W, 1, m)
    return pad(maps, m)[Grid(isqrt(kk), m).channel, rows, columns]


def unfolded(maps: Float[Tensor, "kk H W"], m: int) -> Float[Tensor, "m m H W"]:
    """Every window of every map, of which one in k * k is kept."""
    kk, H, W = maps.shape
    every = F.unfold(pad(maps, m)[None], m).view(kk, m * m, H * W)
    channel = torch.tensor(Grid(isqrt(kk), m).channel).view(1, m * m, 1)
    return every.gather(0, channel.expand(1, m * m, H * W)).view(m, m, H, W)


def sampling_grid(kk: int, H: int, W: int, m: int) -> Float[Tensor, "1 HW m m 3"]:
    """Where `grid_sample` looks: column, row and map, each from -1 to 1."""
    y, x, i, j = np.indices((H, W, m, m))
    channel = np.broadcast_to(Grid(isqrt(kk), m).channel, x.shape)
    axes = (x + j - m // 2, W), (y + i - m // 2, H), (channel, kk)
    where = np.stack([2 * at / max(1, n - 1) - 1 for at, n in axes], -1)
    return torch.tensor(where.reshape(1, H * W, m, m, 3), dtype=torch.float32)


def sampled(
    maps: Float[Tensor, "kk H W"], grid: Float[Tensor, "1 HW m m 3"]
) -> Float[Tensor, "H W m m"]:
    """The nearest score to each place of a grid; beyond the border zero."""
    found = F.grid_sample(maps[None, None], grid, "nearest", "zeros", True)
    return found.view(*maps.shape[1:], *grid.shape[2:4])


def rivals(
    H: int, W: int, k: int, m: int
) -> tuple[dict[str, Run], list[str]]:
    """What one would otherwise write, each into fresh memory; and remarks."""
    array = scores(k * k, H, W)
    maps, grid = torch.from_numpy(array), sampling_grid(k * k, H, W, m)
    every: dict[str, Run] = {
        "Python loops": partial(
            assemble, array, m, backend="loop", centers=some_places(H, W)),
        "unfold + gather": partial(unfolded, maps, m),
        "grid_sample, nearest": partial(sampled, maps, grid),
        "fancy indexing (NumPy)": partial(fancy, array, m),
        'block copies (backend "numpy")': partial(assemble, array, m, backend="numpy"),
        'gather (backend "torch")': partial(assemble, maps, m, backend="torch"),
        'kernels (backend "numba")': partial(assemble, array, m, backend="numba"),
    }
    return every, [
        f"The loops made {LOOPED} windows; their time is scaled per score.",
        "`grid_sample` was given its grid, which is not timed; it knows no fill but 0."]


def some_places(H: int, W: int) -> Int[np.ndarray, "N 2"]:
    """A few places on the map, from anywhere."""
    places = every_place(1, H, W).reshape(-1, 3)[:, 1:]
    return np.random.default_rng(1).permutation(places)[:LOOPED]


def exact(run: Run, H: int, W: int, k: int, m: int) -> bool:
    """Whether a rival gives the same bits as `assemble`."""
    found = torch.as_tensor(run())
    chosen = some_places(H, W) if found.ndim == 3 else None
    layout = "plane" if tuple(found.shape[:2]) == (m, m) else "window"
    truth = assemble(scores(k * k, H, W), m, centers=chosen, layout=layout)
    return same(found.numpy(), truth)


def raced(H: int, W: int, k: int, m: int, rounds: int) -> tuple[dict, list[str]]:
    """Check the rivals and time them beside the fill; and remarks."""
    runs, remarks = rivals(H, W, k, m)
    wrong = [name for name, run in runs.items() if not exact(run, H, W, k, m)]
    remarks.append("Not exact: " + ", ".join(wrong) if wrong else
                   "All of them give the same bits as `assemble`.")
    fill = partial(torch.empty(H * W * m * m).fill_, 1.5)
    scale = {"Python loops": H * W / min(LOOPED, H * W)}
    return beside(fill, runs, rounds, scale=scale, warm=3), remarks


def gpu_kernels(maps: Any, windows: Any, planes: Any, k: int, m: int) -> dict[str, Run]:
    """The CUDA kernels alone: maps (B, k*k, H, W) and results are on the device."""
    B, _, H, W = maps.shape
    grid, zero = Grid(k, m), maps.dtype.type(0)
    pixels = [device.on_device(column) for column in cuda._pixel_table(grid)]
    tables = grid.channel, every_place(B, H, W).reshape(-1, 3)
    channel, places = map(device.on_device, tables)
    each = windows.reshape(B * H * W, m, m)
    runs = {"reference kernel": partial(
        device.start, cuda_reference.copy_one_score,
        cuda_reference.blocks_for(each.shape), cuda_reference.THREADS,
        maps, channel, places, zero, each)}
    for layout, out, kernel, more in (("window", windows, cuda.copy_windows,
                                       [True, places]),
                                      ("plane", planes, cuda.copy_planes, [])):
        shape, blocks = cuda._launch_shape(tuple(out.shape), layout)
        runs[f"fast kernel, {layout}"] = partial(
            device.start, kernel, blocks, (cuda.THREADS,),
            maps, *pixels, zero, out.reshape(*shape), *more)
    return runs


def gpu_clock(run: Run) -> float:
    """Milliseconds that a call takes on the GPU, which finds all of it in its queue."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda._sleep(QUEUE)
    start.record()
    run()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


def gpu_raced(B: int, H: int, W: int, k: int, m: int, rounds: int) -> dict[str, Took]:
    """Check and time everything on the GPU, beside a copy of as many bytes there."""
    maps = torch.from_numpy(scores(B * k * k, H, W)).cuda().view(B, k * k, H, W)
    memory = torch.empty(B * H * W * m * m, device="cuda")
    windows, planes = memory.view(B, H, W, m, m), memory.view(B, m, m, H, W)
    lent = map(device.borrowed, (maps, windows, planes))
    runs = gpu_kernels(*lent, k, m)
    for layout, out in (("window", windows), ("plane", planes)):
        runs[f"call, {layout}"] = partial(
            assemble, maps, m, backend="cuda", layout=layout, out=out)
    for name, run in runs.items():
        layout = "plane" if name.endswith("plane") else "window"
        memory.fill_(torch.nan)
        run()
        if not torch.equal(memory, assemble(maps, m, layout=layout).ravel()):
            raise ValueError(f"{name} is not exact for a batch of {B}")
    runs["gather (torch)"] = partial(assemble, maps, m, backend="torch")
    copy = partial(memory.copy_, torch.ones_like(memory))
    return beside(copy, runs, rounds, gpu_clock)


def report(sizes: Sequence[tuple[int, int]], pairs: Sequence[tuple[int, int]],
           where: tuple[int, int], rounds: int) -> Report:
    """Everything: each size and pair, the rivals, and the GPU if there is one."""
    rows, left_out = [], []
    for (H, W), (k, m) in product(sizes, pairs):
        if 4 * H * W * m * m > MOST:
            left_out.append((H, W, k, m))
            continue
        rows.append(measured(H, W, k, m, rounds))
        print(paper.table(rows[-1:]).splitlines()[-1], flush=True)
    took, remarks = raced(*where, 5, 21, rounds)
    gpu = {}
    if device.device_name() != "simulator" and torch.cuda.is_available():
        gpu = {B: gpu_raced(B, *where, 5, 21, rounds) for B in BATCHES}
    return Report(rows, left_out, (*where, 5, 21), took, remarks, gpu,
                  device.device_name())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the table and the chart."""
    parser = argparse.ArgumentParser(description="Assembling beside its limit.")
    parser.add_argument("--quick", action="store_true", help="small, to try it out")
    parser.add_argument("--out", type=Path, help="folder for the table and the chart")
    given = parser.parse_args(arguments)
    cores = numba.config.NUMBA_NUM_THREADS
    threads = min(cores, int(os.environ.get("OMP_NUM_THREADS", cores)))
    torch.set_num_threads(threads)
    numba.set_num_threads(threads)
    quick = SIZES[:1], ((3, 15), (5, 21)), (20, 30), 3
    found = report(*quick if given.quick else (SIZES, PAIRS, (75, 100), ROUNDS))
    print(paper.write(found, given.out or (None if given.quick else RESULTS)))


if __name__ == "__main__":
    main()
