// ShiftExplorer: shift then convolve, or convolve then shift?

import {
  choice, clamp, element, greyImage, numbers, onceAFrame, put, slider, sorry, spoken,
  watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { greyScale, staged } from "./staging.js";

const PLACES = { wide: '"a b" / 3fr 1fr', narrow: '"a" "b"' };
const REACH = 2; // places; the score map sums 5 x 5 of them
const [EQUAL, DIFFERENT] = [[242, 242, 242], [213, 94, 0]];
const SIDE = 174;

/** Remainder that is never negative. */
function modulo(n, size) {
  return ((n % size) + size) % size;
}

/** For output n and tap i at n * side + i: the row it reads; -1: outside. */
function readsOf(count, size, side, stride, wrap) {
  const half = Math.floor(side / 2);
  return Int32Array.from({ length: count * side }, (_, n) => {
    const at = Math.floor(n / side) * stride + (n % side) - half;
    if (wrap) return modulo(at, size);
    return at >= 0 && at < size ? at : -1;
  });
}

/** Numbers in rows: { values, rows, columns }; here a convolution of them. */
function convolve({ values, rows, columns }, kernel, stride, wrap) {
  const side = Math.round(Math.sqrt(kernel.length));
  const [high, wide] = [Math.ceil(rows / stride), Math.ceil(columns / stride)];
  const rowsRead = readsOf(high, rows, side, stride, wrap);
  const columnsRead = readsOf(wide, columns, side, stride, wrap);
  const found = new Float64Array(high * wide);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      let total = 0;
      for (let i = 0; i < side; i++) {
        const row = rowsRead[y * side + i];
        if (row < 0) continue;
        for (let j = 0; j < side; j++) {
          const column = columnsRead[x * side + j];
          if (column >= 0) total += kernel[i * side + j] * values[row * columns + column];
        }
      }
      found[y * wide + x] = total;
    }
  }
  return { values: found, rows: high, columns: wide };
}

/** Moved down and right; what leaves on one side comes in on the other, or zeros do. */
function movedBy({ values, rows, columns }, [down, right], wrap) {
  const found = new Float64Array(rows * columns);
  const from = (n, way, size) => {
    if (wrap) return modulo(n - way, size);
    return n - way >= 0 && n - way < size ? n - way : NaN;
  };
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = from(y, down, rows) * columns + from(x, right, columns);
      found[y * columns + x] = values[at] ?? 0;
    }
  }
  return { values: found, rows, columns };
}

const FIVE_BY_FIVE = new Array((2 * REACH + 1) ** 2).fill(1);

/** Features, and as score map the sum of their sizes over 5 x 5 places. */
function outcome(image, kernel, stride, wrap) {
  const features = convolve(image, kernel, stride, wrap);
  const sizes = { ...features, values: features.values.map(Math.abs) };
  return [features, convolve(sizes, FIVE_BY_FIVE, 1, wrap)];
}

/** A way in pixels as the nearest way in places; halves go up. */
function placesMoved(pixels, stride) {
  return Math.floor((2 * pixels + stride) / (2 * stride));
}

/** The way as it is shown: at most half the picture's size. */
function wayOf(model) {
  return model.get("size").map((size, n) => {
    const half = Math.floor(size / 2);
    const way = model.get(["dy", "dx"][n]);
    return model.get("padding") === "wrap" ? modulo(way + half, size) - half
      : clamp(way, -half, size - half - 1);
  });
}

/** The rows of features, and of scores, that see past the edge, as it is or was. */
function nearEdge(size, reach, stride, way) {
  const count = Math.ceil(size / stride);
  const near = Array.from({ length: count }, (_, n) =>
    n * stride < reach || n * stride + reach > size - 1);
  const further = near.map((_, n) => {
    for (let at = n - REACH; at <= n + REACH; at++) if (near[at] ?? true) return true;
    return false;
  });
  return [near, further].map((base) =>
    base.map((each, n) => each || (base[n - way] ?? true)));
}

/** Where two results differ: which places, how many, how many away from the edge. */
function compared(first, second, [nearRows, nearColumns]) {
  const { rows, columns } = first;
  const differ = first.values.map((value, n) => (value === second.values[n] ? 0 : 1));
  let [count, inside] = [0, 0];
  for (let n = 0; n < rows * columns; n++) {
    if (!differ[n]) continue;
    count += 1;
    if (!nearRows[Math.floor(n / columns)] && !nearColumns[n % columns]) inside += 1;
  }
  return { differ, count, inside, size: rows * columns };
}

/** The same words as Python's `words`. */
function words(model, way, found) {
  const [stride, padding] = [model.get("stride"), model.get("padding")];
  const whole = way.every((pixels) => pixels % stride === 0);
  const said = found.map(({ count, inside, size }) => {
    if (count === 0) return `equal at all ${size} places`;
    const text = `${count} of ${size} places differ`;
    return padding === "wrap" ? text
      : `${text}, ${inside || "none"} of them away from the edge`;
  });
  return `Moved ${way[0]} down, ${way[1]} right; stride ${stride}, ${padding}.`
    + (whole ? "" : " The shift is no whole number of places.")
    + ` Features: ${said[0]}. Score map: ${said[1]}.`;
}

/** Both orders, for the model as it is now. */
class Orders {
  constructor(model) {
    const [rows, columns] = model.get("size");
    this.model = model;
    this.image = { values: numbers(model, "picture", Uint8Array), rows, columns };
    this.kernel = model.get("kernel");
    this.settle();
  }

  /** What does not change while the picture is dragged. */
  settle() {
    this.stride = this.model.get("stride");
    this.wrap = this.model.get("padding") === "wrap";
    this.unmoved = outcome(this.image, this.kernel, this.stride, this.wrap);
    const [features, scores] = this.unmoved.map(({ values }) =>
      values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    this.ranges = [[-features, features], [0, scores]];
  }

  now() {
    const way = wayOf(this.model);
    const places = way.map((pixels) => placesMoved(pixels, this.stride));
    const moved = movedBy(this.image, way, this.wrap);
    const first = outcome(moved, this.kernel, this.stride, this.wrap);
    const second = this.unmoved.map((each) => movedBy(each, places, this.wrap));
    const reach = Math.floor(Math.sqrt(this.kernel.length) / 2);
    const sizes = [this.image.rows, this.image.columns];
    const near = sizes.map((size, n) => nearEdge(size, reach, this.stride, places[n]));
    const found = first.map((each, n) =>
      compared(each, second[n], [near[0][n], near[1][n]]));
    return { way, places, moved, first, second, found };
  }
}

/** A panel whose number of squares may change. */
class Tile {
  constructor(title, { rows, columns }, options = {}) {
    const width = Math.round((SIDE * columns) / Math.max(rows, columns));
    this.panel = new Panel({ title, columns, rows, width, label: title, ...options });
    this.root = this.panel.root;
  }

  show({ values, rows, columns }, range) {
    const { low } = this.panel;
    if (low.width !== columns || low.height !== rows) {
      Object.assign(low, { width: columns, height: rows });
    }
    this.panel.paint(range === "marks" ? marksImage(values, columns, rows)
      : greyImage(values, columns, rows, range));
  }

  title(text) {
    this.root.firstChild.textContent = text;
  }
}

/** Where they differ in orange, the rest in light grey. */
function marksImage(differ, columns, rows) {
  const image = new ImageData(columns, rows);
  differ.forEach((each, n) => {
    image.data.set([...(each ? DIFFERENT : EQUAL), 255], 4 * n);
  });
  return image;
}

/** Dashed lines where the picture's own edge lies now; it moves, the frame does not. */
function oldEdge({ panel }, [down, right], size) {
  panel.clear();
  const [rows, columns] = size;
  const [y, x] = [modulo(down, rows), modulo(right, columns)];
  const { pen, scale } = panel;
  for (const [colour, dash] of [["#1a1a1a", []], ["#ffffff", [4, 4]]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5 / scale;
    pen.setLineDash(dash.map((each) => each / scale));
    pen.beginPath();
    if (y) { pen.moveTo(0, y); pen.lineTo(columns, y); }
    if (x) { pen.moveTo(x, 0); pen.lineTo(x, rows); }
    pen.stroke();
  }
  if (x) panel.write("picture’s edge", clamp(x, 0, columns - 75 / scale), 0.5 / scale,
                     { size: 10, paper: "#ffffff" });
}

function row(...tiles) {
  return element("div", { class: "ifcn-row" }, ...tiles.map((t) => t.root));
}

function heading(text) {
  return element("p", { class: "ifcn-heading" }, text);
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const heard = spoken();
  const orders = new Orders(model);
  const { image } = orders;
  const picture = new Tile("the picture, moved", image, {
    label: "the picture; arrow keys move it", focusable: true });
  const upper = [picture, new Tile("its features", image), new Tile("its score map", image)];
  const lower = [new Tile("the picture", image), new Tile("its features, moved", image),
                 new Tile("its score map, moved", image)];
  const marks = [new Tile("features", image), new Tile("score map", image)];
  const left = element("div", { class: "ifcn-column" },
    heading("1. Shift, then convolve"), row(...upper),
    heading("2. Convolve, then shift"), row(...lower));
  const right = element("div", { class: "ifcn-column" },
    heading("Where they differ"), element("div", { class: "ifcn-row" },
      ...marks.map((tile) => tile.root)));
  right.classList.add("ifcn-beside");
  const stage = new Stage(PLACES, { root: left }, { root: right });
  const keys = element("p", { class: "ifcn-keys" });

  const paint = () => {
    if (orders.stride !== model.get("stride")
        || orders.wrap !== (model.get("padding") === "wrap")) orders.settle();
    const { way, places, moved, first, second, found } = orders.now();
    upper[0].show(moved, [0, 255]);
    lower[0].show(image, [0, 255]);
    const size = [image.rows, image.columns];
    const pixels = places.map((n) => n * orders.stride);
    [0, 1].forEach((n) => {
      upper[n + 1].show(first[n], orders.ranges[n]);
      lower[n + 1].show(second[n], orders.ranges[n]);
      marks[n].show({ ...first[n], values: found[n].differ }, "marks");
      const where = found[n].count ? `${found[n].count} places` : "nowhere";
      marks[n].title(`${["features", "score map"][n]}: ${where}`);
      if (orders.wrap) marks[n].panel.clear();
      else oldEdge(marks[n], pixels, size);
    });
    if (orders.wrap) picture.panel.clear();
    else oldEdge(picture, way, size);
    keys.replaceChildren(...["grey: features", "score map"].map((name, n) =>
      greyScale(name, ...orders.ranges[n].map(Math.round))));
    heard.say(words(model, way, found));
  };
  const draw = onceAFrame(paint);

  const move = (dy, dx) => {
    put(model, { dy, dx });
    const [y, x] = wayOf(model);
    put(model, { dy: y, dx: x });
  };
  let start = null;
  picture.panel.onDrag(({ y, x }, event) => {
    const [dy, dx] = wayOf(model);
    if (event.type === "pointerdown") start = { y: y - dy, x: x - dx };
    else if (start) move(Math.round(y - start.y), Math.round(x - start.x));
  });
  picture.panel.onArrows((right_, down) => {
    const [dy, dx] = wayOf(model);
    move(dy + down, dx + right_);
  }, 4);
  const half = [image.rows, image.columns].map((size) => Math.floor(size / 2));
  const controls = element("div", { class: "ifcn-controls" },
    slider(model, "dy", { label: "down", least: -half[0], most: half[0] - 1 }),
    slider(model, "dx", { label: "right", least: -half[1], most: half[1] - 1 }),
    choice(model, "stride", "stride", [1, 2, 4]),
    choice(model, "padding", "padding", ["zeros", "wrap"]));
  el.append(staged(model, "ShiftExplorer", {
    parts: [stage.root, controls, keys, heard.root], paint,
    plays: () => [{ dy: 0, dx: 0 }, { dy: 0, dx: half[1] - 4 }],
  }));
  const unwatch = watch(model, ["dy", "dx", "stride", "padding"], draw);
  paint();
  return unwatch;
}
