"""A wrong `assemble` in the shape that another exercise asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

Function = Callable[..., Any]


def one_window(assemble: Function) -> Function:
    """As lesson 3 asks for it: `function(maps, k, m, y, x)`, a single window.

    >>> def ones(score_maps, m, centers, fill):
    ...     return np.ones((len(centers), m, m), int)
    >>> one_window(ones)(np.zeros((1, 3, 3)), 1, 2, 1, 1).tolist()
    [[1, 1], [1, 1]]
    """

    @wraps(assemble)
    def window_of(maps: np.ndarray, k: int, m: int, y: int, x: int) -> Any:
        return assemble(maps, m, np.array([(y, x)]), 0)[0]

    return window_of


def counting(assemble: Function) -> Function:
    """As lesson 5 asks for it: how often each score is copied.

    Every score gets a number of its own, and the numbers in the windows are counted.

    >>> from ifcn_lab.assembling import assemble
    >>> def right(score_maps, m, centers, fill):
    ...     return assemble(score_maps, m, centers=centers, fill=fill)
    >>> counting(right)([(1, 1), (1, 1)], 1, 1, 2, 2).tolist()
    [[[0, 0], [0, 2]]]
    """

    @wraps(assemble)
    def counts(centers: Sequence, k: int, m: int, H: int, W: int) -> Any:
        numbers = np.arange(1, k * k * H * W + 1).reshape(k * k, H, W)
        copied = assemble(numbers, m, np.array(centers), 0)
        found = np.bincount(np.ravel(copied), minlength=numbers.size + 1)
        return found[1:].reshape(numbers.shape)

    return counts


AS_ASKED: dict[str, Callable[[Function], Function]] = {
    "assemble_loop": one_window,
    "assemble_blocks": one_window,
    "count_copies": counting,
}
"""How a wrong `assemble` becomes a wrong answer to another exercise."""
