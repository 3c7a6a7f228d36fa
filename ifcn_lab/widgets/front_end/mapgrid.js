// MapGrid: one place of the picture, and its k * k scores.

import { assemble, channelOf, edges } from "./assembling.js";
import {
  button, choice, clamp, element, greyImage, motionIsReduced, numbers, onceAFrame, put,
  shade, slider, sorry, spoken, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { ScoreMaps } from "./score_maps.js";
import { scoreScale, staged } from "./staging.js";

const PLACES = { wide: '"a b c" / 21fr 33fr 22fr', narrow: '"a c" "b b" / 1fr 1fr' };
const BARE = { wide: '"b c" / 33fr 22fr' }; // maps alone
const [HERE, UNKNOWN, PAUSE] = ["#d55e00", 2, 600];

/** What does not change while the widget is looked at. */
function fixedParts(model) {
  const names = ["k", "m", "H", "W", "names", "colours", "steps", "scenes"];
  return Object.fromEntries(names.map((name) => [name, model.get(name)]));
}

/** The maps of the chosen source, step and scene, and how they are read. */
function mapsShown(model, { k, H, W, scenes }) {
  const [frame, scene] = [model.get("frame"), model.get("scene")];
  const size = k * k * H * W;
  if (model.get("source") === "perfect") {
    const start = scene * size;
    const maps = Float32Array.from(numbers(model, "perfect", Uint8Array)
      .subarray(start, start + size));
    return { maps, range: [0, 1], half: 0.5, decimals: 0 };
  }
  const packed = model.get("packed");
  const start = (frame * scenes + scene) * size;
  const every = numbers(model, "scores", packed ? Int8Array : Float32Array);
  const part = every.subarray(start, start + size);
  const maps = packed ? Float32Array.from(part, (score) => score / packed) : part;
  return { maps, range: model.get("limits"), half: model.get("half"),
           decimals: model.get("decimals") };
}

/** The windows of the scene's objects: where, what they show, how well it agrees. */
function windowsShown(model, { k, m, H, W }, { maps, half }) {
  const [centers, scene] = [model.get("centers"), model.get("scene")];
  if (!centers.length) return [];
  const before = centers.slice(0, scene).reduce((sum, each) => sum + each.length, 0);
  const truth = numbers(model, "truth", Uint8Array);
  return centers[scene].map(([y, x], n) => {
    const scores = assemble(maps, { k, m, H, W, y, x });
    const wanted = truth.subarray((before + n) * m * m, (before + n + 1) * m * m);
    let [both, either] = [0, 0];
    const mask = Float32Array.from(scores, (score) => (score > half ? 1 : 0));
    for (let at = 0; at < m * m; at++) {
      if (wanted[at] === UNKNOWN) continue;
      both += mask[at] && wanted[at] === 1 ? 1 : 0;
      either += mask[at] || wanted[at] === 1 ? 1 : 0;
    }
    return { y, x, mask, iou: both / Math.max(either, 1) };
  });
}

/** Where the pointer is, held inside the maps. */
function pointedAt(model, { H, W }) {
  return { y: clamp(model.get("y"), 0, H - 1), x: clamp(model.get("x"), 0, W - 1) };
}

/** The part that the place plays in a window; -1: it lies outside. */
function partIn(window, { y, x }, { k, m }) {
  const [i, j] = [y - window.y + Math.floor(m / 2), x - window.x + Math.floor(m / 2)];
  return i >= 0 && i < m && j >= 0 && j < m ? channelOf(i, j, k, m) : -1;
}

function numberOf(model, part) {
  return model.get("source") === "training" ? model.get("reads")[part] : part;
}

function scoresAt({ maps }, { y, x }, { k, H, W }) {
  return Array.from({ length: k * k }, (_, part) => maps[(part * H + y) * W + x]);
}

/** The same words as Python's `words`. */
function words(model, parts, shown, windows) {
  const place = pointedAt(model, parts);
  const scores = scoresAt(shown, place, parts);
  const said = (part) => scores[part].toFixed(shown.decimals);
  const named = (part) => `map ${numberOf(model, part)} (${parts.names[part]})`;
  const [least, most] = [Math.min(...scores), Math.max(...scores)];
  const best = scores.indexOf(most);
  const text = least === most ? `${said(0)} in every map.`
    : `highest in ${named(best)}, ${said(best)}.`;
  const found = [leadIn(model, parts), `Row ${place.y}, column ${place.x}: ${text}`];
  windows.forEach((window, n) => {
    const part = partIn(window, place, parts);
    if (part >= 0) found.push(`Window ${n + 1} reads ${named(part)}, ${said(part)}.`);
  });
  const chosen = model.get("part");
  if (chosen >= 0) found.push(`M${named(chosen).slice(1)}: ${said(chosen)}.`);
  const shares = windows.map(({ iou }) => iou.toFixed(2)).join(", ");
  if (shares) found.push(`IoU of the windows' masks: ${shares}.`);
  return found.filter(Boolean).join(" ");
}

function leadIn(model, { scenes, steps }) {
  const scene = scenes > 1 ? `Scene ${model.get("scene")}.` : "";
  const source = { training: `Training step ${steps[model.get("frame")] ?? 0}.`,
                   perfect: "Perfect maps." }[model.get("source")] ?? "";
  return `${scene} ${source}`.trim();
}

/** A place in white and orange; a ring round it where it is too small to see. */
function markPlace(panel, x, y) {
  const { pen, scale } = panel;
  for (const [colour, lines] of [["#ffffff", 4], [HERE, 2]]) {
    if (scale >= 7) {
      panel.frame(x, y, 1, 1, colour, lines);
    } else {
      pen.strokeStyle = colour;
      pen.lineWidth = lines / scale;
      pen.setLineDash([]);
      pen.beginPath();
      pen.arc(x + 0.5, y + 0.5, 5 / scale, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}

/** The k*k maps in their grid, the place marked in each. */
class MapsOnGrid extends ScoreMaps {
  constructor(parts) {
    const { k, W, colours } = parts;
    super(parts, {
      gap: Math.max(1, Math.round(0.06 * W)), most: 332, focusable: true,
      title: `${k * k} score maps`,
      label: `${k} x ${k} score maps; arrow keys move the place`,
    });
    this.colours = colours;
    this.panel.sheet.classList.add("ifcn-point");
  }

  draw(model, { k, H, W }, { y, x }) {
    const { panel, colours } = this;
    panel.clear();
    for (let part = 0; part < k * k; part++) {
      const [left, top] = this.corner(part);
      const lines = part === model.get("part") ? 5 : 2;
      panel.frame(left, top, W, H, "#ffffff", lines + 2);
      panel.frame(left, top, W, H, colours[part], lines);
      panel.write(String(numberOf(model, part)), left + 2 / panel.scale,
                  top + 2 / panel.scale, { paper: "#ffffff" });
      markPlace(panel, left + x, top + y);
    }
  }
}

/** The scores of the place, each where its part lies. */
class ScoreTable {
  constructor({ k, colours }) {
    Object.assign(this, { k, colours });
    this.panel = new Panel({
      title: `its ${k * k} scores`, columns: k, rows: k, width: k > 5 ? 280 : 222,
      label: "the scores of the place; arrow keys choose a part", focusable: true,
    });
    this.panel.sheet.classList.add("ifcn-point");
    this.note = element("p", { class: "ifcn-note", "aria-hidden": "true" });
    this.panel.root.append(this.note);
  }

  draw(model, parts, { range, decimals }, scores, readers) {
    const { panel, k, colours } = this;
    const chosen = model.get("part");
    panel.paint(greyImage(scores, k, k, range));
    panel.clear();
    scores.forEach((score, part) => {
      const [left, top] = [part % k, Math.floor(part / k)];
      const lines = part === chosen ? (k > 3 ? 4.5 : 6) : 3;
      this.edge(left, top, lines + 2, "#ffffff");
      this.edge(left, top, lines, colours[part]);
      this.number(score.toFixed(decimals), left, top, shade(score, range));
      panel.write(String(numberOf(model, part)), left + 6 / panel.scale,
                  top + 6 / panel.scale, { size: k > 3 ? 8 : 10, paper: "#ffffff" });
      this.badges(readers[part], left, top);
    });
    this.note.textContent = chosen >= 0
      ? `Map ${numberOf(model, chosen)} scores the part “${parts.names[chosen]}”.`
      : this.hint(readers);
  }

  /** The edge of a part, drawn inside it. */
  edge(left, top, lines, colour) {
    const half = lines / 2 / this.panel.scale;
    this.panel.frame(left + half, top + half, 1 - 2 * half, 1 - 2 * half, colour, lines);
  }

  hint(readers) {
    return readers.some((each) => each.length)
      ? "A disc with a number: the window that reads this score."
      : "Point at a score: which part is it?";
  }

  /** How little room a score has: 0 for plenty, 3 for hardly any. */
  get level() {
    return this.k > 3 ? 2 + (this.k > 5) : Number(this.panel.scale < 60);
  }

  number(text, left, top, grey) {
    const { pen, scale } = this.panel;
    pen.save();
    pen.textAlign = "center";
    const size = [16, 13, 12, 9][this.level];
    const ink = grey < 119 ? "#ffffff" : "#000000";
    this.panel.write(text, left + 0.5, top + (this.k > 5 ? 0.6 : 0.5) - (0.3 * size) / scale, { size, ink });
    pen.restore();
  }

  /** The windows that read this score, as numbered discs at the bottom right. */
  badges(windows, left, top) {
    const { pen, scale } = this.panel;
    const radius = [8, 6, 6, 5][this.level] / scale;
    windows.forEach((window, n) => {
      const [x, y] = [left + 1 - (1.6 + 2.2 * n) * radius, top + 1 - 1.6 * radius];
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fillStyle = "#1a1a1a";
      pen.fill();
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 1.5 / scale;
      pen.setLineDash([]);
      pen.stroke();
      pen.save();
      pen.textAlign = "center";
      this.panel.write(String(window), x, y - 0.62 * radius,
                       { size: [11, 9, 9, 8][this.level], ink: "#ffffff" });
      pen.restore();
    });
  }
}

/** The picture, with the windows of its objects and the place. */
class PlacePicture {
  constructor(model, { H, W, scenes }) {
    const [height, width] = model.get("image_size");
    this.size = { height, width };
    this.panel = new Panel({
      title: "the picture", columns: W, rows: H, width: Math.min(206, (390 * W) / H),
      pixels: [width, height], label: "the picture; arrow keys move the place",
      focusable: true,
    });
    this.panel.sheet.classList.add("ifcn-point");
    const file = new Blob([model.get("image")]);
    this.scenes = Array.from({ length: scenes }, (_, n) =>
      createImageBitmap(file, 0, n * height, width, height));
  }

  async paint(scene) {
    this.newest = scene;
    const bitmap = await this.scenes[scene];
    if (this.newest === scene) this.panel.low.getContext("2d").drawImage(bitmap, 0, 0);
  }

  draw(windows, { k, m, colours }, { y, x }, part) {
    const { panel } = this;
    panel.clear();
    windows.forEach((window, n) => {
      const edge = edges(k, m);
      const [top, left] = [window.y - Math.floor(m / 2), window.x - Math.floor(m / 2)];
      const [a, b] = [Math.floor(part / k), part % k];
      if (part >= 0) {
        const piece = [left + edge[b], top + edge[a], edge[b + 1] - edge[b],
                       edge[a + 1] - edge[a]];
        panel.fill(...piece, colours[part], 0.45);
        panel.frame(...piece, "#ffffff", 3);
        panel.frame(...piece, colours[part], 1.5);
      }
      panel.frame(left, top, m, m, "#ffffff", 3.5);
      panel.frame(left, top, m, m, "#1a1a1a", 1.5);
      panel.write(String(n + 1), Math.max(left, 0) + 3 / panel.scale,
                  Math.max(top, 0) + 3 / panel.scale, { size: 11, paper: "#ffffff" });
    });
    markPlace(panel, x, y);
    panel.held = { x: x + 0.5, y: y + 0.5 };
  }
}

/** The masks of the windows, under the picture. */
class WindowMasks {
  constructor({ m }, most) {
    this.panels = Array.from({ length: most }, (_, n) => new Panel({
      title: "", columns: m, rows: m, width: 60, label: `mask of window ${n + 1}` }));
    this.root = element("div", { class: "ifcn-row" }, ...this.panels.map((p) => p.root));
  }

  draw(windows, { m, k }, place) {
    this.panels.forEach((panel, n) => {
      const window = windows[n];
      panel.root.hidden = !window;
      if (!window) return;
      panel.paint(greyImage(window.mask, m, m, [0, 1]));
      panel.root.firstChild.textContent = `${n + 1}: IoU ${window.iou.toFixed(2)}`;
      panel.clear();
      if (partIn(window, place, { k, m }) >= 0) {
        markPlace(panel, place.x - window.x + Math.floor(m / 2),
                 place.y - window.y + Math.floor(m / 2));
      }
    });
  }
}

/** A button that runs through the frames; with less motion, one frame at a press. */
function filmButton(model, last) {
  let timer = null;
  const next = () => put(model, { frame: Math.min(model.get("frame") + 1, last) });
  const rest = () => {
    clearInterval(timer);
    timer = null;
    made.textContent = "play";
  };
  const tick = () => {
    next();
    if (model.get("frame") >= last) rest();
  };
  const made = button("play", () => {
    if (timer !== null) { rest(); return; }
    if (model.get("frame") >= last) put(model, { frame: 0 });
    else next();
    if (motionIsReduced() || model.get("frame") >= last) return;
    made.textContent = "pause";
    timer = setInterval(tick, PAUSE);
  });
  return { made, rest };
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const heard = spoken();
  const parts = fixedParts(model);
  const grid = new MapsOnGrid(parts);
  const table = new ScoreTable(parts);
  const picture = model.get("image")?.byteLength ? new PlacePicture(model, parts) : null;
  const most = Math.max(0, ...model.get("centers").map((each) => each.length));
  const masks = new WindowMasks(parts, most);
  const left = element("div", { class: "ifcn-column" }, picture?.panel.root,
                       most ? masks.root : null);
  const stage = picture || most
    ? new Stage(PLACES, { root: left }, grid.panel, table.panel)
    : new Stage(BARE, null, grid.panel, table.panel);
  const scale = element("p", { class: "ifcn-keys" });
  const film = parts.steps.length ? filmButton(model, parts.steps.length - 1) : null;
  const control = film && slider(model, "frame", {
    label: "training step", least: 0, most: parts.steps.length - 1,
    show: (frame) => String(parts.steps[frame]) });

  let [painted, shown, windows] = ["", null, []];
  const renew = () => {
    shown = mapsShown(model, parts);
    windows = windowsShown(model, parts, shown);
    grid.paint(shown.maps, (scores, W, H) => greyImage(scores, W, H, shown.range));
    scale.replaceChildren(scoreScale(shown.range));
    picture?.paint(model.get("scene"));
    const perfect = model.get("source") === "perfect";
    if (!film) return;
    control.querySelector("input").disabled = perfect;
    film.made.disabled = perfect;
    if (perfect) film.rest();
  };
  const paint = () => {
    const wanted = ["source", "frame", "scene"].map((name) => model.get(name)).join();
    if (wanted !== painted) renew();
    painted = wanted;
    const place = pointedAt(model, parts);
    const scores = scoresAt(shown, place, parts);
    const readers = scores.map((_, part) => windows.flatMap((window, n) =>
      (partIn(window, place, parts) === part ? [n + 1] : [])));
    grid.draw(model, parts, place);
    table.draw(model, parts, shown, scores, readers);
    picture?.draw(windows, parts, place, model.get("part"));
    masks.draw(windows, parts, place);
    heard.say(words(model, parts, shown, windows));
  };
  const draw = onceAFrame(paint);

  const { H, W, k } = parts;
  const go = (y, x, part = -1) => put(model, {
    y: clamp(Math.floor(y), 0, H - 1), x: clamp(Math.floor(x), 0, W - 1), part });
  const step = (dx, dy) => go(model.get("y") + dy, model.get("x") + dx, model.get("part"));
  const overMaps = (at) => {
    if (!at) return;
    const { y, x, part } = grid.under(at);
    go(y, x, part);
  };
  grid.panel.onHover(overMaps);
  grid.panel.onArrows(step);
  if (picture) {
    const over = (at) => { if (at) go(at.y, at.x); };
    picture.panel.onHover(over);
    picture.panel.onArrows(step);
  }
  const choose = (a, b) => put(model, {
    part: clamp(a, 0, k - 1) * k + clamp(b, 0, k - 1) });
  const overTable = (at) => (at ? choose(Math.floor(at.y), Math.floor(at.x))
    : put(model, { part: -1 }));
  table.panel.onHover(overTable);
  table.panel.onArrows((dx, dy) => {
    const part = model.get("part");
    if (part < 0) choose(0, 0);
    else choose(Math.floor(part / k) + dy, (part % k) + dx);
  });

  const controls = element("div", { class: "ifcn-controls" },
    control, film?.made,
    model.get("sources").length > 1
      ? choice(model, "source", "maps", model.get("sources"), sourceName) : null,
    parts.scenes > 1
      ? choice(model, "scene", "scene", [...Array(parts.scenes).keys()]) : null, scale);
  const last = parts.steps.length - 1;
  el.append(staged(model, "MapGrid", {
    parts: [stage.root, controls, heard.root], paint,
    plays: () => (film ? [{ frame: 0 }, { frame: last }]
      : [0.25, 0.75].map((share) => ({ x: Math.floor(share * W) }))),
  }));
  const unwatch = watch(model, ["y", "x", "part", "source", "frame", "scene"], draw);
  paint();
  return () => { unwatch(); film?.rest(); };
}

function sourceName(source) {
  return { network: "of the network", training: "of the film", maps: "as given",
           perfect: "perfect" }[source];
}
