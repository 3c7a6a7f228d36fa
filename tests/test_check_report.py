"""What a learner reads when an exercise is not begun, wrong, broken or right."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
import torch

from ifcn_course.check.grids import digits, first_difference
from ifcn_course.check.report import Case, close, report, same

ONE = Case("x = 1", (1,), 2)


def said(capsys: pytest.CaptureFixture[str], function: object, *cases: Case) -> str:
    report("Exercise 1.1", function, cases)
    return capsys.readouterr().out


def unfinished(x: int) -> int:
    raise NotImplementedError("Exercise 1.1 is not done yet")


def test_an_unfinished_exercise_is_one_calm_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said(capsys, unfinished, ONE) == "Exercise 1.1: not done yet.\n"


def test_a_right_answer_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, lambda x: 2 * x, ONE, Case("x = 2", (2,), 4))
    assert text == "Exercise 1.1: correct, all 2 cases agree.\n"


def test_the_first_case_that_differs_is_shown_and_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = [ONE, Case("x = 3", (3,), 6, hint="Double it."), Case("x = 1", (1,), 2)]
    text = said(capsys, lambda x: x + 1, *cases)
    assert text.splitlines() == [
        "Exercise 1.1: not yet right for x = 3.",
        *("Yours:", "4", "Expected:", "6", "Double it."),
    ]


def test_a_function_that_raises_is_told_with_the_line_of_the_cell(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cell = compile("def f(x):\n    y = 1\n    return y / 0\n", "<cell>", "exec")
    names: dict[str, object] = {}
    exec(cell, names)
    assert said(capsys, names["f"], ONE).splitlines() == [
        "Exercise 1.1: stopped for x = 1 in line 3 of your cell.",
        "ZeroDivisionError: division by zero",
    ]


def test_the_line_is_the_learners_own_where_a_library_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names: dict[str, object] = {"json": json}
    exec(compile("def f(x):\n    return json.loads('{')\n", "<cell>", "exec"), names)
    assert "in line 2 of your cell" in said(capsys, names["f"], ONE)


def test_a_function_without_return_is_asked_for_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "Is there a `return`?" in said(capsys, lambda x: None, ONE)


def test_another_shape_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    case = Case("a row", (), np.zeros(3, int))
    text = said(capsys, lambda: np.zeros((3, 1), int), case)
    assert "Yours has shape (3, 1), expected is (3,)." in text


def test_a_tensor_with_a_gradient_is_compared_like_an_array(
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = Case("ones", (), np.ones(2))
    ones = torch.ones(2, requires_grad=True)
    assert "correct" in said(capsys, lambda: ones, case)


def test_ragged_lists_and_words_can_be_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = Case("lists", (), [[1], [2, 3]])
    assert "correct" in said(capsys, lambda: [[1], [2, 3]], case)
    assert "not yet right" in said(capsys, lambda: [[1], [2, 4]], case)
    assert "not yet right" in said(capsys, lambda: "left", Case("word", (), "right"))


def test_a_function_that_writes_into_its_argument_spoils_no_case(
    capsys: pytest.CaptureFixture[str],
) -> None:
    array = np.array([1, 2])

    def overwrite(x: np.ndarray) -> np.ndarray:
        x[:] = 0
        return x

    said(capsys, overwrite, Case("an array", (array,), array))
    assert array.tolist() == [1, 2]


def test_exact_and_close_differ_by_rounding_only() -> None:
    third, rounded = np.array(1 / 3), np.array(0.33333334)
    assert close(third, rounded) and not same(third, rounded)
    assert not close(third, np.array(0.3334))
    assert not close(np.array("a"), np.array("a"))
    assert not close(np.zeros(2), np.zeros((2, 1)))


def test_nan_agrees_with_nan_and_with_nothing_else() -> None:
    nan = np.array([np.nan])
    assert same(nan, nan.copy())
    assert not same(nan, np.array([0.0]))


def test_the_plane_and_the_part_around_the_first_difference_are_shown() -> None:
    expected = np.zeros((3, 40, 40), int)
    yours = expected.copy()
    yours[2, 30, 35] = 7
    at = first_difference(yours, expected)
    rows = digits(yours, at)
    assert at == (2, 30, 35)
    assert len(rows) == 12
    assert sum("7" in row for row in rows) == 1


def test_a_real_difference_is_shown_before_one_of_rounding() -> None:
    yours, expected = np.array([1.0 + 1e-9, 2.0]), np.array([1.0, 3.0])
    assert first_difference(yours, expected) == (1,)
    assert first_difference(yours[:1], expected[:1]) == (0,)


def test_empty_and_boolean_arrays_have_a_picture() -> None:
    assert digits(np.zeros((0, 2, 2))) == ["(empty)"]
    assert digits(np.array([True, False])) == ["# ."]
    assert digits(np.array(0.123456)) == ["0.1235"]


def test_no_warning_reaches_the_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said(capsys, lambda: np.array([np.inf]), Case("inf", (), np.array([np.nan])))
