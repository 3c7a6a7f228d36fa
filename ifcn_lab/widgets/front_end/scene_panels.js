// The Playground's panels: the picture under the hand, objectness, score maps, a window.

import { assemble } from "./assembling.js";
import { drawFound } from "./outlines.js";
import { clamp, greyImage, put } from "./page.js";
import { Panel } from "./panel.js";
import { ScoreMaps, drawParts } from "./score_maps.js";

const [INK, PAPER] = ["#1a1a1a", "#ffffff"];
const DRAWING = "your picture; arrow keys move the chosen shape, Enter chooses the next "
  + "one, plus and minus resize it, d doubles it, Delete takes it away";
const PHOTOGRAPH = "the photograph; arrow keys choose a proposal";

/** The picture: shapes to drag, outlines of what is found. */
export class Picture {
  constructor(scene) {
    this.scene = scene;
    this.colours = scene.model.get("mask_colours");
    this.panel = new Panel({ title: "drag a shape", columns: scene.w, rows: scene.h,
                             width: 380, focusable: true, label: DRAWING });
  }

  /** Show red, green and blue of each pixel. */
  paint({ pixels, w, h }) {
    const drawn = this.scene.isDrawing;
    this.panel.become({ columns: w, rows: h, label: drawn ? DRAWING : PHOTOGRAPH,
                        title: drawn ? "drag a shape" : "click on a mask" });
    const image = new ImageData(w, h);
    const { data } = image;
    for (let at = 0, from = 0; at < data.length;) {
      for (let c = 0; c < 3; c++) data[at++] = pixels[from++];
      data[at++] = 255;
    }
    this.panel.paint(image);
  }

  draw() {
    const { panel, scene: { found, chosen, selected, isDrawing } } = this;
    panel.clear();
    drawFound(panel, found, this.colours, chosen);
    if (!selected || !isDrawing) return;
    panel.grip(selected.x, selected.y);
    const { x, y } = this.handle();
    panel.fill(x - 3, y - 3, 6, 6, INK);
    panel.fill(x - 2, y - 2, 4, 4, PAPER);
  }

  /** Where the chosen shape is taken to be resized. */
  handle() {
    const { selected: { x, y, size }, w, h } = this.scene;
    const away = 0.36 * size + 3;
    return { x: clamp(x + away, 3, w - 3), y: clamp(y + away, 3, h - 3) };
  }
}

/** Objectness at each place, and the places whose windows are shown. */
export class Objectness {
  constructor(scene, model) {
    const { H, W } = scene.size;
    this.scene = scene;
    this.panel = new Panel({ title: "objectness", columns: W, rows: H, width: 190,
                             focusable: true,
                             label: "objectness; arrow keys choose a proposal" });
    this.panel.sheet.style.cursor = "pointer";
    this.panel.sheet.addEventListener("click", (event) => {
      const at = this.panel.at(event);
      const away = ({ y, x }) => Math.hypot(y + 0.5 - at.y, x + 0.5 - at.x);
      const near = this.here().map(([n, one]) => [away(one), n]);
      if (near.length) put(model, { chosen: near.sort((a, b) => a[0] - b[0])[0][1] });
    });
    this.panel.onArrows((dx, dy) => put(model, scene.neighbour(dx + dy)));
  }

  /** The proposals of the zoom that is shown. */
  here() {
    const { found, level } = this.scene;
    return [...found.entries()].filter(([, one]) => (one.level ?? 0) === level);
  }

  paint() {
    const { scores: { objectness, H, W }, level, model, answer } = this.scene;
    const zoom = answer.levels ? ` at zoom ${model.get("zooms")[level].toFixed(2)}` : "";
    this.panel.become({ columns: W, rows: H, title: "objectness",
                        label: `objectness${zoom}; arrow keys choose a proposal` });
    this.panel.paint(greyImage(objectness, W, H));
  }

  draw() {
    const { panel, scene } = this;
    const side = Math.max(2, 12 / panel.scale);
    panel.clear();
    for (const [n, { y, x }] of this.here()) {
      const corner = [x + 0.5 - side / 2, y + 0.5 - side / 2];
      panel.frame(...corner, side, side, PAPER, 4);
      panel.frame(...corner, side, side, n === scene.chosen ? INK : "#d55e00", 2);
    }
  }
}

/** The score maps, of a photograph those round the window, and the window itself. */
export class MapsAndWindow {
  constructor(scene) {
    const [{ H, W }, { m, answer: { k } }] = [scene.size, scene];
    this.scene = scene;
    this.maps = new ScoreMaps({ k, H, W }, { gap: 1, most: 380, ...this.told(k) });
    this.window = new Panel({ title: "its window", columns: m, rows: m, width: 190,
                              label: `the chosen window, ${m} x ${m}` });
  }

  told(k) {
    const near = this.scene.answer.levels ? ", the part round it" : "";
    return { title: `${k * k} score map${k === 1 ? "" : "s"}`,
             label: `${k} x ${k} score maps with the chosen window${near}` };
  }

  /** Where the part of the maps that is shown begins: all of a drawing's. */
  get corner() {
    const { scores, size, place: { y, x } } = this.scene;
    return { y: clamp(y - (size.H >> 1), 0, Math.max(0, scores.H - size.H)),
             x: clamp(x - (size.W >> 1), 0, Math.max(0, scores.W - size.W)) };
  }

  paint() {
    const { scores, answer: { k }, size } = this.scene;
    const { y, x } = this.corner;
    this.maps.become(k, this.told(k));
    const part = new Float32Array(k * k * size.H * size.W).fill(NaN);
    const [high, wide] = [Math.min(size.H, scores.H), Math.min(size.W, scores.W)];
    for (let channel = 0; channel < k * k; channel++) {
      for (let row = 0; row < high; row++) {
        const from = (channel * scores.H + y + row) * scores.W + x;
        part.set(scores.maps.subarray(from, from + wide),
                 (channel * size.H + row) * size.W);
      }
    }
    this.maps.paint(part, greyImage);
  }

  draw() {
    const { scene: { place: { y, x }, scores, m, answer: { k }, model } } = this;
    const { colours } = model.get("heads").find((head) => head.k === k);
    const { maps, H, W } = scores;
    this.maps.drawWindow(y - this.corner.y, x - this.corner.x, m, colours);
    this.window.paint(greyImage(assemble(maps, { k, m, H, W, y, x }), m, m));
    this.window.clear();
    drawParts(this.window, k, m, colours);
  }
}
