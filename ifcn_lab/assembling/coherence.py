"""Local coherence: what a window keeps when it moves by a step.

Two windows share most of their places. A shared place that lies in the same part of
both is copied from the same map at the same place, so it keeps its score exactly.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Shaped

from ifcn_lab.grid import Grid


def kept(k: int, m: int, step: tuple[int, int] = (0, 1)) -> Bool[np.ndarray, "a b"]:
    """Which shared places of two windows are copied from one and the same map.

    Args:
        k: parts per side.
        m: window side in places.
        step: (rows, columns) from the first window to the second.

    Returns:
        (m - |rows|, m - |columns|), the places that both windows hold; nothing where
        they do not meet.

    Source: Dai et al., ECCV 2016, "Local coherence".

    >>> kept(k=2, m=4).astype(int)
    array([[1, 0, 1],
           [1, 0, 1],
           [1, 0, 1],
           [1, 0, 1]])
    """
    part_of = Grid(k, m).part_of
    rows, columns = (same_part(part_of, moved) for moved in step)
    return rows[:, None] & columns


def shared(
    before: Shaped[np.ndarray, "m m"], after: Shaped[np.ndarray, "m m"],
    step: tuple[int, int],
) -> tuple[Shaped[np.ndarray, "a b"], Shaped[np.ndarray, "a b"]]:
    """The same places as the first window and as the second window has them.

    >>> one, other = shared(np.arange(9.0).reshape(3, 3), np.eye(3), (0, 1))
    >>> one.shape, one[0].tolist(), other[0].tolist()
    ((3, 2), [1.0, 2.0], [1.0, 0.0])
    """
    there = tuple(slice(max(0, moved), max(0, len(before) + min(0, moved)))
                  for moved in step)
    here = tuple(slice(max(0, -moved), max(0, len(before) - max(0, moved)))
                 for moved in step)
    return before[there], after[here]


def same_part(part_of: np.ndarray, moved: int) -> Bool[np.ndarray, " a"]:
    """Along one axis: which shared offsets lie in one part before and after.

    >>> same_part(np.array([0, 0, 1, 1]), 1).tolist()
    [True, False, True]
    """
    shared = max(0, len(part_of) - abs(moved))
    return part_of[:shared] == part_of[len(part_of) - shared :]


def kept_share(k: int, m: int, step: tuple[int, int] = (0, 1)) -> float:
    """The share of the shared places that keep their score.

    For one step along an axis it is (m - k) / (m - 1).

    Raises:
        ValueError: the windows share no place.

    >>> kept_share(k=5, m=21)
    0.8
    """
    same = kept(k, m, step)
    if same.size == 0:
        raise ValueError(f"windows of {m} x {m} that are {step} apart share no place")
    return float(same.mean())
