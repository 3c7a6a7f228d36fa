"""The bug museum: every specimen is wrong, small, and recognised by its checks."""

from __future__ import annotations

import inspect
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from ifcn_course import check, museum
from ifcn_course.check import _HOME
from ifcn_course.check.answers import alike, array_of
from ifcn_course.museum.specimen import OPENING, SHELF, Specimen, mistake
from tests.museum_cases import asked, comparing, solutions, verdict

EVERY = museum.specimens()
PAIRS = [(name, each) for name in comparing() for each in museum.concerning(name)]
OF_THE_ISSUE = """
    transposed fortran_channels last_pixels_missed last_row_missed nearest_part
    rounded_too_early averaged offsets_as_places center_as_corner clipped wrapped
    sigmoid_twice loss_on_negatives closed_boxes windows_suppress suppressed_suppress
    all_proposals counted_once drawn_from_all label_below half_place_off
    runs_along_rows""".split()
"""Mistakes that have to be there, whatever else is."""


def test_the_mistakes_that_everybody_makes_are_in_the_museum() -> None:
    assert {each.name for each in EVERY} >= set(OF_THE_ISSUE)


def test_every_check_that_compares_answers_has_specimens() -> None:
    assert [name for name in comparing() if not museum.concerning(name)] == []


def test_every_specimen_concerns_checks_that_there_are() -> None:
    assert [each.name for each in EVERY if not each.concerns] == []
    named = {name for each in EVERY for name in each.concerns}
    assert named <= set(_HOME)
    assert named <= set(comparing())


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.name)
def test_a_specimen_is_small_and_says_what_it_is(each: Specimen) -> None:
    lines, _ = inspect.getsourcelines(inspect.unwrap(each.function))
    body = [line for line in lines if line.strip()]
    start = next(n for n, line in enumerate(body) if line.startswith("def "))
    assert len(body) - start <= 15
    assert len(each.title.split()) <= 6
    for sentence in (each.mistake, each.advice):
        assert sentence.endswith(".") and "\n" not in sentence
        assert len(sentence) <= 88
    assert each.mistake.startswith(OPENING)


@pytest.mark.parametrize("name", comparing())
def test_specimens_of_a_check_are_wrong_and_can_be_told_apart(name: str) -> None:
    cases, agree, *_ = asked(name)
    answers = {each.name: asked(name).answers(each.function)
               for each in museum.concerning(name)}
    right = [array_of(case.expected) for case in cases]
    for specimen, given in answers.items():
        agrees = [answer.values is not None and agree(answer.values, expected)
                  for answer, expected in zip(given, right, strict=True)]
        assert not all(agrees), f"{specimen} is right"
    for (one, a), (other, b) in combinations(answers.items(), 2):
        assert not all(map(alike, a, b)), f"{one} and {other} answer alike"


@pytest.mark.filterwarnings("ignore:Mean of empty", "ignore:invalid value encountered")
@pytest.mark.parametrize("name, each", PAIRS, ids=lambda x: getattr(x, "name", x))
def test_a_check_recognises_its_specimens(name: str, each: Specimen) -> None:
    lines = verdict(name, each.function).splitlines()
    assert lines[-2:] == [each.mistake, each.advice]


@pytest.mark.parametrize("name", comparing())
def test_a_specimen_raises_only_what_a_learner_would_see(name: str) -> None:
    errors = [answer.error for each in museum.concerning(name)
              for answer in asked(name).answers(each.function) if answer.error]
    assert {type(error) for error in errors} <= {IndexError, ValueError}


@pytest.mark.parametrize("name", sorted(solutions()))
def test_the_lessons_solution_is_accepted_and_not_accused(name: str) -> None:
    text = verdict(name, solutions()[name].made())
    assert ": correct, " in text and text.count("\n") == 1


def test_the_solutions_of_all_lessons_were_found() -> None:
    lessons = [name for name in comparing() if _HOME[name] != "whole_functions"]
    assert sorted(set(solutions()) & set(lessons)) == lessons


def test_an_assembler_answers_to_other_exercises_as_they_ask() -> None:
    specimen = next(each for each in museum.concerning("assemble_loop")
                    if each.name == "transposed")
    maps = np.arange(9).reshape(1, 3, 3)
    assert specimen.function(maps, 1, 2, 1, 1).tolist() == [[0, 3], [1, 4]]
    counting = {each.name: each.function for each in museum.concerning("count_copies")}
    assert counting["clipped"]([(0, 0)], 1, 3, 2, 2).tolist() == [[[4, 2], [2, 1]]]


def test_the_source_of_a_specimen_gives_nothing_away() -> None:
    for each in EVERY:
        text = museum.source(each)
        assert text.startswith(f"def {each.name}(")
        assert "mistake(" not in text and '"""' not in text
    names = dict(inspect.unwrap(museum.specimen("early_rounding").function).__globals__)
    exec(museum.source(museum.specimen("early_rounding")), names)
    assert names["early_rounding"](20, 5, 21) == 5


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="no specimen 'nobody'; there are: .*averaged"):
        museum.specimen("nobody")


def test_a_name_can_be_taken_once_only() -> None:
    taken = mistake("A title", "It looks as if it is taken.", "Look.", "part_of")
    before = SHELF["transposed"]

    def transposed() -> None:
        """Another one of that name."""

    with pytest.raises(ValueError, match="there is a specimen 'transposed' already"):
        taken(transposed)
    assert SHELF["transposed"] is before


@pytest.mark.parametrize("file", sorted(museum._SLOW))
def test_files_that_load_torch_or_numba_are_opened_for_their_checks(file: str) -> None:
    module = f"ifcn_course.museum.{file}"
    here = [each for each in EVERY if each.function.__module__ == module]
    assert {name for each in here for name in each.concerns} == {*museum._SLOW[file]}


def test_the_museum_is_open_without_torch_and_numba() -> None:
    code = ("import sys; from ifcn_course import check; "
            "check.part_of(lambda i, k, m: 9);"
            "print('numba' in sys.modules, 'torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False False"


def test_checks_of_whole_functions_are_listed_with_the_others() -> None:
    names = {"assemble", "mask_loss", "draw_windows", "suppress_masks"}
    assert names <= set(dir(check))
