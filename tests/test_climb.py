"""Lesson 3's climb: its figures, and the check of strides."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from ifcn_course import check
from ifcn_course.check.assembling import addresses, strides_of_view
from ifcn_lab import assemble, draw
from ifcn_lab.assembling import pad
from ifcn_lab.draw.climb import orders_in_memory, times

# --- the steps of a view ----------------------------------------------------------


def test_the_figure_names_the_two_steps_down_a_window() -> None:
    picture = draw.steps(addresses(2, 10), (4, 6), 6)
    assert "stand 13, 23, 33, 243, 253, 263." in picture.alt
    assert "+10: one row further in the same map" in picture.alt
    assert "+230: 3 rows further and 2 maps further" in picture.alt
    shown = [text.get_text() for text in picture.figure.axes[0].texts]
    assert shown.count("243") == 2  # on its map and in the window
    assert any(text.startswith("+230: to the part below") for text in shown)


def test_the_steps_in_the_figure_are_the_strides_of_the_view() -> None:
    maps = addresses(3, 10)
    picture = draw.steps(maps, (4, 5), 6)
    _, _, down, inside, _, _ = strides_of_view(3, 6, 100, 10, 1)
    assert f"+{inside}:" in picture.alt and f"+{down}:" in picture.alt


@pytest.mark.parametrize(("k", "m"), [(3, 7), (1, 4)])
def test_steps_are_refused_where_there_are_not_two(k: int, m: int) -> None:
    with pytest.raises(ValueError, match="k divides m"):
        draw.steps(addresses(k, 10), (4, 5), m)


# --- layouts ----------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["window", "plane"])
def test_the_boxes_stand_in_the_order_of_memory(layout: str) -> None:
    maps, centers = addresses(2, 10), [(1, x) for x in range(1, 5)]
    windows = [assemble(maps, 2, centers=[center]).ravel() for center in centers]
    in_memory = assemble(maps, 2, centers=centers, layout=layout).ravel().tolist()
    order = orders_in_memory(4, 4)[layout]
    assert in_memory == [windows[window][pixel] for window, pixel in order]


def test_the_figure_of_layouts_frames_one_place_of_every_window() -> None:
    picture = draw.layouts(windows=3)
    assert "Layout window: A0 A1 A2 A3 B0" in picture.alt
    assert "Layout plane: A0 B0 C0 A1" in picture.alt
    boxes = [p for p in picture.figure.axes[0].patches if isinstance(p, Rectangle)]
    assert sum(not box.get_fill() for box in boxes) == 2 * 3


def test_too_many_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 6 windows"):
        draw.layouts(windows=7)


# --- bars -------------------------------------------------------------------------


def test_the_bars_are_multiples_of_the_floor() -> None:
    took = {"loop": 12.0, "blocks": 0.031, "fill": 0.001, "view": 1.6e-5}
    picture = draw.time_bars(took)
    assert "loop: 12,000 x; blocks: 31 x; fill: 1.0 x; view: 0.016 x." in picture.alt
    bars = picture.figure.axes[0].patches
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    assert ends == pytest.approx([12_000, 31, 1, 0.016])
    assert picture.figure.axes[0].get_xscale() == "log"


@pytest.mark.parametrize("took", [{"loop": 1.0}, {"fill": 1.0, "view": 0.0}, {}])
def test_bars_need_a_floor_and_times_above_0(took: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="bars need times above 0"):
        draw.time_bars(took)


@pytest.mark.parametrize(
    ("ratio", "says"),
    [(9.96, "10 x"), (99.4, "99 x"), (0.99, "0.99 x"), (1.0, "1.0 x"),
     (0.0951, "0.095 x")],
)
def test_a_ratio_has_two_digits(ratio: float, says: str) -> None:
    assert times(ratio) == says


# --- checks -----------------------------------------------------------------------


def right_strides(k, m, one_map, one_row, one_column):
    down = k * one_map + m // k * one_row
    across = one_map + m // k * one_column
    return one_row, one_column, down, one_row, across, one_column


def test_the_expected_strides_read_the_windows_of_the_definition() -> None:
    padded = pad(addresses(2, 10), 6)  # 15 rows of 15
    strides = [8 * step for step in strides_of_view(2, 6, 225, 15, 1)]
    shape = (10, 10, 2, 3, 2, 3)
    windows = np.lib.stride_tricks.as_strided(padded, shape, strides)
    definition = assemble(addresses(2, 10), 6, backend="loop")
    assert np.array_equal(windows.reshape(10, 10, 6, 6), definition)


def test_the_strides_check_accepts_right_ones(capsys) -> None:
    check.view_strides(right_strides)
    assert capsys.readouterr().out == "Exercise 3.4: correct, all 4 cases agree.\n"


@pytest.mark.parametrize(
    ("strides", "fails_at"),
    [
        (lambda k, m, a, b, c: (b, c, k * a, b, a, c), "k = 2, m = 2"),
        (lambda k, m, a, b, c: (b, c, k * a + b, b, a + c, c), "k = 2, m = 6"),
        (lambda k, m, a, b, c: (b, c, 2 * a + m // k * b, b, a + m // k * c, c),
         "k = 3, m = 6"),
        (lambda k, m, a, b, c: (b, 1, k * a + m // k * b, b, a + m // k, 1),
         "k = 5, m = 20"),
    ],
)
def test_each_mistake_in_strides_has_its_case(strides, fails_at, capsys) -> None:
    check.view_strides(strides)
    assert f"not yet right for {fails_at}, strides" in capsys.readouterr().out


def not_begun(*given):
    raise NotImplementedError("Exercise 3.4 is not done yet")


def test_what_is_not_begun_is_no_error(capsys) -> None:
    check.view_strides(not_begun)
    assert capsys.readouterr().out.endswith(": not done yet.\n")
