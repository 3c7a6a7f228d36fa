"""What a class answered: shares before and after, gain, and the favourite mistake."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ifcn_course.inventory.answers import Answers
from ifcn_course.inventory.questions import Option, Question, questions, subject
from ifcn_lab.atomic_write import replacing


class Row(NamedTuple):
    """One question, or "all" of them. Shares are between 0 and 1; None: no one asked.

    `before`, `after`: share of right answers among all who were asked then. `gain`:
    normalised gain of those asked both times, (after - before) / (1 - before).
    `wrong_before`, `wrong_after`: the wrong option chosen most, with its count.
    """

    question: str
    before: float | None
    after: float | None
    pairs: int
    gain: float | None
    wrong_before: str
    wrong_after: str


def summary(answers: Sequence[Answers]) -> list[Row]:
    """One row for each question, and "all" at the end.

    A question left out counts as not right. The questions on the relatives stand by
    themselves behind the others, where anybody was asked them.

    >>> before = Answers("ABCDEF", "before", {"copy": "a"})
    >>> after = Answers("ABCDEF", "after", {"copy": "d"})
    >>> row = summary([before, after])[6]
    >>> row.question, row.before, row.after, row.pairs, row.gain
    ('copy', 0.0, 1.0, 1, 1.0)
    """
    subjects = [s for s in ("a", "family")
                if any(subject(each.form) == s for each in answers)]
    return [row for each in subjects or ["a"] for row in _rows(each, answers)]


def _rows(about: str, answers: Sequence[Answers]) -> list[Row]:
    """The rows of one set of questions."""
    some = [each for each in answers if subject(each.form) == about]
    return [*(_row(each.name, [each], some) for each in questions(about)),
            _row("all", questions(about), some)]


def _row(name: str, asked: Sequence[Question], answers: Sequence[Answers]) -> Row:
    before, after = ([a for a in answers if a.when == when]
                     for when in ("before", "after"))
    both = {a.code for a in before} & {a.code for a in after}
    pairs = [[a for a in some if a.code in both] for some in (before, after)]
    was, is_now = (_share(some, asked) for some in pairs)
    wrong = [_favourite(asked[0], some) if len(asked) == 1 else ""
             for some in (before, after)]
    return Row(name, _share(before, asked), _share(after, asked), len(both),
               normalised_gain(was, is_now), *wrong)


def _share(answers: Sequence[Answers], asked: Sequence[Question]) -> float | None:
    if not answers:
        return None
    right = sum(option is not None and option.right
                for each in answers for option in (_chosen(each, q) for q in asked))
    return right / (len(answers) * len(asked))


def _chosen(answers: Answers, asked: Question) -> Option | None:
    """What was chosen where the learner's own form asks the same."""
    own = questions(answers.form)[questions(subject(answers.form)).index(asked)]
    letter = answers.chosen.get(own.name)
    return next((option for option in own.options if option.letter == letter), None)


def normalised_gain(before: float | None, after: float | None) -> float | None:
    """Which share of what was missing was gained; None where nothing was missing.

    >>> normalised_gain(0.25, 0.75), normalised_gain(1.0, 1.0), normalised_gain(None, 1)
    (0.6666666666666666, None, None)
    """
    if before is None or after is None or before == 1:
        return None
    return (after - before) / (1 - before)


def _favourite(question: Question, answers: Sequence[Answers]) -> str:
    """The wrong option chosen most: "b (3): 500: 25 for each class"."""
    chosen = (_chosen(each, question) for each in answers)
    counts = Counter(option for option in chosen if option and not option.right)
    if not counts:
        return ""
    most = max(sorted(counts), key=lambda option: counts[option])
    return f"{most.letter} ({counts[most]}): {most.text}"


PAIRED = ("Gain: of what those in pairs had wrong before, the share that is right "
          "after.")
UNPAIRED = ("No gain: no code stands in a file of before and in one of after. Learners "
            "type the code of the first page into the second.")


def as_text(rows: Sequence[Row]) -> str:
    """The rows as a table, then the favourite mistakes that are left."""
    lines = [f"{'question':14} {'before':>7} {'after':>7} {'pairs':>6} {'gain':>6}"]
    lines += [f"{row.question:14} {_percent(row.before):>7} {_percent(row.after):>7} "
              f"{row.pairs:>6} {_gain(row.gain):>6}" for row in rows]
    if any(row.before is not None and row.after is not None for row in rows):
        lines += ["", PAIRED if rows[-1].pairs else UNPAIRED]
    last = "after" if any(row.after is not None for row in rows) else "before"
    wrong = [(row.question, getattr(row, f"wrong_{last}")) for row in rows]
    found = [f"  {name}: {text}" for name, text in wrong if text]
    if found:
        lines += ["", f"Wrong option chosen most, {last} the course (times chosen):"]
    return "\n".join([*lines, *found])


def save(rows: Sequence[Row], path: str | Path) -> Path:
    """Write the rows as CSV; shares and gain with four decimals.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Row._fields)
        for row in rows:
            writer.writerow("" if cell is None else f"{cell:.4f}"
                            if isinstance(cell, float) else cell for cell in row)
    return Path(path)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _gain(gain: float | None) -> str:
    return "-" if gain is None else f"{gain:+.2f}"
