"""The league as a chart: each model by scene set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev

import numpy as np

from ifcn_lab.draw.palette import FOUND, INK
from ifcn_lab.draw.picture import Picture, listing, panels


def league(
    found: Mapping[str, Sequence[Mapping[str, float]]], sets: Sequence[str] = (),
    figure: str = "AR@10",
) -> Picture:
    """A bar a model with its standard deviation over seeds; beside it a field a set.

    Args:
        found: by model, the figures of every seed, in percent.
        sets: named scene sets that were measured besides.
        figure: the figure's name.
    """
    values = {name: [f[figure] for f in seeds] for name, seeds in found.items()}
    means = {name: mean(each) for name, each in values.items()}
    order = sorted(means, key=means.get)
    with panels(1, 1 + bool(sets), width=5 + 0.7 * len(sets),
                height=1 + 0.33 * len(order)) as (drawn, grid):
        bars = grid[0, 0]
        bars.barh(order, [means[n] for n in order], color=FOUND, ecolor=INK,
                  xerr=[stdev(values[n]) if values[n][1:] else 0 for n in order])
        bars.set(xlabel=f"{figure}, percent", xlim=(0, 100))
        if sets:
            fills = np.array([[mean(f[f"{each}: {figure}"] for f in found[name])
                               for each in sets] for name in order])
            fields = grid[0, 1]
            fields.imshow(fills, origin="lower", aspect="auto", vmin=0, vmax=100,
                          cmap="cividis")
            fields.set_yticks([])
            fields.set_xticks(range(len(sets)), sets, rotation=35, ha="right")
            for (y, x), value in np.ndenumerate(fills):
                fields.text(x, y, f"{value:.0f}", ha="center", va="center",
                            color=INK if value > 55 else "white")
    said = listing([f"{name} {means[name]:.0f}" for name in reversed(order)])
    return Picture(drawn, f"{figure} in percent, the best first: {said}.")
