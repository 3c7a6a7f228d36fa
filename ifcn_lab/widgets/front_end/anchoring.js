// Which anchor learns which object, as in ifcn_lab.layers.anchors and boxes; and the NMS
// of anchors, box after box. Plain functions: no page is needed.

import { boxOverlap, ranked, suppress } from "./proposing.js";

export const [NEGATIVE, IGNORED] = [-1, -2];

/** [width, height] of each anchor of a place; ratios are height over width. */
export function anchorSizes(sides, ratios) {
  return ratios.flatMap((ratio) => sides.map((side) => {
    const width = side / Math.sqrt(ratio);
    return [width, width * ratio];
  }));
}

/** All anchors of a map, x0, y0, x1, y1 after each other; float32 as the library's. */
export function makeAnchors([H, W], stride, sizes) {
  const found = [];
  for (let n = 0; n < H * W; n++) {
    const at = [n % W, Math.floor(n / W)].map((place) => (place + 0.5) * stride);
    for (const size of sizes) {
      const half = size.map((side) => Math.fround(Math.fround(side) / 2));
      found.push(at[0] - half[0], at[1] - half[1], at[0] + half[0], at[1] + half[1]);
    }
  }
  return Float32Array.from(found);
}

/** IoU of every anchor with every object: a row of numbers for each anchor. */
export function overlapsOf(anchors, boxes) {
  const all = Float64Array.from([...anchors, ...boxes.flat()]);
  const count = anchors.length / 4;
  return Array.from({ length: count }, (_, a) =>
    boxes.map((_box, o) => boxOverlap(all, a, count + o)));
}

/** The object that each anchor learns, or NEGATIVE, or IGNORED. */
export function matched(overlap, positive, negative, best = true) {
  const labels = overlap.map((row) => {
    const most = Math.max(...row);
    if (most < negative) return NEGATIVE;
    return most >= positive ? row.indexOf(most) : IGNORED;
  });
  if (!best || overlap.length === 0) return labels;
  const top = overlap[0].map((_, o) =>
    overlap.reduce((most, row) => Math.max(most, row[o]), 0));
  return labels.map((label, a) => (label >= 0 ? label
    : rescuer(overlap[a].findIndex((iou, o) => iou === top[o] && iou > 0), label)));
}

const rescuer = (object, label) => (object >= 0 ? object : label);

/**
 * What the AnchorBoard knows of each anchor: its label, the object it is about, its IoU
 * with that, and whether the best-anchor rule alone makes it learn.
 */
export function board(anchors, boxes, positive, negative, best) {
  const overlap = overlapsOf(anchors, boxes);
  return matched(overlap, positive, negative, best).map((label, a) => {
    const most = Math.max(...overlap[a]);
    const about = label >= 0 ? label : overlap[a].indexOf(most);
    return { label, about, iou: overlap[a][about], rescued: label >= 0 && most < positive };
  });
}

/** NMS of the boxes that may be objects: each in its turn, and which box took it away. */
export function nmsSteps(boxes, scores, some, iou, most) {
  const order = ranked(Float64Array.from(some, (n) => scores[n])).slice(0, most)
    .map((n) => some[n]);
  const { by } = suppress(boxes, order, iou);
  return order.map((box) => ({ box, score: scores[box], by: by.get(box) ?? -1,
    iou: by.has(box) ? boxOverlap(boxes, box, by.get(box)) : 0 }));
}
