// What FCIS makes of a region, as in ifcn_lab.layers.roi and ifcn_lab.models.fcis.
// Plain functions on typed arrays, so that no page is needed to test them.

import { channelOf } from "./assembling.js";

/** The region of a place: first row and column, and those past its last. */
export function regionOf({ y, x, high, wide, H, W }) {
  const [top, left] = [y - Math.floor(high / 2), x - Math.floor(wide / 2)];
  return { top: Math.max(0, top), left: Math.max(0, left),
           bottom: Math.min(H, top + high), right: Math.min(W, left + wide) };
}

/** First place of each bin between two edges, and the one past its last. */
export function binEdges(start, end, bins) {
  const size = Math.max(0.1, end - start);
  return Array.from({ length: bins }, (_, n) => [
    Math.floor(start + (n * size) / bins), Math.ceil(start + ((n + 1) * size) / bins)]);
}

/** The mean of each bin of `count` score maps' grids, from the map of the bin's part. */
export function pooled(maps, count, place) {
  const { k, bins, H, W } = place;
  const { top, left, bottom, right } = regionOf(place);
  const [rows, columns] = [binEdges(top, bottom, bins), binEdges(left, right, bins)];
  const read = new Float32Array(count * bins * bins);
  for (let n = 0; n < read.length; n++) {
    const [i, j] = [Math.floor(n / bins) % bins, n % bins];
    const grid = Math.floor(n / (bins * bins)) * k * k;
    const start = (grid + channelOf(i, j, k, bins)) * H * W;
    let sum = 0;
    for (let r = rows[i][0]; r < rows[i][1]; r++) {
      for (let c = columns[j][0]; c < columns[j][1]; c++) sum += maps[start + r * W + c];
    }
    read[n] = sum / ((rows[i][1] - rows[i][0]) * (columns[j][1] - columns[j][0]));
  }
  return read;
}

/** Of every category the mean of the maxima, and the softmax of these means. */
export function votes(read, bins) {
  const size = bins * bins;
  const means = [];
  for (let start = 0; start < read.length; start += 2 * size) {
    let sum = 0;
    for (let n = start; n < start + size; n++) sum += Math.max(read[n], read[n + size]);
    means.push(sum / size);
  }
  const most = Math.max(...means);
  const shares = means.map((mean) => Math.exp(mean - most));
  const all = shares.reduce((sum, share) => sum + share, 0);
  return { means, scores: shares.map((share) => share / all) };
}
