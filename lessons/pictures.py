"""Make the README's pictures of the widgets: `python -m lessons.pictures`.

They are taken in a real browser from the widgets' own files; Chromium must be there.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from ifcn_lab.widgets import Playground, tour
from ifcn_lab.widgets.playground import TOUCHING
from lessons import stills

FOLDER = Path(__file__).parent / "pictures"
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
        page.evaluate(stills.SETTLED)
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


def drawn(states: list[dict[str, int]]) -> list[Image.Image]:
    """Pictures of the Assembler in these states."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=stills.chromium(),
                                             args=["--no-sandbox"],
                                             timeout=stills.PATIENCE)
        page = browser.new_page(viewport=stills.SCREEN, color_scheme="light")
        page.set_content(page_of("assembler"))
        page.wait_for_selector(".ifcn", timeout=stills.PATIENCE)
        frames = moving(page, states)
        browser.close()
    return frames


def page_of(name: str) -> str:
    """The page of a stop of the tour."""
    return next(stop.make().html() for stop in tour.stops() if stop.name == name)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    walked = walk()
    save_moving(drawn(walked), walked, FOLDER / "assembler.gif")
    pages = {"explorer": page_of("explorer"),
             "playground": Playground(shapes=TOUCHING).html()}
    for name, png in zip(pages, stills.taken(list(pages.values())), strict=True):
        (FOLDER / f"{name}.png").write_bytes(png)
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")
