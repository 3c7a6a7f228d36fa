"""ShiftExplorer: in Python, and in a real browser from a file of its own."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ifcn_lab import scenes
from ifcn_lab.widgets.greys import shade
from ifcn_lab.widgets.shift import ShiftExplorer, grey_picture, striped_disc
from ifcn_lab.widgets.shifting import both_orders, convolve, moved, outcome

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (32, 48)).astype(np.uint8)
KERNEL = RNG.normal(size=(5, 5))
EDGES = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
# How the canvases lie: upper row, lower row, differences.
PANELS = "picture features scores still_picture moved_features moved_scores".split()
PANELS += ["features_differ", "scores_differ"]


def torch_convolve(image, kernel, stride, wrap):
    x = torch.tensor(image, dtype=torch.float64)[None, None]
    weight = torch.tensor(np.asarray(kernel, float))[None, None]
    pad = (len(kernel) // 2,) * 4
    x = F.pad(x, pad, mode="circular") if wrap else F.pad(x, pad)
    return F.conv2d(x, weight, stride=stride)[0, 0].numpy()


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_a_convolution_is_what_torch_computes(stride, wrap):
    for kernel in (EDGES, KERNEL):
        found = convolve(NOISE, np.array(kernel), stride, wrap)
        expected = torch_convolve(NOISE, kernel, stride, wrap)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_with_wrapping_every_whole_number_of_places_commutes(stride):
    for way in ((0, stride), (3 * stride, -2 * stride), (-16, 8)):
        first, second = both_orders(NOISE, KERNEL, way, stride, wrap=True)
        np.testing.assert_array_equal(first.features, second.features)
        np.testing.assert_array_equal(first.scores, second.scores)


@pytest.mark.parametrize("stride", [2, 4])
def test_no_other_shift_commutes(stride):
    for pixels in set(range(1, 9)) - set(range(0, 9, stride)):
        first, second = both_orders(NOISE, KERNEL, (pixels, 0), stride, wrap=True)
        assert (first.features != second.features).mean() > 0.5


@pytest.mark.parametrize("kernel", [EDGES, KERNEL])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_with_zeros_only_the_edge_differs_where_the_shift_is_whole(stride, kernel):
    shown = ShiftExplorer(NOISE, kernel)
    shown.stride, shown.dy, shown.dx = stride, 2 * stride, -stride
    for differ, inside in zip(shown.differences(), shown.inside(), strict=True):
        assert differ.any() and inside.any() and not (differ & inside).any()
    assert "none of them away from the edge" in shown.words()
    shown.dy += 1
    differ, inside = shown.differences()[0], shown.inside()[0]
    assert (differ & inside).any() == (stride > 1)


def test_the_disc_moves_freely_until_it_reaches_the_edge():
    shown = ShiftExplorer()
    shown.dy = 0
    for dx in range(-32, 32):
        shown.dx = dx
        free = abs(dx) < 20  # the disc covers columns 19 to 44 of 64
        assert shown.differences()[0].any() != free, dx


def test_the_score_map_sums_features_over_five_by_five_places():
    found = outcome(NOISE, np.array(EDGES), 1, False)
    near = np.abs(found.features)[8:13, 18:23]
    assert found.scores[10, 20] == near.sum()


def test_words_count_the_differences():
    shown = ShiftExplorer()
    shown.stride, shown.dy, shown.dx, shown.padding = 4, 2, 22, "wrap"
    features, scores = (each.sum() for each in shown.differences())
    assert shown.words() == (
        "Moved 2 down, 22 right; stride 4, wrap. The shift is no whole number of "
        f"places. Features: {features} of 256 places differ. Score map: {scores} of "
        "256 places differ.")
    digits = shown.grid().replace("\n", "")
    assert len(digits) == 256 and digits.count("1") == features


def test_the_learners_picture_and_kernel_are_taken():
    scene = scenes.make(3)
    shown = ShiftExplorer(scene.image, torch.tensor(EDGES)[None, None])
    assert shown.filter().tolist() == EDGES
    grey = scene.image.mean(2)
    assert np.abs(shown.image() - grey).max() <= 0.5
    assert np.array_equal(ShiftExplorer(grey.round()).image(), grey.round())


def test_a_large_picture_is_made_smaller():
    large = np.repeat(np.repeat(NOISE, 10, 0), 10, 1)  # 320 x 480
    small = grey_picture(large)
    assert small.shape == (80, 120)
    assert small[0, 0] == np.floor(large[:4, :4].mean() + 0.5)


@pytest.mark.parametrize(
    ("image", "kernel", "words"),
    [
        (NOISE / 0.1, None, "uint8"),
        (np.full((32, 32), np.nan), None, "uint8"),
        (NOISE[:10], None, "too small"),
        (None, np.ones((2, 2)), "this one has shape (2, 2)"),
        (None, np.ones((9, 9)), "n 1, 3, 5 or 7"),
        (None, np.full((3, 3), np.inf), "infinity"),
        (None, [["a"]], "no numbers"),
    ],
)
def test_what_cannot_be_shown_gives_a_sentence(opened, image, kernel, words):
    shown = ShiftExplorer(image, kernel)
    assert words in shown.describe()
    assert words in shown._repr_mimebundle_()[0]["text/plain"]
    assert words in opened(shown).page.get_by_role("alert").inner_text()


# In a browser


def canvases(page):
    """The grey, or the colours of the differences, of every panel by its name."""
    text = page.page.evaluate(
        "() => JSON.stringify([...document.querySelectorAll('.ifcn-panel')].map(p => { "
        "const c = p.querySelector('canvas'); return [c.height, c.width, Array.from("
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]; }))")
    found = [np.array(data).reshape(h, w, 4) for h, w, data in json.loads(text)]
    return dict(zip(PANELS, found, strict=True))


def assert_shows(page, shown):
    found, (first, second) = canvases(page), shown.orders()
    wrap = shown.padding == "wrap"
    still = outcome(shown.image(), shown.filter(), shown.stride, wrap)
    most, highest = np.abs(still.features).max(), still.scores.max()
    for name, values, limits in (
        ("picture", moved(shown.image(), shown.way(), wrap), [0, 255]),
        ("still_picture", shown.image(), [0, 255]),
        ("features", first.features, [-most, most]),
        ("moved_features", second.features, [-most, most]),
        ("scores", first.scores, [0, highest]),
        ("moved_scores", second.scores, [0, highest]),
    ):
        grey = shade(values, limits).astype(int)
        assert np.abs(found[name][..., 0] - grey).max() <= 1, name  # a half may go up
    for name, differ in zip(PANELS[6:], shown.differences(), strict=True):
        np.testing.assert_array_equal(found[name][..., 2] == 0, differ)


@pytest.mark.parametrize("make", [
    ShiftExplorer, lambda: ShiftExplorer(NOISE, KERNEL), lambda: ShiftExplorer(NOISE)])
def test_the_canvases_and_the_words_are_what_python_computes(opened, make):
    shown = make()
    page = opened(shown)
    assert page.words() == shown.words()
    for state in (
        {"stride": 4}, {"dy": 8, "dx": -4}, {"padding": "wrap"}, {"dy": 7},
        {"stride": 2, "dx": 1000}, {"padding": "zeros", "dy": -16}, {"stride": 1},
    ):
        page.set(**state)
        shown.set_state(state)
        assert page.words() == shown.words(), state
        assert_shows(page, shown)
    assert page.errors == []


def test_dragging_moves_the_picture_by_as_many_pixels(opened):
    shown = ShiftExplorer()
    page = opened(shown)
    box = page.page.locator(".ifcn-sheet").first.bounding_box()
    pixel = box["width"] / 64
    page.page.mouse.move(box["x"] + 20 * pixel, box["y"] + 20 * pixel)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 27 * pixel, box["y"] + 11 * pixel, steps=7)
    page.page.mouse.up()
    page.settle()
    assert (page.get("dy"), page.get("dx")) == (6 - 9, 10 + 7)
    shown.dy, shown.dx = -3, 17
    assert_shows(page, shown)
    assert page.words() == shown.words()
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened(ShiftExplorer())
    sheets = page.page.locator(".ifcn-sheet[tabindex]")
    assert sheets.count() == 1
    sheets.press("ArrowLeft")
    sheets.press("Shift+ArrowDown")
    page.settle()
    assert (page.get("dy"), page.get("dx")) == (10, 9)
    assert page.sliders_to_both_ends() == 2
    assert (page.get("dy"), page.get("dx")) == (31, 31)
    sheets.press("ArrowRight")  # there is nothing further
    assert page.get("dx") == 31
    page.page.get_by_role("radio", name="4", exact=True).press("Space")
    page.page.get_by_role("radio", name="wrap").press("Space")
    page.settle()
    assert (page.get("stride"), page.get("padding")) == (4, "wrap")
    sheets.press("ArrowRight")  # and round to the other side
    assert page.get("dx") == -32
    assert page.errors == []


def test_two_hundred_rapid_moves_leave_no_error(opened):
    shown = ShiftExplorer(scenes.make(3).image)  # the largest picture there is
    page = opened(shown)
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('dx', n % 60); "
        "ifcnModel.set('dy', -(n % 50)); ifcnModel.set('stride', [1, 2, 4][n % 3]); "
        "} }")
    page.settle()
    shown.dx, shown.dy, shown.stride = 199 % 60, -(199 % 50), 2
    assert page.words() == shown.words()
    assert_shows(page, shown)
    assert page.errors == []


def test_the_default_picture_touches_no_edge():
    disc = striped_disc()
    assert disc.any() and not disc[:18].any() and not disc[:, -18:].any()
