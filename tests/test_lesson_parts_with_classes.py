"""Figures, checks and the network of lesson 11: what the lesson says must be so."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
import torch

from ifcn_course import check
from ifcn_course.check.parts_with_classes import two_objects
from ifcn_course.predict import predictions
from ifcn_lab import Grid, InstanceFCN, draw, scenes
from ifcn_lab.layers.roi import ps_roi_pool
from ifcn_lab.models.fcis import FCIS
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.widgets import InsideOutside
from ifcn_lab.windows.oracle import coverage, object_centers, oracle_maps, parts_seen

SHAPES = ("disc", "rectangle", "star")
SEED = 1_000_002


def test_a_region_that_is_moved_by_a_part_loses_its_whole_vote() -> None:
    y, x = np.mgrid[:32, :32]
    disc = (y - 15)**2 + (x - 15)**2 < 7.6**2
    lost = {}
    for k in (1, 5):
        perfect = oracle_maps(disc[None], np.array([[15, 15]]), k, 15)
        maps = torch.from_numpy(perfect).float() * 8 - 4
        boxes = torch.tensor([[8.0 + by, 8, 23 + by, 23] for by in (0, 3, 6)])
        lost[k] = ps_roi_pool(maps, boxes, k).mean((1, 2, 3)).tolist()
    assert lost[5][1] == -4 and lost[1][1] > 1 > 0 > lost[1][2] > -0.1


def test_a_trained_window_is_a_pooled_region_to_the_last_bit() -> None:
    net = InstanceFCN.from_pretrained("scenes-k5")
    image = to_tensor(scenes.two_touching().image)[None]
    with torch.no_grad():
        maps = torch.nn.functional.pad(net(image).maps[0], (10, 10, 10, 10))
    region = ps_roi_pool(maps, torch.tensor([[9.0, 16, 30, 37]]), 5, bins=21)[0, 0]
    assert torch.equal(region, net.windows(maps, torch.tensor([[26, 19]]))[0])


def contested(diameter: int, k: int) -> int:
    """Places of two discs that both regions ask for opposite answers."""
    masks = scenes.two_touching(diameter=diameter).masks
    one, two = (parts_seen(center, Grid(k, 21), (32, 32))
                for center in object_centers(masks, 4, 21))
    first, second = coverage(masks, 4) > 0.5
    return int(((one == two) & (one >= 0) & (first != second)).sum())


def test_a_finer_grid_leaves_fewer_contested_places() -> None:
    assert [contested(48, k) for k in (1, 3, 5, 7)] == [64, 0, 0, 0]
    assert [contested(12, k) for k in (1, 3, 5, 7)] == [14, 10, 2, 0]
    assert predictions()["11.2"]["answer"] == 0


def test_the_first_prediction_is_the_golden_number() -> None:
    share = torch.tensor([-1.0, -2.0]).softmax(0)[0]
    assert f"{share:.2f}"[1:] == predictions()["11.1"]["answer"]


@cache
def network() -> FCIS:
    return FCIS.from_pretrained("scenes-fcis-kinds")


def scene() -> scenes.Scene:
    """The scene that the lesson shows."""
    return scenes.make(SEED, families=SHAPES, one_kind=0, objects=(3, 5))


def test_the_network_finds_every_object_of_the_scene_and_names_it() -> None:
    (found,) = network().detect([scene().image])
    sure = found.above(0.5)
    named = sorted(sure.names[each] for each in sure.categories)
    options = {"families": SHAPES, "one_kind": 0, "objects": (3, 5)}
    assert named == sorted(scenes.families_of(SEED, **options))


def test_read_as_another_category_the_vote_falls_and_a_mask_remains() -> None:
    shown = InsideOutside(network(), scene().image)
    shown.y, shown.x, shown.high, shown.wide, _ = next(
        each for each in shown.found if shown.names[each[4]] == "disc")
    pairs = shown.read()
    disc, star = (pairs[shown.names.index(name)] for name in ("disc", "star"))
    assert star.max(0).mean() < disc.max(0).mean() - 1
    own, other = disc[0] > disc[1], star[0] > star[1]
    assert (own & other).sum() / (own | other).sum() > 0.9
    assert (star.max(0)[other] < 0).mean() > 0.5
    assert predictions()["11.3"]["answer"] == "the vote falls, a mask remains"


# Figures


def test_a_pair_is_drawn_with_its_numbers() -> None:
    inside, outside = np.array([[2.0, 0], [1, -1]]), np.array([[0.0, 2], [-1, -2]])
    picture = draw.pair(inside, outside)
    assert "In 3 of them inside is larger" in picture.alt
    texts = [text.get_text() for text in picture.figure.axes[2].texts]
    assert texts == ["0.88", "0.12", "0.88", "0.73"]


def test_contested_places_are_counted_and_dotted() -> None:
    masks = two_objects().masks
    places = {"k = 1": masks.any(0), "k = 3": np.zeros_like(masks[0])}
    picture = draw.contested(masks, places)
    assert f"{masks.sum()} with k = 1 and 0 with k = 3 places" in picture.alt
    assert len(picture.figure.axes[0].lines[0].get_xdata()) == masks.sum()


def test_votes_are_said_in_words() -> None:
    picture = draw.votes([0, 1], {"k = 1": [2, 1], "k = 3": [2, -4]})
    assert "k = 3: 2.00 at first and -4.00 at its lowest" in picture.alt


# The open problem


def by_formula(masks: np.ndarray, boxes: np.ndarray, k: int) -> np.ndarray:
    """Perfect pairs, whole regions at a time; the levels are others than the lesson's.
    """
    pairs = np.full((2, k * k, *masks.shape[1:]), -1)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        rows, columns = np.arange(y1 - y0) * k, np.arange(x1 - x0) * k
        part = (rows // (y1 - y0))[:, None] * k + columns // (x1 - x0)
        y, x = np.mgrid[y0:y1, x0:x1]
        pairs[np.where(mask[y, x], 0, 1), part, y, x] = 1
    return pairs


def everywhere(masks: np.ndarray, boxes: np.ndarray, k: int) -> np.ndarray:
    """Right masks, and every region of the ground is confirmed."""
    pairs = by_formula(masks, boxes, k).astype(float)
    untouched = (pairs < 0).all(0)
    pairs[1][untouched] = 1
    return pairs


def one_map(masks: np.ndarray, boxes: np.ndarray, k: int) -> np.ndarray:
    """The same answer in all parts."""
    whole = np.where(masks.any(0), 1.0, -1.0)
    return np.stack([np.stack([whole] * k * k), -np.stack([whole] * k * k)])


@pytest.mark.parametrize(("function", "says"), [
    (by_formula, "correct, both masks are exact enough"),
    (everywhere, "a region that lies wrong has to have the lower vote"),
    (one_map, "not yet right for two that touch"),
    (lambda masks, boxes, k: masks, "Return maps of shape (2, 25, 24, 32)"),
])
def test_perfect_pairs_are_judged(
    function: object, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check.perfect_pairs(function)
    assert re.search(re.escape(says), capsys.readouterr().out)
