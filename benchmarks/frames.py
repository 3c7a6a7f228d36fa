"""How long a drag takes to be painted, in a real browser: the frame budget.

    python -m benchmarks.frames

The Assembler with k = 7, m = 21 on maps of 100 x 133 is opened from its own file, and
its window is dragged by the mouse. From each pointer event to the end of the frame that
shows it: the script's own work, and the frame it falls in. A screen of 60 Hz shows a
frame every 16.7 ms. The budget: median 16 ms, 95th percentile 33 ms of work.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from ifcn_lab.widgets import Assembler, tour

MOVES = 200
STATIC_MB, CREATION_MS = 1.5, 150
MEASURE = """(moves) => new Promise((done) => {
  const sheet = document.querySelector('.ifcn-sheet');
  const box = sheet.getBoundingClientRect();
  const times = [];
  let n = 0;
  const send = (type, n) => sheet.dispatchEvent(new PointerEvent(type, {
    bubbles: true, pointerId: 1, buttons: 1,
    clientX: box.left + box.width * (0.1 + 0.8 * Math.abs(Math.sin(n / 9))),
    clientY: box.top + box.height * (0.1 + 0.8 * Math.abs(Math.cos(n / 7))) }));
  sheet.setPointerCapture = () => {};
  send('pointerdown', 0);
  const step = () => {
    const start = performance.now();
    send('pointermove', n);
    // The widget draws in the next animation frame; this runs right after it, in the
    // same frame, and the message comes once the frame was handed over for painting.
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        times.push(performance.now() - start);
        n += 1;
        if (n < moves) setTimeout(step, 5);
        else done(times);
      };
      channel.port2.postMessage(null);
    });
  };
  step();
})"""


def large() -> Assembler:
    """Random score maps, 49 of 100 x 133."""
    maps = np.random.default_rng(0).normal(size=(49, 100, 133)).astype(np.float32)
    return Assembler.from_maps(maps, m=21, center=(50, 66))


def drag_times(path: Path, browser: str) -> np.ndarray:
    """Milliseconds from each pointer event to its painted frame."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        args = ["--no-sandbox"]
        found = playwright.chromium.launch(executable_path=browser, args=args)
        page = found.new_page(viewport={"width": 1280, "height": 800})
        page.goto(path.as_uri())
        page.wait_for_selector(".ifcn")
        page.wait_for_timeout(500)
        page.evaluate(MEASURE, 30)
        times = page.evaluate(MEASURE, MOVES)
        found.close()
    return np.array(times)


def costs() -> dict[str, tuple[float, float]]:
    """For each widget of the tour: milliseconds to make and store it, and megabytes.

    Its network or film is loaded anew each time, which a notebook does once.
    """
    found = {}
    for stop in tour.stops():
        times = []
        for _ in range(4):
            start = time.perf_counter()
            widget = stop.make()
            widget._repr_mimebundle_()
            times.append(1000 * (time.perf_counter() - start))
        size = len(widget.html().encode()) / 1e6
        found[stop.name] = (float(np.median(times[1:])), size)
    return found


def main() -> None:
    """Print the frame budget, and each widget's time to be made and its file's size."""
    from lessons.stills import chromium

    print(f"each widget made and stored in a cell (at most {CREATION_MS} ms), and its "
          f"own file (at most {STATIC_MB} MB)")
    for name, (milliseconds, size) in costs().items():
        print(f"  {name:10} {milliseconds:4.0f} ms  {size:.2f} MB")
    if (browser := chromium()) is None:
        print("no Chromium here: the frame budget was not measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        times = drag_times(large().save_html(Path(folder) / "large.html"), browser)
    middle, slow = np.percentile(times, [50, 95])
    print(f"drag to paint, k = 7, m = 21, maps 100 x 133, {MOVES} moves: median "
          f"{middle:.1f} ms (at most 16), 95th percentile {slow:.1f} ms (at most 33)")


if __name__ == "__main__":
    main()
