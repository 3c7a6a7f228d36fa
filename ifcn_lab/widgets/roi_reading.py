"""What one bin of a RoI operator reads, told in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ifcn_lab.widgets.number_words import fixed

if TYPE_CHECKING:
    from torch import Tensor

OPERATORS = ("RoIPool", "released RoIWarp", "RoIWarp", "RoIAlign, not aligned",
             "RoIAlign", "PS-RoI pooling")
TEACHING = ("RoIWarp", "RoIAlign, not aligned", "RoIAlign")
"""Operators through which a gradient reaches the box."""
SAMPLES = 2


def readers() -> dict[str, Callable[..., Tensor]]:
    """The library's operators by name: of maps, boxes in pixels, bins and stride."""
    from ifcn_lab.layers import roi
    from ifcn_lab.league.roi_oracle import released_warp

    return {
        "RoIPool": lambda f, b, n, s: roi.roi_pool(f, b / s, n),
        "released RoIWarp": lambda f, b, n, s: released_warp(f, b / s, n),
        "RoIWarp": lambda f, b, n, s: roi.roi_warp(f, b / s, n),
        "RoIAlign, not aligned": lambda f, b, n, s: roi.roi_align(
            f, b / s, n, samples=SAMPLES, aligned=False),
        "RoIAlign": lambda f, b, n, s: roi.roi_align(f, b / s, n, samples=SAMPLES),
        "PS-RoI pooling": lambda f, b, n, s: roi.ps_roi_pool(
            f, b, isqrt(len(f)), bins=n, stride=s)}


class Reading(NamedTuple):
    """A bin's rows and columns with the weight of each, and the map it is read from.

    `how`: "points", or "largest" and "mean" of all places, which then weigh alike.
    """

    how: str
    rows: dict[int, float]
    columns: dict[int, float]
    channel: int

    @classmethod
    def of(
        cls, operator: str, maps: Tensor, box: Sequence[float], bins: int, stride: int,
        at: tuple[int, int],
    ) -> Reading:
        """What the bin in row and column `at` reads."""
        how = {"RoIPool": "largest", "PS-RoI pooling": "mean"}.get(operator, "points")
        both = [_line(operator, box[first::2], bins, stride, length)[n] for first, n,
                length in ((1, at[0], maps.shape[1]), (0, at[1], maps.shape[2]))]
        k = isqrt(len(maps))
        channel = at[0] * k // bins * k + at[1] * k // bins if how == "mean" else 0
        return cls(how, *both, channel)


def _line(
    operator: str, ends: Sequence[float], bins: int, stride: int, length: int
) -> list[dict[int, float]]:
    """Each bin's weights along one axis, found by reading maps of a single place."""
    import torch

    from ifcn_lab.layers.roi import bin_edges

    first, past = ends
    box = torch.tensor([[first, stride, past, 3 * stride]], dtype=torch.float64)
    if operator == "PS-RoI pooling":
        both = (edges[0, :, 0].tolist() for edges in
                bin_edges(box, bins, stride, (4, length)))
        return [dict.fromkeys(range(low, high), 1 / max(high - low, 1))
                for low, high in zip(*both, strict=True)]
    lines = torch.eye(length, dtype=torch.float64)[:, None].expand(-1, 4, -1)
    table = readers()[operator](lines, box, bins, stride)[0, :, 0].numpy().T.round(6)
    return [{int(n): float(row[n]) for n in np.flatnonzero(row)} for row in table]


def reading_words(shown: Any) -> str:
    """The bin pointed at, its value, and the places behind it."""
    (i, j), reading = shown.bin(), shown.reading()
    value = fixed(round(float(shown.values()[i, j]), 6), 2)
    text = f"Bin ({i}, {j}) is {value}: "
    if not reading.rows or not reading.columns:
        return f"{text}it lies outside the map."
    if reading.how == "points":
        return (f"{text}rows {_weights(reading.rows)}; columns "
                f"{_weights(reading.columns)}.")
    text += (f"the {reading.how} of rows {_range(reading.rows)}, columns "
             f"{_range(reading.columns)}")
    return f"{text} of map {reading.channel}." if reading.how == "mean" else f"{text}."


def _weights(line: dict[int, float]) -> str:
    return ", ".join(f"{n} ({fixed(w, 2)})" for n, w in line.items())


def _range(line: dict[int, float]) -> str:
    first, last = min(line), max(line)
    return f"{first} to {last}" if last > first else f"{first}"
