"""Wrong answers to lesson 11, parts with classes: none of them is in the museum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.wrong_rules import CELLS, Wrong, cell, splits


def shares(scores: Any, axis: int = 0) -> Any:
    """The right softmax."""
    powers = np.exp(scores - np.max(scores, axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def sigmoid(z: Any) -> Any:
    """Of a number or of many."""
    return 1 / (1 + np.exp(-z))


def mapped(rule: Callable[..., Any] = cell, number: Callable[..., Any] = lambda
           c, a, b, k: (c * k + a) * k + b) -> Callable[..., Any]:
    """A right `map_of` with another rule for the part, or another order of the maps."""
    return lambda c, i, j, k, bins: number(
        c, rule(i, k, bins), rule(j, k, bins), k)


def masked(of: Callable[..., Any]) -> Callable[..., Any]:
    """A mask made of the right logits in another way."""
    return lambda inside, outside: of(inside - outside)


def named(pair: Callable[..., Any] = lambda p: p.max(1),
          bins: Callable[..., Any] = lambda v: v.mean((1, 2)),
          kinds: Callable[..., Any] = shares) -> Callable[..., Any]:
    """Right `class_scores` with one of the three steps wrong."""
    return lambda pairs: kinds(bins(pair(pairs)))


def sloped(wins: Callable[..., Any] = lambda a, b: a > b,
           voice: Callable[..., Any] = lambda w: np.stack([w, ~w]) / w.size
           ) -> Callable[..., Any]:
    """A right `vote_slope` with another winner or another voice."""
    return lambda inside, outside: voice(wins(inside, outside))


def lost(of: Callable[..., Any] = lambda p, t: -np.log(np.where(t, p, 1 - p)).mean(),
         share: Callable[..., Any] = lambda inside, outside: sigmoid(inside - outside),
         pair: Callable[..., Any] = lambda pairs, kind: pairs[kind]
         ) -> Callable[..., Any]:
    """A right `pair_loss` with another loss, another share or another pair."""
    return lambda pairs, kind, target: of(share(*pair(pairs, kind)), target)


def cross(p: Any, t: Any) -> Any:
    """The right loss of every bin."""
    return -np.log(np.where(t, p, 1 - p))


def perfect(part: Callable[..., Any] = cell, number: Callable[..., Any] = lambda
            a, b, k: a * k + b, yes: float = 4, no: float = -4, last: Any = None,
            side: Callable[..., Any] = lambda here: 0 if here else 1,
            place: Callable[..., Any] = lambda y, x: (y, x)) -> Callable[..., Any]:
    """Right `perfect_pairs` with one thing in it that is wrong."""
    def wrong(masks: Any, boxes: Any, k: int) -> Any:
        pairs = np.full((2, k * k, *masks.shape[1:]), float(no))
        for mask, (x0, y0, x1, y1) in list(zip(masks, boxes, strict=True))[:last]:
            for i, j in np.ndindex(y1 - y0, x1 - x0):
                at = number(part(i, k, y1 - y0), part(j, k, x1 - x0), k) % (k * k)
                y, x = place(y0 + i, x0 + j)
                pairs[side(mask[y0 + i, x0 + j]), int(at), y, x] = yes
        return pairs

    return wrong


def painted(change: Callable[..., Any]) -> Callable[..., Any]:
    """Right pairs, and something done to all of them."""
    return lambda masks, boxes, k: change(perfect()(masks, boxes, k))


LESSON_11: Wrong = {
    "average_vote": [
        lambda p: np.median(p, (1, 2)), lambda p: p.max(2).mean(1),
        lambda p: p.mean(0), lambda p: p.mean(),
        lambda p: (p.max((1, 2)) + p.min((1, 2))) / 2,
        lambda p: p.mean((1, 2), keepdims=True), lambda p: p[:, :2, :2].mean((1, 2)),
        lambda p: np.trace(p, axis1=1, axis2=2) / len(p[0]),
        lambda p: p.sum((1, 2)) / p.shape[1], lambda p: p.sum((1, 2)) / len(p),
        lambda p: np.maximum(p, 0).mean((1, 2)), lambda p: (p > 0).mean((1, 2)),
        lambda p: shares(p.mean((1, 2))), lambda p: p.mean((1, 2)).round(3),
        lambda p: p.mean((1, 2)).astype(int),
    ],
    "map_of": [
        *map(mapped, CELLS),
        *(mapped(number=of) for of in (
            lambda c, a, b, k: c * k + a * k + b,
            lambda c, a, b, k: (c + 1) * k * k + a * k + b,
            lambda c, a, b, k: c * k * k + a * k + b + 1,
            lambda c, a, b, k: c * k * k + (k - 1 - a) * k + b,
            lambda c, a, b, k: (a * k + b) * 81 + c,
            lambda c, a, b, k: [c, a * k + b],
        )),
        lambda c, i, j, k, bins: c * bins * bins + cell(i, k, bins) * k
        + cell(j, k, bins),
        lambda c, i, j, k, bins: c * k * k + (i * bins + j) * k * k // bins**2,
        lambda c, i, j, k, bins: c * k * k + i * k * k // bins + j * k // bins,
    ],
    "pair_mask": [
        *map(masked, (
            lambda z: np.tanh(z), lambda z: sigmoid(2 * z), lambda z: sigmoid(z / 2),
            lambda z: z, lambda z: np.exp(z), lambda z: np.clip(z / 4 + 0.5, 0, 1),
            lambda z: -np.log1p(np.exp(-z)), lambda z: sigmoid(z).round(2),
            lambda z: sigmoid(z).round(3), lambda z: sigmoid(np.clip(z, -3, 3)),
            lambda z: sigmoid(np.clip(z, -5, 5)), lambda z: 1 / (1 + 2.0 ** -z),
            lambda z: sigmoid(abs(z)), lambda z: sigmoid(z).mean(),
            lambda z: np.stack([sigmoid(z), sigmoid(-z)]),
        )),
        lambda inside, outside: sigmoid(inside) / (sigmoid(inside) + sigmoid(outside)),
        lambda inside, outside: sigmoid(inside) * (1 - sigmoid(outside)),
        lambda inside, outside: inside / (inside + outside),
        lambda inside, outside: shares(inside - outside),
    ],
    "class_scores": [
        *(named(pair=of) for of in (
            lambda p: p.min(1), lambda p: p.sum(1), lambda p: p[:, 1],
            lambda p: p[:, 0] - p[:, 1], lambda p: abs(p).max(1),
            lambda p: np.log(np.exp(p).sum(1)), lambda p: (p * shares(p, 1)).sum(1),
            lambda p: np.maximum(p, 0).max(1), lambda p: sigmoid(p).max(1),
            lambda p: p.mean((2, 3)).max(1)[:, None, None],
            lambda p: np.where(p.max() > 0, p.max(1), p[:, 0]),
        )),
        *(named(bins=of) for of in (
            lambda v: v.sum((1, 2)), lambda v: np.median(v, (1, 2)),
            lambda v: v.min((1, 2)), lambda v: v.max(2).mean(1),
            lambda v: (v > 0).mean((1, 2)), lambda v: v.sum((1, 2)) / len(v[0]),
            lambda v: np.log(np.exp(v).mean((1, 2))),
        )),
        *(named(kinds=of) for of in (
            lambda s: s, lambda s: sigmoid(s), lambda s: np.exp(s),
            lambda s: (s == s.max()) * 1.0, lambda s: shares(s[1:]),
            lambda s: shares(s).round(2), lambda s: shares(s).round(3),
            lambda s: 2**s / (2**s).sum(), lambda s: shares([0, *s[1:]]),
        )),
    ],
    "vote_slope": [
        *(sloped(of) for of in (
            lambda a, b: a > 0, lambda a, b: b < 0, lambda a, b: b <= 0,
            lambda a, b: abs(a) > abs(b), lambda a, b: a > b.mean(),
            lambda a, b: a.max() > b, lambda a, b: a - b > 1, lambda a, b: a == a.max(),
        )),
        *(sloped(voice=of) for of in (
            lambda w: np.stack([w, ~w]) / len(w), lambda w: np.stack([w, ~w]) / 4,
            lambda w: np.stack([w, ~w]) / max(w.sum(), 1), lambda w: w / w.size,
            lambda w: np.stack([w, ~w], -1) / w.size,
            lambda w: np.stack([w * 1.0, w - 1.0]) / w.size,
            lambda w: (np.stack([w, ~w]) / w.size).round(2),
        )),
        lambda inside, outside: shares(np.stack([inside, outside])) / inside.size,
        lambda inside, outside: np.stack([inside * (inside > outside),
                                          outside * (inside <= outside)]) / inside.size,
    ],
    "pair_loss": [
        *map(lost, (
            lambda p, t: cross(p, t), lambda p, t: cross(p, t).max(),
            lambda p, t: cross(p, t).sum() / len(t), lambda p, t: cross(p, t)[t].mean(),
            lambda p, t: -np.log(np.where(t, p, 1 - p).mean()),
            lambda p, t: cross(np.clip(p, 1e-3, 0.999), t).mean(),
            lambda p, t: ((p - t) ** 2).mean(), lambda p, t: ((p > 0.5) != t).mean(),
            lambda p, t: [cross(p, t).mean()], lambda p, t: cross(p, t.T).mean(),
        )),
        lost(share=lambda inside, outside: sigmoid(inside)),
        lost(share=lambda inside, outside: sigmoid(inside - outside).mean()),
        *(lost(pair=of) for of in (
            lambda pairs, kind: pairs[1], lambda pairs, kind: pairs[-1],
            lambda pairs, kind: pairs[0], lambda pairs, kind: pairs[-kind],
            lambda pairs, kind: pairs[pairs.max(1).mean((1, 2)).argmax()],
        )),
    ],
    "perfect_pairs": [
        perfect(number=lambda a, b, k: b * k + a),
        perfect(number=lambda a, b, k: (k - 1 - a) * k + b),
        perfect(part=lambda i, k, m: min(i // 3, k - 1)),
        perfect(part=lambda i, k, m: min(i // (m // k), k - 1)),
        perfect(part=lambda i, k, m: splits(m, k)[i]),
        perfect(yes=-4), perfect(no=4), perfect(yes=-5), perfect(last=1),
        perfect(side=lambda here: 1 if here else 0), perfect(side=lambda here: 0),
        perfect(place=lambda y, x: (x % 24, y)),
        *map(painted, (
            lambda p: p[:, ::-1], lambda p: p[0], lambda p: -p,
            lambda p: np.stack([p[0], -p[0]]), lambda p: np.stack([-p[1], p[1]]),
            lambda p: p.max(1, keepdims=True).repeat(25, 1), lambda p: p / 0 * 0,
        )),
    ],
}
