// From windows to proposals and to recall, as in ifcn_lab.layers.nms and
// ifcn_lab.metrics.recall. Plain functions on typed arrays: no page is needed.

/** IoU of two boxes (x0, y0, x1, y1) of a list; 0 where either has no inside. */
export function boxOverlap(boxes, a, b) {
  const [p, q] = [4 * a, 4 * b];
  const width = Math.min(boxes[p + 2], boxes[q + 2]) - Math.max(boxes[p], boxes[q]);
  const height = Math.min(boxes[p + 3], boxes[q + 3])
    - Math.max(boxes[p + 1], boxes[q + 1]);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  return shared / Math.max(boxArea(boxes, a) + boxArea(boxes, b) - shared, 1e-12);
}

export function boxArea(boxes, a) {
  return (boxes[4 * a + 2] - boxes[4 * a]) * (boxes[4 * a + 3] - boxes[4 * a + 1]);
}

/** A box without an inside is no copy and has none. */
export function hasInside(boxes, a) {
  return boxes[4 * a + 2] > boxes[4 * a] && boxes[4 * a + 3] > boxes[4 * a + 1];
}

/** The indices of the scores, best first; of two equal scores the first one. */
export function ranked(scores) {
  return Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
}

/**
 * Non-maximum suppression of boxes given best first.
 *
 * `kept` are the indices that stay; `by` tells of each one that went the best kept box
 * that overlaps it by more than `iou`.
 */
export function suppress(boxes, order, iou) {
  if (iou >= 1) return { kept: [...order], by: new Map() }; // no IoU is above 1
  const kept = [];
  const by = new Map();
  for (const i of order) {
    const better = hasInside(boxes, i)
      ? kept.find((j) => hasInside(boxes, j) && boxOverlap(boxes, i, j) > iou)
      : undefined;
    if (better === undefined) kept.push(i);
    else by.set(i, better);
  }
  return { kept, by };
}

/**
 * Which objects these proposals find, best proposal first: to each the free object it
 * overlaps most, by `threshold` or more; of two alike the later one, as in COCOeval.
 */
export function foundObjects(overlap, objects, proposals, threshold) {
  const found = new Array(objects).fill(false);
  const enough = Math.min(threshold, 1 - 1e-10);
  for (const p of proposals) {
    let best = -1;
    let most = enough;
    for (let o = 0; o < objects; o++) {
      const iou = overlap[p * objects + o];
      if (!found[o] && iou >= most) [best, most] = [o, iou];
    }
    if (best >= 0) found[best] = true;
  }
  return found;
}

/** How many objects are found at each of the thresholds. */
export function foundCounts(overlap, objects, proposals, thresholds) {
  return thresholds.map((threshold) =>
    foundObjects(overlap, objects, proposals, threshold).filter(Boolean).length);
}

/** Masks from the lengths of their runs: one Uint8Array of 0 and 1 for each box. */
export function decodeMasks(runs, boxes) {
  const masks = [];
  let at = 0;
  for (let n = 0; 4 * n < boxes.length; n++) {
    const mask = new Uint8Array(boxArea(boxes, n));
    let pixel = 0;
    for (let inside = 0; pixel < mask.length; inside = 1 - inside) {
      mask.fill(inside, pixel, pixel + runs[at]);
      pixel += runs[at++];
    }
    masks.push(mask);
  }
  return masks;
}
