"""How long the network takes in a page, and which layers take it.

    python -m benchmarks.page

The forward pass of a picture of 128 x 128 in Chromium: plain JavaScript and
WebAssembly, the light backbone and the small one. Told are the median and the fastest
run, as other work on the machine lengthens all but the fastest; and where the fastest
goes, by the layers' distance of two places in the picture. Then the Playground itself:
from a drawing to the answer, masks included, and the longest task of the page while a
shape is dragged.
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
DRAG = """async () => {
  const long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries()
    .map(({ duration }) => duration))).observe({ type: "longtask" });
  const [root, times] = [document.querySelector(".ifcn"), []];
  const start = ifcnModel.get("shapes");
  for (let n = 0; n < 40; n++) {
    const shapes = [{ ...start[0], x: 30 + n }, start[1]];
    const key = JSON.stringify([ifcnModel.get("k"), false, shapes, 100, 0]);
    const began = performance.now();
    ifcnModel.set("shapes", shapes);
    while (root.dataset.answered !== key) {
      await new Promise((done) => requestAnimationFrame(done));
    }
    times.push(performance.now() - began);
  }
  return { times, long };
}"""


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


def dragged(browser: Any, name: str, model: InstanceFCN) -> str:
    """What dragging a shape of the Playground takes."""
    with tempfile.TemporaryDirectory() as folder:
        page = browser.new_page(reduced_motion="reduce")
        page.add_init_script(FIRST)
        path = Playground(model).save_html(Path(folder) / "playground.html")
        page.goto(path.as_uri())
        page.wait_for_selector(".ifcn[data-by=WebAssembly]")
        first, found = page.evaluate("firstSaid"), page.evaluate(DRAG)
        weight = path.stat().st_size
    times = found["times"]
    return (f"{name:6} Playground, {weight / 1e6:.2f} MB: recorded answer after "
            f"{first:.0f} ms; drawing to painted answer median {np.median(times):.0f} "
            f"ms, fastest {min(times):.0f} ms; tasks over 50 ms on the "
            f"main thread: {len(found['long'])} of {len(times)}, longest "
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
            print(dragged(browser, name, model), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
