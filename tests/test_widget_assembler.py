"""The Assembler: in Python, and in a real browser from a file of its own."""

import jaxtyping
import numpy as np
import pytest
import torch
import traitlets

from ifcn_lab.assembling import assemble
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.widgets import CoherenceExplorer, MapGrid, ProposalExplorer
from ifcn_lab.widgets.assembler import Assembler
from ifcn_lab.widgets.greys import shade

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(9, 12, 15)).astype(np.float32) * 3
OBJECTNESS = RNG.normal(size=(12, 15)).astype(np.float32)
PICTURE = RNG.integers(0, 256, (48, 60, 3)).astype(np.uint8)
MASK = ".ifcn-panel:last-of-type canvas"


def widget(**options):
    return Assembler.from_maps(LOGITS, 7, PICTURE, objectness=OBJECTNESS, **options)


def mask_of(page, m=7):
    return np.array(page.pixels(MASK)).reshape(m, m, 4)


def expected_mask(y, x, maps=LOGITS, m=7):
    return shade(assemble(maps, m, centers=[(y, x)])[0])


def test_it_begins_where_objectness_is_highest():
    shown = widget()
    assert (shown.y, shown.x) == divmod(int(OBJECTNESS.argmax()), 15)


def test_words_and_digits_tell_the_window():
    shown = widget(center=(6, 7))
    window = assemble(LOGITS, 7, centers=[(6, 7)])[0]
    assert f"{(window > 0).sum()} of 49 places above 0" in shown.words()
    shown.i, shown.j = 0, 6
    assert f"comes from map 2, row 3, column 10: {window[0, 6]:.2f}." in shown.words()
    digits = [[int(digit) for digit in row] for row in shown.grid().splitlines()]
    probability = 1 / (1 + np.exp(-window.astype(float)))
    assert np.abs(np.array(digits) / 10 - probability).max() <= 0.11


@pytest.mark.parametrize(
    ("maps", "m", "words"),
    [
        (np.zeros((5, 4, 4)), 3, "these are 5"),
        (np.zeros((4, 4)), 3, "three axes"),
        (np.full((4, 4, 4), np.nan), 3, "NaN or infinity"),
        (np.zeros((9, 4, 4)), 2, "no room for 9 parts"),
    ],
)
def test_maps_that_cannot_be_shown_give_a_sentence(opened, maps, m, words):
    shown = Assembler.from_maps(maps, m)
    assert words in shown.describe()
    data, _ = shown._repr_mimebundle_()
    assert words in data["text/plain"]
    page = opened(shown)
    assert words in page.page.get_by_role("alert").inner_text()


def test_a_picture_or_objectness_that_does_not_fit_gives_a_sentence():
    assert "uint8" in Assembler.from_maps(LOGITS, 7, PICTURE / 255).problem
    wrong = Assembler.from_maps(LOGITS, 7, objectness=OBJECTNESS[:5])
    assert "Objectness is (5, 15)" in wrong.problem


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image": PICTURE[:40]}, "does not belong to maps of 12 x 15"),
        ({"objectness": OBJECTNESS * np.nan}, "Objectness holds NaN"),
        ({"center": (99, 3)}, "off the maps of 12 x 15"),
    ],
)
def test_what_does_not_belong_to_the_maps_gives_a_sentence(options, words):
    assert words in Assembler.from_maps(LOGITS, 7, **options).problem


def test_no_maps_at_all_give_a_sentence():
    assert "no score maps" in Assembler.from_maps({}, 7).problem


def test_a_picture_that_a_network_cannot_see_gives_a_sentence():
    net = InstanceFCN(3, 7, "small")
    assert Assembler(net, PICTURE.astype(int)).problem
    assert CoherenceExplorer(net, PICTURE.astype(int)).problem


def test_looking_at_a_network_leaves_it_as_it_was():
    net = InstanceFCN(3, 7, "small").train()
    Assembler(net, PICTURE)
    assert net.training


@pytest.mark.parametrize("explorable", [Assembler, CoherenceExplorer, MapGrid,
                                        ProposalExplorer])
def test_a_network_without_a_picture_gives_a_sentence(explorable):
    net = InstanceFCN(3, 7, "small")
    assert "there is none" in explorable(net, None).problem


def test_nonsense_for_numbers_gives_a_sentence(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as outside tests
    assert "m is '21'" in Assembler.from_maps(LOGITS, "21").problem
    assert "center is 'a'" in Assembler.from_maps(LOGITS, 7, center="ab").problem
    wrong = Assembler.from_maps(LOGITS, 7, objectness={5: OBJECTNESS})
    assert "missing for k = [3]" in wrong.problem


def test_networks_of_two_windows_or_of_one_k_give_a_sentence():
    sizes = (3, 7), (3, 9), (5, 7)
    three, wide, five = (InstanceFCN(k, m, "small") for k, m in sizes)
    assert "m = [7, 9]" in Assembler([five, wide], PICTURE).problem
    assert "the same k" in Assembler([three, three], PICTURE).problem


def test_objectness_is_that_of_the_network_whose_maps_are_shown(opened):
    torch.manual_seed(0)
    nets = [InstanceFCN(k, 7, "small").eval() for k in (1, 3)]
    shown = Assembler(nets, PICTURE, center=(5, 6))
    page = opened(shown)
    for net in reversed(nets):
        page.set(k=net.k)
        shown.k = net.k
        with torch.no_grad():
            image = torch.from_numpy(PICTURE).permute(2, 0, 1)[None] / 255
            score = torch.sigmoid(net(image).objectness[0, 5, 6]).item()
        said = float(shown.words().split("Objectness ")[1].rstrip("."))
        assert said == pytest.approx(score, abs=0.006)
        assert page.words() == shown.words()


def test_a_place_set_from_python_stays_on_the_map():
    shown = widget()
    shown.y, shown.x, shown.i, shown.j = 99, -5, 50, 6
    assert (shown.y, shown.x, shown.i, shown.j) == (11, 0, 6, 6)
    assert "Window at row 11, column 0" in shown.describe()
    with pytest.raises(traitlets.TraitError, match="k = 7; there are for 3"):
        shown.k = 7


def test_maps_that_are_no_logits_are_said_the_same_in_both_languages(opened):
    shown = Assembler.from_maps(np.abs(LOGITS) / 7, 7, center=(6, 7))
    shown.i, shown.j = 3, 3
    page = opened(shown)
    assert page.words() == shown.words()


def test_choosing_k_by_keyboard_keeps_the_focus_and_leaves_no_listener(opened):
    maps = {k: RNG.normal(size=(k * k, 12, 15)).astype(np.float32) for k in (1, 3, 5)}
    page = opened(Assembler.from_maps(maps, 7, PICTURE, center=(6, 7)))
    count = "() => ifcnModel.listeners.get('change:y').size"
    before = page.page.evaluate(count)
    for _ in range(9):
        page.page.locator("input[type=radio]:checked").press("ArrowLeft")
    page.settle()
    focus = page.page.evaluate("() => document.activeElement.type")
    assert focus == "radio"
    assert page.page.evaluate(count) == before
    assert page.errors == []


def test_a_tensor_is_taken():
    shown = Assembler.from_maps(torch.from_numpy(LOGITS), 7, center=(6, 7))
    assert np.array_equal(shown.window(), assemble(LOGITS, 7, centers=[(6, 7)])[0])


# In a browser


def test_dragging_shows_what_assemble_gives_pixel_for_pixel(opened):
    page = opened(widget(center=(6, 7)))
    assert np.array_equal(mask_of(page)[..., 0], expected_mask(6, 7))
    box = page.page.locator(".ifcn-sheet").first.bounding_box()
    at = lambda y, x: (box["x"] + (x + 0.5) * box["width"] / 15,  # noqa: E731
                       box["y"] + (y + 0.5) * box["height"] / 12)
    page.page.mouse.move(*at(6, 7))
    page.page.mouse.down()
    page.page.mouse.move(*at(3, 11), steps=5)
    page.page.mouse.up()
    page.settle()
    assert (page.get("y"), page.get("x")) == (3, 11)
    assert np.array_equal(mask_of(page)[..., 0], expected_mask(3, 11))
    assert page.errors == []


def test_the_page_says_what_python_says(opened):
    shown = widget(center=(0, 14))
    page = opened(shown)
    assert page.words() == shown.words()
    page.set(y=5, x=2, i=6, j=0)
    shown.y, shown.x, shown.i, shown.j = 5, 2, 6, 0
    assert page.words() == shown.words()
    page.set(y=0, x=0, i=0, j=0)
    assert page.words().endswith("row -3, column -3: fill.")


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened(widget(center=(6, 7)))
    picture, maps, mask = (page.page.locator(".ifcn-sheet").nth(n) for n in range(3))
    picture.press("ArrowRight")
    maps.press("Shift+ArrowUp")
    page.settle()
    assert (page.get("y"), page.get("x")) == (1, 8)
    mask.press("ArrowDown")
    page.settle()
    assert (page.get("i"), page.get("j")) == (1, 0)
    assert "Offset (1, 0)" in page.words()
    assert page.sliders_to_both_ends() == 2
    assert (page.get("y"), page.get("x")) == (11, 14)
    page.page.get_by_role("checkbox").press("Space")
    page.settle()
    assert page.get("snap") is True
    assert page.errors == []


def test_snapping_goes_to_the_best_window_within_reach(opened):
    page = opened(widget(center=(6, 7)))
    page.set(snap=True)
    reach = OBJECTNESS[5:8, 6:9]
    row, column = divmod(int(reach.argmax()), 3)
    assert (page.get("y"), page.get("x")) == (5 + row, 6 + column)


def test_k_switches_the_maps_on_the_same_picture(opened):
    shapes = {k: (k * k, 12, 15) for k in (1, 3, 5, 7)}
    maps = {k: RNG.normal(size=s).astype(np.float32) for k, s in shapes.items()}
    page = opened(Assembler.from_maps(maps, 7, PICTURE, center=(6, 7)))
    for k in (1, 5, 3, 7):
        page.page.get_by_role("radio", name=str(k), exact=True).check()
        page.settle()
        found = mask_of(page)[..., 0]
        assert np.array_equal(found, expected_mask(6, 7, maps[k])), k
    assert page.errors == []


def test_two_hundred_rapid_moves_leave_no_error(opened):
    page = opened(widget(center=(6, 7)))
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('x', n % 15); "
        "ifcnModel.set('y', (n * 7) % 12); } }")
    page.settle()
    assert np.array_equal(mask_of(page)[..., 0], expected_mask(199 * 7 % 12, 199 % 15))
    assert page.errors == []


def test_with_less_motion_nothing_runs_by_itself(opened):
    page = opened(widget(center=(6, 7)), reduced_motion="reduce")
    page.page.get_by_role("button", name="copy step by step").press("Enter")
    page.settle()
    shown = (mask_of(page)[..., 3] > 0).sum()
    page.settle()
    assert shown == (mask_of(page)[..., 3] > 0).sum() == 7


def test_the_copy_step_by_step_ends_with_the_whole_mask(opened):
    page = opened(widget(center=(6, 7)), reduced_motion="no-preference")
    copied = (
        f"(() => {{ const c = document.querySelector('{MASK}'); const d = "
        "c.getContext('2d').getImageData(0, 0, 7, 7).data; "
        "return d.filter((v, n) => n % 4 === 3 && v > 0).length; })()")
    begun = page.page.get_by_role("button", name="copy step by step").evaluate(
        "async (button) => { button.click(); await new Promise("
        f"requestAnimationFrame); return {copied}; }}")
    assert begun == 1
    page.page.wait_for_function(f"{copied} === 49")
    assert page.errors == []
