"""The tasks of each lesson: one module a lesson, each with a function `sheet`."""

from __future__ import annotations

from importlib import import_module

from ifcn_course.assignment.sheet import Sheet
from ifcn_course.assignment.variant import Variant

LESSONS = {
    1: "01_translation_invariance", 2: "02_score_maps", 3: "03_assembling",
    4: "04_local_coherence", 5: "05_training", 6: "06_proposals",
    7: "07_real_images", 8: "08_bug_museum",
}
"""Names of the lessons by their numbers, as the lessons' own files have them."""


def sheet_of(variant: Variant) -> Sheet:
    """The tasks of a lesson for one class.

    Raises:
        ValueError: there is no such lesson.
    """
    if variant.lesson not in LESSONS:
        raise ValueError(f"no lesson {variant.lesson}; there are {min(LESSONS)} to "
                         f"{max(LESSONS)}")
    name = LESSONS[variant.lesson][3:]
    return import_module(f"ifcn_course.assignment.tasks.{name}").sheet(variant)
