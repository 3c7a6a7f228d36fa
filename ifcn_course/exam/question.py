"""A question of a written exam: what is asked, what is right, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ifcn_course.assignment.variant import Unfit

MINUTES = {"choice": 2, "calculation": 4, "figure": 4, "fault": 4}
"""How long a student needs for a question of each kind; as many points are half."""


@dataclass(frozen=True)
class Question:
    """One question with its numbers.

    Args:
        ask: Markdown's backticks and no more.
        answer: what is right.
        why: the reason, for whoever marks.
        wrong: other answers, each with the mistake that leads to it; the options of
            a choice, and help for the marker elsewhere.
        kind: one of `MINUTES`.
        code: lines that are printed with numbers.
        figure: an SVG, from `figures`.

    Raises:
        Unfit: two of the answers are one and the same; other numbers may do.
    """

    ask: str
    answer: str
    why: str
    wrong: Mapping[str, str] = field(default_factory=dict)
    kind: str = "choice"
    code: str = ""
    figure: str = ""

    def __post_init__(self) -> None:
        if self.answer in self.wrong or self.kind == "choice" and len(self.wrong) != 3:
            raise Unfit(f"the answers are not four: {self.answer}, {[*self.wrong]}")

    @property
    def options(self) -> tuple[str, ...]:
        """What is printed to choose from, the right one first."""
        return (self.answer, *self.wrong) if self.kind == "choice" else ()

    @property
    def minutes(self) -> int:
        """For a student who has learned."""
        return MINUTES[self.kind]

    @property
    def points(self) -> int:
        """One for a choice, two for the others."""
        return self.minutes // 2


def calculation(
    ask: str, answer: object, why: str, mistakes: Sequence[tuple[object, str]],
    figure: str = "",
) -> Question:
    """A question whose answer is worked out; mistakes that lead to it are left out.

    >>> calculation("2 * 2?", 4, "", [(4, "added"), (22, "written side by side")]).wrong
    {'22': 'written side by side'}
    """
    wrong = {said(value): name for value, name in mistakes}
    wrong.pop(said(answer), None)
    if not wrong:
        raise Unfit("every mistake leads to the right answer")
    return Question(ask, said(answer), why, wrong,
                    "figure" if figure else "calculation", figure=figure)


def fault(
    ask: str, code: str, faults: Sequence[tuple[int, str, str]], at: int
) -> Question:
    """Right lines of which one is made wrong: which is it, and what follows?

    Args:
        ask: what the lines should do.
        code: the right lines.
        faults: the number of a line from 1, the wrong line, and what it does.
        at: which of the faults.
    """
    number, wrong, why = faults[at]
    lines = code.splitlines()
    right = lines[number - 1].strip()
    space = lines[number - 1].removesuffix(lines[number - 1].lstrip())
    lines[number - 1] = space + wrong
    return Question(f"{ask} One line is wrong. Which one, and what does it do instead?",
                    f"Line {number}", f"{why} Right: `{right}`.", {}, "fault",
                    code="\n".join(lines))


def said(value: object) -> str:
    """A value as it stands on the paper.

    >>> said(np.int64(3)), said([1, 2]), said(0.25)
    ('3', '1, 2', '0.25')
    """
    if isinstance(value, list | tuple | np.ndarray):
        return ", ".join(map(said, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
