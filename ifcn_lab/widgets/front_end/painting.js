// Shapes become a picture, as in ifcn_lab.widgets.drawn_shapes: flat colours, and a thin
// dark line where an object ends, as in the plain scenes that the network knows.

const length = (u, v) => Math.sqrt(u * u + v * v); // hypot rounds otherwise
const TINY = 1e-9; // so far may a distance of 0 be off; such a pixel is inside
const RIM = [1.5, -0.3]; // width in pixels, how much brighter
const [PERIOD, STRENGTH] = [10, 0.4]; // of a texture, in pixels; how much it lightens
const SLANT = [Math.cos(0.6), Math.sin(0.6)];
const CORNER = 0.3 * SLANT[1];
const GROW = 1 / (length(SLANT[0] - CORNER, SLANT[1] - CORNER) + CORNER);

/** Signed distances in pixels, negative inside; u and v are along the shape's own axes. */
export const DISTANCES = {
  disc: (u, v, radius) => length(u, v) - radius,
  ellipse(u, v, radius) {
    const [a, b] = [radius, 0.6 * radius];
    const level = length(u / a, v / b);
    const slope = length(u / a ** 2, v / b ** 2);
    return ((level - 1) * (level + 1e-3)) / (slope + 1e-3 / b);
  },
  rectangle(u, v, radius) {
    const corner = radius * GROW * CORNER;
    const p = Math.abs(u) - radius * GROW * (SLANT[0] - CORNER);
    const q = Math.abs(v) - radius * GROW * (SLANT[1] - CORNER);
    return length(Math.max(p, 0), Math.max(q, 0)) + Math.min(Math.max(p, q), 0)
      - corner;
  },
  bar(u, v, radius) {
    const thick = 0.3 * radius;
    return length(Math.max(Math.abs(u) - (radius - thick), 0), v) - thick;
  },
};

/** Where a pixel lies along a shape's own two axes. */
function along({ y, x, turn }, row, column) {
  const angle = (turn * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [down, right] = [row - y, column - x];
  return [cos * right + sin * down, cos * down - sin * right];
}

/** The distance of a pixel to a shape's outline. */
export function distanceTo(shape, row, column) {
  return DISTANCES[shape.family](...along(shape, row, column), shape.size / 2);
}

/** A texture, -1 dark to 1 light: none, stripes or checks. */
function weave(texture, u, v) {
  if (!texture) return 0;
  const wave = (at) => 4 * Math.abs(at / PERIOD - Math.floor(at / PERIOD + 0.5)) - 1;
  return texture === 1 ? wave(u) : wave(u) * wave(v);
}

/** Noise of mean 0 and deviation 1: the n-th value of any picture. */
export function grain(n) {
  let bits = Math.imul(n, 0x9e3779b1);
  for (const [shift, factor] of [[15, 0x85ebca6b], [13, 0xc2b2ae35]]) {
    bits = Math.imul(bits ^ (bits >>> shift), factor);
  }
  bits ^= bits >>> 16;
  const total = (bits & 1023) + ((bits >>> 10) & 1023) + ((bits >>> 20) & 1023);
  return (total - 1534.5) / 512;
}

/**
 * The picture, lit (per cent) and with noise over it, and to which shape each pixel
 * belongs: its number from 1, else 0.
 */
export function painted(shapes, { ground, colours, light: lamp = 100, noise = 0 }, h, w) {
  const light = new Float64Array(3 * h * w);
  for (let n = 0; n < light.length; n += 3) {
    for (let c = 0; c < 3; c++) light[n + c] = ground[c];
  }
  const owner = new Uint8Array(h * w);
  shapes.forEach((shape, number) => {
    const reach = Math.ceil(shape.size / 2) + 3;
    const colour = colours[shape.colour];
    const [y0, y1] = [Math.max(0, shape.y - reach), Math.min(h - 1, shape.y + reach)];
    const [x0, x1] = [Math.max(0, shape.x - reach), Math.min(w - 1, shape.x + reach)];
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const [u, v] = along(shape, y, x);
        const distance = DISTANCES[shape.family](u, v, shape.size / 2);
        const cover = Math.min(1, Math.max(0, 0.5 - distance));
        if (!cover) continue;
        if (distance <= TINY) owner[y * w + x] = number + 1;
        const field = RIM[1] * Math.max(0, 1 - Math.abs(distance) / RIM[0])
          + STRENGTH * weave(shape.texture, u, v);
        for (let c = 0; c < 3; c++) {
          const at = 3 * (y * w + x) + c;
          const own = colour[c] + (0.45 * colour[c] + 40) * field;
          light[at] += cover * (own - light[at]);
        }
      }
    }
  });
  const pixels = new Uint8Array(light.length);
  for (let n = 0; n < light.length; n++) {
    const seen = light[n] * (lamp / 100) + (noise ? noise * grain(n) : 0);
    pixels[n] = Math.round(Math.min(255, Math.max(0, seen)));
  }
  return { pixels, owner };
}

/** Whether two shapes touch: a pixel of one lies beside a pixel of the other. */
export function anyTouch(owner, h, w) {
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = y * w + x;
      const own = owner[at];
      if (!own) continue;
      const [right, below] = [x + 1 < w, y + 1 < h];
      const other = (n) => owner[n] !== 0 && owner[n] !== own;
      if ((right && other(at + 1)) || (below && other(at + w))
          || (right && below && other(at + w + 1))
          || (x > 0 && below && other(at + w - 1))) return true;
    }
  }
  return false;
}

/** How many pixels a mask shares with the ground, and with each of `count` shapes. */
export function sharedPixels({ box: [x0, y0, x1, y1], mask }, owner, count, w) {
  const shared = new Array(count + 1).fill(0);
  let at = 0;
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      if (mask[at++]) shared[owner[y * w + x]] += 1;
    }
  }
  return shared;
}

/** For each of `count` shapes, the highest IoU that a proposal has with its pixels. */
export function bestOverlaps(owner, count, found, w) {
  const areas = new Array(count + 1).fill(0);
  for (let n = 0; n < owner.length; n++) areas[owner[n]] += 1;
  const best = new Array(count).fill(0);
  for (const one of found) {
    const shared = sharedPixels(one, owner, count, w);
    const theirs = shared.reduce((sum, each) => sum + each, 0);
    for (let n = 0; n < count; n++) {
      const all = areas[n + 1] + theirs - shared[n + 1];
      best[n] = Math.max(best[n], shared[n + 1] / Math.max(all, 1));
    }
  }
  return best;
}

/** Move shape `a` along the line to shape `b` until their pixels just touch. */
export function pushedTogether(a, b, h, w) {
  const [down, right] = [b.y - a.y, b.x - a.x];
  const far = Math.max(1, length(down, right));
  const meets = (moved) => anyTouch(
    painted([b, moved], { ground: [0, 0, 0], colours: [[0, 0, 0], [0, 0, 0], [0, 0, 0]] },
            h, w).owner, h, w);
  const at = (step) => ({ ...a, y: Math.round(a.y + (step * down) / far),
                          x: Math.round(a.x + (step * right) / far) });
  let [step, by] = [0, meets(a) ? -1 : 1];
  while (Math.abs(step) < 200 && meets(at(step + by)) === by < 0) step += by;
  return by > 0 ? at(step + 1) : at(step);
}
