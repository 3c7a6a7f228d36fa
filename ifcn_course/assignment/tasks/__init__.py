"""The tasks of each lesson: one module a lesson, each with a function `sheet`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ifcn_course.assignment.sheet import Sheet
from ifcn_course.assignment.variant import Variant

LESSONS = {
    1: "01_translation_invariance", 2: "02_score_maps", 3: "03_assembling",
    4: "04_local_coherence", 5: "05_training", 6: "06_proposals",
    7: "07_real_images", 8: "08_bug_museum",
}
"""Names of the lessons by their numbers, as the lessons' own files have them."""


def tasks_of(lesson: int | Path) -> tuple[str, Callable[[Variant], Sheet]]:
    """The name of a lesson, or of a lecturer's own file of tasks, and its `sheet`.

    Raises:
        ValueError: there is no such lesson, or the file has no function `sheet`.
        OSError: the file cannot be read.
    """
    if isinstance(lesson, Path):
        return lesson.stem, _own(lesson)
    if lesson not in LESSONS:
        raise ValueError(f"no lesson {lesson}; there are {min(LESSONS)} to "
                         f"{max(LESSONS)}")
    module = import_module(f"ifcn_course.assignment.tasks.{LESSONS[lesson][3:]}")
    return LESSONS[lesson], module.sheet


def _own(file: Path) -> Callable[[Variant], Sheet]:
    names: dict[str, object] = {"__name__": file.stem}
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), names)
        return names["sheet"]
    except OSError:
        raise
    except Exception as error:  # a lecturer's code may raise anything
        raise ValueError(f"{file}: no tasks ({type(error).__name__}: {error}); it has "
                         "to define sheet(variant), as the modules in "
                         "ifcn_course/assignment/tasks do") from error
