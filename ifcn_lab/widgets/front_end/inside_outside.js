// InsideOutside: a region, and what FCIS's pairs of maps make of it, bin by bin.

import { channelOf } from "./assembling.js";
import {
  button, clamp, element, greyImage, numbers, onceAFrame, probability, put, slider, sorry,
  spoken, tracked, watch,
} from "./page.js";
import { pooled, regionOf, votes } from "./pairing.js";
import { Panel, Stage } from "./panel.js";
import { drawParts } from "./score_maps.js";
import { greyScale, staged } from "./staging.js";

const PLACES_OF_PAIRS = {
  wide: '"a b c" "a d e" "f d e" / 30fr 27fr 27fr',
  middle: '"a b c" "a d e" "f d e" / 26fr 24fr 24fr',
  narrow: '"a f" "b c" "d e" / 1fr 1fr',
};
const MARK = "#d55e00";

/** What the traits say, with the numbers that the region reads. */
function readPairs(model) {
  const names = ["k", "bins", "H", "W", "y", "x", "high", "wide", "kind", "i", "j"];
  const place = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const { bins, kind } = place;
  const size = bins * bins;
  const read = pooled(numbers(model, "pairs"), 2 * model.get("names").length, place);
  const inside = read.subarray(2 * kind * size, (2 * kind + 1) * size);
  const outside = read.subarray((2 * kind + 1) * size, (2 * kind + 2) * size);
  return { place, inside, outside, ...votes(read, bins),
           difference: inside.map((score, n) => score - outside[n]),
           maximum: inside.map((score, n) => Math.max(score, outside[n])) };
}

/** The same words as Python's `words`. */
function pairWords(names, state) {
  const { place, inside, outside, means, scores } = state;
  const { k, bins, kind, i, j } = place;
  const { top, left, bottom, right } = regionOf(place);
  const more = inside.reduce((count, score, n) => count + (score > outside[n] ? 1 : 0), 0);
  const said = names.map((name, n) => `${name} ${scores[n].toFixed(2)}`).join(", ");
  const text = `Region of ${bottom - top} x ${right - left} places at row ${top}, column `
    + `${left}, read as ${names[kind]}: ${more} of ${bins * bins} bins have more inside `
    + `than outside. The maxima have a mean of ${signed(means[kind])}. Scores: ${said}.`;
  if (i < 0 || j < 0) return text;
  const n = i * bins + j;
  return `${text} Bin (${i}, ${j}) reads part ${channelOf(i, j, k, bins)}: inside `
    + `${signed(inside[n])}, outside ${signed(outside[n])}, so the softmax is `
    + `${probability(inside[n] - outside[n]).toFixed(2)} and the maximum `
    + `${signed(Math.max(inside[n], outside[n]))}.`;
}

/** Two decimals, and zero without a sign, as Python's `fixed` writes them. */
function signed(value) {
  return value.toFixed(2).replace(/^-(0\.00)$/, "$1");
}

/** The four panels of the region's bins. */
function binPanels({ bins }) {
  const titles = [["inside", "inside of each bin"], ["outside", "outside of each bin"],
                  ["softmax: the mask", "the mask"], ["maximum: the vote", "the maxima"]];
  return titles.map(([title, label]) => new Panel({
    title, columns: bins, rows: bins, width: 225, focusable: true,
    label: `${label}; arrow keys choose a bin`,
  }));
}

/** Draw one panel of bins, with the parts where pairs are read and the bin pointed at. */
function drawBins(panel, scores, { k, bins, i, j }, colours, number) {
  panel.paint(greyImage(scores, bins, bins, null));
  panel.clear();
  if (colours) drawParts(panel, k, bins, colours);
  if (i < 0 || j < 0) return;
  panel.frame(j, i, 1, 1, "#ffffff", 4);
  panel.frame(j, i, 1, 1, MARK, 2);
  const [wide, high] = [36 / panel.scale, 16 / panel.scale];
  panel.write(number, clamp(j + 1.2, 0, bins - wide), i > bins / 2 ? i - high : i + 1.2,
              { size: 12, paper: "#ffffff" });
}

/** Each category's row: choose it, see its vote and its score. */
class Ballot {
  constructor(model) {
    const group = `ifcn-kind-${Math.random().toString(36).slice(2)}`;
    this.rows = model.get("names").map((name, kind) => {
      const input = element("input", { type: "radio", name: group, value: name });
      input.addEventListener("change", () => put(model, { kind }));
      const [bar, score] = [element("i", {}), element("output", {})];
      const root = element("label", {}, input, element("span", {}, name), score,
                           element("b", { "aria-hidden": "true" }, bar));
      return { input, bar, score, root };
    });
    this.root = element("fieldset", { class: "ifcn-ballot" },
                        element("legend", {}, "read as: vote, score"),
                        ...this.rows.map(({ root }) => root));
  }

  show({ place, means, scores }) {
    this.rows.forEach(({ input, bar, score }, kind) => {
      input.checked = kind === place.kind;
      bar.style.width = `${100 * scores[kind]}%`;
      score.textContent = `${signed(means[kind])}, ${scores[kind].toFixed(2)}`;
    });
  }
}

/** The picture with the region, a fog over its bins that are not inside. */
function drawRegion(panel, { place, inside, outside }) {
  const { bins, y, x } = place;
  const { top, left, bottom, right } = regionOf(place);
  const [high, wide] = [(bottom - top) / bins, (right - left) / bins];
  panel.clear();
  for (let n = 0; n < bins * bins; n++) {
    if (inside[n] > outside[n]) continue;
    panel.fill(left + (n % bins) * wide, top + Math.floor(n / bins) * high, wide, high,
               "#ffffff", 0.6);
  }
  panel.frame(left, top, right - left, bottom - top, "#ffffff", 4);
  panel.frame(left, top, right - left, bottom - top, "#1a1a1a", 2);
  panel.grip(x + 0.5, y + 0.5);
}

/** The picture the maps belong to, or bare places where there is none. */
function scenePanel(model) {
  const [H, W] = [model.get("H"), model.get("W")];
  const bytes = model.get("image");
  const [height, width] = model.get("image_size");
  const there = bytes && bytes.byteLength > 0;
  const panel = new Panel({
    title: there ? "the picture" : "the places", columns: W, rows: H, width: 290,
    pixels: there ? [width, height] : undefined,
    label: "the picture; arrow keys move the region", focusable: true,
  });
  if (there) panel.paintFile(bytes);
  return panel;
}

export function render({ model: shared, el }) {
  if (sorry(shared, el)) return undefined;
  const body = element("div", {});
  const heard = spoken();
  let draw = null;
  let stop = build();
  el.append(staged(shared, "InsideOutside", {
    parts: [body, heard.root], paint: () => draw(),
    plays: () => [{ x: shared.get("W") - 1 },
                  { x: Math.floor(shared.get("W") / 2), y: shared.get("H") - 1 }],
  }));

  function build() {
    const model = tracked(shared); // its listeners go with these panels
    const [H, W, bins] = ["H", "W", "bins"].map((name) => model.get(name));
    const picture = scenePanel(model);
    const panels = binPanels({ bins });
    const ballot = new Ballot(model);
    const stage = new Stage(PLACES_OF_PAIRS, picture, ...panels, ballot);
    const paint = () => {
      const state = readPairs(model);
      const { place, inside, outside, difference, maximum } = state;
      const [n, colours] = [place.i * bins + place.j, model.get("colours")];
      drawBins(panels[0], inside, place, colours, signed(inside[n] ?? 0));
      drawBins(panels[1], outside, place, colours, signed(outside[n] ?? 0));
      drawBins(panels[2], difference, place, null, probability(difference[n]).toFixed(2));
      drawBins(panels[3], maximum, place, null, signed(maximum[n] ?? 0));
      drawRegion(picture, state);
      ballot.show(state);
      stage.clear();
      heard.say(pairWords(model.get("names"), state));
    };
    const redraw = onceAFrame(paint);
    draw = paint;

    const go = (y, x) => put(model, { y: clamp(y, 0, H - 1), x: clamp(x, 0, W - 1) });
    picture.onDrag(({ x, y }) => go(Math.floor(y), Math.floor(x)));
    picture.onArrows((dx, dy) => go(model.get("y") + dy, model.get("x") + dx));
    const point = (i, j) => put(model, { i: clamp(i, 0, bins - 1),
                                         j: clamp(j, 0, bins - 1) });
    for (const panel of panels) {
      panel.onHover((at) => (at ? point(Math.floor(at.y), Math.floor(at.x))
        : put(model, { i: -1, j: -1 })));
      panel.onArrows((dx, dy) => point(Math.max(0, model.get("i")) + dy,
                                       Math.max(0, model.get("j")) + dx));
    }
    body.replaceChildren(
      stage.root, controls(model, H, W),
      element("p", { class: "ifcn-keys" },
              greyScale("grey: a score through the sigmoid; of the mask, the probability", 0, 1)));
    watch(model, ["y", "x", "high", "wide", "kind", "i", "j"], redraw);
    paint();
    return () => model.dispose();
  }

  const rebuild = () => { stop(); stop = build(); };
  const unwatch = watch(shared, ["pairs", "image"], rebuild);
  return () => { unwatch(); stop(); };
}

/** The region's sides, and what the network found. */
function controls(model, H, W) {
  let next = 0;
  const jump = () => {
    const found = model.get("found");
    next = (next + 1) % found.length;
    const [y, x, high, wide, kind] = found[next];
    put(model, { y, x, high, wide, kind });
  };
  return element("div", { class: "ifcn-controls" },
    slider(model, "high", { label: "height", least: 1, most: H }),
    slider(model, "wide", { label: "width", least: 1, most: W }),
    model.get("found").length > 1 ? button("next object found", jump) : null);
}
