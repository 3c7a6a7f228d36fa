"""Figures of the film: score maps from the first training step to the last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ifcn_lab.data.film import Film
from ifcn_lab.draw.palette import TRUE, WRONG, part_colours
from ifcn_lab.draw.part_maps import frame_in, head, maps_alt, probability
from ifcn_lab.draw.picture import Picture, bare, listing, panels


def film_strip(
    film: Film, run: str, steps: Sequence[int], scene: int = 0
) -> Picture:
    """The maps of one run, one row for each step, one column for each channel."""
    kk = film.k**2
    order = film.reads(run).tolist()
    colours = dict(zip(order, part_colours(film.k), strict=True))
    height = 0.92 * len(steps) + 0.3
    with panels(len(steps), kk, width=8, height=height) as (figure, axes):
        for row, step in zip(axes, steps, strict=True):
            maps = probability(film.maps(run, step, scene))
            for channel, one in enumerate(row):
                bare(one).imshow(maps[channel], cmap="gray", vmin=0, vmax=1)
                frame_in(one, colours[channel])
            row[0].set_ylabel(f"step\n{step}", rotation=0, ha="right", va="center")
        head(axes[0], order, colours)
    return Picture(figure, strip_alt(film, run, steps, scene))


def strip_alt(film: Film, run: str, steps: Sequence[int], scene: int) -> str:
    """What the film strip shows, in words: how far the channels differ at each step."""
    said = []
    for step in steps:
        maps = probability(film.maps(run, step, scene))
        said.append(f"{np.ptp(maps, axis=(1, 2)).mean():.2f} at step {step}")
    last = maps_alt(probability(film.maps(run, steps[-1], scene)))
    return (f"The {film.k**2} channels of the {run} run. The contrast within a map is, "
            f"on average, {listing(said)}. At step {steps[-1]}: {last}")


def two_runs(film: Film, smooth: int = 20) -> Picture:
    """The mask loss of both runs, each point the mean of `smooth` steps."""
    with panels(1, 1, width=6, height=2.6) as (figure, axes):
        one = axes[0, 0]
        for run, loss, colour, line in zip(
            film.runs, film.mask_loss, (TRUE, WRONG), ("-", "--"), strict=True
        ):
            mean = np.convolve(loss, np.ones(smooth) / smooth, "valid")
            at = np.arange(smooth, len(loss) + 1)
            one.plot(at, mean, line, color=colour, label=run)
        one.set(xlabel="training step", ylabel="mask loss", ylim=(0, None))
        one.legend()
    said = [f"{run} from {loss[:smooth].mean():.2f} to {loss[-smooth:].mean():.2f}"
            for run, loss in zip(film.runs, film.mask_loss, strict=True)]
    return Picture(figure, f"The mask loss of two runs falls alike: {listing(said)}.")
