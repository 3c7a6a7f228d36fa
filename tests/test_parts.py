"""Parts, perfect maps and the questions of training, against slow and obvious twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifcn_lab import Grid, assemble, scenes
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.windows.labels import label_windows, window_centers
from ifcn_lab.windows.oracle import (
    coverage,
    object_centers,
    oracle_maps,
    parts_seen,
    questions,
    window_ious,
)


@pytest.fixture(scope="module")
def pair() -> scenes.Scene:
    return scenes.two_touching(diameter=54.5)


def part_by_hand(
    pixel: tuple[int, int], center: tuple[int, int], k: int, m: int
) -> int:
    i, j = pixel[0] - center[0] + m // 2, pixel[1] - center[1] + m // 2
    return (i * k // m) * k + j * k // m if 0 <= i < m and 0 <= j < m else -1


@settings(max_examples=40)
@given(st.data())
def test_every_pixel_plays_the_part_of_its_offset(data: st.DataObject) -> None:
    k = data.draw(st.integers(1, 4))
    m = data.draw(st.integers(k, 9))
    shape = data.draw(st.tuples(st.integers(1, 8), st.integers(1, 8)))
    center = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    seen = parts_seen(np.array(center), Grid(k, m), shape)
    for pixel in np.ndindex(shape):
        assert seen[pixel] == part_by_hand(pixel, center, k, m)


def test_coverage_is_the_mean_over_each_cell(pair: scenes.Scene) -> None:
    share = coverage(pair.masks, 4)
    assert share.shape == (2, 32, 32)
    assert share[1, 16, 17] == pair.masks[1, 64:68, 68:72].mean()
    assert share.sum() * 16 == pair.masks.sum()


def test_sides_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="pad them to a multiple"):
        coverage(np.zeros((1, 10, 8), bool), 4)


@pytest.mark.parametrize(("stride", "m"), [(4, 21), (8, 21), (4, 20), (4, 9)])
def test_no_window_is_nearer_to_the_object_than_its_own(stride: int, m: int) -> None:
    mask = np.zeros((1, 160, 160), bool)
    mask[0, 60:97, 70:101] = True
    (center,) = object_centers(mask, stride, m)
    middles = window_centers(160 // stride, stride, m)
    for found, middle in zip(center, ((60 + 97) / 2, (70 + 101) / 2), strict=True):
        away = np.abs(middles - middle)
        assert away[found] == away.min()


def test_an_object_at_the_border_has_a_window_on_the_map() -> None:
    mask = np.zeros((1, 32, 32), bool)
    mask[0, :2, 30:] = True
    assert object_centers(mask, 4, 3).tolist() == [[0, 7]]


def test_an_oracle_map_holds_the_pixels_that_play_its_part(pair: scenes.Scene) -> None:
    cells, centers = coverage(pair.masks, 4) > 0.5, object_centers(pair.masks, 4, 21)
    maps = oracle_maps(cells, centers, 3, 21)
    for c, y, x in np.ndindex(maps.shape):
        wanted = any(
            mask[y, x] and part_by_hand((y, x), tuple(center), 3, 21) == c
            for mask, center in zip(cells, centers, strict=True)
        )
        assert maps[c, y, x] == wanted


def test_perfect_maps_separate_two_touching_discs_and_one_map_does_not(
    pair: scenes.Scene,
) -> None:
    cells, centers = coverage(pair.masks, 4) > 0.5, object_centers(pair.masks, 4, 21)
    ious = {}
    for k in (1, 3, 5):
        windows = assemble(oracle_maps(cells, centers, k, 21), 21, centers=centers)
        ious[k] = window_ious(windows, cells, centers)
    assert (ious[3] == 1).all() and (ious[5] == 1).all()
    assert (ious[1] < 0.9).all()


def test_questions_are_those_that_the_windows_ask_one_by_one(
    pair: scenes.Scene,
) -> None:
    k, m, share = 3, 21, coverage(pair.masks, 4)
    labels = label_windows(tight_boxes(pair.masks), (32, 32), stride=4, m=m)
    asked, yes = np.zeros((9, 32, 32)), np.zeros((9, 32, 32))
    for y, x in np.argwhere(labels.label == 1):
        for i, j in np.ndindex(m, m):
            row, column = y - m // 2 + i, x - m // 2 + j
            if 0 <= row < 32 and 0 <= column < 32:
                c = part_by_hand((row, column), (y, x), k, m)
                asked[c, row, column] += 1
                yes[c, row, column] += share[labels.instance[y, x], row, column]
    found = questions(pair.masks, k, m, 4)
    np.testing.assert_array_equal(found.asked, asked)
    np.testing.assert_allclose(found.yes, yes)


def test_a_scene_without_a_fitting_object_asks_nothing() -> None:
    asked, yes = questions(np.zeros((0, 64, 64), bool), 3, 21, 4)
    assert asked.sum() == yes.sum() == 0


def test_iou_counts_only_what_lies_on_the_map() -> None:
    cells = np.zeros((1, 4, 4), bool)
    cells[0, :2, :2] = True
    windows = np.ones((1, 3, 3), bool)  # at (0, 0): one row and column off the map
    assert window_ious(windows, cells, np.array([[0, 0]])).tolist() == [1.0]
    nothing = window_ious(windows & False, cells & False, np.array([[0, 0]]))
    assert nothing.tolist() == [0.0]
