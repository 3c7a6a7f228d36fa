"""How every widget stands on its page: within sight, under a finger, playing itself."""

import pytest
import traitlets

from ifcn_lab import scenes
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.widgets import Assembler, CoherenceExplorer, ShiftExplorer, tour

STOPS = {stop.name: stop.make for stop in tour.stops()}
SIZES = [(390, 664), (648, 620), (800, 620), (1200, 620)]
"""A phone; beside JupyterLab's file list at 1366 x 768; the site; a laptop."""
BOXES = """() => {
  const seen = (e) => e.getBoundingClientRect().width > 0;
  const boxes = (selector) => [...document.querySelectorAll(selector)].filter(seen)
    .map((e) => e.getBoundingClientRect())
    .map((b) => [b.left, b.top, b.right, b.bottom]);
  return { panels: boxes('.ifcn-stack, .ifcn-chart'),
           handles: boxes('.ifcn-sheet[tabindex], input[type=range]'),
           wide: document.documentElement.scrollWidth };
}"""


def two_heads():
    """The CoherenceExplorer with a second row of windows: as high as it gets."""
    net, image = InstanceFCN.from_pretrained(), scenes.two_touching().image
    return CoherenceExplorer(net, image, other=DeepMask(net.m, "small"))


@pytest.mark.parametrize("name", [*STOPS, "two heads"])
def test_what_is_dragged_and_what_it_changes_are_in_view_together(opened, name):
    page = opened(STOPS.get(name, two_heads)())
    hint = page.page.locator(".ifcn-try")
    assert hint.inner_text() and hint.bounding_box()["y"] < 60
    grey = page.page.locator(".ifcn-grey")
    greyless = ("sampler", "receptive-field", "anchors", "league")
    assert grey.count() >= (name not in greyless)
    for width, height in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        page.settle()
        found = page.page.evaluate(BOXES)
        both = found["panels"] + found["handles"]
        top, bottom = min(b[1] for b in both), max(b[3] for b in both)
        assert found["wide"] <= width and min(b[0] for b in both) >= 0
        assert max(b[2] for b in both) <= width
        assert bottom - top <= height, (width, bottom - top)
    assert page.errors == []


# It plays


def played(page):
    return page.page.evaluate("document.querySelector('.ifcn').dataset.played")


@pytest.fixture
def playing(opened):
    """Open a widget that plays; its clock goes on when `later` is called."""

    def play(widget):
        page = opened(widget)
        assert played(page) is None  # less motion is asked for
        page.page.emulate_media(reduced_motion="no-preference")
        page.page.clock.install(time=0)
        page.page.clock.pause_at(1)
        page.page.reload()
        page.page.wait_for_selector(".ifcn[data-played=now]")
        page.page.evaluate("() => { globalThis.told = 0; "
                           "ifcnModel.on('change', () => { told += 1; }); }")
        return page

    return play


def later(page, steps):
    for _ in range(steps):
        page.page.clock.fast_forward(700)


@pytest.mark.parametrize("name", STOPS)
def test_each_plays_when_it_is_seen_tells_no_one_and_ends_as_it_was(playing, name):
    widget = STOPS[name]()
    page = playing(widget)
    later(page, 5)
    seen = page.page.locator(".ifcn-words").text_content()
    assert seen != widget.words()
    assert page.page.locator("[aria-live]").get_attribute("aria-live") == "off"
    later(page, 20)
    assert played(page) == "once" and page.words() == widget.words()
    assert page.page.evaluate("told") == 0 and page.errors == []


def test_a_touch_ends_it_at_once(playing):
    page = playing(ShiftExplorer())
    later(page, 4)
    page.page.locator(".ifcn-sheet").first.press("ArrowRight")
    assert played(page) == "once"
    assert (page.get("dy"), page.get("dx")) == (6, 11)


def test_python_ends_it_too(playing):
    page = playing(ShiftExplorer())
    page.page.evaluate("ifcnModel.set('dx', 3)")
    assert played(page) == "once"
    later(page, 2)
    assert page.words().startswith("Moved 6 down, 3 right")


def test_out_of_sight_nothing_plays(opened):
    page = opened(ShiftExplorer())
    page.page.emulate_media(reduced_motion="no-preference")
    page.page.add_init_script("addEventListener('DOMContentLoaded', () => "
                              "document.body.prepend(Object.assign(document"
                              ".createElement('div'), { style: 'height:3000px' })))")
    page.page.reload()
    page.page.wait_for_selector(".ifcn")
    page.settle()
    assert played(page) is None
    page.page.locator(".ifcn-words").scroll_into_view_if_needed()
    page.page.wait_for_selector(".ifcn[data-played]")


# Sentences that drive it


def test_a_button_brings_the_widget_to_a_state(opened):
    image = scenes.two_touching().image
    widget = Assembler(InstanceFCN.from_pretrained(), image, center=(16, 4))
    label = "Put the window between the two discs"
    assert widget.offer(label, y=16, x=16) is widget
    assert repr(widget) == "Assembler(k=5, y=16, x=4)"
    for motion in ("reduce", "no-preference"):
        page = opened(widget, reduced_motion=motion)
        page.page.get_by_role("button", name=label).press("Enter")
        page.page.wait_for_function("() => ifcnModel.get('x') === 16")
        assert page.get("y") == 16 and page.errors == []


def test_buttons_come_and_go_from_python(opened):
    page = opened(ShiftExplorer())
    page.set(actions=[["Half a place", {"stride": 4, "dx": 2}]], hint="Try this:")
    page.page.get_by_role("button", name="Half a place").press("Enter")
    page.settle()
    assert (page.get("stride"), page.get("dx")) == (4, 2)
    assert page.page.locator(".ifcn-try").inner_text().startswith("Try this:")


@pytest.mark.parametrize("state", [{"nonsense": 1}, {"stride": 3}, {"dx": "far"}])
def test_a_state_that_the_widget_cannot_have_is_refused(state):
    with pytest.raises(traitlets.TraitError):
        ShiftExplorer().offer("no", **state)


# Under a finger


@pytest.fixture
def finger(opened):
    """The Assembler on a phone; touches by number: start, move, end."""
    widget = Assembler(InstanceFCN.from_pretrained(), scenes.two_touching().image,
                       center=(16, 6))
    page = opened(widget, has_touch=True)
    page.page.set_viewport_size({"width": 390, "height": 420})
    page.settle()
    client = page.page.context.new_cdp_session(page.page)
    box = page.page.locator(".ifcn-sheet").first.bounding_box()

    def touch(kind, y=0.0, x=0.0):
        """At a place of the picture, in its places."""
        at = {"x": box["x"] + (x + 0.5) / 32 * box["width"],
              "y": box["y"] + (y + 0.5) / 32 * box["height"]}
        points = [] if kind == "touchEnd" else [at]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    page.touch = touch
    return page


def swipe(page, start, end):
    page.page.clock.install(time=0)
    page.page.clock.pause_at(1)  # no finger rests, however slow the machine is
    page.touch("touchStart", *start)
    for share in range(1, 9):
        page.touch("touchMove", *(a + (b - a) * share / 8
                                  for a, b in zip(start, end, strict=True)))
    page.touch("touchEnd")
    page.page.clock.resume()
    page.settle()


def place(page):
    return [page.get("y"), page.get("x")]


def test_a_swipe_scrolls_the_page_and_moves_nothing(finger):
    swipe(finger, (28, 26), (-10, 26))
    finger.page.wait_for_function("() => scrollY > 50")
    assert place(finger) == [16, 6]


def test_the_grip_drags_at_once(finger):
    swipe(finger, (16, 6), (20, 22))
    assert place(finger) == [20, 22]
    assert finger.page.evaluate("scrollY") == 0


def test_a_finger_that_rests_drags(finger):
    finger.touch("touchStart", 28, 26)
    finger.page.wait_for_function("() => ifcnModel.get('y') === 28")
    for y in range(28, 9, -2):
        finger.touch("touchMove", y, 26)
    finger.touch("touchEnd")
    finger.settle()
    assert place(finger) == [10, 26]
    assert finger.page.evaluate("scrollY") == 0


def test_a_tap_moves_the_window(finger):
    finger.touch("touchStart", 4, 25)
    finger.touch("touchEnd")
    finger.page.wait_for_function("() => ifcnModel.get('x') === 25")
    assert place(finger) == [4, 25] and finger.errors == []
