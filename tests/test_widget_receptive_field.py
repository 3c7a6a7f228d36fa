"""ReceptiveField: in Python, and in a real browser from a file of its own."""

from __future__ import annotations

from itertools import product
from math import isqrt

import numpy as np
import pytest

from ifcn_lab.layers.backbones import LightBackbone
from ifcn_lab.layers.receptive_field import receptive_field
from ifcn_lab.widgets.receptive_field import NETWORKS, ReceptiveField

NOISE = np.random.default_rng(0).integers(0, 256, (96, 200)).astype(np.uint8)
STATES = [{"network": name, "y": y, "x": x}
          for name, (y, x) in product(NETWORKS, [(0, 0), (131, 200), (319, 7)])]


def test_the_words_say_what_the_layers_say() -> None:
    shown = ReceptiveField()
    said = []
    for shown.network in NETWORKS:
        said.append(shown.words().split(". ", 1)[1])
    assert [each.split(" pixels")[0] for each in said] == [
        "It sees 196 x 196", "It sees 156 x 156", "It sees 204 x 204",
        "It sees 167 x 167"]
    assert ["sees all of it" in each for each in said] == [False, False, True, True]
    shown.y, shown.x = 9, 318
    assert shown.sees() == [receptive_field(LightBackbone(), at) for at in (2, 79)]


@pytest.mark.parametrize(("image", "words"), [
    (NOISE[:9], "9 x 200 pixels is too small"), (NOISE / 255, "uint8")])
def test_what_cannot_be_shown_gives_a_sentence(image: np.ndarray, words: str) -> None:
    assert words in ReceptiveField(image).describe()


def test_a_picture_ends_where_the_last_whole_place_does() -> None:
    shown = ReceptiveField(NOISE)
    assert shown.size == [96, 192]
    shown.network, shown.x = NETWORKS[0], 999
    assert shown.at() == (3, 11)


def test_the_browser_says_what_python_says(opened) -> None:
    for shown in (ReceptiveField(), ReceptiveField(NOISE, m=7)):
        page = opened(shown)
        assert page.words() == shown.words()
        for state in STATES:
            shown.set_state(state)
            page.set(network=shown.network, y=shown.y, x=shown.x)
            assert page.words() == shown.words(), state
        assert page.errors == []


def test_what_is_not_seen_is_dark(opened) -> None:
    shown = ReceptiveField()
    page = opened(shown, device_scale_factor=1)
    for shown.network in NETWORKS[:3]:
        page.set(network=shown.network)
        sheet = np.array(page.pixels(".ifcn-sheet"))
        side = isqrt(len(sheet) // 4)
        dark = sheet.reshape(side, side, 4)[..., 3] == 158  # 0.62 of 255
        (top, bottom), (left, right) = (
            [round(end * side / 320) for end in ends] for ends in shown.sees())
        other = [round(ends[n] * side / 320) for n, ends in
                 zip((1, 0), shown.window(), strict=True)]
        middle = side // 2 + 60
        assert dark[middle, 8 : max(8, min(left, other[1]) - 4)].all()
        assert dark[max(bottom, other[0]) + 6 :, middle].all()
        assert not dark[middle, left:right].any() and not dark[top:bottom, middle].any()
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened) -> None:
    page = opened(ReceptiveField())
    sheet = page.page.locator(".ifcn-sheet[tabindex]")
    sheet.press("ArrowLeft")
    sheet.press("Shift+ArrowDown")
    page.settle()
    assert (page.get("y"), page.get("x")) == (160 + 5 * 8, 160 - 8)
    page.page.get_by_role("radio", name="VGG-16", exact=True).press("Space")
    sheet.press("ArrowUp")
    page.settle()
    assert (page.get("network"), page.get("y")) == ("VGG-16", 176)
    assert page.sliders_to_both_ends() == 2
    assert (page.get("y"), page.get("x")) == (319, 319)
    assert page.errors == []


def test_dragging_moves_the_place(opened) -> None:
    page = opened(ReceptiveField())
    box = page.page.locator(".ifcn-sheet").bounding_box()
    page.page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 96, box["y"] + 60, steps=3)
    page.page.mouse.up()
    page.settle()
    assert (page.get("y"), page.get("x")) == (50, 80)
    assert page.errors == []


@pytest.mark.parametrize("width", [390, 648, 800, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_and_networks_are_seen_together_by_everybody(
    opened, width: int, scheme: str
) -> None:
    from tests.test_accessibility_axe import serious

    page = opened(ReceptiveField(), color_scheme=scheme)
    page.page.set_viewport_size({"width": width, "height": 700})
    page.settle()
    boxes = [page.page.locator(each).bounding_box()
             for each in (".ifcn-sheet", ".ifcn-choice")]
    for box in boxes:
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= 700
    assert serious(page.page) == []
