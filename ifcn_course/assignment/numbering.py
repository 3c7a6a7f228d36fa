"""In which order a class counts the k x k parts of its window.

The paper, the lessons and `ifcn_lab.assemble` count row by row. A class counts
otherwise, so a program that was written for the lesson reads the wrong maps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Int

PAPER = "row by row"
SHUFFLED = "shuffled"


@dataclass(frozen=True)
class Numbering:
    """A way to count parts: in words, and as the lines of a program.

    `lines` are Python: with `a`, `b` and `k` they return the number of the part in
    grid row a and grid column b. `number` says the same, written otherwise.
    """

    words: str
    lines: str
    number: Callable[[int, int, int], int]

    def table(self, k: int) -> Int[np.ndarray, "k k"]:
        """The number of every part, (k, k) int64.

        >>> NUMBERINGS["serpentine"].table(2).tolist()
        [[0, 1], [3, 2]]
        """
        return np.array([[self.number(a, b, k) for b in range(k)] for a in range(k)],
                        np.int64)


def _on_a_spiral(a: int, b: int, k: int) -> int:
    """The step at which a walk inwards, clockwise from the top left, meets a part."""
    place, step, seen = (0, 0), (0, 1), {(0, 0)}
    while place != (a, b):
        ahead = place[0] + step[0], place[1] + step[1]
        if ahead in seen or not (0 <= ahead[0] < k and 0 <= ahead[1] < k):
            step = step[1], -step[0]
            continue
        place = ahead
        seen.add(place)
    return len(seen) - 1


SPIRAL = """\
ring = min(a, b, k - 1 - a, k - 1 - b)
side = k - 2 * ring  # parts per side of this ring
first, a, b = k * k - side * side, a - ring, b - ring
if a == 0 or b == side - 1:
    return first + a + b
return first + 4 * (side - 1) - a - b"""

NUMBERINGS: Mapping[str, Numbering] = MappingProxyType({
    PAPER: Numbering(
        "row by row, from the top left", "return a * k + b",
        lambda a, b, k: np.arange(k * k).reshape(k, k)[a, b]),
    "column by column": Numbering(
        "column by column: down the first column, then down the second, and so on",
        "return b * k + a", lambda a, b, k: np.arange(k * k).reshape(k, k).T[a, b]),
    "serpentine": Numbering(
        "as a snake: the first row from left to right, the second from right to left, "
        "and so on in turn",
        "return a * k + (b if a % 2 == 0 else k - 1 - b)",
        lambda a, b, k: [*range(a * k, a * k + k)][::-1 if a % 2 else 1][b]),
    "standing serpentine": Numbering(
        "as a snake that stands: down the first column, up the second, and so on in "
        "turn",
        "return b * k + (a if b % 2 == 0 else k - 1 - a)",
        lambda a, b, k: [*range(b * k, b * k + k)][::-1 if b % 2 else 1][a]),
    "from the bottom right": Numbering(
        "row by row from the bottom right: leftwards along the last row, then "
        "leftwards along the row above it",
        "return k * k - 1 - (a * k + b)",
        lambda a, b, k: np.arange(k * k)[::-1].reshape(k, k)[a, b]),
    "from the bottom left": Numbering(
        "row by row from the bottom left: rightwards along the last row, then "
        "rightwards along the row above it",
        "return (k - 1 - a) * k + b",
        lambda a, b, k: np.arange(k * k).reshape(k, k)[::-1][a, b]),
    "spiral": Numbering(
        "on a spiral: from the top left along the first row, down the last column, "
        "back along the last row, up, and so on inwards",
        SPIRAL, _on_a_spiral),
})
"""Every numbering that is a rule; `SHUFFLED` is a list instead, drawn for a class."""
