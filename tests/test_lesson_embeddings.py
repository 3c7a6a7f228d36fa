"""What lesson 13 says holds: the proof, the theorem, seeds, a missed breakpoint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ifcn_course.check import embeddings
from ifcn_course.check.embeddings import BAR, equal_discs, mean_iou
from ifcn_course.predict import predictions
from ifcn_lab import draw
from ifcn_lab.layers.embedding import mean_shift
from ifcn_lab.models.discriminative import Discriminative, discriminative_loss
from ifcn_lab.models.metric_learning import choose_seeds, likeness
from ifcn_lab.models.sgn import group_runs
from ifcn_lab.widgets.embedding_state import load, run_of
from tests.open_cases import said

PULL, PUSH = 0.5, 1.5


def costing_nothing(seed: int) -> tuple[Tensor, Tensor]:
    """Vectors of which pull and push cost nothing, some of them at the very limits."""
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(5), 40)
    means = 2 * PUSH * np.arange(5)[:, None] * np.array([1.0, 0, 0])
    off = rng.normal(size=(100, 3))
    off *= (PULL * rng.choice([0.3, 1.0], (100, 1))
            / np.linalg.norm(off, axis=1, keepdims=True))
    both = np.stack([off, -off], 1).reshape(5, 40, 3)          # their mean is 0
    return torch.tensor(means[own] + both.reshape(200, 3)), torch.tensor(own + 1)


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_costs_one_step_takes_exactly_the_object(seed: int) -> None:
    vectors, own = costing_nothing(seed)
    assert discriminative_loss(vectors, own, PULL, PUSH)[:2].sum() < 1e-20
    away, same = torch.cdist(vectors, vectors), own[:, None] == own
    for bandwidth in (2 * PULL + 1e-6, PUSH, 2 * (PUSH - PULL) - 1e-6):
        assert torch.equal(away < bandwidth, same)
        groups = [group.tolist() for group in mean_shift(vectors, bandwidth, rounds=1)]
        assert sorted(map(sorted, groups)) == np.arange(200).reshape(5, 40).tolist()
    assert not torch.equal(away < PULL, same)


def test_the_recorded_network_nearly_keeps_it() -> None:
    film = load()
    vectors = torch.tensor(film.vectors[run_of(True, True, True), -1] * film.unit)
    own = torch.tensor(film.own[film.own > 0]).long()
    same = own[:, None] == own
    exact = {b: float(((torch.cdist(vectors, vectors) < b) == same).all(1).float()
                      .mean()) for b in (0.5, 1.5, 2.9)}
    assert exact[1.5] > 0.8 and exact[0.5] < 0.2 and exact[2.9] < 0.2
    assert predictions()["13.3"]["answer"] == 1.5 == PUSH


def test_without_push_all_vectors_end_on_one_heap() -> None:
    film = load()
    vectors = film.vectors[run_of(True, False, True), -1] * film.unit
    assert np.linalg.norm(vectors - vectors.mean(0), axis=1).max() < PULL
    assert predictions()["13.2"]["answer"] == "one heap"


def disc_vectors(net: Discriminative, gap: int) -> tuple[Tensor, Tensor]:
    """The vectors of the middles of two equal discs, as the lesson draws them."""
    y, x = np.mgrid[:96, :640]
    image = np.full((96, 640, 3), 235, np.uint8)
    for middle in (320 - gap // 2, 320 + gap // 2):
        image[(y - 48) ** 2 + (x - middle) ** 2 < 24**2] = (70, 110, 180)
    tensor = torch.tensor(image).permute(2, 0, 1)[None].double() / 255
    with torch.no_grad():
        vectors = net.double().eval()(tensor).vectors[0]
    left, right = (80 + side * gap // 8 for side in (-1, 1))
    return vectors[:, 8:16, left - 4:left + 4], vectors[:, 8:16, right - 4:right + 4]


@pytest.mark.parametrize("seed", [0, 1])
def test_far_and_equal_discs_have_equal_vectors_without_coordinates(seed: int) -> None:
    torch.manual_seed(seed)
    net = Discriminative("light", coordinates=False)
    for gap in (160, 256):
        left, right = disc_vectors(net, gap)
        assert torch.allclose(left, right, rtol=0, atol=1e-12)
    for gap in (64, 576):                    # the other disc, or the border, is seen
        left, right = disc_vectors(net, gap)
        assert (left - right).abs().max() > 1e-5
    assert predictions()["13.1"]["answer"] == "not at all"


def test_coordinates_break_the_theorem() -> None:
    torch.manual_seed(0)
    left, right = disc_vectors(Discriminative("light", coordinates=True), 256)
    assert (left - right).norm(dim=0).min() > 1e-3


def test_one_missed_breakpoint_joins_two_objects_and_a_vote_parts_them() -> None:
    there = np.ones((6, 12), bool)
    right, below = np.zeros((6, 11)), np.zeros((5, 12))
    right[:, 5] = 0.9
    count = lambda ways: group_runs(there, right, below, ways).max()  # noqa: E731
    assert [count(ways) for ways in ("rows", "columns", "both")] == [2, 2, 2]
    right[2, 5] = 0.1
    assert [count(ways) for ways in ("rows", "columns", "both")] == [1, 2, 2]


def test_seeds_far_from_each_other_lie_in_more_objects() -> None:
    film = load()
    vectors = torch.tensor(film.vectors[run_of(True, True, True), -1] * film.unit)
    own = film.own[film.own > 0]
    score = torch.tensor(np.where(own == 1, 0.9, 0.6) + 0.01 * np.cos(np.arange(227)))
    found = {alpha: {int(own[n]) for n in choose_seeds(score, vectors, 4, alpha)}
             for alpha in (0.0, 0.2)}
    assert found == {0.0: {1}, 0.2: {1, 2, 3, 4}}


def test_tau_as_a_distance_is_where_the_likeness_is_tau() -> None:
    golden = {0.25: 1.394959, 0.5: 1.048147, 0.75: 0.714721, 0.9: 0.447963}
    for tau, radius in golden.items():
        assert np.sqrt(np.log(2 / tau - 1)) == pytest.approx(radius, abs=5e-7)
        assert float(likeness(torch.tensor(radius**2))) == pytest.approx(tau, abs=1e-5)


# The open problem

def longer_vectors(vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Mean-shift on vectors lengthened by a quarter of the place."""
    both = torch.tensor(np.concatenate([vectors, places / 4], 1))
    said = np.zeros(len(vectors), int)
    for number, group in enumerate(mean_shift(both, 1.6)):
        said[group] = number
    return said


def test_coordinates_solve_the_open_problem_and_vectors_alone_do_not(capsys) -> None:
    assert "Exercise 13.6: correct" in said("group", longer_vectors, capsys)
    told = said("group", lambda vectors, places: vectors[:, 0] > 1.5, capsys)
    assert "not 0.9" in told
    assert mean_iou(lambda vectors, places: np.zeros(len(places))) < 0.3 < BAR


def test_discs_of_a_kind_never_touch() -> None:
    for seed in range(embeddings.SCENES):
        scene = equal_discs(seed)
        near = np.abs(scene.places[:, None] - scene.places).max(2) <= 1
        other = scene.own[:, None] != scene.own
        alike = np.abs(scene.vectors[:, None, 0] - scene.vectors[:, 0]) < 0.5
        assert len(np.unique(scene.own)) == 6
        pairs = {(a, b) for a, b in np.argwhere(near & other & alike)}
        kinds = {n: round(scene.vectors[scene.own == n, 0].mean() / 3) for n in
                 range(1, 7)}
        assert all(kinds[scene.own[a]] != kinds[scene.own[b]] for a, b in pairs)


# Figures

FIGURES = {
    "vector_plane": lambda: draw.vector_plane(
        np.array([[0.0, 0], [2, 0], [1, 2], [1, 2]]), np.array([1, 1, 2, 2]), pull=0.5,
        push=1.5),
    "bandwidth_curve": lambda: draw.bandwidth_curve(
        [0.5, 1, 2], [0.1, 0.9, 0.4], (1, 2)),
    "place_groups": lambda: draw.place_groups(
        {"two": np.array([[1, 1, 2], [0, 1, 2]])}, np.zeros((8, 12, 3), np.uint8),
        {"two": np.array([[False, True], [False, True]])}),
    "seed_places": lambda: draw.seed_places(
        np.zeros((8, 8, 3), np.uint8), {"best": np.array([[0, 1]])}, 4),
    "gap_curves": lambda: draw.gap_curves([64, 160], {"told": [0.0, 2.5]}, 1.5),
}
WORDS = {"vector_plane": "from mean to mean: 2.00", "bandwidth_curve": "first at 1",
         "place_groups": "two: 2 groups", "seed_places": "[[0, 1]]",
         "gap_curves": "told: 0, 2.5"}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_shows_and_is_the_same_again(name: str) -> None:
    one, other = FIGURES[name](), FIGURES[name]()
    assert WORDS[name] in one.alt
    assert one.png() == other.png()
