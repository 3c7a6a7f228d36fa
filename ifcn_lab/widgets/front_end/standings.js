// Who finds and who joins an object, as in ifcn_lab.widgets.league.

import { outlineOf } from "./outlines.js";
import { clamp, numbers } from "./page.js";
import { decodeMasks } from "./proposing.js";

/** What never changes: the answers of all models, and after them the true objects. */
export class Compared {
  constructor(model) {
    for (const name of ["names", "counts", "mute", "objects", "thresholds", "finders",
                        "joins", "curves"]) this[name] = model.get(name);
    this.boxes = numbers(model, "boxes", Int32Array);
    this.masks = decodeMasks(numbers(model, "runs", Uint16Array), this.boxes);
    this.scores = numbers(model, "scores", Float64Array);
    this.overlap = numbers(model, "overlap", Float64Array);
    this.starts = this.counts.map((_, n) =>
      this.counts.slice(0, n).reduce((sum, count) => sum + count, 0));
    this.truth = this.scores.length; // the first true object, among boxes and masks
    this.paths = new Map();
  }

  path(n) {
    if (!this.paths.has(n)) this.paths.set(n, outlineOf(this.masks[n], this.boxes, n));
    return this.paths.get(n);
  }

  /** The true object at a place; -1: none. */
  at({ x, y }) {
    for (let o = 0; o < this.objects; o++) {
      const [x0, y0, x1, y1] = this.boxes.subarray(4 * (this.truth + o));
      const [column, row] = [Math.floor(x) - x0, Math.floor(y) - y0];
      const within = column >= 0 && row >= 0 && column < x1 - x0 && row < y1 - y0;
      if (within && this.masks[this.truth + o][row * (x1 - x0) + column]) return o;
    }
    return -1;
  }

  /** A model's line of the table, as Python's `standing`; `finders` of every object. */
  standing(number, { step, least, chosen }) {
    const [start, mute] = [this.starts[number], this.mute[number]];
    const iou = (answer) => this.overlap[(start + answer) * this.objects + chosen];
    const own = this.scores.subarray(start, start + this.counts[number]);
    const meant = mute ? own.length : own.filter((score) => score >= least / 100).length;
    const finders = this.finders[number][step].map((a) => (a < meant ? a : -1));
    const joining = this.joins[number].filter(([a, on]) => a < meant && on.includes(chosen));
    const answer = finders[chosen];
    return {
      number, answer, finders, mute, joining: joining.map(([a]) => a),
      iou: answer < 0 ? Math.max(0, ...Array.from(own.subarray(0, meant), (_, a) => iou(a)))
        : iou(answer),
      score: answer < 0 || mute ? null : own[answer],
      joined: [...new Set(joining.flatMap(([, on]) => on))].filter((o) => o !== chosen)
        .sort((a, b) => a - b),
      found: finders.filter((a) => a >= 0).length, figure: this.curves[number][step],
    };
  }
}

/** Everything as it stands: what is asked for, the lines as given, and in order. */
export function standingsNow(model, given) {
  const [chosen, picked, least, by, down] = ["chosen", "picked", "least", "by", "down"]
    .map((name) => model.get(name));
  const step = clamp(Math.round((model.get("iou") - 50) / 5), 0, 9);
  const lines = given.names.map((_, n) => given.standing(n, { step, least, chosen }));
  const rank = {
    model: ({ number }) => given.names[number], iou: ({ iou }) => iou,
    score: ({ score }) => score ?? -1, joined: ({ joined }) => joined.length,
    found: ({ found }) => found, figure: ({ figure, mute }) => figure + (mute ? 0 : 2),
  }[by];
  const order = [...lines].sort((a, b) => {
    const [first, second] = down ? [rank(b), rank(a)] : [rank(a), rank(b)];
    return first < second ? -1 : Number(first > second);
  });
  return { chosen, picked, least, by, down, step, lines, order };
}

/** The same words as Python's `words`. */
export function leagueWords(given, { chosen, picked, least, step, lines }) {
  const said = ({ number, iou, score, answer }) => `${given.names[number]} (IoU `
    + `${iou.toFixed(2)}${score === null ? "" : `, score ${score.toFixed(2)}`}`
    + `${answer < 0 ? ", missed" : ""})`;
  const found = lines.filter(({ answer }) => answer >= 0);
  let text = `Object ${chosen + 1} of ${given.objects}, at IoU `
    + `${given.thresholds[step].toFixed(2)} and a score of ${least} % or more: found by `
    + `${found.length} of ${lines.length} models`;
  if (found.length) {
    const best = found.reduce((most, line) => (line.iou > most.iou ? line : most));
    text += `, best by ${said(best)}`;
  }
  const joining = lines.filter(({ joined }) => joined.length)
    .map(({ number }) => given.names[number]);
  const own = lines[picked];
  return `${text}. Joined with another by ${joining.join(", ") || "none"}. ${said(own)}, `
    + `${own.found} of ${given.objects} found, ${own.mute ? "recall" : "AP"} `
    + `${own.figure.toFixed(2)}.`;
}
