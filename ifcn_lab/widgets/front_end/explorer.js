// The ProposalExplorer: which windows become proposals, and what is lost on the way.

import { assemble } from "./assembling.js";
import { outlineOf } from "./outlines.js";
import {
  clamp, element, numbers, onceAFrame, put, slider, sorry, spoken, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { boxArea, decodeMasks, foundCounts, foundObjects, suppress } from "./proposing.js";
import { ScoreMaps, drawParts } from "./score_maps.js";
import { greyScale, staged } from "./staging.js";

const LIMIT = 0.7; // IoU from which an object counts as found, as in Python
const TALLEST = 340;
const PLACES = { wide: '"a b c" "a b d" / 34fr 34fr 21fr',
                 middle: '"a a a b b b" "c c d d d d" / 1fr 1fr 1fr 1fr 1fr 1fr',
                 narrow: '"a b" "c d" / 1fr 1fr' };
const ALONE = { wide: '"a d" / minmax(0, 340px) minmax(0, 210px)', // no windows
                narrow: '"a d" / 1fr 1fr' };
const [INK, PAPER, HIT, MISSED] = ["#1a1a1a", "#ffffff", "#0072b2", "#d55e00"];

/** What never changes: boxes, scores, masks, and the maps of each zoom. */
function readAll(model) {
  const [k, m, objects] = ["k", "m", "objects"].map((name) => model.get(name));
  const boxes = numbers(model, "boxes", Int32Array);
  const scores = numbers(model, "scores", Float64Array);
  const maps = numbers(model, "maps", Uint8Array);
  let start = 0;
  const levels = model.get("sizes").map(([H, W], n) => {
    const own = maps.subarray(start, start + k * k * H * W);
    start += own.length;
    return { H, W, maps: own, cell: model.get("cells")[n], zoom: model.get("zooms")[n] };
  });
  return {
    k, m, objects, boxes, scores, levels, count: scores.length, score: model.get("score"),
    windows: numbers(model, "windows", Int32Array),
    overlap: numbers(model, "overlap", Float64Array),
    masks: decodeMasks(numbers(model, "runs", Uint16Array), boxes),
  };
}

/** The windows that are sure enough, that NMS leaves, and that are shown. */
function sift(model, { boxes, scores, windows, levels }) {
  const [objectness, iou, top, scale] = ["objectness", "iou", "top", "scale"]
    .map((name) => model.get(name));
  const sure = Array.from(scores.keys()).filter((n) => scores[n] >= objectness / 100
    && (scale === 0 || levels.length === 0 || windows[3 * n] === scale - 1));
  const { kept, by } = suppress(boxes, sure, iou / 100);
  return { sure, kept, by, shown: kept.slice(0, top) };
}

/** What a candidate is called, and its score. */
function named({ levels, score }) {
  return [levels.length ? "window" : "mask", score];
}

/** The same words as Python's `words`. */
function words(model, all, sifted) {
  const { sure, kept, shown } = sifted;
  const [scale, [what, score]] = [model.get("scale"), named(all)];
  const zoom = scale && all.levels.length
    ? ` at zoom ${all.levels[scale - 1].zoom.toFixed(2)}` : "";
  let text = `Of ${all.count} ${what}s ${sure.length}${zoom} have ${score} `
    + `${model.get("objectness")} % or more. NMS at IoU ${model.get("iou")} % leaves `
    + `${kept.length}; ${shown.length} shown.`;
  if (shown.length === 0) {
    const zooms = all.levels.length ? ", or choose all zooms" : "";
    text += ` Nothing is left: lower the ${score}${zooms}.`;
  }
  if (all.objects) text += ` ${recallWords(model, all, shown)}`;
  const chosen = model.get("chosen");
  return chosen < 0 ? text : `${text} ${chosenWords(model, all, sifted, chosen)}`;
}

function recallWords(model, { overlap, objects }, shown) {
  const found = foundObjects(overlap, objects, shown, LIMIT).filter(Boolean).length;
  return `${found} of ${objects} objects found at IoU ${LIMIT}; AR@${model.get("top")} `
    + `${averageRecall(model, overlap, objects, shown).toFixed(2)}.`;
}

function averageRecall(model, overlap, objects, shown) {
  const thresholds = model.get("thresholds");
  const counts = foundCounts(overlap, objects, shown, thresholds);
  return counts.reduce((sum, n) => sum + n, 0) / (thresholds.length * objects);
}

function chosenWords(model, all, sifted, chosen) {
  const [what, score] = named(all);
  const [level, y, x] = all.windows.subarray(3 * chosen, 3 * chosen + 3);
  const where = all.levels.length
    ? `zoom ${all.levels[level].zoom.toFixed(2)}, row ${y}, column ${x}, ` : "";
  const text = `${what[0].toUpperCase()}${what.slice(1)} ${chosen}: ${score} `
    + `${all.scores[chosen].toFixed(2)}, ${where}${fate(model, all, sifted, chosen)}.`;
  if (!all.objects) return text;
  const overlaps = all.overlap.subarray(chosen * all.objects, (chosen + 1) * all.objects);
  const best = overlaps.indexOf(Math.max(...overlaps));
  return `${text} IoU ${overlaps[best].toFixed(2)} with object ${best + 1}.`;
}

/** What became of the chosen window. */
function fate(model, all, { kept, by, shown }, chosen) {
  if (by.has(chosen)) return `a copy of ${named(all)[0]} ${by.get(chosen)}`;
  if (shown.includes(chosen)) {
    const count = copiesOf(chosen, by).length;
    return `shown; it removes ${count} ${count === 1 ? "copy" : "copies"}`;
  }
  return kept.includes(chosen) ? `not among the best ${model.get("top")}` : "sifted out";
}

function copiesOf(chosen, by) {
  return [...by].filter(([, better]) => better === chosen).map(([lost]) => lost);
}

/** The picture with the proposals, the true objects, and the chosen window. */
class Picture {
  constructor(model, all) {
    const [h, w] = model.get("image_size");
    const pixels = model.get("image_pixels").slice().reverse();
    this.colours = model.get("mask_colours");
    this.paths = new Map();
    this.all = all;
    this.panel = new Panel({
      title: "proposals", columns: w, rows: h, pixels, focusable: true,
      width: Math.min(TALLEST, (TALLEST * w) / h),
      label: "the picture with proposals; arrow keys choose one",
    });
    if (pixels[0] > TALLEST) this.panel.low.style.imageRendering = "auto";
    this.panel.paintFile(model.get("image"));
    this.panel.sheet.style.cursor = "pointer";
  }

  path(n) {
    const { masks, boxes } = this.all;
    if (!this.paths.has(n)) this.paths.set(n, outlineOf(masks[n], boxes, n));
    return this.paths.get(n);
  }

  draw({ shown, by }, chosen) {
    const { panel } = this;
    panel.clear();
    for (const n of [...shown].reverse()) {
      const colour = this.colours[n % this.colours.length];
      panel.pen.globalAlpha = 0.45;
      panel.pen.fillStyle = colour;
      panel.pen.fill(this.path(n));
      panel.pen.globalAlpha = 1;
      this.panel.stroke(this.path(n), colour, 1.5);
    }
    this.drawObjects(shown);
    if (chosen >= 0) this.drawChosen(chosen, by);
    const title = `${shown.length} proposal${shown.length === 1 ? "" : "s"}`;
    panel.root.querySelector("figcaption").textContent = title;
  }

  drawObjects(shown) {
    const { overlap, objects, count, boxes } = this.all;
    const found = foundObjects(overlap, objects, shown, LIMIT);
    const names = { true: `found at IoU ${LIMIT}`, false: "not found" };
    for (let o = 0; o < objects; o++) {
      const line = this.path(count + o);
      this.panel.stroke(line, PAPER, 3.5);
      this.panel.stroke(line, found[o] ? HIT : MISSED, 2, found[o] ? [] : [4, 3]);
      if (Boolean(found[o - 1]) === Boolean(found[o]) && o) continue;
      const [x0, y0, x1, y1] = boxes.subarray(4 * (count + o), 4 * (count + o) + 4);
      this.panel.write(names[Boolean(found[o])], x0, (y0 + y1) / 2,
                       { size: 10, ink: found[o] ? "#005a94" : "#a04000", paper: PAPER });
    }
  }

  drawChosen(chosen, by) {
    const { panel, all: { boxes, windows, levels, m } } = this;
    const boxOf = (n) => [boxes[4 * n], boxes[4 * n + 1], boxes[4 * n + 2] - boxes[4 * n],
                          boxes[4 * n + 3] - boxes[4 * n + 1]];
    for (const n of copiesOf(chosen, by)) panel.frame(...boxOf(n), PAPER, 0.7);
    this.panel.stroke(this.path(chosen), PAPER, 4.5);
    this.panel.stroke(this.path(chosen), INK, 2.5);
    if (levels.length) {
      const [level, y, x] = windows.subarray(3 * chosen, 3 * chosen + 3);
      const [down, right] = levels[level].cell;
      const half = Math.floor(m / 2);
      const square = [(x - half) * right, (y - half) * down, m * right, m * down];
      panel.frame(...square, PAPER, 3);
      panel.frame(...square, INK, 1.5, [5, 4]);
    }
    panel.write(String(chosen), boxes[4 * chosen], boxes[4 * chosen + 1],
                { size: 12, paper: PAPER });
  }

  /** The smallest shown mask at a place; of several the next one after `chosen`. */
  pick({ x, y }, shown, chosen) {
    const { boxes, masks } = this.all;
    const here = shown.filter((n) => {
      const [x0, y0, x1, y1] = boxes.subarray(4 * n, 4 * n + 4);
      const [column, row] = [Math.floor(x) - x0, Math.floor(y) - y0];
      return column >= 0 && row >= 0 && column < x1 - x0 && row < y1 - y0
        && masks[n][row * (x1 - x0) + column];
    }).sort((a, b) => boxArea(boxes, a) - boxArea(boxes, b));
    return here.length ? here[(here.indexOf(chosen) + 1) % here.length] : chosen;
  }
}

/** The k*k maps of one zoom. */
function mapsOf({ k, levels }, number) {
  const { H, W, maps, zoom } = levels[number];
  const made = new ScoreMaps({ k, H, W }, {
    gap: Math.max(1, Math.round(W / 25)), most: TALLEST,
    title: `${k * k} score maps at zoom ${zoom.toFixed(2)}`,
    label: `${k} x ${k} score maps with the chosen window`,
  });
  made.paint(maps, plainGrey);
  return made;
}

/** Greys that are greys already, as ImageData. */
function plainGrey(greys, columns, rows) {
  const image = new ImageData(columns, rows);
  for (let n = 0; n < columns * rows; n++) {
    image.data.fill(greys[n], 4 * n, 4 * n + 3);
    image.data[4 * n + 3] = 255;
  }
  return image;
}

/** The chosen window as its maps give it. */
class ChosenWindow {
  constructor(model, { k, m }) {
    Object.assign(this, { k, m, colours: model.get("colours") });
    this.panel = new Panel({ title: "its window", columns: m, rows: m, width: 210,
                             label: `the chosen window, ${m} x ${m}` });
  }

  draw({ H, W, maps }, y, x) {
    const { panel, k, m } = this;
    panel.paint(plainGrey(assemble(maps, { k, m, H, W, y, x }, 128), m, m));
    panel.clear();
    drawParts(panel, k, m, this.colours);
  }
}

/** Recall at each IoU; the height of the curve on average is AR. */
class RecallChart {
  constructor() {
    this.panel = new Panel({ title: "recall by IoU", columns: 180, rows: 100, width: 210,
                             label: "recall by IoU; the words below say it" });
  }

  draw(model, { overlap, objects }, shown) {
    const { panel } = this;
    const thresholds = model.get("thresholds");
    const place = (iou, recall) => [30 + (iou - 0.5) * 300, 80 - 70 * recall];
    panel.clear();
    panel.fill(0, 0, 180, 100, PAPER);
    for (const recall of [0, 0.5, 1]) {
      const [x, y] = place(0.5, recall);
      panel.frame(x, y, 135, 0, recall ? "#d0d0d0" : INK, 1);
      panel.write(recall.toFixed(1), 6, y - 6, { size: 11, ink: INK });
    }
    for (const iou of [0.5, 0.7, 0.9]) {
      panel.write(iou.toFixed(1), place(iou, 0)[0] - 8, 85, { size: 11, ink: INK });
    }
    const counts = foundCounts(overlap, objects, shown, thresholds);
    const points = thresholds.map((iou, n) => place(iou, counts[n] / objects));
    panel.pen.strokeStyle = HIT;
    panel.pen.fillStyle = HIT;
    panel.pen.lineWidth = 2;
    panel.pen.beginPath();
    for (const point of points) panel.pen.lineTo(...point);
    panel.pen.stroke();
    for (const [x, y] of points) panel.pen.fillRect(x - 2, y - 2, 4, 4);
    const average = averageRecall(model, overlap, objects, shown).toFixed(2);
    panel.write(`AR@${model.get("top")} = ${average}`, 36, 60, { size: 13, ink: INK });
  }
}

function controlsOf(model, all) {
  const { levels } = all;
  const percent = (value) => `${value} %`;
  const zoom = (n) => (n ? `only ${levels[n - 1].zoom.toFixed(2)}` : "all");
  return element("div", { class: "ifcn-controls ifcn-pairs" },
    slider(model, "objectness", { label: `${named(all)[1]} at least`, least: 0, most: 100,
                                  show: percent }),
    slider(model, "iou", { label: "NMS IoU", least: 0, most: 100, show: percent }),
    slider(model, "top", { label: "at most", least: 1, most: 100 }),
    levels.length ? slider(model, "scale", { label: "zooms", least: 0, most: levels.length,
                                             show: zoom }) : null);
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const all = readAll(model);
  const windowed = all.levels.length > 0;
  const picture = new Picture(model, all);
  const mask = windowed ? new ChosenWindow(model, all) : null;
  const chart = all.objects ? new RecallChart() : null;
  const byLevel = all.levels.map(() => null);
  const mapsPlace = element("div", {});
  const heard = spoken();
  const stage = new Stage(windowed ? PLACES : ALONE, picture.panel,
                          windowed ? { root: mapsPlace } : null, mask?.panel, chart?.panel);

  const drawMaps = (chosen) => {
    if (!windowed) return;
    mapsPlace.hidden = mask.panel.root.hidden = chosen < 0;
    if (chosen < 0) return;
    const [level, y, x] = all.windows.subarray(3 * chosen, 3 * chosen + 3);
    byLevel[level] ??= mapsOf(all, level);
    if (mapsPlace.firstChild !== byLevel[level].panel.root) {
      mapsPlace.replaceChildren(byLevel[level].panel.root);
    }
    byLevel[level].drawWindow(y, x, all.m, model.get("colours"));
    mask.draw(all.levels[level], y, x);
  };
  const paint = () => {
    const sifted = sift(model, all);
    const chosen = model.get("chosen");
    picture.draw(sifted, chosen);
    drawMaps(chosen);
    if (chart) chart.draw(model, all, sifted.shown);
    heard.say(words(model, all, sifted));
    root.dataset.drawn = [...sifted.shown].join(",");
  };
  const step = (by) => {
    const { shown } = sift(model, all); // two keys may come between two frames
    const at = shown.indexOf(model.get("chosen"));
    const next = at < 0 ? 0 : clamp(at + by, 0, shown.length - 1);
    if (shown.length) put(model, { chosen: shown[next] });
  };
  picture.panel.sheet.addEventListener("click", (event) => {
    const at = picture.panel.at(event);
    const { shown } = sift(model, all);
    put(model, { chosen: picture.pick(at, shown, model.get("chosen")) });
  });
  picture.panel.onArrows((dx, dy) => step(dx + dy));
  const loose = Math.min(100, model.get("iou") + 15); // NMS then leaves copies
  const root = staged(model, "ProposalExplorer", {
    parts: [stage.root, controlsOf(model, all),
            windowed ? element("p", { class: "ifcn-keys" },
                               greyScale("grey: probability", 0, 1)) : "",
            heard.root],
    paint, plays: () => [{ objectness: 95 }, { iou: loose, objectness: 0 }],
  });
  el.append(root);
  paint();
  return watch(model, ["objectness", "iou", "top", "scale", "chosen"],
               onceAFrame(paint));
}
