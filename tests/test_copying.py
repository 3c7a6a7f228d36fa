"""Lesson 3: its figures, its checks, its widget."""

from __future__ import annotations

import numpy as np
import pytest
from numba import cuda

from ifcn_course import check
from ifcn_course.check.assembling import addresses, simulated
from ifcn_course.predict import predictions
from ifcn_lab import assemble, draw
from ifcn_lab.draw.copying import shade
from ifcn_lab.grid import Grid

# --- figures ----------------------------------------------------------------------


def test_the_window_in_the_figure_holds_the_copied_numbers() -> None:
    picture = draw.copy_lines(addresses(3, 10), (4, 5), 7)
    printed = [t.get_text() for t in picture.figure.axes[0].texts]
    for number in ("12", "115", "218", "445", "878"):
        assert number in printed
    assert "9 score maps in 3 rows" in picture.alt
    assert "7 x 7 scores at (4, 5)" in picture.alt
    assert "3, 2, 2 wide" in picture.alt


def test_every_map_has_one_line_to_the_window_in_its_own_colour() -> None:
    maps = np.zeros((25, 30, 30))
    lines = draw.copy_lines(maps, (15, 15), 21).figure.axes[0].lines
    coloured = [line for line in lines if len(line.get_xdata()) == 3]
    colours = {line.get_color() for line in coloured} - {"white"}
    assert colours == set(draw.part_colours(5))


def test_a_tensor_can_be_drawn_too() -> None:
    import torch

    assert "at (4, 4)" in draw.copy_lines(torch.zeros(4, 9, 9), (4, 4), 5).alt


def test_logits_are_drawn_as_probabilities() -> None:
    logits = np.array([[-50.0, 0.0, np.log(3.0)]])
    assert shade(logits)[0].tolist() == pytest.approx([0, 0.5, 0.75])


@pytest.mark.parametrize(
    ("m", "side", "says"),
    [(21, 8, "24 x 24 threads, cut into 9 blocks"), (7, 4, "the other 15 have none"),
     (8, 4, "the other 0 have none")],
)
def test_the_threads_are_counted(m: int, side: int, says: str) -> None:
    assert says in draw.threads(m, side).alt


def test_threads_of_no_window_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        draw.threads(0)


# --- checks -----------------------------------------------------------------------


def loop(maps, k, m, y, x):
    return np.array([
        [maps[(i * k // m) * k + j * k // m, y - m // 2 + i, x - m // 2 + j]
         for j in range(m)] for i in range(m)
    ])


def exchanged(maps, k, m, y, x):
    return np.array([
        [maps[(j * k // m) * k + i * k // m, y - m // 2 + i, x - m // 2 + j]
         for j in range(m)] for i in range(m)
    ])


def test_the_cell_check_finds_what_rounds_too_early(capsys) -> None:
    check.part_of(lambda i, k, m: i // (m // k))
    said = capsys.readouterr().out
    assert said.startswith("Exercise 3.1: not yet right for i = 4, k = 5, m = 21")
    assert "Multiply by k first" in said
    check.part_of(lambda i, k, m: i // -(-m // k))
    assert "all parts are ceil(m / k) wide" in capsys.readouterr().out
    check.part_of(lambda i, k, m: i * k // m)
    assert "correct, all 21 cases" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["assemble_loop", "assemble_blocks"])
def test_the_window_checks_accept_the_definition(name: str, capsys) -> None:
    getattr(check, name)(loop)
    assert "correct, all 9 cases agree." in capsys.readouterr().out
    getattr(check, name)(exchanged)
    said = capsys.readouterr().out
    assert "not yet right for k = 2, m = 2" in said
    assert "(grid row) * k + (grid column)" in said


def right_kernel(maps, channel, top, left, fill, window):
    j, i = cuda.grid(2)
    m, (_, H, W) = window.shape[0], maps.shape
    if i >= m or j >= m:
        return
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[i, j], y, x]
    else:
        window[i, j] = fill


def kernel_with_exchanged_parts(maps, channel, top, left, fill, window):
    j, i = cuda.grid(2)
    if i < window.shape[0] and j < window.shape[0]:
        window[i, j] = maps[channel[j, i], top + i, left + j]


def kernel_without_guard(maps, channel, top, left, fill, window):
    j, i = cuda.grid(2)
    window[i, j] = maps[channel[i, j], top + i, left + j]


def kernel_without_border(maps, channel, top, left, fill, window):
    j, i = cuda.grid(2)
    if i < window.shape[0] and j < window.shape[0]:
        y, x = (top + i) % maps.shape[1], (left + j) % maps.shape[2]
        window[i, j] = maps[channel[i, j], y, x]


def kernel_with_a_late_guard(maps, channel, top, left, fill, window):
    j, i = cuda.grid(2)
    if i <= window.shape[0] and j <= window.shape[0]:
        window[i, j] = maps[channel[i, j], top + i, left + j]


def kernel_for_square_maps(maps, channel, top, left, fill, window):
    j, i = cuda.grid(2)
    m, (_, W, H) = window.shape[0], maps.shape
    if i < m and j < m:
        y, x = top + i, left + j
        on = 0 <= y < H and 0 <= x < W
        window[i, j] = maps[channel[i, j], y, x] if on else fill


def kernel_not_begun(maps, channel, top, left, fill, window):
    raise NotImplementedError("Exercise 3.5 is not done yet")


def test_the_right_kernel_is_accepted(capsys) -> None:
    check.copy_one(right_kernel)
    check.copy_one(cuda.jit(right_kernel))  # as the lesson has it
    said = capsys.readouterr().out
    assert said == 2 * "Exercise 3.5: correct, all 5 cases agree.\n"


def right_kernel_for_all(maps, channel, centers, fill, windows):
    j, i, n = cuda.grid(3)
    if n < len(centers) and max(i, j) < windows.shape[1]:
        y, x = (at - windows.shape[1] // 2 for at in centers[n])
        on = 0 <= y + i < maps.shape[1] and 0 <= x + j < maps.shape[2]
        windows[n, i, j] = maps[channel[i, j], y + i, x + j] if on else fill


def test_the_right_kernel_of_many_windows_is_accepted(capsys) -> None:
    check.copy_all(right_kernel_for_all)
    assert capsys.readouterr().out == "Exercise 3.6: correct, all 6 cases agree.\n"


def test_the_simulator_names_the_thread_that_leaves_the_window() -> None:
    named = r"tid=\[\d, \d, 0\] ctaid=\[\d, \d, 0\]: index 7 is out of bounds .* 7"
    given = addresses(3, 10), Grid(3, 7).channel, 1, 2, 0, np.zeros((7, 7), int)
    with pytest.raises(IndexError, match=named):
        simulated(kernel_without_guard, (2, 2), (4, 4), *given)


def swapped_kernel(maps, channel, top, left, fill, window):
    i, j = cuda.grid(2)
    if i < window.shape[0] and j < window.shape[0]:
        window[i, j] = maps[channel[i, j], top + i, left + j]


def test_rows_first_gives_the_same_window() -> None:
    given = addresses(3, 10), Grid(3, 7).channel, 1, 2, 0, np.zeros((7, 7), int)
    expected = assemble(given[0], 7, centers=[(4, 5)])[0]
    assert np.array_equal(simulated(swapped_kernel, (2, 2), (4, 4), *given), expected)
    assert "slower on a card" in predictions()["3.4"]["answer"]


@pytest.mark.parametrize(
    ("kernel", "says"),
    [
        (kernel_with_exchanged_parts, "what stands before them is the map"),
        (kernel_without_border, "-9 stands where no thread wrote"),
        (kernel_for_square_maps, "height and width of the maps are swapped"),
        (kernel_without_guard, "send home i >= m and j >= m"),
        (kernel_with_a_late_guard, "send home i >= m and j >= m"),
        (kernel_not_begun, "not done yet."),
    ],
)
def test_each_fault_of_a_kernel_has_its_hint(kernel, says: str, capsys) -> None:
    check.copy_one(kernel)
    assert says in capsys.readouterr().out


def test_the_addresses_say_map_row_and_column() -> None:
    maps = addresses(3, 10)
    assert maps[7, 3, 5] == 735
    assert len(np.unique(maps)) == maps.size
    assert addresses(1, 2, 3).tolist() == [[[0, 1, 2], [10, 11, 12]]]
    assert Grid(3, 7).channel[6, 0] == 6
