// Another method beside the Playground's own network: its picture, which a button opens.

import { Engine } from "./engine.js";
import { drawFound } from "./outlines.js";
import { button, inscribe, numbers, put } from "./page.js";
import { sharedPixels } from "./painting.js";
import { Panel } from "./panel.js";

/** IoU from which a shape counts as found, as in Python. */
export const FOUND = 0.7;
const OPEN = { wide: '"a e c" "a e d" / 10fr 10fr 5fr',
               narrow: '"a e" "c d" / 1fr 1fr' };

/** The same words as Python's `verdict`: how many are found, and which mistakes are made. */
export function verdict(name, { owner, shapes: { length: count }, w }, found) {
  const areas = new Array(count + 1).fill(0);
  for (const each of owner) areas[each] += 1;
  const [hit, pieces] = [new Array(count).fill(false), new Array(count).fill(0)];
  let joined = 0;
  for (const one of found) {
    const shared = sharedPixels(one, owner, count, w);
    const own = shared.reduce((sum, each) => sum + each, 0);
    const covered = shared.slice(1).map((both, n) => {
      if (both / Math.max(areas[n + 1] + own - both, 1) >= FOUND) hit[n] = true;
      if (2 * both >= own) pieces[n] += 1;
      return 2 * both >= Math.max(areas[n + 1], 1);
    });
    joined = Math.max(joined, covered.filter(Boolean).length);
  }
  const hits = hit.filter(Boolean).length;
  const cut = pieces.filter((masks, n) => masks >= 2 && !hit[n]).length;
  return `${name} finds ${hits} of ${count}`
    + (joined >= 2 && hits < count ? `, joins ${joined}` : "")
    + (cut ? `, cuts ${cut} into pieces` : "");
}

/**
 * The rival's picture takes the place of the score maps while it is open. `picture` is
 * the widget's own, `maps` what makes room, and `then` is called with each answer.
 */
export class Rival {
  constructor(scene, model, { stage, picture, maps, then }) {
    Object.assign(this, { scene, model, stage, picture, maps, then, found: [] });
    this.panel = new Panel({ title: "YOLACT", columns: scene.w, rows: scene.h, width: 380,
                             label: "the same picture, with what YOLACT finds" });
    this.panel.root.style.gridArea = "e";
    this.panel.root.hidden = true;
    this.closed = stage.root.getAttribute("style");
    this.title = picture.root.firstChild.textContent;
    stage.root.append(this.panel.root);
    this.button = button("see it with YOLACT too", () =>
      put(model, { beside: !model.get("beside") }));
  }

  get open() {
    return this.model.get("beside") && this.scene.isDrawing;
  }

  get isAnswered() {
    return !this.open || this.answered === this.scene.key;
  }

  /** Show it or take it away, and have it look at what is drawn now. */
  follow() {
    const { open, panel, stage, scene, model } = this;
    if (panel.root.hidden === open) {
      panel.root.hidden = !open;
      this.maps.root.hidden = open;
      stage.root.setAttribute("style", this.closed);
      stage.root.classList.toggle("ifcn-two", open);
      for (const [name, grid] of Object.entries(open ? OPEN : {})) {
        stage.root.style.setProperty(`--${name}`, grid);
      }
    }
    this.button.setAttribute("aria-pressed", String(open));
    this.button.hidden = !scene.isDrawing;
    const ready = model.get("rival_weights")?.byteLength; // a page has them later
    if (open && ready && this.asked !== scene.key) this.ask();
    this.draw();
  }

  ask() {
    const { scene, model, picture } = this;
    this.asked = scene.key;
    this.panel.low.getContext("2d").drawImage(picture.low, 0, 0);
    this.engine ??= new Engine(
      { told: model.get("rival_told"), wishes: model.get("rival_wishes"),
        halves: numbers(model, "rival_weights", Uint16Array) },
      (key, answer) => {
        [this.answered, this.found] = [key, answer.found];
        this.then();
      });
    this.engine.ask({ key: scene.key, pixels: scene.pixels, h: scene.h, w: scene.w });
  }

  draw() {
    const { open, panel, picture, scene, model } = this;
    const title = (name, answered, found) => (answered
      ? verdict(name, scene, found).split(",")[0] : `${name} is looking`);
    inscribe(picture.root.firstChild, open
      ? title("InstanceFCN", scene.isAnswered, scene.found)
      : scene.isDrawing ? this.title : "click on a mask");
    if (!open) return;
    inscribe(panel.root.firstChild, title("YOLACT", this.isAnswered, this.found));
    panel.clear();
    drawFound(panel, this.found, model.get("mask_colours"));
  }

  /** The same words as Python's `rival_words`. */
  words() {
    if (!this.open || !this.scene.shapes.length) return "";
    return this.isAnswered ? ` Beside it ${verdict("YOLACT", this.scene, this.found)}.`
      : " YOLACT is looking.";
  }

  stop() {
    this.engine?.stop();
  }
}
