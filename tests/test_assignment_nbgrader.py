"""nbgrader's metadata: the rules of its schema 3, and nbgrader itself where it is."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
from assignment_cases import code_of, made, namespace_of

from ifcn_course.assignment.nbgrader import hidden_test, scored
from ifcn_course.contents import LESSONS

each_lesson = pytest.mark.parametrize("lesson", LESSONS)
HIDDEN = re.compile(r"\n*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS\n*", re.S)
FIELDS = {"grade", "solution", "locked", "task", "schema_version", "grade_id",
          "cell_type"}


def marked_cells(text: str) -> list[dict]:
    """The cells with nbgrader's metadata."""
    cells = json.loads(text)["cells"]
    return [cell for cell in cells if "nbgrader" in cell["metadata"]]


def both(lesson: int) -> list[str]:
    """The students' notebook with metadata, and the one for nbgrader's `source`."""
    one = made(lesson, 2027)
    return [one.handout(metadata=True), one.nbgrader_source()]


@each_lesson
def test_every_marked_cell_keeps_the_rules_of_schema_3(lesson: int) -> None:
    for text in both(lesson):
        fields = [cell["metadata"]["nbgrader"] for cell in marked_cells(text)]
        names = [each["grade_id"] for each in fields]
        assert len(set(names)) == len(names) == 2 * len(made(lesson, 2027).sheet.tasks)
        for each, cell in zip(fields, marked_cells(text), strict=True):
            assert set(each) == FIELDS | ({"points"} if each["grade"] else set())
            assert each["schema_version"] == 3 and not each["task"]
            assert each["cell_type"] == cell["cell_type"] == "code"
            assert re.fullmatch(r"[a-zA-Z0-9_\-]+", each["grade_id"])
            assert each["locked"] == each["grade"] == (not each["solution"])


@each_lesson
def test_the_points_of_the_tests_are_those_of_the_key(lesson: int) -> None:
    key = made(lesson, 2027).key
    for text in both(lesson):
        fields = [cell["metadata"]["nbgrader"] for cell in marked_cells(text)]
        points = {each["grade_id"]: each["points"] for each in fields if each["grade"]}
        assert points == {f"{one.name}_test": one.points for one in key.functions}


@each_lesson
def test_without_hidden_tests_and_solutions_the_source_is_the_handout(
    lesson: int,
) -> None:
    handout, source = map(json.loads, both(lesson))
    stub = re.compile(r"^( +)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.S | re.M)
    for ours, theirs in zip(handout["cells"], source["cells"], strict=True):
        text = HIDDEN.sub("", "".join(theirs["source"]))
        words = re.compile(r"^( +)# your code.*\n.*NotImplementedError.*$", re.M)
        assert stub.sub(r"\1...", text) == words.sub(r"\1...", "".join(ours["source"]))
        assert ours["metadata"] == theirs["metadata"]


@each_lesson
def test_the_hidden_tests_give_all_points_to_the_solutions(lesson: int) -> None:
    one = made(lesson, 2027)
    names = namespace_of(code_of(one.solutions()))
    for task in one.functions:
        test = hidden_test(task).splitlines()
        exec(test[1], names)
        assert eval(test[2], names) == task.points


def test_half_right_gets_half_and_wrong_raises() -> None:
    one = next(f for f in made(3, 2027).functions if f.name == "map_of")
    cases = hidden_test(one).splitlines()[2]
    names: dict = {"scored": scored}
    answers = iter(case.expected for case in one.cases[:2])
    names["map_of"] = lambda *_: next(answers)
    assert eval(cases, names) == 2
    names["map_of"] = lambda *_: -1
    with pytest.raises(ValueError, match=f"in none of its {len(one.cases)} cases"):
        eval(cases, names)
    names["map_of"] = lambda *_: 1 / 0
    with pytest.raises(ValueError, match="ZeroDivisionError: division by zero"):
        eval(cases, names)


@each_lesson
def test_nbgrader_itself_accepts_both_notebooks(lesson: int) -> None:
    form = pytest.importorskip(
        "nbgrader.nbgraderformat",
        reason="nbgrader is not installed; `pip install nbgrader` runs this test")
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

    for text in both(lesson):
        notebook = nbformat.reads(text, as_version=4)
        form.MetadataValidator().validate_nb(notebook)
    released, _ = ClearSolutions().preprocess(notebook, {})
    released, _ = ClearHiddenTests().preprocess(released, {})
    words = nbformat.writes(released)
    assert "scored(" not in words and "END SOLUTION" not in words
    assert words.count("raise NotImplementedError()") == len(made(lesson, 1).functions)
