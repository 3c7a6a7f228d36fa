"""The questions of the inventory, read from their file."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("questions.toml")


class Option(NamedTuple):
    """One answer to choose: its letter, its text, and why it is right or wrong."""

    letter: str
    text: str
    why: str
    right: bool


class Question(NamedTuple):
    """A question with one right option."""

    name: str
    ask: str
    options: tuple[Option, ...]

    @property
    def right(self) -> Option:
        """The option that is right."""
        return next(option for option in self.options if option.right)


@lru_cache(maxsize=1)
def questions() -> tuple[Question, ...]:
    """All questions, in the order they are asked.

    >>> asked = questions()
    >>> len(asked), asked[7].name, asked[7].right.text
    (10, 'layout', 'Map 5')
    """
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))["question"]
    return tuple(_question(each) for each in found)


def _question(given: dict) -> Question:
    options = tuple(
        Option(letter, each["text"], each["why"], each.get("right", False))
        for letter, each in zip("abcdefgh", given["options"], strict=False)
    )
    return Question(given["id"], given["ask"], options)
