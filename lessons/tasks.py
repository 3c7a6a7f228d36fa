"""What a lesson's prose says of an exercise, and how a notebook shows it.

An announcement is the last thing in its prose cell:

    **Exercise 3.1** (difficulty 1 of 5, 5 minutes, about 1 line).
    Write the cell of offset i, for any k and m.
    Hint: which offsets of a small window share a part? Write them down for m = 6.
    Hint: i / m is how far along the window you are, k times that how many parts.
    Why it matters: every other rule of this lesson stands on this line.

A second line `Hint:` is a second step, folded apart from the first.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ANNOUNCED = re.compile(
    r"^\*\*Exercise (?P<number>\d+\.\d+)\*\* "
    r"\((?P<open_problem>open problem, )?difficulty (?P<difficulty>\d+) of 5, "
    r"(?P<minutes>\d+) minutes?, about (?P<lines>\d+) lines?\)\.\n"
    r"(?P<told>.*)\Z",
    re.MULTILINE | re.DOTALL,
)
_TOLD = re.compile(
    r"\A(?P<task>.*?)(?:^Hint: (?P<hint>.*?))?(?:^Why it matters: (?P<why>.*))?\Z",
    re.MULTILINE | re.DOTALL,
)
# An exercise has a heading of its own, one level below its section.
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)


class Announcement(NamedTuple):
    """An exercise as it is announced; `why` says why it matters."""

    number: str
    open_problem: bool
    difficulty: int
    minutes: int
    lines: int
    task: str
    hint: str
    why: str


def announced(prose: str) -> Announcement | None:
    """Return the exercise that a prose cell ends with; None if it has none."""
    found = _ANNOUNCED.search(prose)
    if found is None:
        return None
    told = {name: (text or "").strip() for name, text in _told(found["told"]).items()}
    counts = {name: int(found[name]) for name in ("difficulty", "minutes", "lines")}
    return Announcement(found["number"], bool(found["open_problem"]), **counts, **told)


def _told(text: str) -> dict[str, str | None]:
    return _TOLD.match(text).groupdict()


def shown(prose: str, section: int) -> str:
    """Return a prose cell as a notebook shows it; `section` is the level it is in.

    The announcement becomes a heading, a line of facts, the task and folded hints.
    """
    task = announced(prose)
    if task is None:
        return prose
    before = prose[: _ANNOUNCED.search(prose).start()]
    level = "#" * min(3, last_level(before, section) + 1)
    hints = map(_folded, ("Hint", "Second hint"), task.hint.split("\nHint: "))
    parts = [f"{level} Exercise {task.number}", facts(task), task.task, *hints]
    return before + "\n\n".join(parts)


def _folded(summary: str, told: str) -> str:
    told = told[:1].upper() + told[1:]
    return f"<details><summary>{summary}</summary>\n\n{told}\n\n</details>"


def facts(task: Announcement) -> str:
    """Return the line below the heading: difficulty, minutes, lines.

    >>> facts(Announcement("3.1", False, 1, 5, 1, "Write it.", "Divide.", "It counts."))
    'Difficulty ●○○○○ (1 of 5) · 5 minutes · about 1 line'
    """
    dots = "●" * task.difficulty + "○" * (5 - task.difficulty)
    said = [f"Difficulty {dots} ({task.difficulty} of 5)", f"{task.minutes} minutes"]
    said = ["Open problem"] * task.open_problem + said
    return " · ".join([*said, about(task.lines)])


def about(lines: int) -> str:
    """Return how much is to be written: 'about 1 line', 'about 3 lines'."""
    return f"about {lines} line" + ("s" if lines != 1 else "")


def last_level(prose: str, level: int) -> int:
    """Return the level of the last heading in a prose cell, or what it was before."""
    without_code = re.sub(r"^(```+).*?^\1", "", prose, flags=re.MULTILINE | re.DOTALL)
    found = _HEADING.findall(without_code)
    return len(found[-1]) if found else level
