// From YOLACT's answers to masks, as in ifcn_lab.models.yolact: anchors are ranked, moved
// and thinned out by Fast NMS; the coefficients of those that stay mix the prototypes.

import { cropped, kept, maskOf, mixed } from "./mixing.js";
import { boxOverlap, hasInside } from "./proposing.js";
import { cut } from "./pasting.js";

/** The second one's share, rounded as Python rounds it: near 1 many are alike to it. */
export function softmaxOfTwo(first, second) {
  const [a, b] = [first, second].map((logit) =>
    Math.fround(Math.exp(Math.fround(logit - Math.max(first, second)))));
  return Math.fround(b / Math.fround(a + b));
}

/** The best anchors, `least` or more: place, its anchor's number, and score. */
export function bestAnchors({ H, W, category }, { stride, sizes, most, least }) {
  const places = (H * W) / (stride / 4) ** 2; // prototypes lie at every fourth pixel
  const found = [];
  for (let place = 0; place < places; place++) {
    for (let anchor = 0; anchor < sizes.length; anchor++) {
      const [nothing, object] = [0, 1].map((kind) =>
        category[(2 * anchor + kind) * places + place]);
      const score = softmaxOfTwo(nothing, object);
      if (score > least) found.push({ place, anchor, places, score });
    }
  }
  return found.sort((a, b) => b.score - a.score).slice(0, most);
}

/** The box that an anchor is moved and stretched to, within the picture. */
export function decoded({ place, anchor, places }, { W, code }, { stride, sizes, h, w }) {
  const said = [0, 1, 2, 3].map((n) => code[(4 * anchor + n) * places + place]);
  const columns = W / (stride / 4);
  const at = [(place % columns) + 0.5, Math.floor(place / columns) + 0.5];
  const side = sizes[anchor];
  const middle = at.map((where, n) => where * stride + (said[n] / 10) * side[n]);
  const half = side.map((length, n) => (length / 2)
    * Math.exp(Math.min(said[n + 2] / 5, Math.log(1000 / 16))));
  const within = (value, most) => Math.min(Math.max(value, 0), most);
  return [within(middle[0] - half[0], w), within(middle[1] - half[1], h),
          within(middle[0] + half[0], w), within(middle[1] + half[1], h)];
}

/** Which boxes, best first, no better one overlaps: one that has gone removes others. */
export function fastNms(boxes, iou) {
  const flat = Float64Array.from(boxes.flat());
  return Array.from(boxes.keys()).filter((n) => {
    for (let better = 0; better < n; better++) {
      if (hasInside(flat, n) && boxOverlap(flat, better, n) > iou) return false;
    }
    return true;
  });
}

/** The masks of an image: `YOLACT.detect` in Python, of one category. */
export function mixedMasks(answer, wishes) {
  const { H, W, prototypes, mix } = answer;
  const { h, w, iou, top } = wishes;
  const k = prototypes.length / (H * W);
  const anchors = bestAnchors(answer, wishes);
  const boxes = anchors.map((each) => decoded(each, answer, wishes));
  const [rows, columns] = [{ start: 0, count: h }, { start: 0, count: w }];
  return fastNms(boxes, iou).map((n) => {
    const { place, anchor, places, score } = anchors[n];
    const own = Array.from({ length: k }, (_, each) =>
      Math.tanh(mix[(k * anchor + each) * places + place]));
    const soft = mixed({ maps: prototypes, k, H, W }, own)
      .map((logit) => 1 / (1 + Math.exp(-logit)));
    const inside = cropped(soft, { H, W }, kept(boxes[n], { H, W }));
    return { score, ...cut(maskOf(inside, { H, W }, [h, w]), rows, columns, h, w) };
  }).filter(({ mask }) => mask.length).slice(0, top);
}
