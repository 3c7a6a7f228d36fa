"""Figures of lesson 4: what changes when the window moves, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from ifcn_lab.assembling.coherence import kept, kept_share
from ifcn_lab.draw.palette import FOUND, GREY, INK, TRUE, ink_on, part_colours
from ifcn_lab.draw.picture import Picture, bare, listing, panels
from ifcn_lab.grid import Grid

SAME, OTHER = "#c6dbef", FOUND


def one_step(k: int, m: int, step: tuple[int, int] = (0, 1)) -> Picture:
    """A window, the window a step further, and which shared places keep their map.

    The last panel is a head with m*m outputs: there every place changes its channel.

    Raises:
        ValueError: the step is negative, or so long that nothing is shared.
    """
    if not 0 <= min(step) <= max(step) < m:
        raise ValueError(f"a step is 0 to {m - 1} places down and right, got {step}")
    same = kept(k, m, step)
    with panels(1, 4, width=9.0, height=2.7) as (figure, axes):
        for ax, moved, title in zip(axes[0], ((0, 0), step), ("before", "after"),
                                    strict=False):
            draw_parts(frame_of(ax, m, step), k, m, moved)
            ax.set_title(title)
        heads = {f"{k * k} maps": same, f"{m * m} outputs": same & (step == (0, 0))}
        for ax, (name, kept_here) in zip(axes[0, 2:], heads.items(), strict=True):
            draw_kept(frame_of(ax, m, step), kept_here, step)
            ax.set_title(f"{name}:\n{kept_here.sum()} of {same.size} kept")
        figure.supxlabel("right: pale places keep their map, orange ones change it",
                         fontsize=9)
    return Picture(figure, step_words(k, m, step, same))


def step_words(k: int, m: int, step: tuple[int, int], same: np.ndarray) -> str:
    """What `one_step` shows, in two sentences."""
    down, right = step
    outputs_kept = same.size if step == (0, 0) else 0
    return (f"A window of {m} x {m} moves {down} down and {right} right. Of "
            f"{same.size} places in both, {same.sum()} ({same.mean():.0%}) keep their "
            f"one of the {k * k} maps; the others lie at the borders of parts. "
            f"With {m * m} outputs {outputs_kept} keep their channel.")


def frame_of(ax: Axes, m: int, step: tuple[int, int]) -> Axes:
    """Axes in places that hold both windows."""
    bare(ax)
    ax.set(xlim=(-0.7, m + step[1] + 0.7), ylim=(m + step[0] + 0.7, -0.7),
           aspect="equal")
    return ax


def draw_parts(ax: Axes, k: int, m: int, moved: tuple[int, int]) -> None:
    """The parts of a window with their colours and numbers, and the window's frame."""
    edges = Grid(k, m).edges
    for channel, colour in enumerate(part_colours(k)):
        a, b = divmod(channel, k)
        at = edges[b] + moved[1], edges[a] + moved[0]
        size = edges[b + 1] - edges[b], edges[a + 1] - edges[a]
        ax.add_patch(Rectangle(at, *size, facecolor=colour, linewidth=0))
        ax.text(at[0] + size[0] / 2, at[1] + size[1] / 2, str(channel), ha="center",
                va="center", size=7, color=ink_on(colour))
    ax.add_patch(Rectangle((0, 0), m, m, fill=False, edgecolor=GREY, linestyle=":"))


def draw_kept(
    ax: Axes, same: Bool[np.ndarray, "a b"], step: tuple[int, int]
) -> None:
    """The shared places: pale where the map stays, orange where it changes."""
    top, left = step
    rows, columns = same.shape
    ax.imshow(same, cmap=ListedColormap([OTHER, SAME]), vmin=0, vmax=1,
              extent=(left, left + columns, top + rows, top))
    ax.set_xticks(np.arange(left, left + columns + 1), minor=True)
    ax.set_yticks(np.arange(top, top + rows + 1), minor=True)
    ax.grid(which="minor", color="white", linewidth=0.4)
    ax.tick_params(which="minor", length=0)


def kept_curves(m: int = 21, ks: Sequence[int] = (1, 3, 5, 7)) -> Picture:
    """The share of kept places after one step: against k, and against m.

    Args:
        m: the window side of the left panel.
        ks: the curves of the right panel, at most four; m runs from k to 56.

    Raises:
        ValueError: m < 2, where a window a step further shares nothing.
    """
    with panels(1, 2, width=8.0, height=3.0) as (figure, axes):
        left, right = axes[0]
        every = range(1, m + 1)
        left.plot(every, [kept_share(k, m) for k in every], "o", color=TRUE,
                  markersize=4)
        left.set(xlabel="k, parts per side", ylim=(-0.04, 1.04),
                 ylabel="share of places kept", title=f"m = {m}")
        for k, how in zip(ks, ("-", "--", "-.", ":"), strict=False):
            sides = range(max(2, k), 57)
            right.plot(sides, [kept_share(k, side) for side in sides], how,
                       color=INK, label=f"k = {k}")
        right.set(xlabel="m, window side in places", ylim=(-0.04, 1.04),
                  title="k stays, m grows")
        right.legend(loc="lower right")
    return Picture(figure, curve_words(m, ks))


def curve_words(m: int, ks: Sequence[int]) -> str:
    """What `kept_curves` shows, in two sentences."""
    ends = listing([f"{kept_share(k, m):.0%} for k = {k}" for k in ks if k <= m])
    return (f"Left: with m = {m} a window that moves by one place keeps {ends}, and "
            f"{kept_share(m, m):.0%} for k = {m}; the points lie on a straight line. "
            f"Right: for every k the share rises with m towards 100%.")


def head_sizes(weights: Mapping[str, int]) -> Picture:
    """Squares whose areas are the numbers of weights, largest first in a row."""
    largest = max(weights.values())
    with panels(1, 1, width=5.4, height=3.2) as (figure, axes):
        ax, left = bare(axes[0, 0]), 0.0
        for (name, count), colour in zip(weights.items(), (OTHER, TRUE, GREY),
                                         strict=False):
            side = sqrt(count / largest)
            ax.add_patch(Rectangle((left, 0), side, side, facecolor=colour))
            ax.text(left, -0.05, f"{name}\n{count:,} weights", va="top", size=9)
            left += max(side, 0.55) + 0.25
        ax.set(xlim=(-0.02, left), ylim=(-0.3, 1.02), aspect="equal")
    words = listing([f"{name} has {count:,}" for name, count in weights.items()])
    return Picture(figure, f"Squares as large as the numbers of weights: {words}.")


def few_and_many(record: Mapping) -> Picture:
    """AR@10 against the number of training scenes, for each head; a dot is a run.

    Args:
        record: what `python -m benchmarks.local_coherence` writes: `runs`, each with
            head, scenes, seed, and recall by name under `held_out` and `own`.
    """
    heads = list(dict.fromkeys(run["head"] for run in record["runs"]))
    with panels(1, 2, width=8.0, height=3.2) as (figure, axes):
        titles = "on scenes it has never seen", "on scenes it was trained on"
        for ax, where, title in zip(axes[0], ("held_out", "own"), titles, strict=True):
            for head, colour, mark in zip(heads, (TRUE, FOUND), "os", strict=False):
                draw_recall(ax, record["runs"], head, where, colour, mark)
            ax.set(xscale="log", xlabel="scenes trained on", ylim=(0, 1), title=title)
            sizes = sorted({run["scenes"] for run in record["runs"]})
            ax.set_xticks(sizes, map(str, sizes))
            ax.minorticks_off()
        axes[0, 0].set_ylabel("AR@10")
        axes[0, 1].legend(loc="lower right")
    return Picture(figure, recall_words(record["runs"], heads))


def draw_recall(
    ax: Axes, runs: Sequence[Mapping], head: str, where: str, colour: str, mark: str
) -> None:
    """The runs of one head as dots, their means as a line."""
    means = mean_recall(runs, head, where)
    dots = [(run["scenes"], run[where]["AR@10"]) for run in runs if run["head"] == head]
    ax.plot(*zip(*dots, strict=True), mark, color=colour, markersize=4, alpha=0.5)
    ax.plot(list(means), list(means.values()), "-", color=colour, label=head,
            marker=mark, linewidth=1.8)


def mean_recall(runs: Sequence[Mapping], head: str, where: str) -> dict[int, float]:
    """Mean AR@10 over the seeds, by the number of scenes trained on.

    >>> runs = [{"head": "a", "scenes": 8, "own": {"AR@10": x}} for x in (0.5, 0.7)]
    >>> mean_recall(runs, "a", "own")
    {8: 0.6}
    """
    sizes = sorted({run["scenes"] for run in runs if run["head"] == head})
    return {
        size: float(np.mean([run[where]["AR@10"] for run in runs
                             if (run["head"], run["scenes"]) == (head, size)]))
        for size in sizes
    }


def recall_words(runs: Sequence[Mapping], heads: Sequence[str]) -> str:
    """Mean AR@10 on held-out scenes, head by head."""
    lines = []
    for head in heads:
        means = mean_recall(runs, head, "held_out").items()
        figures = listing([f"{ar:.2f} after {size} scenes" for size, ar in means])
        lines.append(f"{head}: {figures}")
    return f"Mean AR@10 on scenes never seen. {'; '.join(lines)}."
