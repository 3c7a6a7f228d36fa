"""The lessons of the course, listed once.

A new lesson is one line here; `tests/test_lessons.py` compares it with `lessons/`.
"""

from __future__ import annotations

from typing import NamedTuple


class Lesson(NamedTuple):
    """A lesson's file without its ending, and how many exercises it has."""

    name: str
    exercises: int

    @property
    def number(self) -> int:
        """As its name begins."""
        return int(self.name[:2])

    @property
    def subject(self) -> str:
        """Its name without the number, as that of modules that belong to it."""
        return self.name[3:]


LESSONS = {lesson.number: lesson for lesson in (
    Lesson("01_translation_invariance", exercises=5),
    Lesson("02_score_maps", exercises=4),
    Lesson("03_assembling", exercises=7),
    Lesson("04_local_coherence", exercises=5),
    Lesson("05_training", exercises=5),
    Lesson("06_proposals", exercises=5),
    Lesson("07_real_images", exercises=7),
    Lesson("08_bug_museum", exercises=5),
    Lesson("09_windows_that_draw", exercises=6),
    Lesson("10_boxes_first", exercises=7),
    Lesson("11_parts_with_classes", exercises=7),
    Lesson("12_sum_of_prototypes", exercises=6),
    Lesson("13_pixels_that_find_each_other", exercises=6),
    Lesson("14_league", exercises=7),
)}
"""By their numbers; some may be missing."""


def numbers() -> str:
    """Their numbers in words for a person.

    >>> numbers().startswith("1, 2, 3")
    True
    """
    return ", ".join(map(str, LESSONS))
