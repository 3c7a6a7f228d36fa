// The TrainingMonitor: losses and masks while training runs in the kernel, or replayed.

import {
  button, clamp, element, motionIsReduced, numbers, onceAFrame, put, sorry, spoken, svg,
  watch,
} from "./page.js";
import { Panel, Stage } from "./panel.js";
import { greyScale, staged } from "./staging.js";

const PLACES = { wide: '"a b c" / 17fr 26fr 35fr', middle: '"a c" "b c" / 20fr 33fr',
                 narrow: '"a b" "c c" / 2fr 3fr' };

const STATES = {
  ready: "Not started", training: "Training", paused: "Paused", stopped: "Stopped",
  done: "Done", failed: "Failed",
};
const MEAN_OF = 15; // steps, in a running mean
const UNKNOWN = 255; // in the true masks: off the map
const LOSSES = { mask: "var(--ifcn-mask)", objectness: "var(--ifcn-objectness)" };
const CHART = { width: 350, height: 250, left: 34, top: 26, right: 344, bottom: 216 };
const BETWEEN = 2; // places between two windows

/** What the traits say at the moment that is shown. */
function moment(model) {
  const get = (name) => model.get(name);
  const at = get("at");
  const early = at.filter((step) => step <= get("step")).length - 1;
  const frame = get("step") < 0 ? at.length - 1 : Math.max(0, early);
  const [m, count] = [get("m"), numbers(model, "windows", Uint8Array).length
    / at.length / get("m") ** 2];
  const size = count * m * m;
  const windows = numbers(model, "windows", Uint8Array)
    .subarray(frame * size, (frame + 1) * size);
  const centers = numbers(model, "centers", Uint16Array)
    .subarray(2 * frame * count, 2 * (frame + 1) * count);
  return { at, frame, step: at[frame], m, count, windows, centers,
           truth: numbers(model, "truth", Uint8Array) };
}

/** Running means of (objectness, mask) at each point, as in Python's `means`. */
function runningMeans(losses, per) {
  const width = Math.max(1, Math.floor(MEAN_OF / per));
  const found = [];
  for (let n = 0; n < losses.length / 2; n++) {
    const first = Math.max(0, n + 1 - width);
    const sum = [0, 0];
    for (let i = first; i <= n; i++) {
      sum[0] += losses[2 * i];
      sum[1] += losses[2 * i + 1];
    }
    found.push(sum.map((total) => total / (n + 1 - first)));
  }
  return found;
}

/** The same words as Python's `words`. */
function monitorWords(model, now, means) {
  let text = `${STATES[model.get("status")]}: ${model.get("taken")} of `
    + `${model.get("steps")} steps taken. `;
  text += now.step ? `Shown is step ${now.step}` : "Shown is the network untrained";
  const point = Math.min(Math.ceil(now.step / model.get("per")), means.length) - 1;
  if (now.step && point >= 0) {
    const [objectness, mask] = means[point].map((loss) => loss.toFixed(2));
    text += `: mask loss ${mask}, objectness loss ${objectness}`;
  }
  return [`${text}.`, windowWords(now), model.get("error")].filter(Boolean).join(" ");
}

function windowWords({ windows, truth }) {
  if (!truth.length) {
    const white = windows.reduce((count, grey) => count + (grey > 128 ? 1 : 0), 0);
    return `${white} of ${windows.length} places are white.`;
  }
  let [right, total] = [0, 0];
  truth.forEach((wanted, n) => {
    if (wanted === UNKNOWN) return;
    total += 1;
    if ((windows[n] > 128) === (wanted === 1)) right += 1;
  });
  const share = Math.floor((200 * right + total) / (2 * total));
  return `${share}% of the places are on the right side.`;
}

/** The watched windows, side by side, with the true borders. */
class Windows {
  constructor({ m, count }) {
    this.across = count < 3 ? count : Math.ceil(Math.sqrt(count));
    this.m = m;
    const side = (n) => n * m + (n - 1) * BETWEEN;
    const down = Math.ceil(count / this.across);
    this.panel = new Panel({
      title: count > 1 ? `what ${count} windows show` : "what the window shows",
      columns: side(this.across), rows: side(down),
      width: count === 1 ? 180 : 260, label: "the masks that the windows show",
    });
    this.panel.low.style.background = "none"; // grey between windows would look like one
  }

  corner(n) {
    const step = this.m + BETWEEN;
    return [(n % this.across) * step, Math.floor(n / this.across) * step];
  }

  draw({ windows, truth, count, m }) {
    this.panel.clear();
    for (let n = 0; n < count; n++) {
      const image = new ImageData(m, m);
      for (let i = 0; i < m * m; i++) {
        image.data.fill(windows[n * m * m + i], 4 * i, 4 * i + 3);
        image.data[4 * i + 3] = 255;
      }
      this.panel.paint(image, ...this.corner(n));
      if (truth.length) this.border(truth.subarray(n * m * m, (n + 1) * m * m), n);
      if (count > 1) this.panel.write(String(n + 1), ...this.corner(n), { paper: "#ffffff" });
    }
  }

  border(truth, n) {
    const { m, panel } = this;
    const [left, top] = this.corner(n);
    const inside = (i, j) => i >= 0 && j >= 0 && i < m && j < m && truth[i * m + j] === 1;
    for (let i = 0; i <= m; i++) {
      for (let j = 0; j <= m; j++) {
        if (inside(i, j) !== inside(i - 1, j)) panel.frame(left + j, top + i, 1, 0, "#e69f00", 2);
        if (inside(i, j) !== inside(i, j - 1)) panel.frame(left + j, top + i, 0, 1, "#e69f00", 2);
      }
    }
  }
}

/** Where the axis of steps ends: it doubles until it reaches the last one. */
function axisEnd(taken, steps) {
  let end = 60;
  while (end < taken) end *= 2;
  return Math.min(end, steps);
}

/** From label to label: 1, 2 or 5 times a power of ten; at most six labels. */
function roundStep(most) {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return power * [1, 2, 5, 10].find((times) => most <= 5 * times * power);
}

/** A loss in as few letters as there is room for. */
function lossLabel(loss, most) {
  if (most < 100) return loss.toFixed(1);
  if (loss < 10_000) return loss.toFixed(0);
  return Number(loss.toPrecision(3)).toExponential().replace("+", "");
}

/** The losses by step: single steps thin, running means thick, a line where we are. */
class Chart {
  constructor() {
    this.drawing = svg("svg", { width: CHART.width, height: CHART.height, role: "img",
                                viewBox: `0 0 ${CHART.width} ${CHART.height}`,
                                class: "ifcn-chart" });
    this.root = element("figure", { class: "ifcn-panel" },
                        element("figcaption", {}, "the losses"), this.drawing);
  }

  draw(losses, means, { steps, taken, step, per, running }) {
    const most = Math.max(0.8, ...losses);
    const end = Math.max(2, running ? axisEnd(taken, steps) : taken);
    const x = (at) => CHART.left + ((CHART.right - CHART.left) * at) / end;
    const y = (loss) => CHART.bottom - ((CHART.bottom - CHART.top) * loss) / most;
    const path = (values) => values
      .map((value, n) => `${n ? "L" : "M"}${x(Math.min((n + 1) * per, taken)).toFixed(1)} ${y(value).toFixed(1)}`)
      .join("");
    const parts = [...this.axes(x, y, most, end)];
    ["objectness", "mask"].forEach((name, which) => {
      const look = { fill: "none", stroke: LOSSES[name] };
      const single = Array.from(means, (_, n) => losses[2 * n + which]);
      parts.push(svg("path", { ...look, d: path(single), "stroke-opacity": 0.4 }),
                 svg("path", { ...look, d: path(means.map((pair) => pair[which])),
                               "stroke-width": 2.5,
                               "stroke-dasharray": which ? "none" : "6 3" }));
    });
    parts.push(svg("line", { x1: x(step), x2: x(step), y1: CHART.top, y2: CHART.bottom,
                             stroke: "currentColor", "stroke-width": 1.5 }));
    this.drawing.setAttribute("aria-label", `two losses over ${taken} steps`);
    this.drawing.replaceChildren(...parts);
  }

  *axes(x, y, most, end) {
    const { left, top, right, bottom } = CHART;
    const thin = { stroke: "currentColor", "stroke-opacity": 0.6, fill: "none" };
    const word = (text, at, down, more = {}) => svg("text", {
      x: at, y: down, fill: "currentColor", "font-size": 12, ...more }, text);
    yield svg("path", { ...thin, d: `M${left} ${top}V${bottom}H${right}` });
    yield svg("path", { ...thin, d: `M${left} ${y(Math.LN2)}H${right}`, "stroke-dasharray": "2 3" });
    yield word("ln 2: no idea", right - 8, y(Math.LN2) - 4, { "text-anchor": "end" });
    const step = roundStep(most);
    for (let n = 0; n * step <= most; n++) {
      const [text, down] = [lossLabel(n * step, most), y(n * step) + 4];
      yield word(text, left - 4, down, { "text-anchor": "end" });
    }
    for (const at of new Set([0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * end)))) {
      yield word(String(at), x(at), bottom + 16, { "text-anchor": at < end ? "middle" : "end" });
    }
    yield word("step", (left + right) / 2, bottom + 31, { "text-anchor": "middle" });
    yield svg("path", { d: `M${left} 10h26`, stroke: LOSSES.mask, "stroke-width": 2.5 });
    yield word("mask", left + 32, 14);
    yield svg("path", { d: `M${left + 90} 10h26`, stroke: LOSSES.objectness,
                        "stroke-width": 2.5, "stroke-dasharray": "6 3" });
    yield word("objectness", left + 122, 14);
  }
}

/** The picture that is watched, with the outlines of its windows. */
class Watched {
  constructor(model) {
    const [height, width] = model.get("image_size");
    this.stride = model.get("stride");
    const across = Math.min(170, (170 * width) / height);
    this.panel = new Panel({
      title: "the picture", columns: width / this.stride, rows: height / this.stride,
      width: across, pixels: [width, height], label: "the picture with the watched windows",
    });
    this.panel.paintFile(model.get("image"));
  }

  draw({ centers, count, m }) {
    this.panel.clear();
    for (let n = 0; n < count; n++) {
      const [top, left] = [centers[2 * n], centers[2 * n + 1]].map((c) => c - Math.floor(m / 2));
      this.panel.frame(left, top, m, m, "#ffffff", 4);
      this.panel.frame(left, top, m, m, "#1a1a1a", 1.5, n % 2 ? [5, 3] : []);
    }
    for (let n = 0; n < count && count > 1; n++) {
      const [y, x] = [centers[2 * n], centers[2 * n + 1]];
      this.panel.write(String(n + 1), x, y, { size: 12, paper: "#ffffff" });
    }
  }
}

/** The slider over the moments that were kept; at its end it follows training. */
function momentSlider(model) {
  const input = element("input", { type: "range", min: 0, step: 1, "aria-label": "moment" });
  const value = element("output", {});
  input.addEventListener("input", () => {
    const last = input.value === input.max; // more may have come since it was drawn
    put(model, { step: last ? -1 : model.get("at")[Number(input.value)] });
  });
  const follow = ({ at, frame, step }) => {
    input.max = at.length - 1;
    input.value = frame;
    input.disabled = at.length < 2;
    value.textContent = step ? `step ${step}` : "untrained";
    input.setAttribute("aria-valuetext", value.textContent);
  };
  const root = element("label", { class: "ifcn-slider" }, element("span", {}, "moment"),
                       input, value);
  return { root, follow };
}

/** Shows all moments one after the other; with less motion one at each press. */
function replayer(model) {
  let timer = null;
  const stop = () => { clearTimeout(timer); timer = null; };
  const advance = () => {
    const { at, frame } = moment(model);
    const next = frame + 1;
    if (next >= at.length) return stop();
    put(model, { step: next === at.length - 1 ? -1 : at[next] });
    timer = motionIsReduced() ? null : setTimeout(advance, 200);
    return undefined;
  };
  const press = () => {
    if (timer !== null) return stop();
    const { at, frame } = moment(model);
    if (frame < at.length - 1) return advance();
    put(model, { step: at[0] });
    if (!motionIsReduced() && at.length > 1) timer = setTimeout(advance, 200);
    return undefined;
  };
  return { press, stop };
}

/** Train, pause, resume, stop: what makes sense now. Nothing in a file of its own. */
function trainingButtons(model) {
  const root = element("span", { class: "ifcn-buttons" });
  const ask = (what) => button(what === "start" ? "train" : what, () => model.send({ do: what }));
  const all = Object.fromEntries(["start", "pause", "resume", "stop"].map((n) => [n, ask(n)]));
  root.append(...Object.values(all));
  const use = { ready: ["start"], training: ["pause", "stop"], paused: ["resume", "stop"] };
  const follow = () => {
    const wanted = model.get("live") ? use[model.get("status")] ?? [] : [];
    const left = Object.entries(all).find(([, one]) => one === document.activeElement);
    for (const [name, one] of Object.entries(all)) one.hidden = !wanted.includes(name);
    root.hidden = wanted.length === 0;
    // Who pressed "pause" finds "resume" under the same finger.
    if (left && left[1].hidden && wanted.length) all[wanted[0]].focus();
  };
  return { root, follow };
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const picture = new Watched(model);
  const windows = new Windows(moment(model));
  const chart = new Chart();
  const heard = spoken();
  const slide = momentSlider(model);
  const replay = replayer(model);
  const buttons = trainingButtons(model);
  const bar = element("progress", { max: 1, "aria-label": "progress" });
  const taken = element("output", {});
  const progress = element("label", { class: "ifcn-slider" }, "trained", bar, taken);
  const seen = element("p", { class: "ifcn-words", "aria-hidden": "true" });
  heard.root.className = "ifcn-unseen"; // it is told less often than it changes
  const wrong = element("p", { class: "ifcn-problem", role: "alert", hidden: true });
  const stage = new Stage(PLACES, picture.panel, windows.panel, chart);
  const controls = element("div", { class: "ifcn-controls" }, buttons.root, progress,
                           slide.root, button("replay", replay.press),
                           greyScale("grey: probability", 0, 1));

  let told = "";
  const paint = () => {
    const now = moment(model);
    const losses = numbers(model, "losses");
    const means = runningMeans(losses, model.get("per"));
    picture.draw(now);
    windows.draw(now);
    const running = ["ready", "training", "paused"].includes(model.get("status"));
    chart.draw(losses, means, { steps: model.get("steps"), taken: model.get("taken"),
                                per: model.get("per"), step: now.step, running });
    slide.follow(now);
    buttons.follow();
    bar.value = model.get("progress");
    taken.textContent = `${model.get("taken")} of ${model.get("steps")} steps`;
    progress.hidden = !model.get("live");
    wrong.textContent = model.get("error");
    wrong.hidden = !model.get("error");
    // While training runs, a screen reader hears a tenth of it at a time.
    const news = [model.get("status"), model.get("step"),
                  Math.floor(10 * clamp(model.get("progress"), 0, 1))].join();
    seen.textContent = monitorWords(model, now, means);
    if (news !== told) heard.say(seen.textContent);
    told = news;
  };
  el.append(staged(model, "TrainingMonitor", {
    parts: [stage.root, controls, wrong, seen, heard.root], paint,
    plays: () => (model.get("at").length > 1 && model.get("status") !== "training"
      ? [{ step: 0 }, { step: model.get("at").at(-1) }] : []),
  }));
  const unwatch = watch(model, ["windows", "losses", "status", "step", "error"],
                        onceAFrame(paint));
  paint();
  return () => { unwatch(); replay.stop(); };
}
