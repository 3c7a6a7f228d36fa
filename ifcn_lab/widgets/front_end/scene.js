// What the Playground shows: a drawing or a photograph, and how the network's answer
// stands to it.

import { clamp, numbers } from "./page.js";
import { anyTouch, bestOverlaps, painted } from "./painting.js";
import { boxArea, decodeMasks } from "./proposing.js";
import { FOUND } from "./rival.js";

const SMALL = 0.38; // of the window's side; smaller shapes are not found
const OWN = "A photograph of the reader's own, which has not left the page.";

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** The proposals on what is drawn at first, as Python found them. */
function recordedIn(model) {
  const { windows, scores, boxes } = model.get("found");
  const masks = decodeMasks(model.get("runs"), boxes.flat());
  return windows.map(([level, y, x], n) =>
    ({ level, y, x, score: scores[n], box: boxes[n], mask: masks[n] }));
}

export class Scene {
  constructor(model) {
    this.model = model;
    [this.h, this.w] = model.get("image_size");
    [this.m, this.window] = [model.get("m"), model.get("m") * model.get("wishes").stride];
    const [H, W] = model.get("map_size");
    const [begin] = model.get("cut");
    const { k } = model.get("heads").find(({ span }) => span[0] === begin);
    const scores = numbers(model, "recorded");
    this.trunk = k; // the backbone was trained with this one
    const cut = k ** 2 * H * W;
    const recorded = { H, W, maps: scores.subarray(0, cut),
                       objectness: scores.subarray(cut) };
    this.size = { H, W };
    this.answer = { scores: recorded, kind: "recorded", k, found: recordedIn(model) };
    this.recorded = [JSON.stringify([k, false, model.get("start"), 100, 0]), this.answer];
    this.follow();
  }

  /** The head of k that is asked for: its order when shuffled, its colours. */
  get head() {
    return this.model.get("heads").find(({ k }) => k === this.model.get("k"));
  }

  /** Everything that the answer depends on, k first. */
  keyNow() {
    const told = (...names) => names.map((name) => this.model.get(name));
    const what = this.isDrawing ? told("shapes", "light", "noise")
      : [...told("seen"), this.own?.number ?? 0];
    return JSON.stringify([...told("k", "shuffled"), ...what]);
  }

  /** See what is there now; whether it is another picture, or another question. */
  follow() {
    const { model, h, w } = this;
    const before = this.key;
    this.key = this.keyNow();
    if (this.key === before) return false;
    const lit = { ...model.get("paint"), light: model.get("light"),
                  noise: model.get("noise") };
    if (this.isDrawing) Object.assign(this, painted(this.shapes, lit, h, w));
    if (this.key === this.recorded[0]) [this.answered, this.answer] = this.recorded;
    return true;
  }

  /** Keep the reader's own photograph; it goes nowhere else. */
  keep(photograph) {
    this.own = { ...photograph, number: (this.own?.number ?? 0) + 1 };
  }

  get isDrawing() {
    return this.model.get("seen") === "drawing";
  }

  /** The photograph to look at. */
  get photograph() {
    if (this.model.get("seen") === "own") return this.own ?? null;
    const bytes = this.model.get("photograph");
    return bytes?.byteLength ? { file: new Blob([bytes]), name: "coins.png" } : null;
  }

  /** Hear an answer; one to an older question does not take a right one's place. */
  take(key, answer) {
    if (this.isAnswered && key !== this.key) return;
    this.answered = key;
    this.problem = answer.problem ?? null;
    if (!this.problem) this.answer = answer;
  }

  get isAnswered() {
    return this.answered === this.key;
  }

  /** The proposals on what is seen; none while those of another picture are there. */
  get found() {
    return this.isDrawing === !this.answer.levels ? this.answer.found : [];
  }

  /** As the model has them now: two keys may come between two frames. */
  get shapes() {
    return this.model.get("shapes");
  }

  get selected() {
    return this.shapes[clamp(this.model.get("selected"), 0, this.shapes.length - 1)];
  }

  /** The chosen proposal's index: the one asked for, else the selected shape's own. */
  get chosen() {
    const { found, isDrawing } = this;
    const asked = this.model.get("chosen");
    if (asked >= 0 || !isDrawing) return Math.min(Math.max(asked, 0), found.length - 1);
    return this.selected ? this.proposalAt(this.selected) : -1;
  }

  /** The smallest mask that holds a pixel. */
  proposalAt({ y, x }) {
    const { found } = this;
    const here = found.filter(({ box: [x0, y0, x1, y1], mask }) => x >= x0 && x < x1
      && y >= y0 && y < y1 && mask[(y - y0) * (x1 - x0) + x - x0]);
    here.sort((a, b) => boxArea(a.box, 0) - boxArea(b.box, 0));
    return here.length ? found.indexOf(here[0]) : -1;
  }

  /** The traits that choose another proposal, so many further down the list. */
  neighbour(steps) {
    const last = this.found.length - 1;
    return last < 0 ? {} : { chosen: Math.min(Math.max(this.chosen + steps, 0), last) };
  }

  /** Which zoom the chosen proposal is of. */
  get level() {
    return this.found[this.chosen]?.level ?? 0;
  }

  /** The scores at that zoom. */
  get scores() {
    return this.answer.levels?.[this.level] ?? this.answer.scores;
  }

  /** The place whose window is shown. */
  get place() {
    const { H, W } = this.scores;
    if (this.chosen >= 0) return this.found[this.chosen];
    const { y, x } = (this.isDrawing && this.selected) || { y: this.h / 2, x: this.w / 2 };
    return { y: clamp(Math.floor((y * H) / this.h), 0, H - 1),
             x: clamp(Math.floor((x * W) / this.w), 0, W - 1) };
  }

  /** The same words as Python's `words`. */
  words() {
    if (this.isAnswered && this.problem) return this.problem;
    if (!this.isDrawing) return this.photographWords();
    const count = this.shapes.length;
    if (count === 0) return "No shape is drawn: add one.";
    const how = count === 1 ? "alone"
      : anyTouch(this.owner, this.h, this.w) ? "touching" : "apart";
    const head = `${counted(count, "shape")}, ${how}.`;
    if (!this.isAnswered) return `${head} The network is looking.`;
    const best = bestOverlaps(this.owner, count, this.found, this.w);
    const hits = best.filter((iou) => iou >= FOUND).length;
    const listed = count > 4 ? ""
      : ` (best IoU ${best.map((iou) => iou.toFixed(2)).join(", ")})`;
    return `${head} It finds ${hits} of ${count} at IoU ${FOUND}${listed} with `
      + `${counted(this.found.length, "proposal")}.${this.sizeWords()}`
      + `${this.changeWords()} ${this.chosenWords()}`;
  }

  photographWords() {
    if (this.model.get("seen") === "own" && !this.own) return OWN;
    if (!this.isAnswered) return "The network is looking at the photograph.";
    const { h, w, whole, levels, found } = this.answer;
    const reduced = whole[0] === w ? "" : ` reduced to ${w} x ${h},`;
    return `A photograph, ${whole[0]} x ${whole[1]} pixels,${reduced} seen at `
      + `${levels.length} zooms. ${counted(found.length, "proposal")}.`
      + `${this.changeWords()} ${this.chosenWords()}`;
  }

  sizeWords() {
    const { window, shapes } = this;
    const large = shapes.some(({ size }) => size > window)
      ? ` No mask is larger than its window, ${window} pixels: a shape here is.` : "";
    const small = shapes.some(({ size }) => size < SMALL * window)
      ? ` A shape here is small for a window of ${window} pixels, which then holds its `
        + "neighbours too; propose would enlarge the picture." : "";
    return large + small;
  }

  changeWords() {
    const [light, noise] = [this.model.get("light"), this.model.get("noise")];
    const mixed = this.model.get("shuffled")
      ? " The maps are shuffled: each part of a window is copied from another's map." : "";
    const k = this.model.get("k");
    const heads = k === this.trunk ? ""
      : ` k = ${k}, a head on the backbone that k = ${this.trunk} trained.`;
    const lit = this.isDrawing && (light !== 100 || noise !== 0)
      ? ` Light ${light} %, noise ${noise}.` : "";
    return mixed + heads + lit;
  }

  chosenWords() {
    const one = this.found[this.chosen];
    if (!one) {
      return this.isDrawing ? "No proposal lies on the chosen shape."
        : "Nothing is sure enough.";
    }
    const pixels = one.mask.reduce((sum, pixel) => sum + pixel, 0);
    const zoom = this.isDrawing ? ""
      : ` zoom ${this.model.get("zooms")[one.level].toFixed(2)},`;
    return `The chosen window,${zoom} row ${one.y}, column ${one.x}: objectness `
      + `${one.score.toFixed(2)}, ${pixels} pixels.`;
  }
}
