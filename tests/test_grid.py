"""The grid: one rule decides which part a place of a window belongs to."""

import dataclasses
import re

import jaxtyping
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifcn_lab.grid import Grid, every_place

sizes = st.integers(1, 9).flatmap(
    lambda k: st.tuples(st.just(k), st.integers(k, 60)),
)


@pytest.fixture
def without_type_checks(monkeypatch):
    """As outside the tests: the library's own words meet the wrong argument."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def test_the_papers_window_has_cells_of_5_4_4_4_4():
    assert np.diff(Grid(k=5, m=21).edges).tolist() == [5, 4, 4, 4, 4]


@given(sizes)
def test_every_offset_is_in_the_cell_whose_edges_enclose_it(size):
    k, m = size
    grid = Grid(k, m)
    for offset in range(m):
        cell = (offset * k) // m
        assert grid.part_of[offset] == cell
        assert grid.edges[cell] <= offset < grid.edges[cell + 1]


@given(sizes)
def test_cells_are_never_empty_and_differ_by_one_pixel_at_most(size):
    k, m = size
    sides = np.diff(Grid(k, m).edges)
    assert len(sides) == k
    assert sides.sum() == m
    assert sides.min() >= 1
    assert sides.max() - sides.min() <= 1


@given(sizes)
def test_channels_are_row_major_and_each_is_read(size):
    k, m = size
    grid = Grid(k, m)
    assert grid.channel.shape == (m, m)
    assert set(grid.channel.ravel().tolist()) == set(range(k * k))
    rows, columns = np.divmod(grid.channel, k)
    assert (rows == grid.part_of[:, None]).all()
    assert (columns == grid.part_of[None, :]).all()


def test_the_arrays_are_int64_and_nobody_can_write_to_them():
    grid = Grid(k=3, m=7)
    for array in (grid.edges, grid.part_of, grid.channel):
        assert array.dtype == np.int64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9


def test_grids_of_one_size_are_equal_and_frozen():
    assert Grid(np.int64(3), np.uint8(7)) == Grid(3, 7)
    assert {Grid(3, 7), Grid(3, 7), Grid(3, 8)} == {Grid(3, 7), Grid(3, 8)}
    assert type(Grid(np.int64(3), 7).k) is int
    with pytest.raises(dataclasses.FrozenInstanceError):
        Grid(3, 7).m = 8


@pytest.mark.parametrize(
    ("k", "m", "error", "message"),
    [
        (5, 4, ValueError, "m is 4 and k is 5; every part needs a place"),
        (0, 4, ValueError, "k is 0; a grid has at least 1 part per side"),
        (-2, 4, ValueError, "k is -2"),
        (2.0, 4, TypeError, "k is 2.0 (float); give a whole number (int)"),
        (2, 4.5, TypeError, "m is 4.5 (float); give a whole number (int)"),
        (2, "4", TypeError, "m is '4' (str)"),
        (True, 4, TypeError, "k is True (bool)"),
        (None, 4, TypeError, "k is None (NoneType)"),
    ],
)
def test_a_wrong_size_is_named_and_explained(without_type_checks, k, m, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Grid(k, m)


@given(st.integers(0, 3), st.integers(0, 6), st.integers(0, 6))
def test_every_place_lists_positions_image_by_image_row_by_row(images, height, width):
    places = every_place(images, height, width)
    assert places.shape == (images, height, width, 3)
    assert places.dtype == np.int64
    expected = [list(place) for place in np.ndindex(images, height, width)]
    assert places.reshape(-1, 3).tolist() == expected
