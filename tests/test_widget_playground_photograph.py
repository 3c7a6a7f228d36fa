"""A photograph in the Playground: the coins, one dropped, and what is none."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ifcn_lab.widgets.playground import OWN, Playground, coins
from tests.browser_cases import Opened
from tests.test_widget_playground import (
    NO_WORKER,
    PICTURE,
    STRICT,
    answered,
    press,
    says_what_python_says,
)

DROP = """([name, type, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, { type }));
  for (const type of ["dragover", "drop"]) {
    document.querySelector(".ifcn-sheet").dispatchEvent(new DragEvent(type,
      { dataTransfer: files, bubbles: true, cancelable: true }));
  }
}"""
LONG = """() => {
  globalThis.long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries()
    .map(({ duration }) => duration))).observe({ type: "longtask" });
}"""


def png(picture: np.ndarray) -> bytes:
    with BytesIO() as file:
        Image.fromarray(picture).save(file, "png")
        return file.getvalue()


def choose(page: Opened, name: str, content: bytes) -> str:
    """Choose a file by the button's chooser; what is said of it."""
    page.page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "", "buffer": content})
    answered(page)
    return page.words()


def shown_size(page: Opened) -> tuple[int, int]:
    return tuple(page.page.evaluate(
        "(({ width, height }) => [width, height])"
        "(document.querySelector('.ifcn-stack canvas'))"))


def test_the_coins_are_there_to_begin_with(opened: Callable) -> None:
    page = opened(Playground())
    press(page, "the coins")
    said = says_what_python_says(page)
    assert said.startswith("A photograph, 384 x 303 pixels, seen at 3 zooms.")
    assert shown_size(page) == (384, 303)
    seen = np.array(page.pixels(".ifcn-stack canvas")).reshape(303, 384, 4)
    assert (seen[..., :3] == coins()[..., None]).all()
    press(page, "k = 1")
    says_what_python_says(page)
    press(page, "shuffle the channels")
    says_what_python_says(page)
    press(page, "back to the drawing")
    press(page, "start again")
    assert "finds 2 of 2" in says_what_python_says(page) and page.errors == []
    assert shown_size(page) == (128, 128)


def test_its_proposals_are_chosen_by_keyboard_and_by_hand(opened: Callable) -> None:
    page, twin = opened(Playground()), Playground()
    press(page, "the coins")
    answered(page)                                          # before, there are none
    twin.seen = "coins"
    levels = twin.proposals().windows[:, 0]
    other = int(np.flatnonzero(levels != levels[0])[0])     # the best of another zoom
    for _ in range(other):
        page.page.locator(PICTURE).press("ArrowRight")
        page.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert f"zoom {twin.zooms[levels[other]]:.2f}" in says_what_python_says(page)
    assert page.get("chosen") == other
    for key in ("d", "Delete", "+", "Enter"):               # of shapes; none is seen
        page.page.locator(PICTURE).press(key)
    assert page.get("shapes") == page.get("start")
    box = page.page.locator(PICTURE).bounding_box()
    page.page.mouse.click(box["x"] + 46 / 384 * box["width"],
                          box["y"] + 124 / 303 * box["height"])
    assert page.get("chosen") not in (-1, other)
    says_what_python_says(page)
    assert page.errors == []


def test_a_dropped_photograph_is_looked_at_and_stays_in_the_page(
    opened: Callable,
) -> None:
    page, widget = opened(Playground()), Playground()
    page.page.evaluate(DROP, ["mine.png", "image/png",
                              b64encode(png(coins()[40:190])).decode()])
    answered(page)
    assert page.get("seen") == "own"
    assert page.words().startswith("A photograph, 384 x 150 pixels, seen at 3 zooms.")
    state = page.page.evaluate("Object.keys(ifcnModel.values)")
    assert sorted(state) == sorted(widget._state())          # nothing was added
    widget.seen = "own"
    assert widget.words() == widget.describe() == OWN
    said = choose(page, "another.png", png(coins()[:100, :90]))
    assert said.startswith("A photograph, 90 x 100 pixels") and page.errors == []


def test_twenty_megapixels_are_reduced(opened: Callable) -> None:
    large = Image.fromarray(coins()).resize((5200, 4000), Image.Resampling.BILINEAR)
    with BytesIO() as file:
        large.save(file, "jpeg")
        content = file.getvalue()
    page = opened(Playground())
    said = choose(page, "large.jpg", content)
    assert said.startswith("A photograph, 5200 x 4000 pixels, reduced to 480 x 369, "
                           "seen at 3 zooms. ")
    assert int(said.partition("zooms. ")[2].partition(" ")[0]) > 20
    assert shown_size(page) == (480, 369) and page.errors == []


@pytest.mark.parametrize(("name", "content", "said"), [
    ("dot.png", png(np.zeros((1, 1), np.uint8)),
     "dot.png is a picture of 1 x 1 pixels, too small to hold an object: choose a "
     "larger one."),
    ("notes.txt", b"No picture.",
     "notes.txt is no picture that a browser can open: choose a PNG, JPEG or WebP."),
    ("empty.png", b"",
     "empty.png is no picture that a browser can open: choose a PNG, JPEG or WebP.")])
def test_what_cannot_be_looked_at_is_told(
    opened: Callable, name: str, content: bytes, said: str
) -> None:
    page = opened(Playground())
    assert choose(page, name, content) == said
    press(page, "back to the drawing")
    assert "finds 2 of 2" in says_what_python_says(page) and page.errors == []


def test_without_a_worker_a_photograph_is_looked_at_too(opened: Callable) -> None:
    page = opened(Playground(), init=NO_WORKER)
    press(page, "the coins")
    assert "A photograph" in says_what_python_says(page)
    assert page.errors == []


def test_without_webassembly_a_photograph_is_looked_at_too(
    browser: object, tmp_path: Path
) -> None:
    path, page = tmp_path / "widget.html", Opened(browser.new_page())
    path.write_text(Playground().html().replace("<head>", f"<head>\n{STRICT}", 1),
                    "utf-8")
    page.page.goto(path.as_uri())
    page.page.wait_for_selector(".ifcn[data-by=JavaScript]")
    said = choose(page, "mine.png", png(coins()[:64, :72]))
    assert said.startswith("A photograph, 72 x 64 pixels, seen at 3 zooms.")
    page.page.close()


def test_progress_is_shown_while_it_is_looked_at(opened: Callable) -> None:
    page = opened(Playground())
    page.page.evaluate("""() => {
      globalThis.shown = [];
      const bar = document.querySelector(".ifcn progress");
      new MutationObserver(() => bar.hidden || shown.push(bar.value)).observe(
        bar, { attributes: true });
    }""")
    press(page, "the coins")
    answered(page)
    shown = page.page.evaluate("shown")
    assert shown == sorted(shown) and 0 < max(shown, default=0) <= 1
    assert page.page.locator(".ifcn progress").is_hidden()


def test_the_page_moves_while_a_photograph_is_looked_at(opened: Callable) -> None:
    # Other work on the machine lengthens a task, so one good try of many is enough.
    page = opened(Playground())
    answered(page)
    page.page.evaluate(LONG)
    assert any(no_task_is_long(page) for _ in range(20))


def no_task_is_long(page: Opened) -> bool:
    """Whether no task takes more than 50 ms from the button to the outlines."""
    page.page.evaluate("long.length = 0")
    press(page, "the coins")
    answered(page)
    longest = page.page.evaluate("Math.max(0, ...long)")
    press(page, "back to the drawing")
    return longest == 0
