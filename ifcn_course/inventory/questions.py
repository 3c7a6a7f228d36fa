"""The questions of the inventory, read from their file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILES = {form: Path(__file__).with_name(name) for form, name in
         (("a", "questions.toml"), ("b", "questions_b.toml"),
          ("family", "questions_family.toml"))}
"""Two forms that ask the same; the ids of the second are those of the first and -b.
The third asks of the relatives.
"""


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


@cache
def questions(form: str = "a") -> tuple[Question, ...]:
    """All questions of a form, in the order they are asked.

    >>> asked = questions()
    >>> len(asked), asked[7].name, asked[7].right.text
    (10, 'layout', 'Map 5')
    """
    found = tomllib.loads(FILES[form].read_text(encoding="utf-8"))["question"]
    return tuple(_question(each) for each in found)


def subject(form: str) -> str:
    """The form whose questions stand for it in a summary: a for b, or itself.

    >>> subject("b"), subject("family")
    ('a', 'family')
    """
    return "a" if form == "b" else form


def form_of(name: str) -> str:
    """The form that has a question of this name; a where none has.

    >>> form_of("copy"), form_of("copy-b"), form_of("fast-nms")
    ('a', 'b', 'family')
    """
    return next((form for form in FILES
                 if name in [asked.name for asked in questions(form)]), "a")


def _question(given: dict) -> Question:
    options = tuple(
        Option(letter, each["text"], each["why"], each.get("right", False))
        for letter, each in zip("abcdefgh", given["options"], strict=False)
    )
    return Question(given["id"], given["ask"], options)
