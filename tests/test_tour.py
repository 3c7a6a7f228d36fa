"""All widgets as pages: what `export-widgets` writes, opened from disk, offline."""

import re

import pytest

from ifcn_lab.__main__ import main
from ifcn_lab.widgets import tour

NAMES = [stop.name for stop in tour.stops()]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    patch = pytest.MonkeyPatch()
    patch.setattr(tour, "RECORDED_STEPS", 4)  # as many as a test needs
    assert main(["export-widgets", "--out", str(folder)]) == 0
    patch.undo()
    return folder


@pytest.fixture
def offline(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("requestfailed", lambda request: page.errors.append(request.url))
    yield page
    context.close()


def test_every_widget_of_the_course_is_on_the_tour():
    from ifcn_lab.widgets import __all__

    assert {type(stop.make()).__name__ for stop in tour.stops() if stop.name != "monitor"
            } | {"TrainingMonitor"} == set(__all__)


def test_there_is_a_page_for_every_stop_and_none_is_large(site):
    pages = {path.name: path.stat().st_size for path in site.iterdir()}
    assert set(pages) == {f"{name}.html" for name in NAMES} | {"index.html"}
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
    offline.wait_for_timeout(700)
    assert len(offline.locator(".ifcn-words").inner_text()) > 20
    named = offline.evaluate(
        "() => Array.from(document.querySelectorAll('.ifcn-sheet, input'))"
        ".every((e) => e.ariaLabel || e.labels?.length)")
    assert named
    assert offline.errors == []


def test_the_index_reads_as_a_tour_with_every_widget_in_it(site, offline):
    offline.goto((site / "index.html").as_uri())
    headings = offline.locator("h1, h2").all_inner_texts()
    assert headings == ["Score maps under your hand", *(s.title for s in tour.stops())]
    offline.wait_for_timeout(1500)
    for frame in offline.frames[1:]:
        assert frame.locator("canvas").count() > 0, frame.url
        heights = frame.evaluate(
            "() => [document.documentElement.scrollHeight, innerHeight]")
        assert heights[0] <= heights[1] + 1, frame.url  # nothing is cut off
    assert len(offline.frames) == len(NAMES) + 1
    assert offline.errors == []
