"""YOLACT beside the Playground: opened by a button, and both say what Python says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ifcn_lab import InstanceFCN
from ifcn_lab.widgets.playground import APART, LARGE, TOUCHING, Playground
from tests.test_widget_playground import (
    NO_WORKER,
    STRICT,
    answered,
    drag,
    press,
    says_what_python_says,
)

BUTTON = "see it with YOLACT too"
COUNTED = """globalThis.workers = 0;
const Real = globalThis.Worker;
globalThis.Worker = class extends Real {
  constructor(...given) { super(...given); globalThis.workers += 1; }
};"""
TITLES = """() => [...document.querySelectorAll('.ifcn-panel')].filter((panel) =>
  panel.checkVisibility()).map((panel) => panel.firstChild.textContent)"""
PICTURES = """() => ['a', 'e'].map((area) =>
  [...document.querySelectorAll('.ifcn-panel')].find((panel) =>
    panel.style.gridArea.startsWith(area)).lastChild.getBoundingClientRect().toJSON())"""


def titles(page: object) -> list[str]:
    return page.page.evaluate(TITLES)


def test_nothing_of_it_runs_until_its_button_is_pressed(opened: Callable) -> None:
    page = opened(Playground(), init=COUNTED)
    answered(page)
    assert page.page.evaluate("workers") == 1 and "YOLACT" not in page.words()
    press(page, BUTTON)
    assert says_what_python_says(page).endswith("Beside it YOLACT finds 2 of 2.")
    assert page.page.evaluate("workers") == 2 and page.errors == []


def test_its_picture_takes_the_place_of_the_maps_and_gives_it_back(
    opened: Callable,
) -> None:
    page = opened(Playground())
    closed = titles(page)
    assert closed == ["drag a shape", "25 score maps", "objectness", "its window"]
    press(page, BUTTON)
    answered(page)
    assert titles(page) == ["InstanceFCN finds 2 of 2", "objectness", "its window",
                            "YOLACT finds 2 of 2"]
    press(page, BUTTON)
    answered(page)
    assert titles(page) == closed and "YOLACT" not in page.words()


def test_both_follow_a_dragged_shape(opened: Callable) -> None:
    page = opened(Playground())
    press(page, BUTTON)
    drag(page, (64, 92), (64, 82))
    assert page.get("shapes")[1]["x"] == 82
    assert says_what_python_says(page).endswith("Beside it YOLACT finds 2 of 2.")


def test_a_shape_larger_than_the_window_is_found_by_one_alone(opened: Callable) -> None:
    page = opened(Playground())
    press(page, "one that YOLACT finds")
    said = says_what_python_says(page)
    assert page.get("shapes") == LARGE
    assert "It finds 0 of 1" in said and said.endswith("Beside it YOLACT finds 1 of 1.")
    press(page, "delete")
    assert says_what_python_says(page) == "No shape is drawn: add one."
    press(page, "start again")
    assert says_what_python_says(page) == Playground().words()
    assert page.get("shapes") == APART and page.errors == []


def test_a_long_bar_is_cut_into_pieces(opened: Callable) -> None:
    page = opened(Playground())
    press(page, "the case where it fails")
    press(page, BUTTON)
    said = says_what_python_says(page)
    assert said.endswith("Beside it YOLACT finds 0 of 1, cuts 1 into pieces.")


def test_python_opens_it_too(opened: Callable) -> None:
    page = opened(Playground())
    page.set(beside=True, shapes=TOUCHING)
    assert "touching" in says_what_python_says(page)
    assert titles(page)[-1] == "YOLACT finds 2 of 2"


# Where a page may do less


def test_without_a_worker_both_think_between_two_frames(opened: Callable) -> None:
    page = opened(Playground(), init=NO_WORKER)
    press(page, BUTTON)
    press(page, "make them touch")
    assert says_what_python_says(page).endswith("Beside it YOLACT finds 2 of 2.")
    assert page.errors == []


def test_without_webassembly_both_think_in_plain_javascript(
    browser: object, tmp_path: Path
) -> None:
    path, page = tmp_path / "widget.html", browser.new_page()
    widget = Playground(InstanceFCN.from_pretrained("scenes-instancefcn"))
    path.write_text(widget.html().replace("<head>", f"<head>\n{STRICT}", 1), "utf-8")
    page.goto(path.as_uri())
    page.get_by_role("button", name=BUTTON).press("Enter")
    page.wait_for_selector(".ifcn[data-by=JavaScript]")
    page.wait_for_function("() => document.querySelector('.ifcn-words').textContent"
                           ".includes('Beside it')")
    words = page.locator(".ifcn-words").inner_text()
    page.close()
    widget.beside = True
    assert words == widget.words()


@pytest.mark.parametrize("width", [390, 648, 1200])
def test_both_pictures_are_in_view_side_by_side_alike(
    opened: Callable, width: int
) -> None:
    page = opened(Playground())
    page.page.set_viewport_size({"width": width, "height": 664})
    press(page, BUTTON)
    answered(page)
    own, other = page.page.evaluate(PICTURES)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    for side in ("top", "width", "height"):
        assert abs(own[side] - other[side]) < 1
    assert own["right"] < other["left"] and other["bottom"] < 664
