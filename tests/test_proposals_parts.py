"""Suppression, enlarging and the pyramid do what their slow definitions say."""

from __future__ import annotations

import math
import sys
from inspect import unwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from slow_proposals import enlarge_each, enlarge_pixelwise, place_windows

from ifcn_lab.layers.nms import nms, nms_pairwise, overlapping, pair_iou
from ifcn_lab.windows import zooms_for_fractions, zooms_for_sizes
from ifcn_lab.windows.labels import WindowRule
from ifcn_lab.windows.paste import (
    enlarge,
    hat_weights,
    place_line,
    zoom_places,
)
from ifcn_lab.windows.pyramid import PAPER_FRACTIONS, resize_image

# Suppression

corner = st.integers(0, 8)
one_box = st.tuples(corner, corner, corner, corner).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)
scored = st.lists(st.tuples(one_box, st.sampled_from([0.1, 0.5, 0.9])), max_size=12)


@given(scored, st.sampled_from([0.0, 0.25, 0.5, 0.8, 1.0]))
@settings(max_examples=150)
def test_nms_is_what_comparing_pair_by_pair_gives(some: list, iou: float) -> None:
    """Equal scores and empty boxes included."""
    boxes = np.array([b for b, _ in some], int).reshape(-1, 4)
    scores = np.array([s for _, s in some], float)
    assert nms(boxes, scores, iou).tolist() == nms_pairwise(boxes, scores, iou)


def boxes_from(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """Boxes as a network finds them: spread, crowded, of all sizes, whole or not."""
    places = {"spread": count, "crowded": 5, "one place": 1}[kind]
    corner = rng.uniform(0, 200, (places, 2))[rng.integers(0, places, count)]
    sides = rng.uniform(2, 90, (places, 2))[rng.integers(0, places, count)]
    boxes = np.concatenate([corner, corner + sides + rng.uniform(0, 3, sides.shape)], 1)
    return boxes if rng.random() < 0.5 else boxes.astype(int)


@given(
    st.sampled_from(["spread", "crowded", "one place"]), st.integers(0, 500),
    st.sampled_from([0.0, 0.1, 1 / 3, 0.5, 0.8, 0.95, 1.0]), st.integers(0, 2**32 - 1),
    st.integers(1, 700), st.sampled_from([1, 50, 10**6]),
)
@settings(max_examples=60)
def test_nms_of_many_boxes_in_blocks_and_portions_is_still_the_same(
    kind: str, count: int, iou: float, seed: int, block: int, portion: int
) -> None:
    """Hundreds of boxes, and many of equal score, so that every block is reached."""
    rng = np.random.default_rng(seed)
    boxes = boxes_from(kind, count, rng)
    scores = rng.integers(0, 40, count) / 40
    module = sys.modules["ifcn_lab.layers.nms"]       # the function has its name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FIRST_BLOCK", block)
        patch.setattr(module, "PAIRS_AT_ONCE", portion)
        assert nms(boxes, scores, iou).tolist() == nms_pairwise(boxes, scores, iou)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.8, 0.95]))
@settings(max_examples=40)
def test_no_pair_above_the_threshold_is_left_out_of_the_neighbours(
    seed: int, iou: float
) -> None:
    rng = np.random.default_rng(seed)
    a, b = (boxes_from("crowded", 60, rng).T.astype(float) for _ in range(2))
    every = {(i, j) for i, j in np.ndindex(60, 60) if pair_iou(a[:, i], b[:, j]) > iou}
    i, j = overlapping(a, b, iou)
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == sorted(every)


def test_an_overlap_of_exactly_the_threshold_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8]])           # IoU 0.8
    assert nms(boxes, np.array([0.9, 0.8]), 0.8).tolist() == [0, 1]
    assert nms(boxes, np.array([0.9, 0.8]), 0.79).tolist() == [0]


def test_scores_that_cannot_be_ranked_are_refused() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0, 2, 2]])
    with pytest.raises(ValueError, match="NaN"):
        nms(boxes, np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match="2 boxes but 1 scores"):
        unwrap(nms)(boxes, np.array([0.5]))
    with pytest.raises(ValueError, match=r"box 1 is .*inf.*finite"):
        nms(np.array([[0, 0, 1, 1], [0, 0, np.inf, 2]]), np.array([0.5, 0.4]))


@pytest.mark.parametrize("shape", [(3, 3), (4,), (0,), (1, 4, 4)])
def test_boxes_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    boxes = np.zeros(shape)
    with pytest.raises(ValueError, match=r"boxes has shape .*give \(N, 4\)"):
        unwrap(nms)(boxes, np.zeros(len(boxes)))
    assert nms(np.empty((0, 4)), np.empty(0)).tolist() == []


@pytest.mark.parametrize("iou", [math.nan, -1.0, 1.5])
def test_an_overlap_that_no_boxes_have_is_refused_as_a_limit(iou: float) -> None:
    with pytest.raises(ValueError, match=f"iou is {iou}; give a number from 0 to 1"):
        nms(np.array([[0, 0, 1, 1]]), np.array([0.5]), iou)


# Enlarging


@given(
    arrays(np.float32, st.integers(1, 6).map(lambda m: (m, m)),
           elements=st.floats(-8, 8, width=16)),
    st.integers(-3, 9), st.integers(-3, 9), st.floats(0.3, 9), st.floats(0.3, 9),
)
@settings(max_examples=60)
def test_enlarging_is_bilinear_at_every_pixel(
    window: np.ndarray, y: int, x: int, high: float, wide: float
) -> None:
    placement = place_windows(torch.tensor([[y, x]]), len(window), (high, wide))
    found = enlarge_each(torch.tensor(window)[None], placement)[0]
    for p, q in np.ndindex(*found.shape):
        at = float(placement.row_at[0, p]), float(placement.column_at[0, q])
        assert float(found[p, q]) == pytest.approx(
            enlarge_pixelwise(window, *at), abs=1e-3
        )


@given(st.floats(-2, 9), st.integers(1, 7))
def test_bilinear_weights_add_up_to_one(at: float, m: int) -> None:
    weights = hat_weights(torch.tensor([[at]]), m)[0, 0]
    assert float(weights.sum()) == pytest.approx(1, abs=1e-5)
    assert (weights >= 0).all() and (weights > 0).sum() <= 2


@given(st.integers(-30, 60), st.integers(1, 25), st.floats(0.2, 20))
def test_a_window_covers_every_pixel_whose_middle_lies_in_it(
    center: int, m: int, cell: float
) -> None:
    pixels, at = place_line(torch.tensor([center]), m, cell)
    first = (center - m // 2) * cell
    inside = {
        p for p in range(math.floor(first) - 1, math.ceil(first + m * cell) + 2)
        if first + 1e-3 < p + 0.5 < first + m * cell - 1e-3
    }
    assert inside <= set(pixels[0].tolist())
    assert pixels.shape[1] <= len(inside) + 2


def test_a_cell_of_two_pixels_has_its_middle_between_them() -> None:
    pixels, at = place_line(torch.tensor([3]), 3, 2.0)
    assert pixels.tolist() == [[4, 5, 6, 7, 8, 9]]
    assert at.tolist() == [[-0.25, 0.25, 0.75, 1.25, 1.75, 2.25]]


@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(1, 6),
    st.floats(0.3, 6), st.floats(0.3, 6),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
@settings(max_examples=60)
def test_weights_made_ready_enlarge_what_lies_in_the_image_as_any_weights_do(
    cells: tuple[int, int], m: int, high: float, wide: float, shape: tuple[int, int]
) -> None:
    """Outside stands the nearest pixel of the same window inside, if there is one."""
    centers = torch.tensor(list(np.ndindex(cells)))
    windows = torch.randn(len(centers), m, m, generator=torch.manual_seed(0))
    placement = place_windows(centers, m, (high, wide))
    zoomed = zoom_places(cells, m, (high, wide), shape)
    assert torch.equal(zoomed.top[centers[:, 0]], placement.rows[:, 0])
    assert torch.equal(zoomed.left[centers[:, 1]], placement.columns[:, 0])
    expected = enlarge_each(windows, placement)
    found = enlarge(windows, centers, zoomed)
    for n, rows, columns in zip(range(len(centers)), *placement[:2], strict=True):
        inner = (rows >= 0) & (rows < shape[0]), (columns >= 0) & (columns < shape[1])
        if inner[0].any() and inner[1].any():
            y = rows.clamp(0, shape[0] - 1) - rows[0]
            x = columns.clamp(0, shape[1] - 1) - columns[0]
            assert torch.equal(found[n], expected[n][y][:, x])


# The pyramid


def fits(size: float, zooms: tuple[float, ...], side: float, canonical: float) -> bool:
    """Whether some zoom brings an object within 0.3 octaves of the window's size."""
    off = [abs(math.log2(size * zoom / (canonical * side))) for zoom in zooms]
    return min(off) <= WindowRule().scale_tolerance + 1e-4


@given(
    smallest=st.floats(3, 200), ratio=st.floats(1, 60), share=st.floats(0, 1),
    side=st.sampled_from([84, 168]), canonical=st.floats(0.4, 0.9),
)
def test_every_size_asked_for_fits_a_window_at_some_zoom(
    smallest: float, ratio: float, share: float, side: int, canonical: float
) -> None:
    zooms = zooms_for_sizes(smallest, smallest * ratio, side, canonical)
    assert fits(smallest * ratio**share, zooms, side, canonical)
    assert list(zooms) == sorted(zooms)
    # One zoom fewer would leave a gap.
    assert len(zooms) == 1 or (len(zooms) - 2) * math.log2(1.5) + 0.6 < math.log2(ratio)


@given(st.floats(PAPER_FRACTIONS[-1], PAPER_FRACTIONS[0]), st.integers(1, 2000))
def test_the_papers_six_scales_leave_no_gap_between_a_tenth_and_eight_tenths(
    fraction: float, shorter: int
) -> None:
    zooms = zooms_for_fractions((shorter, 2 * shorter), 168)
    assert len(zooms) == 6
    assert fits(fraction * shorter, zooms, 168, WindowRule().canonical)


def test_the_fractions_are_96_pixels_of_the_papers_shorter_sides() -> None:
    zooms = zooms_for_fractions((375, 500), 168)
    sides = sorted(round(375 * zoom, 1) for zoom in zooms)
    assert sides == [118.5, 177.8, 266.7, 400.0, 600.0, 900.0]


@pytest.mark.parametrize("sizes", [(0, 5), (-1, 5), (6, 5), (float("nan"), 5)])
def test_sizes_that_make_no_sense_are_refused(sizes: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="0 < smallest <= largest"):
        zooms_for_sizes(*sizes, side=84)


def test_a_resized_image_keeps_its_middle_and_never_vanishes() -> None:
    image = torch.zeros(3, 40, 60)
    image[:, 16:24, 24:36] = 1
    half = resize_image(image, 0.5, least=4)
    assert half.shape == (3, 20, 30)
    assert half[0, 8:12, 12:18].min() > 0.7
    assert resize_image(image, 1e-4, least=4).shape == (3, 4, 4)
    assert resize_image(image, 1.0, least=4) is image
