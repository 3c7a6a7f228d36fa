// A box that is dragged: inside it moves, near an edge that edge goes along.

import { clamp } from "./page.js";

const NEAR = 9; // screen pixels from an edge that take hold of it
const LEAST_WIDE = 2; // pixels of the picture

/** A box as a line of `colour` between two white ones. */
export function boxFrame(panel, [x0, y0, x1, y1], colour = "#d55e00", dash = []) {
  panel.frame(x0, y0, x1 - x0, y1 - y0, "#ffffff", 4);
  panel.frame(x0, y0, x1 - x0, y1 - y0, colour, 2, dash);
}

/**
 * Call `move` with the edges of a box while it is dragged, in steps of `step` pixels.
 *
 * `take` gives the box under the pointer, [x0, y0, x1, y1], when it comes down.
 */
export function dragBox(panel, size, step, take, move) {
  let [start, held] = [null, null];
  panel.onDrag(({ x, y }, event) => {
    if (event.type === "pointerdown") {
      start = { x, y, box: take({ x, y }) };
      held = heldEdges(start.box, x, y, NEAR / panel.scale);
    }
    if (!start) return;
    const way = [x - start.x, y - start.y].map((value) => step * Math.round(value / step));
    const edges = start.box.map((edge, n) => edge + (held[n] ? way[n % 2] : 0));
    move(placed(size, edges, held.every(Boolean)));
  });
}

/** Which edges are taken hold of at a place; all four of them move the box. */
function heldEdges([x0, y0, x1, y1], x, y, near) {
  const inside = x > x0 - near && x < x1 + near && y > y0 - near && y < y1 + near;
  const held = [x - x0, y - y0, x - x1, y - y1].map((away) => inside && Math.abs(away) < near);
  if (held[0] && held[2]) held[0] = false; // a narrow box: the further end goes
  if (held[1] && held[3]) held[1] = false;
  return held.some(Boolean) ? held : [true, true, true, true];
}

/** A box that stays in the picture: it keeps its size, or its other edges. */
export function placed({ width, height }, [x0, y0, x1, y1], whole) {
  if (whole) {
    const [wide, high] = [x1 - x0, y1 - y0];
    const [left, top] = [clamp(x0, 0, width - wide), clamp(y0, 0, height - high)];
    return [left, top, left + wide, top + high];
  }
  return [clamp(x0, 0, Math.max(0, x1 - LEAST_WIDE)),
          clamp(y0, 0, Math.max(0, y1 - LEAST_WIDE)),
          clamp(x1, Math.min(width, x0 + LEAST_WIDE), width),
          clamp(y1, Math.min(height, y0 + LEAST_WIDE), height)];
}
