"""The Playground: the page's network says what the library says, whatever is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import traitlets

from ifcn_lab import InstanceFCN
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.drawn_shapes import COLOURS, DISTANCES, GROUND, any_touch, drawing
from ifcn_lab.widgets.playground import APART, FAILING, TOUCHING, Playground, shape
from tests.browser_cases import Opened
from tests.page_network_cases import in_node

PICTURE = ".ifcn-sheet[role=application] >> nth=0"
NO_WORKER = "globalThis.Worker = class { constructor() { throw new Error('none'); } };"
STRICT = ('<meta http-equiv="Content-Security-Policy" '
          """content="script-src 'unsafe-inline' blob:">""")
"""A page whose rules forbid WebAssembly, as some notebooks' do."""
MUTE_WORKER = """globalThis.Worker = class {
  postMessage() {}
  terminate() {}
};"""


def answered(page: Opened) -> None:
    """Wait until the network in the page has answered what is seen, and it is said."""
    page.settle()
    page.page.wait_for_function(
        "() => { const { by, asked, answered } = "
        "document.querySelector('.ifcn').dataset; "
        "return by !== 'recorded' && asked === answered; }")
    page.settle()


def says_what_python_says(page: Opened) -> str:
    """The words, which Python says as well of the same state."""
    answered(page)
    twin = Playground()
    for name in ("shapes", "selected", "chosen", "shuffled", "k", "light", "noise",
                 "seen", "beside"):
        setattr(twin, name, page.get(name))
    assert page.words() == twin.words()
    return page.words()


# What is drawn


def random_shapes(rng: np.random.Generator, count: int) -> list[dict]:
    return [shape(str(rng.choice([*DISTANCES])), *rng.integers(0, 128, 2).tolist(),
                  int(rng.integers(12, 126)), turn=int(rng.integers(0, 360)),
                  colour=int(rng.integers(0, 3)), texture=int(rng.integers(0, 3)))
            for _ in range(count)]


LIGHTS = [{"light": 100, "noise": 0}, {"light": 40, "noise": 30},
          {"light": 180, "noise": 60}]


def test_the_page_paints_what_python_paints(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scenes = [APART, TOUCHING, FAILING, *(random_shapes(rng, n) for n in (0, 1, 3, 8))]
    given = [{"shapes": each, "paint": {"ground": GROUND, "colours": COLOURS, **light}}
             for each in scenes for light in LIGHTS]
    ask = """given.map(({ shapes, paint }) => {
      const { pixels, owner } = painted(shapes, paint, 128, 128);
      return [Array.from(pixels), Array.from(owner), anyTouch(owner, 128, 128)];
    })"""
    found = in_node(front_end.joined("painting.js"), ask, given, tmp_path)
    for asked, (pixels, owner, touching) in zip(given, found, strict=True):
        light = {name: asked["paint"][name] for name in ("light", "noise")}
        true = drawing(asked["shapes"], 128, 128, **light)
        apart = np.abs(true.image.ravel().astype(int) - pixels)
        assert apart.max() <= 1 and (apart > 0).sum() <= 3
        assert true.owner.ravel().tolist() == owner
        assert any_touch(true.owner) == touching


def test_shapes_pushed_together_touch_and_no_more(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pairs = [APART, [APART[0], APART[0] | {"x": 50}],
             *([shape("ellipse", 40, 30, turn=int(rng.integers(360))),
                shape("rectangle", 90, 80, turn=int(rng.integers(360)))]
               for _ in range(6))]
    ask = "given.map(([a, b]) => pushedTogether(a, b, 128, 128))"
    moved = in_node(front_end.joined("painting.js"), ask, pairs, tmp_path)
    for (first, second), now in zip(pairs, moved, strict=True):
        assert any_touch(drawing([now, second], 128, 128).owner)
        way = np.array([now["y"] - second["y"], now["x"] - second["x"]])
        away = now | {axis: round(now[axis] + 2 * step)
                      for axis, step in zip("yx", way / np.hypot(*way), strict=True)}
        assert not any_touch(drawing([away, second], 128, 128).owner)
        assert {**now, "y": 0, "x": 0} == {**first, "y": 0, "x": 0}


@pytest.mark.parametrize("given", [
    {"family": "disc"}, "disc", shape("disc", 1, 2) | {"family": "cat"},
    shape("disc", 1, 2) | {"size": 0}, shape("disc", 1, 2) | {"colour": 3},
    shape("disc", 1, 2) | {"texture": 3}])
def test_what_is_no_shape_is_refused(given: object) -> None:
    widget = Playground()
    with pytest.raises(traitlets.TraitError, match="is no shape"):
        widget.shapes = [given]
    assert widget.shapes == APART


def test_a_network_too_large_for_a_page_becomes_a_sentence(opened: Callable) -> None:
    widget = Playground(InstanceFCN())
    assert "vgg16" in widget.problem
    page = opened(widget)
    assert page.page.locator(".ifcn-problem").inner_text() == widget.problem


# What it shows by itself


def test_a_recorded_answer_is_there_before_the_network_is(opened: Callable) -> None:
    page = opened(Playground(), init=MUTE_WORKER)
    assert page.page.locator(".ifcn").get_attribute("data-by") == "recorded"
    assert page.words() == Playground().words()
    assert "finds 2 of 2" in page.words()


def test_the_live_answer_takes_over_and_says_the_same(opened: Callable) -> None:
    page = opened(Playground())
    answered(page)
    assert page.page.locator(".ifcn").get_attribute("data-by") == "WebAssembly"
    assert page.words() == Playground().words() and page.errors == []


def test_a_page_weighs_no_more_than_it_may() -> None:
    assert len(Playground().html().encode()) <= 2_500_000


def test_its_name_tells_its_state() -> None:
    assert repr(Playground()) == "Playground(selected=0, shuffled=False)"


# Under the hand


def press(page: Opened, name: str) -> None:
    page.page.get_by_role("button", name=name, exact=True).press("Enter")
    page.settle()


def test_buttons_change_what_is_drawn_and_the_network_follows(opened: Callable) -> None:
    page = opened(Playground())
    press(page, "make them touch")
    assert says_what_python_says(page).startswith("2 shapes, touching. It finds 2 of 2")
    press(page, "shuffle the channels")
    assert "finds 0 of 2" in says_what_python_says(page)
    press(page, "shuffle the channels")
    press(page, "another colour")
    press(page, "same colour")
    assert [each["colour"] for each in page.get("shapes")] == [1, 1]
    press(page, "another texture")
    assert [each["texture"] for each in page.get("shapes")] == [1, 0]
    press(page, "+ rectangle")
    press(page, "double")
    assert [each["family"] for each in page.get("shapes")] == [
        "disc", "disc", "rectangle", "rectangle"]
    says_what_python_says(page)
    press(page, "the case where it fails")
    said = says_what_python_says(page)
    assert "finds 0 of 1" in said and "84 pixels: a shape here is" in said
    press(page, "twenty objects")
    said = says_what_python_says(page)
    assert "20 shapes, apart. It finds 0 of 20" in said and "is small for" in said
    press(page, "the case where it fails")
    press(page, "delete")
    assert says_what_python_says(page) == "No shape is drawn: add one."
    press(page, "start again")
    assert page.get("shapes") == APART and page.errors == []


@pytest.mark.parametrize("k", [1, 3, 7])
def test_another_k_is_another_head_on_the_same_backbone(
    opened: Callable, k: int
) -> None:
    page = opened(Playground())
    press(page, f"k = {k}")
    said = says_what_python_says(page)
    assert f" k = {k}, a head on the backbone that k = 5 trained." in said
    press(page, "shuffle the channels")
    says_what_python_says(page)
    press(page, "start again")
    assert page.get("k") == 5 and "finds 2 of 2" in says_what_python_says(page)
    assert page.errors == []


def test_a_network_of_ones_own_has_one_k(opened: Callable) -> None:
    widget = Playground(InstanceFCN.from_pretrained("scenes-k3"))
    page = opened(widget)
    assert page.page.locator(".ifcn-ks").is_hidden() and page.get("k") == 3
    answered(page)
    assert page.words() == widget.words()
    with pytest.raises(traitlets.TraitError, match="k = 5: this network has heads for"):
        widget.k = 5


def drag(page: Opened, start: tuple[int, int], end: tuple[int, int]) -> None:
    """From a pixel (y, x) of the picture to another."""
    box = page.page.locator(PICTURE).bounding_box()
    at = [(box["x"] + (x + 0.5) / 128 * box["width"],
           box["y"] + (y + 0.5) / 128 * box["height"]) for y, x in (start, end)]
    page.page.mouse.move(*at[0])
    page.page.mouse.down()
    page.page.mouse.move(*at[1], steps=6)
    page.page.mouse.up()
    page.settle()


def test_a_dragged_shape_takes_its_mask_along(opened: Callable) -> None:
    page = opened(Playground())
    drag(page, (60, 90), (90, 80))
    assert page.get("shapes")[1] == shape("disc", 94, 82)
    assert page.get("selected") == 1
    assert "finds 2 of 2" in says_what_python_says(page)


DRAWN = """globalThis.drawn = [];
const { clearRect } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  if (this.canvas === document.querySelector(".ifcn-sheet")) {
    drawn.push(document.timeline.currentTime); // the frame that is being made
  }
  return clearRect.apply(this, box);
};"""


def test_a_move_and_an_answer_of_one_frame_are_drawn_once(opened: Callable) -> None:
    page = opened(Playground(), init=DRAWN)
    answered(page)
    page.page.evaluate("drawn.length = 0")
    for x in range(70, 95):
        page.page.evaluate("""async (x) => {
          const shapes = ifcnModel.get("shapes");
          ifcnModel.set("shapes", [shapes[0], { ...shapes[1], x }]);
          await new Promise((done) => requestAnimationFrame(done));
        }""", x)
    answered(page)
    frames = page.page.evaluate("drawn")
    assert len(frames) > 25 and len(set(frames)) == len(frames)


def test_its_corner_resizes_it(opened: Callable) -> None:
    page = opened(Playground())
    drag(page, (84, 56), (89, 61))                   # the corner of the first shape
    first, second = page.get("shapes")
    assert 50 <= first["size"] <= 64 and second == APART[1]
    says_what_python_says(page)


def test_a_click_on_objectness_chooses_the_nearest_proposal(opened: Callable) -> None:
    page = opened(Playground())
    answered(page)
    sheet = page.page.locator(".ifcn-sheet[role=application] >> nth=1")
    box = sheet.bounding_box()
    sheet.click(position={"x": box["width"] * 0.9, "y": box["height"] / 2})
    page.settle()
    said = says_what_python_says(page)
    assert page.get("chosen") >= 0 and "column 23" in said


def test_all_of_it_can_be_done_by_keyboard(opened: Callable) -> None:
    page = opened(Playground())
    sheet = page.page.locator(PICTURE)
    for key in ("Enter", "ArrowLeft", "Shift+ArrowUp", "+", "+", "-", "d", "Delete"):
        sheet.press(key)
    page.settle()
    moved = shape("disc", 59, 91, 48)
    assert page.get("shapes") == [APART[0], moved]
    says_what_python_says(page)
    assert page.sliders_to_both_ends() == 4
    assert page.get("shapes")[0] == APART[0] | {"size": 126, "turn": 359}
    said = says_what_python_says(page)
    assert "84 pixels" in said and "Light 180 %, noise 60." in said
    page.page.locator(".ifcn-sheet[role=application] >> nth=1").press("ArrowRight")
    says_what_python_says(page)
    assert page.errors == []


def test_python_moves_the_shapes_too(opened: Callable) -> None:
    page = opened(Playground())
    page.set(shapes=[shape("rectangle", 50, 60, turn=30), shape("ellipse", 95, 80)])
    says_what_python_says(page)


# Where a page may do less


def test_without_a_worker_it_thinks_between_two_frames(opened: Callable) -> None:
    page = opened(Playground(), init=NO_WORKER)
    press(page, "make them touch")
    assert "touching. It finds 2 of 2" in says_what_python_says(page)
    assert page.errors == []


def test_without_webassembly_it_thinks_in_plain_javascript(
    browser: object, tmp_path: Path
) -> None:
    path, page = tmp_path / "widget.html", Opened(browser.new_page())
    head = f"<head>\n{STRICT}"
    path.write_text(Playground().html().replace("<head>", head, 1), "utf-8")
    page.page.goto(path.as_uri())
    page.page.wait_for_selector(".ifcn[data-by=JavaScript]")
    answered(page)
    assert page.words() == Playground().words()
    page.page.close()


@pytest.mark.parametrize("width", [390, 648, 1200])
def test_nothing_is_wider_than_the_page(opened: Callable, width: int) -> None:
    page = opened(Playground())
    page.page.set_viewport_size({"width": width, "height": 664})
    page.settle()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    state = json.loads(page.page.evaluate(
        "JSON.stringify([...document.querySelectorAll('.ifcn button')]"
        ".map((b) => b.getBoundingClientRect().right))"))
    assert max(state) <= width
