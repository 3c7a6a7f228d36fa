// Labels of windows, as in ifcn_lab.windows.labels.label_windows, and drawing some of them.
// Plain functions on typed arrays: the tests compare them with the library.

/** How far every object is off the middle of every window, in window sides. */
export function offMiddle({ stride, m, middles, H, W }) {
  const middle = (place) => stride * (place - Math.floor(m / 2) + m / 2);
  const off = new Float64Array((middles.length / 2) * H * W);
  for (let n = 0; n < off.length; n++) {
    const [o, y, x] = [Math.floor(n / (H * W)), Math.floor(n / W) % H, n % W];
    off[n] = Math.max(Math.abs(middle(y) - middles[2 * o]),
                      Math.abs(middle(x) - middles[2 * o + 1])) / (stride * m);
  }
  return off;
}

/** The object nearest to the middle of window w, of those that count; -1 if none does. */
export function nearest({ off, octaves, H, W }, w, counts = () => true) {
  let [found, least] = [-1, Infinity];
  for (let o = 0; o < octaves.length; o++) {
    const distance = off[o * H * W + w];
    if (distance < least && counts(distance, octaves[o])) [found, least] = [o, distance];
  }
  return found;
}

/** What a rule calls positive, and what it does not call negative. */
export function kinds(rule) {
  return {
    fits: (off, octaves) => octaves <= rule.scale_tolerance && off <= rule.center_tolerance,
    near: (off, octaves) => octaves < rule.negative_scale && off < rule.negative_center,
  };
}

/** Label (1, 0, -1 for ignored) and object of every window, row by row. */
export function labelWindows(scene, rule) {
  const { H, W, crowd } = scene;
  const { fits, near } = kinds(rule);
  const label = new Int8Array(H * W);
  const instance = new Int32Array(H * W).fill(-1);
  for (let w = 0; w < H * W; w++) {
    if (crowd[w]) {
      label[w] = -1;
      continue;
    }
    instance[w] = nearest(scene, w, fits);
    if (instance[w] >= 0) label[w] = 1;
    else if (nearest(scene, w, near) >= 0) label[w] = -1;
  }
  return { label, instance };
}

/** Numbers from 0 to 1 that look like chance: "mulberry32", the same in Python. */
export function chance(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** n of the rows: without replacement if there are enough; none from none. */
export function drawSome(rows, n, next) {
  const left = Array.from(rows);
  if (left.length < n) {
    return left.length ? Array.from({ length: n }, () => left[Math.floor(next() * left.length)])
      : [];
  }
  for (let i = 0; i < n; i++) {
    const j = i + Math.floor(next() * (left.length - i));
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left.slice(0, n);
}

/** Numbers of the windows of one training step; positives first where it is half and half. */
export function drawWindows(label, n, seed, half) {
  const next = chance(seed);
  const every = Array.from(label.keys());
  const rows = (keep) => every.filter((w) => keep(label[w]));
  if (!half) return drawSome(rows((one) => one >= 0), n, next);
  const each = Math.floor(n / 2);
  return [1, 0].flatMap((kind) => drawSome(rows((one) => one === kind), each, next));
}
