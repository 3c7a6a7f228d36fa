// The WindowSampler: which windows are positive, and which 256 are drawn.

import { drawWindows, kinds, labelWindows, nearest, offMiddle } from "./sampling.js";
import {
  button, choice, clamp, element, numbers, onceAFrame, put, slider, sorry, spoken, svg,
  watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { staged } from "./staging.js";

const TOLERANCES = ["center_tolerance", "scale_tolerance", "negative_center",
                    "negative_scale"];
const WAYS = ["half and half", "any windows"];
const NAMES = { 1: "positive", "-1": "ignored", 0: "negative" };
const PLACES = { wide: '"a b c" / 26fr 27fr 26fr', middle: '"a b c" / 26fr 37fr 26fr',
                 narrow: '"a c" "b b" / 1fr 1fr' };
const INK = "#1a1a1a";
const MARKS = { 1: "#0072b2", "-1": "#ffffff", 0: "#d55e00" };
const PLOT = { width: 268, height: 300, left: 40, top: 8, right: 256, bottom: 256,
               across: 0.5, up: 1.5 };

/** The picture's objects as its windows see them; it does not change. */
function readScene(model) {
  const [H, W, stride, m] = ["H", "W", "stride", "m"].map((name) => model.get(name));
  const scene = { H, W, stride, m, middles: numbers(model, "middles", Float64Array),
                  octaves: numbers(model, "octaves", Float64Array),
                  crowd: numbers(model, "crowd", Uint8Array) };
  return { ...scene, off: offMiddle(scene) };
}

/** Everything that follows from the traits. */
function sampled(model, scene) {
  const get = (name) => model.get(name);
  const rule = Object.fromEntries(TOLERANCES.map((name) => [name, get(name)]));
  const { label, instance } = labelWindows(scene, rule);
  const drawn = drawWindows(label, get("n"), get("seed"), get("way") === WAYS[0]);
  return { rule, label, instance, drawn, y: get("y"), x: get("x"), way: get("way") };
}

/** The same words as Python's `words`. */
function samplerWords(scene, { rule, label, instance, drawn, y, x, way }) {
  const count = (kind) => label.reduce((sum, one) => sum + (one === kind ? 1 : 0), 0);
  const found = new Set(instance.filter((one) => one >= 0)).size;
  const positive = drawn.filter((w) => label[w] === 1).length;
  let text = `Of ${label.length} windows ${count(1)} are positive, ${count(-1)} ignored, `
    + `${count(0)} negative; ${found} of ${scene.octaves.length} objects have a positive `
    + `window. Drawn, ${way}: ${positive} of ${drawn.length} are positive, `
    + `${new Set(drawn).size} are different windows. `;
  const w = y * scene.W + x;
  text += `The window at row ${y}, column ${x} is ${NAMES[label[w]]}`;
  if (scene.octaves.length === 0) return `${text}: there is no object.`;
  const chosen = [instance[w], nearest(scene, w, kinds(rule).near), nearest(scene, w)]
    .find((one) => one >= 0);
  const away = scene.off[chosen * scene.H * scene.W + w].toFixed(2);
  return `${text}: object ${chosen + 1} is ${away} of a side off its middle and `
    + `${scene.octaves[chosen].toFixed(2)} octaves off in size.`;
}

/** The picture with marks on it, one or none in each place. */
class Marked {
  constructor(model, { H, W }, title, label) {
    const width = Math.min(256, (256 * W) / H);
    const [height, across] = model.get("image_size");
    this.panel = new Panel({ title, columns: W, rows: H, width, label, focusable: true,
                             pixels: [W * model.get("stride"), H * model.get("stride")] });
    this.caption = this.panel.root.querySelector("figcaption");
    this.W = W;
    this.paint(model.get("image"), across, height);
  }

  /** The picture may end inside the last places. */
  async paint(bytes, across, height) {
    const bitmap = await createImageBitmap(new Blob([bytes]));
    this.panel.low.getContext("2d").drawImage(bitmap, 0, 0, across, height);
  }

  /** Marks of one kind; `reach` is half their size, in places. */
  mark(windows, kind, reach) {
    const { pen, scale } = this.panel;
    pen.beginPath();
    windows.forEach((w, n) => {
      const [x, y, r] = [(w % this.W) + 0.5, Math.floor(w / this.W) + 0.5, reach(n)];
      if (kind === 1) {
        pen.moveTo(x + r, y);
        pen.arc(x, y, r, 0, 2 * Math.PI);
      } else if (kind === -1) pen.rect(x - r, y - r, 2 * r, 2 * r);
      else {
        pen.moveTo(x - r, y - r);
        pen.lineTo(x + r, y + r);
        pen.moveTo(x - r, y + r);
        pen.lineTo(x + r, y - r);
      }
    });
    pen.setLineDash([]);
    pen.fillStyle = MARKS[kind];
    if (kind) pen.fill();
    pen.strokeStyle = kind ? INK : MARKS[0];
    pen.lineWidth = (kind ? 0.8 : 1.3) / scale;
    pen.stroke();
  }

  /** Every window once. */
  every(label) {
    this.panel.clear();
    for (const [kind, reach] of [[0, 0.2], [-1, 0.2], [1, 0.38]]) {
      this.mark(Array.from(label.keys()).filter((w) => label[w] === kind), kind, () => reach);
    }
  }

  /** Drawn windows, larger where they were drawn more often. */
  drawn(windows, label) {
    const times = new Map();
    for (const w of windows) times.set(w, (times.get(w) ?? 0) + 1);
    this.panel.clear();
    for (const kind of [0, 1]) {
      const rows = Array.from(times.keys()).filter((w) => label[w] === kind);
      this.mark(rows, kind, (n) => Math.min(0.8, 0.22 + 0.08 * times.get(rows[n])));
    }
  }

  /** The box of the window pointed at. */
  box(y, x, m) {
    const [top, left] = [y - Math.floor(m / 2), x - Math.floor(m / 2)];
    for (const [colour, lines] of [["#ffffff", 4], [INK, 2]]) {
      this.panel.frame(left, top, m, m, colour, lines);
      this.panel.frame(x, y, 1, 1, colour, lines);
    }
  }

  /** The number of each object, above the marks in its middle. */
  number({ middles, stride }) {
    for (let o = 0; o < middles.length / 2; o++) {
      const [y, x] = [middles[2 * o] / stride, middles[2 * o + 1] / stride];
      this.panel.write(String(o + 1), x - 0.4, Math.max(0, y - 5.4), { size: 12, paper: "#ffffff" });
    }
  }
}

/** The rule as a picture: off the middle to the right, off in size upwards. */
class RulePlot {
  constructor() {
    this.drawing = svg("svg", { width: PLOT.width, height: PLOT.height, role: "img",
                                viewBox: `0 0 ${PLOT.width} ${PLOT.height}`,
                                "aria-label": "the rule, and the objects as this window "
                                  + "sees them", class: "ifcn-chart" });
    this.root = element("figure", { class: "ifcn-panel" },
                        element("figcaption", {}, "the rule for the chosen window"), this.drawing);
  }

  x(off) {
    const { left, right, across } = PLOT;
    return left + ((right - left) * Math.min(off, across)) / across;
  }

  y(octaves) {
    const { top, bottom, up } = PLOT;
    return bottom - ((bottom - top) * Math.min(octaves, up)) / up;
  }

  draw(rule, scene, w) {
    const { left, bottom, top, right } = PLOT;
    const box = (off, octaves, fill, opacity) => svg("rect", {
      x: left, y: this.y(octaves), width: this.x(off) - left,
      height: bottom - this.y(octaves), fill, "fill-opacity": opacity });
    const dots = Array.from(scene.octaves, (octaves, o) =>
      this.dot(scene.off[o * scene.H * scene.W + w], octaves, String(o + 1)));
    this.drawing.replaceChildren(
      box(PLOT.across, PLOT.up, MARKS[0], 0.22),
      svg("rect", { x: left, y: this.y(rule.negative_scale), fill: "var(--ifcn-paper)",
                    width: this.x(rule.negative_center) - left,
                    height: bottom - this.y(rule.negative_scale) }),
      box(rule.center_tolerance, rule.scale_tolerance, MARKS[1], 0.55),
      svg("path", { d: `M${left} ${top}V${bottom}H${right}`, fill: "none",
                    stroke: "currentColor" }),
      ...this.words(rule), ...dots.flat());
  }

  /** An object: what lies beyond the plot stands at its edge. */
  dot(off, octaves, name) {
    const at = { x: this.x(off), y: this.y(octaves) };
    return [svg("circle", { cx: at.x, cy: at.y, r: 9, fill: "#ffffff", stroke: INK,
                            "stroke-width": 1.5 }),
            svg("text", { x: at.x, y: at.y + 4, "text-anchor": "middle", fill: INK,
                          "font-size": 12, "font-weight": 600 }, name)];
  }

  *words({ scale_tolerance: small, negative_scale: large }) {
    const { left, bottom, right } = PLOT;
    const word = (text, x, y, more = {}) => svg("text", {
      x, y, fill: "currentColor", "font-size": 12, ...more }, text);
    for (const off of [0, 0.1, 0.2, 0.3, 0.4, 0.5]) {
      yield word(off.toFixed(1), this.x(off), bottom + 16, { "text-anchor": "middle" });
    }
    for (const size of [0, 0.5, 1, 1.5]) {
      yield word(size.toFixed(1), left - 5, this.y(size) + 4, { "text-anchor": "end" });
    }
    yield word("off the middle, in sides", right, bottom + 34, { "text-anchor": "end" });
    yield word("off in size, octaves", 0, 0, {
      transform: `translate(11 ${this.y(0.75)}) rotate(-90)`, "text-anchor": "middle" });
    yield word("negative", right - 4, this.y(Math.min(1.35, large)) + 16, { "text-anchor": "end" });
    if (large - small < 0.25) return; // no room for both words
    yield word("ignored", left + 6, this.y(large) + 16);
    yield word("positive", left + 6, this.y(small) - 6);
  }
}

/** Negatives never begin before positives end: a slider moves the other one along. */
function keepOrder(model) {
  const pairs = [["center_tolerance", "negative_center"], ["scale_tolerance", "negative_scale"]];
  const stops = pairs.flatMap(([near, far]) => {
    const push = (moved, other) => () => {
      if (model.get(near) > model.get(far)) put(model, { [other]: model.get(moved) });
    };
    return [watch(model, [near], push(near, far)), watch(model, [far], push(far, near))];
  });
  return () => stops.forEach((stop) => stop());
}

function toleranceSlider(model, name, label, most) {
  return slider(model, name, { label, least: 0.01, most, step: 0.01, show: (value) => value.toFixed(2) });
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const scene = readScene(model);
  const { H, W, m } = scene;
  const labels = new Marked(model, scene, `${H * W} windows`,
                            "every window; arrow keys choose one");
  const picked = new Marked(model, scene, "drawn", "the drawn windows; arrow keys choose one");
  const plot = new RulePlot();
  const heard = spoken();
  const stage = new Stage(PLACES, labels.panel, plot, picked.panel);
  const legend = element("p", { class: "ifcn-keys" }, ...[1, -1, 0].map((kind) =>
    element("span", {}, key(kind), NAMES[kind])));
  const anew = button("draw anew", () => put(model, { seed: model.get("seed") + 1 }));
  const controls = element("div", { class: "ifcn-controls ifcn-sampler" },
    toleranceSlider(model, "center_tolerance", "middle: positive up to", 0.3),
    toleranceSlider(model, "scale_tolerance", "size: positive up to", 1),
    toleranceSlider(model, "negative_center", "middle: negative from", 0.4),
    toleranceSlider(model, "negative_scale", "size: negative from", 1.5),
    choice(model, "way", "draw", WAYS), anew);
  const go = (y, x) => put(model, { y: clamp(Math.floor(y), 0, H - 1),
                                    x: clamp(Math.floor(x), 0, W - 1) });
  for (const { panel } of [labels, picked]) {
    panel.onHover((at) => at && go(at.y, at.x));
    panel.onArrows((dx, dy) => go(model.get("y") + dy, model.get("x") + dx));
  }
  const paint = () => {
    const now = sampled(model, scene);
    labels.every(now.label);
    labels.box(now.y, now.x, m);
    labels.number(scene);
    picked.drawn(now.drawn, now.label);
    picked.box(now.y, now.x, m);
    picked.caption.textContent = `${now.drawn.length} drawn`;
    plot.draw(now.rule, scene, now.y * W + now.x);
    heard.say(samplerWords(scene, now));
    root.dataset.drawn = now.drawn.join();
  };
  const root = staged(model, "WindowSampler", {
    parts: [stage.root, controls, legend, heard.root], paint,
    plays: () => [{ center_tolerance: 0.02 }, { center_tolerance: 0.2 }],
  });
  el.append(root);
  const stopOrder = keepOrder(model);
  const unwatch = watch(model, [...TOLERANCES, "y", "x", "seed", "way"], onceAFrame(paint));
  paint();
  return () => { unwatch(); stopOrder(); };
}

/** The mark of a kind, for the legend. */
function key(kind) {
  const drawing = svg("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14",
                               "aria-hidden": "true" });
  const look = { fill: MARKS[kind], stroke: INK };
  if (kind === 1) drawing.append(svg("circle", { r: 4.5, ...look }));
  else if (kind === -1) drawing.append(svg("rect", { x: -3, y: -3, width: 6, height: 6, ...look }));
  else drawing.append(svg("path", { d: "M-3-3L3 3M-3 3L3-3", stroke: MARKS[0],
                                    "stroke-width": 1.8 }));
  return drawing;
}
