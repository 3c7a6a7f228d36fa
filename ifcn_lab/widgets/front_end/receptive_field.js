// ReceptiveField: a place of the feature map, and the pixels that it can see.

import {
  choice, clamp, element, onceAFrame, put, slider, sorry, spoken, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { staged } from "./staging.js";

const [SEEN, WINDOW, INK] = ["#56b4e9", "#e69f00", "#1a1a1a"];
const PLACES = { wide: '"a b" / 3fr 2fr', narrow: '"a" "b"' };
const WIDE = 384; // screen pixels of the longer side

/** Place, receptive field and window, for the model as it is now. */
function lookedAt(model) {
  const [size, m] = [model.get("size"), model.get("m")];
  const { stride, spacing, seen } = model.get("layers")[model.get("network")];
  const at = ["y", "x"].map((name) => Math.floor(model.get(name) / stride));
  const sees = at.map((place) => seen[place]);
  const begins = at.map((place) => (place - Math.floor(m / 2)) * stride);
  const window = begins.map((first) => [first, first + m * stride - 1]);
  const whole = sees.every(([a, b], n) => a <= window[n][0] && window[n][1] <= b);
  return { size, stride, spacing, at, sees, window, whole, wide: m * stride };
}

const length = ([first, last]) => last - first + 1;

/** The same words as Python's `words`. */
function words(name, { size, stride, at, sees, whole, wide }) {
  const [rows, columns] = sees.map(([first, last], n) =>
    `${Math.max(first, 0)} to ${Math.min(last, size[n] - 1)}`);
  const [height, width] = size.map((side) => side / stride);
  return `${name[0].toUpperCase()}${name.slice(1)}, stride ${stride}: row ${at[0]}, `
    + `column ${at[1]} of ${height} x ${width} places. It sees ${length(sees[0])} x `
    + `${length(sees[1])} pixels: rows ${rows}, columns ${columns}. Its window is `
    + `${wide} x ${wide} pixels, and it ${whole ? "sees all" : "does not see all"} of it.`;
}

/** A frame round pixels `rows` and `columns`, readable on any picture. */
function framed(panel, [rows, columns], colour, dash) {
  const box = [columns[0], rows[0], length(columns), length(rows)];
  panel.frame(...box, INK, 4);
  panel.frame(...box, colour, 2, dash);
}

/** A label at the corner of a box, where it stays inside the picture. */
function label(panel, text, y, x, colour, size) {
  const [high, wide] = [16, 6.6 * text.length].map((n) => n / panel.scale);
  panel.write(text, clamp(x, 1, size[1] - wide), clamp(y, 1, size[0] - high),
              { size: 11, paper: colour });
}

function draw(panel, now) {
  const { size: [h, w], sees, window, at, stride, spacing, wide } = now;
  const [[top, bottom], [left, right]] = sees.map(([first, last], n) =>
    [Math.max(first, 0), Math.min(last + 1, now.size[n])]);
  panel.clear();
  panel.pen.beginPath(); // all of the picture, less what is seen
  panel.pen.rect(0, 0, w, h);
  panel.pen.rect(left, top, right - left, bottom - top);
  panel.pen.fillStyle = "rgba(0, 0, 0, 0.62)";
  panel.pen.fill("evenodd");
  framed(panel, window, WINDOW, [6, 4]);
  framed(panel, sees, SEEN, []);
  const [y, x] = at.map((place) => place * stride);
  panel.fill(x, y, stride, stride, "#ffffff", 0.5);
  panel.frame(x, y, stride, stride, INK, 1.5);
  for (const [i, j] of [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => [i, j]))) {
    for (const [colour, radius] of [[INK, 3.5], ["#ffffff", 2.2]]) {
      panel.pen.fillStyle = colour;
      panel.pen.beginPath();
      panel.pen.arc(x + stride / 2 + j * spacing, y + stride / 2 + i * spacing,
                    radius / panel.scale, 0, 2 * Math.PI);
      panel.pen.fill();
    }
  }
  label(panel, `its window: ${wide} x ${wide}`, window[0][1] + 2, window[1][0], WINDOW, [h, w]);
  label(panel, `sees ${length(sees[0])} x ${length(sees[1])} pixels`,
        sees[0][0] - 16 / panel.scale, sees[1][0], SEEN, [h, w]);
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const names = Object.keys(model.get("layers"));
  const [rows, columns] = model.get("size");
  const panel = new Panel({
    title: "A place, and what it sees", columns, rows, focusable: true,
    width: Math.round((WIDE * columns) / Math.max(rows, columns)),
    label: "the picture under the feature map; arrow keys move the place",
  });
  const heard = spoken();
  const [across, down] = ["x", "y"].map((name, n) => slider(model, name, {
    label: ["across", "down"][n], least: 0, most: [columns, rows][n] - 1 }));
  const side = element("div", { class: "ifcn-column ifcn-side" },
    choice(model, "network", "network", names), across, down,
    element("p", { class: "ifcn-keys" },
      "Dots: where the last 3 x 3 kernel looks. Dashed: the window of "
      + `${model.get("m")} x ${model.get("m")} places round this one.`));
  const stage = new Stage(PLACES, panel, { root: side });
  panel.paintFile(model.get("picture"));

  const go = (y, x) => put(model, { y: clamp(Math.floor(y), 0, rows - 1),
                                    x: clamp(Math.floor(x), 0, columns - 1) });
  panel.onDrag(({ y, x }) => go(y, x));
  panel.onArrows((dx, dy) => {
    const { stride, at } = lookedAt(model);
    go((at[0] + dy) * stride, (at[1] + dx) * stride);
  });
  const paint = () => {
    const now = lookedAt(model);
    draw(panel, now);
    heard.say(words(model.get("network"), now));
  };
  el.append(staged(model, "ReceptiveField", {
    parts: [stage.root, heard.root], paint,
    plays: () => names.slice(0, 3).map((network) => ({ network })),
  }));
  const unwatch = watch(model, ["y", "x", "network"], onceAFrame(paint));
  paint();
  return unwatch;
}
