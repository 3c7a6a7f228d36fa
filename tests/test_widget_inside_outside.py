"""InsideOutside: in Python, and in a real browser from a file of its own."""

import numpy as np
import pytest
import torch

from ifcn_lab import scenes
from ifcn_lab.assembling import assemble
from ifcn_lab.models.fcis import FCIS
from ifcn_lab.widgets import InsideOutside
from ifcn_lab.widgets.greys import shade

RNG = np.random.default_rng(0)
PAIRS = (RNG.normal(size=(3, 2, 9, 12, 15)) * 3).astype(np.float32)
PICTURE = RNG.integers(0, 256, (48, 60, 3)).astype(np.uint8)
GOLDEN = np.array([  # G11 of FCIS: the background, then the object
    [[[-1, -1], [-1, -1]], [[0, 0], [0, 0]]],
    [[[2, 0], [1, -1]], [[0, 2], [-1, -2]]]], np.float32)[:, :, None]


def widget(region=(6, 7, 9, 11)):
    return InsideOutside.from_maps(PAIRS, 9, PICTURE, names=["disc", "star"],
                                   region=region)


def bins_of(page, panel, bins=9):
    """Grey of the bins of a panel: 1 inside, 2 outside, 3 mask, 4 maximum."""
    canvas = f".ifcn-panel:nth-of-type({panel + 1}) canvas"
    return np.array(page.pixels(canvas)).reshape(bins, bins, 4)[..., 0]


def test_the_golden_region_has_the_golden_mask_and_scores():
    shown = InsideOutside.from_maps(GOLDEN, 2)
    inside, outside = shown.read()[1]
    np.testing.assert_allclose(1 / (1 + np.exp(outside - inside)),
                               [[.880797, .119203], [.880797, .731059]], atol=1e-6)
    assert "mean of 1.00. Scores: background 0.27, object 0.73." in shown.words()
    shown.i = shown.j = 1
    assert shown.words().endswith("inside -1.00, outside -2.00, so the softmax is 0.73 "
                                  "and the maximum -1.00.")


def test_what_is_read_is_what_the_model_reads():
    torch.manual_seed(0)
    net = FCIS("light", {1: "disc", 7: "star"}, k=3).eval()
    image = scenes.make(3).image
    shown = InsideOutside(net, image, region=(12, 15, 13, 11))
    y0, x0, y1, x1 = shown.region()
    box = torch.tensor([[x0, y0, x1, y1]]) * float(net.stride)
    with torch.no_grad():
        maps = net(torch.from_numpy(image).permute(2, 0, 1)[None] / 255).maps[0]
        wanted = net.assembled(maps, box)[0]
    np.testing.assert_allclose(shown.read(), wanted, atol=1e-5)


def test_with_bins_of_one_place_the_region_is_assembled():
    shown = widget(region=(6, 7, 9, 9))
    for pairs, read in zip(PAIRS.reshape(6, 9, 12, 15), shown.read().reshape(6, 9, 9),
                           strict=True):
        assert np.array_equal(read, assemble(pairs, 9, centers=[(6, 7)])[0])


def test_a_region_is_cut_at_the_border_and_a_state_held_on_the_map():
    shown = widget()
    shown.y, shown.x, shown.kind, shown.high = 99, -3, 9, 0
    assert (shown.y, shown.x, shown.kind, shown.high) == (11, 0, 2, 1)
    assert shown.region() == (11, 0, 12, 6)
    assert np.isfinite(shown.read()).all()


@pytest.mark.parametrize(("pairs", "options", "words"), [
    (PAIRS[0], {}, "(C + 1, 2, k*k, H, W)"),
    (PAIRS[:1], {}, "background first"),
    (PAIRS[:, :, :5], {}, "k*k maps; these are 5"),
    (PAIRS * np.nan, {}, "NaN or infinity"),
    (PAIRS, {"bins": 2}, "give 3 to 50"),
    (PAIRS, {"names": ["disc"]}, "1 names for 2 categories"),
    (PAIRS, {"region": (6, 7, 99, 3)}, "does not lie on the maps of 12 x 15"),
    (PAIRS, {"image": PICTURE[:40]}, "does not belong to maps of 12 x 15"),
])
def test_what_cannot_be_shown_gives_a_sentence(pairs, options, words):
    assert words in InsideOutside.from_maps(pairs, **{"bins": 9, **options}).describe()


def test_a_network_without_a_picture_gives_a_sentence():
    assert "there is none" in InsideOutside(FCIS("light", k=3), None).problem


# In a browser


def test_the_page_says_what_python_says(opened):
    shown = widget()
    page = opened(shown)
    assert page.words() == shown.words()
    for state in ({"y": 2, "x": 13, "high": 10, "i": 8, "j": 0}, {"kind": 0},
                  {"kind": 2, "wide": 1, "high": 1, "i": 0}):
        page.set(**state)
        for name, value in state.items():
            setattr(shown, name, value)
        assert page.words() == shown.words()
    assert page.errors == []


def test_each_panel_is_painted_with_what_is_read(opened):
    shown = widget()
    page = opened(shown)
    inside, outside = shown.read()[1]
    for number, scores in enumerate((inside, outside, inside - outside,
                                     np.maximum(inside, outside)), 1):
        apart = bins_of(page, number).astype(int) - shade(scores)
        assert np.abs(apart).max() <= 1  # a sum's last digit may turn a half


def test_dragging_moves_the_region_and_hovering_points_at_a_bin(opened):
    page = opened(widget())
    picture = page.page.locator(".ifcn-sheet").first.bounding_box()
    page.page.mouse.move(picture["x"] + 7.5 / 15 * picture["width"],
                         picture["y"] + 6.5 / 12 * picture["height"])
    page.page.mouse.down()
    page.page.mouse.move(picture["x"] + 10.5 / 15 * picture["width"],
                         picture["y"] + 4.5 / 12 * picture["height"], steps=4)
    page.page.mouse.up()
    assert (page.get("y"), page.get("x")) == (4, 10)
    mask = page.page.locator(".ifcn-sheet").nth(3).bounding_box()
    page.page.mouse.move(mask["x"] + 2.5 / 9 * mask["width"],
                         mask["y"] + 7.5 / 9 * mask["height"])
    page.settle()
    assert (page.get("i"), page.get("j")) == (7, 2)
    page.page.mouse.move(1, 1)
    page.settle()
    assert page.get("i") == -1 and page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened(widget())
    sheets = page.page.locator(".ifcn-sheet")
    sheets.first.press("ArrowRight")
    sheets.first.press("Shift+ArrowUp")
    sheets.nth(4).press("ArrowDown")
    page.settle()
    assert [page.get(name) for name in "yxij"] == [1, 8, 1, 0]
    page.page.locator("input[type=radio]:checked").press("ArrowDown")
    assert page.get("kind") == 2
    assert page.sliders_to_both_ends() == 2
    assert (page.get("high"), page.get("wide")) == (12, 15)
    assert page.errors == []


def test_a_button_goes_to_the_next_object_that_was_found(opened):
    shown = widget()
    shown.found = [[6, 7, 9, 11, 1], [3, 4, 5, 6, 2]]
    page = opened(shown)
    page.page.get_by_role("button", name="next object found").press("Enter")
    state = [page.get(name) for name in ("y", "x", "high", "wide", "kind")]
    assert state == [3, 4, 5, 6, 2]
