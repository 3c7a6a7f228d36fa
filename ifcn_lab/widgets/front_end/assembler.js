// The Assembler: drag the window, and see from which map each score is copied.

import { assemble, edges, source } from "./assembling.js";
import {
  button, choice, clamp, element, greyImage, motionIsReduced, numbers, onceAFrame,
  probability, put, slider, sorry, spoken, toggle, tracked, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { ScoreMaps, drawParts } from "./score_maps.js";
import { scoreScale, staged } from "./staging.js";

const PLACES = { wide: '"a b c" / 25fr 37fr 25fr', middle: '"a b" "c b" / 20fr 37fr',
                 narrow: '"a c" "b b" / 1fr 1fr' };
const BARE = { wide: '"b c" / 37fr 25fr' }; // without a picture

/** What the traits say, with the score maps of the chosen k cut out of the rest. */
function read(model) {
  const [k, m, H, W] = ["k", "m", "H", "W"].map((name) => model.get(name));
  const start = model.get("starts")[model.get("ks").indexOf(k)];
  const maps = numbers(model, "scores").subarray(start, start + k * k * H * W);
  const place = { k, m, H, W, y: model.get("y"), x: model.get("x") };
  return { maps, place, range: model.get("limits"), fill: model.get("fill") };
}

/** The objectness that belongs to the maps shown; empty where none was given. */
function objectnessOf(model) {
  const size = model.get("H") * model.get("W");
  const first = model.get("ks").indexOf(model.get("k")) * size;
  return numbers(model, "objectness").subarray(first, first + size);
}

/** The same words as Python's `words`. */
function words(model, { maps, place }, window) {
  const { k, m, y, x } = place;
  const half = model.get("half");
  const above = window.reduce((count, score) => count + (score > half ? 1 : 0), 0);
  let text = `Window at row ${y}, column ${x}: ${above} of ${m * m} places above `
    + `${Number.isInteger(half) ? half : half.toFixed(2)}, copied from ${k} x ${k} maps.`;
  const objectness = objectnessOf(model);
  if (objectness.length) {
    const score = probability(objectness[y * place.W + x]);
    text += ` Objectness ${score.toFixed(2)}.`;
  }
  const [i, j] = [model.get("i"), model.get("j")];
  if (i < 0) return text;
  const from = source(i, j, place);
  const found = from.inside ? maps[from.at].toFixed(model.get("decimals")) : "fill";
  return `${text} Offset (${i}, ${j}) comes from map ${from.channel}, row ${from.row}, `
    + `column ${from.column}: ${found}.`;
}

/** The k*k maps of the traits. */
function mapsOf({ place, maps, range }) {
  const { k } = place;
  const made = new ScoreMaps(place, {
    gap: 1, most: 370, focusable: true,
    title: k === 1 ? "1 score map" : `${k * k} score maps`,
    label: `${k} x ${k} score maps; arrow keys move the window`,
  });
  made.paint(maps, (scores, W, H) => greyImage(scores, W, H, range));
  return made;
}

/** The mask, pixel by pixel, with its parts. */
class Mask {
  constructor({ place: { k, m } }) {
    this.panel = new Panel({
      title: `the window, ${m} x ${m}`,
      columns: m,
      rows: m,
      width: 250,
      label: "the assembled mask; arrow keys choose a place",
      focusable: true,
    });
  }

  /** Show the first `count` pixels; the others stay clear. */
  draw(window, { k, m }, range, colours, count, pixel) {
    const image = greyImage(window, m, m, range);
    for (let n = count; n < m * m; n++) image.data[4 * n + 3] = 0;
    this.panel.paint(image);
    this.panel.clear();
    drawParts(this.panel, k, m, colours);
    if (pixel[0] >= 0) {
      this.panel.frame(pixel[1], pixel[0], 1, 1, "#ffffff", 4);
      this.panel.frame(pixel[1], pixel[0], 1, 1, "#d55e00", 2);
    }
  }
}

/** Start and stop the step-through of the copy: pixel by pixel, or rows at a press. */
function player(model, total, show) {
  let step = total;
  let pixel = null;
  let gone = false;
  const advance = (by) => {
    if (gone) return;
    step = Math.min(total, step + by);
    pixel = step < total ? step : null;
    show();
    if (step < total && !motionIsReduced()) requestAnimationFrame(() => advance(1));
  };
  const press = () => {
    const anew = step >= total;
    if (anew) step = 0;
    // With less motion asked for, each press copies one more row and nothing runs.
    if (motionIsReduced() || anew) advance(motionIsReduced() ? Math.sqrt(total) : 1);
    else { step = total; advance(0); }
  };
  return { press, count: () => step, pixel: () => pixel, stop: () => { gone = true; } };
}

export function render({ model: shared, el }) {
  if (sorry(shared, el)) return undefined;
  const body = element("div", {});
  const heard = spoken();
  let draw = null;
  let stop = build();
  const root = staged(shared, "Assembler", {
    parts: [body, heard.root], paint: () => draw(),
    plays: () => [-1, 1].map((side) => ({
      x: Math.round(shared.get("W") / 2 + (side * shared.get("m")) / 4) })),
  });
  el.append(root);

  function build() {
    const model = tracked(shared); // its listeners go with these panels
    const state = read(model);
    const { m, H, W } = state.place;
    const maps = mapsOf(state);
    const colours = model.get("colours")[String(state.place.k)];
    const mask = new Mask(state);
    const picture = pictureOf(model, H, W);
    const stage = new Stage(picture ? PLACES : BARE, picture, maps.panel, mask.panel);
    const play = player(model, m * m, () => redraw());
    const window = new Float32Array(m * m);

    const paint = () => {
      const { place, range, fill } = Object.assign(state, read(model));
      assemble(state.maps, place, fill, window);
      const running = play.pixel();
      const pixel = running === null ? [model.get("i"), model.get("j")]
        : [Math.floor(running / m), running % m];
      maps.drawWindow(place.y, place.x, m, colours);
      mask.draw(window, place, range, colours, play.count(), pixel);
      if (picture) outline(picture, place);
      stage.clear();
      if (pixel[0] >= 0) trace(stage, maps, mask, place, pixel, colours);
      heard.say(words(model, state, window));
    };
    const redraw = onceAFrame(paint);
    draw = paint;

    const go = (y, x) => put(model, { y: clamp(Math.round(y), 0, H - 1),
                                      x: clamp(Math.round(x), 0, W - 1) });
    const near = (y, x) => (model.get("snap") ? go(...best(model, y, x, H, W, m)) : go(y, x));
    maps.panel.onDrag((at) => {
      const { x, y } = maps.under(at);
      near(y, x);
    });
    maps.panel.onArrows((dx, dy) => go(model.get("y") + dy, model.get("x") + dx));
    if (picture) {
      picture.onDrag(({ x, y }) => near(Math.floor(y), Math.floor(x)));
      picture.onArrows((dx, dy) => go(model.get("y") + dy, model.get("x") + dx));
    }
    const point = (i, j) => put(model, { i: clamp(i, 0, m - 1), j: clamp(j, 0, m - 1) });
    mask.panel.onHover((at) => (at ? point(Math.floor(at.y), Math.floor(at.x))
      : put(model, { i: -1, j: -1 })));
    mask.panel.onArrows((dx, dy) => point(Math.max(0, model.get("i")) + dy,
                                          Math.max(0, model.get("j")) + dx));
    const controls = element("div", { class: "ifcn-controls" },
      slider(model, "y", { label: "row", least: 0, most: H - 1 }),
      slider(model, "x", { label: "column", least: 0, most: W - 1 }),
      model.get("ks").length > 1
        ? choice(model, "k", "k", model.get("ks")) : null,
      numbers(model, "objectness").length
        ? toggle(model, "snap", "snap to the best window near") : null,
      button("copy step by step", play.press));
    body.replaceChildren(
      stage.root, controls, element("p", { class: "ifcn-keys" }, scoreScale(state.range)));
    watch(model, ["y", "x", "i", "j"], redraw);
    watch(model, ["snap"], () => near(model.get("y"), model.get("x")));
    paint();
    return () => { play.stop(); model.dispose(); };
  }

  const rebuild = () => {
    const choosing = body.contains(document.activeElement)
      && document.activeElement.type === "radio";
    stop();
    stop = build();
    if (choosing) body.querySelector("input[type=radio]:checked").focus();
  };
  const unwatch = watch(shared, ["k", "scores", "objectness", "image"], rebuild);
  return () => { unwatch(); stop(); };
}

/** The picture the maps belong to, in places of the maps; null where there is none. */
function pictureOf(model, H, W) {
  const bytes = model.get("image");
  if (!bytes || bytes.byteLength === 0) return null;
  const [height, width] = model.get("image_size");
  const panel = new Panel({
    title: "the picture", columns: W, rows: H, width: 250, pixels: [width, height],
    label: "the picture; arrow keys move the window", focusable: true,
  });
  panel.paintFile(bytes);
  return panel;
}

function outline(picture, { k, m, y, x }) {
  const [top, left] = [y - Math.floor(m / 2), x - Math.floor(m / 2)];
  picture.clear();
  picture.frame(left, top, m, m, "#ffffff", 4);
  picture.frame(left, top, m, m, "#1a1a1a", 2);
  for (const edge of edges(k, m).slice(1, -1)) {
    picture.frame(left + edge, top, 0, m, "#ffffff", 1, [3, 3]);
    picture.frame(left, top + edge, m, 0, "#ffffff", 1, [3, 3]);
  }
  picture.write("window", Math.max(0, left), Math.max(0, top), { size: 11, paper: "#ffffff" });
  picture.grip(x + 0.5, y + 0.5);
}

/** The line from a place of the mask to the score it is a copy of. */
function trace(stage, maps, mask, place, [i, j], colours) {
  const { channel, row, column, inside } = source(i, j, place);
  if (!inside) return;
  const [left, top] = maps.corner(channel);
  stage.line({ panel: maps.panel, x: left + column + 0.5, y: top + row + 0.5 },
             { panel: mask.panel, x: j + 0.5, y: i + 0.5 }, colours[channel]);
}

/** The place of highest objectness within a quarter of the window. */
function best(model, y, x, H, W, m) {
  const objectness = objectnessOf(model);
  const reach = Math.floor(m / 4);
  let found = [clamp(y, 0, H - 1), clamp(x, 0, W - 1)];
  const score = ([r, c]) => objectness[r * W + c];
  for (let r = Math.max(0, y - reach); r <= Math.min(H - 1, y + reach); r++) {
    for (let c = Math.max(0, x - reach); c <= Math.min(W - 1, x + reach); c++) {
      if (score([r, c]) > score(found)) found = [r, c];
    }
  }
  return found;
}
