"""Checks of lesson 4: counting what is kept, and counting weights."""

from __future__ import annotations

from collections.abc import Callable

from ifcn_lab import coherence
from ifcn_lab.check.report import Case, close, report


def kept_share(function: Callable[..., object]) -> None:
    """Exercise 4.1: the share that is kept after s steps, as `function(k, m, s)`."""
    asked = [(1, 2, 1), (2, 2, 1), (2, 4, 1), (5, 21, 1), (5, 21, 2), (5, 21, 7),
             (3, 21, 4)]
    cases = [
        Case(f"k = {k}, m = {m}, s = {s}", (k, m, s),
             coherence.kept_share(k, m, (0, s)),
             hint="m - s columns are in both windows: channel[:, s:] of the first, "
                  "channel[:, :-s] of the second.")
        for k, m, s in asked
    ]
    report("Exercise 4.1", function, cases, agree=close)


def diagonal_share(function: Callable[..., object]) -> None:
    """Exercise 4.2: a step down and right at once, as a formula `function(k, m)`."""
    asked = [(1, 2), (2, 2), (2, 4), (5, 21), (7, 21), (3, 56)]
    cases = [
        Case(f"k = {k}, m = {m}", (k, m), coherence.kept_share(k, m, (1, 1)),
             hint="A pixel is kept if its row stays in its cell and its column does.")
        for k, m in asked
    ]
    report("Exercise 4.2", function, cases, agree=close)


def head_weights(function: Callable[..., object]) -> None:
    """Exercise 4.3: weights of both heads: `function(channels, k, bins, rank, m)`."""
    asked = [(1, 1, 1, 1, 1), (2, 3, 4, 5, 6), (512, 5, 14, 512, 56),
             (512, 7, 14, 512, 21)]
    cases = [
        Case(f"channels = {c}, k = {k}, bins = {b}, rank = {r}, m = {m}",
             (c, k, b, r, m), (9 * c * k * k, b * b * c * r + r * m * m),
             hint="A layer has inputs x outputs weights; a 3 x 3 convolution has 9 "
                  "times its input channels as inputs.")
        for c, k, b, r, m in asked
    ]
    report("Exercise 4.3", function, cases)
