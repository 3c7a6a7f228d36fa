"""Checks of lesson 5: the label of a window, the loss of a pixel, counting copies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Int

from ifcn_lab.check.report import Case, close, report
from ifcn_lab.grid import Grid


def label(function: Callable[..., object]) -> None:
    """Exercise 5.1: label of a window, as `function(distance, octaves, rule)`."""
    from ifcn_lab.targets import WindowRule

    rule = WindowRule(center_tolerance=0.1, scale_tolerance=0.3, negative_center=0.2,
                      negative_scale=1.0)
    asked = [
        (0.0, 0.0, 1, "Nothing is off: positive."),
        (0.5, 0.0, 0, "Far from the middle: negative, however well the size fits."),
        (0.0, 1.5, 0, "Of another size altogether: negative, however well it stands."),
        (0.15, 0.0, -1, "Between the two tolerances: ignored."),
        (0.0, 0.6, -1, "Between the two tolerances of size: ignored."),
        (0.1, 0.3, 1, "At a tolerance itself it is still positive: use <=."),
        (0.2, 0.0, 0, "At negative_center itself it is negative already: use >=."),
        (0.0, 1.0, 0, "At negative_scale itself it is negative already: use >=."),
        (0.05, 0.6, -1, "Positive needs both: the middle and the size."),
    ]
    cases = [
        Case(f"{distance} of the side off, {octaves} octaves off",
             (distance, octaves, rule), expected, hint)
        for distance, octaves, expected, hint in asked
    ]
    report("Exercise 5.1", function, cases)


def pixel_loss(function: Callable[..., object]) -> None:
    """Exercise 5.2: the logistic loss, as `function(logit, target)`."""
    asked = [
        (0.0, 1, "At logit 0 the probability is 1/2 and the loss ln 2."),
        (2.0, 1, "The loss is -log(p) for target 1."),
        (2.0, 0, "For target 0 it is -log(1 - p)."),
        (-1.5, 0.25, "A target between 0 and 1 mixes both terms."),
    ]
    cases = [
        Case(f"logit {logit}, target {target}", (logit, target),
             np.logaddexp(0.0, logit) - target * logit, hint)
        for logit, target, hint in asked
    ]
    report("Exercise 5.2", function, cases, agree=close)


def count_copies(function: Callable[..., object]) -> None:
    """Exercise 5.3: how often each cell is copied, `function(centers, k, m, H, W)`."""
    asked = [
        ([(1, 1)], 1, 3, 3, 3, "One window: it copies every cell once."),
        ([(1, 1), (1, 1)], 1, 3, 3, 3, "The same window twice: every cell counts 2."),
        ([(2, 2)], 2, 4, 5, 5, "Pixel (i, j) is read from map channel[i, j]."),
        ([(0, 3)], 2, 4, 5, 5, "Off the map nothing is copied: skip those pixels."),
        ([(4, 4), (4, 5), (7, 2)], 3, 7, 9, 9, "The window's first row is y - m // 2."),
    ]
    cases = []
    for centers, k, m, height, width, hint in asked:
        expected = copies(np.array(centers), k, m, (height, width))
        what = f"k = {k}, m = {m}, {len(centers)} windows on {height} x {width} cells"
        cases.append(Case(what, (centers, k, m, height, width), expected, hint))
    report("Exercise 5.3", function, cases)


def copies(
    centers: Int[np.ndarray, "N 2"], k: int, m: int, shape: tuple[int, int]
) -> Int[np.ndarray, "kk H W"]:
    """How often every cell of every map is copied by windows at these centres.

    >>> copies(np.array([[0, 0]]), 1, 3, (2, 2)).tolist()
    [[[1, 1], [1, 1]]]
    """
    counts = np.zeros((k * k, *shape), np.int64)
    channel = Grid(k, m).channel                                      # (m, m)
    for center in centers:
        i, j = np.indices((m, m))
        y, x = center[0] - m // 2 + i, center[1] - m // 2 + j
        on = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])    # (m, m)
        np.add.at(counts, (channel[on], y[on], x[on]), 1)
    return counts
