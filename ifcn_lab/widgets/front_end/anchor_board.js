// The AnchorBoard: which anchor learns which object, and NMS, box after box.

import {
  IGNORED, NEGATIVE, anchorSizes, board, makeAnchors, nmsSteps,
} from "./anchoring.js";
import { boxFrame, dragBox, placed } from "./box_in_hand.js";
import {
  button, choice, clamp, element, onceAFrame, put, slider, sorry, spoken, toggle, watch,
} from "./page.js";
import { shapeSlider } from "./editing.js";
import { Panel, Stage } from "./panel.js";
import { staged } from "./staging.js";

const LONGEST = 40; // boxes that go through NMS, as in Python
const RATIOS = { 1: [1], 3: [0.5, 1, 2] };
const PLACES = { wide: '"a b c" / 1fr 1fr 1fr', narrow: '"a c" "b b" / 1fr 1fr' };
const COLOURS = { positive: "#0072b2", rescued: "#d55e00", ignored: "#666666",
                  negative: "#9a9a9a" };
const TRAITS = ["boxes", "chosen", "positive", "negative", "iou", "best", "sizes",
                "ratios", "stride", "step", "anchor"];
const [INK, PAPER, ROW] = ["#1a1a1a", "#ffffff", 44];

/** Everything that follows from the traits. */
function boardNow(model) {
  const get = (name) => model.get(name);
  const [positive, negative, iou] = ["positive", "negative", "iou"]
    .map((name) => get(name) / 100);
  const [stride, boxes] = [get("stride"), get("boxes")];
  const sizes = anchorSizes(get("spread")[get("sizes") - 1], RATIOS[get("ratios")]);
  const places = get("size").map((side) => side / stride);
  const anchors = makeAnchors(places, stride, sizes);
  const every = board(anchors, boxes, positive, negative, get("best"));
  const some = [...every.keys()].filter((a) => every[a].label !== NEGATIVE);
  const turns = nmsSteps(anchors, every.map((each) => each.iou), some, iou, LONGEST);
  const boxOf = (a) => [...anchors.subarray(4 * a, 4 * a + 4)];
  return { positive, negative, iou, stride, boxes, places, every, turns, boxOf,
           step: Math.min(get("step"), turns.length), chosen: get("chosen"),
           anchor: Math.min(get("anchor"), every.length - 1) };
}

function kindOf({ label, rescued }) {
  if (label >= 0) return rescued ? "rescued" : "positive";
  return label === IGNORED ? "ignored" : "negative";
}

// The same words as Python's

function words(now) {
  const { every, boxes, anchor } = now;
  const count = { positive: 0, rescued: 0, ignored: 0, negative: 0 };
  for (const each of every) count[kindOf(each)] += 1;
  let text = `${every.length} anchors: ${count.positive + count.rescued} positive, `
    + `${count.ignored} ignored, ${count.negative} negative.`;
  boxes.forEach((_, n) => {
    text += ` Object ${n}: ${taught(every.filter((e) => e.label === n))}.`;
  });
  text += ` ${nmsWords(now)}`;
  return anchor < 0 ? text : `${text} ${anchorWords(every[anchor], anchor)}`;
}

function taught(own) {
  if (own.length === 0) return "no anchor learns it";
  const best = Math.max(...own.map((e) => e.iou)).toFixed(2);
  return own.every((e) => e.rescued)
    ? `only the best-anchor rule gives it ${own.length}, of IoU ${best}`
    : `${own.length} of them, best IoU ${best}`;
}

function nmsWords({ turns, step, iou }) {
  const limit = iou.toFixed(2);
  if (step === 0) return `NMS at IoU ${limit} has ${turns.length} boxes before it.`;
  const { box, score, by, iou: shared } = turns[step - 1];
  const fate = by < 0 ? "stays" : `goes: IoU ${shared.toFixed(2)} with anchor ${by}`;
  return `NMS at IoU ${limit}, box ${step} of ${turns.length}: anchor ${box}, score `
    + `${score.toFixed(2)}, ${fate}.`;
}

function anchorWords(each, n) {
  const kind = kindOf(each);
  return `Anchor ${n}: IoU ${each.iou.toFixed(2)} with object ${each.about}, `
    + `${kind === "rescued" ? "positive by the best-anchor rule alone" : kind}.`;
}

// What is seen

/** The picture with objects and the anchors that are not negative. */
class BoardPicture {
  constructor(model, title, label, focusable) {
    const [height, width] = model.get("size");
    this.panel = new Panel({ title, columns: width, rows: height, label, focusable,
                             width: 310 * Math.min(1, width / height),
                             pixels: [width, height] });
    this.panel.paintFile(model.get("image"));
  }

  thin([x0, y0, x1, y1], colour, lines, dash = [], opacity = 1) {
    this.panel.pen.globalAlpha = opacity;
    this.panel.frame(x0, y0, x1 - x0, y1 - y0, colour, lines, dash);
    this.panel.pen.globalAlpha = 1;
  }

  /** A sheet without lines, the picture pale behind it. */
  clean() {
    const { panel } = this;
    panel.clear();
    panel.fill(0, 0, panel.columns, panel.rows, PAPER, 0.4);
  }

  draw(now) {
    const { panel } = this;
    const { every, boxes, chosen, anchor, boxOf } = now;
    this.clean();
    this.places(now);
    for (const kind of ["ignored", "positive", "rescued"]) {
      every.forEach((each, a) => {
        if (kindOf(each) !== kind) return;
        if (kind === "ignored") this.thin(boxOf(a), INK, 1, [2, 3], 0.3);
        else boxFrame(panel, boxOf(a), COLOURS[kind], kind === "rescued" ? [6, 3] : []);
      });
    }
    boxes.forEach((box, n) => {
      this.thin(box, PAPER, n === chosen ? 6 : 5);
      this.thin(box, INK, n === chosen ? 3.5 : 2);
      const above = box[1] - 15 / panel.scale; // where there is room, the name stands
      panel.write(`object ${n}`, clamp(box[0], 0, panel.columns - 58 / panel.scale),
                  above < 0 ? box[1] + 3 / panel.scale : above, { size: 11, paper: PAPER });
    });
    if (anchor >= 0) this.marked(boxOf(anchor), `anchor ${anchor}`);
    const [x0, y0, x1, y1] = boxes[chosen];
    panel.grip((x0 + x1) / 2, (y0 + y1) / 2);
  }

  /** The middles of the places that anchors stand round. */
  places({ places: [H, W], stride }) {
    const dot = 2 / this.panel.scale;
    for (let n = 0; n < H * W; n++) {
      const [x, y] = [n % W, Math.floor(n / W)].map((place) => (place + 0.5) * stride);
      this.panel.fill(x - dot / 2, y - dot / 2, dot, dot, INK, 0.6);
    }
  }

  marked(box, text) {
    const { panel } = this;
    this.thin(box, PAPER, 5);
    this.thin(box, "#7b3294", 3);
    panel.write(text, clamp(box[0], 0, panel.columns - 70 / panel.scale),
                clamp(box[3] - 16 / panel.scale, 0, panel.rows - 15 / panel.scale),
                { size: 11, ink: "#5e2674", paper: PAPER });
  }

  /** NMS up to the step: who stays, who has gone, whose turn it is. */
  drawTurns({ turns, step, boxOf }) {
    this.clean();
    turns.slice(step).forEach(({ box }) => this.thin(boxOf(box), INK, 1, [], 0.25));
    turns.slice(0, step).filter(({ by }) => by >= 0)
      .forEach(({ box }) => this.thin(boxOf(box), COLOURS.rescued, 1.5, [3, 4], 0.7));
    turns.slice(0, step).filter(({ by }) => by < 0)
      .forEach(({ box }) => boxFrame(this.panel, boxOf(box), COLOURS.positive));
    if (step === 0) return;
    const { box, by, iou } = turns[step - 1];
    if (by >= 0) this.thin(boxOf(by), COLOURS.positive, 4);
    this.marked(boxOf(box), by < 0 ? "stays" : `goes: IoU ${iou.toFixed(2)}`);
  }
}

/** A row of dots for each object: its anchors by their IoU with it. */
class OverlapChart {
  constructor(objects) {
    this.panel = new Panel({ title: "IoU of each anchor", columns: 200,
      rows: ROW * objects + 34, width: 310, focusable: true,
      label: "anchors by IoU; arrow keys choose one" });
    this.panel.sheet.classList.add("ifcn-point");
  }

  place({ about, iou }, a) {
    return [8 + 184 * iou, 34 + ROW * about + ((7 * a) % 11) * ((ROW - 20) / 10)];
  }

  draw({ every, boxes, positive, negative, anchor }) {
    const { panel } = this;
    panel.clear();
    panel.fill(0, 0, 200, panel.rows, PAPER);
    this.zones(positive, negative, boxes.length);
    every.forEach((each, a) => this.dot(each, a, a === anchor));
    if (anchor >= 0) this.dot(every[anchor], anchor, true);
  }

  zones(positive, negative, objects) {
    const { panel } = this;
    const [low, high] = [negative, Math.max(positive, negative)]
      .map((limit) => 8 + 184 * limit);
    const bottom = 18 + ROW * objects;
    panel.fill(low, 18, high - low, bottom - 18, "#e4e4e4");
    panel.fill(high, 18, 200 - high, bottom - 18, "#cfe5f3");
    for (let n = 0; n < objects; n++) {
      panel.frame(0, 18 + ROW * n, 200, 0, "#bbbbbb", 1);
      panel.write(`object ${n}`, 126, 19 + ROW * n, { size: 11, ink: "#444444" });
    }
    panel.frame(0, bottom, 200, 0, "#bbbbbb", 1);
    for (const [text, x, past] of [["negative", 2, low], ["ignored", low + 2, high],
                                   ["positive", high + 2, 200]]) {
      if ((past - x) * panel.scale > 46) panel.write(text, x, 3, { size: 11 });
    }
    for (const iou of [0, 0.5, 1]) {
      panel.write(`${iou}`, clamp(4 + 184 * iou, 4, 190), bottom + 3, { size: 11 });
    }
  }

  dot(each, a, chosen) {
    const { pen, scale } = this.panel;
    const kind = kindOf(each);
    const radius = { positive: 4, rescued: 5, ignored: 3, negative: 2 }[kind];
    const rings = chosen ? [[radius + 5, "#7b3294"], [radius + 2.5, PAPER]] : [];
    for (const [size, colour] of [...rings, [radius, COLOURS[kind]]]) {
      pen.beginPath();
      pen.arc(...this.place(each, a), size / scale, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.fill();
    }
  }

  /** The anchor whose dot is nearest. */
  nearest({ x, y }, every) {
    const away = every.map((each, a) => this.place(each, a))
      .map((dot) => Math.hypot(dot[0] - x, dot[1] - y));
    return away.indexOf(Math.min(...away));
  }
}

const keys = () => element("p", { class: "ifcn-keys" },
  ...[["positive", "positive"], ["rescued", "by the best-anchor rule"],
      ["ignored", "ignored"], ["negative", "negative"]].map(([kind, text]) =>
    element("span", { class: "ifcn-sample" },
            element("i", { style: `background:${COLOURS[kind]}` }), text)));

/** What is done to the chosen object's box. */
function hands(model) {
  const [height, width] = model.get("size");
  const own = () => model.get("boxes")[model.get("chosen")];
  const instead = (box) => ({ boxes: model.get("boxes").map((other, n) =>
    (n === model.get("chosen") ? box : other)) });
  const scene = { height, width, get selected() {
    const [x0, y0, x1, y1] = own();
    return { width: x1 - x0, height: y1 - y0 };
  } };
  const become = (box) => put(model, instead(box));
  return { scene, become,
    by: (dx, dy) => become(placed(scene, own().map((edge, n) => edge + (n % 2 ? dy : dx)),
                                  true)),
    changed(size) {
      const [[x0, y0], { width: w, height: h }] = [own(), { ...scene.selected, ...size }];
      return instead(placed(scene, [x0, y0, x0 + w, y0 + h], false));
    } };
}

/** The object under the pointer, the smallest of several; else the one there was. */
function taken(model, { x, y }) {
  const boxes = model.get("boxes");
  const area = (n) => (boxes[n][2] - boxes[n][0]) * (boxes[n][3] - boxes[n][1]);
  const [here] = [...boxes.keys()].filter((n) => {
    const [x0, y0, x1, y1] = boxes[n];
    return x > x0 - 3 && x < x1 + 3 && y > y0 - 3 && y < y1 + 3;
  }).sort((a, b) => area(a) - area(b));
  if (here !== undefined) put(model, { chosen: here });
  return boxes[model.get("chosen")];
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const picture = new BoardPicture(model, "anchors and objects",
    "objects; arrow keys move one, Enter goes to the next", true);
  const after = new BoardPicture(model, "NMS", "NMS; the words below say it", false);
  const chart = new OverlapChart(model.get("boxes").length);
  const [hand, heard] = [hands(model), spoken()];
  const middle = element("div", { class: "ifcn-column" }, chart.panel.root, keys());
  const stage = new Stage(PLACES, picture.panel, { root: middle }, after.panel);
  const share = (value) => (value / 100).toFixed(2);
  const limit = (name, label) => slider(model, name, { label, least: 0, most: 100,
                                                       show: share });
  const sides = ["width", "height"].map((name) => shapeSlider(hand.scene, model, hand, name,
    { label: name, least: 2, most: hand.scene[name], unit: "" }));
  const step = (by) => { // two presses may come between two frames
    const { step: at, turns } = boardNow(model);
    put(model, { step: clamp(at + by, 0, turns.length) });
  };
  const sliders = element("div", { class: "ifcn-controls ifcn-box ifcn-tight" },
    limit("positive", "positive\u00a0\u2265"), limit("negative", "negative\u00a0<"),
    limit("iou", "NMS\u00a0>"),
    slider(model, "step", { label: "NMS\u00a0step", least: 0, most: LONGEST }),
    ...sides.map(({ root }) => root),
    element("div", { class: "ifcn-buttons" }, button("back", () => step(-1)),
            button("forward", () => step(1)), toggle(model, "best", "best-anchor rule")));
  const switches = element("div", { class: "ifcn-controls ifcn-wraps" },
    choice(model, "sizes", "sizes", [1, 2, 3, 4]), choice(model, "ratios", "shapes", [1, 3]),
    choice(model, "stride", "stride", [8, 16, 32]));
  const paint = () => {
    const now = boardNow(model);
    picture.draw(now);
    chart.draw(now);
    after.drawTurns(now);
    for (const side of sides) side.follow();
    heard.say(words(now));
    root.dataset.labels = now.every.map(({ label }) => label).join();
  };
  dragBox(picture.panel, hand.scene, 1, (at) => taken(model, at), hand.become);
  picture.panel.onArrows(hand.by);
  picture.panel.sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    put(model, { chosen: (model.get("chosen") + 1) % model.get("boxes").length });
  });
  chart.panel.onHover((at) =>
    put(model, { anchor: at ? chart.nearest(at, boardNow(model).every) : -1 }));
  chart.panel.onArrows((dx, dy) => {
    const { every, anchor } = boardNow(model);
    const order = [...every.keys()].sort((a, b) => every[b].iou - every[a].iou);
    const next = anchor < 0 ? 0 : order.indexOf(anchor) - dx + dy;
    put(model, { anchor: order[clamp(next, 0, order.length - 1)] });
  });
  const root = staged(model, "AnchorBoard", {
    parts: [stage.root, sliders, switches, heard.root], paint,
    plays: () => [{ positive: 45 }, { step: 8 }],
  });
  el.append(root);
  paint();
  return watch(model, TRAITS, onceAFrame(paint));
}
