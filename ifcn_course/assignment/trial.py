"""A student's own check of one task: does it run, and is it the kind that is asked for?

It knows no answers. Where the task prints a target, it compares with that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ifcn_course.assignment.agreement import agrees
from ifcn_course.check.learner_errors import line_of


def trial(
    task: str, function: Callable[[], object], *, kind: str, target: object = None
) -> None:
    """Call a function once and say calmly what came out.

    Args:
        task: "Task 3".
        function: the call, without arguments.
        kind: of value that is asked for, as `kind_of` names it.
        target: the printed target; None: there is none.

    >>> def part_of(i, k, m):
    ...     raise NotImplementedError("Task 1 is not done yet")
    >>> trial("Task 1", lambda: part_of(0, 3, 7), kind="a whole number")
    Task 1: not done yet.
    >>> trial("Task 1", lambda: 0 * 3 / 7, kind="a whole number")
    Task 1: runs, and returns a whole number, as it should. Grading asks more.
    >>> trial("Task 1", lambda: [0], kind="a whole number")
    Task 1: returns a list. It should return a whole number.
    >>> trial("Task 2", lambda: 41, kind="a whole number", target=42)
    Task 2: 41 is not yet the target, 42.
    """
    print(f"{task}: {_said(function, kind, target)}")


def kind_of(value: object) -> str:
    """What kind of value this is, in words: its type and shape, not its size.

    >>> kind_of(3), kind_of(0.5), kind_of(np.zeros((2, 3))), kind_of("Otsu")
    ('a whole number', 'a number', 'numbers of shape (2, 3)', 'a text')
    >>> kind_of([1, 2]), kind_of(np.True_), kind_of(None)
    ('a list', 'True or False', 'nothing')
    """
    if value is None or isinstance(value, str | list):
        return {type(None): "nothing", str: "a text"}.get(type(value), "a list")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return f"a {type(value).__name__}"
    if array.dtype.kind not in "biuf":
        return f"a {type(value).__name__}"
    return _kind_of_one(array) if array.ndim == 0 else _kind_of_many(array)


def _kind_of_one(array: np.ndarray) -> str:
    if array.dtype.kind == "b":
        return "True or False"
    return "a whole number" if float(array).is_integer() else "a number"


def _kind_of_many(array: np.ndarray) -> str:
    what = "truth values" if array.dtype.kind == "b" else "numbers"
    return f"{what} of shape {array.shape}"


def _said(function: Callable[[], object], kind: str, target: object) -> str:
    try:
        returned = function()
    except NotImplementedError:
        return "not done yet."
    except Exception as error:  # a student's code may raise anything
        line = line_of(error)
        place = f", in line {line}" if line else ""
        return f"stopped{place}. {type(error).__name__}: {error}"
    if returned is None:
        return "returns nothing. Is there a `return`?"
    if not _fits(kind_of(returned), kind):
        return f"returns {kind_of(returned)}. It should return {kind}."
    if target is not None:
        return _beside(returned, target)
    return f"runs, and returns {kind}, as it should. Grading asks more."


def _fits(found: str, wanted: str) -> bool:
    """Whether one kind will do for another: 3 for a number, 0 and 1 for truth."""
    scalars = {"a whole number", "a number", "True or False"}
    found = found.replace("truth values", "numbers")
    wanted = wanted.replace("truth values", "numbers")
    if "a list" in (found, wanted):  # an array will do, a number will not
        return not {found, wanted} & {*scalars, "nothing", "a text"}
    return found == wanted or {found, wanted} <= scalars


def _beside(returned: object, target: object) -> str:
    if agrees(target, returned, "close"):
        return f"{target} is the target. Right so far; grading asks more."
    return f"{returned} is not yet the target, {target}."
