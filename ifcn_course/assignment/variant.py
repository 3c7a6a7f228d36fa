"""What is drawn for a class: k, m, the numbering of parts, seeds, positions.

Everything follows from the lesson, the seed and, if there is one, the lecturer's
secret word, by scrypt and SHA-256. So the same seed draws the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import scrypt, sha256
from math import isqrt
from typing import TypeVar
from unicodedata import normalize

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_course.assignment.numbering import NUMBERINGS, PAPER, SHUFFLED
from ifcn_lab.grid import Grid

Choice = TypeVar("Choice")
PAIRS_OF_LESSONS = frozenset(
    [(1, 21), (3, 21), (5, 21), (7, 21), (3, 7), (3, 9), (3, 6), (5, 20), (2, 6)]
)
"""Pairs (k, m) that the lessons use; no class gets one of them."""


WORK = {"n": 2**17, "r": 8, "p": 1}
"""Of scrypt: about half a second and 128 MiB for each word that somebody tries."""


@cache
def stretched(secret: str, seed: int) -> str:
    """A word made long by work that whoever guesses it has to repeat; "" stays "".

    >>> len(stretched("a word", 2027)), stretched("", 2027)
    (128, '')
    """
    word = normalize("NFC", secret).encode("utf-8", "surrogateescape")
    salt = f"ifcn-lab secret {seed}".encode()
    return scrypt(word, salt=salt, maxmem=2**28, **WORK).hex() if secret else ""


class Unfit(ValueError):
    """What was drawn will not do for a task; the next attempt may."""


@dataclass(frozen=True)
class Draws:
    """Draws that follow from a text, each from its name: their order does not matter.

    >>> draws = Draws("lesson 3, seed 2027")
    >>> draws.whole("row", 1, 6) == draws.whole("row", 1, 6)
    True
    """

    source: str

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        digest = sha256(f"ifcn-lab draw|{self.source}|{name}".encode()).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def one(self, name: str, choices: Sequence[Choice]) -> Choice:
        """One of several."""
        return choices[self.whole(name, 0, len(choices) - 1)]

    def shuffled(self, name: str, choices: Sequence[Choice]) -> list[Choice]:
        """All of them, in another order."""
        left = list(choices)
        return [left.pop(self.whole(f"{name} {n}", 0, len(left) - 1))
                for n in range(len(left))]


@dataclass(frozen=True)
class Variant:
    """One class's own numbers of one lesson.

    `numbering` names one of `NUMBERINGS`, never the paper's, or is "shuffled"; then
    `order` is the number of each part, row by row. `draws` gives what single tasks
    need beyond that, and is not written anywhere: it would give all away.
    """

    lesson: int | str
    seed: int
    k: int
    m: int
    numbering: str
    order: tuple[int, ...]
    scene: int
    draws: Draws

    @property
    def numbers(self) -> str | list[int]:
        """The numbering as `table` takes it: a name, or the shuffled numbers."""
        return list(self.order) if self.numbering == SHUFFLED else self.numbering

    @property
    def words(self) -> str:
        """How the parts are counted, to be said after "The parts are counted"."""
        if self.numbering == SHUFFLED:
            return "in an order of their own, the list `ORDER` below"
        return NUMBERINGS[self.numbering].words

    @property
    def number_lines(self) -> str:
        """The lines of a program that return the number of part (a, b)."""
        if self.numbering == SHUFFLED:
            return "return ORDER[a * k + b]"
        return NUMBERINGS[self.numbering].lines

    def table(self, k: int) -> Int[np.ndarray, "k k"]:
        """The number of every part, (k, k) int64; a shuffled order knows its k only."""
        if self.numbering == SHUFFLED:
            return np.array(self.order, np.int64).reshape(k, k)
        return NUMBERINGS[self.numbering].table(k)

    def channels(self, k: int, m: int) -> Int[np.ndarray, "m m"]:
        """The map that each place of a window is copied from: `Grid.channel` anew.

        >>> ours = drawn(3, 2027)
        >>> ours.channels(ours.k, ours.m)[0, 0] == ours.order[0]
        np.True_
        """
        return self.table(k).ravel()[Grid(k, m).channel]

    def from_paper(
        self, maps: Shaped[np.ndarray, "kk H W"]
    ) -> Shaped[np.ndarray, "kk H W"]:
        """Maps counted row by row, put into the order of the class."""
        renumbered = np.empty_like(maps)
        renumbered[self.table(isqrt(len(maps))).ravel()] = maps
        return renumbered

    def to_paper(
        self, maps: Shaped[np.ndarray, "kk H W"]
    ) -> Shaped[np.ndarray, "kk H W"]:
        """Maps in the order of the class, put back row by row, as `assemble` reads.

        >>> ours, maps = drawn(3, 2027), np.arange(9)[:, None, None]
        >>> bool((ours.to_paper(ours.from_paper(maps)) == maps).all())
        True
        """
        return maps[self.table(isqrt(len(maps))).ravel()]

    def document(self) -> dict[str, object]:
        """What the key says of the variant."""
        return {"k": self.k, "m": self.m, "numbering": self.numbering,
                "order": list(self.order), "scene": self.scene}


def drawn(
    lesson: int | str, seed: int, secret: str = "", attempt: int = 0
) -> Variant:
    """The variant of a class.

    Args:
        lesson: its number, or the name of an exam.
        seed: of the class, 0 or more.
        secret: a word of the lecturer's; without it a seed alone gives all.
        attempt: counts on where a variant did not do.

    Raises:
        ValueError: the seed is below 0.

    >>> one = drawn(3, 2027)
    >>> one == drawn(3, 2027), one == drawn(3, 2028), one == drawn(3, 2027, "word")
    (True, False, False)
    """
    if seed < 0:
        raise ValueError(f"the seed is {seed}; give a whole number, 0 or more")
    draws = Draws(f"{lesson}|{seed}|{attempt}|{stretched(secret, seed)}")
    k, m = draws.one("k and m", PAIRS)
    numbering = draws.one("numbering", [*RULES, SHUFFLED])
    order = NUMBERINGS[numbering].table(k).ravel().tolist() if numbering in RULES else \
        _own_order(draws, k)
    return Variant(lesson, seed, k, m, numbering, tuple(order),
                   draws.whole("scene", 1000, 999_999), draws)


RULES = tuple(name for name in NUMBERINGS if name != PAPER)
PAIRS = tuple(
    (k, m) for k in (3, 4, 5) for m in range(3 * k + 1, 21)
    if (k, m) not in PAIRS_OF_LESSONS and 0 < m % k < k - 1
)
"""What k and m are drawn from. Parts of m // k places are right where k divides m, and
parts of ceil(m / k) also where m is one less: neither is drawn."""


def _own_order(draws: Draws, k: int) -> list[int]:
    """A shuffled numbering that is none of the rules, the paper's included."""
    known = [rule.table(k).ravel().tolist() for rule in NUMBERINGS.values()]
    orders = (draws.shuffled(f"order {n}", range(k * k)) for n in range(len(known) + 1))
    return next(order for order in orders if order not in known)
