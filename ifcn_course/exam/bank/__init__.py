"""The bank: one file a lesson, `lesson_NN.py`; a question is a function of `Draws`.

A file's `QUESTIONS` lists its questions; nothing else knows of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.question import Question

Asking = Callable[[Draws], Question]


def lessons() -> list[int]:
    """The numbers of the lessons that have questions."""
    return sorted(int(found[1]) for each in iter_modules(__path__)
                  if (found := re.fullmatch(r"lesson_(\d+)", each.name)))


def of_lesson(number: int) -> tuple[Asking, ...]:
    """The questions of a lesson.

    >>> all(len(of_lesson(number)) >= 4 for number in lessons())
    True
    """
    return import_module(f"ifcn_course.exam.bank.lesson_{number:02}").QUESTIONS
