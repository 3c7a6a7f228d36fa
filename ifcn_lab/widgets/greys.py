"""How scores are read: what is an object, their greys and their digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped, UInt8


class Rule(NamedTuple):
    """How scores are read: what is black and white, what is an object, what is said.

    `limits` None: they are logits. A score above `half` is of the object; `decimals`
    is how many of them are said.
    """

    limits: list[float] | None
    half: float
    decimals: int


def rule_of(scores: Shaped[np.ndarray, "*shape"]) -> Rule:
    """The rule of maps at hand: of logits the sign, of others the middle of the range.

    Whole numbers, and numbers of which none is negative, are no logits.

    >>> rule_of(np.array([-1.0, 3.0]))
    Rule(limits=None, half=0.0, decimals=2)
    >>> rule_of(np.array([0, 3]))
    Rule(limits=[0.0, 3.0], half=1.5, decimals=0)
    """
    whole, least, most = scores.dtype.kind in "biu", scores.min(), scores.max()
    decimals = 0 if whole else 2
    if not whole and least < 0:
        return Rule(None, 0.0, decimals)
    limits = [float(least), float(most)]
    half = float(np.float32(sum(limits) / 2))  # the scores it is held against are such
    return Rule(limits, half, decimals)


def shade(
    scores: Shaped[np.ndarray, "*shape"], limits: Sequence[float] | None = None
) -> UInt8[np.ndarray, "*shape"]:
    """Grey of scores as the front end draws it: of logits the probability.

    Args:
        scores: any numbers; NaN becomes a middle grey.
        limits: what is black and what is white; None: the scores are logits.

    >>> shade(np.array([0.0, 3.0, np.nan])).tolist()
    [128, 243, 128]
    """
    scores = np.asarray(scores, np.float64)
    if limits is None:
        with np.errstate(over="ignore"):
            grey = 255 / (1 + np.exp(-scores))
    else:
        least, most = limits
        grey = 255 * (scores - least) / (most - least) if most > least else scores * 0
        grey = grey if most > least else grey + 128
    return np.floor(np.nan_to_num(grey, nan=128) + 0.5).clip(0, 255).astype(np.uint8)


def digits(greys: UInt8[np.ndarray, "N m m"]) -> str:
    """Windows side by side as rows of digits, 0 dark to 9 light.

    >>> print(digits(np.array([[[0, 255], [128, 128]], [[0, 0], [0, 30]]], np.uint8)))
    09 00
    55 01
    """
    rows = np.moveaxis(greys.astype(int) * 10 // 256, 0, 1).tolist()  # (m, N, m)
    return "\n".join(" ".join("".join(map(str, one)) for one in row) for row in rows)
