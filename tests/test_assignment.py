"""Class variants: what is drawn, what the key holds, what a public solution gets."""

from __future__ import annotations

import ast
import re

import pytest
from assignment_cases import (
    SEEDS,
    code_of,
    made,
    namespace_of,
    points_of,
    public_cells,
    total,
    with_public_solutions,
)

from ifcn_course.assignment.handout import numeric_answers, telling
from ifcn_course.assignment.sheet import number_in
from ifcn_course.contents import LESSONS

each_lesson = pytest.mark.parametrize("lesson", LESSONS)


@each_lesson
def test_the_variants_own_solution_gets_all_points(lesson: int) -> None:
    for seed in SEEDS:
        one = made(lesson, seed)
        names = namespace_of(code_of(one.solutions()))
        lost = [f.name for f in one.functions if points_of(f, names) < f.points]
        assert lost == [], (lesson, seed)


@each_lesson
def test_a_public_solution_gets_full_marks_nowhere(lesson: int) -> None:
    for seed in SEEDS:
        one = made(lesson, seed)
        names = with_public_solutions(one)
        assert total(one.key, names) < one.key.points / 2, (lesson, seed)
        pasted = {name for cell in public_cells(lesson) for name in defined(cell)}
        whole = [f.name for f in one.functions
                 if f.name in pasted and points_of(f, names) == f.points]
        assert whole == [], (lesson, seed)


def defined(source: str) -> list[str]:
    """The functions that a cell defines."""
    return [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]


def test_the_public_solutions_of_every_lesson_are_found() -> None:
    assert all(len(public_cells(lesson)) >= 3 for lesson in LESSONS)
    assert defined(public_cells(3)[0]) == ["part_of"]


@each_lesson
def test_a_handout_with_nothing_done_gets_nothing(lesson: int) -> None:
    one = made(lesson, 2027)
    assert total(one.key, namespace_of(code_of(one.handout()))) == 0


@each_lesson
def test_each_task_says_not_done_yet(
    lesson: int, capsys: pytest.CaptureFixture[str]
) -> None:
    one = made(lesson, 2027)
    namespace_of(code_of(one.handout()))
    said = capsys.readouterr().out.splitlines()
    count = len(one.sheet.tasks)
    assert said == [f"Task {n}: not done yet." for n in range(1, count + 1)]


@each_lesson
def test_the_solutions_reach_every_printed_target(
    lesson: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in SEEDS[:4]:
        namespace_of(code_of(made(lesson, seed).solutions()))
        said = capsys.readouterr().out
        assert said.count("is the target") == 1
        assert not re.search("not yet|should return|stopped|not done", said), said


@each_lesson
def test_an_assignment_has_functions_numbers_and_one_printed_target(
    lesson: int,
) -> None:
    sheet = made(lesson, 2027).sheet
    assert sum(not task.is_number for task in sheet.tasks) >= 3
    assert sum(task.is_number for task in sheet.tasks) >= 2
    assert sum(bool(task.tried and task.tried.target) for task in sheet.tasks) == 1
    assert "scenes.make(" in made(lesson, 2027).handout()


@each_lesson
def test_no_numeric_answer_stands_in_the_handout(lesson: int) -> None:
    for seed in SEEDS:
        one = made(lesson, seed)
        answers = numeric_answers(one.key)
        assert len(answers) >= 2 and all(map(telling, answers))
        for text in (one.handout(), one.handout(metadata=True)):
            assert [a for a in answers if number_in(text, a)] == []


@each_lesson
def test_no_line_of_a_solution_stands_in_the_handout(lesson: int) -> None:
    for seed in SEEDS[:4]:
        one = made(lesson, seed)
        lines = {line for cell in code_of(one.handout()) for line in cell.splitlines()}
        for task in one.sheet.tasks:
            marked = re.search(r"# solution\n(.*?) *# end", task.code, re.S)[1]
            own = set(marked.splitlines()) - {line for s in one.sheet.tasks
                                              for line in s.stub(1).splitlines()}
            assert own and not own & lines


@each_lesson
def test_different_seeds_have_different_numbers(lesson: int) -> None:
    every = [tuple(numeric_answers(made(lesson, seed).key)) for seed in SEEDS]
    assert len(set(every)) == len(SEEDS)
    assert len({made(lesson, seed).handout() for seed in SEEDS}) == len(SEEDS)
