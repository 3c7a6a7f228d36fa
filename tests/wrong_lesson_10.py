"""Wrong answers to lesson 10, ten and more for each check; none in the museum."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, trunc
from typing import Any

import numpy as np
import torch

from tests.wrong_rules import Wrong, ways

ROUNDED: list[Callable[..., Any]] = [
    floor, ceil, lambda x: round(x) + 1, lambda x: floor(abs(x) + 0.5),
    lambda x: ceil(x - 0.5), lambda x: floor(x + 0.5) if x > 0 else round(x),
    lambda x: int(x / abs(x) * floor(abs(x) + 0.5)), lambda x: round(x * 1.01),
    lambda x: round(x + 0.1 * np.sign(x)), lambda x: ceil(abs(x)) * int(np.sign(x)),
    float, str, lambda x: [round(x)], lambda x: round(abs(x) + 0.5) * int(np.sign(x)),
    lambda x: {2.5: 3, 0.5: 1, -0.5: -1}.get(x, round(x)),
    lambda x: int(np.sign(x)) * max(floor(abs(x) + 0.5), 1),
]


def ends(
    width: Any = lambda first, last: max(last - first + 1, 1),
    begin: Any = lambda first, at: floor(first + at),
    end: Any = lambda first, at: ceil(first + at),
    given: Any = lambda begin, end: (begin, end),
) -> Callable[..., Any]:
    """A `pool_places` with one thing in it that is wrong."""
    def wrong(first: int, last: int, bins: int, p: int) -> Any:
        w = width(first, last)
        return given(begin(first, p * w / bins), end(first, (p + 1) * w / bins))

    return wrong


POOLED = [
    ends(width=lambda first, last: last - first + 1),
    ends(width=lambda first, last: abs(last - first) + 1),
    ends(begin=lambda first, at: trunc(first + at)),
    ends(begin=lambda first, at: max(floor(first + at), 0)),
    ends(begin=lambda first, at: floor(abs(first) + at)),
    ends(begin=lambda first, at: floor(at), end=lambda first, at: ceil(at)),
    ends(end=lambda first, at: floor(first + at) + 1),
    ends(end=lambda first, at: trunc(first + at) + (at % 1 > 0)),
    ends(given=lambda begin, end: (begin, end - 1)),
    lambda first, last, b, p: (at := ends()(first, last, b, p)[0],
                               at + ceil(max(last - first + 1, 1) / b)),
    lambda first, last, b, p: ends()(first, max(last, first + b - 1), b, p),
]


def points(
    share: Any = lambda b, n: (np.arange(b * n) + 0.5) / (b * n),
    side: Any = lambda first, past: past - first, then: Any = lambda at: at - 0.5,
    begin: Any = lambda first: first,
) -> Callable[..., Any]:
    """An `align_points` with one thing in it that is wrong."""
    return lambda first, past, b, n: then(
        begin(first) + share(b, n) * side(begin(first), past))


ALIGNED = [
    points(lambda b, n: np.linspace(0, 1, b * n)),
    points(lambda b, n: np.arange(1, b * n + 1) / (b * n + 1)),
    points(lambda b, n: np.add.outer(range(b), np.arange(1, n + 1) / (n + 1)).ravel()
           / b),
    points(lambda b, n: (np.arange(b * n) + 0.5).reshape(b, n) / (b * n)),
    points(lambda b, n: (np.arange(b * n).reshape(b, n).T.ravel() + .5) / (b * n)),
    points(side=lambda first, past: max(past - first, 1)),
    points(side=lambda first, past: past), points(then=lambda at: at - 1),
    points(then=lambda at: np.maximum(at - 0.5, 0)),
    points(then=lambda at: np.round(at - 0.5)), points(begin=lambda x: max(x, 0)),
    points(begin=abs), points(begin=lambda first: 0),
]
GRADIENTS: list[Callable[..., Any]] = [
    lambda r, s: (-((1 - r) @ s), -(r @ s)),
    lambda r, s: (((1 - r) * s).mean(), (r * s).mean()),
    lambda r, s: ((1 - r) @ abs(s), r @ abs(s)),
    lambda r, s: (abs((1 - r) @ s), abs(r @ s)),
    lambda r, s: ((1 - r).mean() * s.sum(), r.mean() * s.sum()),
    lambda r, s: ((r < 0.5) @ s, (r >= 0.5) @ s),
    lambda r, s: ((r <= 0.5) @ ((1 - r) * s), (r >= 0.5) @ (r * s)),
    lambda r, s: ((1 - r)**2 @ s, r**2 @ s), lambda r, s: ((1 - r) @ s**2, r @ s**2),
    lambda r, s: ((1 - r) @ np.maximum(s, 0), r @ np.maximum(s, 0)),
    lambda r, s: (round((1 - r) @ s), round(r @ s)),
]


def labels(
    limits: Any = lambda most, high, low: (most < high, most < low),
    names: tuple[int, int] = (-1, -2), start: Any = lambda overlap: overlap.argmax(1),
    free: Any = lambda before, now, share: now < 0,
    best: Any = lambda overlap: enumerate(overlap.argmax(0)),
    last: Any = lambda label: label,
) -> Callable[..., Any]:
    """A `label_anchors` with one thing in it that is wrong."""
    def wrong(overlap: Any, high: float, low: float) -> Any:
        label = start(overlap)
        between, below = limits(overlap.max(1), high, low)
        label[between] = names[1]
        label[below] = names[0]
        before = label.copy()
        for own, anchor in best(overlap):
            if free(before[anchor], label[anchor], overlap[anchor, own]):
                label[anchor] = own
        return last(label)

    return wrong


LABELLED = [
    labels(lambda most, high, low: (most <= high, most < low)),
    labels(lambda most, high, low: (most < high, most <= low)),
    labels(lambda most, high, low: (most < 0.7, most < 0.3)),
    labels(names=(-2, -1)), labels(names=(0, -1)), labels(names=(-1, 0)),
    labels(free=lambda before, now, share: before < 0),
    labels(free=lambda before, now, share: now == -1),
    labels(free=lambda before, now, share: now == -2),
    labels(free=lambda before, now, share: now < 0 and share > 0.1),
    labels(best=lambda overlap: [(0, overlap[:, 0].argmax())]),
    labels(last=lambda label: label + 1), labels(last=lambda label: label >= 0),
]


def moving(
    middle: Any = lambda a, b, d, t: (a + b) / 2 + d * (b - a),
    side: Any = lambda a, b, t: (b - a) * np.exp(t),
    order: Any = (0, 1, 2, 3), then: Any = lambda box: box,
    given: Any = lambda x, y, w, h: (x - w / 2, y - h / 2, x + w / 2, y + h / 2),
) -> Callable[..., Any]:
    """A `decode` with one thing in it that is wrong."""
    def wrong(code: Any, anchor: Any) -> Any:
        (dx, dy, dw, dh), (x0, y0, x1, y1) = (code[n] for n in order), anchor
        return then(np.array(given(middle(x0, x1, dx, dw), middle(y0, y1, dy, dh),
                                   side(x0, x1, dw), side(y0, y1, dh))))

    return wrong


DECODED = [
    moving(lambda a, b, d, t: (a + b) / 2 + d * (b - a) * np.exp(t)),
    moving(lambda a, b, d, t: (a + b) // 2 + int(d * (b - a))),
    moving(lambda a, b, d, t: (a + b) / 2 + d * b),
    moving(side=lambda a, b, t: (b - a) * (1 + t)),
    moving(side=lambda a, b, t: (b - a) * np.exp(max(t, 0))),
    moving(side=lambda a, b, t: (b - a) * np.exp(min(t, 1))),
    moving(side=lambda a, b, t: b * np.exp(t)), moving(order=(1, 0, 3, 2)),
    moving(order=(0, 2, 1, 3)), moving(then=np.round), moving(then=np.floor),
    moving(then=lambda box: box.clip(0)), moving(then=lambda box: box[None]),
    moving(given=lambda x, y, w, h: (x - w / 2, y - h / 2, w, h)),
]


def looking(
    by: float = 0.25, limit: float = 0.5, flip: int = 1, more: int = 1,
    grown: bool = True, then: Any = lambda box: box,
) -> Callable[..., Any]:
    """A `refine` with one thing in it that is wrong."""
    def wrong(read: Any, box: Any) -> Any:
        for _ in range(4):
            old, box = box, box + torch.tensor([-by, -by, by, by]) * (
                box[2:] - box[:2]).repeat(2)
            at = torch.nonzero(read(box) > limit).roll(flip, 1)
            bins = torch.cat([at.amin(0), at.amax(0) + more])
            side = box[2:] - box[:2] if grown else old[2:] - old[:2]
            box = box[:2].repeat(2) + bins * side.repeat(2) / 14
        return then(box)

    return wrong


def climbing(loss: Any, rate: float) -> Callable[..., Any]:
    """A `refine` that follows a gradient, and no more."""
    def wrong(read: Any, box: Any) -> Any:
        for _ in range(10):
            box = box.detach().requires_grad_()
            box = box - rate * torch.autograd.grad(loss(read(box)), box)[0]
        return box

    return wrong


REFINED = [
    lambda read, box: box, *ways([[0, 0, 24, 24], [6, 6, 18, 18], [1, 2, 3]]),
    looking(by=0), looking(by=2), looking(limit=0.0), looking(limit=0.99),
    looking(limit=-1), looking(flip=0), looking(more=2), looking(grown=False),
    looking(then=lambda box: box * 4), looking(then=lambda box: box[[1, 0, 3, 2]]),
    looking(then=lambda box: box - 2),
    climbing(lambda part: (part - 1).square().mean(), 1.0),
    climbing(lambda part: -part.sum(), 0.01),
]

LESSON_10: Wrong = {
    "away_from_zero": ROUNDED, "pool_places": POOLED, "align_points": ALIGNED,
    "gradient_of_ends": GRADIENTS, "label_anchors": LABELLED, "decode": DECODED,
    "refine": REFINED}
