// The CoherenceExplorer: what a window keeps when it moves by a place.

import { assemble, channelOf, source } from "./assembling.js";
import {
  button, choice, clamp, element, greyImage, numbers, onceAFrame, put, slider, sorry,
  spoken, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { drawParts } from "./score_maps.js";
import { scoreScale, staged } from "./staging.js";

const PLACES = { wide: '"a c" "b c" / 32fr 58fr', narrow: '"a b" "c c" / 1fr 1fr' };
const MIDDLE = '"a b" "c c" / 24fr 33fr'; // where there is no second row of windows

const KINDS = [[198, 219, 239], [230, 159, 0], [26, 26, 26]]; // same score, another score, another answer
const FILL = 128; // the grey of a pixel off the map
const [INK, PAPER] = ["#1a1a1a", "#ffffff"];

/** What the traits say, with the score maps of the chosen k cut out of the rest. */
function readState(model) {
  const [k, m, H, W, y, x, down, right, half] = ["k", "m", "H", "W", "y", "x", "down",
    "right", "half"].map((name) => model.get(name));
  const start = model.get("starts")[model.get("ks").indexOf(k)];
  const maps = numbers(model, "scores").subarray(start, start + k * k * H * W);
  const outputs = numbers(model, "outputs", Uint8Array);
  return { k, m, H, W, y, x, down, right, half, maps, outputs };
}

/** Where the window stands before, or after, its step. */
function placeOf({ k, m, H, W, y, x, down, right }, after) {
  return { k, m, H, W, y: y + (after ? down : 0), x: x + (after ? right : 0) };
}

/** The window of a head that has an output for every pixel: all outputs at one place. */
function ownOutputs({ outputs }, place) {
  const { m, H, W, y, x } = place;
  return Uint8Array.from({ length: m * m }, (_, n) => {
    const { inside } = source(Math.floor(n / m), n % m, place);
    return inside ? outputs[(n * H + y) * W + x] : FILL;
  });
}

/**
 * What became of each pixel of the second window: -1 it is new, 0 it reads the same
 * score, 1 another score, 2 one of another answer.
 */
function kindsOf({ m, down, right }, before, after, half, isKept) {
  const kinds = new Int8Array(m * m).fill(-1);
  for (let i = Math.max(0, -down); i < Math.min(m, m - down); i++) {
    for (let j = Math.max(0, -right); j < Math.min(m, m - right); j++) {
      const [was, is] = [before[(i + down) * m + j + right], after[i * m + j]];
      const changed = was > half === is > half ? 1 : 2;
      kinds[i * m + j] = isKept(i, j) ? 0 : changed;
    }
  }
  return kinds;
}

function countKinds(kinds, ...wanted) {
  return kinds.reduce((count, kind) => count + (wanted.includes(kind) ? 1 : 0), 0);
}

/** Both windows of the score maps, and of the other head where there is one. */
function compare(state) {
  const { k, m, down, right, maps, half, outputs } = state;
  const places = [placeOf(state, false), placeOf(state, true)];
  const channel = (i, j) => channelOf(i, j, k, m);
  const pair = places.map((place) => assemble(maps, place));
  const own = { before: pair[0], after: pair[1],
                kinds: kindsOf(state, ...pair, half, (i, j) =>
                  channel(i, j) === channel(i + down, j + right)) };
  if (!outputs.length) return { own, other: null };
  const greys = places.map((place) => ownOutputs(state, place));
  const still = down === 0 && right === 0;
  return { own, other: { before: greys[0], after: greys[1],
                         kinds: kindsOf(state, ...greys, FILL - 0.5, () => still) } };
}

/** The same words as Python's `words`. */
function words(model, state, { own, other }) {
  const { k, m, down, right } = state;
  const both = countKinds(own.kinds, 0, 1, 2);
  let text = `The window moves ${Math.abs(down)} ${down < 0 ? "up" : "down"}, `
    + `${Math.abs(right)} ${right < 0 ? "left" : "right"}`;
  if (both === 0) return `${text}; no place is in both.`;
  const same = countKinds(own.kinds, 0);
  text += `; ${both} places are in both. With ${k} x ${k} maps ${same} `
    + `(${Math.floor((100 * same) / both + 0.5)} %) keep map and score; `
    + `${both - same} read another map, ${countKinds(own.kinds, 2)} of them with `
    + "another answer.";
  if (other) {
    text += ` With ${m} x ${m} outputs ${countKinds(other.kinds, 0)} keep theirs; `
      + `${countKinds(other.kinds, 2)} have another answer.`;
  }
  return model.get("i") < 0 ? text : `${text} ${pixelWords(model, state)}`;
}

/** Where the pixel pointed at came from, and where it comes from. */
function pixelWords(model, state) {
  const { m, down, right } = state;
  const [i, j] = [model.get("i"), model.get("j")];
  const now = scoreWords(model, state, i, j, true);
  const text = `Offset (${i}, ${j})`;
  const [above, left] = [i + down, j + right];
  if (above < 0 || above >= m || left < 0 || left >= m) {
    return `${text} is new: ${now}.`;
  }
  const was = scoreWords(model, state, above, left, false);
  const [channel, old] = [[i, j], [above, left]].map(([r, c]) =>
    channelOf(r, c, state.k, m));
  return channel === old ? `${text} keeps ${now}.` : `${text} had ${was}; it has ${now}.`;
}

function scoreWords(model, state, i, j, after) {
  const from = source(i, j, placeOf(state, after));
  const score = from.inside ? state.maps[from.at].toFixed(model.get("decimals"))
    : "off the map";
  return `map ${from.channel}, ${score}`;
}

/** One head: its window before and after the step, and what became of the places. */
class HeadRow {
  constructor(name, { m }, width, colours) {
    const titles = [`${name}, before`, `${name}, after`, "kept"];
    Object.assign(this, { m, colours });
    this.panels = titles.map((title, n) => new Panel({
      title, columns: m, rows: m, width, focusable: n > 0,
      label: ["the window before its step", "the window after its step; arrow keys "
        + "choose a place", "what became of the places; arrow keys choose one"][n],
    }));
    this.root = element("div", { class: "ifcn-row" },
                        ...this.panels.map((panel) => panel.root));
  }

  draw({ before, after, kinds }, range, pixel, { k, down, right }) {
    const { m } = this;
    const [first, second, third] = this.panels;
    for (const [panel, window] of [[first, before], [second, after]]) {
      panel.paint(greyImage(window, m, m, range));
      panel.clear();
      if (this.colours) drawParts(panel, k, m, this.colours[String(k)]);
    }
    const image = new ImageData(m, m); // what is new stays clear
    kinds.forEach((kind, n) => {
      if (kind >= 0) image.data.set([...KINDS[kind], 255], 4 * n);
    });
    third.paint(image);
    third.clear();
    const both = countKinds(kinds, 0, 1, 2);
    third.root.querySelector("figcaption").textContent =
      `${countKinds(kinds, 0)} of ${both} kept`;
    const [i, j] = pixel;
    if (i < 0) return;
    this.mark(second, i, j);
    this.mark(third, i, j);
    if (i + down >= 0 && i + down < m && j + right >= 0 && j + right < m) {
      this.mark(first, i + down, j + right);
    }
  }

  mark(panel, i, j) {
    panel.frame(j, i, 1, 1, PAPER, 4);
    panel.frame(j, i, 1, 1, "#d55e00", 2);
  }
}

/** The picture, or the map in the middle, with the window before and after. */
function groundOf(model, { k, H, W, maps }) {
  const bytes = model.get("image");
  const pictured = bytes && bytes.byteLength > 0;
  const [height, width] = pictured ? model.get("image_size") : [H, W];
  const panel = new Panel({
    title: pictured ? "the picture" : "the map in the middle", columns: W, rows: H,
    width: Math.min(320, (320 * W) / H), pixels: [width, height], focusable: true,
    label: "the window; arrow keys move it, Enter starts from here",
  });
  if (pictured) panel.paintFile(bytes);
  else {
    const at = Math.floor((k * k) / 2) * H * W;
    panel.paint(greyImage(maps.subarray(at, at + H * W), W, H, model.get("limits")));
  }
  return panel;
}

function drawGround(panel, state) {
  const { m, y, x, down, right } = state;
  const [top, left] = [y - Math.floor(m / 2), x - Math.floor(m / 2)];
  panel.clear();
  panel.frame(left, top, m, m, PAPER, 4);
  panel.frame(left, top, m, m, INK, 2, [5, 4]);
  panel.frame(left + right, top + down, m, m, PAPER, 5);
  panel.frame(left + right, top + down, m, m, "#d55e00", 2.5);
  const label = { size: 12, paper: PAPER };
  const line = 15 / panel.scale;
  panel.write("before", Math.max(0, left), Math.max(0, top), label);
  panel.write("after", Math.max(0, left + right), Math.max(0, top + down + m - line),
              { ...label, ink: "#a04000" });
  panel.grip(x + right + 0.5, y + down + 0.5);
}

/** What the colours of the third column mean, in words with a sample of each. */
function legend() {
  const names = ["same map, same score", "another score", "another score and answer",
                 "new"];
  const colours = [...KINDS.map((rgb) => `rgb(${rgb})`), "var(--ifcn-edge)"];
  const samples = colours.map((colour, n) => element("span", { class: "ifcn-sample" },
    element("i", { style: `background:${colour}` }), names[n]));
  return element("p", { class: "ifcn-legend" }, "kept: ", ...samples);
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const heard = spoken();
  const first = readState(model);
  const { m, H, W } = first;
  const other = first.outputs.length > 0;
  const width = other ? 160 : 190;
  const ground = groundOf(model, first);
  const own = new HeadRow("maps", first, width, model.get("colours"));
  const head = other ? new HeadRow(`${m * m} outputs`, first, width, null) : null;
  const rows = [own, head].filter(Boolean);
  const key = element("div", {}, legend(),
                      element("p", { class: "ifcn-legend" }, scoreScale(model.get("limits"))));
  const paint = () => {
    const state = readState(model);
    const found = compare(state);
    const pixel = [model.get("i"), model.get("j")];
    drawGround(ground, state);
    own.draw(found.own, model.get("limits"), pixel, state);
    own.panels.slice(0, 2).forEach((panel, n) => {
      panel.root.querySelector("figcaption").textContent =
        `${state.k ** 2} maps, ${n ? "after" : "before"}`;
    });
    if (head) head.draw(found.other, [0, 255], pixel, state);
    heard.say(words(model, state, found));
  };

  const stepTo = (down, right) => {
    const [y, x] = [model.get("y"), model.get("x")];
    put(model, { down: clamp(down, -y, H - 1 - y), right: clamp(right, -x, W - 1 - x) });
  };
  const move = (right, down) => stepTo(model.get("down") + down,
                                       model.get("right") + right);
  const startHere = () => put(model, {
    y: model.get("y") + model.get("down"), x: model.get("x") + model.get("right"),
    down: 0, right: 0,
  });
  ground.onDrag(({ x, y }) => stepTo(Math.floor(y) - model.get("y"),
                                     Math.floor(x) - model.get("x")));
  ground.onArrows(move);
  ground.sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    startHere();
  });
  const point = (i, j) => put(model, { i: clamp(i, 0, m - 1), j: clamp(j, 0, m - 1) });
  for (const panel of rows.flatMap((row) => row.panels.slice(1))) {
    panel.sheet.classList.add("ifcn-point");
    panel.onHover((at) => (at ? point(Math.floor(at.y), Math.floor(at.x))
      : put(model, { i: -1, j: -1 })));
    panel.onArrows((dx, dy) => point(Math.max(0, model.get("i")) + dy,
                                     Math.max(0, model.get("j")) + dx));
  }
  const stayOnMap = () => stepTo(model.get("down"), model.get("right"));
  const reach = Math.floor(m / 2);
  const controls = element("div", { class: "ifcn-controls" },
    slider(model, "down", { label: "down", least: -reach, most: reach }),
    slider(model, "right", { label: "right", least: -reach, most: reach }),
    element("span", { class: "ifcn-buttons" },
      button("one left", () => move(-1, 0)), button("one right", () => move(1, 0)),
      button("one up", () => move(0, -1)), button("one down", () => move(0, 1)),
      button("start here", startHere)),
    model.get("ks").length > 1 ? choice(model, "k", "k", model.get("ks")) : null);
  const windows = element("div", { class: "ifcn-column" }, ...rows.map((row) => row.root));
  const stage = new Stage(other ? PLACES : { ...PLACES, middle: MIDDLE },
                          ground, { root: key }, { root: windows });
  el.append(staged(model, "CoherenceExplorer", {
    parts: [stage.root, controls, heard.root], paint,
    plays: () => [{ right: 0 }, { right: Math.min(reach, W - 1 - model.get("x")) }],
  }));
  const unbind = watch(model, ["down", "right", "y", "x"], stayOnMap);
  const unwatch = watch(model, ["y", "x", "down", "right", "i", "j", "k"],
                        onceAFrame(paint));
  paint();
  return () => { unbind(); unwatch(); };
}
