"""The guesses of a session: what was asked, guessed and true."""

from __future__ import annotations

import csv
import secrets
from pathlib import Path
from typing import NamedTuple

from ifcn_lab.atomic_write import replacing


class Guess(NamedTuple):
    """A question, the guess and the truth; `off` is guess minus truth, of numbers."""

    question: str
    guess: str | float
    answer: str | float
    right: bool
    off: float | None


class Guesses(list[Guess]):
    """Guesses in the order they were locked in; printed as a table."""

    def __repr__(self) -> str:
        """One line for each guess."""
        if not self:
            return "No guesses yet."
        rows = [("guess", "answer", "", "question")]
        rows += [(_short(g.guess), _short(g.answer), _verdict(g), g.question)
                 for g in self]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip()
                         for row in rows)


_SESSION = Guesses()
_WHO = secrets.token_hex(4)


def noted(guess: Guess) -> None:
    """Keep a guess that was locked in."""
    _SESSION.append(guess)


def guesses() -> Guesses:
    """All guesses of this session, in the order they were locked in.

    A question that is asked again, because its cell is run again, is listed again.
    """
    return Guesses(_SESSION)


def save_guesses(path: str | Path) -> Path:
    """Write the guesses of this session as CSV, without a name and without a time.

    The columns: `id` (random, the same for all of a session), `question`, `guess`,
    `answer`, `right` (1 or 0), `off` (guess minus answer; empty where there is nothing
    to subtract).

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("id", *Guess._fields))
        for guess in _SESSION:
            rows.writerow((_WHO, guess.question, _short(guess.guess),
                           _short(guess.answer), int(guess.right),
                           "" if guess.off is None else _short(guess.off)))
    return Path(path)


def _short(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _verdict(guess: Guess) -> str:
    if guess.right:
        return "right"
    return "not right" if guess.off is None else f"off by {abs(guess.off):.6g}"
