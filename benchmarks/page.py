"""How long the network takes in a page, and which layers take it.

    python -m benchmarks.page

The forward pass of a picture of 128 x 128 in Chromium: plain JavaScript and
WebAssembly, the light backbone and the small one. Told are the median and the fastest
run, as other work on the machine lengthens all but the fastest; and where the fastest
goes, by the layers' distance of two places in the picture. Then the Playground itself:
a shape is dragged for some seconds, 60 moves a second, and counted are the frames that
show a mask for the first time, so what a reader sees, and the tasks that are too long.
"""

from __future__ import annotations

import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np

from ifcn_lab import InstanceFCN, scenes
from ifcn_lab.widgets import Playground, front_end
from ifcn_lab.widgets.layer_list import layer_list

RUNS = {True: 40, False: 7}
DRAGS, SECONDS = 3, 5
TIMES = """(given) => {
  CODE
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const halves = new Uint16Array(bytes(given.weights).buffer);
  const network = new Network(given.told, halves,
                              given.wasm ? bytes(CONVOLUTION) : null);
  const pixels = bytes(given.pixels);
  const runs = [];
  for (let n = 0; n < given.runs; n++) {
    const began = performance.now();
    const [rows, spent] = [[], given.told.layers.map(() => 0)];
    network.run(pixels, 128, 128);
    const whole = performance.now() - began;
    let at = performance.now();
    given.told.layers.forEach((layer, l) => {
      const count = layer.kind === "enlarging" ? 1 : network.planes[l + 1].H;
      rows.push(...Array(count).fill(l));
    });
    let row = 0;
    for (const step of network.steps(pixels, 128, 128)) {
      void step;
      const now = performance.now();
      spent[rows[row++]] += now - at;
      at = now;
    }
    runs.push({ whole, spent });
  }
  return { kind: network.kind, runs,
           places: network.planes.slice(1).map(({ H }) => H) };
}"""
FIRST = """addEventListener('DOMContentLoaded', () => {
  const look = () => {
    if (document.querySelector('.ifcn-words')?.textContent) {
      globalThis.firstSaid = performance.now();
    } else requestAnimationFrame(look);
  };
  look();
});"""
HAND = """const seen = new WeakSet();
globalThis.painted = new Set();
globalThis.frame = 0;
const { stroke } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.stroke = function (...path) {
  if (path[0] instanceof Path2D && !seen.has(path[0])) { // a mask not painted before
    seen.add(path[0]);
    painted.add(frame);
  }
  return stroke.apply(this, path);
};"""
DRAG = """(seconds) => new Promise((done) => {
  const [long, sheet] = [[], document.querySelector(".ifcn-sheet")];
  new PerformanceObserver((list) => long.push(...list.getEntries()
    .map(({ duration }) => duration))).observe({ type: "longtask" });
  const box = sheet.getBoundingClientRect();
  sheet.setPointerCapture = () => {};
  const send = (type, y, x) => sheet.dispatchEvent(new PointerEvent(type, {
    bubbles: true, pointerId: 1, buttons: 1, pointerType: "mouse",
    clientX: box.left + x / 128 * box.width,
    clientY: box.top + y / 128 * box.height }));
  const count = () => { frame += 1; requestAnimationFrame(count); };
  count();
  send("pointerdown", 64, 36);
  painted.clear();
  const [began, before] = [performance.now(), frame];
  let moves = 0;
  const timer = setInterval(() => {
    const passed = (performance.now() - began) / 1000;
    if (passed < seconds) {
      moves += 1;
      send("pointermove", 64 + 30 * Math.sin(2.1 * passed),
           50 + 25 * Math.sin(3.3 * passed));
      return;
    }
    clearInterval(timer);
    done({ long, moves: moves / passed, frames: (frame - before) / passed,
           answers: painted.size / passed });
  }, 1000 / 60);
})"""


def timed(page: Any, model: InstanceFCN, wasm: bool) -> dict[str, Any]:
    """What the runs of one network took, in a blank page."""
    listed, image = layer_list(model), scenes.make(1_000_000).image
    code = front_end.joined("convolution.js") + front_end.joined("network.js")
    given = {"told": listed.told(), "wasm": wasm, "runs": RUNS[wasm],
             "weights": b64encode(listed.weights).decode(),
             "pixels": b64encode(image.tobytes()).decode()}
    return page.evaluate(TIMES.replace("CODE", code), given)


def told(name: str, model: InstanceFCN, found: dict[str, Any]) -> str:
    """One line of the table: the time of a run, and where the fastest goes."""
    whole = [run["whole"] for run in found["runs"]]
    spent = np.min([run["spent"] for run in found["runs"]], axis=0)
    share = spent / spent.sum()
    layers = layer_list(model).layers
    by: dict[str, float] = {}
    for layer, H, part in zip(layers, found["places"], share, strict=True):
        key = layer["kind"] if layer["kind"] == "enlarging" else f"stride {128 // H}"
        by[key] = by.get(key, 0) + part
    heads = share[-4:].sum()
    where = ", ".join(f"{key} {value:.0%}" for key, value in by.items())
    return (f"{name:6} {found['kind']:12} median {np.median(whole):7.1f} ms, fastest "
            f"{min(whole):7.1f} ms; {where}; of it both heads {heads:.0%}")


def dragged(browser: Any, name: str, path: Path) -> str:
    """What dragging a shape of the Playground in this file takes."""
    page = browser.new_page(reduced_motion="reduce")
    page.add_init_script(FIRST + HAND)
    page.goto(path.as_uri())
    page.wait_for_selector(".ifcn[data-by=WebAssembly]")
    page.wait_for_timeout(500)
    first, found = page.evaluate("firstSaid"), page.evaluate(DRAG, SECONDS)
    page.close()
    return (f"{name:6} Playground, {path.stat().st_size / 1e6:.2f} MB: recorded answer "
            f"after {first:.0f} ms; a second of {found['moves']:.0f} moves has "
            f"{found['frames']:.0f} frames, {found['answers']:.1f} with a new answer; "
            f"tasks over 50 ms on the main thread: {len(found['long'])}, longest "
            f"{max(found['long'], default=0):.0f} ms")


def main() -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    from lessons.stills import chromium

    nets = {"light": InstanceFCN.from_pretrained("scenes-instancefcn"),
            "small": InstanceFCN(backbone="small").eval()}
    if chromium() is None:
        print("page: there is no Chromium")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(),
                                             args=["--no-sandbox"])
        for name, model in nets.items():
            for wasm in (True, False):
                print(told(name, model, timed(browser.new_page(), model, wasm)))
            with tempfile.TemporaryDirectory() as folder:
                path = Playground(model).save_html(Path(folder) / "playground.html")
                for _ in range(DRAGS):
                    print(dragged(browser, name, path), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
