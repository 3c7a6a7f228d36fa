"""Figures of lesson 14: recall by IoU, what a figure costs, cut axes, luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from ifcn_lab.draw.palette import FOUND, GREY, INK, TRUE, WRONG
from ifcn_lab.draw.picture import Picture, listing, panels

LINES = (("-", TRUE, "o"), ("--", WRONG, "s"), (":", INK, "^"), ("-.", FOUND, "D"))


def recall_by_iou(recalls: Mapping[str, Mapping[int, float]]) -> Picture:
    """Recall, in percent, by the IoU that is asked for; a line for each model."""
    said = []
    with panels(1, 1, width=6.4, height=3.0) as (figure, grid):
        axes = grid[0, 0]
        for (style, colour, mark), (name, found) in zip(LINES, recalls.items(),
                                                        strict=False):
            axes.plot(list(found), list(found.values()), style, color=colour,
                      marker=mark, markersize=4, linewidth=1.8, label=name)
            said.append(f"{name} " + listing([f"{recall:.0f} from IoU {iou}"
                                              for iou, recall in found.items()]))
        axes.set(xlabel="IoU from which an object is found, %", ylabel="recall, %",
                 ylim=(0, 103), xticks=range(50, 100, 5))
        axes.legend(loc="lower left")
    return Picture(figure, f"Recall in percent by IoU. {'; '.join(said)}.")


def prices(
    costs: Mapping[str, Mapping[str, float]], figures: Mapping[str, float],
    unbeaten: Mapping[str, Sequence[str]], what: str,
) -> Picture:
    """Each model's figure by what it costs, one panel for each kind of cost.

    Args:
        costs: by kind of cost, the cost of every model.
        figures: the figure of every model.
        unbeaten: by kind of cost, whom no other beats; a line joins them.
        what: the figure's name.
    """
    said = []
    with panels(1, len(costs), width=4.2 * len(costs), height=3.8) as (figure, grid):
        for axes, (kind, cost) in zip(grid[0], costs.items(), strict=True):
            priced(axes, cost, figures, unbeaten[kind])
            axes.set(xlabel=kind, ylabel=what)
            said.append(f"by {kind} nobody beats {listing(unbeaten[kind])}")
    return Picture(figure, f"{what} of {len(figures)} models by what they cost; "
                           f"{'; '.join(said)}.")


def priced(
    axes: Axes, cost: Mapping[str, float], figures: Mapping[str, float],
    front: Sequence[str],
) -> None:
    """The models as dots, those of the front with a number that the title names."""
    axes.plot([cost[n] for n in figures], list(figures.values()), "o", color=GREY)
    axes.plot([cost[n] for n in front], [figures[n] for n in front], "o-", color=WRONG,
              markersize=8)
    names = []
    for number, name in enumerate(front, 1):
        axes.annotate(f"{number}", (cost[name], figures[name]), (-9, 2), size=9,
                      textcoords="offset points", ha="right")
        names.append(f"{number} {name}")
    lines = [",  ".join(names[at:at + 2]) for at in range(0, len(names), 2)]
    axes.set_title("\n".join(lines), loc="left", size=9)
    axes.set(xscale="log", xticks=(10, 30, 100, 300, 1000),
             xlim=(0.7 * min(cost.values()), 1.4 * max(cost.values())))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def cut_axes(figures: Mapping[str, float], what: str, cuts: Sequence[float]) -> Picture:
    """The same bars once for each place where their axis begins."""
    names, values = list(figures), list(figures.values())
    with panels(1, len(cuts), width=3.6 * len(cuts), height=2.8) as (figure, grid):
        for axes, cut in zip(grid[0], cuts, strict=True):
            axes.bar(names, values, 0.6, color=FOUND, edgecolor=INK, linewidth=0.6)
            axes.set(ylabel=what, ylim=(cut, max(values) + 0.1 * (max(values) - cut)),
                     title=f"axis from {cut:g}")
    said = listing([f"{name} {value:.1f}" for name, value in figures.items()])
    return Picture(figure, f"Bars of {what}: {said}; drawn from "
                           f"{listing([f'{cut:g}' for cut in cuts])}.")


def best_by_runs(best: Mapping[int, float], true: float) -> Picture:
    """What the best of so many runs shows on average, and the mean of all runs."""
    with panels(1, 1, width=6.0, height=2.6) as (figure, grid):
        axes = grid[0, 0]
        axes.plot(list(best), list(best.values()), "o-", color=WRONG, markersize=4)
        axes.axhline(true, linestyle=":", color=TRUE)
        axes.text(max(best), true, "mean of all runs", color=TRUE, ha="right",
                  va="bottom", size=9)
        axes.set(xlabel="runs of which the best is reported", ylabel="what is reported")
    said = listing([f"{value:.1f} of {n}" for n, value in best.items()])
    return Picture(figure, f"The best run, on average: {said}; the mean is {true:.1f}.")
