// A mask as a sum of prototypes: the same arithmetic as Python's `mixing`. `stride` are the
// image pixels per place of a prototype.

/** The sum of the prototypes, each times its coefficient. */
export function mixed({ maps, k, H, W }, mix) {
  const total = new Float64Array(H * W);
  for (let n = 0; n < k; n++) {
    for (let at = 0; at < H * W; at++) total[at] += mix[n] * maps[n * H * W + at];
  }
  return total;
}

/** The box with its sides pulled out, within the picture, at least a pixel wide. */
export function pulled([x0, y0, x1, y1], { left, top, right, bottom }, [h, w]) {
  const [x, y] = [Math.max(0, Math.min(x0 - left, w - 1)),
                  Math.max(0, Math.min(y0 - top, h - 1))];
  return [x, y, Math.max(x + 1, Math.min(x1 + right, w)),
          Math.max(y + 1, Math.min(y1 + bottom, h))];
}

/** The places that a box keeps, as [first, behind the last] of columns and of rows. */
export function kept(box, { H, W }, stride = 4) {
  const [x0, y0, x1, y1] = box.map((side) => side / stride);
  const range = (from, to, size) => [Math.ceil(Math.max(from - 1, 0)),
                                     Math.min(Math.ceil(to + 1), size)];
  return [range(x0, x1, W), range(y0, y1, H)];
}

/** Probabilities of places, 0 outside of what is kept; null keeps all. */
export function cropped(soft, { H, W }, ranges) {
  if (!ranges) return soft;
  const [[x0, x1], [y0, y1]] = ranges;
  const found = new Float64Array(H * W);
  for (let y = y0; y < y1; y++) {
    found.set(soft.subarray(y * W + x0, y * W + x1), y * W + x0);
  }
  return found;
}

export function neighbours(pixels, places, stride = 4) {
  return Array.from({ length: pixels }, (_, n) => {
    const at = Math.max((n + 0.5) / stride - 0.5, 0);
    const first = Math.min(Math.floor(at), places - 1);
    return [first, Math.min(first + 1, places - 1), at - first];
  });
}

/** Which pixels have a probability above 1/2 once the places are enlarged. */
export function maskOf(values, { H, W }, [h, w]) {
  const [rows, columns] = [neighbours(h, H), neighbours(w, W)];
  const mask = new Uint8Array(h * w);
  rows.forEach(([above, below, down], y) => {
    columns.forEach(([left, right, across], x) => {
      const upper = (1 - across) * values[above * W + left]
        + across * values[above * W + right];
      const lower = (1 - across) * values[below * W + left]
        + across * values[below * W + right];
      mask[y * w + x] = (1 - down) * upper + down * lower > 0.5 ? 1 : 0;
    });
  });
  return mask;
}
