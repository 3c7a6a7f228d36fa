"""PrototypeMixer: in Python, and in a real browser from a file of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import traitlets
from torch.nn import functional as F

from ifcn_lab import InstanceFCN, scenes
from ifcn_lab.models import yolact
from ifcn_lab.widgets import PrototypeMixer, mixing

RNG = np.random.default_rng(0)
SCENE = scenes.two_touching()
BOXES = [[int(n) for n in box] for box in ([36, 30, 66, 90], [60, 34, 100, 88])]
NOISE = RNG.normal(size=(6, 32, 32)).clip(0).astype(np.float32)
MIXES = RNG.uniform(-1, 1, (2, 6)).round(3).tolist()
STATES = [
    {"right": 40}, {"left": 30, "top": -10}, {"cropped": False}, {"chosen": 1},
    {"cropped": True}, {"right": -64, "bottom": -64}, {"mix": [0] * 6},
    {"mix": [1, -1, 0.25, 0, -0.5, 0.004]}, {"left": 64, "top": 64, "right": 64},
    {"mix": [], "chosen": 0}, {"bottom": 9},
]
# Where G10 of the reference says exactly which places a box keeps.
HALVES = np.zeros((2, 4, 4), np.float32)
HALVES[0, :, :2] = HALVES[1, :2] = 1


def mixer(masks=SCENE.masks) -> PrototypeMixer:
    return PrototypeMixer.from_prototypes(NOISE, MIXES, BOXES, SCENE.image, masks)


def by_torch(widget: PrototypeMixer) -> np.ndarray:
    """The mask as the model's own functions make it."""
    maps = torch.tensor(widget.maps().copy(), dtype=torch.float64)
    mix = torch.tensor([widget.coefficients()], dtype=torch.float64)
    soft = yolact.assembled(maps, mix).sigmoid()
    if widget.cropped:
        box = torch.tensor([widget.box()], dtype=torch.float64) / 4
        soft = soft * yolact.crop(box, soft.shape[1:])
    large = F.interpolate(soft[None], scale_factor=4, mode="bilinear",
                          align_corners=False)[0, 0]
    return (large > 0.5).numpy()


def test_two_prototypes_give_the_golden_mask():
    soft = mixing.sigmoid(mixing.mixed(HALVES, [np.tanh(2), np.tanh(-2)]))
    assert soft.round(6).tolist() == [[0.5, 0.5, 0.276073, 0.276073]] * 2 + [
        [0.723927, 0.723927, 0.5, 0.5]] * 2


@pytest.mark.parametrize(("sides", "n", "kept"), [
    ((0.25, 0.75), 4, [0, 1, 2, 3]), ((0.3, 0.6), 4, [1, 2, 3]),
    ((0, 0.5), 4, [0, 1, 2]), ((0.5, 1), 4, [1, 2, 3]), ((0.3, 0.6), 8, [2, 3, 4, 5]),
])
def test_a_box_keeps_the_golden_places(sides, n, kept):
    low, high = (4 * n * side for side in sides)
    assert np.flatnonzero(mixing.inside([low, 0, high, 4], (1, n))[0]).tolist() == kept


@pytest.mark.parametrize("shape", [(128, 128), (126, 101)])
def test_enlarging_is_what_torch_computes(shape):
    values = RNG.normal(size=(32, 32))
    expected = F.interpolate(torch.tensor(values)[None, None], scale_factor=4,
                             mode="bilinear", align_corners=False)[0, 0].numpy()
    found = mixing.enlarged(values, shape)
    np.testing.assert_allclose(found, expected[: shape[0], : shape[1]], atol=1e-12)


def test_the_mask_is_what_the_model_makes_of_these_coefficients():
    widget = mixer()
    for state in ({}, *STATES):
        widget.set_state(state)
        np.testing.assert_array_equal(widget.mask(), by_torch(widget), str(state))


def test_as_the_network_says_it_is_a_mask_of_detect():
    torch.manual_seed(0)
    net = yolact.YOLACT("light").eval()
    with torch.no_grad():
        net.mix.bias.normal_()  # untrained; these masks have holes
    widget = PrototypeMixer(net, SCENE.image, least=0.0)
    masks = net.detect([SCENE.image], least=0.0)[0].masks
    assert len(masks) > 3
    for widget.chosen in range(3):
        nearest = min((mask != widget.mask()).sum() for mask in masks)
        assert nearest <= 2  # float32 here, float64 there, at the cut


def test_no_box_leaves_the_picture_or_turns_over():
    widget = mixer()
    widget.left = widget.top = widget.right = widget.bottom = 64
    assert widget.box() == [0, 0, 128, 128]
    widget.left = widget.top = widget.right = widget.bottom = -64
    x0, y0, x1, y1 = widget.box()
    assert (x1 - x0, y1 - y0) == (1, 1)


def test_the_words_count_what_lies_in_other_objects():
    left, right = SCENE.masks
    everywhere = np.full((1, 32, 32), 9, np.float32)
    widget = PrototypeMixer.from_prototypes(everywhere, [[1.0]], [[0, 0, 62, 128]],
                                            SCENE.image, SCENE.masks)
    widget.cropped = False
    own = (left, right)[widget.owners[0] - 1]
    other = (left | right) & ~own
    iou = own.sum() / own.size
    assert widget.words() == (
        "Object 1 of 1: 1 prototype adds, 0 subtract. No box cuts it. The mask has "
        f"16384 pixels, IoU {iou:.2f}; {other.sum()} of them belong to other objects.")


@pytest.mark.parametrize("mix", [[1.0], [float("nan")] * 6])
def test_coefficients_that_do_not_fit_are_refused(mix):
    with pytest.raises(traitlets.TraitError, match="6 finite numbers"):
        mixer().mix = mix


@pytest.mark.parametrize(("make", "words"), [
    (lambda: PrototypeMixer(InstanceFCN(2, 7, "small"), SCENE.image), "a InstanceFCN"),
    (lambda: PrototypeMixer(yolact.YOLACT("light"), None), "needs a picture"),
    (lambda: PrototypeMixer(yolact.YOLACT("light"), np.zeros((9, 600, 3), np.uint8)),
     "at most 512 wide"),
    (lambda: PrototypeMixer(yolact.YOLACT("light").eval(), SCENE.image, least=0.9),
     "Nothing in this picture has a score above 0.9"),
    (lambda: mixer(SCENE.masks.astype(int)), "True masks are bool"),
    (lambda: PrototypeMixer.from_prototypes(NOISE[:, :9], MIXES, BOXES, SCENE.image),
     "needs prototypes of 32 x 32"),
    (lambda: PrototypeMixer.from_prototypes(NOISE[0], MIXES, BOXES, SCENE.image),
     "Prototypes are (k, H, W)"),
    (lambda: PrototypeMixer.from_prototypes(NOISE, [[1.0]], BOXES, SCENE.image),
     "coefficients (N, 6)"),
    (lambda: PrototypeMixer.from_prototypes(NOISE * np.nan, MIXES, BOXES,
                                            SCENE.image), "NaN or infinity"),
])
def test_what_cannot_be_shown_gives_a_sentence(opened, make, words):
    shown = make()
    assert words in shown.describe() and words in repr(shown)
    assert words in opened(shown).page.get_by_role("alert").inner_text()


# In a browser


def grey(page, number):
    """The red of the panel with this number, as the canvas has it."""
    text = page.page.evaluate(
        "n => { const c = document.querySelectorAll('.ifcn-stack')[n]"
        ".querySelector('canvas'); return JSON.stringify([c.height, c.width, "
        "Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]); "
        "}", number)
    h, w, data = json.loads(text)
    return np.array(data).reshape(h, w, 4)[..., 0]


@pytest.mark.parametrize("masks", [SCENE.masks, None], ids=["known", "unknown"])
def test_the_words_in_the_browser_are_what_python_says(opened, masks):
    shown = mixer(masks)
    page = opened(shown)
    assert page.words() == shown.words()
    for state in STATES:
        page.set(**state)
        shown.set_state(state)
        assert page.words() == shown.words(), state
    assert page.errors == []


def test_sum_and_sigmoid_are_what_python_computes(opened):
    shown = mixer()
    page = opened(shown)
    for state in STATES[:7]:
        page.set(**state)
        shown.set_state(state)
        total = shown.sum()
        for number, value in ((1, (total + 8) / 16), (2, mixing.sigmoid(total))):
            expected = np.clip(255 * value, 0, 255)
            assert np.abs(grey(page, number) - expected).max() <= 0.51
    assert page.errors == []


def test_a_click_loads_the_object_under_it(opened):
    shown = mixer()
    shown.mix, shown.right = [0.5] * 6, 9
    page = opened(shown)
    shown.set_state({"mix": [], "right": 0, "chosen": 1})
    only = shown.mask()
    shown.chosen = 0
    only[26:94, 70:80] = only[86:] = False  # no side of the box is near
    y, x = np.argwhere(only & ~shown.mask())[-1] + 0.5
    sheet = page.page.locator(".ifcn-sheet[tabindex]")
    scale = sheet.bounding_box()["width"] / 128
    sheet.click(position={"x": x * scale, "y": y * scale})
    page.settle()
    assert (page.get("chosen"), page.get("mix"), page.get("right")) == (1, [], 0)
    assert page.errors == []


def test_a_side_of_the_box_is_pulled_with_the_mouse(opened):
    page = opened(mixer())
    box = page.page.locator(".ifcn-sheet[tabindex]").bounding_box()
    pixel = box["width"] / 128
    page.page.mouse.move(box["x"] + 66 * pixel, box["y"] + 60 * pixel)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 91 * pixel, box["y"] + 50 * pixel, steps=5)
    page.page.mouse.up()
    page.settle()
    sides = ("left", "top", "right", "bottom")
    assert [page.get(side) for side in sides] == [0, 0, 25, 0]
    page.page.mouse.move(box["x"] + 91 * pixel, box["y"] + 90 * pixel)  # the corner
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 80 * pixel, box["y"] + 99 * pixel, steps=5)
    page.page.mouse.up()
    page.settle()
    assert [page.get(side) for side in ("right", "bottom")] == [14, 9]
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened(mixer())
    sheet = page.page.locator(".ifcn-sheet[tabindex]")
    assert sheet.count() == 1
    sheet.press("ArrowRight")
    sheet.press("ArrowRight")  # there is no third object
    page.settle()
    assert page.get("chosen") == 1
    assert page.sliders_to_both_ends() == 6 + 4
    assert page.get("mix") == [1] * 6
    assert page.get("left") == page.get("bottom") == 64
    page.page.get_by_role("checkbox", name="crop").press("Space")
    page.page.get_by_role("button", name="all 0").press("Enter")
    page.settle()
    assert (page.get("cropped"), page.get("mix")) == (False, [0] * 6)
    page.page.get_by_role("button", name="as the network says").press("Enter")
    page.settle()
    assert (page.get("mix"), page.get("left"), page.get("chosen")) == ([], 0, 1)
    assert page.errors == []


def test_a_finger_pulls_at_the_grip(opened):
    page = opened(mixer(), has_touch=True)
    page.page.set_viewport_size({"width": 390, "height": 664})
    page.settle()
    box = page.page.locator(".ifcn-sheet[tabindex]").bounding_box()
    client = page.page.context.new_cdp_session(page.page)
    for kind, x, y in (("touchStart", 68, 92), ("touchMove", 80, 92),
                       ("touchMove", 96, 90), ("touchEnd", 0, 0)):
        at = {"x": box["x"] + x * box["width"] / 128,
              "y": box["y"] + y * box["width"] / 128}
        points = [] if kind == "touchEnd" else [at]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.settle()
    assert (page.get("right"), page.get("bottom"), page.get("left")) == (30, 0, 0)
    assert page.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_for_everybody(opened, scheme):
    from tests.test_accessibility_axe import serious

    page = opened(mixer(), color_scheme=scheme)
    assert serious(page.page) == []
