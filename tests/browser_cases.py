"""A real browser for the widgets: Chromium, with the network blocked.

Without a browser the tests that ask for one are skipped and say so;
`lessons.stills` finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lessons.stills import PATIENCE, SETTLED, chromium

LAPTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One Chromium for all tests; each wait in it may take ten minutes."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: install Debian's package chromium, or name one in "
                    "IFCN_LAB_CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"], timeout=PATIENCE)
        found.new_context = patient(found.new_context)
        found.new_page = patient(found.new_page)
        yield found
        found.close()


def patient(make: Callable[..., object]) -> Callable[..., object]:
    """Let what is made wait as long as a slow machine needs, and play nothing."""

    def made(**options: object) -> object:
        found = make(**{"reduced_motion": "reduce", **options})
        found.set_default_timeout(PATIENCE)
        return found

    return made


class Opened:
    """A widget's file of its own, opened from disk, with what the console said."""

    def __init__(self, page: object) -> None:
        self.page, self.errors = page, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: object) -> None:
        # The tests read canvases back; the browser's advice on that is not for us.
        ours = "willReadFrequently" not in message.text
        if message.type in ("error", "warning") and ours:
            self.errors.append(message.text)

    def get(self, name: str) -> object:
        """A trait as the front end has it."""
        return self.page.evaluate("name => ifcnModel.get(name)", name)

    def set(self, **values: object) -> None:
        """Set traits as Python would."""
        self.page.evaluate(
            "values => { for (const [n, v] of Object.entries(values)) "
            "ifcnModel.set(n, v); }", values)
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for is painted and said."""
        self.page.evaluate(SETTLED)

    def words(self) -> str:
        """What the live region says."""
        return self.page.locator(".ifcn-words").inner_text()

    def pixels(self, canvas: str) -> list[int]:
        """Red, green, blue, alpha of a canvas, given by a CSS selector."""
        return json.loads(self.page.evaluate(
            "selector => { const c = document.querySelector(selector); return "
            "JSON.stringify(Array.from(c.getContext('2d').getImageData(0, 0, c.width, "
            "c.height).data)); }", canvas))

    def sliders_to_both_ends(self) -> int:
        """Move every slider to its ends by keyboard; how many there are."""
        sliders = self.page.locator("input[type=range]")
        for n in range(sliders.count()):
            for key in ("Home", "End"):
                sliders.nth(n).press(key)
        self.settle()
        return sliders.count()


@pytest.fixture
def opened(browser: object, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a widget from a file; the network is blocked, errors are collected."""
    contexts = []

    def open_widget(widget: object, *, init: str = "", **options: object) -> Opened:
        context = browser.new_context(viewport=LAPTOP, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        found = Opened(page)
        page.add_init_script(init)  # runs before the page's own code
        page.goto(widget.save_html(tmp_path / "widget.html").as_uri())
        page.wait_for_selector(".ifcn")  # its numbers are inflated, which takes a while
        found.settle()
        return found

    yield open_widget
    for context in contexts:
        context.close()
