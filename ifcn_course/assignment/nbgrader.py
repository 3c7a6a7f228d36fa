"""nbgrader's metadata, schema version 3, for those who collect notebooks with it.

A task's cell is a solution cell, and below it stands a locked test cell. In nbgrader's
`source` folder the test holds the cases between its marks for hidden tests, which
nbgrader takes out for students and puts back to grade. The test's last line is the
number of points, so a task that is half right gets half.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from ifcn_course.assignment.agreement import agrees
from ifcn_course.assignment.key import KeyFunction, function_document, function_from
from ifcn_course.assignment.notebook import Cell, lines_of, source_of, with_ids
from ifcn_course.assignment.task import MARKED, Task

SCHEMA = 3
Graded = Sequence[tuple[Task, KeyFunction]]
"""The tasks of an assignment, each with what the key says of it."""


def marked(cells: Sequence[Cell], graded: Graded) -> list[Cell]:
    """The students' notebook with metadata: solution cells, and tests without cases."""
    for number, (task, one) in enumerate(graded, start=1):
        _mark(cells, task.stub(number), task.trial(number), one)
    return list(cells)


def source(cells: Sequence[Cell], graded: Graded) -> list[Cell]:
    """The lecturer's notebook for nbgrader's `source`: solutions and cases marked."""
    for number, (task, one) in enumerate(graded, start=1):
        written, tried = _mark(cells, task.solution, task.trial(number), one)
        written["source"] = lines_of(between_marks(task.code))
        tried["source"] = lines_of(f"{task.trial(number)}\n{hidden_test(one)}")
    return with_ids(list(cells))


def _mark(
    cells: Sequence[Cell], written: str, tried: str, one: KeyFunction
) -> tuple[Cell, Cell]:
    """Mark the cell that students write in and the one that gives the points."""
    by_text = {source_of(cell): cell for cell in cells}
    pair = by_text[written], by_text[tried]
    for cell, locked in zip(pair, (False, True), strict=True):
        cell["metadata"] = {"nbgrader": {
            "grade_id": one.name + "_test" * locked, "grade": locked, "locked": locked,
            "solution": not locked, "task": False, "cell_type": "code",
            "schema_version": SCHEMA} | ({"points": one.points} if locked else {})}
    return pair


def between_marks(code: str) -> str:
    """A task's code with nbgrader's marks around the solution.

    >>> print(between_marks("def f():\\n    # solution\\n    return 1\\n    # end"))
    def f():
        ### BEGIN SOLUTION
        return 1
        ### END SOLUTION
    """
    kept = r"\g<indent>### BEGIN SOLUTION\n\g<lines>\g<indent>### END SOLUTION\n"
    return MARKED.sub(kept, code).rstrip("\n")


def hidden_test(one: KeyFunction) -> str:
    """The lines that grade one function; nbgrader takes them out for students."""
    cases = json.dumps(function_document(one), sort_keys=True)
    return ("### BEGIN HIDDEN TESTS\n"
            "from ifcn_course.assignment.nbgrader import scored\n"
            f"scored({one.name}, {cases!r})\n"
            "### END HIDDEN TESTS")


def scored(function: Callable[..., object], cases: str) -> int:
    """The points of a function, as the last line of a test cell.

    Args:
        function: the student's.
        cases: its cases, as `hidden_test` writes them.

    Raises:
        ValueError: it gets no points; nbgrader takes a 0 for full marks.
    """
    one, points, wrong = function_from(json.loads(cases)), 0, []
    for case in one.cases:
        try:
            right = agrees(case.expected, function(*case.args), one.agree)
        except Exception as error:  # a student's code may raise anything
            right = False
            wrong.append(f"{case.what}: {type(error).__name__}: {error}")
        points += case.points * right
    if not points:
        raise ValueError(f"{one.name} is right in none of its {len(one.cases)} cases. "
                         f"{' '.join(wrong[:1])}")
    return points
