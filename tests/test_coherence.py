"""Local coherence: counted, by formula, and measured on assembled windows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifcn_course import check
from ifcn_lab import assemble, draw
from ifcn_lab.assembling.coherence import kept, kept_share, shared
from ifcn_lab.data import shipped
from ifcn_lab.grid import Grid

sides = st.integers(1, 12).flatmap(lambda k: st.tuples(st.just(k), st.integers(k, 30)))


def kept_by_looking(k: int, m: int, step: tuple[int, int]) -> np.ndarray:
    """Assemble two windows of scores that all differ, and compare place by place."""
    size = 3 * m
    scores = np.arange(k * k * size * size).reshape(k * k, size, size)
    y = x = m + m // 2
    moved = (y + step[0], x + step[1])
    before, after = assemble(scores, m, centers=[(y, x), moved])
    same = [
        [before[i, j] == after[i - step[0], j - step[1]]
         for j in range(m) if 0 <= j - step[1] < m]
        for i in range(m) if 0 <= i - step[0] < m
    ]
    return np.array(same, bool).reshape(m - abs(step[0]), m - abs(step[1]))


@given(sides, st.tuples(st.integers(-3, 3), st.integers(-3, 3)))
def test_what_is_kept_has_the_very_same_score(side, step) -> None:
    k, m = side
    step = tuple(int(np.clip(s, 1 - m, m - 1)) for s in step)
    assert np.array_equal(kept(k, m, step), kept_by_looking(k, m, step))


@given(sides.filter(lambda side: side[1] > 1))
def test_one_step_keeps_m_minus_k_of_m_minus_1(side) -> None:
    k, m = side
    assert kept_share(k, m) == pytest.approx((m - k) / (m - 1))
    assert kept_share(k, m, (1, 1)) == pytest.approx(((m - k) / (m - 1)) ** 2)
    assert kept_share(k, m, (-1, 0)) == kept_share(k, m)


@given(st.tuples(st.integers(-5, 5), st.integers(-5, 5)))
def test_shared_pixels_are_the_same_places_of_the_map(step) -> None:
    places = np.arange(400).reshape(1, 20, 20)  # each place holds its own number
    centers = [(10, 10), (10 + step[0], 10 + step[1])]
    one, other = shared(*assemble(places, 4, centers=centers), step)
    assert np.array_equal(one, other)
    assert one.shape == tuple(max(0, 4 - abs(moved)) for moved in step)


def test_windows_that_do_not_meet_share_nothing() -> None:
    assert kept(2, 4, (0, 5)).shape == (4, 0)
    with pytest.raises(ValueError, match="share no place"):
        kept_share(2, 4, (0, 4))


# --- figures ----------------------------------------------------------------------


def test_the_picture_of_a_step_says_what_was_counted() -> None:
    picture = draw.one_step(5, 21)
    assert "Of 420 places in both, 336 (80%) keep" in picture.alt
    assert "With 441 outputs 0 keep" in picture.alt
    titles = [axes.get_title() for axes in picture.figure.axes]
    assert titles[2:] == ["25 maps:\n336 of 420 kept", "441 outputs:\n0 of 420 kept"]


def test_without_a_step_both_heads_keep_all() -> None:
    alt = draw.one_step(3, 6, (0, 0)).alt
    assert "36 (100%) keep" in alt
    assert "With 36 outputs 36 keep" in alt


@pytest.mark.parametrize("step", [(0, 21), (-1, 0)])
def test_a_step_that_cannot_be_drawn_is_refused(step: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="0 to 20 places"):
        draw.one_step(5, 21, step)


def test_the_curves_hold_every_k_and_end_at_nothing() -> None:
    picture = draw.kept_curves(m=9, ks=(1, 3))
    points = picture.figure.axes[0].lines[0].get_xydata()
    assert points[:, 0].tolist() == list(range(1, 10))
    assert points[0, 1] == 1 and points[-1, 1] == 0
    assert "100% for k = 1 and 75% for k = 3, and 0% for k = 9" in picture.alt


def test_the_areas_of_the_squares_are_the_numbers_of_weights() -> None:
    picture = draw.head_sizes({"large": 400, "small": 100})
    large, small = (p.get_width() ** 2 for p in picture.figure.axes[0].patches)
    assert large / small == pytest.approx(4)
    assert "large has 400 and small has 100" in picture.alt


def test_the_recall_figure_tells_the_means() -> None:
    def run(head: str, scenes: int, ar: float) -> dict:
        recall = {"AR@10": ar}
        return {"head": head, "scenes": scenes, "held_out": recall, "own": recall}

    runs = [run("a", 8, 0.2), run("a", 8, 0.4), run("a", 64, 0.5), run("b", 8, 0.1)]
    alt = draw.few_and_many({"runs": runs}).alt
    assert "a: 0.30 after 8 scenes and 0.50 after 64 scenes; b: 0.10 after 8" in alt


# --- the recorded experiment ------------------------------------------------------


def test_the_record_says_what_the_lesson_says_of_it() -> None:
    record = json.loads(shipped.path("local_coherence.json").read_text("utf-8"))
    recall = {
        (run["head"], run["scenes"], run["seed"]): run["held_out"]["AR@10"]
        for run in record["runs"]
    }
    assert len(recall) == 12
    lead = {8: [], 512: []}
    for head, scenes, seed in recall:
        if head == "k*k maps":
            other = recall["m*m outputs", scenes, seed]
            lead[scenes].append(recall[head, scenes, seed] - other)
    assert min(lead[8] + lead[512]) > 0
    assert [round(float(np.mean(lead[n])), 2) for n in (8, 512)] == [0.16, 0.18]
    text = (Path(__file__).parent.parent / "lessons/04_local_coherence.md").read_text()
    assert "0.16 ahead after 8 scenes and 0.18 after 512" in text


# --- checks -----------------------------------------------------------------------


def share(k: int, m: int, s: int) -> float:
    channel = Grid(k, m).channel
    return (channel[:, s:] == channel[:, :-s]).mean()


@pytest.mark.parametrize(
    ("exercise", "right", "wrong"),
    [
        ("kept_share", share, lambda k, m, s: (m - k) / (m - 1)),
        ("diagonal_share", lambda k, m: ((m - k) / (m - 1)) ** 2,
         lambda k, m: (m - k) / (m - 1)),
        ("head_weights",
         lambda c, k, b, r, m: (9 * c * k * k, b * b * c * r + r * m * m),
         lambda c, k, b, r, m: (9 * c * k * k, b * b * c * m * m)),
    ],
)
def test_a_check_tells_right_from_wrong(exercise, right, wrong, capsys) -> None:
    def stub(*_: object) -> None:
        raise NotImplementedError

    for function, says in ((right, r"correct, all \d+ cases agree\."),
                           (wrong, "not yet right for"), (stub, r"not done yet\.")):
        getattr(check, exercise)(function)
        assert re.match(rf"Exercise 4\.[124]: {says}", capsys.readouterr().out)
