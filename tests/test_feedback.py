"""The picture of a wrong answer: what is drawn, in which colour, and what is said."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from ifcn_course import museum
from ifcn_course.check.assembling import addresses, window_cases
from ifcn_course.check.pictures import can_be_drawn, grey_for, yours_and_expected
from ifcn_lab.draw.palette import part_colours
from tests.museum_cases import asked, comparing


def pixels(axes: object) -> list[str]:
    """The colours of the pixels, row by row."""
    found = [p for p in axes.patches if isinstance(p, Rectangle) and p.get_fill()]
    return [to_hex(each.get_facecolor()) for each in found]


def framed(axes: object) -> int:
    """How many pixels have a frame."""
    collections = [c for c in axes.collections if isinstance(c, PatchCollection)]
    return len(collections[-1].get_paths())


def test_addresses_have_the_colours_and_numbers_of_their_maps() -> None:
    window = np.array([[0, 101], [210, 311]])
    picture = yours_and_expected(window.T, window, parts=(2, 100))
    yours, expected = picture.figure.axes
    assert pixels(expected) == part_colours(2)
    assert pixels(yours) == [part_colours(2)[n] for n in (0, 2, 1, 3)]
    assert [text.get_text() for text in expected.texts] == ["0", "101", "210", "311"]


def test_in_a_large_window_the_numbers_are_those_of_the_maps() -> None:
    case = max(window_cases(), key=lambda case: np.size(case.expected))
    yours, expected = yours_and_expected(
        case.expected.T, case.expected, parts=case.parts
    ).figure.axes
    assert [text.get_text() for text in expected.texts] == [str(n) for n in range(25)]
    assert len({tuple(text.get_position()) for text in yours.texts}) == 25


def test_pixels_that_differ_are_framed_in_both() -> None:
    picture = yours_and_expected(np.eye(3), np.zeros((3, 3)))
    assert [framed(axes) for axes in picture.figure.axes] == [3, 3]


def test_rounding_and_nan_are_no_difference() -> None:
    expected = np.array([[np.nan, 1.0, 2.0]])
    yours = np.array([[np.nan, 1.0 + 1e-9, 2.5]])
    picture = yours_and_expected(yours, expected)
    assert "1 of 3 numbers differs and is framed." in picture.alt
    assert "at row 0, column 2: yours is 2.5, expected is 2." in picture.alt
    assert framed(picture.figure.axes[0]) == 1


def test_where_only_rounding_differs_it_is_framed() -> None:
    picture = yours_and_expected(np.array([0.1 + 0.2, 1.0]), np.array([0.3, 1.0]))
    assert "1 of 2 numbers differs and is framed." in picture.alt


def test_one_pixel_that_differs_is_said_in_the_singular() -> None:
    picture = yours_and_expected(np.array([1, 2]), np.array([1, 3]))
    assert picture.alt == (
        "Your answer beside the expected one, 1 x 2. 1 of 2 numbers differs and is "
        "framed. The first is at row 0, column 1: yours is 2, expected is 3."
    )


def test_of_many_planes_the_first_that_differs_is_drawn_and_named() -> None:
    expected = addresses(2, 3)
    yours = expected.copy()
    yours[2, 1, 1] = 0
    picture = yours_and_expected(yours, expected, parts=(2, 100))
    assert "3 x 3, plane 2. 1 of 9" in picture.alt
    assert picture.figure.axes[1].texts[0].get_text() == "200"


def test_shapes_that_differ_are_both_drawn_and_nothing_is_framed() -> None:
    picture = yours_and_expected(np.array(5), np.zeros((2, 3)))
    assert picture.alt.endswith("yours is one number, expected is 2 x 3.")
    assert [framed(axes) for axes in picture.figure.axes] == [0, 0]


def test_words_and_nothing_cannot_be_drawn() -> None:
    assert not can_be_drawn(np.array("left")) and not can_be_drawn(np.zeros((0, 2)))
    assert can_be_drawn(np.array([True]))


def test_values_that_are_not_finite_have_a_colour() -> None:
    yours = np.array([[np.inf, -np.inf, np.nan]])
    picture = yours_and_expected(yours, np.zeros((1, 3)))
    assert pixels(picture.figure.axes[0]) == ["#f4f4f4", "#f4f4f4", "#ffffff"]
    assert grey_for(np.inf, 0.0, 1.0) == "#51677f"
    outside = yours_and_expected(yours, np.zeros((1, 3)), parts=(2, 100))
    assert pixels(outside.figure.axes[0]) == ["#ffffff"] * 3


@pytest.mark.parametrize("name", comparing())
def test_every_wrong_answer_of_the_museum_can_be_drawn(name: str) -> None:
    cases, agree, *_ = asked(name)
    for each in museum.concerning(name)[:3]:
        for answer, case in zip(asked(name).answers(each.function), cases, strict=True):
            expected = np.asarray(case.expected)
            drawn = answer.values is not None and expected.ndim
            if drawn and not agree(answer.values, expected):
                picture = yours_and_expected(answer.values, expected,
                                                  parts=case.parts)
                assert picture.alt.startswith("Your answer beside the expected one")
                assert max(picture.figure.get_size_inches()) < 9
                break
