"""Which exercises a check has found right, kept in one small file of this machine.

Nothing of it leaves the machine, and nothing else is kept: no answer, no time, no name.
`IFCN_LAB_PROGRESS` names another file; empty, nothing is kept, as while notebooks are
built, tests run, or a class is graded.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path

from ifcn_course.contents import LESSONS
from ifcn_lab.atomic_write import write_whole

_NUMBERS = {lesson.number: [f"{lesson.number}.{n + 1}" for n in range(lesson.exercises)]
            for lesson in LESSONS.values()}


def place() -> Path | None:
    """The file, whether it is there or not; None: nothing is to be kept."""
    named = os.environ.get("IFCN_LAB_PROGRESS")
    if named is not None:
        return Path(named) if named else None
    from platformdirs import user_data_path

    return user_data_path("ifcn_lab", appauthor=False) / "progress.json"


def right(exercise: str, what: str) -> None:
    """Say that an exercise is right, and keep it.

    >>> right("Exercise 3.1", "all 2 cases agree")
    Exercise 3.1: correct, all 2 cases agree.
    """
    print(f"{exercise}: correct, {what}.")
    number = re.fullmatch(r"Exercise (\d+\.\d+)", exercise)
    with suppress(Exception):  # no disk and no file may ever disturb a lesson
        path, done = place(), passed()
        if number and path and number[1] not in done and _is_ours(path):
            write_whole(path, json.dumps({"passed": sorted({*done, number[1]})}))


def passed() -> set[str]:
    """The numbers of the exercises that were right once; none from a damaged file."""
    with suppress(Exception):  # whatever stands in it, and whatever it is
        path = place()
        if path and _is_ours(path):
            found = json.loads(path.read_text(encoding="utf-8"))["passed"]
            return {number for numbers in _NUMBERS.values() for number in numbers
                    if number in found}
    return set()


def _is_ours(path: Path) -> bool:
    """Whether it is a file or nothing: a pipe would wait for its other end."""
    return path.is_file() or not path.exists()


def overview() -> str:
    """A line for each lesson: what is right, and which exercise is the next.

    >>> print(overview().splitlines()[0])
    Lesson 1  ○○○○○    0 of 5, next is 1.1
    """
    done, lines = passed(), []
    for lesson, numbers in _NUMBERS.items():
        left = [number for number in numbers if number not in done]
        dots = "".join("○" if number in left else "●" for number in numbers)
        count = f"{len(numbers) - len(left)} of {len(numbers)}"
        said = f"next is {left[0]}" if left else "all done"
        lines.append(f"Lesson {lesson:<2} {dots:7}  {count}, {said}")
    return "\n".join(lines)
