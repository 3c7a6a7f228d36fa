"""Class variants: numberings, keys, the form of the notebooks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from assignment_cases import (
    SEEDS,
    code_of,
    made,
    words_of,
)

from ifcn_course import museum
from ifcn_course.assignment.handout import assignment, numeric_answers
from ifcn_course.assignment.key import key_text, parsed
from ifcn_course.assignment.numbering import NUMBERINGS, PAPER
from ifcn_course.assignment.scores import class_scores
from ifcn_course.assignment.task import Task
from ifcn_course.assignment.tasks.assembling import map_task
from ifcn_course.assignment.tasks.counting import number_task
from ifcn_course.assignment.tasks.score_maps import part_task
from ifcn_course.assignment.variant import PAIRS_OF_LESSONS, drawn
from ifcn_course.contents import LESSONS
from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid
from tests.wrong_rules import CELLS

each_lesson = pytest.mark.parametrize("lesson", LESSONS)


def test_the_papers_numbering_and_the_lessons_pairs_are_never_drawn() -> None:
    variants = [drawn(lesson, seed) for lesson in LESSONS for seed in range(300)]
    for one in variants:
        assert one.table(one.k).ravel().tolist() == list(one.order)
        assert list(one.order) != list(range(one.k**2))
        assert (one.k, one.m) not in PAIRS_OF_LESSONS
    assert {one.numbering for one in variants} == {*NUMBERINGS, "shuffled"} - {PAPER}
    assert all(0 < one.m % one.k < one.k - 1 for one in variants)


@pytest.mark.parametrize("k", range(1, 8))
def test_a_numbering_in_words_of_a_program_is_the_table(k: int) -> None:
    for name, numbering in NUMBERINGS.items():
        lines = "\n".join(f"    {line}" for line in numbering.lines.splitlines())
        names: dict = {}
        exec(f"def number(a, b, k):\n{lines}", names)
        counted = [[names["number"](a, b, k) for b in range(k)] for a in range(k)]
        assert counted == numbering.table(k).tolist(), name
        assert sorted(np.ravel(counted)) == list(range(k * k))


def test_some_numberings_by_hand() -> None:
    by_hand = {"spiral": [[0, 1, 2], [7, 8, 3], [6, 5, 4]],
               "serpentine": [[0, 1, 2], [5, 4, 3], [6, 7, 8]],
               "from the bottom right": [[8, 7, 6], [5, 4, 3], [2, 1, 0]]}
    for name, numbers in by_hand.items():
        assert NUMBERINGS[name].table(3).tolist() == numbers


def test_the_key_of_lesson_3_agrees_with_the_definition() -> None:
    one = made(3, 2027)
    variant, m = one.variant, one.variant.m
    scores = class_scores(variant).maps
    target = next(task for task in one.sheet.tasks if task.tried and task.tried.target)
    y, x = map(int, re.search(r"K, M, (\d+), (\d+)", target.tried.call).groups())
    cells = [i * variant.k // m for i in range(m)]
    numbers = np.reshape(variant.order, (variant.k, variant.k))
    slow = sum(scores[numbers[cells[i], cells[j]], y - m // 2 + i, x - m // 2 + j]
               for i in range(m) for j in range(m))
    assert slow == target.tried.target
    # The paper's numbering, as the library has it, leads elsewhere.
    assert slow != assemble(scores, m, centers=[(y, x)])[0].sum()


def test_maps_in_a_classes_order_assemble_as_the_definition_says() -> None:
    scores = np.arange(9 * 36).reshape(9, 6, 6)
    variant = replace(drawn(3, 2027), k=3, numbering="spiral")
    own, numbers = variant.from_paper(scores), variant.table(3)
    cell = Grid(3, 6).part_of
    window = [[own[numbers[cell[i], cell[j]], i, j] for j in range(6)]
              for i in range(6)]
    assert np.array_equal(window, assemble(scores, 6, centers=[(3, 3)])[0])


@each_lesson
def test_a_notebook_is_valid_and_canonical(lesson: int) -> None:
    one = made(lesson, 2027)
    for text in (one.handout(), one.solutions(), one.handout(metadata=True)):
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        assert nbformat.writes(notebook).rstrip("\n") + "\n" == text
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
        for cell in notebook.cells:
            assert cell.cell_type != "code" or (
                cell.outputs == [] and cell.execution_count is None)


@each_lesson
def test_code_is_narrow_and_prose_comes_first(lesson: int) -> None:
    for seed in SEEDS[:4]:
        one = made(lesson, seed)
        wide = [line for cell in code_of(one.solutions()) + code_of(one.handout())
                for line in cell.splitlines() if len(line) > 79]
        assert wide == []
        assert words_of(one.handout()).startswith(f"# {one.sheet.title}: assignment")


def test_headings_are_in_order() -> None:
    for lesson in LESSONS:
        prose = [line for line in words_of(made(lesson, 1).handout()).splitlines()
                 if re.match(r"#+ [A-Z]", line)]
        levels = [len(line.split()[0]) for line in prose]
        assert levels[0] == 1 and set(levels[1:]) == {2}


@each_lesson
def test_a_key_comes_back_as_it_was_written(lesson: int) -> None:
    key = made(lesson, 2027).key
    assert key_text(parsed(key_text(key))) == key_text(key)
    assert key.points == sum(case.points for f in key.functions for case in f.cases)
    assert set(made(lesson, 2027).sheet.uses) <= set(key.variant)


def test_a_secret_word_changes_what_is_drawn() -> None:
    plain, secret = made(3, 2027), assignment(3, 2027, "a long word")
    assert numeric_answers(plain.key) != numeric_answers(secret.key)
    assert "a long word" not in secret.handout() + key_text(secret.key)


def test_no_such_lesson_and_no_such_seed() -> None:
    with pytest.raises(ValueError, match="no lesson 99; there are 1, 2, 3, "):
        assignment(99, 1)
    with pytest.raises(ValueError, match="the seed is -1; give a whole number"):
        assignment(1, -1)


@pytest.mark.parametrize("seed", range(30))
def test_who_counts_row_by_row_gets_at_most_half_of_the_first_task(seed: int) -> None:
    def right(task: Task, answer: Callable[..., int]) -> int:
        return sum(answer(*case.args) == task.truth(*case.args) for case in task.cases)

    def part(pixel: tuple, center: tuple, k: int, m: int) -> int:
        i, j = (p - c + m // 2 for p, c in zip(pixel, center, strict=True))
        inside = 0 <= i < m and 0 <= j < m
        return int(Grid(k, m).channel[i, j]) if inside else -1

    tasks = [(part_task(drawn(2, seed)), part),
             (map_task(drawn(3, seed)), lambda i, j, k, m: Grid(k, m).channel[i, j]),
             (number_task(drawn(8, seed)), lambda a, b, k: a * k + b)]
    for task, answer in tasks:
        assert right(task, answer) <= len(task.cases) / 2, task.name


def test_handouts_with_windows_say_where_a_window_begins() -> None:
    for lesson in (2, 3, 4, 5, 8):
        prose = assignment(lesson, 2027).handout()
        assert "begins at row y - m // 2 and column x - m // 2" in prose, lesson


@pytest.mark.parametrize("lesson", [1, 6, 7])
def test_a_key_names_no_numbering_that_its_tasks_do_not_use(lesson: int) -> None:
    key = assignment(lesson, 2027).key
    assert not {"numbering", "order", "k"} & set(key.variant)
    assert {"m", "scene"} <= set(key.variant)


def test_a_trial_asks_for_a_number_where_only_the_first_case_is_whole() -> None:
    recall = next(task for task in assignment(6, 2027).sheet.tasks
                  if task.name == "recall")
    assert 'kind="a number"' in recall.trial(4)


@pytest.mark.parametrize("seed", range(12))
def test_no_wrong_rule_gets_full_marks(seed: int) -> None:
    rules = [*CELLS, *(each.function for each in museum.concerning("part_of"))]
    task, variant = map_task(drawn(3, seed)), drawn(3, seed)
    sides = {case.args[3] for case in task.cases} | {2 * variant.k + 2, variant.m + 1}

    def right(rule: Callable[..., object], k: int) -> bool:
        return all(rule(i, k, m) == i * k // m for m in sides for i in range(m))

    def full(rule: Callable[..., object]) -> bool:
        return all(rule(n, k, m) == n * k // m
                   for *place, k, m in (case.args for case in task.cases)
                   for n in place)

    assert [n for n, rule in enumerate(rules)
            if full(rule) and not right(rule, variant.k)] == []
