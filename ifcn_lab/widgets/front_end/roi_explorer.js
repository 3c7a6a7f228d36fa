// The RoiExplorer: what RoI operators read of a map in a box, and what pulls the box.

import { boxFrame, dragBox, placed } from "./box_in_hand.js";
import { averaged, boxGradient, partChannel, pastedBack, roiRead } from "./roi.js";
import { lineOf, roiWords, told } from "./roi_words.js";
import {
  choice, clamp, element, greyImage, numbers, onceAFrame, put, shade, slider, sorry,
  spoken, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { greyScale, staged } from "./staging.js";

const PLACES = { wide: '"a b c" / 1fr 1fr 1fr', middle: '"a b c" / 1fr 1fr 1fr',
                 narrow: '"a b" "c c" / 1fr 1fr' };
const OPERATORS = ["RoIPool", "released RoIWarp", "RoIWarp", "RoIAlign, not aligned",
                   "RoIAlign", "PS-RoI pooling"];
const [INK, WHITE, PICKED, POINT] = ["#1a1a1a", "#ffffff", "#e69f00", "#56b4e9"];
const MASKS = { right: [0, 114, 178], added: [230, 159, 0], missed: [26, 26, 26] };
const CORNERS = ["x0", "y0", "x1", "y1"];
const LEAST_SIDE = 0.5;
const SHEET = 280; // units of the panel of bins, whatever their number

/** What does not change while the box moves, and the maps of each stride. */
class RoiScene {
  constructor(model) {
    const [height, width] = model.get("size");
    Object.assign(this, { model, height, width, own: model.get("own") });
    this.stored = { plane: numbers(model, "plane"), parts: numbers(model, "parts") };
    this.target = numbers(model, "target", Uint8Array);
    this.maps = {};
    const every = [...this.stored.plane, ...this.stored.parts];
    const extreme = (better) => every.reduce((a, b) => (better(a, b) ? a : b));
    this.range = [extreme((a, b) => a < b), extreme((a, b) => a > b)];
  }

  map(operator, stride) {
    const name = operator === "PS-RoI pooling" ? "parts" : "plane";
    return (this.maps[`${name} ${stride}`]
      ??= averaged(this.stored[name], this.height, this.width, stride));
  }

  /** The box as it is shown: within the picture, and half a pixel wide at least. */
  box() {
    const [x0, y0, x1, y1] = CORNERS.map((name) => this.model.get(name));
    const left = clamp(x0, 0, this.width - LEAST_SIDE);
    const top = clamp(y0, 0, this.height - LEAST_SIDE);
    return [left, top, clamp(x1, left + LEAST_SIDE, this.width),
            clamp(y1, top + LEAST_SIDE, this.height)];
  }

  /** Everything that follows from the traits. */
  now() {
    const [operator, stride, bins, i, j] = ["operator", "stride", "bins", "i", "j"]
      .map((name) => this.model.get(name));
    const [map, box] = [this.map(operator, stride), this.box()];
    const read = (edges) => roiRead(operator, map, edges.map((edge) => edge / stride), bins,
                                    { stride });
    const found = read(box);
    const now = { operator, stride, bins, map, box, found, picked: [i, j].map((n) =>
      Math.min(n, bins - 1)) };
    if (this.target.length === 0) return now;
    const goal = read(this.own).values;
    const upstream = found.values.map((value, n) => (2 * (value - goal[n])) / bins ** 2);
    const pull = boxGradient(operator, map, found, bins, upstream).map((g) => -g);
    const pasted = pastedBack(found.values, bins, box, this.height, this.width)
      .map((value) => (Math.round(value * 1e6) / 1e6 > 0.5 ? 1 : 0));
    return { ...now, pull, pasted, iou: this.iou(pasted) };
  }

  iou(pasted) {
    let [both, either] = [0, 0];
    pasted.forEach((value, n) => {
      both += value && this.target[n] ? 1 : 0;
      either += value || this.target[n] ? 1 : 0;
    });
    return both / Math.max(either, 1);
  }
}

/** The picture with what is pasted, the box, and its arrows. */
class PictureOfBox {
  constructor(scene) {
    const { width, height, model } = scene;
    this.scene = scene;
    this.panel = new Panel({
      title: "the picture", columns: width, rows: height, focusable: true,
      width: 300 * Math.min(1, width / height), pixels: [width, height],
      label: "the box on the picture; arrow keys move it, Shift makes it four steps" });
    this.root = this.panel.root;
    this.ground = new ImageData(width, height);
    this.ground.data.fill(255);
    if (model.get("image").byteLength) this.load(model.get("image"));
    else this.ground = greyImage(scene.stored.plane, width, height, scene.range);
  }

  async load(bytes) {
    await this.panel.paintFile(bytes);
    const { low, columns, rows } = this.panel;
    this.ground = low.getContext("2d").getImageData(0, 0, columns, rows);
    this.panel.root.dispatchEvent(new Event("fit", { bubbles: true }));
  }

  draw({ box, pasted, pull }) {
    this.panel.paint(pasted ? this.coloured(pasted) : this.ground);
    this.panel.clear();
    boxFrame(this.panel, box);
    if (pull) this.arrows(box, pull);
    this.panel.grip((box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
  }

  /** Right pixels blue, added ones orange, missed ones dark. */
  coloured(pasted) {
    const { ground, scene: { target, width, height } } = this;
    const image = new ImageData(new Uint8ClampedArray(ground.data), width, height);
    pasted.forEach((value, n) => {
      const kind = value ? (target[n] ? "right" : "added") : target[n] ? "missed" : null;
      if (kind === null) return;
      MASKS[kind].forEach((colour, c) => {
        image.data[4 * n + c] = 0.35 * image.data[4 * n + c] + 0.65 * colour;
      });
    });
    return image;
  }

  /** Where the loss pulls each edge to: an arrow from its middle. */
  arrows([x0, y0, x1, y1], pull) {
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    [[x0, y], [x, y0], [x1, y], [x, y1]].forEach((from, n) => {
      const long = clamp(400 * pull[n], -46, 46) / this.panel.scale;
      if (Math.abs(long) * this.panel.scale < 2) return;
      arrow(this.panel, from, n % 2 ? [from[0], from[1] + long] : [from[0] + long, from[1]]);
    });
  }
}

function arrow({ pen, scale }, from, to) {
  const turn = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const wing = (side) => [to[0] - (9 / scale) * Math.cos(turn + side * 0.5),
                          to[1] - (9 / scale) * Math.sin(turn + side * 0.5)];
  pen.setLineDash([]);
  for (const [colour, lines] of [[WHITE, 6], [INK, 2.5]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = lines / scale;
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(...to);
    pen.moveTo(...wing(1));
    pen.lineTo(...to);
    pen.lineTo(...wing(-1));
    pen.stroke();
  }
}

/** The map with what is read of it: rounded bins, or points and their weights. */
class MapOfBox {
  constructor({ width, height, range }) {
    Object.assign(this, { range, panel: new Panel({
      title: "its map", columns: width, rows: height, focusable: true,
      width: 300 * Math.min(1, width / height), pixels: [width, height],
      label: "the box on the map; arrow keys move it by a place" }) });
    this.root = this.panel.root;
  }

  draw(now) {
    const { map, stride, operator, picked: [i, j], bins } = now;
    const parts = operator === "PS-RoI pooling";
    const channel = parts ? partChannel(i, j, Math.sqrt(map.count), bins) : 0;
    const { low } = this.panel;
    if (low.width !== map.W || low.height !== map.H) {
      Object.assign(low, { width: map.W, height: map.H });
    }
    const size = map.H * map.W;
    const shown = map.values.subarray(channel * size, (channel + 1) * size);
    this.panel.paint(greyImage(shown, map.W, map.H, this.range));
    this.root.firstChild.textContent = parts ? `its map ${channel} of ${map.count}`
      : `its map, ${map.H} x ${map.W}`;
    this.panel.clear();
    this.places(now);
    boxFrame(this.panel, now.box);
    if (now.found.rows.ranges) this.ranges(now);
    else this.points(now);
    this.panel.held = { x: (now.box[0] + now.box[2]) / 2, y: (now.box[1] + now.box[3]) / 2 };
    this.stride = stride;
  }

  /** The places that the chosen bin reads, the more the stronger. */
  places({ found, stride, picked: [i, j] }) {
    const [rows, columns] = [lineOf(found.rows, i), lineOf(found.columns, j)];
    const most = Math.max(...[rows, columns].map((line) =>
      Math.max(0, ...line.map(([, weight]) => weight))));
    for (const [y, down] of rows) {
      for (const [x, across] of columns) {
        this.panel.fill(x * stride, y * stride, stride, stride, PICKED,
                        0.2 + (0.65 * down * across) / most ** 2);
      }
    }
  }

  /** Rounded bins: those in even rows and columns suffice to see that they overlap. */
  ranges({ found: { rows, columns }, stride, picked: [i, j] }) {
    const frame = ([top, below], [left, right], colour, lines) => this.panel.frame(
      left * stride, top * stride, (right - left) * stride, (below - top) * stride, colour,
      lines);
    for (const down of rows.ranges) {
      for (const across of columns.ranges) frame(down, across, POINT, 1);
    }
    frame(rows.ranges[i], columns.ranges[j], WHITE, 4);
    frame(rows.ranges[i], columns.ranges[j], INK, 2);
  }

  /** Points of all bins; those of the chosen one are larger. */
  points({ found, stride, picked: [i, j] }) {
    found.rows.points.forEach((down, p) => found.columns.points.forEach((across, q) => {
      const chosen = p === i && q === j;
      for (const y of down) for (const x of across) this.dot(x, y, stride, chosen);
    }));
  }

  dot(x, y, stride, chosen) {
    const { pen, scale } = this.panel;
    const ends = chosen ? [[4.5, INK], [3, WHITE]] : [[1.6, INK], [1.1, POINT]];
    for (const [radius, colour] of ends) {
      pen.beginPath(); // a point on a place's index stands in the place's middle
      pen.arc((x + 0.5) * stride, (y + 0.5) * stride, radius / scale, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.fill();
    }
  }
}

/** What was read, bin by bin. */
class BinsOfBox {
  constructor(range) {
    this.range = range;
    this.panel = new Panel({ title: "what is read", columns: SHEET, rows: SHEET,
                             width: 300, focusable: true, label: "the bins; arrow keys choose one" });
    this.root = this.panel.root;
  }

  draw({ found, bins, picked: [i, j] }) {
    const { low } = this.panel;
    if (low.width !== bins) Object.assign(low, { width: bins, height: bins });
    this.panel.paint(greyImage(found.values, bins, bins, this.range));
    this.root.firstChild.textContent = `what is read, ${bins} x ${bins} bins`;
    this.panel.clear();
    const part = SHEET / bins;
    if (part * this.panel.scale >= 26) {
      found.values.forEach((value, n) => this.number(value, n, bins, part));
    }
    for (const [colour, lines] of [[WHITE, 5], [PICKED, 3]]) {
      this.panel.frame(j * part, i * part, part, part, colour, lines);
    }
  }

  number(value, n, bins, part) {
    const { pen, scale } = this.panel;
    const side = part * scale; // in screen pixels
    const text = told(value, side < 34 ? 1 : 2);
    pen.font = `${Math.min(12, side / 2.6) / scale}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = shade(value, this.range) > 127 ? INK : WHITE;
    pen.fillText(text, ((n % bins) + 0.5) * part, (Math.floor(n / bins) + 0.5) * part);
    pen.textAlign = "start";
  }
}

/** A box as its four traits. */
function cornersOf(box) {
  return Object.fromEntries(CORNERS.map((name, n) => [name, box[n]]));
}

/** What the colours of the pasted mask are. */
function maskKey() {
  const names = { right: "right", added: "pasted, not the object", missed: "missed" };
  return Object.entries(names).map(([kind, name]) => element("span", {
    class: "ifcn-sample" }, element("i", {
    style: `background:color-mix(in srgb, rgb(${MASKS[kind]}) 75%, #ffffff)` }), name));
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const scene = new RoiScene(model);
  const { width, height } = scene;
  const views = [new PictureOfBox(scene), new MapOfBox(scene), new BinsOfBox(scene.range)];
  const [picture, map, grid] = views.map(({ panel }) => panel);
  const heard = spoken();
  const stage = new Stage(PLACES, ...views);
  const move = (dx, dy) => {
    const [x0, y0, x1, y1] = scene.box();
    put(model, cornersOf(placed(scene, [x0 + dx, y0 + dy, x1 + dx, y1 + dy], true)));
  };
  for (const panel of [picture, map]) {
    dragBox(panel, scene, 0.25, () => scene.box(), (box) => put(model, cornersOf(box)));
  }
  picture.onArrows(move, 4);
  map.onArrows((dx, dy) => move(dx * model.get("stride"), dy * model.get("stride")), 2);
  const choose = (i, j) => {
    const most = model.get("bins") - 1;
    put(model, { i: clamp(i, 0, most), j: clamp(j, 0, most) });
  };
  grid.onHover((at) => at && choose(Math.floor((at.y / SHEET) * model.get("bins")),
                                    Math.floor((at.x / SHEET) * model.get("bins"))));
  grid.onArrows((dx, dy) => choose(model.get("i") + dy, model.get("j") + dx), 2);
  const show = (value) => Number(value).toFixed(2);
  const sides = element("div", { class: "ifcn-controls" },
    slider(model, "x1", { label: "right edge", least: 0, most: width, step: 0.25, show }),
    slider(model, "y1", { label: "lower edge", least: 0, most: height, step: 0.25, show }));
  const switches = element("div", { class: "ifcn-controls ifcn-wraps" },
    choice(model, "operator", "operator", OPERATORS),
    model.get("strides").length > 1
      ? choice(model, "stride", "stride", model.get("strides")) : null,
    choice(model, "bins", "bins", [2, 4, 7, 14]));
  const keys = element("p", { class: "ifcn-keys" }, greyScale("grey", ...scene.range),
                       ...(scene.target.length ? maskKey() : []));
  const paint = () => {
    const now = scene.now();
    for (const view of views) view.draw(now);
    heard.say(roiWords(now));
    root.dataset.values = Array.from(now.found.values).join();
  };
  const root = staged(model, "RoiExplorer", {
    parts: [stage.root, sides, switches, keys, heard.root], paint,
    plays: () => roiPlays(model),
  });
  el.append(root);
  const unwatch = watch(model, [...CORNERS, "operator", "stride", "bins", "i", "j"],
                        onceAFrame(paint));
  paint();
  return unwatch;
}

/** The box moves by a place and a third, and the operators answer. */
function roiPlays(model) {
  const by = (4 * model.get("stride")) / 3;
  const moved = { x0: model.get("x0") + by, x1: model.get("x1") + by };
  return [moved, { operator: "RoIPool" }];
}
