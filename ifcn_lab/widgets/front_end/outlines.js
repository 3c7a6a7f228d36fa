// Outlines of masks, as paths that a pen can fill or follow.

import { clamp } from "./page.js";

const MANY = 8; // masks whose scores have room on a picture

/** What is found in a panel's picture, the best one on top, each with its score. */
export function drawFound(panel, found, colours, chosen = -1) {
  const [ink, paper] = ["#1a1a1a", "#ffffff"];
  const { pen } = panel;
  pen.setLineDash([]);
  [...found.entries()].reverse().forEach(([n, one]) => {
    one.path ??= outlineOf(one.mask, Int32Array.from(one.box), 0);
    const own = n === chosen;
    for (const [colour, lines] of [[paper, own ? 5 : 4],
                                   [own ? ink : colours[n % colours.length],
                                    own ? 2.5 : 2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = lines / panel.scale;
      pen.stroke(one.path);
    }
  });
  found.forEach(({ box, score }, n) => {
    if (found.length > MANY && n !== chosen) return;
    const [high, wide] = [13 / panel.scale, 34 / panel.scale];
    panel.write(score.toFixed(2), clamp(box[0], 0, panel.columns - wide),
                Math.max(box[1] - high, 0), { size: 11, ink, paper });
  });
}

/** The line round a mask in image pixels: closed loops, the mask to their right. */
export function outlineOf(mask, boxes, n) {
  const [x0, y0, x1, y1] = boxes.subarray(4 * n, 4 * n + 4);
  const [width, height] = [x1 - x0, y1 - y0];
  const inside = (y, x) => y >= 0 && y < height && x >= 0 && x < width
    && mask[y * width + x] === 1;
  const ends = new Map(); // from each corner, the corners where a side leads
  const side = (y, x, down, right) => {
    const from = y * (width + 1) + x;
    ends.set(from, [...(ends.get(from) ?? []), (y + down) * (width + 1) + x + right]);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(y, x)) continue;
      if (!inside(y - 1, x)) side(y, x, 0, 1);
      if (!inside(y, x + 1)) side(y, x + 1, 1, 0);
      if (!inside(y + 1, x)) side(y + 1, x + 1, 0, -1);
      if (!inside(y, x - 1)) side(y + 1, x, -1, 0);
    }
  }
  return joinedSides(ends, (corner) => [x0 + (corner % (width + 1)),
                                        y0 + Math.floor(corner / (width + 1))]);
}

export function joinedSides(ends, place) {
  const path = new Path2D();
  for (const [start, left] of ends) {
    while (left.length) {
      path.moveTo(...place(start));
      for (let at = left.pop(); at !== start; at = ends.get(at).pop()) {
        path.lineTo(...place(at));
      }
      path.closePath();
    }
  }
  return path;
}
