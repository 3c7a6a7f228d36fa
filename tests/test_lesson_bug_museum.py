"""Lesson 8: tests that kill mutants, right assemblers, pictures without labels."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

from ifcn_course import check, museum
from ifcn_course.check import bug_museum, museum_pictures, mutants
from ifcn_course.check.rewrites import STYLES, by_definition, rewrites
from ifcn_lab import InstanceFCN, assemble, scenes
from ifcn_lab.segmenter import to_tensor

LESSON = Path(__file__).parent.parent / "lessons" / "08_bug_museum.md"
NAMES = [each.name for each in mutants.mutants()]


def of_the_lesson(name):
    """A function as the lesson writes it, with its solution."""
    cells = re.findall(r"```\{code-cell\}\n(.*?)```", LESSON.read_text("utf-8"), re.S)
    cell = next(cell for cell in cells if f"def {name}(" in cell)
    body = cell[cell.index(f"def {name}("):]
    lines = body.splitlines()
    end = next((n for n, line in enumerate(lines[1:], 1)
                if line and not line.startswith(" ")), len(lines))
    found = {"np": np}
    exec("\n".join(lines[:end]), found)
    return found[name]


def said(capsys, test, *names, **options):
    check.kills(test, *names, **options)
    return capsys.readouterr().out


# Right assemblers


@st.composite
def cases(draw):
    k = draw(st.integers(1, 4))
    H, W = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    m = draw(st.integers(k, 8))
    maps = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(k * k, H, W))
    place = st.tuples(st.integers(0, H - 1), st.integers(0, W - 1))
    centers = np.array(draw(st.lists(place, max_size=3)), int).reshape(-1, 2)
    return maps, m, centers, draw(st.sampled_from([0.0, -1.0, 7.5]))


@given(cases(), st.integers(0, 999))
@settings(max_examples=150)
def test_every_rewrite_is_the_definition_bit_for_bit(case, seed):
    maps, m, centers, fill = case
    expected = assemble(maps, m, centers=centers, fill=fill, backend="loop")
    for function in rewrites(len(STYLES) + 2, seed):
        found = function(maps, m, centers, fill)
        assert found.dtype == expected.dtype and np.array_equal(found, expected)


def test_a_right_assembler_survives_every_test_of_the_lesson():
    tests = [of_the_lesson(name) for name in (
        "one_map", "symmetric", "shifted", "test_swap", "test_rounding", "test_border",
        "smallest")]
    for function in rewrites(30, seed=1):
        assert all(mutants.answer(test, function).passes for test in tests)


# Tests that kill


def test_a_weak_test_lets_more_than_half_live_and_the_smallest_none():
    weak = mutants.survivors(of_the_lesson("one_map"))
    assert len(weak) > len(NAMES) / 2
    smallest = of_the_lesson("smallest")
    assert mutants.survivors(smallest) == []
    assert mutants.answer(smallest, by_definition).scores == 18


@pytest.mark.parametrize("name", NAMES)
def test_a_mutant_dies_of_a_random_comparison_with_the_definition(name):
    def compared(assemble):
        draw = np.random.default_rng(5)
        for k, m in ((2, 5), (3, 4), (1, 3)):
            maps = draw.integers(1, 99, (k * k, 3, 4))
            places = np.array([(0, 1), (2, 0)])
            if not np.array_equal(assemble(maps, m, places, -1),
                                  by_definition(maps, m, places, -1)):
                return False
        return True

    assert not mutants.answer(compared, museum.specimen(name).function).passes


@pytest.mark.parametrize("exercise", ["test_swap", "test_rounding", "test_border"])
def test_the_exercises_tests_kill_what_they_are_to_kill(capsys, exercise):
    number = {"test_swap": 2, "test_rounding": 3, "test_border": 4}[exercise]
    names = next(n for n, told in bug_museum.EXERCISES.items()
                 if told == f"Exercise 8.{number}")
    out = said(capsys, of_the_lesson(exercise), *names)
    assert out.startswith(f"Exercise 8.{number}: correct, ")
    assert "and 20 right assemblers pass." in out


def test_an_exercise_that_is_not_begun_is_no_error(capsys):
    def test(assemble):
        raise NotImplementedError("Exercise 8.2 is not done yet")

    assert said(capsys, test, "transposed") == "Exercise 8.2: not done yet.\n"
    assert said(capsys, test, most=60) == "Exercise 8.5: not done yet.\n"

    def later(assemble):
        assemble([[[1]]], 1, [(0, 0)])
        raise NotImplementedError

    assert said(capsys, later, "transposed") == "Exercise 8.2: not done yet.\n"


def test_a_test_may_assert(capsys):
    def test(assemble):
        maps = np.arange(4).reshape(4, 1, 1) * np.ones((4, 6, 6), int)
        assert assemble(maps, 4, [(3, 3)])[0][0, 3] == 1

    assert said(capsys, test, "transposed").startswith("Exercise 8.2: correct")


def test_survivors_are_named(capsys):
    out = said(capsys, of_the_lesson("symmetric"), "transposed")
    assert out.splitlines() == [
        "Exercise 8.2: not yet right, 1 of 1 survives:",
        "  transposed: Rows and columns swapped",
        "Think of scores and a window for which these give another answer.",
    ]


def lazy(assemble):
    assemble([[[1]]], 1, [(0, 0)])


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (lambda assemble: False, "a mistake in the right assembler: it returned False"),
        (lambda assemble: assemble(3), "right assembler: TypeError"),
        (lambda assemble: assemble(np.ones((2, 3, 3)), 2, [(1, 1)]).any(),
         "right assembler: ValueError"),
        (lambda assemble: True, "never calls assemble"),
        (lazy, "Is there a `return`?"),
        (lambda assemble: assemble(np.ones((1, 9, 9)), 2, [(1, 1)]).flags.c_contiguous,
         "only written in another way"),
    ],
)
def test_what_is_no_good_test_is_told_so(capsys, test, words):
    out = said(capsys, test)
    assert out.startswith("Exercise 8.5: not yet right") and words in out


def test_the_smallest_test_has_a_bar(capsys):
    def large(assemble):
        assemble(np.ones((1, 9, 9)), 1, [(0, 0)])
        return of_the_lesson("smallest")(assemble)

    assert "It uses 99 scores; 60 are enough." in said(capsys, large, most=60)
    assert said(capsys, large).startswith("Exercise 8.5: correct, all")


# Pictures without labels


@pytest.fixture(scope="module")
def maps():
    net = InstanceFCN.from_pretrained("scenes").eval()

    def of(image):
        with torch.no_grad():
            return net(to_tensor(image)[None]).maps[0].numpy()

    return of(scenes.two_touching().image), of(scenes.make(1_000_042).image)


CENTERS = np.array([(16, 10), (16, 21)])


def wrong_pixels(maps, name, centers):
    right = assemble(maps, 21, centers=centers) > 0
    found = museum.specimen(name).function(maps, 21, centers, 0.0) > 0
    return int((right != found).sum())


def test_every_letter_shows_a_mistake_and_no_two_look_alike(maps):
    wrong = {letter: bug_museum.unlabelled(letter) for letter in bug_museum.LETTERS}
    masks = {letter: each.function(maps[0], 21, CENTERS, 0.0) > 0
             for letter, each in wrong.items()}
    masks["right"] = assemble(maps[0], 21, centers=CENTERS) > 0
    for a in masks:
        for b in masks:
            assert a == b or (masks[a] != masks[b]).sum() > 60, (a, b)


def test_what_looks_right_in_one_picture_is_seen_in_another(maps):
    one = CENTERS[:1]
    for name in ("transposed", "clipped", "one_array_for_all"):
        assert wrong_pixels(maps[0], name, one) < 441 / 100
    assert wrong_pixels(maps[1], "transposed", one) > 100
    assert wrong_pixels(maps[1], "clipped", one) == 0
    assert wrong_pixels(maps[0], "one_array_for_all", CENTERS) > 5
    assert wrong_pixels(maps[0], "half_place_off", CENTERS) == 0


def test_no_text_of_the_picture_names_what_is_behind_a_letter(maps):
    picture = museum_pictures.unlabelled_masks(maps[0], [(16, 10), (16, 21)], 21)
    texts = [text.get_text() for text in picture.figure.findobj(Text)]
    hidden = [name for name, _ in bug_museum.LETTERS.values()]
    assert not [name for name in hidden if name in picture.alt or name in texts]
    wrong = wrong_pixels(maps[0], hidden[0], CENTERS[:1])
    assert f"Wrong places: A {wrong} and " in picture.alt


def test_the_table_says_who_survives():
    tests = {name: of_the_lesson(name) for name in ("one_map", "symmetric")}
    picture = museum_pictures.killed(tests)
    for name, test in tests.items():
        killed = len(NAMES) - len(mutants.survivors(test))
        assert f"{name} kills {killed}" in picture.alt
    both = set.intersection(*[{each.title for each in mutants.survivors(test)}
                              for test in tests.values()])
    assert all(title in picture.alt for title in both) and both
    words = [text.get_text() for text in picture.figure.axes[0].texts]
    assert words.count("survives") + words.count("killed") == 2 * len(NAMES)


def test_a_diagnosis_is_judged_letter_by_letter(capsys):
    right = of_the_lesson("diagnosis")()
    for given_, words in (
        (right, "Exercise 8.1: correct, all 6 mistakes are named."),
        ({**right, "C": "averaged"}, "5 of 6 are named.\nC: not averaged. There is no"),
        ({**right, "C": "blur"}, "C: 'blur' is no name of the list. There is no"),
        ({}, "0 of 6 are named.\nA: All places"),
        (["averaged"], "give a dictionary"),
        (None, "Is there a `return`?"),
    ):
        check.diagnosis(lambda given_=given_: given_)
        assert words in capsys.readouterr().out

    def stub():
        raise NotImplementedError

    check.diagnosis(stub)
    assert capsys.readouterr().out == "Exercise 8.1: not done yet.\n"


def test_a_test_that_returns_uneven_rows_is_told_and_not_raised(capsys):
    check.kills(lambda assemble: [[1], [2, 3]], "transposed")
    out = capsys.readouterr().out
    assert out.startswith("Exercise 8.2: not yet right.") and "inhomogeneous" in out
