// The League: one scene, and what each model finds and joins in it.

import {
  button, clamp, element, onceAFrame, put, slider, sorry, spoken, svg, watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { staged } from "./staging.js";
import { Compared, leagueWords, standingsNow } from "./standings.js";

const PLACES = { wide: '"a b" auto "a c" 1fr / minmax(0, 38fr) minmax(395px, 62fr)',
                 middle: '"a a" "c b" / max-content minmax(0, 1fr)',
                 narrow: '"a" "b" "c" / minmax(0, 1fr)' };
const COLUMNS = [["model", "model"], ["iou", "IoU"], ["score", "score"],
                 ["joined", "joined"], ["found", "found"], ["figure", "AP"]];
const WIDEST = 150;
const [INK, PAPER, MISSED] = ["#1a1a1a", "#ffffff", "#d55e00"];
const CHART = { width: 230, height: 145, left: 28, top: 8, right: 222, bottom: 111 };

/** The scene once: with the true objects, or with what a model makes of them. */
class Tile {
  constructor(model, given, number) {
    const [h, w] = model.get("image_size");
    const name = number < 0 ? "the objects" : given.names[number];
    const title = name.replace(/([a-z])([A-Z])/g, "$1\u200b$2"); // there it may break
    Object.assign(this, { given, number, colours: model.get("mask_colours") });
    this.panel = new Panel({
      title, columns: w, rows: h, width: WIDEST, focusable: number < 0,
      pixels: model.get("image_pixels").slice().reverse(),
      label: number < 0 ? "the true objects; arrow keys go to another object, or model"
        : `what ${name} finds; the table says it`,
    });
    this.panel.low.style.imageRendering = "auto";
    this.panel.sheet.style.cursor = "pointer";
    this.panel.paintFile(model.get("image"));
    this.panel.sheet.addEventListener("click", (event) => {
      const chosen = given.at(this.panel.at(event));
      put(model, { ...(chosen < 0 ? {} : { chosen }),
                   ...(number < 0 ? {} : { picked: number }) });
    });
  }

  mask(n, colour, strong) {
    const { pen } = this.panel;
    pen.globalAlpha = 0.5;
    pen.fillStyle = colour;
    pen.fill(this.given.path(n));
    pen.globalAlpha = 1;
    if (strong) this.panel.stroke(this.given.path(n), PAPER, 3.5);
    this.panel.stroke(this.given.path(n), strong ? INK : colour, 1.5);
  }

  draw(now) {
    const { given, number, panel } = this;
    const line = now.lines[number];
    const all = [...Array(given.objects).keys()];
    panel.clear();
    for (const o of [...all.filter((each) => each !== now.chosen), now.chosen]) {
      const [colour, strong] = [this.colours[o % this.colours.length], o === now.chosen];
      const answer = line ? given.starts[number] + line.finders[o] : given.truth + o;
      if (!line || line.finders[o] >= 0) this.mask(answer, colour, strong);
      else {
        this.panel.stroke(given.path(given.truth + o), PAPER, strong ? 4 : 3);
        this.panel.stroke(given.path(given.truth + o), MISSED, strong ? 2.5 : 1.5, [4, 3]);
      }
    }
    if (!line) all.forEach((o) => this.name(o));
    for (const join of line?.joining.slice(0, 1) ?? []) {
      this.panel.stroke(given.path(given.starts[number] + join), PAPER, 4);
      this.panel.stroke(given.path(given.starts[number] + join), MISSED, 2.5);
    }
  }

  name(o) {
    const [x0, y0, x1, y1] = this.given.boxes.subarray(4 * (this.given.truth + o));
    const { panel } = this;
    panel.write(String(o + 1), (x0 + x1) / 2 - 4 / panel.scale,
                (y0 + y1) / 2 - 7 / panel.scale, { size: 12, paper: PAPER });
  }
}

/** Put children in this order behind the `first` ones, which keep the focus. */
function inOrder(parent, children, first = 0) {
  if (children.some((child, n) => child !== parent.children[first + n])) {
    parent.append(...children);
  }
}

/** The table: a heading sorts it, a name picks its model. */
class Table {
  constructor(model, given) {
    this.given = given;
    this.heads = COLUMNS.map(([by, title]) => element("th", { scope: "col" },
      button(title, () => put(model, {
        by, down: model.get("by") === by ? !model.get("down") : by !== "model" }))));
    this.rows = given.names.map((name, n) => {
      const pick = button(name, () => put(model, { picked: n }));
      const cells = COLUMNS.slice(1).map(() => element("td"));
      const row = element("tr", {}, element("th", { scope: "row" }, pick), ...cells);
      return { pick, cells, row };
    });
    this.body = element("tbody", {}, ...this.rows.map(({ row }) => row));
    this.root = element("table", { class: "ifcn-standings" },
      element("thead", {}, element("tr", {}, ...this.heads)), this.body);
  }

  draw({ by, down, order, picked }) {
    this.heads.forEach((head, n) => {
      if (COLUMNS[n][0] !== by) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
    for (const line of order) {
      const { row, cells, pick } = this.rows[line.number];
      const figure = line.figure.toFixed(2);
      const noted = (text, more) => [text, element("span", { class: "ifcn-unseen" }, more)];
      const texts = [
        line.answer < 0 ? noted(`(${line.iou.toFixed(2)})`, " missed") : [line.iou.toFixed(2)],
        [line.score === null ? "\u2013" : line.score.toFixed(2)],
        [line.joined.map((o) => o + 1).join(", ") || "\u2013"],
        [`${line.found} of ${this.given.objects}`],
        line.mute ? noted(`${figure}*`, " recall") : [figure],
      ];
      cells.forEach((cell, n) => cell.replaceChildren(...texts[n]));
      pick.setAttribute("aria-pressed", String(line.number === picked));
    }
    const rows = order.map(({ number }) => this.rows[number].row);
    inOrder(this.body, rows);
  }
}

/** AP, or recall, of every model by IoU; the picked one stands out. */
class FigureChart {
  constructor(given) {
    const { width, height } = CHART;
    this.given = given;
    this.drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
                                class: "ifcn-chart" });
    this.title = element("figcaption");
    this.figure = element("figure", { class: "ifcn-panel" }, this.title, this.drawing);
  }

  draw({ picked, step }) {
    const { curves, mute, names, thresholds } = this.given;
    const { left, top, right, bottom } = CHART;
    const x = (n) => left + ((right - left) * n) / (thresholds.length - 1);
    const y = (value) => bottom - (bottom - top) * value;
    const curve = (n, look) => svg("path", {
      d: `M${curves[n].map((value, t) => `${x(t).toFixed(1)} ${y(value).toFixed(1)}`).join("L")}`,
      fill: "none", "stroke-dasharray": mute[n] ? "6 3" : "none", ...look });
    const word = (text, at, down, anchor = "middle") => svg("text", {
      x: at, y: down, fill: "currentColor", "font-size": 12, "text-anchor": anchor }, text);
    const own = `${mute[picked] ? "recall" : "AP"} of ${names[picked]}`;
    this.title.textContent = `${own} by IoU`;
    this.drawing.setAttribute("aria-label", `${own}: ${curves[picked].map((value, t) =>
      `${value.toFixed(2)} at IoU ${thresholds[t].toFixed(2)}`).join(", ")}`);
    this.drawing.replaceChildren(
      svg("path", { d: `M${left} ${top}V${bottom}H${right}`, fill: "none",
                    stroke: "currentColor", "stroke-opacity": 0.6 }),
      ...[0, 0.5, 1].map((value) => word(value.toFixed(1), left - 6, y(value) + 4, "end")),
      ...[0, 2, 4, 6, 8].map((t) => word(thresholds[t].toFixed(1), x(t), bottom + 16)),
      word("IoU; dashed: recall", (left + right) / 2, bottom + 32),
      ...names.map((_, n) => curve(n, { stroke: "currentColor", "stroke-opacity": 0.35 })),
      curve(picked, { stroke: "var(--ifcn-accent)", "stroke-width": 3 }),
      svg("line", { x1: x(step), x2: x(step), y1: top, y2: bottom, stroke: "currentColor" }),
      svg("circle", { cx: x(step), cy: y(curves[picked][step]), r: 5,
                      fill: "var(--ifcn-accent)" }));
  }
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const given = new Compared(model);
  const truth = new Tile(model, given, -1);
  const tiles = given.names.map((_, n) => new Tile(model, given, n));
  const [table, chart, heard] = [new Table(model, given), new FigureChart(given), spoken()];
  const scenes = element("div", { class: "ifcn-tiles" }, truth.panel.root,
                         ...tiles.map(({ panel }) => panel.root));
  const beside = element("div", { class: "ifcn-curves" }, chart.figure, element("div", {},
    slider(model, "iou", { label: "IoU from", least: 50, most: 95, step: 5,
                           show: (value) => (value / 100).toFixed(2) }),
    slider(model, "least", { label: "score from", least: 0, most: 100,
                             show: (value) => `${value} %` })));
  const stage = new Stage(PLACES, { root: scenes }, { root: beside }, table);
  const paint = () => {
    const now = standingsNow(model, given);
    [truth, ...tiles].forEach((tile) => tile.draw(now));
    tiles.forEach(({ panel }, n) => panel.root.classList.toggle("ifcn-picked", n === now.picked));
    const roots = now.order.map(({ number }) => tiles[number].panel.root);
    inOrder(scenes, roots, 1);
    table.draw(now);
    chart.draw(now);
    heard.say(leagueWords(given, now));
  };
  truth.panel.onArrows((dx, dy) => {
    const { chosen, picked, order } = standingsNow(model, given);
    const at = order.findIndex(({ number }) => number === picked) + Math.sign(dy);
    put(model, { chosen: clamp(chosen + Math.sign(dx), 0, given.objects - 1),
                 picked: order[clamp(at, 0, order.length - 1)].number });
  });
  const key = element("p", { class: "ifcn-keys" }, ...[
    "joined: one answer, in orange, covers at least half of each of two objects",
    "(0.40): missed, dashed; its largest IoU", "*: recall, because the scores only order answers",
  ].map((text) => element("span", {}, text)));
  const other = (model.get("chosen") + 1) % given.objects;
  el.append(staged(model, "League", {
    parts: [stage.root, key, heard.root], paint,
    plays: () => [{ iou: 85 }, { chosen: other, iou: 50 }],
  }));
  paint();
  return watch(model, ["chosen", "picked", "iou", "least", "by", "down"], onceAFrame(paint));
}
