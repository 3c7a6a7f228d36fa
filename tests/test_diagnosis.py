"""What a check says of a wrong answer, and what it does with a learner's function."""

from __future__ import annotations

import sys
from collections.abc import Callable

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from ifcn_course import check, museum
from ifcn_course.check.answers import (
    Answer,
    Case,
    alike,
    answer_of,
    array_of,
    common,
    explanation,
    same,
)
from ifcn_course.check.report import asking, in_notebook, report
from ifcn_course.museum.specimen import Specimen
from tests.museum_cases import asked, verdict

CASES = [Case(f"x = {x}", (x,), 2 * x, f"Hint {x}.") for x in range(5)]


def specimen(function: Callable[..., object], name: str = "it") -> Specimen:
    return Specimen(name, name, f"It looks as if {name}.", "Look.", function, ())


SQUARE = specimen(lambda x: x * x, "squared")
AND_TWO = specimen(lambda x: x + 2, "more")


def found(function: Callable[..., object], *known: Specimen, at: int = 1) -> str:
    failed = answer_of(function, CASES[at])
    return explanation(known, function, CASES, (at, failed), rule="Double it.")


def test_a_specimen_that_answers_alike_in_every_case_is_named() -> None:
    assert found(lambda x: x ** 2, SQUARE, AND_TWO) == \
        "It looks as if squared.\nLook."


def test_a_specimen_that_is_wrong_before_the_failed_case_accuses_nobody() -> None:
    three = specimen(lambda x: 3)
    assert found(lambda x: 3 if x else 0, three) == "Double it."


def test_a_specimen_that_fits_the_failed_case_only_accuses_nobody() -> None:
    assert found(lambda x: x * x if x == 1 else 2 * x, SQUARE) == "Hint 1."
    assert found(lambda x: x * x if x < 4 else 9, SQUARE) == "Double it."


def test_a_hint_is_given_if_all_cases_that_fail_have_it() -> None:
    assert found(lambda x: -7 if x == 3 else 2 * x, at=3) == "Hint 3."
    assert found(lambda x: -7 if x > 2 else 2 * x, at=3) == "Double it."
    assert common(["a", "a"]) == "a" and common(["a", "b"]) == common([]) == ""


def test_a_mistake_of_no_specimen_is_not_named() -> None:
    assert found(lambda x: -7, SQUARE, AND_TWO) == "Double it."


def test_errors_are_alike_by_their_kind() -> None:
    def learner(x: int) -> int:
        return [0, 9][x]

    def counts_on(x: int) -> int:
        return (0, 9, *[][: x - 2])[x]

    other = specimen(lambda x: {0: 0, 1: 9}[x], "key")
    assert "if index." in found(learner, specimen(counts_on, "index"), other)


def test_shapes_and_nan_belong_to_an_answer() -> None:
    assert alike(Answer(np.array([np.nan])), Answer(np.array([np.nan])))
    assert not alike(Answer(np.array([1.0])), Answer(np.array(1.0)))
    assert not alike(Answer(np.array([np.nan])), Answer(np.array([0.0])))
    assert not alike(Answer(None, ValueError()), Answer(np.array(0)))


def test_whole_numbers_are_compared_exactly() -> None:
    assert not alike(Answer(np.array(10**9)), Answer(np.array(10**9 + 1)))
    assert alike(Answer(np.array(1.0)), Answer(np.array(1)))


def test_the_learners_function_runs_once_per_case() -> None:
    seen: list[int] = []

    def learner(x: int) -> int:
        seen.append(x)
        return x * x

    found(learner, SQUARE)
    assert seen == [1, 2, 3, 4]


def test_what_is_printed_while_a_mistake_is_looked_for_is_not_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def loud(x: int) -> int:
        print("loud", x)
        return x * x

    assert "squared" in found(loud, SQUARE, at=1)
    assert capsys.readouterr().out == "loud 1\n"


def test_a_function_that_writes_into_its_arguments_is_recognised_all_the_same() -> None:
    wrong = next(each.function for each in museum.concerning("recall")
                 if each.name == "all_proposals")

    def spoiling(overlap: np.ndarray, n: int, iou: float) -> object:
        answer = wrong(overlap, n, iou)
        overlap[:] = np.nan
        return answer

    assert museum.specimen("all_proposals").mistake in verdict("recall", spoiling)


def test_an_array_that_is_handed_out_again_and_again_is_not_mixed_up() -> None:
    wrong, out = museum.specimen("transposed").function, {}

    def reusing(maps: np.ndarray, m: int, centers: np.ndarray, fill: float) -> object:
        answer = wrong(maps, m, centers, fill)
        kept = out.setdefault(answer.shape, np.empty(answer.shape))
        kept[:] = answer
        return kept

    assert museum.specimen("transposed").mistake in verdict("assemble", reusing)


def test_a_function_that_answers_by_chance_is_not_accused() -> None:
    rng = np.random.default_rng(0)
    text = verdict("part_of", lambda i, k, m: int(rng.integers(100, 10**6)))
    assert "not yet right" in text and "It " not in text


def test_a_function_that_wants_to_leave_is_stopped() -> None:
    text = verdict("part_of", lambda i, k, m: sys.exit(3))
    assert "stopped for i = 0" in text and "SystemExit: 3" in text


def test_an_interrupt_goes_through() -> None:
    def interrupted(i: int, k: int, m: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict("part_of", interrupted)


def test_an_interrupt_while_a_mistake_is_looked_for_comes_after_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def slow_later(i: int, k: int, m: int) -> int:
        if m == 21:
            raise KeyboardInterrupt
        return -(-i * k // m)

    with pytest.raises(KeyboardInterrupt):
        check.part_of(slow_later)
    assert "not yet right for i = 3" in capsys.readouterr().out


def test_a_certain_mistake_stands_in_the_place_of_the_hint() -> None:
    lines = verdict("part_of", lambda i, k, m: i // (m // k)).splitlines()
    early = museum.specimen("early_rounding")
    assert lines[1:] == ["Yours:", "1", "Expected:", "0", early.mistake, early.advice]


def test_a_mistake_that_explains_one_of_many_cases_is_not_named() -> None:
    two_labels, cases = museum.specimen("label_no_ignored"), asked("label").cases
    right = {str(case.args): case.expected for case in cases}
    case = cases[3]

    def mostly_right(distance: float, octaves: float, rule: object) -> object:
        if str((distance, octaves, rule)) == str(case.args):
            return two_labels.function(distance, octaves, rule)
        return right[str((distance, octaves, rule))]

    lines = verdict("label", mostly_right).splitlines()
    assert lines[-2:] == ["-1", case.hint]


def test_a_half_that_is_not_rounded_is_not_taken_for_early_rounding() -> None:
    def part(pixel: tuple, center: tuple, k: int, m: int) -> float:
        i, j = (pixel[n] - center[n] + m / 2 for n in (0, 1))
        return i * k // m * k + j * k // m

    said = verdict("part", part)
    assert "m / 2" in said and "m // k" not in said


def test_one_truth_value_is_shown_in_words() -> None:
    said = verdict("commutes", lambda layer, image, shift, frame: False)
    assert "Yours:\nFalse\nExpected:\nTrue\n" in said


def test_no_mistake_is_named_outside_of_checks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report("Exercise 3.1", lambda i, k, m: i // (m // k), asked("part_of").cases)
    assert "It " not in capsys.readouterr().out
    assert asking() == ""


def test_lists_of_tensors_are_arrays() -> None:
    import torch

    rows = [torch.ones(2, requires_grad=True), torch.zeros(2)]
    assert same(array_of(rows), np.array([[1.0, 1.0], [0.0, 0.0]]))
    assert array_of("left").item() == "left"


def test_without_a_kernel_there_is_text_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not in_notebook()
    check.assemble(museum.specimen("transposed").function)
    assert "<" not in capsys.readouterr().out


def test_in_a_notebook_both_answers_are_drawn_with_alternative_text() -> None:
    code = """
from ifcn_course import check
from ifcn_course import museum
check.assemble(museum.specimen("transposed").function)
check.part_of(lambda i, k, m: 7)
check.assemble(lambda score_maps, m, centers, fill: "windows")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=600, startup_timeout=600, iopub_timeout=600,
                   kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    pictures = [each for each in outputs if each.output_type == "display_data"]
    assert len(pictures) == 1  # of numbers and words there is none
    assert "2 of 4 numbers differ and are framed" in str(pictures[0].metadata)
    printed = "".join(each.get("text", "") for each in outputs)
    assert "It looks as if rows and columns of the window are swapped." in printed
