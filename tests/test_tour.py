"""All widgets as pages: what `export-widgets` writes, opened from disk, offline."""

import re
from pathlib import Path

import pytest
from PIL import Image

from ifcn_lab.__main__ import main
from ifcn_lab.widgets import tour
from lessons.stills import SETTLED

NAMES = [stop.name for stop in tour.stops()]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert main(["export-widgets", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def offline(browser, request):
    scheme = getattr(request, "param", "light")
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True,
                                  color_scheme=scheme)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("requestfailed", lambda request: page.errors.append(request.url))
    yield page
    context.close()


def test_every_widget_of_the_course_is_on_the_tour():
    from ifcn_lab.widgets import __all__

    quiz = {"Predict", "Inventory", "guesses", "save_guesses"}  # asks, shows no maps
    assert {type(stop.make()).__name__ for stop in tour.stops()} == {*__all__} - quiz


def test_there_is_a_page_for_every_stop_and_none_is_large(site):
    pages = {path.name: path.stat().st_size for path in site.iterdir()}
    assert set(pages) == {f"{name}.html" for name in NAMES} | {"index.html"}
    assert pages.pop("playground.html") <= 2.5e6      # a whole network is in it
    assert max(pages.values()) <= 1.5e6


def test_no_page_asks_for_anything_from_elsewhere(site):
    for path in site.iterdir():
        text = path.read_text("utf-8")
        assert re.findall(r"https?://[^\s\"']+", text) == [], path.name


def test_pages_are_not_written_over_unless_asked(site, capsys):
    assert main(["export-widgets", "--out", str(site)]) == 2
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_a_page_lives_without_a_network(site, offline, name):
    offline.goto((site / f"{name}.html").as_uri())
    offline.wait_for_selector(".ifcn canvas")
    sliders = offline.locator("input[type=range]")
    for n in range(sliders.count()):
        for key in ("Home", "End", "Home"):
            sliders.nth(n).press(key)
    offline.evaluate(SETTLED)
    assert len(offline.locator(".ifcn-words").inner_text()) > 20
    named = offline.evaluate(
        "() => Array.from(document.querySelectorAll('.ifcn-sheet, input'))"
        ".every((e) => e.ariaLabel || e.labels?.length)")
    assert named
    assert offline.errors == []


SCREENSHOTS = Path(__file__).parent / ".screenshots"  # to be looked at; not in git
CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const canvas = document.createElement('canvas').getContext('2d');
  const bytes = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return `rgb(${Array.from(canvas.getImageData(0, 0, 1, 1).data).join(',')})`;
  };
  const paper = light(bytes(getComputedStyle(document.querySelector('.ifcn'))
    .backgroundColor));
  const texts = document.querySelectorAll(
    '.ifcn-words, figcaption, .ifcn label, .ifcn legend, .ifcn button');
  return Array.from(texts).map((e) => {
    const ink = light(bytes(getComputedStyle(e).color));
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  });
}"""


@pytest.mark.parametrize("offline", ["light", "dark"], indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_text_can_be_read_in_light_and_dark_and_a_picture_is_taken(
    site, offline, name, request
):
    offline.goto((site / f"{name}.html").as_uri())
    offline.wait_for_selector(".ifcn canvas")
    offline.evaluate(SETTLED)
    assert min(offline.evaluate(CONTRAST)) >= 4.5  # WCAG AA
    SCREENSHOTS.mkdir(exist_ok=True)
    scheme = request.node.callspec.params["offline"]
    path = SCREENSHOTS / f"{name}-{scheme}.png"
    offline.screenshot(path=path)
    with Image.open(path) as picture:
        colours = picture.convert("RGB").getcolors(maxcolors=1 << 20)
    assert len(colours) > 50  # not blank


def test_the_index_reads_as_a_tour_with_every_widget_in_it(site, offline):
    offline.goto((site / "index.html").as_uri())
    headings = offline.locator("h1, h2").all_inner_texts()
    assert headings == ["Score maps under your hand", *(s.title for s in tour.stops())]
    for frame in offline.frames[1:]:
        frame.frame_element().scroll_into_view_if_needed()  # out of sight none paints
        frame.wait_for_selector(".ifcn canvas")
        frame.evaluate(SETTLED)
        heights = frame.evaluate(
            "() => [document.documentElement.scrollHeight, innerHeight]")
        assert heights[0] <= heights[1] + 1, frame.url  # nothing is cut off
    assert len(offline.frames) == len(NAMES) + 1
    assert offline.errors == []
