// PrototypeMixer: a mask is a sum of prototypes, cut at 1/2 and by a box.

import { cropped, kept, maskOf, mixed, pulled } from "./mixing.js";
import {
  button, clamp, element, greyImage, numbers, onceAFrame, probability, put, slider, sorry,
  spoken, toggle, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { greyScale, staged } from "./staging.js";

const PLACES = { wide: '"a b c" / 1fr 1fr 1fr', narrow: '"a b" "a c" / 2fr 1fr' };
const SIDES = ["left", "top", "right", "bottom"];
const TALLEST = 300;
const THUMB = 84;
const GRIP = 8; // screen pixels
const MOST_SUM = 8; // what is white in the sum
const [INK, PAPER] = ["#1a1a1a", "#ffffff"];
const [OWN, OTHER, GROUND] = ["#009e73", "#d55e00", "#f0e442"];
const [ADDS, SUBTRACTS] = ["#56b4e9", "#d55e00"];
const [NEAR, NEAR_FINGER] = [8, 24]; // screen pixels round a side of the box

/** What does not change: prototypes, true objects, and the masks as the network says. */
class Given {
  constructor(model) {
    [this.k, this.H, this.W] = model.get("shape");
    this.maps = numbers(model, "prototypes");
    this.truth = numbers(model, "truth", Uint8Array);
    this.size = model.get("image_size");
    this.owners = model.get("owners");
    this.boxes = model.get("boxes");
    this.mixes = model.get("mixes");
    this.masks = this.boxes.map((box, n) => this.cut(this.mixes[n], kept(box, this)));
  }

  cut(mix, ranges) {
    const soft = mixed(this, mix).map(probability);
    return maskOf(cropped(soft, this, ranges), this, this.size);
  }

  /** Of an object: 1 its own pixel, 2 another object's, 3 of the ground. */
  kind(chosen, at) {
    if (!this.owners.length || this.truth[at] === this.owners[chosen]) return 1;
    return this.truth[at] ? 2 : 3;
  }

  /** The object with the smallest box whose mask has this pixel; -1: none. */
  at({ x, y }) {
    const [h, w] = this.size;
    if (x < 0 || y < 0 || x >= w || y >= h) return -1;
    const area = (n) => (this.boxes[n][2] - this.boxes[n][0])
      * (this.boxes[n][3] - this.boxes[n][1]);
    return this.masks.reduce((best, mask, n) =>
      (mask[Math.floor(y) * w + Math.floor(x)] && (best < 0 || area(n) < area(best))
        ? n : best), -1);
  }
}

/** The mask as it stands, with all that leads to it. */
function mixedNow(model, given) {
  const [chosen, mine] = [model.get("chosen"), model.get("mix")];
  const mix = mine.length ? mine : given.mixes[chosen];
  const pulls = Object.fromEntries(SIDES.map((side) => [side, model.get(side)]));
  const box = pulled(given.boxes[chosen], pulls, given.size);
  const ranges = model.get("cropped") ? kept(box, given) : null;
  const sum = mixed(given, mix);
  const mask = maskOf(cropped(sum.map(probability), given, ranges), given, given.size);
  return { chosen, mix, byHand: mine.length > 0, box, ranges, sum, mask };
}

/** The same words as Python's `words`. */
function words(given, { chosen, mix, byHand, box, ranges, mask }) {
  const signs = mix.filter((each) => Math.abs(each) >= 0.005);
  const adds = signs.filter((each) => each > 0).length;
  const less = signs.length - adds;
  const text = `Object ${chosen + 1} of ${given.boxes.length}`
    + `${byHand ? ", mixed by hand" : ""}: ${adds} prototype${adds === 1 ? " adds" : "s add"}`
    + `, ${less} ${less === 1 ? "subtracts" : "subtract"}. `
    + (ranges ? `Its box is ${(box[2] - box[0]).toFixed(0)} x `
      + `${(box[3] - box[1]).toFixed(0)} pixels. ` : "No box cuts it. ");
  return text + maskWords(given, chosen, mask);
}

function maskWords(given, chosen, mask) {
  const counts = [0, 0, 0, 0];
  let missed = 0;
  mask.forEach((there, at) => {
    const kind = given.kind(chosen, at);
    if (there) counts[kind] += 1;
    else if (kind === 1) missed += 1;
  });
  const pixels = counts[1] + counts[2] + counts[3];
  if (!given.owners.length) return `The mask has ${pixels} pixels.`;
  const iou = counts[1] / (pixels + missed);
  return `The mask has ${pixels} pixels, IoU ${iou.toFixed(2)}; ${counts[2]} of them `
    + "belong to other objects.";
}

/** A line that can be seen on any ground. */
function framed(panel, [x0, y0, x1, y1], dash = []) {
  panel.frame(x0, y0, x1 - x0, y1 - y0, PAPER, 4);
  panel.frame(x0, y0, x1 - x0, y1 - y0, INK, 2, dash);
}

/** The picture with the mask on it, and the box, which can be pulled. */
class Picture {
  constructor(model, given) {
    const [h, w] = given.size;
    Object.assign(this, { model, given, sides: null });
    this.panel = new Panel({
      title: "the mask", columns: w, rows: h, focusable: true,
      pixels: model.get("image_pixels").slice().reverse(),
      width: Math.min(TALLEST, (TALLEST * w) / h),
      label: "the picture with the mask; arrow keys go to another object",
    });
    this.panel.paintFile(model.get("image"));
    this.painted = element("canvas", { width: w, height: h });
  }

  draw({ chosen, mask, box, ranges }) {
    const [h, w] = this.given.size;
    const image = new ImageData(w, h);
    const colours = [null, OWN, OTHER, GROUND].map((hex) => hex
      && [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
    mask.forEach((there, at) => {
      if (!there) return;
      const rim = !(mask[at - 1] && mask[at + 1] && mask[at - w] && mask[at + w]);
      image.data.set([...colours[this.given.kind(chosen, at)], rim ? 255 : 150], 4 * at);
    });
    this.painted.getContext("2d").putImageData(image, 0, 0);
    const { panel } = this;
    panel.clear();
    panel.pen.imageSmoothingEnabled = false;
    panel.pen.drawImage(this.painted, 0, 0, w, h);
    panel.held = null;
    if (!ranges) return;
    framed(panel, box);
    const free = GRIP / panel.scale; // the grip stays on the picture
    panel.grip(Math.min(box[2], w - free), Math.min(box[3], h - free));
  }

  /** Which sides of the box are near a place, those that would be pulled there. */
  near({ x, y }, [x0, y0, x1, y1], reach) {
    const close = (a, b) => Math.abs(a - b) * this.panel.scale <= reach;
    const along = (a, low, high) => a >= low - reach / this.panel.scale
      && a <= high + reach / this.panel.scale;
    const pick = (at, low, high, names) => {
      if (close(at, high)) return [names[1]];
      return close(at, low) ? [names[0]] : [];
    };
    return [...(along(y, y0, y1) ? pick(x, x0, x1, ["left", "right"]) : []),
            ...(along(x, x0, x1) ? pick(y, y0, y1, ["top", "bottom"]) : [])];
  }

  /** A pointer at a place: it takes hold of the box, pulls it, or chooses an object. */
  point(place, event) {
    const { given, model } = this;
    const { box, ranges } = mixedNow(model, given);
    if (event.type === "pointerdown") {
      const reach = event.pointerType ? NEAR : NEAR_FINGER;
      this.sides = ranges ? this.near(place, box, reach) : [];
      const found = this.sides.length ? -1 : given.at(place);
      if (found >= 0) choose(model, found);
    } else if (this.sides?.length) put(model, this.pulls(place));
  }

  pulls({ x, y }) {
    const [x0, y0, x1, y1] = this.given.boxes[this.model.get("chosen")];
    const [h, w] = this.given.size;
    const out = { left: x0 - x, top: y0 - y, right: x - x1, bottom: y - y1 };
    const most = Math.floor(Math.max(h, w) / 2);
    return Object.fromEntries(this.sides.map((side) =>
      [side, clamp(Math.round(out[side]), -most, most)]));
  }
}

/** An object as the network says: its coefficients and its box. */
function choose(model, chosen) {
  put(model, { chosen, mix: [], left: 0, top: 0, right: 0, bottom: 0 });
}

/** The sum, and its sigmoid with what the box cuts off. */
class Sums {
  constructor({ H, W }) {
    const make = (title) => new Panel({ title, columns: W, rows: H, label: title,
                                        width: Math.min(TALLEST, (TALLEST * W) / H) });
    [this.sum, this.soft] = [make("the sum"), make("its sigmoid")];
    Object.assign(this, { H, W });
  }

  draw({ sum, ranges }) {
    const { H, W, soft } = this;
    this.sum.paint(greyImage(sum, W, H, [-MOST_SUM, MOST_SUM]));
    soft.paint(greyImage(sum, W, H));
    soft.clear();
    if (!ranges) return;
    const [[x0, x1], [y0, y1]] = ranges;
    soft.pen.beginPath();
    soft.pen.rect(0, 0, W, H);
    soft.pen.rect(x0, y0, x1 - x0, y1 - y0);
    soft.pen.fillStyle = "rgba(70, 40, 90, 0.78)";
    soft.pen.fill("evenodd");
    framed(soft, [x0, y0, x1, y1]);
  }
}

/** A prototype and the slider of its coefficient. */
class Prototype {
  constructor(model, given, n) {
    const { H, W, maps } = given;
    this.panel = new Panel({ title: `${n + 1}`, columns: W, rows: H,
                             width: Math.min(THUMB, (THUMB * W) / H),
                             label: `prototype ${n + 1}` });
    const own = maps.subarray(n * H * W, (n + 1) * H * W);
    const most = own.reduce((brightest, each) => Math.max(brightest, each), 1e-9);
    this.panel.paint(greyImage(own, W, H, [0, most]));
    this.input = element("input", { type: "range", min: -1, max: 1, step: 0.01,
                                    "aria-label": `coefficient of prototype ${n + 1}` });
    this.input.addEventListener("input", () => {
      const mix = [...mixedNow(model, given).mix];
      mix[n] = Number(this.input.value);
      put(model, { mix });
    });
    this.root = element("div", { class: "ifcn-prototype" }, this.panel.root, this.input);
    this.name = n + 1;
  }

  draw(coefficient) {
    const sign = Math.abs(coefficient) < 0.005 ? "" : coefficient > 0 ? "+" : "\u2212";
    const text = sign + Math.abs(coefficient).toFixed(2);
    this.input.value = coefficient;
    this.input.setAttribute("aria-valuetext", coefficient.toFixed(2));
    this.panel.root.querySelector("figcaption").replaceChildren(
      `${this.name}`, element("span", {}, text));
    const { pen, columns, rows, scale } = this.panel;
    this.panel.clear();
    pen.globalAlpha = Math.min(1, Math.abs(coefficient));
    const half = 2.5 / scale;
    this.panel.frame(half, half, columns - 2 * half, rows - 2 * half,
                     coefficient > 0 ? ADDS : SUBTRACTS, 5);
    pen.globalAlpha = 1;
  }
}

function controlsOf(model, given) {
  const most = Math.floor(Math.max(...given.size) / 2);
  const pixels = (value) => `${value > 0 ? "+" : ""}${value}`;
  const sides = SIDES.map((name) => slider(model, name, {
    label: name, least: -most, most, show: pixels }));
  const zero = () => put(model, { mix: new Array(given.k).fill(0) });
  return element("div", { class: "ifcn-controls ifcn-box" },
    ...sides, element("div", { class: "ifcn-buttons" },
      toggle(model, "cropped", "crop"), button("all 0", zero),
      button("as the network says", () => choose(model, model.get("chosen")))));
}

/** What the colours mean. */
function keys({ owners }) {
  const sample = (colour, text) => element("span", { class: "ifcn-sample" },
    element("i", { style: `background:${colour}` }), text);
  const mask = owners.length ? [sample(OWN, "its own"), sample(OTHER, "another object’s"),
                                sample(GROUND, "of the ground")] : [];
  return element("p", { class: "ifcn-keys" }, ...mask,
    greyScale("grey: sum", `\u2212${MOST_SUM}`, MOST_SUM), greyScale("probability", 0, 1),
    greyScale("prototype", 0, "its most"),
    sample(ADDS, "frame: adds"), sample(SUBTRACTS, "subtracts"));
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const given = new Given(model);
  const [picture, sums] = [new Picture(model, given), new Sums(given)];
  const each = given.mixes[0].map((_, n) => new Prototype(model, given, n));
  const heard = spoken();
  const stage = new Stage(PLACES, picture.panel, sums.sum, sums.soft);
  const paint = () => {
    const now = mixedNow(model, given);
    picture.draw(now);
    sums.draw(now);
    each.forEach((one, n) => one.draw(now.mix[n]));
    heard.say(words(given, now));
  };
  picture.panel.onDrag((place, event) => picture.point(place, event));
  picture.panel.onArrows((dx, dy) => choose(model,
    clamp(model.get("chosen") + Math.sign(dx + dy), 0, given.boxes.length - 1)));
  const [x0, , x1] = given.boxes[model.get("chosen")];
  const wider = x0 > given.size[1] - x1 ? "left" : "right"; // where there is more room
  el.append(staged(model, "PrototypeMixer", {
    parts: [stage.root,
            element("div", { class: "ifcn-prototypes" }, ...each.map((one) => one.root)),
            controlsOf(model, given), keys(given), heard.root],
    paint,
    plays: () => [{ [wider]: Math.floor(given.size[1] / 3) }, { cropped: false }],
  }));
  paint();
  return watch(model, ["chosen", "mix", ...SIDES, "cropped"], onceAFrame(paint));
}
