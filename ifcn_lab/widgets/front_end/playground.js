// The Playground: shapes under the hand, and what the network says of them at once.

import { assemble } from "./assembling.js";
import { actionsOf, listen, shapeSlider } from "./editing.js";
import { Engine } from "./engine.js";
import { drawFound } from "./outlines.js";
import {
  button, clamp, element, greyImage, numbers, onceAFrame, put, sorry, spoken, watch,
} from "./page.js";
import { anyTouch, bestOverlaps, painted } from "./painting.js";
import { Panel, Stage } from "./panel.js";
import { proposals } from "./pasting.js";
import { boxArea } from "./proposing.js";
import { FOUND, Rival } from "./rival.js";
import { ScoreMaps, drawParts } from "./score_maps.js";
import { greyScale, staged } from "./staging.js";

const PLACES = { wide: '"a b c" "a b d" / 10fr 10fr 5fr',
                 narrow: '"a a a" "b c d" / 5fr 4fr 4fr' };
const [INK, PAPER] = ["#1a1a1a", "#ffffff"];

/** What is drawn, and how the network's answer stands to it. */
class Scene {
  constructor(model) {
    this.model = model;
    [this.h, this.w] = model.get("image_size");
    [this.k, this.m] = [model.get("k"), model.get("m")];
    const [H, W] = model.get("map_size");
    const scores = numbers(model, "recorded");
    const cut = this.k ** 2 * H * W;
    const recorded = { H, W, maps: scores.subarray(0, cut),
                       objectness: scores.subarray(cut) };
    this.answer = { scores: recorded, kind: "recorded",
                    found: proposals(recorded, { ...model.get("wishes"), h: this.h,
                                                 w: this.w }) };
    this.recorded = [JSON.stringify([model.get("start"), false]), this.answer];
    this.follow();
  }

  /** See what is drawn now; whether it is another picture. */
  follow() {
    const { model, h, w } = this;
    const before = this.key;
    this.shapes = model.get("shapes");
    this.key = JSON.stringify([this.shapes, model.get("shuffled")]);
    if (this.key === before) return false;
    Object.assign(this, painted(this.shapes, model.get("paint"), h, w));
    if (this.key === this.recorded[0]) [this.answered, this.answer] = this.recorded;
    return true;
  }

  take(key, answer) {
    [this.answered, this.answer] = [key, answer];
  }

  get isAnswered() {
    return this.answered === this.key;
  }

  get selected() {
    return this.shapes[clamp(this.model.get("selected"), 0, this.shapes.length - 1)];
  }

  /** The chosen proposal's index: the one asked for, else the selected shape's own. */
  get chosen() {
    const { found } = this.answer;
    const asked = this.model.get("chosen");
    if (asked >= 0) return Math.min(asked, found.length - 1);
    return this.selected ? this.proposalAt(this.selected) : -1;
  }

  /** The smallest mask that holds a pixel. */
  proposalAt({ y, x }) {
    const { found } = this.answer;
    const here = found.filter(({ box: [x0, y0, x1, y1], mask }) => x >= x0 && x < x1
      && y >= y0 && y < y1 && mask[(y - y0) * (x1 - x0) + x - x0]);
    here.sort((a, b) => boxArea(a.box, 0) - boxArea(b.box, 0));
    return here.length ? found.indexOf(here[0]) : -1;
  }

  /** The place whose window is shown. */
  get place() {
    const { H, W } = this.answer.scores;
    if (this.chosen >= 0) return this.answer.found[this.chosen];
    const { y, x } = this.selected ?? { y: this.h / 2, x: this.w / 2 };
    return { y: Math.floor((y * H) / this.h), x: Math.floor((x * W) / this.w) };
  }

  /** The same words as Python's `words`. */
  words() {
    const count = this.shapes.length;
    if (count === 0) return "No shape is drawn: add one.";
    const how = count === 1 ? "alone"
      : anyTouch(this.owner, this.h, this.w) ? "touching" : "apart";
    const head = `${count} shape${count === 1 ? "" : "s"}, ${how}.`;
    if (!this.isAnswered) return `${head} The network is looking.`;
    const { found } = this.answer;
    const best = bestOverlaps(this.owner, count, found, this.w);
    const hits = best.filter((iou) => iou >= FOUND).length;
    const mixed = this.model.get("shuffled")
      ? " The maps are shuffled: each part of a window is copied from another's map." : "";
    const window = this.m * this.model.get("wishes").stride;
    const large = this.shapes.some(({ size }) => size > window)
      ? ` No mask is larger than its window, ${window} pixels: a shape here is.` : "";
    return `${head} It finds ${hits} of ${count} at IoU ${FOUND} (best IoU `
      + `${best.map((iou) => iou.toFixed(2)).join(", ")}) with ${found.length} proposal`
      + `${found.length === 1 ? "" : "s"}.${large}${mixed} ${this.chosenWords()}`;
  }

  chosenWords() {
    const one = this.answer.found[this.chosen];
    if (!one) return "No proposal lies on the chosen shape.";
    const pixels = one.mask.reduce((sum, pixel) => sum + pixel, 0);
    return `The chosen window, row ${one.y}, column ${one.x}: objectness `
      + `${one.score.toFixed(2)}, ${pixels} pixels.`;
  }
}

/** The picture: shapes to drag, outlines of what is found. */
class Picture {
  constructor(scene) {
    this.scene = scene;
    this.colours = scene.model.get("mask_colours");
    this.panel = new Panel({
      title: "drag a shape", columns: scene.w, rows: scene.h, width: 380, focusable: true,
      label: "your picture; arrow keys move the chosen shape, Enter chooses the next one, "
        + "plus and minus resize it, d doubles it, Delete takes it away",
    });
  }

  paint() {
    const { pixels, w, h } = this.scene;
    const image = new ImageData(w, h);
    for (let n = 0; n < w * h; n++) {
      for (let c = 0; c < 3; c++) image.data[4 * n + c] = pixels[3 * n + c];
      image.data[4 * n + 3] = 255;
    }
    this.panel.paint(image);
  }

  draw() {
    const { panel, scene: { answer: { found }, chosen, selected } } = this;
    panel.clear();
    drawFound(panel, found, this.colours, chosen);
    if (!selected) return;
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
class Objectness {
  constructor(scene, model) {
    const { H, W } = scene.answer.scores;
    Object.assign(this, { scene });
    this.panel = new Panel({ title: "objectness", columns: W, rows: H, width: 190,
                             focusable: true,
                             label: "objectness; arrow keys choose a proposal" });
    this.panel.sheet.style.cursor = "pointer";
    this.panel.sheet.addEventListener("click", (event) => {
      const at = this.panel.at(event);
      const away = ({ y, x }) => Math.hypot(y + 0.5 - at.y, x + 0.5 - at.x);
      const near = scene.answer.found.map((one, n) => [away(one), n]);
      if (near.length) put(model, { chosen: near.sort((a, b) => a[0] - b[0])[0][1] });
    });
    this.panel.onArrows((dx, dy) => {
      const last = scene.answer.found.length - 1;
      if (last >= 0) put(model, { chosen: clamp(scene.chosen + dx + dy, 0, last) });
    });
  }

  paint({ objectness, W, H }) {
    this.panel.paint(greyImage(objectness, W, H));
  }

  draw() {
    const { panel, scene } = this;
    panel.clear();
    scene.answer.found.forEach(({ y, x }, n) => {
      panel.frame(x - 0.5, y - 0.5, 2, 2, PAPER, 4);
      panel.frame(x - 0.5, y - 0.5, 2, 2, n === scene.chosen ? INK : "#d55e00", 2);
    });
  }
}

function buttonsOf(scene, model, does, ...more) {
  const press = (label, act) => button(label, () => put(model, act()));
  const mix = button("shuffle the channels", () =>
    put(model, { shuffled: !model.get("shuffled") }));
  const two = [press("make them touch", does.together), press("same colour", does.alike)];
  const one = [press("another colour", does.recoloured), press("double", does.doubled),
               press("delete", does.removed)];
  const follow = () => {
    mix.setAttribute("aria-pressed", String(model.get("shuffled")));
    for (const each of two) each.disabled = scene.shapes.length < 2;
    for (const each of one) each.disabled = !scene.selected;
  };
  const row = (...buttons) => element("div", { class: "ifcn-buttons" }, ...buttons);
  const root = element("div", { class: "ifcn-column ifcn-playing" },
    row(...["disc", "ellipse", "rectangle"].map((family) =>
      press(`+ ${family}`, () => does.added(family))), ...one), row(...two, mix, ...more));
  return { root, follow };
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const scene = new Scene(model);
  const does = actionsOf(scene);
  const [picture, sureness] = [new Picture(scene), new Objectness(scene, model)];
  const { k, m, answer: { scores: { H, W } } } = scene;
  const maps = new ScoreMaps({ k, H, W }, {
    gap: 1, most: 380, title: `${k * k} score maps`,
    label: `${k} x ${k} score maps with the chosen window` });
  const window = new Panel({ title: "its window", columns: m, rows: m, width: 190,
                             label: `the chosen window, ${m} x ${m}` });
  const stage = new Stage(PLACES, picture.panel, maps.panel, sureness.panel, window);
  const heard = spoken();
  const by = element("span", {});
  const sliders = [
    shapeSlider(scene, model, does, "size",
                { label: "size", least: 12, most: 126, unit: " px" }),
    shapeSlider(scene, model, does, "turn",
                { label: "turn", least: 0, most: 359, unit: "°" })];
  const rival = new Rival(scene, model, { stage, picture: picture.panel, maps: maps.panel,
                                          then: () => drawSoon() });
  const buttons = buttonsOf(scene, model, does, rival.button);
  const unshuffled = Array.from({ length: k * k }, (_, n) => n);
  let engine = null;

  const drawAnswer = () => {
    const { scores, kind } = scene.answer;
    maps.paint(scores.maps, greyImage);
    sureness.paint(scores);
    by.textContent = kind === "JavaScript"
      ? "the network runs in this page, slowly, as WebAssembly is switched off here"
      : "the network runs in this page";
    root.dataset.by = kind;
  };
  const drawChoice = () => {
    const { y, x } = scene.place;
    picture.draw();
    sureness.draw();
    maps.drawWindow(y, x, m, model.get("colours"));
    window.paint(greyImage(assemble(scene.answer.scores.maps, { k, m, H, W, y, x }), m, m));
    window.clear();
    drawParts(window, k, m, model.get("colours"));
    for (const each of [...sliders, buttons, rival]) each.follow();
    heard.say(scene.words() + rival.words());
    root.dataset.answered = scene.isAnswered && rival.isAnswered ? scene.key : "";
  };
  const drawSoon = onceAFrame(drawChoice); // a task of its own: neither is long
  const ask = () => engine?.ask({
    key: scene.key, pixels: scene.pixels, h: scene.h, w: scene.w,
    order: model.get("shuffled") ? model.get("order") : unshuffled });
  const paint = () => {
    if (scene.follow()) {
      picture.paint();
      ask();
      if (scene.isAnswered) drawAnswer();
    }
    drawChoice();
  };
  const root = staged(model, "Playground", {
    parts: [stage.root,
            element("div", { class: "ifcn-controls" }, ...sliders.map((s) => s.root)),
            buttons.root,
            element("p", { class: "ifcn-keys" }, greyScale("grey: probability", 0, 1), by),
            heard.root],
    paint, plays: () => [{ shapes: model.get("touching") }, { shuffled: true }],
  });
  el.append(root);
  picture.paint();
  drawAnswer();
  paint();
  listen(picture, scene, does, model);
  engine = new Engine(
    { told: model.get("told"), halves: numbers(model, "weights", Uint16Array),
      wishes: model.get("wishes") },
    (key, answer, ms) => {
      scene.take(key, answer);
      root.dataset.ms = ms.toFixed(1);
      drawAnswer();
      drawSoon();
    });
  ask();
  const stop = watch(model, ["shapes", "selected", "chosen", "shuffled", "beside"],
                     onceAFrame(paint));
  return () => {
    stop();
    engine.stop();
    rival.stop();
  };
}
