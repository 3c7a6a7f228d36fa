"""Make the README's pictures of the widgets: `python -m lessons.pictures`.

They are taken in a real browser from the widgets' own files; Chromium must be there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from ifcn_lab.widgets import tour
from tests.browser_cases import chromium

FOLDER = Path(__file__).parent / "pictures"
SCREEN = {"width": 1020, "height": 640}
WIDE = (800, 432)
FRAME_MS, HOLD_MS = 90, 1400


def walk() -> list[dict[str, int]]:
    """Where the window goes: from one disc to the other, then k = 1, and back to 5."""
    across = [{"k": 5, "y": 16, "x": int(x), "i": -1, "j": -1}
              for x in np.linspace(10, 22, 9).round()]
    last = across[-1]
    pixels = [last | {"i": i, "j": 16 - i // 2} for i in (4, 8, 12, 16)]
    return [*across, *pixels, last | {"k": 1}, last]


def moving(page: object, states: list[dict[str, int]]) -> list[Image.Image]:
    """A picture of the widget in each of its states."""
    frames = []
    for state in states:
        page.evaluate("s => { for (const [n, v] of Object.entries(s)) "
                      "ifcnModel.set(n, v); }", state)
        page.wait_for_timeout(650)  # the words follow twice a second
        frames.append(Image.open(BytesIO(page.locator(".ifcn").screenshot())))
    return frames


def save_moving(frames: list[Image.Image], states: list[dict], path: Path) -> None:
    """A GIF that holds where something is to be read."""
    small = [frame.convert("RGB").resize(WIDE, Image.Resampling.LANCZOS)
             for frame in frames]
    few = [f.quantize(200, kmeans=2, dither=Image.Dither.NONE) for f in small]
    holds = [HOLD_MS if n in (0, len(few) - 1) or state["k"] == 1 or state["i"] >= 0
             else FRAME_MS for n, state in enumerate(states)]
    few[0].save(path, save_all=True, append_images=few[1:], duration=holds, loop=0,
                optimize=True)


def still(page: object, path: Path) -> None:
    """A PNG of the widget as it first shows itself."""
    page.wait_for_timeout(800)
    picture = Image.open(BytesIO(page.locator(".ifcn").screenshot())).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def opened(take: Callable[[str], object]) -> None:
    """Call `take` with a function that opens a stop of the tour in a browser."""
    from playwright.sync_api import sync_playwright

    widgets = {stop.name: stop.make for stop in tour.stops()}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(),
                                             args=["--no-sandbox"])

        def show(name: str) -> object:
            page = browser.new_page(viewport=SCREEN, color_scheme="light")
            page.goto(widgets[name]().save_html(Path(folder) / f"{name}.html").as_uri())
            page.wait_for_selector(".ifcn")
            return page

        take(show)
        browser.close()


def take(show: Callable[[str], object]) -> None:
    """The pictures that the README shows."""
    states = walk()
    frames = moving(show("assembler"), states)
    save_moving(frames, states, FOLDER / "assembler.gif")
    still(show("explorer"), FOLDER / "explorer.png")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    opened(take)
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")
