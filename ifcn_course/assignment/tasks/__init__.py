"""The tasks of each lesson: one module a lesson, each with a function `sheet`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ifcn_course.assignment.sheet import Sheet
from ifcn_course.assignment.variant import Variant
from ifcn_course.contents import LESSONS, numbers


def tasks_of(lesson: int | Path) -> tuple[str, Callable[[Variant], Sheet]]:
    """The name of a lesson, or of a lecturer's own file of tasks, and its `sheet`.

    Raises:
        ValueError: there is no such lesson, or the file has no function `sheet`.
        OSError: the file cannot be read.
    """
    if isinstance(lesson, Path):
        return lesson.stem, _own(lesson)
    if lesson not in LESSONS:
        raise ValueError(f"no lesson {lesson}; there are {numbers()}")
    found = LESSONS[lesson]
    module = import_module(f"ifcn_course.assignment.tasks.{found.subject}")
    return found.name, module.sheet


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
