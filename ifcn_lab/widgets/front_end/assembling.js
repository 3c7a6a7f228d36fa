// Assembling, as in ifcn_lab.assembling.loop: it copies and never calculates.
// Plain functions on typed arrays: no page is needed, and the golden vectors test them.

/** Row, or column, of the k x k grid that offset i of an m x m window lies in. */
export function partOf(i, k, m) {
  return Math.floor((i * k) / m);
}

/** First offset of each part, and m at the end. */
export function edges(k, m) {
  return Array.from({ length: k + 1 }, (_, a) => Math.ceil((a * m) / k));
}

/** Number of the map that window pixel (i, j) is copied from. */
export function channelOf(i, j, k, m) {
  return partOf(i, k, m) * k + partOf(j, k, m);
}

/** Where pixel (i, j) of the window at (y, x) comes from; `inside`: on the map. */
export function source(i, j, { k, m, H, W, y, x }) {
  const row = y - Math.floor(m / 2) + i;
  const column = x - Math.floor(m / 2) + j;
  const inside = row >= 0 && row < H && column >= 0 && column < W;
  const channel = channelOf(i, j, k, m);
  return { channel, row, column, inside, at: (channel * H + row) * W + column };
}

/** The window at (y, x): m * m scores, `fill` outside the map. */
export function assemble(maps, place, fill = 0, out = null) {
  const { m } = place;
  const window = out ?? new maps.constructor(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      const from = source(i, j, place);
      window[i * m + j] = from.inside ? maps[from.at] : fill;
    }
  }
  return window;
}
