"""Windows are labelled by DeepMask's rule, drawn 1:1 and given the right masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.windows.labels import (
    WindowLabels,
    WindowRule,
    label_windows,
    mask_targets,
    sample_windows,
    window_centers,
)

PAPER = {"stride": 8, "m": 21}


def label_one(y: int, x: int, boxes: list, stride: int, m: int, rule: WindowRule):
    """What label_windows means, for one window and with plain numbers."""
    side = stride * m
    top, left = stride * (y - m // 2), stride * (x - m // 2)
    label, best, instance = 0, math.inf, -1
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        off = max(abs((y0 + y1) / 2 - (top + side / 2)),
                  abs((x0 + x1) / 2 - (left + side / 2)))
        octaves = abs(math.log2(max(x1 - x0, y1 - y0) / (rule.canonical * side)))
        center, scale = rule.center_tolerance, rule.scale_tolerance
        if off / side <= center and octaves <= scale and off / side < best:
            label, best, instance = 1, off / side, index
        near = off / side < rule.negative_center and octaves < rule.negative_scale
        if near and label == 0:
            label = -1
    return label, instance


@st.composite
def box(draw: st.DrawFn) -> tuple[int, int, int, int]:
    x0, y0 = draw(st.integers(-20, 40)), draw(st.integers(-20, 40))
    return x0, y0, x0 + draw(st.integers(1, 60)), y0 + draw(st.integers(1, 60))


@given(
    boxes=st.lists(box(), max_size=4),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    stride=st.sampled_from([4, 8]),
    m=st.sampled_from([5, 6, 21]),
    canonical=st.floats(0.3, 1.0),
)
@settings(max_examples=60)
def test_labels_are_those_of_the_slow_twin(
    boxes: list, shape: tuple[int, int], stride: int, m: int, canonical: float
) -> None:
    rule = WindowRule(canonical=canonical)
    given_boxes = np.array(boxes, int).reshape(-1, 4)
    found = label_windows(given_boxes, shape, stride=stride, m=m, rule=rule)
    for y, x in np.ndindex(shape):
        label, instance = label_one(y, x, boxes, stride, m, rule)
        assert (found.label[y, x], found.instance[y, x]) == (label, instance)


def square(side: float, center: tuple[float, float] = (84, 84)) -> np.ndarray:
    """One box of this side whose middle is (y, x)."""
    (y, x), half = center, side / 2
    return np.array([[x - half, y - half, x + half, y + half]])


def label_at_middle(boxes: np.ndarray) -> int:
    """The label of the 168-pixel window that covers pixels 0 ... 167."""
    labels = label_windows(boxes, (22, 22), **PAPER)
    return int(labels.label[10, 10])


def test_the_window_of_21_cells_at_stride_8_is_168_pixels_round_its_cell() -> None:
    """Cell 10's window covers cells 0 ... 20, so pixels 0 ... 167; middle 84."""
    assert window_centers(11, **PAPER)[10] == 84


def test_an_even_window_reaches_one_cell_further_up() -> None:
    """m = 6: offsets -3 ... 2, so cells 0 ... 5 round cell 3, with middle 12."""
    assert window_centers(4, stride=4, m=6)[3] == 12


def test_an_object_of_96_pixels_fits_the_papers_window() -> None:
    assert 168 * WindowRule().canonical == pytest.approx(96)
    assert label_at_middle(square(96)) == 1


@pytest.mark.parametrize(
    ("off", "label"),
    [(0, 1), (11.9, 1), (12, 1), (12.1, -1), (23.9, -1), (24, 0), (30, 0)],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_positives_reach_12_pixels_and_negatives_begin_at_24(
    off: float, label: int, axis: int
) -> None:
    center = [84.0, 84.0]
    center[axis] += off
    assert label_at_middle(square(96, tuple(center))) == label
    center[axis] -= 2 * off
    assert label_at_middle(square(96, tuple(center))) == label


@pytest.mark.parametrize(
    ("octaves", "label"),
    [(0.29, 1), (0.31, -1), (0.99, -1), (1.01, 0), (-0.29, 1), (-0.31, -1), (-1.01, 0)],
)
def test_sizes_fit_within_three_tenths_of_an_octave(octaves: float, label: int) -> None:
    assert label_at_middle(square(96 * 2**octaves)) == label


def test_the_longest_side_decides_the_size() -> None:
    assert label_at_middle(np.array([[36, 80, 132, 88]])) == 1
    assert label_at_middle(np.array([[80, 36, 88, 132]])) == 1


@given(st.floats(40, 300))
def test_no_object_size_falls_between_the_papers_scales(longest: float) -> None:
    """Shorter side 375: scales of 600 * 1.5^{-4..1} leave no gap from 40 to 300 px."""
    zooms = [600 * 1.5**power / 375 for power in range(-4, 2)]
    assert any(label_at_middle(square(longest * zoom)) == 1 for zoom in zooms)


def test_deepmasks_quarter_octave_would_leave_gaps() -> None:
    """Scales 1.5 apart lie 0.585 octaves apart, more than twice 0.25."""
    between = 96 * 2 ** (math.log2(1.5) / 2)
    narrow = WindowRule(scale_tolerance=0.25)
    for size in (between, between / 1.5):
        labels = label_windows(square(size), (22, 22), rule=narrow, **PAPER)
        assert not (labels.label == 1).any()


def test_three_by_three_cells_are_positive_for_an_object_on_a_cells_middle() -> None:
    """12 pixels are 1.5 cells: a centred object has one cell on each side."""
    labels = label_windows(square(96), (22, 22), **PAPER)
    assert np.argwhere(labels.label == 1).tolist() == [
        [y, x] for y in (9, 10, 11) for x in (9, 10, 11)
    ]


def test_the_nearer_of_two_objects_has_the_window() -> None:
    boxes = np.concatenate([square(96, (84, 92)), square(96, (84, 86))])
    labels = label_windows(boxes, (22, 22), **PAPER)
    assert labels.instance[10, 10] == 1
    assert labels.instance[10, 12] == 0


def test_windows_in_a_crowd_are_ignored() -> None:
    crowd = np.zeros((22, 22), bool)
    crowd[:, :11] = True
    labels = label_windows(square(96), (22, 22), crowd=crowd, **PAPER)
    assert (labels.label[crowd] == -1).all()
    assert (labels.instance[crowd] == -1).all()
    free = label_windows(square(96), (22, 22), **PAPER)
    assert (labels.label[~crowd] == free.label[~crowd]).all()
    assert (labels.label[~crowd] == 1).sum() == 3


def test_without_objects_every_window_is_negative() -> None:
    labels = label_windows(np.zeros((0, 4), int), (3, 5), **PAPER)
    assert labels.label.shape == (3, 5) and (labels.label == 0).all()
    assert (labels.instance == -1).all()


def test_an_empty_mask_claims_no_window() -> None:
    labels = label_windows(np.zeros((1, 4), int), (30, 30), **PAPER)
    assert (labels.label == 0).all()


@pytest.mark.parametrize(
    "change",
    [{"canonical": 0}, {"center_tolerance": -1}, {"scale_tolerance": 0},
     {"negative_center": 0.01}, {"negative_scale": 0.1}],
)
def test_tolerances_that_make_no_sense_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        WindowRule(**change)


# Drawing


def labels_of(positive: int, negative: int, ignored: int) -> WindowLabels:
    label = np.array([1] * positive + [0] * negative + [-1] * ignored)[None]
    instance = np.where(label == 1, np.arange(label.size)[None], -1)
    return WindowLabels(label, instance)


@given(
    positive=st.integers(0, 300), negative=st.integers(0, 300),
    ignored=st.integers(0, 9), seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_half_the_windows_are_positive_and_each_is_what_it_says(
    positive: int, negative: int, ignored: int, seed: int
) -> None:
    labels = labels_of(positive, negative, ignored)
    drawn = sample_windows(labels, rng=np.random.default_rng(seed))
    assert (drawn.label == 1).sum() == (128 if positive else 0)
    assert (drawn.label == 0).sum() == (128 if negative else 0)
    at = tuple(drawn.centers.T)
    assert (labels.label[at] == drawn.label).all()
    assert (labels.instance[at] == drawn.instance).all()
    for kind, there in ((1, positive), (0, negative)):
        different = {tuple(c) for c in drawn.centers[drawn.label == kind]}
        # With enough of a kind none comes twice.
        assert len(different) == 128 or there < 128


def test_every_window_of_a_kind_is_drawn_in_time() -> None:
    labels = labels_of(7, 9, 3)
    drawn = sample_windows(labels, rng=np.random.default_rng(0))
    assert set(drawn.centers[:, 1]) == set(range(16))


def test_the_same_seed_draws_the_same_windows() -> None:
    labels = labels_of(200, 200, 3)
    a, b = (sample_windows(labels, rng=np.random.default_rng(5)) for _ in range(2))
    c = sample_windows(labels, rng=np.random.default_rng(6))
    assert (a.centers == b.centers).all()
    assert (a.centers != c.centers).any()


# Masks and boxes


@given(arrays(bool, st.tuples(st.integers(0, 3), st.integers(1, 6), st.integers(1, 6))))
def test_tight_boxes_enclose_exactly_the_pixels(masks: np.ndarray) -> None:
    boxes = tight_boxes(masks)
    assert boxes.shape == (len(masks), 4)
    for mask, found in zip(masks, boxes.tolist(), strict=True):
        at = np.argwhere(mask)
        if len(at) == 0:
            assert found == [0, 0, 0, 0]
            continue
        (y0, x0), (y1, x1) = at.min(0), at.max(0) + 1
        assert found == [x0, y0, x1, y1]


@given(
    cells=arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 6),
                                  st.integers(1, 6)), elements=st.floats(0, 1)),
    m=st.integers(1, 8), data=st.data(),
)
@settings(max_examples=60)
def test_mask_targets_are_what_copying_cell_by_cell_gives(
    cells: np.ndarray, m: int, data: st.DataObject
) -> None:
    count, height, width = cells.shape
    window = st.tuples(st.integers(0, height - 1), st.integers(0, width - 1),
                       st.integers(0, count - 1))
    rows = np.array(data.draw(st.lists(window, max_size=4)), int).reshape(-1, 3)
    crowd = data.draw(arrays(bool, (height, width)))
    target, counts = mask_targets(cells, rows[:, :2], rows[:, 2], m, crowd)
    assert target.shape == counts.shape == (len(rows), m, m)
    for p, (y, x, instance) in enumerate(rows):
        for i, j in np.ndindex(m, m):
            row, column = y - m // 2 + i, x - m // 2 + j
            inside = 0 <= row < height and 0 <= column < width
            assert counts[p, i, j] == (inside and not crowd[row, column])
            assert target[p, i, j] == (cells[instance, row, column] if inside else 0)


def test_mask_targets_without_windows_are_empty() -> None:
    nothing = np.zeros((0, 2), int), np.zeros(0, int)
    target, counts = mask_targets(np.zeros((0, 4, 5)), *nothing, m=3)
    assert target.shape == counts.shape == (0, 3, 3)
