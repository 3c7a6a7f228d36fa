"""EmbeddingExplorer: in Python, and in a real browser from a file of its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ifcn_lab import scenes
from ifcn_lab.data import shipped
from ifcn_lab.layers.embedding import mean_shift
from ifcn_lab.models.discriminative import Discriminative, discriminative_loss
from ifcn_lab.models.metric_learning import MetricLearning, likeness
from ifcn_lab.widgets import embedding_state as kept
from ifcn_lab.widgets.embedding_explorer import EmbeddingExplorer

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (28, 36, 3)).astype(np.uint8)
OWN = np.zeros((7, 9), int)
OWN[1:5, 1:4], OWN[2:6, 4:8] = 1, 2
MEANS = np.array([[0, 0, 0, 0, 0], [2, 1, 0, 0, 1], [-2, 0, 1, 0, 0]])
VECTORS = (MEANS[OWN] + 0.3 * RNG.normal(size=(7, 9, 5))).transpose(2, 0, 1)
LAST = len(kept.load().steps) - 1
ALL, NO_PUSH, NO_PULL = (True, True, True), (True, False, True), (False, True, True)


def widget(**options: object) -> EmbeddingExplorer:
    return EmbeddingExplorer.from_vectors(VECTORS, PICTURE, there=OWN > 0, own=OWN,
                                          **options)


# What it says is what the library computes


def test_its_group_after_many_moves_is_mean_shifts_own() -> None:
    shown = widget()
    shown.moves, shown.bandwidth = 50, 120
    vectors = torch.tensor(shown.now() * shown.unit)
    order = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(0))
    shown.y, shown.x = np.argwhere(OWN > 0)[int(order[0])].tolist()
    first = next(iter(mean_shift(vectors, 1.2)))
    assert np.flatnonzero(shown.group()[OWN > 0]).tolist() == first.tolist()
    assert "stays" in shown.words()


def test_likeness_is_the_models_own() -> None:
    shown = widget()
    shown.rule = "tau"
    vectors = torch.tensor(shown.now() * shown.unit)
    wanted = likeness((vectors - vectors[shown.seed()]).square().sum(1)).numpy()
    assert np.allclose(shown.likeness()[OWN > 0], wanted, atol=1e-12)
    for shown.tau in (1, 25, 50, 90, 99):
        assert np.array_equal(shown.group()[OWN > 0], wanted >= shown.tau / 100)


def test_vectors_lose_less_than_a_unit_on_their_way() -> None:
    shown = widget()
    assert np.abs(shown.now() * shown.unit - VECTORS[:, OWN > 0].T).max() <= shown.unit
    assert 0 < shown.share < 1 and "of the spread" in shown.words()


def test_background_takes_no_part() -> None:
    shown = widget()
    shown.y = shown.x = 0
    assert "background and takes no part" in shown.words()
    assert not shown.group().any() and set(shown.grid()) == {".", "\n"}


def test_networks_give_their_own_vectors() -> None:
    torch.manual_seed(0)
    scene = scenes.two_touching()
    for kind, rule in ((Discriminative, "bandwidth"), (MetricLearning, "tau")):
        net = kind("small").eval()
        shown = EmbeddingExplorer(net, scene.image, scene.masks)
        if shown.problem:            # an untrained head may call everything background
            assert "No place is foreground" in shown.problem
            continue
        assert (shown.rule, shown.D) == (rule, net.dimensions)


@pytest.mark.parametrize(("vectors", "words"), [
    (np.zeros((4, 4)), "(D, H, W)"), (np.full((2, 4, 4), np.nan), "NaN"),
    (np.zeros((1, 4, 4)), "D of 2 or more")])
def test_what_cannot_be_shown_gives_a_sentence(opened, vectors, words) -> None:
    shown = EmbeddingExplorer.from_vectors(vectors)
    assert words in shown.describe()
    assert words in opened(shown).page.get_by_role("alert").inner_text()


def test_places_that_are_not_those_of_the_vectors_give_a_sentence() -> None:
    shown = EmbeddingExplorer.from_vectors(VECTORS, there=np.ones((3, 3), bool))
    assert "there is (H, W)" in shown.describe()
    none = EmbeddingExplorer.from_vectors(VECTORS, there=np.zeros((7, 9), bool))
    assert "No place is foreground" in none.describe()


# The recording


def losses_of(recording: kept.Recording, run: int, frame: int) -> list[float]:
    own = recording.own[recording.own > 0]
    vectors = torch.tensor(recording.vectors[run, frame] * recording.unit)
    return discriminative_loss(vectors, torch.tensor(own).long()).tolist()


def test_the_recording_is_small_and_as_it_was_shipped() -> None:
    assert shipped.path(kept.NAME).stat().st_size <= 300_000
    assert shipped.checksums()[kept.NAME] is None


def test_its_losses_are_those_of_its_vectors() -> None:
    recording = kept.load()
    for run in range(8):
        for frame in (0, LAST):
            found = losses_of(recording, run, frame)
            assert found == pytest.approx(recording.losses[run, frame].tolist(),
                                          abs=2e-3)


def test_each_term_does_what_its_name_says() -> None:
    recording = kept.load()
    losses = {on: recording.losses[kept.run_of(*on)] for on in (ALL, NO_PUSH, NO_PULL)}
    nothing = recording.losses[kept.run_of(False, False, False)]
    assert np.array_equal(nothing, np.repeat(nothing[:1], len(nothing), 0))
    assert losses[ALL][-1, 0] < 0.05 and losses[ALL][-1, 1] < 0.01
    assert losses[NO_PUSH][-1, 0] < 0.01 and losses[NO_PUSH][-1, 1] > 5   # one heap
    assert losses[NO_PULL][-1, 1] < 0.01 and losses[NO_PULL][-1, 0] > 0.3  # a cloud


def test_with_all_terms_a_place_takes_its_object() -> None:
    shown = EmbeddingExplorer.recorded()
    own = kept.load().own
    shown.moves = 1
    for number in range(1, 5):
        shown.y, shown.x = np.argwhere(own == number)[len(own) // 2].tolist()
        group = shown.group()
        shared = (group & (own == number)).sum() / (group | (own == number)).sum()
        assert shared > 0.9 and f"with object {number}" in shown.words()
    shown.push = False
    assert shown.group().sum() == (own > 0).sum()


# In a browser

STATES = [
    {"y": 3, "x": 2}, {"bandwidth": 45, "moves": 1}, {"moves": 4},
    {"rule": "tau", "tau": 60}, {"y": 0, "x": 0}, {"y": 4, "x": 6, "tau": 99},
    {"rule": "bandwidth", "bandwidth": 600, "moves": 0},
]


def greys(page) -> np.ndarray:
    """The likeness that is painted, red and alpha."""
    found = page.page.evaluate(
        "() => { const c = document.querySelectorAll('.ifcn-stack')[1].firstChild; "
        "return [c.width, c.height, Array.from(c.getContext('2d').getImageData(0, 0, "
        "c.width, c.height).data)]; }")
    return np.array(found[2]).reshape(found[1], found[0], 4)[..., [0, 3]]


def test_the_page_says_and_paints_what_python_does(opened) -> None:
    shown = widget()
    page = opened(shown)
    assert page.words() == shown.words()
    for state in STATES:
        page.set(**state)
        for name, value in state.items():
            shown.set_trait(name, value)
        assert page.words() == shown.words(), state
        wanted = np.nan_to_num(255 * shown.likeness(), nan=0)
        assert np.abs(greys(page)[..., 0] - wanted).max() <= 0.5 + 1e-9, state
        assert np.array_equal(greys(page)[..., 1] > 0, OWN > 0)
    assert page.errors == []


def test_the_recorded_page_says_what_python_says(opened) -> None:
    shown = EmbeddingExplorer.recorded()
    page = opened(shown)
    for on in (ALL, NO_PUSH, NO_PULL, (False, False, False)):
        for frame in (0, 7, LAST):
            state = {**dict(zip(("pull", "push", "norm"), on, strict=True)),
                     "frame": frame, "moves": frame % 3}
            page.set(**state)
            for name, value in state.items():
                shown.set_trait(name, value)
            assert page.words() == shown.words(), state
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened) -> None:
    page = opened(EmbeddingExplorer.recorded())
    y, x = page.get("y"), page.get("x")
    sheet = page.page.locator(".ifcn-sheet[tabindex]")
    sheet.press("ArrowUp")
    sheet.press("Shift+ArrowLeft")
    page.settle()
    assert (page.get("y"), page.get("x")) == (y - 1, x - 5)
    page.page.get_by_role("button", name="move to the mean").press("Enter")
    page.page.get_by_role("button", name="move to the mean").press("Enter")
    assert page.get("moves") == 2
    page.page.get_by_role("button", name="back to the place").press("Enter")
    assert page.get("moves") == 0
    page.page.get_by_label("distance (push)").press("Space")
    assert page.get("push") is False
    assert page.sliders_to_both_ends() == 3
    page.page.get_by_role("radio", name="tau", exact=True).press("Space")
    assert page.sliders_to_both_ends() == 3
    assert page.get("rule") == "tau" and page.get("bandwidth") == 600
    page.page.wait_for_function("() => document.querySelector('.ifcn-words')"
                                ".textContent.includes('likeness of 0.99')")
    assert page.errors == []


def test_a_click_on_a_dot_chooses_its_place(opened) -> None:
    page = opened(EmbeddingExplorer.recorded())
    plane = page.page.locator(".ifcn-sheet").nth(2)
    box = plane.bounding_box()
    seen = set()
    for share in (0.2, 0.5, 0.8):
        page.page.mouse.click(box["x"] + share * box["width"],
                              box["y"] + 0.5 * box["height"])
        page.settle()
        seen.add((page.get("y"), page.get("x")))
        assert "background" not in page.words()
    assert len(seen) == 3 and page.errors == []


@pytest.mark.parametrize("width", [390, 648, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(opened, width: int, scheme: str) -> None:
    from tests.test_accessibility_axe import serious

    page = opened(EmbeddingExplorer.recorded(), color_scheme=scheme)
    page.page.set_viewport_size({"width": width, "height": 700})
    page.settle()
    assert serious(page.page) == []
