"""The chart and the page of `benchmarks.local_coherence`: recall on little data.

Nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

from matplotlib.axes import Axes

from ifcn_lab.draw.palette import TRUE, WRONG
from ifcn_lab.draw.picture import Picture, listing, panels

MEASURES = ("AR@10", "AR@100")
LOOKS = ((TRUE, "o", "-"), (WRONG, "s", "--"))
LABELS = {"k*k maps": "InstanceFCN: 25 score maps", "m*m outputs":
          "DeepMask-style: 441 outputs"}
Record = Mapping[str, object]


def by_scenes(
    runs: Sequence[Record], head: str, measure: str, where: str = "held_out"
) -> dict[int, list[float]]:
    """Recall of one head's runs, by the number of scenes trained on.

    `where` is "held_out", or "own" for the scenes that a run was trained on.

    >>> runs = [{"head": "a", "scenes": n, "held_out": {"AR@10": n / 10}}
    ...         for n in (8, 4, 4)]
    >>> by_scenes(runs, "a", "AR@10")
    {4: [0.4, 0.4], 8: [0.8]}
    """
    found: dict[int, list[float]] = {}
    for run in sorted(runs, key=lambda run: run["scenes"]):
        if run["head"] == head:
            found.setdefault(run["scenes"], []).append(run[where][measure])
    return found


def chart(record: Record) -> Picture:
    """AR@10 and AR@100 against the number of training scenes, a line for each head.

    Small marks are single runs, lines their means, bands reach from the lowest to the
    highest run.
    """
    runs = record["runs"]
    with panels(1, 2, width=8.0, height=3.4) as (figure, axes):
        for ax, measure in zip(axes[0], MEASURES, strict=True):
            for (head, label), look in zip(LABELS.items(), LOOKS, strict=True):
                draw_head(ax, by_scenes(runs, head, measure), label, look)
            sizes = sorted({run["scenes"] for run in runs})
            ax.set(xscale="log", xlabel="training scenes", ylim=(0, 1), title=measure)
            ax.set_xticks(sizes, map(str, sizes))
            ax.minorticks_off()
            ax.grid(axis="y", linewidth=0.4, alpha=0.6)
        axes[0, 0].set_ylabel("recall on held-out scenes")
        axes[0, 1].legend(loc="lower right")
    return Picture(figure, words(record))


def draw_head(
    ax: Axes, found: Mapping[int, Sequence[float]], label: str,
    look: tuple[str, str, str],
) -> None:
    """One head's runs, their mean and their range."""
    colour, mark, line = look
    sizes = list(found)
    ax.fill_between(sizes, [min(v) for v in found.values()],
                    [max(v) for v in found.values()], color=colour, alpha=0.18,
                    linewidth=0)
    for size, values in found.items():
        ax.plot([size] * len(values), values, mark, color=colour, markersize=3.5,
                alpha=0.6)
    ax.plot(sizes, [mean(v) for v in found.values()], line, color=colour, marker=mark,
            markersize=6, linewidth=1.8, label=label)


def words(record: Record) -> str:
    """What the chart shows: the mean AR@10 of each head."""
    lines = []
    for head, label in LABELS.items():
        found = by_scenes(record["runs"], head, "AR@10")
        figures = listing([f"{mean(v):.2f} after {n}" for n, v in found.items()])
        lines.append(f"{label.partition(':')[0]} {figures}")
    return f"Mean AR@10 by the number of training scenes: {'; '.join(lines)}."


def table(record: Record) -> list[str]:
    """Mean and standard deviation over seeds, head beside head, and the gap."""
    lines = ["| training scenes | | InstanceFCN | DeepMask-style | difference |",
             "| --- | --- | --- | --- | --- |"]
    kinds = [(m, "held_out", f"{m}, held out") for m in MEASURES]
    kinds.append(("AR@10", "own", "AR@10, its own scenes"))
    for size in sorted({run["scenes"] for run in record["runs"]}):
        for measure, where, name in kinds:
            ours, theirs = (by_scenes(record["runs"], head, measure, where)[size]
                            for head in LABELS)
            gap = mean(ours) - mean(theirs)
            lines.append(f"| {size} | {name} | {spread(ours)} | {spread(theirs)} | "
                         f"{gap:+.3f} |")
    return lines


def reading(record: Record) -> str:
    """Whether the gap between the heads grows as data gets scarcer, in words.

    That a head with fewer weights over-fits less predicts a gap that is wider on little
    data, and a DeepMask-style head that is good on its own scenes alone.
    """
    ours, theirs = (by_scenes(record["runs"], head, "AR@10") for head in LABELS)
    gaps = {size: mean(ours[size]) - mean(theirs[size]) for size in ours}
    few, many = min(gaps), max(gaps)
    own, seen = (mean(by_scenes(record["runs"], head, "AR@10", "own")[few])
                 for head in LABELS)
    grows = "wider" if gaps[few] > gaps[many] else "not wider"
    return (f"The difference in AR@10 is {gaps[few]:+.3f} with {few} scenes and "
            f"{gaps[many]:+.3f} with {many}: it is {grows} on little data. On the "
            f"{few} scenes that it was trained on InstanceFCN reaches {own:.3f}, the "
            f"DeepMask-style head {seen:.3f}.")


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation (n - 1).

    >>> spread([0.5, 0.6])
    '0.550 ± 0.071'
    """
    more = f" ± {stdev(values):.3f}" if values[1:] else ""
    return f"{mean(values):.3f}{more}"


def write(record: Record, path: Path) -> Path:
    """Write the chart, and beside it a page with the table and the settings."""
    picture = chart(record)
    picture.save(path)
    seeds = sorted({run["seed"] for run in record["runs"]})
    settings = ", ".join(f"{k} {v}" for k, v in record["settings"].items())
    page = [
        "# Two mask heads on little data", "",
        f"![{picture.alt}]({path.name})", "",
        "InstanceFCN (25 score maps) and the DeepMask-style head (441 outputs a "
        "window), both on the small backbone with m = 21. Backbone and its first "
        "weights, recipe, steps, training scenes and seeds are the same for both.", "",
        *table(record), "", reading(record), "",
        f"Seeds {', '.join(map(str, seeds))}; mean ± standard deviation, n - 1. In the "
        "chart small marks are single runs, lines are means, and bands reach from the "
        "lowest run to the highest.",
        f"Settings: {settings}.",
        f"Measured on: {record.get('machine', 'a machine that was not noted')}.", "",
        "Made by `python -m benchmarks.local_coherence --scenes 4 16 64 256 --out "
        f"benchmarks/results/{path.stem}.json --chart "
        f"benchmarks/results/{path.name}`.", "",
    ]
    page_path = path.with_suffix(".md")
    page_path.write_text("\n".join(page), "utf-8")
    return page_path
