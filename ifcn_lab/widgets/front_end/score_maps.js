// The k*k score maps in their grid, and the parts of a window in their colours.

import { edges } from "./assembling.js";
import { clamp } from "./page.js";
import { Panel } from "./panel.js";

export class ScoreMaps {
  /** `most` screen pixels high and wide, `gap` places between two maps. */
  constructor({ k, H, W, count = k * k }, { gap, most, ...options }) {
    const high = Math.ceil(count / k);
    const [columns, rows] = [k * (W + gap) - gap, high * (H + gap) - gap];
    Object.assign(this, { k, H, W, gap, count, high, step: { x: W + gap, y: H + gap } });
    this.panel = new Panel({ columns, rows, ...options,
                             width: Math.min(most, (most * columns) / rows) });
  }

  /** Have another k, in the same place. */
  become(k, words) {
    const [columns, rows] = [this.W, this.H].map((side) => k * (side + this.gap) - this.gap);
    Object.assign(this, { k, count: k * k, high: k });
    this.panel.become({ columns, rows, ...words });
  }

  corner(channel) {
    return [(channel % this.k) * this.step.x, Math.floor(channel / this.k) * this.step.y];
  }

  /** The place and the part under the pointer. */
  under({ x, y }) {
    const { k, H, W, step, count, high } = this;
    const [a, b] = [clamp(Math.floor(y / step.y), 0, high - 1),
                    clamp(Math.floor(x / step.x), 0, k - 1)];
    return { y: clamp(Math.floor(y - a * step.y), 0, H - 1),
             x: clamp(Math.floor(x - b * step.x), 0, W - 1),
             part: Math.min(a * k + b, count - 1) };
  }

  /** Each map's scores, as the images that `imageOf` makes of them. */
  paint(maps, imageOf) {
    const size = this.H * this.W;
    for (let channel = 0; channel < this.count; channel++) {
      const scores = maps.subarray(channel * size, (channel + 1) * size);
      this.panel.paint(imageOf(scores, this.W, this.H), ...this.corner(channel));
    }
  }

  /** The window at (y, x) on every map, and the piece that each one gives. */
  drawWindow(y, x, m, colours) {
    const { panel, k, H, W } = this;
    const edge = edges(k, m);
    panel.clear();
    colours.forEach((colour, channel) => {
      const corner = this.corner(channel);
      const [a, b] = [Math.floor(channel / k), channel % k];
      const [left, top] = [corner[0] + x - Math.floor(m / 2),
                           corner[1] + y - Math.floor(m / 2)];
      const piece = [left + edge[b], top + edge[a], edge[b + 1] - edge[b],
                     edge[a + 1] - edge[a]];
      panel.pen.save();
      panel.pen.beginPath();
      panel.pen.rect(...corner, W, H);
      panel.pen.clip(); // what lies off the map is not drawn on its neighbour
      panel.frame(left, top, m, m, "#ffffff", 1, [3, 3]);
      panel.fill(...piece, colour, 0.45);
      panel.frame(...piece, "#ffffff", 3);
      panel.frame(...piece, colour, 1.5);
      panel.pen.restore();
    });
    const size = W * panel.scale < 36 ? 7 : 10;
    colours.forEach((_, channel) => // of one font, which is taken up once
      panel.write(String(channel), ...this.corner(channel), { size, paper: "#ffffff" }));
  }
}

/** The parts of a window in their colours, each with the number of its map. */
export function drawParts(panel, k, m, colours) {
  const edge = edges(k, m);
  colours.forEach((colour, channel) => {
    const [a, b] = [Math.floor(channel / k), channel % k];
    panel.frame(edge[b], edge[a], edge[b + 1] - edge[b], edge[a + 1] - edge[a], colour, 2);
    if (panel.scale * m < 25 * k) return; // no room for numbers
    panel.write(String(channel), edge[b] + 1.5 / panel.scale, edge[a] + 1.5 / panel.scale,
                { size: 9, paper: "#ffffff" });
  });
}
