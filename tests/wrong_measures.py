"""Wrong answers to lessons 5 to 7, ten and more a check, none of the museum's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from ifcn_course.check.real_images import (
    best_split,
    decoded,
    index_of_zoom,
    score_of,
    shoelace,
)
from ifcn_lab.layers.nms import nms_pairwise, pair_iou
from tests.wrong_rules import Wrong


def loss(z: Any, t: Any) -> Any:
    """The right one."""
    return np.logaddexp(0.0, z) - t * z


def typed_off(z: Any, t: Any) -> Any:
    """The formula as it stands, which is infinite where p is 1."""
    p = 1 / (1 + np.exp(-z))
    with np.errstate(divide="ignore"):
        return -t * np.log(p) - (1 - t) * np.log(1 - p)


def greedy(boxes: Any, scores: Any, goes: Callable[..., Any]) -> list[int]:
    """Suppression with another rule for what goes."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if not any(goes(boxes[i], boxes[j]) for j in kept):
            kept.append(int(i))
    return kept


def meet(a: Any, b: Any) -> tuple[Any, Any]:
    """Width and height of what two boxes share."""
    return (max(0, min(a[2], b[2]) - max(a[0], b[0])),
            max(0, min(a[3], b[3]) - max(a[1], b[1])))


def area(a: Any) -> Any:
    """Of a box."""
    return (a[2] - a[0]) * (a[3] - a[1])


def otsu(counts: Any, of: Callable[..., Any], last: int = -1) -> int:
    """The level with the largest value of another formula."""
    levels, scores = np.arange(len(counts)), []
    for t in levels[:last]:
        dark, bright = counts[: t + 1], counts[t + 1 :]
        u = (np.average(levels[: t + 1], weights=dark),
             np.average(levels[t + 1 :], weights=bright))
        scores.append(of(dark.sum(), bright.sum(), *u))
    return int(np.argmax(scores))


def found(overlap: Any, iou: float) -> tuple[Any, Any, Any]:
    """TP, FP and FN."""
    right = (overlap > iou).any(0).sum()
    return right, len(overlap) - right, overlap.shape[1] - right


def turned(image: Any, masks: Any, rng: Any, change: Any = None) -> Any:
    """A right augmentation, before something is wrong with it."""
    for axis in (0, 1):
        if rng.random() < 0.5:
            image, masks = np.flip(image, axis), np.flip(masks, axis + 1)
    return change(image, masks, rng) if change else (image, masks)


def changed(change: Callable[..., Any]) -> Callable[..., Any]:
    """A right augmentation, and one thing more."""
    return lambda image, masks, rng: turned(image, masks, rng, change)


LONE = np.random.default_rng(0)
MEASURES: Wrong = {
    "label": [
        lambda d, o, r: 1 if d <= 0.1 and o <= 0.3 else 0 if d >= 0.2 or o >= 1 else -1,
        lambda d, o, r: 1 if d <= r.center_tolerance and o <= r.scale_tolerance
        else 0 if d >= 2 * r.center_tolerance or o >= 1 else -1,
        lambda d, o, r: 1 if d <= r.center_tolerance and o <= 0.3
        else 0 if d >= r.negative_center or o >= r.negative_scale else -1,
        lambda d, o, r: 1 if o <= 0.3 else 0 if d >= 0.2 or o >= 1 else -1,
        lambda d, o, r: 1 if d + o <= 0.4 else 0 if d >= 0.2 or o >= 1 else -1,
        lambda d, o, r: 1 if d <= 0.1 and o <= 0.3 else 0 if d >= 0.2 else -1,
        lambda d, o, r: 1 if d <= 0.1 and o <= 0.3 else 0 if o >= 1 else -1,
        lambda d, o, r: 0 if d <= 0.1 and o <= 0.3 else 1 if d >= 0.2 or o >= 1 else -1,
        lambda d, o, r: 1 if d <= 0.1 and o <= 0.3 else 0 if d > 0.2 or o >= 1 else -1,
        lambda d, o, r: 1 if d <= 0.1 and o <= 0.3 else 0 if d >= 0.2 or o > 1 else -1,
        lambda d, o, r: "positive" if d <= 0.1 and o <= 0.3 else "negative",
    ],
    "pixel_loss": [
        lambda z, t: -(1 - t) * np.log(1 - 1 / (1 + np.exp(-z))),
        lambda z, t: loss(z, t) + 1e-3,
        lambda z, t: loss(z, round(t)),
        lambda z, t: loss(abs(z), t),
        lambda z, t: abs(1 / (1 + np.exp(-z)) - t),
        lambda z, t: np.log1p(np.exp(-z)) if t else np.log1p(np.exp(z)),
        lambda z, t: np.log1p(np.exp(z)) + t * z,
        lambda z, t: round(loss(z, t), 3),
        lambda z, t: [loss(z, t)],
        lambda z, t: -t * np.log10(1 / (1 + np.exp(-z))),
        lambda z, t: loss(np.clip(z, -30, 30), t),
        typed_off,
    ],
    "octaves_off": [
        lambda a, b: abs(np.log10(a / b)),
        lambda a, b: abs(np.log2(a / b)) ** 2,
        lambda a, b: abs(np.log2(a) - b),
        lambda a, b: max(a, b) / min(a, b) - 1,
        lambda a, b: round(abs(np.log2(a / b))),
        lambda a, b: abs(np.log2(a // b or 0.5)),
        lambda a, b: abs(np.log2(a / 48)),
        lambda a, b: np.log2(b / a),
        lambda a, b: abs(np.log2(abs(a - b) or 1)),
        lambda a, b: abs(np.log2(a / b)) * 12,
        lambda a, b: abs(a / b - 1) if a > b else abs(b / a - 1),
        lambda a, b: round(abs(np.log2(a / b)), 2),
        lambda a, b: max(0, np.log2(a / b)),
    ],
    "augment": [
        lambda im, ms, rng: (im, ms),
        lambda im, ms, rng: turned(im, ms, LONE),
        lambda im, ms, rng: (np.flip(im, 0), ms) if rng.random() < 0.5 else (im, ms),
        lambda im, ms, rng: (np.flip(im, 1), np.flip(ms, 2)),
        changed(lambda im, ms, rng: (im + rng.integers(10, 99, dtype=np.uint8), ms)),
        changed(lambda im, ms, rng: (im * np.uint8(rng.integers(1, 4)), ms)),
        changed(lambda im, ms, rng: (im - np.uint8(rng.integers(0, 60)), ms)),
        changed(lambda im, ms, rng: ((im * rng.uniform(0.5, 2)).astype(np.uint8), ms)),
        changed(lambda im, ms, rng: (im / 255, ms)),
        changed(lambda im, ms, rng: (im, ms.astype(int))),
        changed(lambda im, ms, rng: (np.roll(im, rng.integers(9), 1), ms)),
        changed(lambda im, ms, rng: (np.roll(im, 9, 1), np.roll(ms, 9, 1))),
        changed(lambda im, ms, rng: (im[:, 30:], ms[:, :, 30:])),
        changed(lambda im, ms, rng: (im, ms[::-1] & False)),
        changed(lambda im, ms, rng: (im.swapaxes(0, 1), ms)),
        changed(lambda im, ms, rng: (im[..., :1], ms)),
        changed(lambda im, ms, rng: (0 * im, ms)),
        changed(lambda im, ms, rng: (im, ms[:0])),
        changed(lambda im, ms, rng: (im, ms, rng)),
    ],
    "box_overlap": [
        lambda a, b: meet(a, b)[0] * meet(a, b)[1] / max(area(a), area(b)),
        lambda a, b: meet(a, b)[0] * meet(a, b)[1] / area(a),
        lambda a, b: meet(a, b)[0] * meet(a, b)[1] / (area(a) * area(b)) ** 0.5,
        lambda a, b: 2 * meet(a, b)[0] * meet(a, b)[1] / (area(a) + area(b)),
        lambda a, b: pair_iou(np.array(a), np.array(b)) > 0,
        lambda a, b: round(float(pair_iou(np.array(a), np.array(b))), 2),
        lambda a, b: 1 - pair_iou(np.array(a), np.array(b)),
        lambda a, b: pair_iou(np.array(a)[[1, 0, 2, 3]], np.array(b)[[1, 0, 2, 3]]),
        lambda a, b: sum(meet(a, b)) / (area(a) + area(b) - sum(meet(a, b))),
        lambda a, b: meet(a, b)[0] / (a[2] - a[0] + b[2] - b[0] - meet(a, b)[0]),
        lambda a, b: min(pair_iou(np.array(a), np.array(b)), 0.5),
        lambda a, b: pair_iou(np.array(a), np.array(b)) * 100,
        lambda a, b: meet(a, b)[0] * meet(a, b)[1] // (area(a) + area(b)),
        lambda a, b: pair_iou(np.array([0, 0, *a[2:]]), np.array([0, 0, *b[2:]])),
    ],
    "suppress": [
        lambda b, s, iou: greedy(b, s, lambda x, y: pair_iou(x, y) > 0.5),
        lambda b, s, iou: greedy(b, s, lambda x, y: pair_iou(x, y) > 0),
        lambda b, s, iou: greedy(b, s, lambda x, y: meet(x, y)[0] / 10 > iou),
        lambda b, s, iou: greedy(b, s, lambda x, y: False),
        lambda b, s, iou: greedy(b, s, lambda x, y: pair_iou(x, y) > iou)[:1],
        lambda b, s, iou: greedy(b, s, lambda x, y: pair_iou(x, y) > iou)[::-1],
        lambda b, s, iou: b[greedy(b, s, lambda x, y: pair_iou(x, y) > iou)],
        lambda b, s, iou: s[greedy(b, s, lambda x, y: pair_iou(x, y) > iou)],
        lambda b, s, iou: len(greedy(b, s, lambda x, y: pair_iou(x, y) > iou)),
        lambda b, s, iou: np.isin(range(len(b)), nms_pairwise(b, s, iou)),
        lambda b, s, iou: greedy(b, s, lambda x, y: pair_iou(x, y) < iou),
        lambda b, s, iou: nms_pairwise(b, s, iou * 1.1),
        lambda b, s, iou: nms_pairwise(b, s, 1 - iou),
        lambda b, s, iou: [i + 1 for i in nms_pairwise(b, s, iou)],
        lambda b, s, iou: list(nms_pairwise(b[:2], s[:2], iou)),
    ],
    "recall": [
        lambda o, n, iou: (o[:n] >= iou).mean(),
        lambda o, n, iou: (o[:n] >= iou).sum() / o.shape[1],
        lambda o, n, iou: float((o[:n].max(0) >= 0.5).mean()),
        lambda o, n, iou: (o[: n + 1].max(0) >= iou).mean(),
        lambda o, n, iou: (o[: max(n - 1, 1)].max(0) >= iou).mean(),
        lambda o, n, iou: (o[n - 1] >= iou).mean(),
        lambda o, n, iou: (o[-n:].max(0) >= iou).mean(),
        lambda o, n, iou: (o[:n].min(0) >= iou).mean(),
        lambda o, n, iou: (o[:n].mean(0) >= iou).mean(),
        lambda o, n, iou: (o[:n].sum(0) >= iou).mean(),
        lambda o, n, iou: (o[:n].max(0) >= iou).all(),
        lambda o, n, iou: (o[:n].max(0) >= iou).any(),
        lambda o, n, iou: 1 - (o[:n].max(0) >= iou).mean(),
        lambda o, n, iou: (o[:n].max(0) >= iou).sum() / len(o),
        lambda o, n, iou: min((o[:n].max(0) >= iou).sum(), n) / max(o.shape),
    ],
    "exact_zoom": [
        lambda a, b: b / a if a < b else a / b,
        lambda a, b: round(b / a),
        lambda a, b: round(b / a, 1),
        lambda a, b: 48 / a,
        lambda a, b: min(b / a, 1),
        lambda a, b: max(b / a, 1),
        lambda a, b: 2.0 ** round(np.log2(b / a)),
        lambda a, b: abs(np.log2(b / a)),
        lambda a, b: (b / a) ** 2,
        lambda a, b: (b / a) ** 0.5,
        lambda a, b: 1 + (b - a) / b,
        lambda a, b: [b / a],
        lambda a, b: -b / a,
    ],
    "rescore": [
        lambda s, m, w: s,
        lambda s, m, w: -s,
        lambda s, m, w: np.ones(len(s)),
        lambda s, m, w: s**2,
        lambda s, m, w: s * np.nan,
        lambda s, m, w: s[:-1],
        lambda s, m, w: np.argsort(-s),
        lambda s, m, w: np.arange(len(s)),
        lambda s, m, w: np.random.default_rng(0).random(len(s)),
        lambda s, m, w: w.std((1, 2)) * 0,
        lambda s, m, w: s[:, None],
        lambda s, m, w: s.mean(),
        lambda s, m, w: s.astype(str),
    ],
    "decode_runs": [
        lambda c, h, w: decoded(c, h, w)[::-1],
        lambda c, h, w: decoded(c, h, w)[:, ::-1],
        lambda c, h, w: decoded(c, h, w).ravel(),
        lambda c, h, w: np.zeros((h, w), bool),
        lambda c, h, w: np.ones((h, w), bool),
        lambda c, h, w: decoded(c, h, w) * 255,
        lambda c, h, w: np.roll(decoded(c, h, w), 1),
        lambda c, h, w: decoded(c[::-1], h, w),
        lambda c, h, w: decoded([*c[:2], sum(c[2:])], h, w),
        lambda c, h, w: decoded(c, h, w).reshape(w, h),
        lambda c, h, w: decoded(c, h, w)[None],
        lambda c, h, w: np.repeat(np.arange(len(c)), c).reshape(w, h).T,
    ],
    "polygon_area": [
        lambda p: shoelace(p[::-1]) + 1,
        lambda p: shoelace(np.round(p)),
        lambda p: shoelace([int(x) for x in p]),
        lambda p: shoelace(p[:6]),
        lambda p: shoelace(p[:8]),
        lambda p: round(shoelace(p)),
        lambda p: shoelace(p) // 1,
        lambda p: max(p[::2]) * max(p[1::2]) / 2,
        lambda p: np.ptp(p[::2]) * np.ptp(p[1::2]) / 2,
        lambda p: shoelace(sorted(p)),
        lambda p: shoelace([*p[1:], p[0]]),
        lambda p: shoelace(np.reshape(p, (-1, 2)).T.ravel()),
        lambda p: shoelace(np.array(p) - p[0]) * 1.001,
        lambda p: sum(abs(np.diff(p))),
    ],
    "best_zoom": [
        lambda n, z, r, t: index_of_zoom(n, z, r, 0.5),
        lambda n, z, r, t: index_of_zoom(n, z, r, t) if n < r else 0,
        lambda n, z, r, t: index_of_zoom(n, z, r, t / 2),
        lambda n, z, r, t: index_of_zoom(n, z, r, 2 * t),
        lambda n, z, r, t: index_of_zoom(n, z[::-1], r, t),
        lambda n, z, r, t: index_of_zoom(n, z, r, t) + 1,
        lambda n, z, r, t: max(index_of_zoom(n, z, r, t), 0),
        lambda n, z, r, t: index_of_zoom(r, z, n, t),
        lambda n, z, r, t: index_of_zoom(n, 1 / np.array(z), r, t),
        lambda n, z, r, t: index_of_zoom(n, z, r, t) if t else -1,
        lambda n, z, r, t: len(z) - 1 if n * z[-1] < r else index_of_zoom(n, z, r, t),
        lambda n, z, r, t: np.flatnonzero(abs(np.log2(n * np.array(z) / r)) <= t),
        lambda n, z, r, t: int(abs(r / n - np.array(z)).argmin()) if n < 260 else -1,
    ],
    "split": [
        lambda c: otsu(c, lambda a, b, u, v: a * b * (u - v) ** 4),
        lambda c: otsu(c, lambda a, b, u, v: a * (u - v) ** 2),
        lambda c: otsu(c, lambda a, b, u, v: b * (u - v) ** 2),
        lambda c: otsu(c, lambda a, b, u, v: min(a, b) * (u - v) ** 2),
        lambda c: otsu(c, lambda a, b, u, v: -a * b * (u - v) ** 2),
        lambda c: otsu(c, lambda a, b, u, v: a * b * (u - v) ** 2, last=-2),
        lambda c: best_split(np.sqrt(c)),
        lambda c: best_split(c + 1),
        lambda c: len(c) // 2,
        lambda c: int(np.average(np.arange(len(c)), weights=c)),
        lambda c: int(np.argmax(c)),
        lambda c: best_split(c) / len(c),
    ],
    "answer_score": [
        lambda o, iou: 2 * found(o, iou)[0] / sum(o.shape),
        lambda o, iou: found(o, iou)[0] / max(o.shape),
        lambda o, iou: found(o, iou)[0] / o.size,
        lambda o, iou: (o > iou).mean(),
        lambda o, iou: score_of(o, 0.5),
        lambda o, iou: score_of(o.T, iou) if len(o) < 3 else 0.25,
        lambda o, iou: score_of(o[:1], iou),
        lambda o, iou: 1 - score_of(o, iou),
        lambda o, iou: found(o, iou)[0],
        lambda o, iou: found(o, iou),
        lambda o, iou: score_of(o, iou) ** 0.5,
        lambda o, iou: o[o > iou].sum() / (sum(o.shape) - found(o, iou)[0]),
    ],
    "area_of_runs": [
        lambda c: sum(c[1:]),
        lambda c: sum(c[:-1]),
        lambda c: sum(c[1:-1]),
        lambda c: sum(c) // 2,
        lambda c: len(c[1::2]),
        lambda c: max(c[1::2], default=0),
        lambda c: c[-1],
        lambda c: sum(c[1::2]) - 1,
        lambda c: sum(c[2::2]),
        lambda c: sum(c) - c[0],
        lambda c: sum(x for x in c if x % 2),
        lambda c: c[1::2],
        lambda c: sum(c[1::2]) / max(sum(c), 1),
        lambda c: sum(sorted(c)[1::2]),
    ],
    "take_apart": [
        lambda b: ndimage.label(b)[0],
        lambda b: ndimage.label(b),
        lambda b: b,
        lambda b: b.astype(int),
        lambda b: 0 * b,
        lambda b: np.arange(b.size).reshape(b.shape) * b,
        lambda b: ndimage.label(~b)[0],
        lambda b: ndimage.label(ndimage.binary_erosion(b, iterations=4))[0],
        lambda b: ndimage.label(ndimage.binary_dilation(b))[0],
        lambda b: ndimage.label(b)[0].astype(float),
        lambda b: ndimage.label(b)[0][::-1],
        lambda b: ndimage.label(b)[0][None],
        lambda b: ndimage.label(b)[1],
        lambda b: ndimage.label(ndimage.binary_fill_holes(b))[0],
    ],
}
