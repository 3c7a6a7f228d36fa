"""The table and the chart of `benchmarks.assembling`: what was measured, written down.

They are written to `assembling.md` and `assembling.png` in a folder. Nothing is
measured here.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from ifcn_lab.draw.palette import GREY, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, panels

TARGETS = {"plane": 0.90, "window": 0.70}
COLOURS = {"plane": TRUE, "window": WRONG}
NAMES = [f"{layout}, {what}" for layout in TARGETS for what in ("call", "kernel")]
VIEW_TARGET = 20  # microseconds
CALM = 1.5  # times the fastest fill; slower ones were disturbed
COUNTS = {1: "one core", 2: "two cores", 4: "four cores", 8: "eight cores"}


class Spread(NamedTuple):
    """The quartiles of several measurements."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The quartiles of some numbers."""
        return cls(*np.percentile(values, [25, 50, 75]).tolist())


class Took(NamedTuple):
    """Milliseconds, the ratio of the limit's time to them, and the fewest of them."""

    ms: Spread
    ratio: Spread
    fastest: float


class Row(NamedTuple):
    """One size: every candidate, and microseconds of the view if there is one."""

    H: int
    W: int
    k: int
    m: int
    took: dict[str, Took]
    view: Spread | None


class Report(NamedTuple):
    """All that was measured; `where` is H, W, k, m of the rivals, and of the GPU."""

    rows: list[Row]
    left_out: list[tuple[int, int, int, int]]
    where: tuple[int, int, int, int]
    rivals: dict[str, Took]
    remarks: list[str]
    gpu: dict[int, dict[str, Took]]
    card: str


def disturbed(took: dict[str, Took]) -> bool:
    """Whether other work kept the processor from filling as fast as it can.

    With a core taken away a fill takes milliseconds instead of microseconds, and then
    the scheduler is measured instead of the memory. The candidates have no say in it.
    """
    limit = took["limit"]
    return limit.ms.high > CALM * limit.fastest


def write(report: Report, folder: Path | None) -> str:
    """The text of the report; with a folder, it and the chart are written there."""
    picture = chart(report)
    text = "\n\n".join([
        "# Assembling beside its limit", f"{date.today()}, {machine()}.",
        limit_words(report), f"![{picture.alt}](assembling.png)",
        "## At each size", size_words(report), table(report.rows),
        "## What one would otherwise write", rival_words(report), rival_table(report),
        "\n".join(report.remarks), "## On a GPU", gpu_part(report),
    ]) + "\n"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "assembling.md").write_text(text, encoding="utf-8")
        picture.save(folder / "assembling.png")
    return text


def machine() -> str:
    """The processor in general words, and the versions of what was measured."""
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        cpu = ""
    kind = next((name for name in ("Intel Xeon", "AMD EPYC", "Intel", "AMD")
                 if all(word in cpu for word in name.split())), platform.machine())
    count = os.cpu_count() or 1
    cores = COUNTS.get(count, f"{count} cores")
    packages = ", ".join(f"{n} {version(n)}" for n in ("numpy", "torch", "numba"))
    return f"{cores} of an {kind}{' with AMX' * ('amx_tile' in cpu)}; {packages}"


def limit_words(report: Report) -> str:
    """What the limit is, at the size of the rivals."""
    H, W, _, m = report.where
    number = H * W * m * m
    ms = report.rivals["limit"].ms.middle
    return (
        "Assembling calculates nothing, so its limit is writing as many bytes: the "
        f"result at {H}x{W} with m = {m} has {number:,} scores, {4 * number / 1e6:.1f} "
        f"MB in float32. `torch.Tensor.fill_` of that memory took {ms:.2f} ms, "
        f"{4 * number / 1e6 / ms:.0f} GB a second.\nEvery ratio is the fill's time "
        "over the candidate's, 1 is as fast as filling. The fill was timed before and "
        "after every run of a candidate, on the same threads and into the same memory. "
        "Medians, and in brackets the middle half."
    )


def size_words(report: Report) -> str:
    """How many sizes meet the targets, and what was left out."""
    lines = []
    for layout, target in TARGETS.items():
        found = [f"the {what} alone" * (what == "kernel") + "the public call" *
                 (what == "call") + f" at {met} of {len(report.rows)} sizes"
                 for what in ("kernel", "call")
                 for met in [sum(row.took[f"{layout}, {what}"].ratio.middle >= target
                                 for row in report.rows)]]
        lines.append(f"{layout.capitalize()} layout, target {target:.2f}: met by "
                     f"{found[0]}, by {found[1]}.")
    views = [row.view.middle for row in report.rows if row.view]
    if views:
        lines.append(f"View of padded maps, target {VIEW_TARGET} microseconds: at most "
                     f"{max(views):.1f}. It is there where k divides m.")
    faster = [row.took["plane, kernel"].ratio.middle for row in report.rows
              if row.took["plane, kernel"].ratio.low > 1.02]
    if faster:
        lines.append(f"At {len(faster)} sizes the kernel for planes was faster than "
                     f"the fill, up to {max(faster):.2f} times: there the fill is no "
                     "limit.")
    stars = sum(disturbed(row.took) for row in report.rows)
    lines.append(f"Disturbed by other work, marked with a star: {stars or 'none'}. "
                 f"There the fill mostly took over {CALM} times its fastest, though it "
                 "was measured several times, and the ratios mean little.")
    left = ", ".join(f"{H}x{W} with k = {k}, m = {m}" for H, W, k, m in report.left_out)
    lines.append(f"Left out, more than 700 MB: {left or 'nothing'}.")
    return "\n".join(lines)


def table(rows: list[Row]) -> str:
    """A line for each size."""
    lines = [f"| maps | k | m | MB | fill, ms | {' | '.join(NAMES)} | view, µs |",
             "|" + " --- |" * (len(NAMES) + 6)]
    for row in rows:
        ratios = [ratio_words(row.took[name].ratio) for name in NAMES]
        view = f"{row.view.middle:.1f}" if row.view else ""
        cells = [f"{row.H}x{row.W}", row.k, row.m,
                 f"{4e-6 * row.H * row.W * row.m**2:.1f}",
                 f"{row.took['limit'].ms.middle:.2f}{' *' * disturbed(row.took)}",
                 *ratios, view]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def ratio_words(ratio: Spread) -> str:
    """A ratio with its middle half.

    >>> ratio_words(Spread(0.8, 0.9, 1.0))
    '.90 (.80 to 1.00)'
    """
    low, middle, high = (f"{value:.2f}".removeprefix("0") for value in ratio)
    return f"{middle} ({low} to {high})"


def rival_words(report: Report) -> str:
    """What the second table holds."""
    H, W, k, m = report.where
    star = " Disturbed by other work." if disturbed(report.rivals) else ""
    return (f"Maps of {H}x{W}, k = {k}, m = {m}. Every result goes to fresh memory, as "
            f"one would write it; the fill's memory is not fresh.{star}")


def rivals_by_time(took: dict[str, Took]) -> list[tuple[str, Took]]:
    """Everything but the limit, the slowest first."""
    some = [(name, value) for name, value in took.items() if name != "limit"]
    return sorted(some, key=lambda pair: -pair[1].ms.middle)


def rival_table(report: Report) -> str:
    """A line for each rival, the slowest first."""
    lines = ["| | ms | times the fill |", "| --- | --- | --- |"]
    for name, took in rivals_by_time(report.rivals):
        low, middle, high = took.ms
        lines.append(f"| {name} | {middle:.2f} ({low:.2f} to {high:.2f}) | "
                     f"{times(1 / took.ratio.middle)} |")
    return "\n".join(lines)


def times(number: float) -> str:
    """A number of times, as exact as it is known.

    >>> times(8271.2), times(43.2), times(1.234)
    ('8,300', '43', '1.2')
    """
    return f"{float(f'{number:.2g}'):,.{int(number < 9.95)}f}"


def gpu_part(report: Report) -> str:
    """The GPU's figures by batch; where there is none, the command that measures."""
    if not report.gpu:
        return ("None could be had. `python -m benchmarks.assembling` on a machine "
                "with one adds its figures here.")
    H, W, k, m = report.where
    lines = [f"{report.card}. The limit is a copy within the GPU's memory, which reads "
             "and writes; the share of its bandwidth counts bytes read and written.",
             "", "| batch | | ms | written, GB/s | share of the copy's bandwidth |",
             "| --- | --- | --- | --- | --- |"]
    for batch, every in report.gpu.items():
        written, read = 4 * batch * H * W * m * m, 4 * batch * H * W * k * k
        for name, took in every.items():
            moved = 1 if name == "limit" else (written + read) / (2 * written)
            share = ratio_words(Spread(*(moved * value for value in took.ratio)))
            lines.append(f"| {batch} | {name.replace('limit', 'copy')} | "
                         f"{took.ms.middle:.3f} | "
                         f"{written / 1e6 / took.ms.middle:.0f} | {share} |")
    return "\n".join(lines)


def chart(report: Report) -> Picture:
    """Both layouts beside the fill at each size, and what one would otherwise write."""
    with panels(1, 2, width=11.5, height=4.8) as (figure, axes):
        draw_sizes(axes[0, 0], report)
        draw_rivals(axes[0, 1], report)
    return Picture(figure, chart_words(report))


def draw_sizes(ax: Axes, report: Report) -> None:
    """Ratios with whiskers for the usual k and m; other k and m as pale points."""
    k, m = report.where[2:]
    sizes = sorted({(row.H, row.W) for row in report.rows})
    for layout, target in TARGETS.items():
        ax.axhline(target, color=COLOURS[layout], linestyle=":", linewidth=1.2)
        ax.text(len(sizes) + 0.4, target + 0.008, f"target {target:.2f}", ha="right",
                color=COLOURS[layout], size=9)
    ends = {name: draw_series(ax, report.rows, sizes, name, (k, m)) for name in NAMES}
    for name, height in apart({n: y for n, y in ends.items() if y}, 0.06).items():
        ax.text(-0.3, height, name, ha="right", va="center",
                color=COLOURS[name.split(",")[0]])
    ax.axhline(1, color=INK, linewidth=1)
    ax.text(len(sizes) + 0.4, 1.008, "the fill", ha="right", color=INK, size=9)
    ax.set(xlim=(-1.9, len(sizes) + 0.45), ylim=(0, None), ylabel="fill's time / time",
           title=f"Beside the fill, k = {k} and m = {m}\n"
                 "(pale: other k and m; whiskers: the middle half)")
    ax.set_xticks(range(len(sizes)), [f"{H}x{W}" for H, W in sizes])
    ax.set_xlabel("maps", x=0.53)


def draw_series(
    ax: Axes, rows: list[Row], sizes: list[tuple[int, int]], name: str,
    usual: tuple[int, int],
) -> float | None:
    """One candidate at all sizes; returns how high its first point stands."""
    layout, what = name.split(", ")
    colour, first = COLOURS[layout], None
    shift = 0.07 * (NAMES.index(name) - (len(NAMES) - 1) / 2)
    for row in rows:
        at, (low, middle, high) = sizes.index((row.H, row.W)), row.took[name].ratio
        if (row.k, row.m) != usual:
            ax.plot(at + shift, middle, ".", color=colour, alpha=0.25, markersize=5)
            continue
        first = middle if at == 0 else first
        ax.errorbar(at + shift, middle, [[middle - low], [high - middle]], fmt="o",
                    color=colour, markersize=7, capsize=3, zorder=3,
                    markerfacecolor=colour if what == "kernel" else "white")
    return first


def apart(heights: dict[str, float], gap: float) -> dict[str, float]:
    """The same heights, moved up where two would stand closer than a gap.

    >>> apart({"a": 0.5, "b": 0.48, "c": 0.1}, 0.05)
    {'c': 0.1, 'b': 0.48, 'a': 0.53}
    """
    placed: dict[str, float] = {}
    below = -gap
    for name in sorted(heights, key=heights.__getitem__):
        below = placed[name] = round(max(heights[name], below + gap), 6)
    return placed


def draw_rivals(ax: Axes, report: Report) -> None:
    """A bar for each, as long as it takes; the axis is logarithmic."""
    every = rivals_by_time(report.rivals)
    numbers = [1 / took.ratio.middle for _, took in every]
    for at, number in enumerate(numbers):
        ax.barh(at, number, color=GREY, height=0.62)
        ax.text(number * 1.15, at, f"{times(number)} times", va="center", size=9)
    ax.set_xscale("log")
    ax.set(xlim=(1, 15 * max(numbers)), xlabel="times the fill (logarithmic)",
           title="What one would otherwise write\n({}x{}, k = {}, m = {})".format(
               *report.where))
    ax.set_yticks(range(len(every)), [name for name, _ in every])
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)


def chart_words(report: Report) -> str:
    """What the chart shows, in sentences."""
    k, m = report.where[2:]
    said = []
    for name in NAMES:
        found = [f"{row.took[name].ratio.middle:.2f} at {row.H}x{row.W}"
                 for row in report.rows if (row.k, row.m) == (k, m)]
        said.append(f"{name}: {', '.join(found)}")
    rivals = ", ".join(f"{name} {times(1 / took.ratio.middle)}"
                       for name, took in rivals_by_time(report.rivals))
    return (f"Left, the fill's time over the candidate's for k = {k}, m = {m}. "
            f"{'; '.join(said)}. Right, times the fill: {rivals}.")
