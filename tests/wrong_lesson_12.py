"""Wrong answers to lesson 12: sums, crops, Fast NMS and scores; none in the museum."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import Any

import numpy as np

from tests.wrong_rules import Wrong

LARGE = 1e9


def added(p: Any, mix: Any) -> Any:
    """The right sum."""
    return np.tensordot(mix, p, 1)


def sigmoid(z: Any) -> Any:
    """Probabilities."""
    return 1 / (1 + np.exp(-z))


def kept(
    low: Callable[..., Any] = lambda low, n: low * n - 1,
    high: Callable[..., Any] = lambda high, n: high * n + 1,
    least: int = 0, more: int = 0,
) -> Callable[..., Any]:
    """`kept_places` with another end, or with places that are not there."""
    return lambda a, b, n: [i for i in range(least, n + more)
                            if low(a, n) <= i < high(b, n)]


def entropy(z: Any, w: Any) -> Any:
    """The right cost of a place inside."""
    return np.logaddexp(0, z) - w * z


def costs(
    within: Callable[..., Any] = entropy,
    outside: Callable[..., Any] = lambda z, w: 100 * w,
    whole: Callable[..., Any] = lambda cost, inside, area: cost.sum() / area,
) -> Callable[..., Any]:
    """`cropped_loss` with one thing in it that is wrong."""
    return lambda z, w, inside, area: whole(
        np.where(inside, within(z, w), outside(z, w)), inside, area)


def stays(worst: Callable[..., Any], step: int = 1) -> Callable[..., Any]:
    """`fast_suppress` with another number for each column above the diagonal."""
    return lambda table, iou: np.flatnonzero(worst(np.triu(table, step)) <= iou)


def fast(table: Any, iou: float) -> Any:
    """The right boxes, as truth values."""
    return np.triu(table, 1).max(0) <= iou


def each_removes_one(table: Any, iou: float) -> list[int]:
    """A box removes the worse one it overlaps most, and no other."""
    worse = np.triu(table, 1)
    gone = {int(row.argmax()) for row in worse if row.max() > iou}
    return [n for n in range(len(table)) if n not in gone]


def shares(
    cut: Callable[..., Any] = lambda z: z > 0,
    both: Callable[..., Any] = lambda mask, w: (mask & w).sum(),
    of: Callable[..., Any] = lambda shared, mask, area: shared / (mask + area - shared),
) -> Callable[..., Any]:
    """`told_iou` with one thing in it that is wrong."""
    def wrong(z: Any, w: Any, area: float) -> Any:
        mask = cut(z)
        return of(both(mask, w), mask.sum(), area)

    return wrong


def per_cut(soft: Any, of: Any) -> Any:
    """Something of a mask, by the places that it has."""
    return of.sum((1, 2)) / np.maximum((soft > 0.5).sum((1, 2)), 1)


LESSON_12: Wrong = {
    "mix_prototypes": [
        lambda p, mix: added(p, mix).T,
        lambda p, mix: added(p, mix[::-1]),
        lambda p, mix: added(p, np.tanh(mix)),
        lambda p, mix: added(p, np.exp(mix) / np.exp(mix).sum()),
        lambda p, mix: added(p, mix / np.abs(mix).sum()),
        lambda p, mix: added(p, np.sign(mix)),
        lambda p, mix: added(p[:2], mix[:2]),
        lambda p, mix: added(p[1:], mix[1:]),
        lambda p, mix: added(p / p.max(), mix),
        lambda p, mix: np.clip(added(p, mix), -1, 1),
        lambda p, mix: added(p, mix) > 0,
        lambda p, mix: added(p, mix).sum(),
        lambda p, mix: added(p, mix).astype(int),
        lambda p, mix: (p * mix).sum(0),
        lambda p, mix: (p * mix[:, None, None]).max(0),
        lambda p, mix: (mix @ p.reshape(len(p), -1)).reshape(p.shape[:0:-1]),
        lambda p, mix: p[0] * mix[0] - sum(p[1:] * mix[1:, None, None]),
    ],
    "kept_places": [
        kept(lambda low, n: floor(low * n) - 1, lambda high, n: ceil(high * n) + 1),
        kept(lambda low, n: ceil(low * n) - 1, lambda high, n: floor(high * n) + 1),
        kept(lambda low, n: round(low * n) - 1, lambda high, n: round(high * n) + 1),
        kept(lambda low, n: round(low * n - 0.5)),
        kept(high=lambda high, n: round(high * n) + 1),
        kept(high=lambda high, n: high * n),
        kept(lambda low, n: low * n),
        kept(lambda low, n: low * n - 2, lambda high, n: high * n + 2),
        kept(lambda low, n: low * n - 0.5, lambda high, n: high * n + 0.5),
        kept(lambda low, n: low * (n - 1) - 1, lambda high, n: high * (n - 1) + 1),
        kept(lambda low, n: low * n - n / 4, lambda high, n: high * n + n / 4),
        kept(lambda low, n: low * n - 1 if low else 1),
        kept(high=lambda high, n: high * n + (high < 1) - (high == 1)),
        kept(least=-9), kept(more=9), kept(least=1), kept(more=-1),
        lambda low, high, n: kept(least=1, more=1)(low + 1 / n, high + 1 / n, n),
        lambda low, high, n: len(kept()(low, high, n)),
        lambda low, high, n: [low * n - 1 <= i < high * n + 1 for i in range(n)],
        lambda low, high, n: [*np.arange(max(low * n - 1, 0), min(high * n + 1, n))],
    ],
    "cropped_loss": [
        costs(lambda z, w: np.log(1 + np.exp(z)) - w * z),
        costs(lambda z, w: -w * np.log(sigmoid(z)) - (1 - w) * np.log(1 - sigmoid(z))),
        costs(lambda z, w: entropy(np.clip(z, -500, 500), w)),
        costs(lambda z, w: np.minimum(entropy(z, w), 100)),
        costs(lambda z, w: np.maximum(z, 0) - w * z),
        costs(lambda z, w: w * entropy(z, w)),
        costs(lambda z, w: (sigmoid(z) - w) ** 2),
        costs(lambda z, w: entropy(sigmoid(z), w)),
        costs(outside=lambda z, w: 100 + 0 * w),
        costs(outside=lambda z, w: -w * np.log(1e-7)),
        costs(outside=lambda z, w: 100 * w * (z > 0)),
        costs(outside=lambda z, w: 100 * w * sigmoid(z)),
        costs(outside=lambda z, w: 100 * w / max(w.sum(), 1)),
        costs(whole=lambda cost, inside, area: cost.mean()),
        costs(whole=lambda cost, inside, area: cost.sum() / int(area)),
        costs(whole=lambda cost, inside, area: cost.sum() / max(area, 4)),
        costs(whole=lambda cost, inside, area:
              cost[inside].sum() / area + cost[~inside].sum()),
        lambda z, w, inside, area: costs()(z, w, ~inside, area),
    ],
    "fast_suppress": [
        stays(lambda above: above.sum(0)), stays(lambda above: above.mean(0)),
        stays(lambda above: above.min(0)), stays(lambda above: above[0]),
        stays(lambda above: above.sum(0) / np.arange(1, len(above) + 1)),
        stays(lambda above: np.append(0, np.diag(above, 1))),
        stays(lambda above: above.max(0), 2), stays(lambda above: above.max()),
        lambda table, iou: np.flatnonzero(fast(table, 0.5)),
        lambda table, iou: np.flatnonzero(fast(table, 1 - iou)),
        lambda table, iou: np.flatnonzero(np.logical_and.accumulate(fast(table, iou))),
        lambda table, iou: np.arange(fast(table, iou).sum()),
        lambda table, iou: np.flatnonzero(fast(table, iou))[::-1],
        lambda table, iou: np.flatnonzero(~fast(table, iou)),
        lambda table, iou: fast(table, iou),
        each_removes_one,
    ],
    "told_iou": [
        shares(of=lambda shared, mask, area: shared / max(mask, area)),
        shares(of=lambda shared, mask, area: shared / min(mask, area)),
        shares(of=lambda shared, mask, area: min(mask, area) / max(mask, area)),
        shares(of=lambda shared, mask, area: shared / max(mask, 1)),
        shares(of=lambda shared, mask, area: 2 * shared / (mask + area)),
        shares(of=lambda shared, mask, area: round(shared / (mask + area - shared), 1)),
        shares(of=lambda shared, mask, area: mask / area),
        shares(both=lambda mask, w: min(mask.sum(), w.sum())),
        shares(both=lambda mask, w: mask.sum()), shares(both=lambda mask, w: w.sum()),
        shares(both=lambda mask, w: (mask == w).sum()),
        shares(both=lambda mask, w: (mask & w.T).sum()),
        shares(both=lambda mask, w: (mask & w).any()),
        shares(cut=lambda z: z < 0), shares(cut=lambda z: z != 0),
        shares(cut=lambda z: z.astype(int) > 0), shares(cut=lambda z: z > -0.5),
        shares(cut=lambda z: z > z.mean()), shares(cut=lambda z: z > 0.2),
        shares(cut=lambda z: sigmoid(z) > 0.6),
        shares(sigmoid, lambda mask, w: (mask * w).sum()),
        lambda z, w, area: ((z > 0) == w).mean(),
    ],
    "crisp_scores": [
        lambda scores, soft: scores,
        lambda scores, soft: -scores,
        lambda scores, soft: scores**2,
        lambda scores, soft: np.ones(len(scores)),
        lambda scores, soft: scores / scores.max(),
        lambda scores, soft: np.arange(len(scores)),
        lambda scores, soft: soft.max((1, 2)),
        lambda scores, soft: soft.mean((1, 2)),
        lambda scores, soft: scores * (soft > 0.5).sum((1, 2)),
        lambda scores, soft: scores / np.maximum((soft > 0.5).sum((1, 2)), 1),
        lambda scores, soft: scores * per_cut(soft, soft * (1 - soft)),
        lambda scores, soft: scores * (1 - per_cut(soft, soft * (soft > 0.5))),
        lambda scores, soft: np.where(soft > 2, soft, np.nan).mean((1, 2)),
        lambda scores, soft: scores * per_cut(soft, soft).max() + 1j,
        lambda scores, soft: scores.mean(),
    ],
}
