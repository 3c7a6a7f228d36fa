// A photograph seen at several zooms, as ifcn_lab.windows.propose sees it. Each level is
// run whole, row after row: tiles would have seams, or overlap by what a place sees.

import { pyramidProposals } from "./pasting.js";

/** For each pixel of a resized line, the first pixel it mixes and the weights of all. */
export function mixing(from, to) {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, n) => {
    const center = scale * (n + 0.5);
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const past = Math.min(from, Math.trunc(center + reach + 0.5));
    const weights = Array.from({ length: past - first }, (_each, j) =>
      Math.max(0, 1 - Math.abs((j + first - center + 0.5) / reach)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

/** A picture of another size: torch's bilinear interpolation with antialias. */
export function resized(pixels, h, w, H, W) {
  if (H === h && W === w) return pixels;
  const wide = new Float32Array(h * W * 3);
  const columns = mixing(w, W);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < W; x++) {
      const { first, weights } = columns[x];
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let j = 0; j < weights.length; j++) {
          sum += weights[j] * pixels[3 * (y * w + first + j) + c];
        }
        wide[3 * (y * W + x) + c] = sum;
      }
    }
  }
  const found = new Float32Array(H * W * 3);
  mixing(h, H).forEach(({ first, weights }, y) => {
    for (let n = 0; n < 3 * W; n++) {
      let sum = 0;
      for (let j = 0; j < weights.length; j++) {
        sum += weights[j] * wide[3 * (first + j) * W + n];
      }
      found[3 * y * W + n] = sum;
    }
  });
  return found;
}

/**
 * What a network says of a photograph. Yields how far it is, 0 to 1, after each row;
 * whoever shares its thread stops in between.
 */
export function* looks(network, { pixels, h, w, zooms, order, wishes }) {
  const { stride } = wishes;
  const sizes = zooms.map((zoom) =>
    [h, w].map((side) => Math.max(stride, Math.round(zoom * side))));
  const all = sizes.reduce((sum, [H, W]) => sum + H * W, 0);
  const levels = [];
  let before = 0;
  for (const [H, W] of sizes) {
    const scaled = resized(pixels, h, w, H, W);
    network.prepare(H, W);
    const rows = network.told.layers.reduce((sum, { kind }, n) =>
      sum + (kind === "enlarging" ? 1 : network.planes[n + 1].H), 0);
    let done = 0;
    for (const step of network.steps(scaled, H, W)) {
      void step;
      yield (before + (H * W * ++done) / rows) / all;
    }
    before += H * W;
    levels.push({ ...reordered(network.answer(), order),
                  stride: [(stride * h) / H, (stride * w) / W] });
  }
  return { levels, kind: network.kind, h, w, pixels,
           found: pyramidProposals(levels, { ...wishes, h, w }) };
}

/** The score maps in another order. */
export function reordered(scores, order) {
  const size = scores.H * scores.W;
  const maps = new Float32Array(scores.maps.length);
  order.forEach((channel, n) =>
    maps.set(scores.maps.subarray(channel * size, (channel + 1) * size), n * size));
  return { ...scores, maps };
}
