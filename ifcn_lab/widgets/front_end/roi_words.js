// What the RoiExplorer says: the same words as its twin in Python.

import { partChannel, teachesBox } from "./roi.js";

const EDGE_NAMES = ["left", "upper", "right", "lower"];

/** A number as words say it; zero has no sign. */
export function told(value, decimals) {
  const text = (Math.round(value * 1e6) / 1e6).toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : text;
}

/** The rows, or columns, that a bin reads, with the weight of each. */
export function lineOf(axis, n) {
  if (axis.ranges) {
    const [first, past] = axis.ranges[n];
    return Array.from({ length: Math.max(0, past - first) }, (_, m) => [first + m, 1]);
  }
  const length = axis.weights.length / axis.points.length;
  return Array.from(axis.weights.subarray(n * length, (n + 1) * length),
                    (weight, place) => [place, weight])
    .filter(([, weight]) => Math.round(weight * 1e6) !== 0);
}

/** The same words as Python's `words`. */
export function roiWords(now) {
  const [x0, y0, x1, y1] = now.box.map((edge) => told(edge, 2));
  let text = `${now.operator} at stride ${now.stride}, ${now.bins} x ${now.bins} bins. `
    + `The box goes from (${x0}, ${y0}) to (${x1}, ${y1}).`;
  if (now.pull) text += ` Pasted back, IoU ${now.iou.toFixed(3)}. ${pullWords(now)}`;
  return `${text} ${readingWords(now)}`;
}

function pullWords({ operator, pull }) {
  if (!teachesBox(operator)) return "Rounded: no gradient reaches the box.";
  const each = pull.map((value) => told(value, 3));
  if (each.every((value) => value === "0.000")) return "Nothing pulls at the box.";
  return `Pull at the edges: ${each.map((value, n) => `${EDGE_NAMES[n]} ${value}`)
    .join(", ")}.`;
}

function readingWords({ operator, found, bins, map, picked: [i, j] }) {
  const [rows, columns] = [lineOf(found.rows, i), lineOf(found.columns, j)];
  const text = `Bin (${i}, ${j}) is ${told(found.values[i * bins + j], 2)}: `;
  if (!rows.length || !columns.length) return `${text}it lies outside the map.`;
  if (!found.rows.ranges) {
    const [down, across] = [rows, columns].map((line) =>
      line.map(([n, weight]) => `${n} (${told(weight, 2)})`).join(", "));
    return `${text}rows ${down}; columns ${across}.`;
  }
  const [down, across] = [rows, columns].map((line) => {
    const [first, last] = [line[0][0], line.at(-1)[0]];
    return last > first ? `${first} to ${last}` : `${first}`;
  });
  const most = operator === "RoIPool";
  const which = most ? "." : ` of map ${partChannel(i, j, Math.sqrt(map.count), bins)}.`;
  return `${text}the ${most ? "largest" : "mean"} of rows ${down}, columns ${across}${which}`;
}
