"""Submissions of every kind: honest ones, broken ones, and ones that mean harm.

Each is a list of cells, the points it should get, and words that its reasons hold.
"""

from __future__ import annotations

from typing import NamedTuple

ADD = "def add(a, b):\n    return a + b"
TABLE = "import numpy as np\n\ndef table(k):\n    return np.arange(k * k).reshape(k, k)"
TARGET = "def target():\n    return 42"
HONEST = (ADD, TABLE, TARGET)
FULL, POINTS_OF_ADD, POINTS_OF_TABLE, POINTS_OF_TARGET = 10, 3, 4, 3


class Specimen(NamedTuple):
    """A submission: its cells, its points, words that have to stand in its report."""

    cells: tuple[str, ...]
    points: int
    words: tuple[str, ...] = ()
