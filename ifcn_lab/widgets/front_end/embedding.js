// EmbeddingExplorer: every place has a vector; which ones are near that of one place?

import {
  button, choice, clamp, element, numbers, onceAFrame, put, slider, sorry, spoken, toggle,
  watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { greyScale, staged } from "./staging.js";

const PLACES = { wide: '"a c" "b c" / 200px 1fr', narrow: '"a b" "c c" / 1fr 1fr' };
const [INK, PAPER, TAKEN] = ["#1a1a1a", "#ffffff", "#d55e00"];
const [GROUND, NOBODY] = ["#bcd3e6", "#8a8a8a"]; // no vector; a vector of no object
const OBJECTS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442"];
const TERMS = ["pull", "push", "norm"];
const TERM_NAMES = { pull: "variance (pull)", push: "distance (push)",
                     norm: "regularisation" };
const STATE = ["y", "x", "rule", "bandwidth", "tau", "moves", "frame", ...TERMS];

/** What never changes, read once. */
function readPlaces(model) {
  const [H, W, D] = ["H", "W", "D"].map((name) => model.get(name));
  const there = numbers(model, "there", Uint8Array);
  const index = new Int32Array(H * W).fill(-1);
  const at = [];
  there.forEach((is, n) => { if (is) { index[n] = at.length; at.push(n); } });
  const own = numbers(model, "own", Uint8Array);
  return { H, W, D, index, at, own, objects: own.reduce((a, b) => Math.max(a, b), 0),
           every: numbers(model, "vectors", Int16Array), unit: model.get("unit"),
           steps: model.get("steps") };
}

function runOf(model, steps) {
  return steps.length ? 4 * model.get("pull") + 2 * model.get("push") + model.get("norm") : 0;
}

/** Squared distance of vector n from a point, summed as Python sums it. */
function squareTo({ vectors, D }, n, point) {
  let total = 0;
  for (let d = 0; d < D; d++) total += (vectors[n * D + d] - point[d]) ** 2;
  return total;
}

function nearTo(now, point) {
  const found = [];
  for (let n = 0; n < now.at.length; n++) {
    const away = squareTo(now, n, point);
    if (now.rule === "bandwidth" ? away < now.limit : away <= now.limit) found.push(n);
  }
  return found;
}

function meanOf({ vectors, D }, group) {
  const sum = new Array(D).fill(0);
  for (const n of group) for (let d = 0; d < D; d++) sum[d] += vectors[n * D + d];
  return sum.map((total) => total / Math.max(1, group.length));
}

/** The group of the chosen place, as the traits are now. */
function grouped(model, places) {
  const { W, D, index, at, every, unit, steps } = places;
  const now = { ...places };
  for (const name of STATE) now[name] = model.get(name);
  now.run = runOf(model, steps);
  const first = (now.run * Math.max(1, steps.length) + now.frame) * at.length * D;
  now.vectors = every.subarray(first, first + at.length * D);
  now.seed = index[now.y * W + now.x];
  const square = now.rule === "bandwidth" ? (now.bandwidth / 100) ** 2
    : Math.log(2 / (now.tau / 100) - 1);
  now.limit = square / unit ** 2;
  Object.assign(now, { path: [], group: [] });
  if (now.seed < 0) return now;
  now.path = [Array.from(now.vectors.subarray(now.seed * D, (now.seed + 1) * D))];
  now.group = nearTo(now, now.path[0]);
  for (let n = 0; now.rule === "bandwidth" && n < now.moves && now.group.length; n++) {
    now.path.push(meanOf(now, now.group));
    now.group = nearTo(now, now.path.at(-1));
  }
  const [last, mean] = [now.path.at(-1), meanOf(now, now.group)];
  now.stays = now.group.length > 0 && mean.every((value, d) => value === last[d]);
  return now;
}

// The same words as Python's `words`.

function momentWords(model, now) {
  if (!now.steps.length) return "";
  const on = TERMS.filter((name) => now[name]).join(" + ") || "no term";
  const names = ["variance", "distance", "regularisation"];
  const values = model.get("losses")[now.run][now.frame];
  const said = names.map((name, n) => `${name} ${values[n].toFixed(2)}`).join(", ");
  return `Step ${now.steps[now.frame]} with ${on}: ${said}. `;
}

function groupWords({ rule, tau, bandwidth, moves, group, at, stays }) {
  const share = `${group.length} of ${at.length} places`;
  if (rule === "tau") {
    return `${share} have a likeness of ${(tau / 100).toFixed(2)} or more.`;
  }
  const where = moves
    ? `the mean after ${moves} move${moves > 1 ? "s" : ""}, which `
      + `${stays ? "stays" : "moves on"}` : "its vector";
  return `${share} lie within ${(bandwidth / 100).toFixed(2)} of ${where}.`;
}

function ownerWords({ own, objects, group, at }) {
  if (!objects) return "";
  const [shared, sizes] = [new Array(objects + 1).fill(0), new Array(objects + 1).fill(0)];
  for (const each of own) sizes[each] += 1;
  for (const n of group) shared[own[at[n]]] += 1;
  const ious = shared.map((both, n) => both / (sizes[n] + group.length - both)).slice(1);
  const best = ious.indexOf(Math.max(...ious));
  return ` IoU ${ious[best].toFixed(2)} with object ${best + 1}.`;
}

function embeddingWords(model, now) {
  const place = `Row ${now.y}, column ${now.x}`;
  let said = now.seed < 0 ? `${place} is background and takes no part.`
    : `${place}: ${groupWords(now)}${ownerWords(now)}`;
  const share = model.get("share");
  if (share < 1) {
    said += ` The plane shows ${(100 * share).toFixed(0)} % of the spread of vectors of `
      + `${now.D} numbers.`;
  }
  return momentWords(model, now) + said;
}

// What is seen

/** The border of the group, drawn on the picture. */
function outlineGroup(panel, { H, W, group, at }) {
  const taken = new Uint8Array(H * W);
  for (const n of group) taken[at[n]] = 1;
  const is = (y, x) => y >= 0 && y < H && x >= 0 && x < W && taken[y * W + x];
  const { pen, scale } = panel;
  pen.beginPath();
  for (const n of group) {
    const [y, x] = [Math.floor(at[n] / W), at[n] % W];
    const sides = [[is(y - 1, x), x, y, x + 1, y], [is(y + 1, x), x, y + 1, x + 1, y + 1],
                   [is(y, x - 1), x, y, x, y + 1], [is(y, x + 1), x + 1, y, x + 1, y + 1]];
    for (const [inside, x0, y0, x1, y1] of sides) {
      if (!inside) { pen.moveTo(x0, y0); pen.lineTo(x1, y1); }
    }
  }
  pen.setLineDash([]);
  pen.lineCap = "square";
  for (const [colour, lines] of [[PAPER, 4], [TAKEN, 2.2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = lines / scale;
    pen.stroke();
  }
}

/** Grey by likeness to the point that is asked; the background stays clear. */
function likenessImage(now) {
  const image = new ImageData(now.W, now.H);
  image.data.fill(0);
  now.at.forEach((place, n) => {
    const away = now.path.length ? squareTo(now, n, now.path.at(-1)) * now.unit ** 2 : 700;
    const grey = Math.round(255 * 2 / (1 + Math.exp(Math.min(away, 700))));
    image.data.set([grey, grey, grey, 255], 4 * place);
  });
  return image;
}

function dot(panel, x, y, radius, colour, edge = null) {
  const { pen, scale } = panel;
  pen.beginPath();
  pen.arc(x, y, radius / scale, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  if (!edge) return;
  pen.lineWidth = 1.2 / scale;
  pen.strokeStyle = edge;
  pen.stroke();
}

/** The plane: a dot for every vector, the reach of the rule, and the way of the mean. */
class Plane {
  constructor(model, D) {
    const [left, top, side] = model.get("span");
    Object.assign(this, { left, top, D, axes: model.get("axes"),
                          middle: model.get("middle"), unit: model.get("unit") });
    this.panel = new Panel({
      title: D > 2 ? "the vectors, on their first two principal axes"
        : "the vectors", columns: side, rows: side, width: 440, pixels: [1, 1],
      label: "a dot for the vector of every place; a click chooses its place",
    });
    const paper = new ImageData(1, 1);
    paper.data.fill(255);
    this.panel.paint(paper);
  }

  /** Where a vector lies on the panel. */
  on(vector, first = 0) {
    return this.axes.map((axis, n) => {
      let sum = 0;
      for (let d = 0; d < this.D; d++) {
        sum += (vector[first + d] * this.unit - this.middle[d]) * axis[d];
      }
      return sum - (n ? this.top : this.left);
    });
  }

  draw(now) {
    const { panel, D } = this;
    panel.clear();
    const taken = new Set(now.group);
    const colour = (n) => OBJECTS[(now.own[now.at[n]] - 1) % OBJECTS.length] ?? NOBODY;
    const order = now.at.map((_, n) => n).sort((a, b) => taken.has(a) - taken.has(b));
    for (const n of order) {
      const [x, y] = this.on(now.vectors, n * D);
      dot(panel, x, y, taken.has(n) ? 3.6 : 2.6, colour(n), taken.has(n) ? INK : null);
    }
    if (now.seed >= 0) this.drawReach(now);
  }

  drawReach(now) {
    const { pen, scale } = this.panel;
    const way = now.path.map((point) => this.on(point));
    const [x, y] = way.at(-1);
    pen.beginPath();
    pen.arc(x, y, Math.sqrt(now.limit) * this.unit, 0, 2 * Math.PI);
    pen.setLineDash([6 / scale, 4 / scale]);
    [pen.lineWidth, pen.strokeStyle] = [2 / scale, TAKEN];
    pen.stroke();
    pen.setLineDash([]);
    pen.beginPath();
    for (const [n, point] of way.entries()) pen[n ? "lineTo" : "moveTo"](...point);
    for (const [colour, lines] of [[PAPER, 5], [INK, 2.5]]) {
      [pen.lineWidth, pen.strokeStyle] = [lines / scale, colour];
      pen.stroke();
    }
    dot(this.panel, ...way[0], 5, PAPER, INK);
    dot(this.panel, x, y, 5, TAKEN, INK);
  }

  /** The vector that is drawn nearest to a point of the panel. */
  nearest(now, { x, y }) {
    const away = now.at.map((_, n) => {
      const [left, top] = this.on(now.vectors, n * this.D);
      return Math.hypot(left - x, top - y);
    });
    return away.indexOf(Math.min(...away));
  }
}

function legendOfGround() {
  return element("span", { class: "ifcn-sample" },
    element("i", { style: `background:${GROUND}` }), "background");
}

/** One slider at a time: that of the rule. */
function reachControls(model) {
  const hundredths = (value) => (value / 100).toFixed(2);
  const sliders = {
    bandwidth: slider(model, "bandwidth", { label: "bandwidth", least: 5, most: 600,
                                            step: 5, show: hundredths }),
    tau: slider(model, "tau", { label: "tau", least: 1, most: 99, show: hundredths }),
  };
  const steps = element("span", { class: "ifcn-buttons" },
    button("move to the mean", () => put(model, {
      moves: Math.min(50, model.get("moves") + 1) })),
    button("back to the place", () => put(model, { moves: 0 })));
  const follow = () => {
    for (const [name, each] of Object.entries(sliders)) {
      each.style.display = model.get("rule") === name ? "" : "none";
    }
    steps.style.display = model.get("rule") === "bandwidth" ? "" : "none";
  };
  watch(model, ["rule"], follow);
  follow();
  return [...Object.values(sliders), steps];
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const places = readPlaces(model);
  const { H, W, D, at, steps } = places;
  const heard = spoken();
  const bytes = model.get("image");
  const pictured = bytes && bytes.byteLength > 0;
  const width = Math.round(Math.min(1, W / H) * 200);
  const [height, across] = pictured ? model.get("image_size") : [H, W];
  const ground = new Panel({
    title: "the picture", columns: W, rows: H, width, focusable: true,
    pixels: [across, height], label: "the picture; arrow keys choose another place",
  });
  if (pictured) ground.paintFile(bytes);
  const like = new Panel({ title: "likeness to the place", columns: W, rows: H, width,
                           label: "how like each place is to the chosen one" });
  like.low.style.background = GROUND;
  like.root.append(element("p", { class: "ifcn-keys" }, greyScale("likeness", 0, 1),
                            legendOfGround()));
  const plane = new Plane(model, D);
  plane.panel.sheet.classList.add("ifcn-point");

  const go = (y, x) => put(model, { y: clamp(Math.floor(y), 0, H - 1),
                                    x: clamp(Math.floor(x), 0, W - 1), moves: 0 });
  ground.onDrag(({ y, x }) => go(y, x));
  ground.onArrows((dx, dy) => go(model.get("y") + dy, model.get("x") + dx));
  plane.panel.onDrag((point) => {
    const place = at[plane.nearest(grouped(model, places), point)];
    go(Math.floor(place / W), place % W);
  });

  const paint = () => {
    const now = grouped(model, places);
    ground.clear();
    outlineGroup(ground, now);
    ground.grip(now.x + 0.5, now.y + 0.5);
    like.paint(likenessImage(now));
    plane.draw(now);
    heard.say(embeddingWords(model, now));
  };
  const last = steps.length - 1;
  const controls = element("div", { class: "ifcn-controls" },
    ...(steps.length ? [slider(model, "frame", { label: "training step", least: 0,
                                                 most: last, show: (n) => `${steps[n]}` })]
      : []),
    ...reachControls(model),
    choice(model, "rule", "near by", ["bandwidth", "tau"]),
    ...(steps.length ? TERMS.map((name) => toggle(model, name, TERM_NAMES[name])) : []));
  const stage = new Stage(PLACES, ground, like, plane.panel);
  el.append(staged(model, "EmbeddingExplorer", {
    parts: [stage.root, controls, heard.root], paint,
    plays: () => (steps.length ? [{ frame: 0 }, { push: false }, { frame: last }]
      : [{ bandwidth: 30, tau: 90 }, { bandwidth: 400, tau: 10 }]),
  }));
  const unwatch = watch(model, STATE, onceAFrame(paint));
  paint();
  return unwatch;
}
