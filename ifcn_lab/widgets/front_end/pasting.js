// From score maps to the best masks, as in ifcn_lab.windows at one scale: windows are
// ranked, assembled, enlarged to pixels, cut at probability 0.5; copies are taken away.

import { assemble } from "./assembling.js";
import { suppress } from "./proposing.js";

/** Objectness as Python has it, a float32. */
export function sureness(logit) {
  return Math.fround(1 / (1 + Math.exp(-logit)));
}

/** The places of highest objectness, `least` or more, best first; ties in their order. */
export function bestPlaces(objectness, count, least) {
  const scores = objectness.map(sureness);
  const places = Array.from(scores.keys()).filter((n) => scores[n] >= least);
  places.sort((a, b) => objectness[b] - objectness[a] || a - b);
  const best = places.slice(0, count).sort((a, b) => scores[b] - scores[a] || a - b);
  return best.map((place) => ({ place, score: scores[place] }));
}

/**
 * Where the pixels of a window lie along one side, and the two places whose scores each
 * one mixes. A pixel outside the image shows what the nearest one inside shows.
 */
export function line(center, m, stride, length) {
  const { fround } = Math; // as Python, which has these numbers as float32
  const first = center - Math.floor(m / 2);
  const start = Math.ceil(fround(fround(first * fround(stride)) - 0.5));
  const count = Math.max(1, Math.ceil(m * stride));
  const [from, share] = [new Int32Array(count), new Float32Array(count)];
  for (let p = 0; p < count; p++) {
    const shown = Math.min(Math.max(start + p, 0), length - 1);
    const place = fround(fround((shown + 0.5) / fround(stride)) - 0.5);
    const at = Math.min(Math.max(fround(place - first), 0), m - 1);
    from[p] = Math.min(Math.floor(at), m - 1);
    share[p] = at - from[p];
  }
  return { start, count, from, share };
}

/** A window at image resolution: rows first, then columns. */
export function enlarged(window, m, down, across) {
  const wide = new Float32Array(m * across.count);
  for (let i = 0; i < m; i++) {
    mix(window, i * m, across, wide, i * across.count);
  }
  const found = new Float32Array(down.count * across.count);
  for (let p = 0; p < down.count; p++) {
    const share = down.share[p];
    const upper = down.from[p] * across.count;
    const lower = share ? upper + across.count : upper;
    const to = p * across.count;
    for (let q = 0; q < across.count; q++) {
      found[to + q] = wide[upper + q] * (1 - share) + wide[lower + q] * share;
    }
  }
  return found;
}

/** One row of a window, mixed to pixels. */
export function mix(window, row, { count, from, share }, wide, to) {
  for (let q = 0; q < count; q++) {
    const at = row + from[q];
    const next = share[q] ? at + 1 : at;
    wide[to + q] = window[at] * (1 - share[q]) + window[next] * share[q];
  }
}

/** The tight box of the pixels above 0, inside the image, and the mask in it. */
export function cut(logits, down, across, h, w) {
  const width = across.count;
  const top = Math.max(0, -down.start);
  const bottom = Math.min(down.count, h - down.start);
  const left = Math.max(0, -across.start);
  const right = Math.min(width, w - across.start);
  let [x0, y0, x1, y1] = [right, bottom, left, top];
  for (let p = top; p < bottom; p++) {
    let first = left;
    while (first < right && logits[p * width + first] <= 0) first++;
    if (first === right) continue;
    let last = right - 1;
    while (logits[p * width + last] <= 0) last--;
    if (y0 > p) y0 = p;
    y1 = p + 1;
    if (x0 > first) x0 = first;
    if (x1 <= last) x1 = last + 1;
  }
  if (x1 <= x0) return { box: [0, 0, 0, 0], mask: new Uint8Array(0) };
  const mask = new Uint8Array((x1 - x0) * (y1 - y0));
  let n = 0;
  for (let p = y0; p < y1; p++) {
    for (let q = x0; q < x1; q++) mask[n++] = logits[p * width + q] > 0 ? 1 : 0;
  }
  const box = [across.start + x0, down.start + y0, across.start + x1, down.start + y1];
  return { box, mask };
}

/**
 * The best masks of an image: `propose(..., scales=[1])` in Python, less those whose
 * objectness is below `least`.
 */
export function proposals(scores, wishes) {
  const { stride } = wishes;
  return pyramidProposals([{ ...scores, stride: [stride, stride] }], wishes);
}

/** The same of the score maps at several zooms, each with its stride down and across. */
export function pyramidProposals(levels, { k, m, h, w, top, candidates, iou, least }) {
  const sizes = levels.map(({ objectness }) => objectness.length);
  const everything = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
  const starts = sizes.map((_, n) => sizes.slice(0, n).reduce((sum, one) => sum + one, 0));
  levels.forEach(({ objectness }, n) => everything.set(objectness, starts[n]));
  const found = bestPlaces(everything, candidates, least).map(({ place, score }) => {
    const level = starts.findLastIndex((start) => start <= place);
    const { H, W, maps, stride } = levels[level];
    const here = place - starts[level];
    const [y, x] = [Math.floor(here / W), here % W];
    const window = assemble(maps, { k, m, H, W, y, x });
    const [down, across] = [line(y, m, stride[0], h), line(x, m, stride[1], w)];
    return { level, y, x, score,
             ...cut(enlarged(window, m, down, across), down, across, h, w) };
  }).filter(({ mask }) => mask.length);
  const boxes = Int32Array.from(found.flatMap(({ box }) => box));
  const { kept, by } = suppress(boxes, found.map((_, n) => n), iou);
  const copies = new Map(kept.map((n) => [n, 0]));
  for (const better of by.values()) copies.set(better, copies.get(better) + 1);
  return kept.slice(0, top).map((n) => ({ ...found[n], copies: copies.get(n) }));
}
