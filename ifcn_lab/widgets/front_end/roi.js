// What RoI operators read of a map, as in ifcn_lab.layers.roi, and the box's gradient.
// Plain functions on typed arrays: the tests compare them with the library.

/** Halves go away from zero, as in C. */
export function roundAway(value) {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

/** Means of stride x stride pixels of every map: { values, count, H, W }. */
export function averaged(planes, height, width, stride) {
  const [H, W] = [height / stride, width / stride];
  const count = planes.length / (height * width);
  const values = new Float64Array(count * H * W);
  for (let n = 0; n < planes.length; n++) {
    const [c, y, x] = [Math.floor(n / (height * width)), Math.floor(n / width) % height,
                       n % width];
    values[(c * H + Math.floor(y / stride)) * W + Math.floor(x / stride)] += planes[n];
  }
  return { values: values.map((sum) => sum / stride ** 2), count, H, W };
}

/** Points of one axis: where they are, and how they move with the box's two ends. */
const POINTS = {
  "RoIAlign": (first, past, r) => [first - 0.5 + r * (past - first), 1 - r, r],
  "RoIAlign, not aligned": (first, past, r) => {
    const wide = past - first >= 1;
    return [first + r * (wide ? past - first : 1), wide ? 1 - r : 1, wide ? r : 0];
  },
  "RoIWarp": (first, past, r) => [first + r * (past - first) - 0.5, 1 - r, r],
  "RoIWarp, as written": (first, past, r, bins) => {
    const half = (past - first) / (2 * bins);
    const [low, high] = [first + 0.5 - half, past + 0.5 - half];
    const share = r - 1 / (2 * bins);
    return [low + r * (high - low) - 0.5, 1 - share, share];
  },
  "released RoIWarp": (first, past, r, bins) => [POINTS["RoIWarp, as written"](
    Math.floor(first + 0.5), Math.floor(past + 0.5), r, bins)[0], 0, 0],
};

const SAMPLED = new Set(["RoIAlign", "RoIAlign, not aligned"]);

/** Whether an operator lets a gradient through to the box. */
export function teachesBox(operator) {
  return SAMPLED.has(operator) || operator.startsWith("RoIWarp");
}

/**
 * How the bins of one axis read: `weights` of its places, bins x length, how these change
 * with the box's two ends, and the `points`, a list for each bin.
 */
function sampledAxis(operator, first, past, bins, length, samples) {
  const per = SAMPLED.has(operator) ? samples : 1;
  const axis = { weights: new Float64Array(bins * length), points: [],
                 changes: [0, 1].map(() => new Float64Array(bins * length)) };
  for (let n = 0; n < bins * per; n++) {
    const bin = Math.floor(n / per);
    const [at, ...moves] = POINTS[operator](first, past, (n + 0.5) / (bins * per), bins);
    (axis.points[bin] ??= []).push(at);
    if (SAMPLED.has(operator) && (at < -1 || at > length)) continue; // it counts as 0
    const held = SAMPLED.has(operator) ? Math.min(Math.max(at, 0), length - 1) : at;
    let low = Math.floor(held);
    if (low === length - 1 && held === low) low -= 1;
    for (const [place, weight, slope] of [[low, 1 - (held - low), -1],
                                          [low + 1, held - low, 1]]) {
      if (place < 0 || place >= length) continue;
      axis.weights[bin * length + place] += weight / per;
      if (held !== at) continue; // at the border it does not move with the box
      axis.changes.forEach((change, end) => {
        change[bin * length + place] += (slope * moves[end]) / per;
      });
    }
  }
  return axis;
}

/** First place of every bin and the one past its last. */
function pooledAxis(operator, first, past, bins, length, stride) {
  const held = (place) => Math.min(Math.max(place, 0), length);
  let edges;
  if (operator === "RoIPool") {
    const start = roundAway(first);
    const size = Math.max(roundAway(past), start) + 1 - start;
    edges = (n) => [start + Math.floor((n * size) / bins),
                    start + Math.ceil(((n + 1) * size) / bins)];
  } else {
    const start = roundAway(first * stride) / stride;
    const size = Math.max(roundAway(past * stride) / stride - start, 0.1);
    edges = (n) => [Math.floor(start + (n * size) / bins),
                    Math.ceil(start + ((n + 1) * size) / bins)];
  }
  const ranges = Array.from({ length: bins }, (_, n) => edges(n).map(held));
  return { ranges };
}

function axisOf(operator, first, past, bins, length, { samples, stride }) {
  return operator in POINTS ? sampledAxis(operator, first, past, bins, length, samples)
    : pooledAxis(operator, first, past, bins, length, stride);
}

/** Sums over the map with a row's and a column's weights, bins x bins. */
function weightedSums({ values, H, W }, rows, columns, bins) {
  const lines = new Float64Array(bins * W); // each bin's rows, added up
  for (let p = 0; p < bins; p++) {
    for (let y = 0; y < H; y++) {
      const weight = rows[p * H + y];
      if (weight) for (let x = 0; x < W; x++) lines[p * W + x] += weight * values[y * W + x];
    }
  }
  return Float64Array.from({ length: bins * bins }, (_, n) => {
    const [p, q] = [Math.floor(n / bins), n % bins];
    let sum = 0;
    for (let x = 0; x < W; x++) sum += columns[q * W + x] * lines[p * W + x];
    return sum;
  });
}

/** The largest, or the mean, of every bin's places; an empty bin is 0. */
function pooledValues({ values, H, W }, rows, columns, bins, channel, largest) {
  return Float64Array.from({ length: bins * bins }, (_, n) => {
    const [p, q] = [Math.floor(n / bins), n % bins];
    let [most, sum, count] = [-Infinity, 0, 0];
    for (let y = rows[p][0]; y < rows[p][1]; y++) {
      for (let x = columns[q][0]; x < columns[q][1]; x++) {
        const value = values[(channel(p, q) * H + y) * W + x];
        most = Math.max(most, value);
        sum += value;
        count += 1;
      }
    }
    return count === 0 ? 0 : largest ? most : sum / count;
  });
}

/** The map that a bin of position-sensitive pooling is read from. */
export function partChannel(p, q, k, bins) {
  return Math.floor((p * k) / bins) * k + Math.floor((q * k) / bins);
}

/**
 * What an operator reads of a map in a box (x0, y0, x1, y1), in places: `values`, bins x
 * bins, and how `rows` and `columns` were read. `map.count` is k * k for "PS-RoI pooling".
 */
export function roiRead(operator, map, box, bins, { samples = 2, stride = 1 } = {}) {
  const options = { samples, stride };
  const columns = axisOf(operator, box[0], box[2], bins, map.W, options);
  const rows = axisOf(operator, box[1], box[3], bins, map.H, options);
  if (operator in POINTS) {
    const values = weightedSums(map, rows.weights, columns.weights, bins);
    return { values, rows, columns };
  }
  const [k, largest] = [Math.round(Math.sqrt(map.count)), operator === "RoIPool"];
  const channel = (p, q) => (largest ? 0 : partChannel(p, q, k, bins));
  const values = pooledValues(map, rows.ranges, columns.ranges, bins, channel, largest);
  return { values, rows, columns };
}

/** The gradient that reaches (x0, y0, x1, y1), in places, from one at every bin. */
export function boxGradient(operator, map, { rows, columns }, bins, upstream) {
  if (!teachesBox(operator)) return [0, 0, 0, 0];
  const along = (own, other) => weightedSums(map, own, other, bins)
    .reduce((sum, value, n) => sum + value * upstream[n], 0);
  return [0, 1].flatMap((end) => [along(rows.weights, columns.changes[end]),
                                  along(rows.changes[end], columns.weights)]);
}

/** A mask over its box, read bilinearly at the middle of every pixel of the picture. */
export function pastedBack(values, bins, [x0, y0, x1, y1], height, width) {
  const found = new Float64Array(height * width);
  const within = (first, past, length) => {
    const from = Math.min(Math.max(Math.ceil(first - 0.5), 0), length - 1);
    return [from, Math.min(Math.max(Math.ceil(past - 0.5), from + 1), length)];
  };
  const place = (pixel, first, past) => {
    const at = Math.min(Math.max(((pixel + 0.5 - first) / (past - first)) * bins - 0.5, 0),
                        bins - 1);
    const low = Math.min(Math.floor(at), Math.max(bins - 2, 0));
    return [low, Math.min(low + 1, bins - 1), at - low];
  };
  const [[left, right], [top, below]] = [within(x0, x1, width), within(y0, y1, height)];
  for (let y = top; y < below; y++) {
    const [up, down, v] = place(y, y0, y1);
    for (let x = left; x < right; x++) {
      const [a, b, u] = place(x, x0, x1);
      const line = (row) => (1 - u) * values[row * bins + a] + u * values[row * bins + b];
      found[y * width + x] = (1 - v) * line(up) + v * line(down);
    }
  }
  return found;
}
